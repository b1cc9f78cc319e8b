package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/wedsync/wedsync/jobs"
	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/jobs/sandbox"
	"github.com/wedsync/wedsync/queries"
)

// Node is one serving process: the site, the jobs behind it, and the order in which both begin and end.
// Whatever its role it answers health checks. Config's Jobs and Waker are the node's own to make.
type Node struct {
	Config
	Addr string
	Name string    // new at every start
	Out  io.Writer // where the demo introduces itself

	site       *Server
	background sync.WaitGroup
}

// patience is how long a node that goes down waits for what it has begun.
const patience = 15 * time.Second

// Run serves until ctx ends, and then drains.
func (n *Node) Run(ctx context.Context) error {
	n.Waker = queries.NewWaker(queries.New(n.Pool), n.Log)
	var err error
	if n.Demo {
		n.World = sandbox.NewWorld(time.Now())
		if err := n.World.Open(n.URL); err != nil {
			return fmt.Errorf("the demo's mail server: %w", err)
		}
		n.Carriers, n.Calendars = n.World.Carriers(n.URL), n.World.CalendarSettings(n.URL)
	}
	if n.Jobs, err = jobs.New(jobs.Config{Pool: n.Pool, Waker: n.Waker, Log: n.Log, Node: n.Name, Work: n.Works, Box: n.Box, AllowPrivate: n.AllowPrivate,
		TaveURL: n.TaveURL, Carriers: n.Carriers, Calendars: n.Calendars, URL: n.URL}); err != nil {
		return err
	}
	if n.site, err = New(n.Config); err != nil {
		return err
	}
	n.Waker.Here = n.site.Hub().Hint
	// What runs in the background outlives the signal: pages and jobs drain first.
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer n.background.Wait()
	defer stop()
	n.background.Go(func() { n.Waker.Run(background) })
	if n.Demo {
		n.background.Go(func() { n.World.Run(background) })
	}
	n.background.Go(func() {
		if err := n.site.Start(background); err != nil {
			n.Log.Error("the live pages did not start", "error", err)
		}
	})
	if err := n.Jobs.Start(background); err != nil {
		return err
	}
	return n.listen(ctx)
}

func (n *Node) listen(ctx context.Context) error {
	listener, err := net.Listen("tcp", n.Addr)
	if err != nil {
		return errors.Join(fmt.Errorf("WEDSYNC_ADDR: %w", err), n.drain(nil))
	}
	server := &http.Server{Handler: n.site, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(n.Log.Handler(), slog.LevelDebug)}
	failed := make(chan error, 1)
	n.background.Go(func() { failed <- server.Serve(smallBuffers{listener}) })
	n.Log.Info("serving", "address", listener.Addr().String(), "url", n.URL.String(), "demo", n.Demo, "works", n.Works, "serves", n.Serves)
	if n.Demo {
		if err := n.introduce(ctx); err != nil {
			return errors.Join(err, n.drain(server))
		}
	}
	select {
	case err := <-failed:
		return errors.Join(err, n.drain(server))
	case <-ctx.Done():
		return n.drain(server)
	}
}

// drain goes down in the order that loses nothing: no new pages, live pages move elsewhere, requests end, then jobs.
func (n *Node) drain(server *http.Server) error {
	n.Log.Info("going down")
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	n.site.Drain()
	select { // health checks go on hearing that the node goes down, and the pages find another one meanwhile
	case <-n.site.Hub().Gone():
	case <-ctx.Done():
	}
	var err error
	if server != nil {
		err = server.Shutdown(ctx)
	}
	return errors.Join(err, n.Jobs.Stop(ctx))
}

// introduce fills the demo and says where to begin.
func (n *Node) introduce(ctx context.Context) error {
	if err := n.World.Seed(ctx, n.Pool, n.Box, inbound.NewDoor(n.Pool, n.Jobs.River), time.Now()); err != nil {
		return err
	}
	if err := n.site.openSandboxTave(ctx); err != nil {
		return err
	}
	if err := n.site.openSandboxCalendars(ctx); err != nil {
		return err
	}
	base := n.URL.String()
	fmt.Fprintf(n.Out, "\n  WedSync runs at %s, with made-up data.\n\n  Sign in (password %q):\n", base, sandbox.Password)
	for _, s := range sandbox.Suppliers {
		fmt.Fprintf(n.Out, "    %-28s %s/login?email=%s\n", s.Org, base, url.QueryEscape(s.Email))
	}
	for _, c := range sandbox.Couples {
		fmt.Fprintf(n.Out, "    %-28s %s/login?email=%s\n", c.Names, base, url.QueryEscape(c.Email))
	}
	_, err := fmt.Fprintf(n.Out, "\n  Then press a button at %s/sandbox and watch a figure move.\n  What WedSync sends is at %s/sandbox/outbox, and Ada's Google calendar at %s/sandbox/calendars.\n\n", base, base, base)
	return err
}

// smallBuffers keeps little of a stream in the kernel, so that a page which has stopped reading is noticed.
type smallBuffers struct{ net.Listener }

func (l smallBuffers) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if tcp, ok := conn.(*net.TCPConn); ok {
		if err := tcp.SetWriteBuffer(64 << 10); err != nil {
			return conn, nil // the kernel's own size is slower to notice, and works
		}
	}
	return conn, err
}
