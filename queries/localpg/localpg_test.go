package localpg

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

const keep = "CREATE TABLE kept AS SELECT 'here' AS word"

func TestColdThenWarm(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	s := mustStart(t, dir, volatile())
	if s.Version() == "" {
		t.Error("no version")
	}
	run(t, s.URL(), keep)
	mustStop(t, s)
	mustBeGone(t, s.URL())

	s = mustStart(t, dir, volatile())
	if got := ask(t, s.URL(), "SELECT word FROM kept"); got != "here" {
		t.Errorf("kept %q", got)
	}
}

func TestWhatIsAskedOfTheServer(t *testing.T) {
	t.Parallel()
	s := mustStart(t, folder(t), Options{Database: `Our "own"`, Binaries: volatile().Binaries})
	for _, c := range []struct{ sql, want string }{
		{"SELECT current_database()", `Our "own"`},
		{"SELECT lower('ÉVA')", "éva"},
		{"SELECT ('Éva' ILIKE 'éVA')::text", "true"},
		{"SHOW listen_addresses", ""},
		{"SHOW max_connections", "200"},
		{"SHOW server_encoding", "UTF8"},
		{"SHOW timezone", "UTC"},
		{"SHOW fsync", "on"},
	} {
		if got := ask(t, s.URL(), c.sql); got != c.want {
			t.Errorf("%s = %q, want %q", c.sql, got, c.want)
		}
	}
}

func TestNobodyElseReachesTheSocket(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	if err := os.Mkdir(filepath.Join(dir, "postgres"), 0o755); err != nil {
		t.Fatal(err)
	}
	mustStart(t, dir, volatile())
	info, err := os.Stat(filepath.Join(dir, "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o700 {
		t.Errorf("mode %v", info.Mode())
	}
}

func TestTheLastOneToLeaveStopsIt(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	first := mustStart(t, dir, durable())
	other := startHolder(t, dir)
	url := other.url(t)
	if url != first.URL() {
		t.Errorf("two servers: %s and %s", url, first.URL())
	}

	mustStop(t, first)
	mustStop(t, first) // twice is once
	ask(t, url, "SELECT 'still here'")
	third := mustStart(t, dir, durable())
	if err := other.leave(); err != nil {
		t.Errorf("the other process: %v", err)
	}
	ask(t, third.URL(), "SELECT 'still here'")
	mustStop(t, third)
	mustBeGone(t, url)
}

func TestManyStartAtOnce(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	holders := []*holder{startHolder(t, dir), startHolder(t, dir)}
	servers := make([]*Server, 4)
	var all sync.WaitGroup
	for i := range servers {
		all.Go(func() {
			var err error
			if servers[i], err = Start(t.Context(), dir, durable()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if t.Failed() {
		return
	}
	for _, h := range holders {
		if got := h.url(t); got != servers[0].URL() {
			t.Errorf("a server of its own: %s", got)
		}
		if err := h.leave(); err != nil {
			t.Error(err)
		}
	}
	for _, s := range servers {
		all.Go(func() { mustStop(t, s) })
	}
	all.Wait()
	mustBeGone(t, servers[0].URL())
}

func TestCtrlCDoesNotReachIt(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	mustStart(t, dir, volatile())
	server := postmaster(t, dir)
	session, err := unix.Getsid(server)
	if err != nil {
		t.Fatal(err)
	}
	if ours, _ := unix.Getsid(0); session == ours || session != server {
		t.Errorf("session %d, ours is %d", session, ours)
	}
}

func TestTheLogIsBounded(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	h := homeOf(t, dir)
	log, err := h.openLog()
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	if err := log.Truncate(logMax + 1); err != nil {
		t.Fatal(err)
	}
	mustStart(t, dir, volatile())
	info, err := log.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > logMax/2 {
		t.Errorf("%d bytes", info.Size())
	}
}

func TestAFailureQuotesTheLog(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	mustStop(t, mustStart(t, dir, volatile()))
	settings, err := os.OpenFile(filepath.Join(homeOf(t, dir).data(), "postgresql.conf"), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer settings.Close()
	if _, err := settings.WriteString("\nno_such_setting = 1\n"); err != nil {
		t.Fatal(err)
	}
	s, err := Start(t.Context(), dir, volatile())
	if err == nil {
		mustStop(t, s)
		t.Fatal("it started")
	}
	if !strings.Contains(err.Error(), "no_such_setting") {
		t.Errorf("does not say why: %v", err)
	}
}

func TestStopWaitsForTheServer(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	s := mustStart(t, dir, volatile())
	if free, err := homeOf(t, dir).tryLock(aliveLock); err != nil || free != nil {
		t.Errorf("the running server does not hold its lock: %v, %v", free, err)
	}
	pid := postmaster(t, dir)
	mustStop(t, s)
	if err := syscall.Kill(pid, 0); err == nil && strings.Contains(commandLine(pid), dir) {
		t.Error("Stop returned before the server was gone")
	}
}
