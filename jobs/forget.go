package jobs

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/wedsync/wedsync/queries"
)

// keepSheets is how long an uploaded file is kept after it was last of use: long enough to look up what a row said.
const keepSheets = 30 * 24 * time.Hour

type forgetArgs struct{}

func (forgetArgs) Kind() string { return "forget_sheets" }

// InsertOpts: an hour later the next one comes.
func (forgetArgs) InsertOpts() river.InsertOpts { return river.InsertOpts{MaxAttempts: 1} }

// forget lets go of files that hold people's names and are of no more use, and of what was told long ago.
type forget struct {
	river.WorkerDefaults[forgetArgs]
	pool *pgxpool.Pool
}

func (f *forget) Work(ctx context.Context, _ *river.Job[forgetArgs]) error {
	q, now := queries.New(f.pool), time.Now()
	_, err := q.AllOrgsForgetSheets(ctx, now.Add(-keepSheets))
	return errors.Join(err, forgetTold(ctx, q, now))
}
