package jobs

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/jobs/notify"
	"github.com/wedsync/wedsync/jobs/outbound"
	"github.com/wedsync/wedsync/jobs/outside"
	"github.com/wedsync/wedsync/queries"
)

type tidyArgs struct{}

func (tidyArgs) Kind() string { return "tidy" }

// InsertOpts: a minute later the next one comes, so a failed one is not worth a retry.
func (tidyArgs) InsertOpts() river.InsertOpts { return river.InsertOpts{MaxAttempts: 1} }

// tidy does what the clock asks for: sessions end, figures that count days change at local midnight, what lost its job gets
// another, and what is old enough goes.
type tidy struct {
	river.WorkerDefaults[tidyArgs]
	pool  *pgxpool.Pool
	waker *queries.Waker
	log   *slog.Logger

	outside *outside.Door
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
	if err := t.pickUp(ctx); err != nil {
		return err
	}
	messages, err := outbound.PickUp(ctx, t.pool, river.ClientFromContext[pgx.Tx](ctx))
	if err != nil {
		return err
	}
	if messages > 0 {
		t.log.WarnContext(ctx, "messages waited without a job", "messages", messages)
	}
	told, err := notify.Stranded(ctx, t.pool, river.ClientFromContext[pgx.Tx](ctx), time.Now())
	if err != nil {
		return err
	}
	if told > 0 {
		t.log.WarnContext(ctx, "notifications waited without a job", "notifications", told)
	}
	return errors.Join(outbound.Prune(ctx, q, time.Now()), t.outside.Prune(ctx))
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
