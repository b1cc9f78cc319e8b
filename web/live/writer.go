package live

import (
	"net/http"
	"sync"
	"time"
)

// writer arms a deadline before each write and ends the stream when one fails, so that a page which reads nothing costs
// one socket buffer and five seconds.
type writer struct {
	http.ResponseWriter
	control *http.ResponseController
	stream  *stream
	begun   bool

	mu  sync.Mutex
	end bool
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

func (w *writer) Write(p []byte) (int, error) {
	w.arm()
	n, err := w.ResponseWriter.Write(p)
	if err != nil {
		w.stream.cancel()
	}
	return n, err
}

// Flush ends an event: the library flushes once when it begins, and once after each.
func (w *writer) Flush() {
	w.arm()
	if err := w.control.Flush(); err != nil {
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

func (w *writer) arm() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.end {
		w.control.SetWriteDeadline(time.Now().Add(writeTimeout)) //nolint:errcheck // without deadlines a stalled reader is noticed by TCP, later
	}
}

// interrupt frees a write that hangs when the stream is cancelled by somebody else.
func (w *writer) interrupt() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.end = true
	w.control.SetWriteDeadline(time.Unix(1, 0)) //nolint:errcheck // see arm
}
