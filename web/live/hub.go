// Package live keeps open pages equal to the database.
//
// A page shows regions; the database keeps a version per audience and region. The hub listens for hints, looks at the
// versions of the audiences that have pages open, draws what differs once per audience, and writes it to each page.
// Nothing is replayed and no cursor is kept: after any gap, a page that shows an older version is drawn anew.
//
// It hides LISTEN, the r3labs/sse library and its faults, slow readers, heartbeats and draining. Only web imports it.
package live

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/r3labs/sse/v2"

	"github.com/wedsync/wedsync/queries"
)

// Access is the region of a person that changes when their sessions or memberships do. Every stream watches it.
const Access = "access"

// lookEvery bounds how long a lost hint is missed.
const lookEvery = 250 * time.Millisecond

// drawers bounds the database connections that drawing may take from everything else.
const drawers = 6

// Drawn is a region as it goes to its pages.
type Drawn struct {
	Event   string // the contract's SSE event name
	HTML    []byte
	Version int64
}

// Config is what the hub cannot know: how regions are drawn, and who may see them.
type Config struct {
	Pool *pgxpool.Pool
	Log  *slog.Logger
	// Draw draws a region and tells the version it was drawn from, both in one snapshot.
	Draw func(ctx context.Context, audience uuid.UUID, region string) (Drawn, error)
	// Stand tells which of the sessions may still see the audience, and in which role.
	Stand func(ctx context.Context, audience uuid.UUID, sessions []uuid.UUID) (map[uuid.UUID]string, error)
}

// Hub is one node's open pages.
type Hub struct {
	config   Config
	q        *queries.Queries
	sse      *sse.Server
	hints    chan struct{}
	drawing  chan struct{}
	looked   atomic.Int64 // unix milliseconds of the last look that the database answered
	draining chan struct{}
	drain    sync.Once
	streams  sync.Map // id → *stream: the library hands only the id to feed

	mu     sync.Mutex
	rooms  map[uuid.UUID]*room
	hinted map[uuid.UUID]bool
	all    bool // look at every room: a tick, or LISTEN came back
}

// New gives a hub that redraws nothing until Run.
func New(c Config) *Hub {
	server := sse.New()
	server.AutoReplay, server.AutoStream, server.SplitData, server.BufferSize = false, false, true, 0
	h := &Hub{
		config: c, q: queries.New(c.Pool), sse: server,
		hints: make(chan struct{}, 1), drawing: make(chan struct{}, drawers), draining: make(chan struct{}),
		rooms: map[uuid.UUID]*room{}, hinted: map[uuid.UUID]bool{},
	}
	server.OnSubscribe = h.feed
	return h
}

// Run listens and looks until ctx ends.
func (h *Hub) Run(ctx context.Context) {
	var both sync.WaitGroup
	both.Go(func() { h.listen(ctx) })
	both.Go(func() { h.look(ctx) })
	both.Wait()
}

// Drain asks every stream to end at a moment of its own within the spread, so that the pages do not all come back at once.
func (h *Hub) Drain() { h.drain.Do(func() { close(h.draining) }) }

// Open counts the open streams.
func (h *Hub) Open() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for _, r := range h.rooms {
		for s := range r.streams {
			if s.audience == r.audience {
				n++
			}
		}
	}
	return n
}

// drainSpread is over well before main's own patience.
const drainSpread = time.Second

func jittered(d time.Duration) time.Duration { return rand.N(d) }

// hint asks for a look at these audiences, or at all of them when none is named.
func (h *Hub) hint(audiences ...uuid.UUID) {
	h.mu.Lock()
	if len(audiences) == 0 {
		h.all = true
	}
	for _, a := range audiences {
		if h.rooms[a] != nil {
			h.hinted[a] = true
		}
	}
	wanted := h.all || len(h.hinted) > 0
	h.mu.Unlock()
	if !wanted {
		return
	}
	select {
	case h.hints <- struct{}{}:
	default: // a look is due already, and will see this
	}
}

// join puts a stream where changes are looked for, before it has read anything: what changes from now on is not missed.
func (h *Hub) join(s *stream) {
	h.mu.Lock()
	for _, audience := range s.audiences() {
		if h.rooms[audience] == nil {
			h.rooms[audience] = &room{audience: audience, streams: map[*stream]struct{}{}, versions: map[string]int64{}, regions: map[string]*region{}}
		}
		h.rooms[audience].streams[s] = struct{}{}
		h.rooms[audience].joined = true
	}
	h.mu.Unlock()
	h.hint(s.audiences()...)
}

func (h *Hub) leave(s *stream) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, audience := range s.audiences() {
		room := h.rooms[audience]
		delete(room.streams, s)
		if len(room.streams) == 0 {
			delete(h.rooms, audience)
		}
	}
}
