package localpg

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// pidFile is what a postmaster writes about itself into postmaster.pid.
type pidFile struct {
	pid    int
	socket string // the folder
}

func (h home) pidFilePath() string { return filepath.Join(h.data(), "postmaster.pid") }

func (h home) readPIDFile() (pidFile, error) {
	text, err := os.ReadFile(h.pidFilePath())
	if err != nil {
		return pidFile{}, err
	}
	// The lines: process, data folder, start time, port, socket folder, and more; the server writes them bit by bit.
	lines := strings.Split(string(text), "\n")
	if len(lines) < 6 {
		return pidFile{}, fmt.Errorf("%s is not complete yet", h.pidFilePath())
	}
	pid, err := strconv.Atoi(strings.TrimSpace(lines[0]))
	if err != nil || pid <= 1 {
		return pidFile{}, fmt.Errorf("%s names no process: %q", h.pidFilePath(), lines[0])
	}
	return pidFile{pid: pid, socket: lines[4]}, nil
}

// dropStaleLocks removes what a killed server left behind. Postgres would do so itself, unless its number has gone to
// another process of the same account: that one it takes for a running server, and does not start for good.
//
// The caller holds the alive lock and was not answered, so no server of ours is running; one that was started by hand
// and cannot be reached is known by its command line.
func (h home) dropStaleLocks() error {
	for _, path := range []string{h.pidFilePath(), filepath.Join(h.path, socketName+".lock")} {
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		first, _, _ := strings.Cut(string(text), "\n")
		if pid, err := strconv.Atoi(strings.TrimSpace(first)); err == nil && strings.Contains(commandLine(pid), h.data()) {
			return fmt.Errorf("process %d runs on %s, but cannot be reached by its socket: stop it first", pid, h.data())
		}
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	return nil
}
