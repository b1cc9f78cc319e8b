package notify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/wedsync/wedsync/jobs/notify/carrier"
	"github.com/wedsync/wedsync/queries"
)

// attempt is one hand-over that is about to be made: it is on the disk already.
type attempt struct {
	row      held
	number   int
	provider string
	doubt    bool              // an earlier one ended without an answer: it may be out
	lookUp   bool              // so ask, do not send
	found    []carrier.Outcome // by asking: the same words to the same number, the newest first
	parcel   parcel
	quotaDay *time.Time
}

type held struct {
	OrgID uuid.UUID
	queries.HoldNotificationRow
}

// handed is when it first may have been taken: as far as we know, or else when the lease of the run that was cut off ended.
func (h held) handed() time.Time {
	if h.HandedAt != nil {
		return *h.HandedAt
	}
	return *h.NextTryAt
}

// begin decides whether this still goes, takes its share of the allowance, and writes that it is about to be handed over.
// nil: there is nothing to hand over (now).
func (s *Send) begin(ctx context.Context, args SendArgs) (a *attempt, err error) {
	var later error
	err = s.tx(ctx, func(q *queries.Queries, tx pgx.Tx) error {
		row, err := q.HoldNotification(ctx, queries.HoldNotificationParams{OrgID: args.OrgID, ID: args.NotificationID, Kinds: categorised.kinds, Categories: categorised.keys})
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		now, h := time.Now(), held{args.OrgID, row}
		if row.NextTryAt.After(now.Add(time.Second)) { // leased to another run, or not yet due; the second is for clocks
			later = notNow(row.NextTryAt, now)
			return nil
		}
		w := s.wave(q, args.OrgID, now)
		if a, err = s.attempt(ctx, w, h); err != nil {
			return err
		}
		return w.finish(ctx, tx, river.ClientFromContext[pgx.Tx](ctx))
	})
	if err != nil || later != nil {
		return nil, errors.Join(err, later)
	}
	return a, nil
}

func (s *Send) wave(q *queries.Queries, org uuid.UUID, now time.Time) *wave {
	w := &wave{q: q, org: org, now: now, carriers: s.Carriers, regions: map[string]bool{}}
	w.rows.OrgID, w.rows.Now = org, now
	return w
}

func (s *Send) attempt(ctx context.Context, w *wave, h held) (*attempt, error) {
	a := &attempt{row: h, number: int(h.Attempts) + 1, quotaDay: h.QuotaDay}
	a.doubt = h.Status == queries.NotificationStatusSending || h.Status == queries.NotificationStatusUnknown
	if a.doubt && !slices.Contains(s.Carriers.ways(h.Channel), h.Provider) {
		return nil, w.stop(ctx, h, queries.NotificationStatusUnknown, "It may have gone out, and who took it is not configured here any more. It is not sent twice.")
	}
	if a.doubt { // an earlier run handed it over, and did not hear how that ended
		switch a.provider = h.Provider; ambiguity(h.Provider) {
		case never:
			return nil, w.stop(ctx, h, queries.NotificationStatusUnknown, "WedSync was cut off while it handed this over, and it may have gone out. It is not sent twice.")
		case lookUp:
			a.lookUp = true
		case sendAgain:
			if w.now.Sub(h.handed()) > forgetAfter {
				return nil, w.stop(ctx, h, queries.NotificationStatusUnknown, "Nobody could say for a day whether it went out. It is not sent twice.")
			}
		}
	} else if why := objection(h, w.now); why != "" {
		return nil, w.stop(ctx, h, queries.NotificationStatusSkipped, why)
	} else if a.provider = s.next(h); a.provider == "" {
		return nil, w.fall(ctx, h, queries.NotificationStatusFailed, notConfigured(h.Channel))
	}
	var err error
	if a.parcel, err = s.write(ctx, w, h); err != nil {
		return nil, err
	}
	if h.Channel == queries.ChannelPush && len(a.parcel.devices) == 0 {
		return nil, w.fall(ctx, h, queries.NotificationStatusFailed, "No browser takes pushes any more.")
	}
	if went, err := w.note(ctx, a); err != nil || !went { // last: an organisation's senders wait here for each other until the commit
		return nil, err
	}
	return a, nil
}

// note writes that it is about to be handed over, with its share of the day's allowance where it has none yet.
func (w *wave) note(ctx context.Context, a *attempt) (went bool, err error) {
	h, until, step, words := a.row, w.now.Add(lease), uuid.Must(uuid.NewV7()), "Handing it over"
	if a.lookUp {
		words = "Asking whether it has it"
	}
	if a.quotaDay != nil {
		return true, w.q.BeginAgain(ctx, queries.BeginAgainParams{OrgID: h.OrgID, ID: h.ID, StepID: step, Now: w.now, Provider: a.provider, Detail: words, Lease: &until})
	}
	day, allowance, free := dayIn(w.now, h.OrgZone), Allowance(h.Tier, h.Channel), h.Urgent || h.OrgID == queries.House
	used, err := w.q.BeginWithinQuota(ctx, queries.BeginWithinQuotaParams{OrgID: h.OrgID, ID: h.ID, Channel: h.Channel, Day: day, Allowance: int32(allowance),
		Urgent: free, Provider: a.provider, Lease: &until, StepID: step, Now: w.now, Detail: words})
	if errors.Is(err, pgx.ErrNoRows) {
		return false, w.refuse(ctx, h, day, allowance)
	}
	if err != nil {
		return false, fmt.Errorf("allowance: %w", err)
	}
	if a.quotaDay = &day; Allow(h.Tier, h.Channel, int(used)-1, free) == Nearly {
		w.tellAllowance(h, day, "nearly", int(used), allowance)
	}
	return true, nil
}

// next is the carrier that this goes to now: the one that an earlier attempt chose, while it is configured, else the first.
func (s *Send) next(h held) string {
	ways := s.Carriers.ways(h.Channel)
	if slices.Contains(ways, h.Provider) {
		return h.Provider
	}
	return append(ways, "")[0]
}

func notConfigured(ch queries.Channel) string {
	switch ch {
	case queries.ChannelSms:
		return "Text messages are not configured here."
	case queries.ChannelPush:
		return "Push is not configured here."
	default:
		return "E-mail is not configured here."
	}
}
