package notify

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/jobs/notify/carrier"
	"github.com/wedsync/wedsync/queries"
)

// A carrier that has to be searched shows the same words to the same number alike, whoever's they are. So a message that is
// found is nobody's until the lock on its name is held, and stays the finder's only until its owner is known: an answer to
// our own call, or a report, names one notification for certain.

// holdRefs locks the names that settling may write, and then whoever has them.
func holdRefs(ctx context.Context, q *queries.Queries, a *attempt, out carrier.Outcome) (others []queries.AllOrgsHoldRefRow, err error) {
	if !a.lookUp {
		return holdRef(ctx, q, a.row.OrgID, a.row.ID, a.provider, out.Ref)
	}
	if len(a.found) == 0 {
		return nil, nil
	}
	return nil, q.AllOrgsClaimRefs(ctx, refs(a.found))
}

// holdRef does so for a name that is certainly this notification's. others: they have it from a look-up.
func holdRef(ctx context.Context, q *queries.Queries, org, id uuid.UUID, provider, ref string) (others []queries.AllOrgsHoldRefRow, err error) {
	if ref == "" || ambiguity(provider) != lookUp {
		return nil, nil
	}
	if err := q.AllOrgsClaimRefs(ctx, []string{ref}); err != nil {
		return nil, err
	}
	held, err := q.AllOrgsHoldRef(ctx, queries.AllOrgsHoldRefParams{OrgID: org, ID: id, Provider: provider, Ref: ref})
	return slices.DeleteFunc(held, func(r queries.AllOrgsHoldRefRow) bool { return r.OrgID == org && r.ID == id }), err
}

// claim makes the newest message that was found, and that is nobody's, this notification's. What a report has named meanwhile
// is not looked for any more.
func (w *wave) claim(ctx context.Context, a *attempt, stand queries.NotificationStandRow, out carrier.Outcome) (carrier.Outcome, error) {
	if len(a.found) == 0 || stand.Status != queries.NotificationStatusSending && stand.ProviderRef != "" {
		return out, nil
	}
	known, err := w.q.AllOrgsKnownRefs(ctx, refs(a.found))
	if err != nil {
		return out, err
	}
	free := slices.IndexFunc(a.found, func(one carrier.Outcome) bool { return !slices.Contains(known, one.Ref) })
	if free < 0 {
		return out, nil
	}
	a.doubt = false
	return a.found[free], nil
}

// takeFrom ends what look-ups took for theirs and was another one's: they look again.
func (w *wave) takeFrom(ctx context.Context, provider string, others []queries.AllOrgsHoldRefRow) error {
	const words = "The message that Twilio showed was another notification’s."
	for _, o := range others {
		status, again := unproven(o.Status)
		if err := w.q.GiveUpRef(ctx, queries.GiveUpRefParams{OrgID: o.OrgID, ID: o.ID, Status: status, Again: again, Words: words, Now: w.now}); err != nil {
			return err
		}
		if _, err := w.q.AddStep(ctx, queries.AddStepParams{OrgID: o.OrgID, ID: uuid.Must(uuid.NewV7()), NotificationID: &o.ID, At: w.now,
			Step: string(carrier.Ambiguous), Provider: provider, Detail: words}); err != nil {
			return err
		}
		if again {
			w.jobs = append(w.jobs, sending(o.OrgID, o.ID, w.now, w.now))
		}
	}
	return nil
}

// unproven is a notification whose proof was another one's. What stood on that proof alone is in doubt again; what a person
// said of it, or an attempt that is under way, stands.
func unproven(s queries.NotificationStatus) (_ queries.NotificationStatus, again bool) {
	switch s {
	case queries.NotificationStatusQueued, queries.NotificationStatusAccepted, queries.NotificationStatusFailed, queries.NotificationStatusBounced:
		return queries.NotificationStatusUnknown, true
	default:
		return s, false
	}
}

func refs(found []carrier.Outcome) []string {
	all := make([]string, len(found))
	for i, one := range found {
		all[i] = one.Ref
	}
	return all
}
