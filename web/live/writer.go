package live

import (
	"bytes"
	"net/http"
	"sync"
	"time"
)

const (
	pieces   = 16 << 10 // what a reader must take within the deadline, however large the event is
	mostKept = 256 << 10
)

var events = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// writer arms a deadline before each write and ends the stream when one fails, so that a page which reads nothing costs
// one socket buffer and five seconds.
type writer struct {
	http.ResponseWriter
	control *http.ResponseController
	stream  *stream
	timeout time.Duration
	begun   bool
	event   *bytes.Buffer // of the pool, while one is being written

	mu  sync.Mutex
	end bool // no deadline is set any more
}

// prelude answers at once: the browser knows that it is connected, and how soon to come back.
func (w *writer) prelude() error {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-cache, no-transform")
	h.Set("X-Accel-Buffering", "no") // nginx would keep events back otherwise
	w.arm()
	w.ResponseWriter.WriteHeader(http.StatusOK)
	if _, err := w.ResponseWriter.Write([]byte("retry: " + retryMillis + "\n\n")); err != nil {
		return err
	}
	return w.control.Flush()
}

// WriteHeader is the library's second one.
func (w *writer) WriteHeader(int) {}

// Write gathers: the library writes a few words at a time, and each would be armed and go its own way down to the socket.
func (w *writer) Write(p []byte) (int, error) {
	if w.event == nil {
		w.event = events.Get().(*bytes.Buffer)
	}
	return w.event.Write(p)
}

// Flush ends an event: the library flushes once when it begins, and once after each.
func (w *writer) Flush() {
	if err := w.sendEvent(); err != nil {
		w.stream.cancel()
		return
	}
	if !w.begun {
		w.begun = true
		return
	}
	select {
	case w.stream.flushed <- struct{}{}:
	default:
	}
}

func (w *writer) sendEvent() error {
	defer w.letGo()
	for w.event != nil && w.event.Len() > 0 {
		w.arm()
		if _, err := w.ResponseWriter.Write(w.event.Next(pieces)); err != nil {
			return err
		}
	}
	w.arm()
	return w.control.Flush()
}

func (w *writer) letGo() {
	if w.event != nil && w.event.Cap() < mostKept {
		w.event.Reset()
		events.Put(w.event)
	}
	w.event = nil
}

func (w *writer) arm() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.end {
		w.control.SetWriteDeadline(time.Now().Add(w.timeout)) //nolint:errcheck // without deadlines a stalled reader is noticed by TCP, later
	}
}

// interrupt frees a write that hangs when the stream is cancelled by somebody else.
func (w *writer) interrupt() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.end {
		w.end = true
		w.control.SetWriteDeadline(time.Unix(1, 0)) //nolint:errcheck // see arm
	}
}

// release is for when the handler returns: its response, and then the connection, go to somebody else's request, whose
// deadline an interrupt that comes late would break.
func (w *writer) release() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.end = true
}
