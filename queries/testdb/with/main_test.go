package main

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/wedsync/wedsync/queries/testdb"
)

// asCommand turns the test binary into the command itself.
const asCommand = "WITH_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
	}
	os.Exit(m.Run())
}

func with(t *testing.T, command ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], command...)
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, testdb.Variable+"=") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, asCommand+"=1")
	cmd.Stderr = os.Stderr
	return cmd
}

func exitCode(err error) int {
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		return failed.ExitCode()
	}
	return 0
}

func TestTheServerLivesAsLongAsTheCommand(t *testing.T) {
	t.Parallel()
	cmd := with(t, "sh", "-c", `echo "$`+testdb.Variable+`"; read -r _`)
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	url, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), strings.TrimSpace(url))
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close(t.Context())
	if _, err := input.Write([]byte("\n")); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

func TestExitCodeIsTheCommands(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		script string
		want   int
	}{
		{"exit 0", 0},
		{"exit 7", 7},
		{"kill -KILL $$", 128 + 9},
	} {
		if got := exitCode(with(t, "sh", "-c", c.script).Run()); got != c.want {
			t.Errorf("%s: %d, want %d", c.script, got, c.want)
		}
	}
	if got := exitCode(with(t, "no-such-command").Run()); got != 127 {
		t.Errorf("no command: %d", got)
	}
}

func TestSignalsArePassedOn(t *testing.T) {
	t.Parallel()
	cmd := with(t, "sh", "-c", `trap "exit 9" TERM; echo ready; while :; do read -r _; done`)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if _, err := cmd.StdinPipe(); err != nil { // open and silent, so that the command waits
		t.Fatal(err)
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(output).ReadString('\n'); line != "ready\n" {
		t.Fatal(line, err)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if got := exitCode(cmd.Wait()); got != 9 {
		t.Errorf("exit code %d", got)
	}
}
