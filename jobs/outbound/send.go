package outbound

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/wedsync/wedsync/jobs/outside"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/seal"
)

// SendArgs names one message.
type SendArgs struct {
	OrgID     uuid.UUID `json:"org_id"`
	MessageID uuid.UUID `json:"message_id"`
}

// Kind is River's name for the job; it stands in the database, so it never changes.
func (SendArgs) Kind() string { return "send_message" }

// InsertOpts: the schedule is ours, and a job waits for it by snoozing. River's attempts are only for what fails in our own
// house, such as a database that is away.
func (SendArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: QueueName, MaxAttempts: 25}
}

// Send sends one message once, and says when the next try is.
type Send struct {
	river.WorkerDefaults[SendArgs]
	Pool *pgxpool.Pool
	Door *outside.Door
	Box  *seal.Box
	Log  *slog.Logger
}

const (
	deadline   = 15 * time.Second
	answerRead = 16 << 10 // nobody reads what a receiver says about a message
)

// NextRetry is for faults of our own; a message's pauses are in schedule.go.
func (s *Send) NextRetry(job *river.Job[SendArgs]) time.Time {
	return time.Now().Add(min(time.Duration(job.Attempt)*10*time.Second, 10*time.Minute))
}

// Work claims the message, sends it with no transaction open, and settles it. A node that dies between sending and settling
// leaves it to be sent again, under the same id.
func (s *Send) Work(ctx context.Context, job *river.Job[SendArgs]) error {
	q, org, now := queries.New(s.Pool), job.Args.OrgID, time.Now()
	m, err := q.ClaimMessage(ctx, queries.ClaimMessageParams{OrgID: org, ID: job.Args.MessageID})
	if errors.Is(err, pgx.ErrNoRows) {
		return s.notNow(ctx, q, job.Args, now)
	}
	if err != nil {
		return err
	}
	if m.DisabledAt != nil && m.EventType != TestType {
		return q.HoldMessage(ctx, queries.HoldMessageParams{OrgID: org, ID: m.ID})
	}
	req, err := request(ctx, s.Box, org, m, now)
	if err != nil {
		return err
	}
	answer, err := s.Door.Do(ctx, outside.Call{OrgID: org, Peer: Peer(m.EndpointID), Purpose: "tell an endpoint of " + m.EventType, Typed: true,
		Deadline: deadline, Limit: answerRead}, req)
	var open *outside.Open
	switch {
	case errors.As(err, &open):
		return s.postpone(ctx, q, org, m, open, time.Now())
	case errors.Is(err, context.Canceled):
		return err // cut short by us: it says nothing of the endpoint
	case err != nil && !outward(err):
		return err
	}
	return s.settle(ctx, org, m, now, judge(answer, err))
}

// Peer names an endpoint's breaker.
func Peer(endpoint uuid.UUID) string { return "endpoint:" + endpoint.String() }

// outward tells what the other side did from faults of our own.
func outward(err error) bool {
	var refused *outside.Refused
	var later *outside.Later
	return errors.As(err, &refused) || errors.As(err, &later) || errors.Is(err, outside.ErrPrivate) || errors.Is(err, outside.ErrTooLarge)
}

// notNow: delivered, removed or held meanwhile, and there is nothing to do; or another job has it, and this one looks again.
func (s *Send) notNow(ctx context.Context, q *queries.Queries, args SendArgs, now time.Time) error {
	row, err := q.MessageDue(ctx, queries.MessageDueParams{OrgID: args.OrgID, ID: args.MessageID})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil || row.Status != queries.MessageStatusPending || row.NextTryAt == nil {
		return err
	}
	return snooze(*row.NextTryAt, now)
}

// postpone: the breaker is open and nothing was sent, so nothing counts. All that wait for it come back spread over a while.
func (s *Send) postpone(ctx context.Context, q *queries.Queries, org uuid.UUID, m queries.ClaimMessageRow, open *outside.Open, now time.Time) error {
	next := open.Until.Add(rand.N(10 * time.Second))
	err := q.PostponeMessage(ctx, queries.PostponeMessageParams{OrgID: org, ID: m.ID, NextTryAt: &next, LastError: open.Error()})
	if err != nil {
		return err
	}
	return snooze(next, now)
}

// settle writes how it went, of the message and of the endpoint.
func (s *Send) settle(ctx context.Context, org uuid.UUID, m queries.ClaimMessageRow, began time.Time, r result) error {
	now := time.Now()
	row := settled(org, m, r, now)
	err := pgx.BeginFunc(ctx, s.Pool, func(tx pgx.Tx) error {
		q := queries.New(tx)
		off, err := s.count(ctx, q, org, m, r, now)
		if err != nil {
			return err
		}
		if off && row.Status == queries.MessageStatusPending {
			row.NextTryAt = nil // held
		}
		attempt, err := q.SettleMessage(ctx, row)
		if err != nil {
			return err
		}
		return q.AddMessageAttempt(ctx, queries.AddMessageAttemptParams{OrgID: org, MessageID: m.ID, Attempt: attempt, At: began, Status: row.LastStatus,
			Error: r.words, TookMs: int32(now.Sub(began).Milliseconds())})
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil // the endpoint was removed meanwhile
	}
	if err != nil || row.NextTryAt == nil {
		return err
	}
	return snooze(*row.NextTryAt, now)
}

// settled is the message after this try.
func settled(org uuid.UUID, m queries.ClaimMessageRow, r result, now time.Time) queries.SettleMessageParams {
	row := queries.SettleMessageParams{OrgID: org, ID: m.ID, Status: queries.MessageStatusDelivered, LastError: r.words, DeliveredAt: &now}
	if r.status != 0 {
		status := int32(r.status)
		row.LastStatus = &status
	}
	if r.ok() {
		return row
	}
	row.DeliveredAt = nil
	if m.EventType == TestType {
		row.Status = queries.MessageStatusFailed // somebody watches it: it says at once how it went
		return row
	}
	if r.gone {
		row.Status = queries.MessageStatusPending // held with its endpoint
		return row
	}
	wait, more := Pause(int(m.Tries)+1, rand.Float64())
	if !more {
		row.Status = queries.MessageStatusFailed
		return row
	}
	next := now.Add(max(wait, r.after))
	row.Status, row.NextTryAt = queries.MessageStatusPending, &next
	return row
}

// count keeps the endpoint's tally, and switches it off when it is time. A test that is sent to one that is switched off
// changes nothing.
func (s *Send) count(ctx context.Context, q *queries.Queries, org uuid.UUID, m queries.ClaimMessageRow, r result, now time.Time) (off bool, err error) {
	e, err := q.LockEndpoint(ctx, queries.LockEndpointParams{OrgID: org, ID: m.EndpointID})
	if err != nil {
		return false, err
	}
	if e.DisabledAt != nil {
		return true, nil
	}
	if r.ok() && e.Failures == 0 {
		return false, nil
	}
	before := Tally{Failures: int(e.Failures)}
	if e.FailingSince != nil {
		before.FailingSince = *e.FailingSince
	}
	after, off := before.After(r.ok(), now)
	row := queries.KeepEndpointParams{OrgID: org, ID: m.EndpointID, Failures: int32(after.Failures)}
	if !after.FailingSince.IsZero() {
		row.FailingSince = &after.FailingSince
	}
	switch {
	case r.gone:
		row.DisabledAt, row.DisabledWhy, off = &now, whyGone, true
	case off:
		row.DisabledAt, row.DisabledWhy = &now, whyFailing+r.words
	}
	if off {
		s.Log.WarnContext(ctx, "an endpoint was switched off", "org_id", org, "endpoint_id", m.EndpointID, "why", row.DisabledWhy)
	}
	return off, q.KeepEndpoint(ctx, row)
}

func snooze(until, now time.Time) error {
	return river.JobSnooze(max(until.Sub(now), 0))
}
