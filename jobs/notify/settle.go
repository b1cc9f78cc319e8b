package notify

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/wedsync/wedsync/jobs/notify/carrier"
	"github.com/wedsync/wedsync/queries"
)

// settle writes how an attempt ended. again: another carrier is to be tried at once.
func (s *Send) settle(ctx context.Context, a *attempt, out carrier.Outcome) (again bool, err error) {
	var due *time.Time
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second) // it was sent, whoever has gone meanwhile
	defer cancel()
	// A crash of the database may undo this: then it is in doubt again, as it was before, and settled in the same way.
	err = pgx.BeginTxFunc(ctx, s.Pool, unhurried, func(tx pgx.Tx) error {
		q := queries.New(tx)
		others, err := holdRefs(ctx, q, a, out)
		if err != nil {
			return err
		}
		stand, err := q.NotificationStand(ctx, queries.NotificationStandParams{OrgID: a.row.OrgID, ID: a.row.ID})
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		w := s.wave(q, a.row.OrgID, time.Now())
		if out, err = w.claim(ctx, a, stand, out); err != nil {
			return err
		}
		if err := w.takeFrom(ctx, a.provider, others); err != nil {
			return err
		}
		if err := w.step(ctx, a.row.ID, a.provider, string(out.Fate), out.Words); err != nil {
			return err
		}
		if out.Fate == carrier.Accepted && len(a.row.Secret) > 0 {
			if err := q.ForgetSecret(ctx, queries.ForgetSecretParams{OrgID: a.row.OrgID, ID: a.row.NoticeID}); err != nil {
				return err
			}
		}
		e := ending{status: stand.Status, reason: out.Words, provider: a.provider, ref: out.Ref, quota: stand.QuotaDay}
		if stand.Status == queries.NotificationStatusSending {
			again, err = s.judge(ctx, w, a, out, &e)
			if err != nil {
				return err
			}
		} else {
			e.overtaken(stand, out, w.now)
		}
		due = e.due
		if err := w.end(ctx, a.row, e); err != nil {
			return err
		}
		return w.finish(ctx, tx, river.ClientFromContext[pgx.Tx](ctx))
	})
	if err != nil || again || due == nil {
		return again, err
	}
	return false, river.JobSnooze(max(time.Until(*due), 0))
}

// ending is a notification after an attempt.
type ending struct {
	status   queries.NotificationStatus
	reason   string
	provider string
	ref      string
	due      *time.Time
	quota    *time.Time
	handed   *time.Time
}

// overtaken: a report was faster than the answer, or another run, when this one hung longer than its lease. What they wrote
// stands, but for one thing that this run knows: it was taken.
func (e *ending) overtaken(stand queries.NotificationStandRow, out carrier.Outcome, now time.Time) {
	e.reason, e.due = stand.Reason, stand.NextTryAt
	if out.Fate == carrier.Accepted || rank[stand.Status] > rank[queries.NotificationStatusSending] {
		e.handed = &now
	}
	if out.Fate != carrier.Accepted {
		return
	}
	if next := Fold(stand.Status, queries.NotificationStatusAccepted); next != stand.Status {
		e.status, e.reason, e.due = next, "", nil
	}
}

// judge is the table from fates to endings.
func (s *Send) judge(ctx context.Context, w *wave, a *attempt, out carrier.Outcome, e *ending) (again bool, err error) {
	if a.doubt && out.Fate != carrier.Accepted && out.Fate != carrier.Refused {
		out.Fate = carrier.Ambiguous // that this one did not go says nothing of the one before
	}
	if out.Fate == carrier.Accepted || out.Fate == carrier.Ambiguous || out.Ref != "" { // a name of theirs: they had it
		e.handed = &w.now
	}
	switch out.Fate {
	case carrier.Accepted:
		e.status, e.reason = queries.NotificationStatusAccepted, ""
	case carrier.Ambiguous:
		return false, s.ambiguous(ctx, w, a, out, e)
	case carrier.Refused:
		e.status = queries.NotificationStatusFailed
		if out.Suppress == carrier.Bounced {
			e.status = queries.NotificationStatusBounced
		}
		if err := w.suppress(ctx, a.row.Channel, a.row.Address, out.Suppress, out.Words); err != nil {
			return false, err
		}
		_, err := w.onward(ctx, a.row.mark())
		return false, err
	case carrier.Later:
		return false, s.wait(ctx, w, a, out, e)
	default: // it serves us nothing just now: another one may
		return s.elsewhere(ctx, w, a, out, e)
	}
	return false, nil
}

// ambiguous: nobody knows whether it is out. It is sent again only where that cannot make two.
func (s *Send) ambiguous(ctx context.Context, w *wave, a *attempt, out carrier.Outcome, e *ending) error {
	e.status = queries.NotificationStatusUnknown
	since := time.Duration(0)
	if a.row.HandedAt != nil {
		since = w.now.Sub(*a.row.HandedAt)
	}
	switch ambiguity(a.provider) {
	case sendAgain:
		e.due = after(w.now, max(askAgain(a.number, a.row.Urgent, out.After, rand.Float64()), out.Until.Sub(w.now)))
	case lookUp:
		wait, more := lookAgain(since)
		if !out.Until.IsZero() && since < forgetAfter { // nobody was asked
			wait, more = max(out.Until.Sub(w.now), time.Second), true
		}
		if more {
			e.due = after(w.now, wait)
		}
		if a.row.Urgent && (!more || !out.Until.IsZero()) { // nobody knows, and somebody has to hear: better twice than never
			_, err := w.onward(ctx, a.row.mark())
			return err
		}
	}
	return nil
}

// wait: it was certainly not taken, and is tried again for a while.
func (s *Send) wait(ctx context.Context, w *wave, a *attempt, out carrier.Outcome, e *ending) error {
	wait, more := Pause(a.number, a.row.Urgent, out.After, rand.Float64())
	if !more && out.After > 0 { // we are too many, not unwelcome: it ends when it is too late to be of use
		wait, more = out.After, true
	}
	if more {
		e.status, e.due = queries.NotificationStatusQueued, after(w.now, wait)
		return nil
	}
	e.status, e.reason = queries.NotificationStatusFailed, "Given up after "+tries(a.number)+". The last time: "+out.Words
	_, err := w.onward(ctx, a.row.mark())
	return err
}

// elsewhere: the next carrier of the channel, else the next channel, else a while later.
func (s *Send) elsewhere(ctx context.Context, w *wave, a *attempt, out carrier.Outcome, e *ending) (again bool, err error) {
	if out.Fate == carrier.Misconfigured {
		s.Log.ErrorContext(ctx, "a carrier does not serve us", "carrier", a.provider, "code", out.Code, "words", out.Words)
	}
	ways := s.Carriers.ways(a.row.Channel)
	if i := slices.Index(ways, a.provider); i >= 0 && i+1 < len(ways) {
		e.status, e.provider, e.due = queries.NotificationStatusQueued, ways[i+1], &w.now
		return true, nil
	}
	moved, err := w.onward(ctx, a.row.mark())
	if err != nil {
		return false, err
	}
	if moved {
		e.status = queries.NotificationStatusFailed
		return false, nil
	}
	e.provider = "" // from the first one again
	if out.Fate == carrier.Closed {
		e.status, e.due = queries.NotificationStatusQueued, after(w.now, max(time.Until(out.Until), time.Second)+rand.N(2*time.Second))
		return false, nil
	}
	return false, s.wait(ctx, w, a, out, e)
}

// end writes it. What did not leave the house (which a carrier's refusal shows, and no report) gives back its share of the allowance, unless it goes on at once.
func (w *wave) end(ctx context.Context, h held, e ending) error {
	stayed := slices.Contains([]queries.NotificationStatus{queries.NotificationStatusQueued, queries.NotificationStatusFailed, queries.NotificationStatusBounced,
		queries.NotificationStatusSkipped}, e.status)
	if e.quota != nil && stayed && e.handed == nil && !(e.due != nil && e.due.Equal(w.now)) {
		if err := w.q.ReleaseQuota(ctx, queries.ReleaseQuotaParams{OrgID: h.OrgID, Channel: h.Channel, Day: *e.quota}); err != nil {
			return err
		}
		e.quota = nil
	}
	return w.q.SettleNotification(ctx, queries.SettleNotificationParams{OrgID: h.OrgID, ID: h.ID, Status: e.status, Reason: e.reason, Provider: e.provider,
		ProviderRef: e.ref, NextTryAt: e.due, QuotaDay: e.quota, HandedAt: e.handed})
}

func after(now time.Time, wait time.Duration) *time.Time {
	t := now.Add(wait)
	return &t
}

func tries(n int) string {
	if n == 1 {
		return "one try"
	}
	return strconv.Itoa(n) + " tries"
}
