package inbound

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/riverqueue/river"

	"github.com/wedsync/wedsync/queries"
)

// noteTimeout bounds the note of a failed attempt.
const noteTimeout = 5 * time.Second

// oneByOne applies what waits in a lane a delivery at a time, each in a transaction of its own, and sets aside what cannot
// be applied now. A try is counted before it begins, so that a delivery that kills its node each time is given up at last.
func (d *Drain) oneByOne(ctx context.Context, lane Lane) error {
	for range mostInBatch {
		var row *queries.InLaneRow
		err := pgx.BeginTxFunc(ctx, d.Pool, again, func(tx pgx.Tx) (err error) {
			row, err = firstTry(ctx, tx, lane)
			return err
		})
		if err != nil || row == nil {
			return err
		}
		if err := d.alone(ctx, lane, *row); err != nil {
			if err := setAside(ctx, d, lane, *row, err); err != nil {
				return err
			}
		}
	}
	return nil
}

// firstTry is the next delivery of a lane, with this try counted; nil when none waits.
func firstTry(ctx context.Context, tx pgx.Tx, lane Lane) (*queries.InLaneRow, error) {
	b, err := hold(ctx, tx, lane, time.Now())
	if err != nil || b == nil {
		return nil, err
	}
	rows, err := b.next(ctx, 1)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	row := rows[0]
	row.Attempts, err = b.q.BeginTry(ctx, queries.BeginTryParams{OrgID: lane.OrgID, ID: row.ID})
	return &row, err
}

// alone applies one delivery whose try is counted already, unless the tries before it ended without a word as often as may
// be. Somebody else may have settled it meanwhile, and that stands.
func (d *Drain) alone(ctx context.Context, lane Lane, row queries.InLaneRow) error {
	if tries(row) > MaxAttempts {
		return errors.New("it was tried as often as it may be")
	}
	err := pgx.BeginTxFunc(ctx, d.Pool, again, func(tx pgx.Tx) error {
		b, err := hold(ctx, tx, lane, time.Now())
		if err != nil || b == nil {
			return err
		}
		b.counted = 0
		if err := b.applyIfOpen(ctx, row); err != nil {
			return err
		}
		if err := b.pass(ctx); err != nil {
			return err
		}
		if err := b.announce(ctx, nil); err != nil {
			return err
		}
		return b.touch(ctx)
	})
	if err == nil {
		d.Waker.Wake(lane.OrgID)
	}
	return err
}

func (b *batch) applyIfOpen(ctx context.Context, row queries.InLaneRow) error {
	if stands, err := b.stands(ctx, row.ID); err != nil || !stands {
		return err
	}
	if err := b.apply(ctx, []queries.InLaneRow{row}); err != nil {
		return err
	}
	return b.settle(ctx)
}

// stands says whether a delivery is still a worker's to settle.
func (b *batch) stands(ctx context.Context, id uuid.UUID) (bool, error) {
	now, err := b.q.InLane(ctx, queries.InLaneParams{OrgID: b.lane.OrgID, ConnectionID: b.lane.ConnectionID, Ids: []uuid.UUID{id}})
	return err == nil && len(now) == 1 && open(now[0]), err
}

// open is a delivery that a worker may still settle: what waits, and what is tried again by itself.
func open(row queries.InLaneRow) bool {
	return row.Status == queries.DeliveryStatusAccepted || row.Status == queries.DeliveryStatusFailed && row.NextTryAt != nil
}

// setAside records the failed try beside the rolled-back transaction, so that the page tells what the retries are about,
// and gives the delivery a retry of its own. Data that the database refuses is refused again by every retry: it fails at once.
func setAside(ctx context.Context, d *Drain, lane Lane, row queries.InLaneRow, cause error) error {
	status, reason, next := aside(row, cause, time.Now())
	d.Log.ErrorContext(ctx, "a delivery was not applied", "delivery_id", row.ID, "org_id", lane.OrgID, "attempt", row.Attempts, "status", status, "next_try_at", next, "error", cause)
	// The job's own time may be what ran out.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTimeout)
	defer cancel()
	err := pgx.BeginFunc(ctx, d.Pool, func(tx pgx.Tx) error {
		b, err := hold(ctx, tx, lane, time.Now())
		if err != nil || b == nil {
			return err
		}
		if stands, err := b.stands(ctx, row.ID); err != nil || !stands {
			return err // another run has settled it meanwhile, and that stands
		}
		day, err := b.dayAffected(ctx, row)
		if err != nil {
			return err
		}
		b.counted = 0
		b.note(row.ID, status, reason, day, "", next)
		b.arrived(row)
		if err := b.settle(ctx); err != nil {
			return err
		}
		if !next.IsZero() {
			args, opts := ApplyArgs{OrgID: lane.OrgID, DeliveryID: row.ID}, &river.InsertOpts{ScheduledAt: next}
			if _, err := river.ClientFromContext[pgx.Tx](ctx).InsertTx(ctx, tx, args, opts); err != nil {
				return err
			}
		}
		return b.touch(ctx)
	})
	if err == nil {
		d.Waker.Wake(lane.OrgID)
	}
	return err
}

// aside is what becomes of a delivery that could not be applied, after as many attempts as its row says.
func aside(row queries.InLaneRow, cause error, now time.Time) (queries.DeliveryStatus, string, time.Time) {
	var refused *pgconn.PgError
	switch {
	case refusesData(cause) && errors.As(cause, &refused):
		return queries.DeliveryStatusFailed, words(fmt.Sprintf(doesNotFit, refused.Message)), time.Time{}
	case tries(row) >= MaxAttempts:
		return queries.DeliveryStatusDead, TriedEnough, time.Time{}
	default:
		return queries.DeliveryStatusFailed, triesAgain, now.Add(Backoff(row.ID, tries(row)))
	}
}
