package localpg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// madeBy is the link to the binaries that made the data.
func (h home) madeBy() string { return filepath.Join(h.path, "bin") }

// major is the version that the data is bound to; 0 when there is no data yet.
func (h home) major() (int, error) {
	text, err := os.ReadFile(filepath.Join(h.data(), "PG_VERSION"))
	if err == nil {
		return strconv.Atoi(strings.TrimSpace(string(text)))
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	if _, err := os.Lstat(h.data()); !errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("%s exists but is no Postgres data folder (it has no PG_VERSION); it was left as it is: restore it, or move it away to begin anew", h.data())
	}
	return 0, nil
}

// ensureCluster makes a cluster under another name first: initdb writes its version file early, so a half-made one
// would pass for whole. The alive lock goes along, so that nobody starts over beside an initdb that outlived us.
func (h home) ensureCluster(ctx context.Context, b build, alive *lock, log *serverLog, opt Options) error {
	if major, err := h.major(); err != nil || major != 0 {
		return err
	}
	unfinished := h.data() + ".unfinished"
	if err := os.RemoveAll(unfinished); err != nil {
		return err
	}
	args := []string{
		"-D", unfinished, "-U", superuser, "--encoding=UTF8",
		// --locale=C alone breaks lower() and ILIKE for letters such as É.
		"--locale-provider=icu", "--icu-locale=und", "--locale=" + libcLocale(),
		// Whoever reaches the socket has passed its folder's permissions already.
		"--auth-local=trust", "--auth-host=reject",
	}
	if opt.Volatile {
		args = append(args, "--no-sync")
	}
	initdb := h.owner.command(ctx, filepath.Join(b.bin, "initdb"), args...)
	initdb.Stdout, initdb.Stderr = log.File, log.File // no pipe: it would break if we are killed
	initdb.ExtraFiles = []*os.File{alive.file}
	if err := initdb.Run(); err != nil {
		return fmt.Errorf("initdb: %w", err)
	}
	if err := h.rememberBuild(b); err != nil {
		return err
	}
	return os.Rename(unfinished, h.data())
}

func (h home) rememberBuild(b build) error {
	if err := os.Remove(h.madeBy()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Symlink(b.bin, h.madeBy())
}
