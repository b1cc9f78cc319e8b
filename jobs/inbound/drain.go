package inbound

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/wedsync/wedsync/jobs/notify"
	"github.com/wedsync/wedsync/queries"
)

const (
	mostInBatch   = 100 // a few dozen milliseconds: how long a neighbour's single delivery waits for a storm at most
	drainAttempts = 25  // a lane is never given up; after these tidy begins anew
	longestPause  = time.Minute
)

// Drain empties a lane, one batch for each run. Rows, fates, the completion of the job and the versions of the regions that
// show it are one transaction.
type Drain struct {
	river.WorkerDefaults[DrainArgs]
	Pool  *pgxpool.Pool
	Waker *queries.Waker
	Log   *slog.Logger

	Tell *notify.AtOnce // nil: what is told is told by a job of its own
}

// again marks work that a crash of the database may undo whole: rows, fate, job and versions go back together, and the
// delivery, which the door made durable, is simply applied again. So it need not wait for the disk.
//
// Everything in it is found by its key, so the first plan is as good as any later one, and planning each statement anew
// would take longer than running it.
var again = pgx.TxOptions{BeginQuery: "BEGIN; SET LOCAL synchronous_commit = off; SET LOCAL plan_cache_mode = force_generic_plan"}

// NextRetry comes back soon: what stops a whole lane is a database that is away, and then that it is back.
func (d *Drain) NextRetry(job *river.Job[DrainArgs]) time.Time {
	return time.Now().Add(min(longestPause, time.Duration(1<<min(job.Attempt, 10))*100*time.Millisecond))
}

// Work applies the next batch. Where a batch fails, its deliveries are tried one by one, so that the one at fault is set
// aside and holds nothing up; so they are too after a run that ended without a word, whose node may have died of one.
func (d *Drain) Work(ctx context.Context, job *river.Job[DrainArgs]) error {
	lane := Lane(job.Args)
	if job.Attempt > 1 {
		if err := d.oneByOne(ctx, lane); err != nil {
			return err
		}
	}
	err := d.once(ctx, job, lane)
	if err != nil && ctx.Err() == nil {
		d.Log.WarnContext(ctx, "a batch was not applied; its deliveries are tried one by one", "org_id", lane.OrgID, "connection_id", lane.ConnectionID, "error", err)
		if err = d.oneByOne(ctx, lane); err == nil {
			err = d.once(ctx, job, lane)
		}
	}
	if err != nil {
		return err
	}
	d.Waker.Wake(lane.OrgID)
	return nil
}

func (d *Drain) once(ctx context.Context, job *river.Job[DrainArgs], lane Lane) error {
	return pgx.BeginTxFunc(ctx, d.Pool, again, func(tx pgx.Tx) error {
		b, err := hold(ctx, tx, lane, time.Now())
		if err != nil {
			return err
		}
		if b == nil {
			_, err := river.JobCompleteTx[*riverpgxv5.Driver](ctx, tx, job)
			return err
		}
		rows, err := b.next(ctx, mostInBatch)
		if err != nil {
			return err
		}
		if err := b.apply(ctx, rows); err != nil {
			return err
		}
		if err := b.settle(ctx); err != nil {
			return err
		}
		if err := b.pass(ctx); err != nil {
			return err
		}
		if err := b.announce(ctx, d.Tell); err != nil {
			return err
		}
		if err := leave(ctx, tx, b.q, lane); err != nil {
			return err
		}
		if _, err := river.JobCompleteTx[*riverpgxv5.Driver](ctx, tx, job); err != nil {
			return err
		}
		return b.touch(ctx)
	})
}

// leave frees the lane when nothing more waits in it, and otherwise goes to the back of the queue.
func leave(ctx context.Context, tx pgx.Tx, q *queries.Queries, lane Lane) error {
	shut, err := q.AllOrgsTryShutLane(ctx, lane.key())
	if err != nil {
		return fmt.Errorf("shut the lane: %w", err)
	}
	if shut {
		left, err := q.LeaveLane(ctx, queries.LeaveLaneParams{OrgID: lane.OrgID, ConnectionID: lane.ConnectionID})
		if err != nil {
			return fmt.Errorf("leave the lane: %w", err)
		}
		if left > 0 {
			return nil
		}
	}
	_, err = river.ClientFromContext[pgx.Tx](ctx).InsertManyFastTx(ctx, tx, []river.InsertManyParams{{Args: DrainArgs(lane)}})
	return err
}

func (b *batch) next(ctx context.Context, most int64) ([]queries.InLaneRow, error) {
	found, err := b.q.NextInLane(ctx, queries.NextInLaneParams{OrgID: b.lane.OrgID, ConnectionID: b.lane.ConnectionID, Most: most})
	if err != nil {
		return nil, fmt.Errorf("next in lane: %w", err)
	}
	rows := make([]queries.InLaneRow, len(found))
	for i, row := range found {
		rows[i] = queries.InLaneRow(row)
	}
	return rows, nil
}
