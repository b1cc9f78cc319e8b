package queries

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"
)

// wakeEvery bounds the NOTIFYs of one node. Each takes a lock that every NOTIFY of the cluster shares, for its commit.
const wakeEvery = 2 * time.Millisecond

// A NOTIFY payload holds 8000 bytes; an id takes 37 of them.
const wakeMost = 200

// Waker tells every node that audiences have changed, after the change was committed. It is only a hint: a page that
// misses it is redrawn by its node's next look at the versions. One goroutine, one NOTIFY in flight.
type Waker struct {
	// Here, if set before anybody wakes, tells this node's own pages without the way through the database.
	Here func(audiences ...uuid.UUID)

	changed chan uuid.UUID
	q       *Queries
	log     *slog.Logger
}

// NewWaker gives a Waker that does nothing until Run.
func NewWaker(q *Queries, log *slog.Logger) *Waker {
	return &Waker{changed: make(chan uuid.UUID, 1024), q: q, log: log}
}

// Wake never blocks: when the queue is full a hint is dropped, and the pages change a quarter of a second later.
func (w *Waker) Wake(audiences ...uuid.UUID) {
	if w.Here != nil {
		w.Here(audiences...)
	}
	for _, a := range audiences {
		select {
		case w.changed <- a:
		default:
		}
	}
}

// Run gathers and sends until ctx ends.
func (w *Waker) Run(ctx context.Context) {
	for {
		audiences := w.gather(ctx)
		if len(audiences) == 0 {
			return
		}
		if err := w.q.Wake(ctx, strings.Join(audiences, " ")); err != nil && ctx.Err() == nil {
			w.log.Warn("a wake-up was not sent; open pages follow within 250 ms", "error", err)
		}
		select {
		case <-time.After(wakeEvery):
		case <-ctx.Done():
			return
		}
	}
}

// gather waits for the first change and takes along whatever else waits by then.
func (w *Waker) gather(ctx context.Context) []string {
	seen := map[uuid.UUID]bool{}
	var audiences []string
	add := func(a uuid.UUID) {
		if !seen[a] {
			seen[a] = true
			audiences = append(audiences, a.String())
		}
	}
	select {
	case a := <-w.changed:
		add(a)
	case <-ctx.Done():
		return nil
	}
	for len(audiences) < wakeMost {
		select {
		case a := <-w.changed:
			add(a)
		default:
			return audiences
		}
	}
	return audiences
}
