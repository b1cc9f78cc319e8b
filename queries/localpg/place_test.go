package localpg

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDeepPath(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(folder(t), strings.Repeat("deep/", 30))
	s := mustStart(t, dir, volatile())
	run(t, s.URL(), keep)
	at, err := homeOf(t, dir).readPIDFile()
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(at.socket)
	if err != nil {
		t.Fatal(err)
	}
	if len(at.socket) > 40 || info.Mode().Perm() != 0o700 {
		t.Errorf("socket in %s, mode %v", at.socket, info.Mode())
	}

	again := mustStart(t, dir, volatile())
	if got := ask(t, again.URL(), "SELECT word FROM kept"); got != "here" {
		t.Errorf("kept %q", got)
	}
	mustStop(t, again)
	mustStop(t, s)
	if _, err := os.Stat(at.socket); err == nil {
		t.Errorf("%s was left behind", at.socket)
	}
}

func TestFolderClosedToTheServer(t *testing.T) {
	t.Parallel()
	rootOnly(t)
	dir := closedFolder(t)
	s := mustStart(t, dir, durable())
	run(t, s.URL(), keep)
	mustStop(t, s)

	link := filepath.Join(dir, "postgres")
	target, err := os.Readlink(link)
	if err != nil || !strings.HasPrefix(target, elsewhere) {
		t.Fatalf("%s, %v", target, err)
	}
	mustStop(t, mustStillHave(t, dir))

	// The link lost: the path finds the same data again.
	if err := os.Remove(link); err != nil {
		t.Fatal(err)
	}
	mustStop(t, mustStillHave(t, dir))
}

func TestALinkToNothingIsNoNewBeginning(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	if err := os.Symlink("/not/mounted", filepath.Join(dir, "postgres")); err != nil {
		t.Fatal(err)
	}
	mustRefuse(t, dir, "a folder that is gone")
}

func TestOtherMajorVersion(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	s := mustStart(t, dir, durable())
	run(t, s.URL(), keep)
	mustStop(t, s)

	version := filepath.Join(homeOf(t, dir).data(), "PG_VERSION")
	ours, err := os.ReadFile(version)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(version, []byte("14\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	mustRefuse(t, dir, "made by Postgres 14", "kept", "postgresql-14")

	if err := os.WriteFile(version, ours, 0o600); err != nil {
		t.Fatal(err)
	}
	mustStillHave(t, dir)
}

func TestAHalfLostDataFolder(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	lost := filepath.Join(homeOf(t, dir).data(), "base")
	if err := os.MkdirAll(lost, 0o700); err != nil {
		t.Fatal(err)
	}
	mustRefuse(t, dir, "no PG_VERSION")
	if _, err := os.Stat(lost); err != nil {
		t.Error("what was left of it is gone")
	}
}

func TestNoBinaries(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	s, err := Start(t.Context(), dir, Options{Binaries: "/nowhere"})
	if err == nil {
		mustStop(t, s)
		t.Fatal("it started")
	}
	for _, want := range []string{"/nowhere", "apt-get install", "brew install", "DATABASE_URL"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in: %v", want, err)
		}
	}
}

// TestAsNobody is a machine whose Postgres came from npm: it has no user postgres.
func TestAsNobody(t *testing.T) {
	t.Parallel()
	rootOnly(t)
	dir := nobodysFolder(t)
	s := mustStart(t, dir, durable())
	run(t, s.URL(), keep)
	info, err := os.Stat(homeOf(t, dir).pidFilePath())
	if err != nil {
		t.Fatal(err)
	}
	if owner, err := ownerOf(info); err != nil || owner.name != "nobody" {
		t.Errorf("runs as %v, %v", owner, err)
	}
}

func nobodysFolder(t *testing.T) string {
	t.Helper()
	dir := folder(t)
	h := homeOf(t, dir)
	const nobody = 65534
	if err := os.Chown(h.path, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	return dir
}

func closedFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir() // below a folder of mode 0700
	t.Cleanup(func() {
		if target, err := os.Readlink(filepath.Join(dir, "postgres")); err == nil && strings.HasPrefix(target, elsewhere) {
			_ = os.RemoveAll(target)
		}
	})
	return dir
}

func rootOnly(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root runs Postgres as somebody else")
	}
}

func mustRefuse(t *testing.T, dir string, because ...string) {
	t.Helper()
	s, err := Start(t.Context(), dir, durable())
	if err == nil {
		mustStop(t, s)
		t.Fatal("it started")
	}
	for _, want := range because {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in: %v", want, err)
		}
	}
}
