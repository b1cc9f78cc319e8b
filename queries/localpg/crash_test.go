package localpg

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestKillOfPostgres(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	s := mustStart(t, dir, durable())
	run(t, s.URL(), keep)
	killPostgres(t, dir)
	mustStillHave(t, dir)
	mustStop(t, s) // its share outlived its server, and is only a share
}

func TestKillOfUs(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	us := startHolder(t, dir)
	run(t, us.url(t), keep)
	before := postmaster(t, dir)
	us.kill()
	s := mustStillHave(t, dir)
	if after := postmaster(t, dir); after != before {
		t.Errorf("server %d was not taken over, %d runs", before, after)
	}
	mustStop(t, s)
	mustBeGone(t, s.URL())
}

func TestKillOfBoth(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	us := startHolder(t, dir)
	run(t, us.url(t), keep)
	us.kill()
	killPostgres(t, dir)
	mustStillHave(t, dir)
}

func TestStalePIDNamesAStranger(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	s := mustStart(t, dir, durable())
	run(t, s.URL(), keep)
	h := homeOf(t, dir)
	killPostgres(t, dir)
	whenGone(t, h)

	// Of the same account: one of another account Postgres would not take for a server.
	stranger := h.owner.command(t.Context(), "sleep", "600")
	if err := stranger.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stranger.Process.Kill()
		_ = stranger.Wait()
	})
	for _, name := range []string{h.pidFilePath(), filepath.Join(h.path, socketName+".lock")} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(text), "\n")
		if err := os.WriteFile(name, []byte(strconv.Itoa(stranger.Process.Pid)+"\n"+rest), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	mustStillHave(t, dir)
}

func TestKillDuringInitdb(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	us := startHolder(t, dir)
	begun := filepath.Join(dir, "postgres", "data.unfinished", "PG_VERSION")
	for {
		if _, err := os.Stat(begun); err == nil {
			break
		}
		if t.Context().Err() != nil {
			t.Fatal("initdb never began")
		}
		runtime.Gosched()
	}
	us.kill()
	s := mustStart(t, dir, durable())
	ask(t, s.URL(), "SELECT 'here'")
}

func TestABackendOutlivesItsServer(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	s := mustStart(t, dir, durable())
	run(t, s.URL(), keep)
	conn, err := pgx.Connect(t.Context(), s.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())

	// Stopped, it cannot see that its server is gone, and keeps its hands on the data.
	backend := int(conn.PgConn().PID())
	signal(t, backend, syscall.SIGSTOP)
	killPostgres(t, dir)
	if free, err := homeOf(t, dir).tryLock(aliveLock); err != nil || free != nil {
		t.Errorf("it does not hold the lock: %v, %v", free, err)
	}
	var next *Server
	started := make(chan error)
	go func() {
		var err error
		next, err = Start(t.Context(), dir, durable())
		started <- err
	}()
	signal(t, backend, syscall.SIGCONT)
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	defer mustStop(t, next)
	if got := ask(t, next.URL(), "SELECT word FROM kept"); got != "here" {
		t.Errorf("kept %q", got)
	}
}

func killPostgres(t *testing.T, dir string) {
	t.Helper()
	signal(t, postmaster(t, dir), syscall.SIGKILL)
}

func signal(t *testing.T, pid int, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, s); err != nil {
		t.Fatal(err)
	}
}

// whenGone waits for the last process of a killed server.
func whenGone(t *testing.T, h home) {
	t.Helper()
	gone, err := h.lock(t.Context(), aliveLock, exclusive)
	if err != nil {
		t.Fatal(err)
	}
	gone.release()
}

func mustStillHave(t *testing.T, dir string) *Server {
	t.Helper()
	s := mustStart(t, dir, durable())
	if got := ask(t, s.URL(), "SELECT word FROM kept"); got != "here" {
		t.Errorf("kept %q", got)
	}
	return s
}
