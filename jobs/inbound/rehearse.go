package inbound

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/wedsync/wedsync/queries"
)

const (
	MostRehearsed = 50               // what a person can look through, and a lane can wait for
	rehearsalTime = 10 * time.Second // a rehearsal holds its lane: it must not hold it long
)

// Rehearsal is what running deliveries again would do, as far as can be known beforehand.
type Rehearsal struct {
	At         time.Time
	Deliveries []Rehearsed // each connection's in order of arrival, which is the order in which they would run
}

// Rehearsed is one delivery and what would become of it.
type Rehearsed struct {
	ID         uuid.UUID
	Provider   queries.Provider
	EventID    string
	ReceivedAt time.Time
	WeddingOn  string // YYYY-MM-DD, or empty

	Status    queries.DeliveryStatus // what it would be afterwards
	Words     string                 // why, where it would not be applied
	NextTryAt time.Time              // where it would be tried again by itself
	Left      bool                   // it is not there to be run again: it is applied, or waits already
	Changes   []Change
	Messages  []Message
}

// Message is what somebody would be told. Told holds the facts of a notice in the feed, whose words are the view's.
type Message struct {
	Channel, To, Words string
	Told               *queries.LatestActivitiesRow
}

// Rehearse runs deliveries as a drain would run them, looks at what has changed, and takes everything back: there is no
// commit in it, no job and no NOTIFY.
func Rehearse(ctx context.Context, pool *pgxpool.Pool, org uuid.UUID, ids []uuid.UUID) (Rehearsal, error) {
	r := Rehearsal{At: time.Now()}
	if len(ids) > MostRehearsed {
		return r, fmt.Errorf("rehearse %d deliveries: at most %d", len(ids), MostRehearsed)
	}
	ctx, cancel := context.WithTimeout(ctx, rehearsalTime)
	defer cancel()
	lanes, err := queries.New(pool).LanesOf(ctx, queries.LanesOfParams{OrgID: org, Ids: ids})
	if err != nil {
		return r, fmt.Errorf("rehearse: %w", err)
	}
	for _, lane := range lanes {
		rehearsed, err := rehearseLane(ctx, pool, Lane{org, lane.ConnectionID}, lane.Ids, r.At)
		if err != nil {
			return r, fmt.Errorf("rehearse: %w", err)
		}
		r.Deliveries = append(r.Deliveries, rehearsed...)
	}
	return r, nil
}

func rehearseLane(ctx context.Context, pool *pgxpool.Pool, lane Lane, ids []uuid.UUID, now time.Time) ([]Rehearsed, error) {
	tx, err := pool.Begin(ctx)
	if err != nil {
		return nil, err
	}
	// The only end that it has, also when something panics or the time runs out. A rollback that fails closes the
	// connection, which rolls back as well.
	defer tx.Rollback(context.WithoutCancel(ctx)) //nolint:errcheck // see above
	b, err := hold(ctx, tx, lane, now)
	if err != nil || b == nil {
		return nil, err
	}
	rows, err := b.q.InLane(ctx, queries.InLaneParams{OrgID: lane.OrgID, ConnectionID: lane.ConnectionID, Ids: ids})
	if err != nil {
		return nil, err
	}
	all := make([]Rehearsed, len(rows))
	for i, row := range rows {
		if all[i], err = b.rehearse(ctx, tx, row); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// rehearse applies one delivery in a part of the transaction, so that one that fails takes only itself back; a drain comes
// to the same by trying one by one.
func (b *batch) rehearse(ctx context.Context, tx pgx.Tx, row queries.InLaneRow) (Rehearsed, error) {
	r := Rehearsed{ID: row.ID, Provider: b.setup.Provider, EventID: row.EventID, ReceivedAt: row.ReceivedAt, Status: row.Status}
	if row.Status == queries.DeliveryStatusApplied || row.Status == queries.DeliveryStatusAccepted {
		r.Left = true
		return r, nil
	}
	row.Forgiven = row.Attempts
	alone := b.alone()
	err := pgx.BeginFunc(ctx, tx, func(part pgx.Tx) error {
		if err := alone.on(part).apply(ctx, []queries.InLaneRow{row}); err != nil {
			return err
		}
		if err := alone.settle(ctx); err != nil {
			return err
		}
		var err error
		r.Messages, err = alone.messages(ctx)
		return err
	})
	if err != nil && (ctx.Err() != nil || tx.Conn().IsClosed()) {
		return r, err
	}
	if err != nil {
		row.Attempts++
		r.Status, r.Words, r.NextTryAt = aside(row, err, b.now)
		return r, nil
	}
	f := alone.fates
	r.Status, r.Words, r.WeddingOn = queries.DeliveryStatus(f.Statuses[0]), f.Errors[0], f.WeddingDays[0]
	r.Changes = alone.seen.changes
	return r, nil
}

// alone is the same batch with nothing gathered yet, and with somebody who watches.
func (b *batch) alone() *batch {
	other := *b
	other.days, other.used, other.regions = map[string]int32{}, map[uuid.UUID]time.Time{}, map[string]bool{}
	other.seen = &recorder{zone: b.defaults.Zone}
	return &other
}

// messages are what a batch would tell: notices in the supplier's own feed, and what goes to their own systems.
func (b *batch) messages(ctx context.Context) (all []Message, err error) {
	t := b.told
	for i, kind := range t.Kinds {
		told := &queries.LatestActivitiesRow{At: t.Ats[i], Kind: kind, Who: t.Whos[i], What: t.Whats[i], Currency: t.Currencies[i], Provider: &b.setup.Provider}
		if t.HasAmounts[i] {
			told.AmountMinor = &t.Amounts[i]
		}
		all = append(all, Message{Channel: "feed", Told: told})
	}
	if len(b.news) == 0 {
		return all, nil
	}
	hearers, err := b.q.Hearers(ctx, b.lane.OrgID)
	for _, to := range hearers {
		for _, news := range b.news {
			if len(to.Types) == 0 || slices.Contains(to.Types, news.Type) {
				all = append(all, Message{Channel: "Sent", To: to.Name, Words: news.Type})
			}
		}
	}
	return all, err
}
