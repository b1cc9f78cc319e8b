package jobs

import (
	"context"
	"log/slog"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/wedsync/wedsync/queries"
)

type tidyArgs struct{}

func (tidyArgs) Kind() string { return "tidy" }

// InsertOpts: a minute later the next one comes, so a failed one is not worth a retry.
func (tidyArgs) InsertOpts() river.InsertOpts { return river.InsertOpts{MaxAttempts: 1} }

// tidy does what the clock asks for: sessions end, and figures that count days change at local midnight.
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
	return nil
}
