package live

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/google/uuid"
	"github.com/r3labs/sse/v2"
)

const (
	heartbeat    = 10 * time.Second // the contract allows 15
	writeTimeout = 5 * time.Second  // a reader that takes nothing for so long is gone, or should come back
	drainSpread  = time.Second      // over well before main's own patience
	retryMillis  = "1000"
)

// ErrDraining is for a stream that comes while the node goes down; its browser tries again and finds another.
var ErrDraining = errors.New("this node is going down")

// Serve streams the regions of an audience to one page until it goes. shown holds the version of each region that the
// page was drawn with; the hub keeps it. The caller has checked that the viewer may see the audience; the hub checks again.
func (h *Hub) Serve(w http.ResponseWriter, r *http.Request, audience uuid.UUID, viewer Viewer, shown map[string]int64) error {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	s := &stream{id: rand.Text(), viewer: viewer, audience: audience, shown: shown, ctx: ctx, cancel: cancel,
		more: make(chan struct{}, 1), flushed: make(chan struct{}, 1)}
	if err := h.join(s); err != nil {
		return err
	}
	defer h.leave(s)
	out := &writer{ResponseWriter: w, control: http.NewResponseController(w), stream: s, timeout: h.writeTimeout}
	context.AfterFunc(ctx, out.interrupt)
	defer out.release()
	if err := out.prelude(); err != nil {
		return nil // the browser left before it began
	}
	h.serveSSE(out, s)
	return nil
}

// serveSSE gives the library a request that says only what we mean: one stream of its own, and no Last-Event-ID, which it
// answers with an error that makes browsers give up.
func (h *Hub) serveSSE(out http.ResponseWriter, s *stream) {
	h.sse.CreateStream(s.id)
	defer h.sse.RemoveStream(s.id) // after ServeHTTP, or its goroutines stay for ever
	h.streams.Store(s.id, s)
	defer h.streams.Delete(s.id)
	only := &http.Request{Method: http.MethodGet, URL: &url.URL{RawQuery: "stream=" + s.id}, Header: http.Header{}}
	h.sse.ServeHTTP(out, only.WithContext(s.ctx))
}

// feed writes what is put until the stream ends. The library calls it in a goroutine of its own once it listens.
func (h *Hub) feed(id string, _ *sse.Subscriber) {
	found, ok := h.streams.Load(id)
	if !ok {
		return
	}
	s := found.(*stream)
	defer s.cancel()
	beat := time.NewTicker(h.heartbeat)
	defer beat.Stop()
	for ok := h.send(s, h.beat()); ok; { // the page shows that it is live from the first moment
		select {
		case <-s.ctx.Done():
			return
		case <-beat.C:
			ok = h.send(s, h.beat())
		case <-s.more:
			ok = h.sendWaiting(s)
		}
	}
}

// beat keeps proxies from closing the connection; while the database answers it also tells the page that it is live.
func (h *Hub) beat() *sse.Event {
	if !h.healthy() {
		return &sse.Event{Comment: []byte("waiting for the database")}
	}
	return &sse.Event{Event: []byte("beat"), Data: []byte("."), Comment: []byte("beat")}
}

func (h *Hub) sendWaiting(s *stream) bool {
	for {
		drawn, bye, ok := s.take()
		switch {
		case bye:
			h.send(s, &sse.Event{Event: []byte("bye"), Data: []byte(".")})
			<-s.ctx.Done() // by the page or by end: Chromium drops what it has not read yet when a connection breaks off
			return false
		case !ok:
			return true
		case len(drawn.HTML) == 0:
			continue // nothing to swap, and the library would leave without saying so, and leak, at an event without data
		case !h.send(s, &sse.Event{Event: []byte(drawn.Event), Data: drawn.HTML}):
			return false
		}
	}
}

// send returns when the event has left this process, so a reader that takes its time holds back nobody but itself.
func (h *Hub) send(s *stream, event *sse.Event) bool {
	h.sse.Publish(s.id, event)
	select {
	case <-s.flushed:
		return s.ctx.Err() == nil
	case <-s.ctx.Done():
		return false
	}
}
