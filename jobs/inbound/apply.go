package inbound

import (
	"context"
	"errors"
	"log/slog"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/wedsync/wedsync/queries"
)

// ApplyArgs names one delivery that was set aside, to be tried again by itself.
type ApplyArgs struct {
	OrgID      uuid.UUID `json:"org_id"`
	DeliveryID uuid.UUID `json:"delivery_id"`
}

// Kind is River's name for the job; it stands in the database, so it never changes.
func (ApplyArgs) Kind() string { return "apply_delivery" }

// InsertOpts: the row counts the attempts, and says when it is enough. A queue apart from the drains: there is one drain for
// a lane, but as many retries as one sender's trouble makes, and all of them wait for its lane.
func (ApplyArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: RetryQueue, MaxAttempts: 2 * MaxAttempts}
}

// Apply tries a delivery again that was set aside, outside its lane.
type Apply struct {
	river.WorkerDefaults[ApplyArgs]
	Pool  *pgxpool.Pool
	Waker *queries.Waker
	Log   *slog.Logger
}

// Work does it once, whatever happens: a run that finds the delivery settled does nothing. What fails is set aside anew,
// with a new job for the next try, so that the row and the queue never disagree about when that is.
func (a *Apply) Work(ctx context.Context, job *river.Job[ApplyArgs]) error {
	q := queries.New(a.Pool)
	connection, err := q.DeliveryLane(ctx, queries.DeliveryLaneParams{OrgID: job.Args.OrgID, ID: job.Args.DeliveryID})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil // its connection was removed meanwhile, and the delivery with it
	}
	if err != nil {
		return err
	}
	lane, drain := Lane{job.Args.OrgID, connection}, &Drain{Pool: a.Pool, Waker: a.Waker, Log: a.Log}
	row, err := retry(ctx, q, lane, job.Args.DeliveryID)
	if err != nil || row == nil {
		return err
	}
	if err := drain.alone(ctx, lane, *row); err != nil {
		return setAside(ctx, drain, lane, *row, err)
	}
	return nil
}

// retry is the delivery with this try counted; nil when it is not to be tried any more, or not yet.
func retry(ctx context.Context, q *queries.Queries, lane Lane, id uuid.UUID) (*queries.InLaneRow, error) {
	rows, err := q.InLane(ctx, queries.InLaneParams{OrgID: lane.OrgID, ConnectionID: lane.ConnectionID, Ids: []uuid.UUID{id}})
	if err != nil || len(rows) == 0 || !open(rows[0]) {
		return nil, err
	}
	rows[0].Attempts, err = q.BeginTry(ctx, queries.BeginTryParams{OrgID: lane.OrgID, ID: id})
	return &rows[0], err
}
