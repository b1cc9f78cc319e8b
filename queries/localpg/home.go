package localpg

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// elsewhere takes the data of root's folders that the unprivileged account cannot enter, such as those under /root.
const elsewhere = "/var/lib/wedsync"

// home is where one server's files lie, and the account they belong to.
type home struct {
	path  string
	owner account
}

func (h home) data() string { return filepath.Join(h.path, "data") }

func openHome(ctx context.Context, dir string) (home, error) {
	// Passable for the unprivileged account, and listable for nobody; what is inside is closed anyway.
	if err := os.MkdirAll(dir, 0o711); err != nil {
		return home{}, err
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return home{}, err
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return home{}, err
	}
	path := filepath.Join(dir, "postgres")
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		if err := makeHome(ctx, path); err != nil {
			return home{}, err
		}
	}
	return enterHome(ctx, path)
}

// makeHome may lose a race against another process that does the same; both then find what the first one made.
func makeHome(ctx context.Context, path string) error {
	owner, err := unprivileged()
	if err != nil {
		return err
	}
	open, err := owner.canEnter(ctx, filepath.Dir(path))
	if err != nil {
		return err
	}
	if open {
		return makeFolder(path, 0o700)
	}
	if err := makeFolder(elsewhere, 0o711); err != nil {
		return err
	}
	// Named by the path: if the link is lost, the same folder finds the same data again.
	sum := sha256.Sum256([]byte(path))
	target := filepath.Join(elsewhere, hex.EncodeToString(sum[:8]))
	if err := makeFolder(target, 0o700); err != nil {
		return err
	}
	if err := os.Symlink(target, path); !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// makeFolder sets the mode apart from the making, which the umask would narrow.
func makeFolder(path string, mode fs.FileMode) error {
	if err := os.MkdirAll(path, mode); err != nil {
		return err
	}
	return os.Chmod(path, mode)
}

func enterHome(ctx context.Context, path string) (home, error) {
	resolved, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		// Beginning anew would look as if all data were lost, when perhaps only a disk is not mounted.
		return home{}, fmt.Errorf("%s is a link to a folder that is gone: bring it back, or remove the link to begin with an empty database", path)
	}
	if err != nil {
		return home{}, err
	}
	info, err := os.Stat(resolved)
	if err != nil {
		return home{}, err
	}
	owner, err := ownerOf(info)
	if err != nil {
		return home{}, err
	}
	h := home{path: resolved, owner: owner}
	return h, h.settle(ctx)
}

// settle gives the folder to its account and to nobody else: the server trusts whoever reaches its socket.
func (h home) settle(ctx context.Context) error {
	folder, err := os.Open(h.path)
	if err != nil {
		return err
	}
	defer folder.Close()
	if err := h.owner.own(folder); err != nil {
		return err
	}
	if err := folder.Chmod(0o700); err != nil {
		return err
	}
	open, err := h.owner.canEnter(ctx, h.path)
	if err == nil && !open {
		err = fmt.Errorf("postgres runs as %s, who cannot enter %s: open the folders above it (chmod a+x), or move it and leave a link",
			h.owner.name, h.path)
	}
	return err
}
