package notify

import (
	"context"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/wedsync/wedsync/jobs/notify/carrier"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/seal"
)

// SendArgs names one notification.
type SendArgs struct {
	OrgID          uuid.UUID `json:"org_id"`
	NotificationID uuid.UUID `json:"notification_id"`
}

// Kind is River's name for the job; it stands in the database, so it never changes.
func (SendArgs) Kind() string { return "send_notification" }

// InsertOpts: the schedule is ours, and a job waits for it by snoozing. River's attempts are for faults of our own.
func (SendArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueName, MaxAttempts: 25}
}

// Send hands one notification to a carrier. It writes that it is about to, and waits for the disk, before anything leaves;
// a run that finds such a note without an end knows that the message may be out, and asks or says so instead of sending it
// again (except to a carrier that knows our ids).
type Send struct {
	river.WorkerDefaults[SendArgs]
	Pool     *pgxpool.Pool
	Waker    *queries.Waker
	Carriers *Carriers
	Box      *seal.Box
	Log      *slog.Logger
	URL      string // public address, without a slash at its end
}

// NextRetry is for faults of our own; a notification's pauses are in schedule.go.
func (s *Send) NextRetry(job *river.Job[SendArgs]) time.Time {
	return time.Now().Add(min(time.Duration(job.Attempt)*2*time.Second, time.Minute))
}

// Work takes the carriers of the channel one after the other until one has an answer that lasts.
func (s *Send) Work(ctx context.Context, job *river.Job[SendArgs]) error {
	for range 3 {
		a, err := s.begin(ctx, job.Args)
		if err != nil || a == nil {
			return err
		}
		out := s.carry(ctx, a)
		if out.Err != nil && out.Fate != carrier.Accepted && ctx.Err() == nil { // else it was cut short by us, and how far it came is known
			s.Log.ErrorContext(ctx, "a fault of our own at handing over", "org_id", a.row.OrgID, "notification_id", a.row.ID, "carrier", a.provider, "error", out.Err)
		}
		again, err := s.settle(ctx, a, out)
		if err != nil || !again {
			return err
		}
	}
	return river.JobSnooze(time.Second)
}

// carry does what this attempt is for: to hand over, or to ask about an earlier one. Whose it is that was found is settled later,
// under a lock.
func (s *Send) carry(ctx context.Context, a *attempt) carrier.Outcome {
	if !a.lookUp {
		return s.Carriers.hand(ctx, queries.New(s.Pool), a.provider, a.parcel)
	}
	found, fault := s.Carriers.Twilio.Find(ctx, a.parcel.text, a.row.CreatedAt)
	a.found = found
	return fault
}

// notNow: settled or removed meanwhile, and there is nothing to do; or somebody else has it, and this run looks again.
func notNow(due *time.Time, now time.Time) error {
	if due == nil {
		return nil
	}
	return river.JobSnooze(max(due.Sub(now), 100*time.Millisecond))
}

func (s *Send) tx(ctx context.Context, do func(*queries.Queries, pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, s.Pool, func(tx pgx.Tx) error { return do(queries.New(tx), tx) })
}
