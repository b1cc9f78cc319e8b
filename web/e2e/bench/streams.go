package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

const (
	manyStreams = 1000
	stalled     = 10
)

// benchStreams: a thousand open streams on one node, ten more that never read. What a stream costs, and whether the
// stalled ones hold up the others.
func benchStreams(ctx context.Context, p *program) ([]row, error) {
	before, err := p.memory()
	if err != nil {
		return nil, err
	}
	var after int64
	var dead []net.Conn
	defer func() {
		for _, conn := range dead {
			conn.Close()
		}
	}()
	taken, err := watch(ctx, p, "many@example.com", manyStreams, func() {
		after, _ = p.memory()
		dead = p.neverRead("many@example.com", stalled)
	})
	if err != nil {
		return nil, err
	}
	return []row{
		{fmt.Sprintf("%d open streams on one node", manyStreams), "", fmt.Sprintf("%d KiB per stream (resident)", (after-before)/manyStreams), "hand-written 28, over r3labs 36–41 (live.md)", ""},
		{fmt.Sprintf("  %d/s to each of them, %d more never read", liveRate, stalled), "none starved", taken.String(), "", kept(taken.at(1) < 5*time.Second)},
	}, nil
}

// memory is what the program holds, in KiB.
func (p *program) memory() (int64, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(raw)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			return strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
		}
	}
	return 0, fmt.Errorf("no VmRSS for %d", p.cmd.Process.Pid)
}

// neverRead opens streams whose other end takes nothing.
func (p *program) neverRead(email string, n int) (conns []net.Conn) {
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.PostForm(p.base+"/login", url.Values{"email": {email}, "password": {password}})
	if err != nil {
		return nil
	}
	res.Body.Close()
	host := strings.TrimPrefix(p.base, "http://")
	for range n {
		conn, err := net.Dial("tcp", host)
		if err != nil {
			return conns
		}
		conns = append(conns, conn)
		for _, cookie := range res.Cookies() {
			fmt.Fprintf(conn, "GET /live?kpis=-1&activity=-1&weddings=-1 HTTP/1.1\r\nHost: %s\r\nCookie: %s=%s\r\n\r\n", host, cookie.Name, cookie.Value)
		}
	}
	return conns
}
