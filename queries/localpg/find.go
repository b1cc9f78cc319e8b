package localpg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// The first one with ICU as a database's own locale, which lower() and ILIKE need for names such as Éva.
const oldestMajor = 15

// installFolders is where packages put their versions side by side.
var installFolders = []string{
	"/usr/lib/postgresql/*/bin",                          // Debian, Ubuntu
	"/usr/pgsql-*/bin",                                   // Red Hat's, from postgresql.org
	"/usr/libexec/postgresql*",                           // Alpine
	"/opt/homebrew/opt/postgresql@*/bin",                 // Homebrew on Apple silicon
	"/usr/local/opt/postgresql@*/bin",                    // Homebrew on Intel
	"/Applications/Postgres.app/Contents/Versions/*/bin", // Postgres.app
}

// build is one usable set of Postgres binaries.
type build struct {
	bin   string
	major int
}

func (b build) fits(want int) bool {
	return b.major >= oldestMajor && (want == 0 || b.major == want)
}

// findBuild looks for the binaries of the data's own major version, or for any when there is no data yet.
func (h home) findBuild(ctx context.Context, opt Options) (build, error) {
	want, err := h.major()
	if err != nil {
		return build{}, err
	}
	var seen []build
	var problem error
	for _, bin := range h.candidates(opt.Binaries) {
		b, err := h.probe(ctx, bin)
		if err != nil {
			problem = errors.Join(problem, err)
			continue
		}
		if b.fits(want) {
			return b, nil
		}
		if !slices.Contains(seen, b) {
			seen = append(seen, b)
		}
	}
	if wantsFetch(opt.Binaries, want) {
		b, err := h.fetchedBuild(ctx, opt.Log)
		if err == nil {
			return b, nil
		}
		problem = errors.Join(problem, err)
	}
	return build{}, h.noBuild(want, seen, problem)
}

func wantsFetch(binaries string, want int) bool {
	return (binaries == "" || binaries == "fetch") && (want == 0 || want == fetchedMajor)
}

// candidates come in the order of preference. The build that made the data is first, because another one of the same
// major version may sort text by another ICU, and its indexes would then be wrong.
func (h home) candidates(binaries string) []string {
	if binaries == "fetch" {
		return nil
	}
	if binaries != "" {
		return []string{binaries}
	}
	var bins []string
	if bin, err := os.Readlink(h.madeBy()); err == nil && filepath.IsAbs(bin) {
		bins = append(bins, bin)
	}
	if initdb, err := exec.LookPath("initdb"); err == nil && filepath.IsAbs(initdb) {
		bins = append(bins, filepath.Dir(initdb))
	}
	for _, pattern := range installFolders {
		found, _ := filepath.Glob(pattern) // the only error is a bad pattern
		slices.Reverse(found)              // the newest version first
		bins = append(bins, found...)
	}
	return bins
}

// probe has initdb tell about itself, as the account that will run it: that proves at once that this account reaches
// the binaries and their libraries, and that a postgres of the same version and the shared files are there.
func (h home) probe(ctx context.Context, bin string) (build, error) {
	out, err := h.owner.command(ctx, filepath.Join(bin, "initdb"), "--show", "-D", "/nonexistent").CombinedOutput()
	if err != nil {
		return build{}, fmt.Errorf("%s: %w: %s", bin, err, lastLines(out, 3))
	}
	settings := map[string]string{}
	for line := range strings.Lines(string(out)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		settings[name] = value
	}
	if _, err := os.Stat(settings["POSTGRES_BKI"]); err != nil {
		return build{}, fmt.Errorf("%s: its shared files are missing: %w", bin, err)
	}
	major, err := strconv.Atoi(leadingDigits(settings["VERSION"]))
	if err != nil {
		return build{}, fmt.Errorf("%s: unknown version %q", bin, settings["VERSION"])
	}
	return build{bin: settings["PGPATH"], major: major}, nil // PGPATH has links such as /usr/local/bin/initdb resolved
}

func leadingDigits(s string) string {
	end := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		return s
	}
	return s[:end]
}
