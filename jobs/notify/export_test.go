package notify

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/wedsync/wedsync/jobs/notify/carrier"
	"github.com/wedsync/wedsync/queries"
)

// The steps of a hand-over, for tests that cut it off between them.

type Attempt = attempt

func (s *Send) Begin(ctx context.Context, args SendArgs) (*Attempt, error) { return s.begin(ctx, args) }

func (s *Send) Carry(ctx context.Context, a *Attempt) carrier.Outcome { return s.carry(ctx, a) }

func (s *Send) Settle(ctx context.Context, a *Attempt, out carrier.Outcome) (bool, error) {
	return s.settle(ctx, a, out)
}

func (c *Clock) Look(ctx context.Context, now time.Time, client *river.Client[pgx.Tx]) error {
	return c.look(ctx, now, client)
}

func NotificationID(notice, recipient uuid.UUID, ch queries.Channel) uuid.UUID {
	return notificationID(notice, recipient, ch)
}

// Rank is how far a status has come, and whether it has a place at all.
func Rank(s queries.NotificationStatus) (int, bool) {
	r, known := rank[s]
	return r, known
}

var (
	AskAgain = askAgain
	Late     = late
)
