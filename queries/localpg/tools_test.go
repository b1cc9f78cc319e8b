package localpg

import (
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
)

func volatile() Options {
	return Options{Volatile: true, Binaries: os.Getenv("WEDSYNC_POSTGRES")}
}

// durable is for the tests of crashes: a volatile server may forget its last commits.
func durable() Options {
	return Options{Binaries: os.Getenv("WEDSYNC_POSTGRES")}
}

// folder is in RAM where possible, and passable for the account that Postgres runs as, which t.TempDir is not.
func folder(t *testing.T) string {
	t.Helper()
	base := "/dev/shm"
	if _, err := os.Stat(base); err != nil {
		base = os.TempDir()
	}
	dir, err := os.MkdirTemp(base, "localpg-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	return dir
}

func mustStart(t *testing.T, dir string, opt Options) *Server {
	t.Helper()
	s, err := Start(t.Context(), dir, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mustStop(t, s) })
	return s
}

func mustStop(t *testing.T, s *Server) {
	t.Helper()
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
}

func run(t *testing.T, url, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// ask returns the one value of a statement as text.
func ask(t *testing.T, url, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	var answer string
	if err := conn.QueryRow(t.Context(), sql).Scan(&answer); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return answer
}

func mustBeGone(t *testing.T, url string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err == nil {
		_ = conn.Close(t.Context())
		t.Errorf("the server still answers at %s", url)
	}
}

func homeOf(t *testing.T, dir string) home {
	t.Helper()
	h, err := openHome(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func postmaster(t *testing.T, dir string) int {
	t.Helper()
	at, err := homeOf(t, dir).readPIDFile()
	if err != nil {
		t.Fatal(err)
	}
	return at.pid
}
