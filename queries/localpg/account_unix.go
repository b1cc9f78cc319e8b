//go:build unix

package localpg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"runtime"
	"strconv"
	"syscall"
)

// account is whom Postgres runs as: the caller, or, because it refuses root, somebody without rights.
type account struct {
	name     string
	uid, gid int
	drop     bool // we are root and must become this account
}

// unprivileged is the account for a new cluster.
func unprivileged() (account, error) {
	if os.Geteuid() != 0 {
		return account{name: userName(os.Geteuid()), uid: os.Geteuid(), gid: os.Getegid()}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		// Signed: macOS has nobody at -2.
		uid, errUID := strconv.ParseInt(u.Uid, 10, 64)
		gid, errGID := strconv.ParseInt(u.Gid, 10, 64)
		if errUID == nil && errGID == nil {
			return account{name: name, uid: int(uint32(uid)), gid: int(uint32(gid)), drop: true}, nil
		}
	}
	return account{}, errors.New("postgres refuses to run as root, and neither a user postgres nor nobody exists: create one")
}

// ownerOf is the account for a cluster that exists already, which Postgres runs as its owner only.
func ownerOf(info fs.FileInfo) (account, error) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return account{}, fmt.Errorf("no owner is known of %s", info.Name())
	}
	me, uid := os.Geteuid(), int(stat.Uid)
	if uid != me && me != 0 {
		return account{}, fmt.Errorf("%s belongs to %s: run as that user, or as root", info.Name(), userName(uid))
	}
	if uid == 0 {
		return unprivileged()
	}
	return account{name: userName(uid), uid: uid, gid: int(stat.Gid), drop: me == 0}, nil
}

func userName(uid int) string {
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return u.Username
	}
	return "user " + strconv.Itoa(uid)
}

// own makes the file the account's. Through its descriptor: as root, a path in somebody else's folder may lead anywhere.
func (a account) own(f *os.File) error {
	if !a.drop {
		return nil
	}
	return f.Chown(a.uid, a.gid)
}

// command runs outside our session, so that a Ctrl-C meant for us does not reach it, and with nothing of our
// environment, which may hold secrets and PG… variables of another server.
func (a account) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=" + libcLocale(), "TZ=UTC"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if a.drop {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
	}
	return cmd
}

// canEnter asks the kernel, which knows of access lists and mounts, and not the permission bits. Only the shell's own
// no is a no: an interrupted question must not decide where the data goes.
func (a account) canEnter(ctx context.Context, dir string) (bool, error) {
	err := a.command(ctx, "/bin/sh", "-c", `cd -- "$0"`, dir).Run()
	var no *exec.ExitError
	if errors.As(err, &no) && no.Exited() {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("as user %s: %w", a.name, err)
	}
	return true, nil
}

// interrupt asks a postmaster for a fast shutdown. With the account's rights only: the number comes from a file, and
// whoever wrote it must not be able to aim root at another process.
func (a account) interrupt(ctx context.Context, pid int) error {
	return a.command(ctx, "/bin/sh", "-c", `kill -INT "$0"`, strconv.Itoa(pid)).Run()
}

// libcLocale only serves what ICU does not: messages and character classes of the C library.
func libcLocale() string {
	if runtime.GOOS == "darwin" {
		return "en_US.UTF-8" // it has no C.UTF-8
	}
	return "C.UTF-8"
}
