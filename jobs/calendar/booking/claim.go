package booking

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wedsync/wedsync/queries"
)

// claim writes what is taken, all of it or nothing. The locks make room certain, but for holds that have run out and are in
// somebody's hands: the exclusion refuses those, and that is told like any other reason, unless they are gone a moment later.
func (t *taking) claim(ctx context.Context, l *looking, id uuid.UUID) error {
	if !t.fresh {
		if _, err := t.q.DropClaims(ctx, queries.DropClaimsParams{OrgID: t.org, BookingIds: []uuid.UUID{id}}); err != nil {
			return fmt.Errorf("claims: %w", err)
		}
	}
	for range 3 {
		if err := t.endOnTheWay(ctx, l.over); err != nil {
			return err
		}
		err := pgx.BeginFunc(ctx, t.tx, func(inner pgx.Tx) error { return l.claimAll(ctx, queries.New(inner), id) })
		var fault *pgconn.PgError
		var refused *Refused
		if !errors.As(err, &refused) && (!errors.As(err, &fault) || fault.Code != exclusionViolation) {
			return err
		}
		if err := l.read(ctx, id, time.Time{}); err != nil {
			return err
		}
		if reasons := l.against(); len(reasons) > 0 {
			return &Refused{reasons}
		}
	}
	return &Refused{[]Reason{{Why: Held, Resource: l.named[l.need[0].ResourceID].Name, Title: "somebody who was a moment faster"}}}
}

const exclusionViolation = "23P01"

func (l *looking) claimAll(ctx context.Context, q *queries.Queries, id uuid.UUID) error {
	add := queries.AddClaimsParams{OrgID: l.org}
	for _, n := range l.need {
		r, s := l.named[n.ResourceID], l.span[n.ResourceID]
		slots := vacant(l.taken[n.ResourceID], int(r.Capacity), n.Units, s.from, s.until)
		if len(slots) < n.Units {
			if err := l.dealAnew(ctx, q, id, n); err != nil {
				return err
			}
			continue
		}
		for _, slot := range slots {
			into(&add, id, n.ResourceID, claim{slot: slot, from: s.from, until: s.until})
		}
	}
	return q.AddClaims(ctx, add)
}

func into(p *queries.AddClaimsParams, booking, resource uuid.UUID, c claim) {
	p.BookingIds, p.ResourceIds, p.Slots = append(p.BookingIds, booking), append(p.ResourceIds, resource), append(p.Slots, int16(c.slot))
	p.StartsAts, p.EndsAts = append(p.StartsAts, c.from), append(p.EndsAts, c.until)
}

// dealAnew makes room that is there but scattered over several units: everything that hangs together is dealt anew.
func (l *looking) dealAnew(ctx context.Context, q *queries.Queries, id uuid.UUID, n Need) error {
	together, err := l.together(ctx, q, n.ResourceID)
	if err != nil {
		return err
	}
	s := l.span[n.ResourceID]
	for range n.Units {
		together = append(together, claim{booking: id, from: s.from, until: s.until})
	}
	add, drop := queries.AddClaimsParams{OrgID: l.org}, queries.DropClaimsOfParams{OrgID: l.org, ResourceID: n.ResourceID}
	for _, c := range deal(together) {
		if c.slot > int(l.named[n.ResourceID].Capacity) { // more begins at the edges than was seen in the middle
			return &Refused{l.holders(l.named[n.ResourceID], s)}
		}
		into(&add, c.booking, n.ResourceID, c)
		drop.BookingIds = append(drop.BookingIds, c.booking)
	}
	if err := q.DropClaimsOf(ctx, drop); err != nil {
		return fmt.Errorf("deal anew: %w", err)
	}
	return q.AddClaims(ctx, add)
}

// together are the claims on a resource that meet the wanted time, those that meet them, and so on.
func (l *looking) together(ctx context.Context, q *queries.Queries, resource uuid.UUID) ([]claim, error) {
	s := l.span[resource]
	for {
		rows, err := q.ClaimsMeeting(ctx, queries.ClaimsMeetingParams{OrgID: l.org, ResourceIds: []uuid.UUID{resource}, StartsAts: []time.Time{s.from}, EndsAts: []time.Time{s.until}})
		if err != nil {
			return nil, fmt.Errorf("claims: %w", err)
		}
		wider := s
		var all []claim
		for _, r := range rows {
			all = append(all, claim{r.BookingID, int(r.Slot), r.StartsAt, r.EndsAt})
			if r.StartsAt.Before(wider.from) {
				wider.from = r.StartsAt
			}
			if r.EndsAt.After(wider.until) {
				wider.until = r.EndsAt
			}
		}
		if wider == s {
			return all, nil
		}
		s = wider
	}
}
