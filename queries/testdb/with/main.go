// Command with runs another command beside the throw-away database server that the tests share:
//
//	go run ./queries/testdb/with go test ./...
//
// One server then lives for the whole run, instead of ending and starting between packages, and sqlc finds it in
// $WEDSYNC_TEST_DATABASE_URL. If that is set already, the command simply runs. Signals are passed on, and the exit code
// is the command's (through "go run" every failure becomes 1). For the Makefile; it hides nothing but the server.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/wedsync/wedsync/queries/testdb"
)

var passedOn = []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT}

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: with COMMAND [ARGUMENT…]")
		os.Exit(2)
	}
	code, err := beside(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "with:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

func beside(command []string) (code int, err error) {
	if os.Getenv(testdb.Variable) != "" {
		return run(command)
	}
	ctx, ready := signal.NotifyContext(context.Background(), passedOn...)
	server, err := testdb.Serve(ctx)
	ready()
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	if err := os.Setenv(testdb.Variable, server.URL()); err != nil {
		return 1, err
	}
	return run(command)
}

func run(command []string) (code int, err error) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, passedOn...)
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		return 127, err
	}
	go passOn(signals, cmd.Process)

	var failed *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &failed) {
		return 1, err
	}
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal()), nil // as a shell has it
	}
	return cmd.ProcessState.ExitCode(), nil
}

func passOn(signals <-chan os.Signal, to *os.Process) {
	for s := range signals {
		if (s == syscall.SIGINT || s == syscall.SIGQUIT) && inForeground() {
			continue // a Ctrl-C went to the command as well; a second one tells many programs to die at once
		}
		_ = to.Signal(s)
	}
}

func inForeground() bool {
	terminal, err := os.Open("/dev/tty")
	if err != nil {
		return false
	}
	defer terminal.Close()
	group, err := unix.IoctlGetInt(int(terminal.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}
