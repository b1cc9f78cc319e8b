package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/wedsync/wedsync/queries/localpg"
)

var binary = cmp.Or(os.Getenv("WEDSYNC_BINARY"), "../../wedsync")

// program is the real thing, running with its embedded Postgres, and a way into that.
type program struct {
	base string
	dir  string
	cmd  *exec.Cmd
	pg   *localpg.Server
	pool *pgxpool.Pool
}

func start(ctx context.Context) (*program, error) {
	dir, err := os.MkdirTemp("", "wedsync-bench-*")
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o755); err != nil { // Postgres runs as somebody else when we are root
		return nil, err
	}
	p := &program{dir: dir}
	first, err := p.serve(ctx)
	if err != nil {
		return nil, err
	}
	p.base, p.cmd = first.base, first.cmd
	if p.pg, err = localpg.Start(ctx, dir, localpg.Options{}); err != nil {
		return nil, err
	}
	p.pool, err = pgxpool.New(ctx, p.pg.URL()+"&pool_max_conns=64")
	return p, err
}

// node is one process on the program's database.
type node struct {
	base string
	cmd  *exec.Cmd
}

// serve starts a node, with further settings and arguments.
func (p *program) serve(ctx context.Context, settings ...string) (*node, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := listener.Addr().String()
	listener.Close()
	log, err := os.OpenFile(filepath.Join(p.dir, "wedsync.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	role := "all"
	if len(settings) > 0 {
		role = "web"
	}
	n := &node{base: "http://" + addr, cmd: exec.Command(binary, "serve", "--role", role)}
	n.cmd.Env, n.cmd.Stdout, n.cmd.Stderr = append(append(os.Environ(), "DATABASE_URL=", "WEDSYNC_DATA="+p.dir, "WEDSYNC_ADDR="+addr), settings...), log, log
	if err := n.cmd.Start(); err != nil {
		return nil, err
	}
	if err := ready(ctx, n.base); err != nil {
		n.stop()
		return nil, err
	}
	return n, nil
}

func (n *node) stop() {
	if n.cmd.Process != nil {
		n.cmd.Process.Signal(syscall.SIGTERM)
		n.cmd.Wait()
	}
}

func ready(ctx context.Context, base string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		res, err := http.Get(base + "/readyz")
		if err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return errors.New("the program did not become ready")
		}
	}
}

func (p *program) stop() {
	if p.pool != nil {
		p.pool.Close()
	}
	if p.cmd.Process != nil {
		p.cmd.Process.Signal(syscall.SIGTERM)
		p.cmd.Wait()
	}
	if p.pg != nil {
		p.pg.Stop()
	}
	os.RemoveAll(p.dir)
}

// command runs a subcommand and reads the object that it prints.
func (p *program) command(args ...string) (map[string]string, error) {
	cmd := exec.Command(binary, append(args, "--json")...)
	cmd.Env = append(os.Environ(), "DATABASE_URL=", "WEDSYNC_DATA="+p.dir, "WEDSYNC_URL="+p.base)
	var out, trouble bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &trouble
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%v: %w: %s", args, err, trouble.String())
	}
	var made map[string]string
	return made, json.Unmarshal(out.Bytes(), &made)
}

// supplier is an organisation with Stripe connected, and a browser signed in to it.
type supplier struct {
	org, url, secret string
	client           *http.Client
}

const password = "a bench of weddings"

func (p *program) supplier(email string) (*supplier, error) {
	made, err := p.command("supplier", "add", "--name", "Bench", "--category", "venue", "--email", email, "--password", password)
	if err != nil {
		return nil, err
	}
	connection, err := p.command("connection", "add", "--org", made["org_id"], "--provider", "stripe")
	if err != nil {
		return nil, err
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	s := &supplier{org: made["org_id"], url: connection["url"], secret: connection["secret"],
		client: &http.Client{Jar: jar, Transport: &http.Transport{MaxIdleConnsPerHost: 2000, DisableCompression: true}}}
	res, err := s.client.PostForm(p.base+"/login", url.Values{"email": {email}, "password": {password}})
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("sign in: %s", res.Status)
	}
	return s, nil
}
