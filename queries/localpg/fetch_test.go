package localpg

import (
	"archive/tar"
	"compress/gzip"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestUnpack(t *testing.T) {
	t.Parallel()
	into := filepath.Join(t.TempDir(), "unpacked")
	err := unpack(packed(t, map[string]string{
		"package/package.json":              "left out",
		"package/native/bin/initdb":         "a program",
		"package/native/lib/libicu.so.60.2": "a library",
		"package/native/" + linkList:        `[{"source":"native/lib/libicu.so.60.2","target":"native/lib/libicu.so.60"}]`,
	}), into)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(into, "bin", "initdb")); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("initdb: %v, %v", info, err)
	}
	if text, err := os.ReadFile(filepath.Join(into, "lib", "libicu.so.60")); err != nil || string(text) != "a library" {
		t.Errorf("through the link: %q, %v", text, err)
	}
	if target, _ := os.Readlink(filepath.Join(into, "lib", "libicu.so.60")); target != "libicu.so.60.2" {
		t.Errorf("the link is not relative: %s", target)
	}
	if _, err := os.Stat(filepath.Join(into, "package.json")); err == nil {
		t.Error("more than Postgres was unpacked")
	}
}

func TestUnpackStaysInside(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := unpack(packed(t, map[string]string{"package/native/../out": "x"}), filepath.Join(dir, "unpacked")); err == nil {
		t.Error("accepted")
	}
	if _, err := os.Stat(filepath.Join(dir, "out")); err == nil {
		t.Error("written outside")
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	tarball := packed(t, nil)
	if err := verify(tarball, fetchedDigests["linux-x64"]); err == nil || !strings.Contains(err.Error(), "not the file we know") {
		t.Errorf("another file passes: %v", err)
	}
}

// TestFetch downloads 24 MB, so it runs only when asked for: WEDSYNC_POSTGRES=fetch go test ./queries/localpg
func TestFetch(t *testing.T) {
	t.Parallel()
	if os.Getenv("WEDSYNC_POSTGRES") != "fetch" {
		t.Skip("WEDSYNC_POSTGRES is not fetch")
	}
	cache := folder(t)
	bin, err := fetch(t.Context(), cache, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if again, err := fetch(t.Context(), cache, slog.New(slog.DiscardHandler)); err != nil || again != bin {
		t.Errorf("the second time: %s, %v", again, err)
	}
	if _, err := os.Stat(filepath.Join(cache, "unfinished")); err == nil {
		t.Error("the download was left behind")
	}
	dir := folder(t)
	if os.Geteuid() == 0 {
		dir = nobodysFolder(t)
	}
	s := mustStart(t, dir, Options{Binaries: bin})
	if !strings.HasPrefix(s.Version(), "18.") {
		t.Errorf("version %s", s.Version())
	}
	run(t, s.URL(), "CREATE EXTENSION btree_gist")
}

func packed(t *testing.T, files map[string]string) string {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "package.tgz"))
	if err != nil {
		t.Fatal(err)
	}
	zipped := gzip.NewWriter(file)
	archive := tar.NewWriter(zipped)
	for name, text := range files {
		if err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(text))}); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []interface{ Close() error }{archive, zipped, file} {
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return file.Name()
}
