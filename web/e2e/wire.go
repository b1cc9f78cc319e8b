package e2e

import (
	"io"
	"net"
	"sync"
)

// Wire lies between browser and program, to be cut: a browser that is told to be offline keeps its open streams.
type Wire struct {
	listener net.Listener
	mu       sync.Mutex
	target   string
	down     bool
	open     map[net.Conn]struct{}
}

// NewWire leads to the program's address.
func NewWire(target string) (*Wire, error) {
	listener, err := net.Listen("tcp", FreeAddr())
	if err != nil {
		return nil, err
	}
	w := &Wire{listener: listener, target: target, open: map[net.Conn]struct{}{}}
	go w.serve()
	return w, nil
}

// URL is the near end.
func (w *Wire) URL() string { return "http://" + w.listener.Addr().String() }

// Cut ends what is open and refuses what comes.
func (w *Wire) Cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.down = true
	for c := range w.open {
		c.Close()
	}
}

// Mend lets through again, to this address.
func (w *Wire) Mend(target string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.down, w.target = false, target
}

// Close takes the wire away.
func (w *Wire) Close() {
	w.listener.Close()
	w.Cut()
}

func (w *Wire) serve() {
	for {
		near, err := w.listener.Accept()
		if err != nil {
			return
		}
		go w.join(near)
	}
}

func (w *Wire) join(near net.Conn) {
	defer near.Close()
	w.mu.Lock()
	target, down := w.target, w.down
	w.mu.Unlock()
	if down {
		return
	}
	far, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer far.Close()
	if !w.keep(near, far) {
		return
	}
	defer w.forget(near, far)
	done := make(chan struct{}, 2)
	pipe := func(to, from net.Conn) {
		io.Copy(to, from) //nolint:errcheck // a wire that is cut is what it is for
		done <- struct{}{}
	}
	go pipe(near, far)
	go pipe(far, near)
	<-done
}

func (w *Wire) keep(ends ...net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.down {
		return false
	}
	for _, c := range ends {
		w.open[c] = struct{}{}
	}
	return true
}

func (w *Wire) forget(ends ...net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range ends {
		delete(w.open, c)
	}
}
