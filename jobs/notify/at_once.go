package notify

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/wedsync/wedsync/queries"
)

// What may be told in the transaction of what happened: so little, and so seldom, that nobody who waits for the commit feels
// it.
const (
	fewNotices = 3
	fewPeople  = 25
	calmAfter  = 250 * time.Millisecond
	mostKnown  = 10_000
)

var errMany = errors.New("too many people to tell in this transaction")

// AtOnce tells in the transaction of what happened, where that is little.
type AtOnce struct {
	Carriers *Carriers

	mu   sync.Mutex
	last map[uuid.UUID]time.Time // when an organisation last had news, on this node
}

// Announce is Announce where somebody watches: a few notices to a few people are fanned out in the transaction itself, which
// saves them a queue. What cannot be done there is undone to a savepoint and left to the job, as all news is while much
// happens: telling never costs what it tells of. All notices are of one organisation. It gives the regions that its
// transaction has to touch.
func (a *AtOnce) Announce(ctx context.Context, tx pgx.Tx, client *river.Client[pgx.Tx], notices []Notice, now time.Time) (map[string]bool, error) {
	fresh, err := keepNotices(ctx, tx, notices)
	if err != nil || len(fresh) == 0 {
		return nil, err
	}
	if a.calm(fresh[0].OrgID, now) && len(fresh) <= fewNotices {
		regions, err := spreadHere(ctx, tx, client, a.Carriers, fresh, now)
		if err == nil || ctx.Err() != nil {
			return regions, err
		}
	}
	if _, err := client.InsertManyFastTx(ctx, tx, fanOuts(fresh)); err != nil {
		return nil, fmt.Errorf("announce: %w", err)
	}
	return nil, nil
}

// calm: this organisation has had no news for a moment.
func (a *AtOnce) calm(org uuid.UUID, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.last == nil || len(a.last) >= mostKnown {
		a.last = map[uuid.UUID]time.Time{}
	}
	before := a.last[org]
	a.last[org] = now
	return now.Sub(before) >= calmAfter
}

func spreadHere(ctx context.Context, tx pgx.Tx, client *river.Client[pgx.Tx], carriers *Carriers, fresh []queries.AddNoticesRow, now time.Time) (map[string]bool, error) {
	w := &wave{org: fresh[0].OrgID, now: now, carriers: carriers, most: fewPeople, regions: map[string]bool{}}
	ids := make([]uuid.UUID, len(fresh))
	for i, row := range fresh {
		ids[i] = row.ID
	}
	err := pgx.BeginFunc(ctx, tx, func(inner pgx.Tx) error {
		w.q = queries.New(inner)
		if err := w.spread(ctx, ids); err != nil || len(w.jobs) == 0 {
			return err
		}
		_, err := client.InsertManyFastTx(ctx, inner, w.jobs)
		return err
	})
	return w.regions, err
}
