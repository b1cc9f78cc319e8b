package localpg

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// holdVariable turns the test binary into another process that shares the server of the folder it names.
const holdVariable = "LOCALPG_TEST_HOLD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(holdVariable); dir != "" {
		os.Exit(hold(dir))
	}
	os.Exit(m.Run())
}

// hold keeps its share until its input ends.
func hold(dir string) int {
	s, err := Start(context.Background(), dir, durable())
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println(s.URL())
	_, _ = io.Copy(io.Discard, os.Stdin)
	if err := s.Stop(); err != nil {
		return 1
	}
	return 0
}

// holder is that other process.
type holder struct {
	cmd   *exec.Cmd
	input io.Closer
	lines *bufio.Reader
}

func startHolder(t *testing.T, dir string) *holder {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), holdVariable+"="+dir)
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
	h := &holder{cmd, input, bufio.NewReader(output)}
	t.Cleanup(func() { _ = h.leave() })
	return h
}

func (h *holder) url(t *testing.T) string {
	t.Helper()
	line, err := h.lines.ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "postgres://") {
		t.Fatalf("the other process says %q, %v", line, err)
	}
	return strings.TrimSpace(line)
}

func (h *holder) leave() error {
	_ = h.input.Close()
	return h.cmd.Wait()
}

// kill is kill -9, waited for.
func (h *holder) kill() {
	_ = h.cmd.Process.Kill()
	_ = h.cmd.Wait()
}
