// Package e2e walks the product from end to end: the real binary on a real Postgres, with its real queue and sandbox, looked
// at through a real Chromium.
//
// It is a module of its own, so that a browser's driver and Stripe's library never reach the product's go.mod. What is not
// a test (program.go, stream.go, wire.go) runs the binary and listens to it from outside; tests and benches share it. It
// hides processes, ports and drivers. Run it with make journeys; the pictures it takes are in shots/.
package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Options are what a run of the program is given. The zero value of each is left out.
type Options struct {
	Binary      string
	Data        string // WEDSYNC_DATA, and where its log goes
	DatabaseURL string // empty: the embedded Postgres
	Addr        string // empty: a free port
	URL         string // WEDSYNC_URL; empty: the address
	Operators   string
	Args        []string // after "serve"
	Env         []string // more of it, "NAME=value"
}

// Program is one installation of the product. It may be started, killed and started again at the same address.
type Program struct {
	Base string // what people type

	options Options
	mu      sync.Mutex
	command *exec.Cmd
	ended   chan struct{}
}

// Start runs the program and returns once it is ready.
func Start(ctx context.Context, o Options) (*Program, error) {
	if o.Addr == "" {
		o.Addr = FreeAddr()
	}
	if o.URL == "" {
		o.URL = "http://" + o.Addr
	}
	p := &Program{Base: o.URL, options: o}
	return p, p.Again(ctx, o.Args...)
}

// Again starts the program that was killed or terminated, with these arguments after "serve".
func (p *Program) Again(ctx context.Context, args ...string) error {
	log, err := os.OpenFile(p.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	command := p.newCommand(append([]string{"serve"}, args...)...)
	command.Stdout, command.Stderr = log, log
	if err := command.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() {
		command.Wait() //nolint:errcheck // how it ended is in ProcessState
		close(ended)
	}()
	p.mu.Lock()
	p.command, p.ended = command, ended
	p.mu.Unlock()
	return p.ready(ctx, ended)
}

// ready asks the program's own address: the public one may lead through a wire that is cut.
func (p *Program) ready(ctx context.Context, ended <-chan struct{}) error {
	return Await(ctx, "the program to be ready", func() (bool, error) {
		select {
		case <-ended:
			return false, fmt.Errorf("the program ended before it was ready:\n%s", p.Log())
		default:
		}
		res, err := http.Get("http://" + p.options.Addr + "/readyz")
		if err != nil {
			return false, nil
		}
		defer res.Body.Close()
		return res.StatusCode == http.StatusOK, nil
	})
}

func (p *Program) newCommand(args ...string) *exec.Cmd {
	command := exec.Command(p.options.Binary, args...)
	command.Env = append(outside(), "WEDSYNC_ADDR="+p.options.Addr, "WEDSYNC_URL="+p.options.URL, "WEDSYNC_DATA="+p.options.Data,
		"DATABASE_URL="+p.options.DatabaseURL, "WEDSYNC_OPERATORS="+p.options.Operators, "WEDSYNC_ALLOW_PRIVATE_URLS=1")
	command.Env = append(command.Env, p.options.Env...)
	return command
}

// outside is our environment without what would configure the program behind a test's back.
func outside() (env []string) {
	for _, e := range os.Environ() {
		if name, _, _ := strings.Cut(e, "="); name == "WEDSYNC_POSTGRES" || !strings.HasPrefix(name, "WEDSYNC_") && name != "DATABASE_URL" {
			env = append(env, e)
		}
	}
	return env
}

// Kill is kill -9.
func (p *Program) Kill() {
	command, ended := p.running()
	if command != nil {
		command.Process.Kill() //nolint:errcheck // it may have ended by itself
		<-ended
	}
}

// Terminate is kill; it gives the exit code and how long the program took to end.
func (p *Program) Terminate(ctx context.Context) (code int, took time.Duration, err error) {
	command, ended := p.running()
	began := time.Now()
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		return -1, 0, err
	}
	select {
	case <-ended:
		return command.ProcessState.ExitCode(), time.Since(began), nil
	case <-ctx.Done():
		return -1, time.Since(began), fmt.Errorf("the program did not end: %w", context.Cause(ctx))
	}
}

func (p *Program) running() (*exec.Cmd, chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.command, p.ended
}

// Addr is where the program listens, whatever leads there.
func (p *Program) Addr() string { return p.options.Addr }

// CLI runs a subcommand beside the serving program and reads the object that it prints.
func (p *Program) CLI(args ...string) (map[string]string, error) {
	command := p.newCommand(append(args, "--json")...)
	var words strings.Builder
	command.Stderr = &words
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("wedsync %s: %w: %s", strings.Join(args, " "), err, words.String())
	}
	made := map[string]string{}
	if err := json.Unmarshal(out, &made); err != nil {
		return nil, fmt.Errorf("wedsync %s printed %q: %w", strings.Join(args, " "), out, err)
	}
	return made, nil
}

func (p *Program) logFile() string { return filepath.Join(p.options.Data, "program.log") }

// Log is the end of what the program said, without the requests that went well.
func (p *Program) Log() string {
	all, err := os.ReadFile(p.logFile())
	if err != nil {
		return err.Error()
	}
	var said strings.Builder
	for line := range strings.Lines(string(all)) {
		if !strings.Contains(line, `"msg":"request"`) || !strings.Contains(line, `"level":"INFO"`) || strings.Contains(line, `"status":5`) {
			said.WriteString(line)
		}
	}
	text := said.String()
	return text[max(0, len(text)-8000):]
}

// SignIn gives the session cookie, for what speaks HTTP without a browser.
func (p *Program) SignIn(email, password string) (*http.Cookie, error) {
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.PostForm(p.Base+"/login", map[string][]string{"email": {email}, "password": {password}})
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	for _, c := range res.Cookies() {
		if c.Name == "wedsync" && c.Value != "" {
			return c, nil
		}
	}
	return nil, fmt.Errorf("signing in as %s: %s", email, res.Status)
}

// Get fetches a page's text.
func (p *Program) Get(path string) (int, string, error) {
	res, err := http.Get(p.Base + path)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return res.StatusCode, string(body), err
}

// Await asks again and again until the answer is yes, an error, or ctx ends. It waits for the thing itself, not for a time.
func Await(ctx context.Context, what string, yes func() (bool, error)) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if ok, err := yes(); ok || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("waited in vain for %s: %w", what, context.Cause(ctx))
		}
	}
}

var taken sync.Map

// FreeAddr is outside the range from which the system takes ports for outgoing connections, so that nobody gets it while
// a killed program is about to be started there again.
func FreeAddr() string {
	for {
		addr := fmt.Sprintf("127.0.0.1:%d", 20_000+rand.N(12_000))
		if _, used := taken.LoadOrStore(addr, true); used {
			continue
		}
		listener, err := net.Listen("tcp", addr)
		if errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		if err == nil {
			listener.Close()
		}
		return addr
	}
}
