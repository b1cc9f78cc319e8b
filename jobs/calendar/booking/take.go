package booking

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/riverqueue/river"

	"github.com/wedsync/wedsync/queries"
)

// Asked is one line of a booking's receipt: which outside calendar was asked, as of when, and how old that was.
type Asked struct {
	CalendarID uuid.UUID  `json:"calendar_id"`
	Calendar   string     `json:"calendar"`
	AsOf       *time.Time `json:"as_of,omitempty"`
	AgeSeconds int        `json:"age_seconds"`
	Override   string     `json:"override,omitempty"` // why its word was set aside
}

// ErrNoResource is about a resource that is not the organisation's.
var ErrNoResource = errors.New("there is no such resource")

// Take makes a booking, or makes an enquiry one. It fails with *Refused where something stands against it; the caller's
// transaction is then of no more use.
func Take(ctx context.Context, tx pgx.Tx, client *river.Client[pgx.Tx], w Want, now time.Time) (Taken, error) {
	if field, words := CheckWhen(w.When); field != "" {
		return Taken{}, &Wrong{field, words}
	}
	t, err := begin(ctx, tx, client, w.OrgID, w.By, now)
	if err != nil {
		return Taken{}, err
	}
	if w.Needs, err = t.needs(ctx, w.Needs); err != nil {
		return Taken{}, err
	}
	id, again, err := t.add(ctx, w)
	if err != nil || again {
		return Taken{ID: id.ID, Status: id.Status, Place: id.Place}, err
	}
	b, err := t.lockBooking(ctx, id.ID)
	if err != nil {
		return Taken{}, err
	}
	if w.Status == queries.BookingStatusEnquiry && !w.Line {
		return Taken{ID: b.ID, Status: b.Status}, t.finish(ctx, b.ID)
	}
	return t.take(ctx, b, w)
}

// Wrong is a field that a person can mend.
type Wrong struct{ Field, Words string }

func (w *Wrong) Error() string { return w.Field + " " + w.Words }

// taking is one change of one organisation's bookings, in one transaction.
type taking struct {
	tx     pgx.Tx
	q      *queries.Queries
	client *river.Client[pgx.Tx]
	org    uuid.UUID
	by     *uuid.UUID
	now    time.Time
	steps  queries.AddBookingStepsParams
	line   bool // something became free: somebody may be waiting for it
}

func begin(_ context.Context, tx pgx.Tx, client *river.Client[pgx.Tx], org uuid.UUID, by *uuid.UUID, now time.Time) (*taking, error) {
	return &taking{tx: tx, q: queries.New(tx), client: client, org: org, by: by, now: now}, nil
}

func (t *taking) step(id uuid.UUID, step, detail string) {
	s := &t.steps
	s.BookingIds, s.Ids = append(s.BookingIds, id), append(s.Ids, uuid.Must(uuid.NewV7()))
	s.Steps, s.Details = append(s.Steps, step), append(s.Details, detail)
}

// needs are the usual resource where nothing is named.
func (t *taking) needs(ctx context.Context, needs []Need) ([]Need, error) {
	if len(needs) > 0 {
		for _, n := range needs {
			if n.Units < 1 || n.Units > 500 {
				return nil, &Wrong{"units", "takes a number from 1 to 500"}
			}
		}
		return needs, nil
	}
	usual, err := t.q.ResourcesNamed(ctx, queries.ResourcesNamedParams{OrgID: t.org, Names: []string{""}})
	if err != nil || len(usual) == 0 {
		return nil, err
	}
	return []Need{{usual[0].ID, 1}}, nil
}

// add writes the booking as an enquiry, which takes nothing yet. again: one that lives has the same key.
func (t *taking) add(ctx context.Context, w Want) (_ Taken, again bool, err error) {
	if w.BookingID != uuid.Nil {
		return Taken{ID: w.BookingID}, false, nil
	}
	from, until := w.When.Range()
	names, err := t.named(ctx, w.Needs)
	if err != nil {
		return Taken{}, false, err
	}
	id, err := t.q.AddBooking(ctx, queries.AddBookingParams{OrgID: t.org, ID: uuid.Must(uuid.NewV7()), Key: w.Key, Title: w.Title, Venue: w.Venue, Notes: w.Notes,
		Resource: names, StartsLocal: &w.When.Starts, EndsLocal: &w.When.Ends, Timezone: w.When.Zone, StartsAt: from, EndsAt: until, CreatedBy: w.By, CreatedAt: t.now})
	if errors.Is(err, pgx.ErrNoRows) {
		there, err := t.q.BookingByKey(ctx, queries.BookingByKeyParams{OrgID: t.org, Key: w.Key})
		if err != nil {
			return Taken{}, false, fmt.Errorf("booking by key: %w", err)
		}
		place, err := t.place(ctx, there.ID, there.QueuedAt)
		return Taken{there.ID, there.Status, place}, true, err
	}
	if err != nil {
		return Taken{}, false, fmt.Errorf("add a booking: %w", err)
	}
	return Taken{ID: id}, false, t.setNeeds(ctx, id, w.Needs)
}

func (t *taking) setNeeds(ctx context.Context, id uuid.UUID, needs []Need) error {
	if err := t.q.DropNeeds(ctx, queries.DropNeedsParams{OrgID: t.org, BookingIds: []uuid.UUID{id}}); err != nil {
		return fmt.Errorf("needs: %w", err)
	}
	p := queries.AddNeedsParams{OrgID: t.org}
	for _, n := range needs {
		p.BookingIds, p.ResourceIds, p.Units = append(p.BookingIds, id), append(p.ResourceIds, n.ResourceID), append(p.Units, int16(n.Units))
	}
	if err := t.q.AddNeeds(ctx, p); err != nil {
		return fmt.Errorf("needs: %w", err)
	}
	return nil
}

// named is the resources in words, as lists show them.
func (t *taking) named(ctx context.Context, needs []Need) (string, error) {
	rows, err := t.q.ResourcesByID(ctx, queries.ResourcesByIDParams{OrgID: t.org, Ids: ids(needs)})
	if err != nil {
		return "", fmt.Errorf("resources: %w", err)
	}
	var names []string
	for _, n := range needs {
		at := slices.IndexFunc(rows, func(r queries.ResourcesByIDRow) bool { return r.ID == n.ResourceID })
		if at < 0 {
			return "", ErrNoResource
		}
		names = append(names, rows[at].Name)
	}
	return strings.Join(names, ", "), nil
}

func (t *taking) lockBooking(ctx context.Context, id uuid.UUID) (queries.BookingToChangeRow, error) {
	b, err := t.q.BookingToChange(ctx, queries.BookingToChangeParams{OrgID: t.org, ID: id})
	if errors.Is(err, pgx.ErrNoRows) {
		return b, ErrNoBooking
	}
	return b, err
}

// take claims what a booking needs, or puts it in line, or says all that stands against it. What it needs nothing of is taken
// by nobody else.
func (t *taking) take(ctx context.Context, b queries.BookingToChangeRow, w Want) (Taken, error) {
	l, err := look(ctx, t.q, t.org, w.When, w.Needs)
	if err != nil {
		return Taken{}, err
	}
	if err := l.lock(ctx); err != nil {
		return Taken{}, fmt.Errorf("lock: %w", err)
	}
	if err := l.read(ctx, b.ID, t.now); err != nil {
		return Taken{}, err
	}
	reasons := l.against()
	outside, receipt, err := l.outside(ctx, t.now)
	if err != nil {
		return Taken{}, err
	}
	if len(reasons) > 0 && w.Line && onlyTaken(reasons) {
		return t.stand(ctx, b, w)
	}
	if reasons = append(reasons, t.counts(outside, w)...); len(reasons) > 0 {
		return Taken{}, &Refused{reasons}
	}
	if err := t.claim(ctx, l, b.ID); err != nil {
		return Taken{}, err
	}
	return t.stood(ctx, b, w, receipt, outside)
}

// onlyTaken is what waiting may help against.
func onlyTaken(reasons []Reason) bool {
	return !slices.ContainsFunc(reasons, func(r Reason) bool { return r.Why != Booked && r.Why != Held })
}

// counts is which words of outside calendars matter: a hold promises nothing, so only what is known to be busy stands in its
// way; and a person may know better.
func (t *taking) counts(outside []Reason, w Want) (all []Reason) {
	if w.Override != "" {
		return nil
	}
	for _, r := range outside {
		if w.Status == queries.BookingStatusConfirmed || r.Why == Outside {
			all = append(all, r)
		}
	}
	return all
}

// stand puts a booking in line.
func (t *taking) stand(ctx context.Context, b queries.BookingToChangeRow, w Want) (Taken, error) {
	since := t.now
	if b.QueuedAt != nil {
		since = *b.QueuedAt
	}
	if err := t.stands(ctx, b, queries.StandBookingParams{Status: queries.BookingStatusEnquiry, QueuedAt: &since}); err != nil {
		return Taken{}, err
	}
	t.step(b.ID, "queued", "")
	if err := t.finish(ctx, b.ID); err != nil {
		return Taken{}, err
	}
	place, err := t.place(ctx, b.ID, &since)
	return Taken{b.ID, queries.BookingStatusEnquiry, place}, err
}

func (t *taking) place(ctx context.Context, id uuid.UUID, queued *time.Time) (int, error) {
	if queued == nil {
		return 0, nil
	}
	place, err := t.q.PlaceInLine(ctx, queries.PlaceInLineParams{OrgID: t.org, ID: id})
	return int(place), err
}

// stood writes what the booking is now that it has its claims.
func (t *taking) stood(ctx context.Context, b queries.BookingToChangeRow, w Want, receipt []Asked, outside []Reason) (Taken, error) {
	p := queries.StandBookingParams{Status: w.Status}
	switch w.Status {
	case queries.BookingStatusHeld:
		until, err := t.holdUntil(ctx, w)
		if err != nil {
			return Taken{}, err
		}
		p.HoldUntil = &until
		if b.Status != w.Status {
			t.step(b.ID, "held", "")
		}
		if err := t.queueLapse(ctx, b.ID, until); err != nil {
			return Taken{}, err
		}
	default:
		var err error
		if p.Receipt, err = written(receipt, w.Override); err != nil {
			return Taken{}, err
		}
		if w.Override != "" && len(outside) > 0 {
			t.step(b.ID, "overridden", w.Override)
		}
		if b.Status != w.Status {
			t.step(b.ID, "confirmed", "")
		}
	}
	if err := t.stands(ctx, b, p); err != nil {
		return Taken{}, err
	}
	return Taken{ID: b.ID, Status: w.Status}, t.finish(ctx, b.ID)
}

func written(receipt []Asked, override string) ([]byte, error) {
	if receipt == nil {
		receipt = []Asked{} // nobody had to be asked: that is also worth keeping
	}
	for i := range receipt {
		receipt[i].Override = override
	}
	return json.Marshal(receipt)
}

func (t *taking) holdUntil(ctx context.Context, w Want) (time.Time, error) {
	if w.HoldUntil != nil {
		if !w.HoldUntil.After(t.now) {
			return time.Time{}, &Wrong{"hold_until", "must lie ahead"}
		}
		return *w.HoldUntil, nil
	}
	days, err := t.q.HoldDays(ctx, t.org)
	return t.now.AddDate(0, 0, int(days)), err
}

func (t *taking) stands(ctx context.Context, b queries.BookingToChangeRow, p queries.StandBookingParams) error {
	p.OrgID, p.ID, p.Stamps = t.org, b.ID, Stamped(b.Stamps, "status", t.now)
	if err := t.q.StandBooking(ctx, p); err != nil {
		return fmt.Errorf("stand: %w", err)
	}
	return nil
}

// Stamped says that we set a field at this moment: what another system says of an earlier one does not undo it.
func Stamped(stamps queries.Stamps, field string, now time.Time) queries.Stamps {
	all := queries.Stamps{}
	for k, v := range stamps {
		all[k] = v
	}
	all[field] = now.UTC().Format("2006-01-02T15:04:05.000000") + "#1#wedsync"
	return all
}

// claim writes what is taken, all of it or nothing. The locks make room certain; should something else have written claims, the
// exclusion still refuses, and that is told like any other reason.
func (t *taking) claim(ctx context.Context, l *looking, id uuid.UUID) error {
	if _, err := t.q.DropClaims(ctx, queries.DropClaimsParams{OrgID: t.org, BookingIds: []uuid.UUID{id}}); err != nil {
		return fmt.Errorf("claims: %w", err)
	}
	if err := t.lapse(ctx, l); err != nil {
		return err
	}
	err := pgx.BeginFunc(ctx, t.tx, func(inner pgx.Tx) error { return l.claimAll(ctx, queries.New(inner), id) })
	var refused *pgconn.PgError
	if !errors.As(err, &refused) || refused.Code != exclusionViolation {
		return err
	}
	if err := l.read(ctx, id, t.now); err != nil {
		return err
	}
	return &Refused{l.against()}
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
