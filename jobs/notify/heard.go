package notify

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/wedsync/wedsync/jobs/notify/carrier"
	"github.com/wedsync/wedsync/queries"
)

// Ear takes in what carriers report.
type Ear struct {
	Pool     *pgxpool.Pool
	River    *river.Client[pgx.Tx]
	Carriers *Carriers
}

// Heard keeps a report and folds it into the notification that it is about. A report that came before changes nothing; one
// of a notification that we do not know is kept under the house. Reports come in any order: Fold never goes back.
func (e *Ear) Heard(ctx context.Context, provider string, r carrier.Report, now time.Time) error {
	return pgx.BeginFunc(ctx, e.Pool, func(tx pgx.Tx) error {
		q := queries.New(tx)
		others, err := holdRef(ctx, q, r.OrgID, r.NotificationID, provider, r.Ref)
		if err != nil {
			return err
		}
		row, err := q.HoldReported(ctx, queries.HoldReportedParams{OrgID: r.OrgID, ID: r.NotificationID})
		known := err == nil
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		w := &wave{q: q, org: r.OrgID, now: now, carriers: e.Carriers, regions: map[string]bool{}}
		w.rows.OrgID, w.rows.Now = r.OrgID, now
		fresh, err := keepReport(ctx, q, provider, r, known, now)
		if err != nil || !fresh {
			return err
		}
		channel, address := channelOf(provider), r.Address
		if known {
			channel, address = row.Channel, row.Address
		}
		if err := w.suppress(ctx, channel, address, r.Suppress, r.Detail); err != nil || !known {
			return err
		}
		if err := w.takeFrom(ctx, provider, others); err != nil {
			return err
		}
		if err := w.fold(ctx, row, r); err != nil {
			return err
		}
		return w.finish(ctx, tx, e.River)
	})
}

func keepReport(ctx context.Context, q *queries.Queries, provider string, r carrier.Report, known bool, now time.Time) (fresh bool, err error) {
	at := r.At
	if at.IsZero() || at.After(now) { // their clock may run ahead; ours decides what is in the future
		at = now
	}
	step := queries.AddStepParams{OrgID: queries.House, ID: uuid.Must(uuid.NewV7()), At: at, Step: r.Type, Provider: provider, Report: r.ID, Detail: r.Detail}
	if known {
		step.OrgID, step.NotificationID = r.OrgID, &r.NotificationID
	}
	n, err := q.AddStep(ctx, step)
	return n > 0, err
}

// fold moves the notification on. What comes back undelivered goes on by the next channel.
func (w *wave) fold(ctx context.Context, row queries.HoldReportedRow, r carrier.Report) error {
	said := queries.NotificationStatus(r.Status)
	next := Fold(row.Status, said)
	p := queries.FoldReportParams{OrgID: w.org, ID: row.ID, Status: next, Reason: row.Reason, NextTryAt: row.NextTryAt, ProviderRef: r.Ref,
		Sure: r.Ref != "" && ambiguity(row.Provider) == lookUp}
	if next != row.Status {
		p.Reason = ""
		if next != queries.NotificationStatusSending && next != queries.NotificationStatusQueued {
			p.NextTryAt = nil // it is out, or will never be: no attempt of ours is due
		}
	}
	switch said {
	case queries.NotificationStatusDelivered:
		p.DeliveredAt = &w.now
	case queries.NotificationStatusSeen:
		p.SeenAt = &w.now
	}
	failed := next != row.Status && (next == queries.NotificationStatusFailed || next == queries.NotificationStatusBounced || next == queries.NotificationStatusComplained)
	if failed {
		p.Reason = r.Detail
	}
	if err := w.q.FoldReport(ctx, p); err != nil || !failed || next == queries.NotificationStatusComplained {
		return err
	}
	_, err := w.onward(ctx, mark{row.NoticeID, row.RecipientID, row.Channel, row.Audience, row.Urgent})
	return err
}

func channelOf(provider string) queries.Channel {
	if provider == "twilio" {
		return queries.ChannelSms
	}
	return queries.ChannelEmail
}

// Replied takes in a text message that somebody sent us: STOP and START hold for the number, for the whole house, since they
// are said to the number that everybody's messages come from.
func (e *Ear) Replied(ctx context.Context, r carrier.Reply, now time.Time) error {
	if r.From == "" {
		return nil
	}
	q := queries.New(e.Pool)
	switch r.Kind {
	case carrier.ReplyStop:
		_, err := q.Suppress(ctx, queries.SuppressParams{OrgID: queries.House, Channel: queries.ChannelSms, Address: r.From, Why: "stopped", Since: now, Detail: "They replied STOP."})
		return err
	case carrier.ReplyStart:
		_, err := q.Unsuppress(ctx, queries.UnsuppressParams{OrgID: queries.House, Channel: queries.ChannelSms, Address: r.From, Whys: []string{"stopped"}})
		return err
	default:
		return nil
	}
}
