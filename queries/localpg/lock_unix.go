//go:build unix

package localpg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

const (
	startLock = "start.lock"
	usersLock = "users.lock"
	aliveLock = "alive.lock"

	shared    = syscall.LOCK_SH
	exclusive = syscall.LOCK_EX
)

// lock is a flock: it belongs to the open file, so the kernel frees it however its holder ends.
type lock struct{ file *os.File }

// release unlocks explicitly: a child between its fork and its exec still has the file open, and closing ours
// would leave the lock with it for that moment.
func (l *lock) release() {
	_ = syscall.Flock(int(l.file.Fd()), syscall.LOCK_UN)
	_ = l.file.Close()
}

// handOver leaves the lock to the children that were given the file.
func (l *lock) handOver() { _ = l.file.Close() }

func (h home) lock(ctx context.Context, name string, how int) (*lock, error) {
	file, err := h.openFile(name, os.O_RDWR)
	if err != nil {
		return nil, err
	}
	return lockFile(ctx, file, how)
}

// lockFile waits in the kernel. If the caller gives up first, the waiting goroutine frees the lock when it gets it.
func lockFile(ctx context.Context, file *os.File, how int) (*lock, error) {
	got := make(chan error)
	go func() {
		err := flock(file, how)
		select {
		case got <- err:
		case <-ctx.Done():
			_ = file.Close()
		}
	}()
	select {
	case err := <-got:
		if err != nil {
			_ = file.Close()
			return nil, fmt.Errorf("lock %s: %w", file.Name(), err)
		}
		return &lock{file}, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for %s, which another process holds: %w", file.Name(), ctx.Err())
	}
}

// tryLock returns no lock and no error when others hold it.
func (h home) tryLock(name string) (*lock, error) {
	file, err := h.openFile(name, os.O_RDWR)
	if err != nil {
		return nil, err
	}
	err = flock(file, exclusive|syscall.LOCK_NB)
	if err == nil {
		return &lock{file}, nil
	}
	_ = file.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, nil
	}
	return nil, fmt.Errorf("lock %s: %w", file.Name(), err)
}

func flock(file *os.File, how int) error {
	for {
		if err := syscall.Flock(int(file.Fd()), how); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// openFile follows no link: as root, in a folder that the unprivileged account may write to, a link is a trap.
func (h home) openFile(name string, flags int) (*os.File, error) {
	file, err := os.OpenFile(filepath.Join(h.path, name), flags|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	if err := h.owner.own(file); err != nil {
		_ = file.Close()
		return nil, err
	}
	return file, nil
}
