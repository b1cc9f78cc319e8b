package localpg

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	superuser  = "postgres"
	port       = "5432" // part of the socket's name only; spelled out, so that no PGPORT changes it
	socketName = ".s.PGSQL." + port

	// Linux takes 108 bytes, macOS 104, both with a closing zero.
	longestSocketPath = 100

	// Not $TMPDIR, which may be as long as the path we could not use.
	temporary     = "/tmp"
	socketsPrefix = "wedsync-pg-"
)

func socketURL(folder, database string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.User(superuser),
		Path:     "/" + database,
		RawQuery: url.Values{"host": {folder}, "port": {port}}.Encode(),
	}
	return u.String()
}

// connect is how we know that a server runs: numbers in files outlive it, and locks say nothing of its health.
func (h home) connect(ctx context.Context) (*pgx.Conn, error) {
	at, err := h.readPIDFile()
	if err != nil {
		return nil, err
	}
	if err := h.checkOwner(at.socket); err != nil {
		return nil, err
	}
	config, err := pgx.ParseConfig(socketURL(at.socket, "postgres"))
	if err != nil {
		return nil, err
	}
	config.ConnectTimeout = 5 * time.Second
	return pgx.ConnectConfig(ctx, config)
}

// checkOwner keeps us off a folder in /tmp that somebody else made under the name of one that was cleaned away.
func (h home) checkOwner(folder string) error {
	info, err := os.Lstat(folder)
	if err != nil {
		return err
	}
	owner, err := ownerOf(info)
	if err == nil && owner.uid != h.owner.uid {
		err = fmt.Errorf("the socket's folder %s belongs to %s, not to %s", folder, owner.name, h.owner.name)
	}
	return err
}

// socketFolder is a fresh one for each start when the home's path is too long for a socket; the server writes it
// into its PID file, where connect finds it.
func (h home) socketFolder() (string, error) {
	if len(filepath.Join(h.path, socketName)) <= longestSocketPath {
		return h.path, nil
	}
	path, err := os.MkdirTemp(temporary, socketsPrefix)
	if err != nil {
		return "", err
	}
	folder, err := os.Open(path)
	if err != nil {
		return "", err
	}
	return path, errors.Join(h.owner.own(folder), folder.Close())
}

func (h home) removeSocketFolder(path string) error {
	path = filepath.Clean(path)
	if filepath.Dir(path) != temporary || !strings.HasPrefix(filepath.Base(path), socketsPrefix) {
		return nil
	}
	return os.RemoveAll(path)
}
