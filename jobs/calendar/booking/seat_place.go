package booking

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/queries"
)

// place deals places, to those first that have one already: a batch that comes twice ends the same.
func (s *seating) place(ctx context.Context) error {
	if _, err := s.q.DropClaims(ctx, queries.DropClaimsParams{OrgID: s.org, BookingIds: s.all}); err != nil {
		return err
	}
	slices.SortStableFunc(s.wanting, func(a, b seat) int {
		switch {
		case a.row.Seated == b.row.Seated:
			return 0
		case a.row.Seated:
			return -1
		default:
			return 1
		}
	})
	if err := s.need(ctx); err != nil {
		return err
	}
	if s.single {
		return s.placeAll(ctx)
	}
	for _, w := range s.wanting {
		if err := s.placeOne(ctx, w); err != nil {
			return err
		}
	}
	return nil
}

// need writes what they need now.
func (s *seating) need(ctx context.Context) error {
	p, changed := queries.AddNeedsParams{OrgID: s.org}, []uuid.UUID{}
	for _, w := range s.needs {
		if alike(w.needs, s.needed[w.id]) {
			continue
		}
		changed = append(changed, w.id)
		for _, n := range w.needs {
			p.BookingIds, p.ResourceIds, p.Units = append(p.BookingIds, w.id), append(p.ResourceIds, n.ResourceID), append(p.Units, int16(n.Units))
		}
	}
	if len(changed) == 0 {
		return nil
	}
	if err := s.q.DropNeeds(ctx, queries.DropNeedsParams{OrgID: s.org, BookingIds: changed}); err != nil {
		return err
	}
	return s.q.AddNeeds(ctx, p)
}

// placeAll is for bookings that each want one of a single thing.
func (s *seating) placeAll(ctx context.Context) error {
	if len(s.wanting) == 0 {
		return nil
	}
	if err := s.read(ctx); err != nil {
		return err
	}
	s.claims.OrgID = s.org
	for _, w := range s.wanting {
		resource := w.needs[0].ResourceID
		if len(vacant(s.taken[resource], 1, 1, w.from, w.until)) == 0 {
			s.without(w, s.inTheWay(w))
			continue
		}
		c := claim{w.row.ID, 1, w.from, w.until}
		s.taken[resource] = append(s.taken[resource], c)
		s.titles[w.row.ID] = w.row.Title
		into(&s.claims, w.row.ID, resource, c)
		s.seated(w)
	}
	return s.q.AddClaims(ctx, s.claims)
}

// read finds who has what in their days.
func (s *seating) read(ctx context.Context) error {
	p := queries.ClaimsMeetingParams{OrgID: s.org}
	for _, w := range s.wanting {
		p.ResourceIds, p.StartsAts, p.EndsAts = append(p.ResourceIds, w.needs[0].ResourceID), append(p.StartsAts, w.from), append(p.EndsAts, w.until)
	}
	for range 2 {
		rows, err := s.q.ClaimsMeeting(ctx, p)
		if err != nil {
			return err
		}
		s.taken, s.titles = map[uuid.UUID][]claim{}, map[uuid.UUID]string{}
		var over []uuid.UUID
		for _, r := range rows {
			if ranOut(r, s.now) {
				over = append(over, r.BookingID)
			}
			s.taken[r.ResourceID] = append(s.taken[r.ResourceID], claim{r.BookingID, int(r.Slot), r.StartsAt, r.EndsAt})
			s.titles[r.BookingID] = r.Title
		}
		if len(over) == 0 {
			return nil
		}
		if err := s.endOnTheWay(ctx, over); err != nil {
			return err
		}
	}
	return nil
}

func (s *seating) inTheWay(w seat) Reason {
	r := Reason{Why: Booked}
	for _, c := range s.taken[w.needs[0].ResourceID] {
		if c.meets(w.from, w.until) {
			r.BookingID, r.Title = c.booking, s.titles[c.booking]
		}
	}
	for _, named := range s.named {
		if named.ID == w.needs[0].ResourceID {
			r.Resource = named.Name
		}
	}
	return r
}

// placeOne is for a set of things, and for what there is several of.
func (s *seating) placeOne(ctx context.Context, w seat) error {
	l, err := look(ctx, s.q, s.org, w.span, w.needs)
	if err != nil {
		return err
	}
	if err := l.read(ctx, w.row.ID, s.now); err != nil {
		return err
	}
	reasons := l.against()
	if len(reasons) == 0 {
		err := s.claim(ctx, l, w.row.ID)
		var refused *Refused
		if err != nil && !errors.As(err, &refused) {
			return err
		}
		if err == nil {
			s.seated(w)
			return nil
		}
		reasons = refused.Reasons
	}
	s.without(w, append(reasons, Reason{Why: Booked})[0])
	return nil
}

func (s *seating) seated(w seat) {
	if w.row.ContestedAt != nil {
		s.placed = append(s.placed, w.row.ID)
		s.step(w.row.ID, "seated", "")
	}
}

// without is a booking that finds its place taken.
func (s *seating) without(w seat, by Reason) {
	s.contest.add(w.row.ID, by, w.row.StartsAt, w.row.EndsAt, w.row.Title)
	if w.row.ContestedAt != nil {
		return
	}
	s.step(w.row.ID, "contested", by.Title)
	s.told = append(s.told, doubleBooked(s.org, s.now, w.row.ID, w.row.Title, by, w.row.StartsLocal, w.row.EndsLocal, w.row.Timezone))
}
