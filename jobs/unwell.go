package jobs

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/wedsync/wedsync/queries"
)

// lookAtUnwell bounds how old what an open page says of a connection in trouble may be.
const lookAtUnwell = time.Minute

type unwellArgs struct{}

func (unwellArgs) Kind() string { return "look_at_unwell" }

// InsertOpts: a minute later the next one comes.
func (unwellArgs) InsertOpts() river.InsertOpts { return river.InsertOpts{MaxAttempts: 1} }

// unwell redraws how connections in trouble are: their trouble goes on without a write that would show it.
type unwell struct {
	river.WorkerDefaults[unwellArgs]
	pool  *pgxpool.Pool
	waker *queries.Waker
}

func (u *unwell) Work(ctx context.Context, _ *river.Job[unwellArgs]) error {
	orgs, err := queries.New(u.pool).AllOrgsTouchUnwell(ctx)
	if err != nil || len(orgs) == 0 {
		return err
	}
	slices.SortFunc(orgs, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	u.waker.Wake(slices.Compact(orgs)...)
	return nil
}
