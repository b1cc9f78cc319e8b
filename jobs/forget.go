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

// keepLinks is how long a link that has ended is known as one: whoever finds it in their mailbox reads what became of it.
const keepLinks = 7 * 24 * time.Hour

// keepDevices is a little longer than the cookie that a browser is known by.
const keepDevices = 400 * 24 * time.Hour

type forgetArgs struct{}

func (forgetArgs) Kind() string { return "forget_sheets" }

// InsertOpts: an hour later the next one comes.
func (forgetArgs) InsertOpts() river.InsertOpts { return river.InsertOpts{MaxAttempts: 1} }

// forget lets go of what is of no more use: files that hold people's names, links that have ended, browsers long unseen, and
// what was told long ago.
type forget struct {
	river.WorkerDefaults[forgetArgs]
	pool *pgxpool.Pool
}

func (f *forget) Work(ctx context.Context, _ *river.Job[forgetArgs]) error {
	q, now := queries.New(f.pool), time.Now()
	_, sheets := q.AllOrgsForgetSheets(ctx, now.Add(-keepSheets))
	_, links := q.AllOrgsForgetLinks(ctx, now.Add(-keepLinks))
	_, devices := q.AllOrgsForgetDevices(ctx, now.Add(-keepDevices))
	_, secrets := q.AllOrgsForgetSecrets(ctx, now.Add(-VerifyLife))
	return errors.Join(sheets, links, devices, secrets, forgetTold(ctx, q, now))
}
