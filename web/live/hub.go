// Package live keeps open pages equal to the database.
//
// A page shows regions; the database keeps a version per audience and region. The hub listens for hints, looks at the
// versions of the audiences that have pages open, draws what differs once per audience, and writes it to each page.
// Nothing is replayed and no cursor is kept: after any gap, a page that shows an older version is drawn anew.
//
// It hides LISTEN, the r3labs/sse library and its faults, slow readers, heartbeats, revoked rights and draining.
// Only web imports it.
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

// drawers bounds the database connections that drawing may take from everything else; never more than half of the pool.
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
	// Pace is how soon after one drawing of a region the next may follow: a list that is read gains nothing from fifty
	// drawings a second, and each costs a write to every page. Nil: at once.
	Pace func(region string) time.Duration
	// Stand tells which of the sessions may still see the audience, and in which role.
	Stand func(ctx context.Context, audience uuid.UUID, sessions []uuid.UUID) (map[uuid.UUID]string, error)
}

// Hub is one node's open pages.
type Hub struct {
	config  Config
	q       *queries.Queries
	sse     *sse.Server
	hints   chan struct{}
	drawing chan struct{}
	looked  atomic.Int64 // unix milliseconds of the last look that the database answered
	streams sync.Map     // id → *stream: the library hands only the id to feed

	// Fields, so that tests need not wait as long as people do.
	heartbeat, writeTimeout, drainSpread time.Duration

	// The lock is never held over I/O: whoever has it only compares and leaves things to others.
	mu       sync.Mutex
	server   time.Time // when the database server started that we listen to
	draining bool
	gone     chan struct{} // closed once the node drains and no stream is left
	rooms    map[uuid.UUID]*room
	people   map[uuid.UUID]*person
	hinted   map[uuid.UUID]bool
	all      bool        // look at everything: a tick, or LISTEN came back
	sweep    []uuid.UUID // what is left of doing so
	looks    uint64      // begun so far
}

// New gives a hub that redraws nothing until Run.
func New(c Config) *Hub {
	server := sse.New()
	server.AutoReplay, server.AutoStream, server.SplitData, server.BufferSize = false, false, true, 0
	h := &Hub{
		config: c, q: queries.New(c.Pool), sse: server,
		hints: make(chan struct{}, 1), drawing: make(chan struct{}, min(drawers, max(1, c.Pool.Config().MaxConns/2))),
		heartbeat: heartbeat, writeTimeout: writeTimeout, drainSpread: drainSpread,
		gone: make(chan struct{}), rooms: map[uuid.UUID]*room{}, people: map[uuid.UUID]*person{}, hinted: map[uuid.UUID]bool{},
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

// Drain refuses new streams and ends every open one at a moment of its own within the spread, so that the pages do not
// all come back at once. A reader that stalls is not waited for.
func (h *Hub) Drain() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.draining {
		return
	}
	h.draining = true
	if len(h.rooms) == 0 {
		close(h.gone)
	}
	for _, r := range h.rooms {
		for s := range r.streams {
			time.AfterFunc(rand.N(h.drainSpread), s.cancel)
		}
	}
}

// Gone is closed once the node drains and its last stream has ended.
func (h *Hub) Gone() <-chan struct{} { return h.gone }

// Open counts the open streams.
func (h *Hub) Open() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for _, r := range h.rooms {
		n += len(r.streams)
	}
	return n
}

// Hint says that these audiences have changed: a committed change of this very node, which need not come back by NOTIFY.
func (h *Hub) Hint(audiences ...uuid.UUID) {
	if len(audiences) > 0 {
		h.hint(audiences...)
	}
}

// hint asks for a look at these audiences, or at all of them when none is named.
func (h *Hub) hint(audiences ...uuid.UUID) {
	h.mu.Lock()
	if len(audiences) == 0 {
		h.all = true
	}
	for _, a := range audiences {
		if h.rooms[a] != nil || h.people[a] != nil {
			h.hinted[a] = true
		}
	}
	wanted := h.all || len(h.hinted) > 0
	h.mu.Unlock()
	if wanted {
		h.ring()
	}
}

func (h *Hub) ring() {
	select {
	case h.hints <- struct{}{}:
	default: // a look is due already, and will see this
	}
}
