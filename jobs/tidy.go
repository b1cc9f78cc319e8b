package jobs

import (
	"context"
	"log/slog"

	"github.com/google/uuid"
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

// pickUp finds deliveries that wait for a job which will never come, and gives them one; those whose job was discarded
// are given up, in words.
func (t *tidy) pickUp(ctx context.Context) error {
	stranded, err := queries.AllOrgsStranded(ctx, t.pool)
	if err != nil || len(stranded) == 0 {
		return err
	}
	t.log.WarnContext(ctx, "deliveries waited without a job", "deliveries", len(stranded))
	var jobs []river.InsertManyParams
	for _, s := range stranded {
		if !s.GivenUp {
			jobs = append(jobs, river.InsertManyParams{Args: inbound.ApplyArgs{OrgID: s.OrgID, DeliveryID: s.ID}})
			continue
		}
		err := pgx.BeginFunc(ctx, t.pool, func(tx pgx.Tx) error {
			q := queries.New(tx)
			if _, err := q.MarkDead(ctx, queries.MarkDeadParams{OrgID: s.OrgID, ID: s.ID, Error: inbound.TriedEnough}); err != nil {
				return err
			}
			return q.TouchRegions(ctx, queries.TouchRegionsParams{Audiences: []uuid.UUID{s.OrgID}, Regions: []string{"kpis"}})
		})
		if err != nil {
			return err
		}
		t.waker.Wake(s.OrgID)
	}
	if len(jobs) == 0 {
		return nil
	}
	_, err = river.ClientFromContext[pgx.Tx](ctx).InsertManyFast(ctx, jobs)
	return err
}
