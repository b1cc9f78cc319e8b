package jobs

import (
	"context"
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

// forget lets go of files that hold people's names and are of no more use.
type forget struct {
	river.WorkerDefaults[forgetArgs]
	pool *pgxpool.Pool
}

func (f *forget) Work(ctx context.Context, _ *river.Job[forgetArgs]) error {
	_, err := queries.New(f.pool).AllOrgsForgetSheets(ctx, time.Now().Add(-keepSheets))
	return err
}
