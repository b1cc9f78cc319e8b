package booking

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/queries"
)

// looking is what stands in the way of one booking, as it is read.
type looking struct {
	q     *queries.Queries
	org   uuid.UUID
	need  []Need
	named map[uuid.UUID]queries.ResourcesByIDRow
	span  map[uuid.UUID]span // each resource's time, with what comes before and after
	taken map[uuid.UUID][]claim
	rows  []queries.ClaimsMeetingRow
	over  []uuid.UUID // holds in the way that have run out
}

type span struct{ from, until time.Time }

// Reasons are everything that stands against a booking, whatever is wanted of it; none: it is free. except is a booking whose
// own claims do not count.
func Reasons(ctx context.Context, q *queries.Queries, org uuid.UUID, when When, needs []Need, except uuid.UUID, now time.Time) ([]Reason, error) {
	needs, err := summed(needs)
	if err != nil {
		return nil, err
	}
	l, err := look(ctx, q, org, when.span(), needs)
	if err != nil {
		return nil, err
	}
	if err := l.read(ctx, except, now); err != nil {
		return nil, err
	}
	outside, _, err := l.outside(ctx, now)
	return append(l.against(), outside...), err
}

func (w When) span() span {
	from, until := w.Range()
	return span{from, until}
}

func look(ctx context.Context, q *queries.Queries, org uuid.UUID, when span, needs []Need) (*looking, error) {
	l := &looking{q: q, org: org, need: needs, named: map[uuid.UUID]queries.ResourcesByIDRow{}, span: map[uuid.UUID]span{}}
	rows, err := q.ResourcesByID(ctx, queries.ResourcesByIDParams{OrgID: org, Ids: ids(needs)})
	if err != nil {
		return nil, fmt.Errorf("resources: %w", err)
	}
	for _, r := range rows {
		l.named[r.ID] = r
		l.span[r.ID] = around(r.MinutesBefore, r.MinutesAfter, when.from, when.until)
	}
	for _, n := range needs {
		if _, there := l.named[n.ResourceID]; !there {
			return nil, ErrNoResource
		}
	}
	return l, nil
}

func around(before, after int16, from, until time.Time) span {
	return span{from.Add(-time.Duration(before) * time.Minute), until.Add(time.Duration(after) * time.Minute)}
}

func ids(needs []Need) (all []uuid.UUID) {
	for _, n := range needs {
		all = append(all, n.ResourceID)
	}
	return all
}

func (l *looking) spans() (resources []uuid.UUID, from, until []time.Time) {
	for _, n := range l.need {
		s := l.span[n.ResourceID]
		resources, from, until = append(resources, n.ResourceID), append(from, s.from), append(until, s.until)
	}
	return resources, from, until
}

// read finds what is taken. A hold that has run out is none, even before the worker has come by; at no time at all, none has.
func (l *looking) read(ctx context.Context, except uuid.UUID, now time.Time) error {
	resources, from, until := l.spans()
	rows, err := l.q.ClaimsMeeting(ctx, queries.ClaimsMeetingParams{OrgID: l.org, ResourceIds: resources, StartsAts: from, EndsAts: until})
	if err != nil {
		return fmt.Errorf("claims: %w", err)
	}
	l.rows, l.over, l.taken = nil, nil, map[uuid.UUID][]claim{}
	for _, r := range rows {
		if r.BookingID == except {
			continue
		}
		if ranOut(r, now) {
			l.over = append(l.over, r.BookingID)
			continue
		}
		l.rows = append(l.rows, r)
		l.taken[r.ResourceID] = append(l.taken[r.ResourceID], claim{r.BookingID, int(r.Slot), r.StartsAt, r.EndsAt})
	}
	return nil
}

func ranOut(r queries.ClaimsMeetingRow, now time.Time) bool {
	return r.Status == queries.BookingStatusHeld && r.HoldUntil != nil && !r.HoldUntil.After(now)
}

// against is what other bookings have to say.
func (l *looking) against() (all []Reason) {
	for _, n := range l.need {
		r, s := l.named[n.ResourceID], l.span[n.ResourceID]
		switch {
		case r.RetiredAt != nil:
			all = append(all, Reason{Why: Retired, Resource: r.Name, From: s.from, Until: s.until})
		case n.Units > int(r.Capacity):
			all = append(all, Reason{Why: TooMany, Resource: r.Name, From: s.from, Until: s.until})
		case !fits(l.taken[n.ResourceID], int(r.Capacity), n.Units, s.from, s.until):
			all = append(all, l.holders(r, s)...)
		}
	}
	return all
}

// holders are the bookings that have a resource in that time, each once.
func (l *looking) holders(r queries.ResourcesByIDRow, s span) (all []Reason) {
	seen := map[uuid.UUID]bool{}
	for _, row := range l.rows {
		if row.ResourceID != r.ID || seen[row.BookingID] || !row.StartsAt.Before(s.until) || !s.from.Before(row.EndsAt) {
			continue
		}
		seen[row.BookingID] = true
		reason := Reason{Why: Booked, Resource: r.Name, BookingID: row.BookingID, Title: row.Title, From: row.StartsAt, Until: row.EndsAt,
			MinutesBefore: int(row.BookedFrom.Sub(row.StartsAt).Minutes()), MinutesAfter: int(row.EndsAt.Sub(row.BookedUntil).Minutes())}
		if row.Status == queries.BookingStatusHeld {
			reason.Why, reason.HoldUntil = Held, row.HoldUntil
		}
		all = append(all, reason)
	}
	return all
}

// outside is what calendars elsewhere have to say, and the receipt of having asked them.
func (l *looking) outside(ctx context.Context, now time.Time) (all []Reason, receipt []Asked, err error) {
	resources, from, until := l.spans()
	calendars, err := l.q.BlockingCalendars(ctx, queries.BlockingCalendarsParams{OrgID: l.org, ResourceIds: resources})
	if err != nil {
		return nil, nil, fmt.Errorf("blocking calendars: %w", err)
	}
	for _, c := range calendars {
		asked := Asked{CalendarID: c.ID, Calendar: calendarName(c.Account, c.Name), AsOf: c.FreshAt}
		within := time.Duration(c.FreshWithinMinutes) * time.Minute
		switch {
		case c.FreshAt == nil:
			all = append(all, Reason{Why: Unread, Calendar: asked.Calendar, CalendarID: c.ID})
		case now.Sub(*c.FreshAt) > within:
			all = append(all, Reason{Why: Stale, Calendar: asked.Calendar, CalendarID: c.ID, AsOf: c.FreshAt})
		}
		if c.FreshAt != nil {
			asked.AgeSeconds = max(0, int(now.Sub(*c.FreshAt).Seconds()))
		}
		receipt = append(receipt, asked)
	}
	if len(calendars) == 0 {
		return nil, nil, nil
	}
	busy, err := l.q.BusyMeeting(ctx, queries.BusyMeetingParams{OrgID: l.org, ResourceIds: resources, StartsAts: from, EndsAts: until})
	if err != nil {
		return nil, nil, fmt.Errorf("outside calendars: %w", err)
	}
	for _, b := range busy {
		all = append(all, Reason{Why: Outside, Calendar: calendarName(b.Account, b.Calendar), CalendarID: b.CalendarID, RemoteID: b.RemoteID,
			Title: b.Title, From: b.StartsAt, Until: b.EndsAt, Tentative: b.Tentative})
	}
	return all, receipt, nil
}

func calendarName(account, name string) string {
	if account == "" || strings.EqualFold(account, name) {
		return name
	}
	if name == "" {
		return account
	}
	return name + " (" + account + ")"
}
