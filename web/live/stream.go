package live

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/r3labs/sse/v2"
)

const (
	heartbeat    = 10 * time.Second // the contract allows 15
	writeTimeout = 5 * time.Second  // a reader that takes nothing for so long is gone, or should come back
	retryMillis  = "1000"
)

// ErrDraining is for a stream that comes while the node goes down; its browser tries again and finds another.
var ErrDraining = errors.New("this node is going down")

// Viewer is who looks. A stream is theirs for as long as the session stands in this role.
type Viewer struct {
	Person  uuid.UUID
	Session uuid.UUID
	Role    string
}

// stream is one open page.
type stream struct {
	id       string
	viewer   Viewer
	audience uuid.UUID

	// Under the hub's lock.
	shown   map[string]int64 // the version of each region that the page shows, or will once it has read what was put
	access  int64
	checked bool

	mu      sync.Mutex
	waiting map[string]Drawn // the newest of each region: a slow reader skips, it never falls behind
	order   []string
	bye     bool

	more    chan struct{}
	flushed chan struct{} // one per event that has left: the feeder sends no event before the last one is gone
	cancel  context.CancelFunc
	ctx     context.Context
}

func (s *stream) audiences() []uuid.UUID { return []uuid.UUID{s.audience, s.viewer.Person} }

// Serve streams the regions of an audience to one page until it goes. shown holds the version of each region that the
// page was drawn with. The caller has checked that the viewer may see the audience; the hub checks again.
func (h *Hub) Serve(w http.ResponseWriter, r *http.Request, audience uuid.UUID, viewer Viewer, shown map[string]int64) error {
	select {
	case <-h.draining:
		return ErrDraining
	default:
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	s := &stream{id: rand.Text(), viewer: viewer, audience: audience, shown: shown, waiting: map[string]Drawn{},
		more: make(chan struct{}, 1), flushed: make(chan struct{}, 1), ctx: ctx, cancel: cancel}
	out := &writer{ResponseWriter: w, control: http.NewResponseController(w), stream: s}
	if err := out.prelude(); err != nil {
		return nil // the browser left before it began
	}
	context.AfterFunc(ctx, out.interrupt)
	h.join(s)
	defer h.leave(s)
	h.serveSSE(out, r.WithContext(ctx), s)
	return nil
}

// serveSSE gives the library a request that says only what we mean: one stream of its own, and no Last-Event-ID, which it
// answers with an error that makes browsers give up.
func (h *Hub) serveSSE(out http.ResponseWriter, r *http.Request, s *stream) {
	h.sse.CreateStream(s.id)
	defer h.sse.RemoveStream(s.id) // after ServeHTTP, or its goroutines stay for ever
	h.streams.Store(s.id, s)
	defer h.streams.Delete(s.id)
	r = r.Clone(r.Context())
	r.Header.Del("Last-Event-ID")
	r.URL = &url.URL{RawQuery: "stream=" + s.id}
	h.sse.ServeHTTP(out, r)
}

// feed writes what is put until the stream ends. The library calls it in a goroutine of its own once it listens.
func (h *Hub) feed(id string, _ *sse.Subscriber) {
	found, ok := h.streams.Load(id)
	if !ok {
		return
	}
	s := found.(*stream)
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	leave := h.draining
	if !h.send(s, h.beat()) { // the page shows that it is live from the first moment
		s.cancel()
		return
	}
	for {
		var ok bool
		select {
		case <-s.ctx.Done():
			return
		case <-leave:
			leave = nil
			time.AfterFunc(jittered(drainSpread), s.cancel)
			continue
		case <-beat.C:
			ok = h.send(s, h.beat())
		case <-s.more:
			ok = h.sendWaiting(s)
		}
		if !ok {
			s.cancel()
			return
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
			return false
		case !ok:
			return true
		}
		html := bytes.ReplaceAll(drawn.HTML, []byte("\r"), nil) // a lone CR ends a line in SSE, which the library does not know
		if !h.send(s, &sse.Event{Event: []byte(drawn.Event), Data: html}) {
			return false
		}
	}
}

// send returns when the event has left this process, so a reader that takes its time holds back nobody but itself.
func (h *Hub) send(s *stream, event *sse.Event) bool {
	h.sse.Publish(s.id, event)
	select {
	case <-s.flushed:
		return true
	case <-s.ctx.Done():
		return false
	}
}

// put leaves the newest drawing of a region for the feeder. It never waits.
func (s *stream) put(name string, drawn Drawn) {
	s.mu.Lock()
	if _, there := s.waiting[name]; !there {
		s.order = append(s.order, name)
	}
	s.waiting[name] = drawn
	s.mu.Unlock()
	s.ring()
}

func (s *stream) take() (drawn Drawn, bye, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bye || len(s.order) == 0 {
		return Drawn{}, s.bye, false
	}
	name := s.order[0]
	s.order = s.order[1:]
	drawn = s.waiting[name]
	delete(s.waiting, name)
	return drawn, false, true
}

// end closes the stream: for good, when the page is told goodbye, or to be judged anew when the browser comes back.
func (s *stream) end(forGood bool) {
	if !forGood {
		s.cancel()
		return
	}
	s.mu.Lock()
	s.bye, s.order = true, nil
	clear(s.waiting)
	s.mu.Unlock()
	s.ring()
	time.AfterFunc(time.Second/2, s.cancel) // a stalled reader hears no goodbye
}

func (s *stream) ring() {
	select {
	case s.more <- struct{}{}:
	default:
	}
}
