package jobs

import (
	"context"
	"log/slog"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/queries"
)

type tidyArgs struct{}

func (tidyArgs) Kind() string { return "tidy" }

// InsertOpts: a minute later the next one comes, so a failed one is not worth a retry.
func (tidyArgs) InsertOpts() river.InsertOpts { return river.InsertOpts{MaxAttempts: 1} }

// tidy does what the clock asks for: sessions end, figures that count days change at local midnight, and deliveries whose
// job was lost get another.
type tidy struct {
	river.WorkerDefaults[tidyArgs]
	pool  *pgxpool.Pool
	waker *queries.Waker
	log   *slog.Logger
}

func (t *tidy) Work(ctx context.Context, _ *river.Job[tidyArgs]) error {
	q := queries.New(t.pool)
	if _, err := q.EndExpiredSessions(ctx); err != nil {
		return err
	}
	orgs, err := q.AllOrgsTouchNewDay(ctx)
	if err != nil {
		return err
	}
	t.waker.Wake(orgs...)
	return t.pickUp(ctx)
}

// pickUp finds deliveries that wait for a job which will never come, and gives them one.
func (t *tidy) pickUp(ctx context.Context) error {
	lanes, err := queries.AllOrgsStrandedLanes(ctx, t.pool)
	if err != nil {
		return err
	}
	late, err := queries.AllOrgsStranded(ctx, t.pool)
	if err != nil || len(lanes)+len(late) == 0 {
		return err
	}
	t.log.WarnContext(ctx, "deliveries waited without a job", "lanes", len(lanes), "set_aside", len(late))
	var jobs []river.InsertManyParams
	for _, l := range lanes {
		jobs = append(jobs, river.InsertManyParams{Args: inbound.DrainArgs{OrgID: l.OrgID, ConnectionID: l.ConnectionID}})
	}
	for _, s := range late {
		jobs = append(jobs, river.InsertManyParams{Args: inbound.ApplyArgs{OrgID: s.OrgID, DeliveryID: s.ID}})
	}
	_, err = river.ClientFromContext[pgx.Tx](ctx).InsertManyFast(ctx, jobs)
	return err
}
