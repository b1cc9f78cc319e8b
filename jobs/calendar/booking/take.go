package booking

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
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
	if err := check(w, now); err != nil {
		return Taken{}, err
	}
	t := begin(tx, client, w.OrgID, w.By, now)
	if w.BookingID != uuid.Nil {
		return t.become(ctx, w)
	}
	var err error
	if w.Needs, err = t.needs(ctx, w.Needs); err != nil {
		return Taken{}, err
	}
	id, again, err := t.add(ctx, w)
	if err != nil || again {
		return id, err
	}
	// Nobody else knows of it yet: it needs no lock, and has nothing that could be in the way of itself.
	b := queries.BookingToChangeRow{ID: id.ID, Title: w.Title, StartsLocal: &w.When.Starts, EndsLocal: &w.When.Ends, Timezone: w.When.Zone, Venue: w.Venue,
		Status: queries.BookingStatusEnquiry, Key: w.Key}
	if w.Status == queries.BookingStatusEnquiry && !w.Line {
		return Taken{ID: b.ID, Status: b.Status}, t.finish(ctx, b.ID)
	}
	return t.take(ctx, b, w)
}

// check is what can be said of a wish before anything is read.
func check(w Want, now time.Time) error {
	if field, words := CheckWhen(w.When); field != "" {
		return &Wrong{field, words}
	}
	switch {
	case w.Status != queries.BookingStatusEnquiry && w.Status != queries.BookingStatusHeld && w.Status != queries.BookingStatusConfirmed:
		return &Wrong{"status", "takes enquiry, held or confirmed"}
	case len(w.Key) > 200:
		return &Wrong{"key", "takes at most 200 characters"}
	case utf8.RuneCountInString(w.Notes) > 4000:
		return &Wrong{"notes", "takes at most 4,000 characters"}
	case strings.ContainsRune(w.Key+w.Title+w.Venue+w.Notes, 0):
		return &Wrong{"title", "must be text"}
	case w.Status == queries.BookingStatusHeld && w.HoldUntil != nil && !w.HoldUntil.After(now):
		return &Wrong{"hold_until", "must lie ahead"}
	}
	return nil
}

// become makes an enquiry or a hold what is wanted, with the time and the resources that are wanted now.
func (t *taking) become(ctx context.Context, w Want) (Taken, error) {
	b, err := t.lockBooking(ctx, w.BookingID)
	switch {
	case err != nil:
		return Taken{}, err
	case b.Status == queries.BookingStatusCancelled:
		return Taken{}, fmt.Errorf("%w: it was cancelled", ErrNotNow)
	case b.Status == queries.BookingStatusConfirmed:
		return Taken{}, fmt.Errorf("%w: it is confirmed already", ErrNotNow)
	case b.Status == queries.BookingStatusHeld && w.Status == queries.BookingStatusEnquiry:
		return Taken{}, fmt.Errorf("%w: it is held", ErrNotNow)
	}
	if b, w.Needs, err = t.place(ctx, b, w.When, w.Needs); err != nil {
		return Taken{}, err
	}
	if w.Status == queries.BookingStatusEnquiry && !w.Line && b.QueuedAt == nil {
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
	line   bool        // something became free: somebody may be waiting for it
	held   []uuid.UUID // resources that are locked
	ended  []uuid.UUID // holds that had run out, on the way
	fresh  bool        // the booking was made in this transaction
}

func begin(tx pgx.Tx, client *river.Client[pgx.Tx], org uuid.UUID, by *uuid.UUID, now time.Time) *taking {
	return &taking{tx: tx, q: queries.New(tx), client: client, org: org, by: by, now: now}
}

func (t *taking) step(id uuid.UUID, step, detail string) {
	s := &t.steps
	s.BookingIds, s.Ids = append(s.BookingIds, id), append(s.Ids, uuid.Must(uuid.NewV7()))
	s.Steps, s.Details = append(s.Steps, step), append(s.Details, detail)
}

// needs are the usual resource where nothing is named.
func (t *taking) needs(ctx context.Context, needs []Need) ([]Need, error) {
	if len(needs) > 0 {
		return summed(needs)
	}
	usual, err := t.q.ResourcesNamed(ctx, queries.ResourcesNamedParams{OrgID: t.org, Names: []string{""}})
	if err != nil || len(usual) == 0 {
		return nil, err
	}
	return []Need{{usual[0].ID, 1}}, nil
}

// summed names every resource once.
func summed(needs []Need) (all []Need, err error) {
	for _, n := range needs {
		at := slices.IndexFunc(all, func(a Need) bool { return a.ResourceID == n.ResourceID })
		if at < 0 {
			at, all = len(all), append(all, Need{ResourceID: n.ResourceID})
		}
		if n.Units < 1 || n.Units > 500 || all[at].Units+n.Units > 500 {
			return nil, &Wrong{"units", "takes a number from 1 to 500"}
		}
		all[at].Units += n.Units
	}
	return all, nil
}

// add writes the booking as an enquiry, which takes nothing yet. again: one that lives has the same key.
func (t *taking) add(ctx context.Context, w Want) (_ Taken, again bool, err error) {
	from, until := w.When.Range()
	names, err := t.named(ctx, w.Needs)
	if err != nil {
		return Taken{}, false, err
	}
	id, err := t.q.AddBooking(ctx, queries.AddBookingParams{OrgID: t.org, ID: uuid.Must(uuid.NewV7()), Key: w.Key, Title: w.Title, Venue: w.Venue, Notes: w.Notes,
		Resource: names, StartsLocal: &w.When.Starts, EndsLocal: &w.When.Ends, Timezone: w.When.Zone, StartsAt: from, EndsAt: until, CreatedBy: w.By, CreatedAt: t.now})
	if errors.Is(err, pgx.ErrNoRows) {
		there, err := t.q.BookingByKey(ctx, queries.BookingByKeyParams{OrgID: t.org, Key: w.Key})
		if errors.Is(err, pgx.ErrNoRows) { // it was cancelled between the two statements, and the key is free
			return t.add(ctx, w)
		}
		if err != nil {
			return Taken{}, false, fmt.Errorf("booking by key: %w", err)
		}
		place, err := t.inLine(ctx, there.ID, there.QueuedAt)
		return Taken{there.ID, there.Status, place}, true, err
	}
	if err != nil {
		return Taken{}, false, fmt.Errorf("add a booking: %w", err)
	}
	t.fresh = true
	return Taken{ID: id}, false, t.setNeeds(ctx, id, w.Needs)
}

func (t *taking) setNeeds(ctx context.Context, id uuid.UUID, needs []Need) error {
	if !t.fresh {
		if err := t.q.DropNeeds(ctx, queries.DropNeedsParams{OrgID: t.org, BookingIds: []uuid.UUID{id}}); err != nil {
			return fmt.Errorf("needs: %w", err)
		}
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
	var had []uuid.UUID
	if !t.fresh {
		var err error
		if had, err = t.q.ClaimedResources(ctx, queries.ClaimedResourcesParams{OrgID: t.org, BookingIds: []uuid.UUID{b.ID}}); err != nil {
			return Taken{}, fmt.Errorf("claims: %w", err)
		}
	}
	l, err := t.lookLocked(ctx, w.When.span(), w.Needs, had)
	if err != nil {
		return Taken{}, err
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
		return t.stand(ctx, b)
	}
	if w.Status == queries.BookingStatusEnquiry && len(reasons) == 0 { // there is nothing to wait for
		return Taken{ID: b.ID, Status: b.Status}, t.finish(ctx, b.ID)
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

// stand puts a booking in line. What it had, it has given up for that.
func (t *taking) stand(ctx context.Context, b queries.BookingToChangeRow) (Taken, error) {
	since := t.now
	if b.QueuedAt != nil {
		since = *b.QueuedAt
	}
	n, err := t.q.DropClaims(ctx, queries.DropClaimsParams{OrgID: t.org, BookingIds: []uuid.UUID{b.ID}})
	if err != nil {
		return Taken{}, fmt.Errorf("claims: %w", err)
	}
	t.line = t.line || n > 0
	if err := t.stands(ctx, b, queries.StandBookingParams{Status: queries.BookingStatusEnquiry, QueuedAt: &since}); err != nil {
		return Taken{}, err
	}
	if b.QueuedAt == nil {
		t.step(b.ID, "queued", "")
	}
	if err := t.finish(ctx, b.ID); err != nil {
		return Taken{}, err
	}
	place, err := t.inLine(ctx, b.ID, &since)
	return Taken{b.ID, queries.BookingStatusEnquiry, place}, err
}

func (t *taking) inLine(ctx context.Context, id uuid.UUID, queued *time.Time) (int, error) {
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
	if b.ContestedAt != nil {
		if err := t.q.CloseContests(ctx, queries.CloseContestsParams{OrgID: t.org, At: &t.now, Fingerprints: []string{contested(b.ID)}}); err != nil {
			return fmt.Errorf("close a contest: %w", err)
		}
	}
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
