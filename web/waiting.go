package web

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/queries"
)

// A delivery that still waits after this long is worth a figure on the page. Most are applied in a hundredth of it.
const waitingGrace = 300 * time.Millisecond

// waitingWatch shows deliveries that wait. The door itself bumps no region: the row lock would make all of a supplier's
// deliveries queue behind each other's commits. So a moment later one look per organisation bumps it, if something waits still.
type waitingWatch struct {
	q     *queries.Queries
	waker *queries.Waker
	log   *slog.Logger
	mu    sync.Mutex
	due   map[uuid.UUID]bool
}

func newWaitingWatch(q *queries.Queries, waker *queries.Waker, log *slog.Logger) *waitingWatch {
	return &waitingWatch{q: q, waker: waker, log: log, due: map[uuid.UUID]bool{}}
}

func (w *waitingWatch) watch(org uuid.UUID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.due[org] {
		return
	}
	w.due[org] = true
	time.AfterFunc(waitingGrace, func() { w.look(org) })
}

func (w *waitingWatch) look(org uuid.UUID) {
	w.mu.Lock()
	delete(w.due, org)
	w.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), doorPatience)
	defer cancel()
	touched, err := w.q.TouchIfWaiting(ctx, org)
	if err != nil && !databaseAway(err) { // away, or going down with us: the next delivery looks again
		w.log.Warn("whether deliveries wait could not be looked up", "org_id", org, "error", err)
		return
	}
	if touched > 0 {
		w.waker.Wake(org)
	}
}
