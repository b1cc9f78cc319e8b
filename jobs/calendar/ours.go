package calendar

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/wedsync/wedsync/jobs/calendar/booking"
	"github.com/wedsync/wedsync/jobs/calendar/ical"
	"github.com/wedsync/wedsync/jobs/calendar/remote"
	"github.com/wedsync/wedsync/jobs/conflict"
	"github.com/wedsync/wedsync/queries"
)

// The fields of a booking that both sides may change.
const (
	fieldTitle = "title"
	fieldWhen  = "when"
	fieldVenue = "venue"
)

// ours looks what became of our own copies. One that comes back as we wrote it is our echo, and nothing happens.
func (m *mirroring) ours(ctx context.Context, account remote.Account) error {
	if len(m.copies) == 0 {
		return nil
	}
	strategies, err := m.strategies(ctx)
	if err != nil {
		return err
	}
	for _, id := range m.dropped {
		if c, is := m.copies[id]; is {
			if err := m.within(ctx, func(m *mirroring) error { return m.deleted(ctx, c.ID, c.SubjectID, strategies(fieldWhen)) }); err != nil {
				return err
			}
		}
	}
	for _, o := range m.kept {
		c, is := m.copies[o.ID]
		if !is || len(o.Events) == 0 || o.ETag == c.Etag && c.Etag != "" && c.State != "left_out" {
			continue
		}
		if err := m.hearOne(ctx, account, c, o, strategies); err != nil {
			return err
		}
	}
	return nil
}

// errOvertaken is something read before we wrote: it may be what stood there until then, or an edit that came after.
var errOvertaken = errors.New("our own copy was written while it was read")

// hearOne asks again for a copy that we wrote while it was read: an older state of ours is nobody's edit.
func (m *mirroring) hearOne(ctx context.Context, account remote.Account, c queries.CopiesInRow, o remote.Object, of func(string) conflict.Strategy) error {
	asked, err := m.asked, errOvertaken
	for range 5 {
		err = m.within(ctx, func(m *mirroring) error { return m.heard(ctx, c.ID, c.SubjectID, o, asked, of) })
		if !errors.Is(err, errOvertaken) {
			return err
		}
		asked = time.Now()
		o, err = account.Get(ctx, m.RemoteID, c.RemoteID)
		if errors.Is(err, remote.ErrGone) {
			return m.within(ctx, func(m *mirroring) error { return m.deleted(ctx, c.ID, c.SubjectID, of(fieldWhen)) })
		}
		if err != nil || len(o.Events) == 0 {
			return err
		}
		err = errOvertaken
	}
	return err // the token stays where it is, and it is heard with the next reading
}

// rev is what we know our own writing by: what a person sees of it, and whether it takes the time for certain.
func rev(e ical.Event) string {
	switch e.Busy {
	case ical.Tentative:
		return ical.Hash(e) + "?"
	case ical.Free:
		return ical.Hash(e) + "-"
	}
	return ical.Hash(e)
}

// locked are a booking and its copy as they are now, in the order in which every other writer takes them; nil: there is none.
func (m *mirroring) locked(ctx context.Context, id, bookingID uuid.UUID) (*queries.CopyLockedRow, queries.BookingToCopyRow, error) {
	if _, err := m.q.BookingsLocked(ctx, queries.BookingsLockedParams{OrgID: m.org, Ids: []uuid.UUID{bookingID}}); err != nil {
		return nil, queries.BookingToCopyRow{}, err
	}
	c, err := m.q.CopyLocked(ctx, queries.CopyLockedParams{OrgID: m.org, ID: id})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, queries.BookingToCopyRow{}, nil
	}
	if err != nil {
		return nil, queries.BookingToCopyRow{}, err
	}
	b, err := m.q.BookingToCopy(ctx, queries.BookingToCopyParams{OrgID: m.org, ID: bookingID})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, b, m.q.DropCopy(ctx, queries.DropCopyParams{OrgID: m.org, ID: id})
	}
	return &c, b, err
}

// lives is a booking that stands in outside calendars.
func lives(b queries.BookingToCopyRow) bool {
	return (b.Status == queries.BookingStatusHeld || b.Status == queries.BookingStatusConfirmed) && b.StartsLocal != nil && b.EndsLocal != nil && b.Timezone != ""
}

// strategies are the connection's, field by field.
func (m *mirroring) strategies(ctx context.Context) (func(string) conflict.Strategy, error) {
	c, err := m.q.CalendarConnection(ctx, queries.CalendarConnectionParams{OrgID: m.org, ID: m.ConnectionID})
	if err != nil {
		return nil, err
	}
	by := map[string]conflict.Strategy{}
	if err := json.Unmarshal(c.Strategies, &by); err != nil {
		return nil, fmt.Errorf("strategies: %w", err)
	}
	return func(field string) conflict.Strategy {
		if s, set := by[field]; set && s != "" {
			return s
		}
		return conflict.Strategy(c.Strategy)
	}, nil
}

// heard compares a copy as it is outside with what both sides last agreed on, and with what we have now.
func (m *mirroring) heard(ctx context.Context, id, bookingID uuid.UUID, o remote.Object, asked time.Time, of func(string) conflict.Strategy) error {
	c, b, err := m.locked(ctx, id, bookingID)
	if err != nil || c == nil || c.RemoteID != o.ID || !lives(b) {
		return err
	}
	back := c.State == "left_out" // somebody took it out of the bin again
	if !back && o.ETag == c.Etag && c.Etag != "" {
		return nil
	}
	if c.WrittenAt != nil && !asked.After(*c.WrittenAt) {
		return errOvertaken
	}
	stands := rev(o.Events[0])
	if stands == c.Writing && c.Writing != "" {
		return nil // who writes it tells when it is done
	}
	echo := queries.CopyHeardParams{OrgID: m.org, ID: c.ID, Etag: o.ETag, Agreed: c.Agreed, Hash: c.Hash, State: c.State, Now: m.now}
	if !back && stands == c.Hash {
		return m.q.CopyHeard(ctx, echo)
	}
	base := conflict.Fields{}
	if err := json.Unmarshal(c.Agreed, &base); err != nil {
		return fmt.Errorf("agreed fields: %w", err)
	}
	base[fieldWhen] = elsewhere(base[fieldWhen], b.Timezone)
	theirs := fieldsOf(o.Events[0], b.Timezone, m.zone)
	if c.State == "agreed" && maps.Equal(theirs, base) {
		// A colour, a note, or how their server writes things: not ours to write over, or the two would go on for ever.
		return m.q.CopyHeard(ctx, echo)
	}
	return m.follow(ctx, c, o, b, base, conflict.Settle(base, outsideFields(b), theirs, of))
}

// elsewhere is a time by the clocks of another place.
func elsewhere(when, zone string) string {
	w, err := readWhen(when)
	place, _, known := ical.Zone(zone)
	if err != nil || !known || w.Zone == zone {
		return when
	}
	from, until := w.Range()
	moved := booking.At(from, until, place)
	moved.Zone = zone
	return writeWhen(moved)
}

// follow takes over what the other side was right about, asks about what clashes, and queues what the other side has to hear.
func (m *mirroring) follow(ctx context.Context, c *queries.CopyLockedRow, o remote.Object, b queries.BookingToCopyRow, base conflict.Fields, s conflict.Settled) error {
	state, agreed := "agreed", conflict.Fields{}
	for field, value := range s.Fields {
		agreed[field] = value
	}
	clashes := s.Clashes
	if len(s.Theirs) > 0 {
		refused, err := m.takeOver(ctx, b, s)
		if err != nil {
			return err
		}
		if refused != nil {
			clashes = append(clashes, *refused)
		}
	}
	for _, clash := range clashes {
		agreed[clash.Field] = base[clash.Field] // until it is settled both last agreed on what they did before
		state = "conflict"
	}
	if err := m.ask(ctx, c, o, b, clashes); err != nil {
		return err
	}
	raw, err := json.Marshal(agreed)
	if err != nil {
		return err
	}
	// What stands there is not what we wrote, and the copy is written anew where anything differs.
	if err := m.q.CopyHeard(ctx, queries.CopyHeardParams{OrgID: m.org, ID: c.ID, Etag: o.ETag, Agreed: raw, Hash: rev(o.Events[0]), State: state, Now: m.now}); err != nil {
		return err
	}
	_, err = m.sync.River.InsertTx(ctx, m.tx, booking.CopiesArgs{OrgID: m.org, BookingID: b.ID}, nil)
	return err
}

// takeOver changes our booking as the other side did. A time that cannot be had is not taken over but asked about.
func (m *mirroring) takeOver(ctx context.Context, b queries.BookingToCopyRow, s conflict.Settled) (refused *conflict.Clash, err error) {
	full, err := m.q.BookingToChange(ctx, queries.BookingToChangeParams{OrgID: m.org, ID: b.ID})
	if err != nil {
		return nil, err
	}
	title, venue := full.Title, full.Venue
	for _, field := range s.Theirs {
		switch field {
		case fieldTitle:
			title = s.Fields[fieldTitle]
		case fieldVenue:
			venue = s.Fields[fieldVenue]
		case fieldWhen:
			refused, err = m.move(ctx, b, s.Fields[fieldWhen])
			if err != nil {
				return nil, err
			}
		}
	}
	if title == full.Title && venue == full.Venue {
		return refused, nil
	}
	now, err := m.q.BookingToChange(ctx, queries.BookingToChangeParams{OrgID: m.org, ID: b.ID}) // the move stamped it
	if err != nil {
		return nil, err
	}
	stamps := now.Stamps
	if venue != full.Venue {
		stamps = booking.Stamped(stamps, "venue", m.now)
	}
	if title != full.Title {
		stamps = booking.Stamped(booking.Stamped(stamps, "title", m.now), titledOutside, m.now)
	}
	return refused, m.q.RetitleBooking(ctx, queries.RetitleBookingParams{OrgID: m.org, ID: b.ID, Title: title, Venue: venue, Stamps: stamps})
}

// move tries the new time inside a part of the transaction: a refusal undoes only itself.
func (m *mirroring) move(ctx context.Context, b queries.BookingToCopyRow, when string) (*conflict.Clash, error) {
	to, err := readWhen(when)
	if err != nil {
		return nil, err
	}
	err = pgx.BeginFunc(ctx, m.tx, func(inner pgx.Tx) error {
		_, err := booking.Move(ctx, inner, m.sync.River, m.org, b.ID, to, nil, nil, "It was moved in the outside calendar", m.now)
		return err
	})
	var refused *booking.Refused
	var wrong *booking.Wrong
	if errors.As(err, &refused) || errors.As(err, &wrong) {
		return &conflict.Clash{Field: fieldWhen, Local: outsideFields(b)[fieldWhen], Remote: when, Base: refusedMark}, nil
	}
	return nil, err
}

// refusedMark tells a move that would double-book from two sides that both moved.
const refusedMark = "refused"

// deleted is a copy that somebody deleted outside. A booking is never ended that way by itself; of one that is over nobody is asked.
func (m *mirroring) deleted(ctx context.Context, id, bookingID uuid.UUID, strategy conflict.Strategy) error {
	c, b, err := m.locked(ctx, id, bookingID)
	if err != nil || c == nil || c.State == "left_out" {
		return err
	}
	if !lives(b) || strategy == conflict.LocalWins && !over(b, m.now) {
		if err := m.q.DropCopy(ctx, queries.DropCopyParams{OrgID: m.org, ID: c.ID}); err != nil {
			return err
		}
		_, err := m.sync.River.InsertTx(ctx, m.tx, booking.CopiesArgs{OrgID: m.org, BookingID: b.ID}, nil)
		return err
	}
	if err := m.q.CopyState(ctx, queries.CopyStateParams{OrgID: m.org, ID: c.ID, State: "left_out", Now: m.now}); err != nil {
		return err
	}
	if err := m.closeBut(ctx, b.ID, nil); err != nil || over(b, m.now) {
		return err
	}
	n := newConflicts(m.org)
	n.add("deleted", fieldWhen, b.ID, m.id, c.RemoteID, time.Time{}, time.Time{}, nil, jsonText(outsideFields(b)[fieldWhen]), "null", fmt.Sprintf("deleted:%s:%s:%s", b.ID, m.id, c.ID))
	return n.open(ctx, m.tx, m.q, m.sync.River, notice{what: "deleted_outside", booking: b, detail: "It was deleted in " + m.Name}, m.now)
}

func over(b queries.BookingToCopyRow, now time.Time) bool {
	_, until := booking.When{Starts: *b.StartsLocal, Ends: *b.EndsLocal, Zone: b.Timezone}.Range()
	return !until.After(now)
}

// closeBut closes what is asked about a copy, but for some.
func (m *mirroring) closeBut(ctx context.Context, bookingID uuid.UUID, but []string) error {
	if but == nil {
		but = []string{}
	}
	return m.q.CloseConflictsOfCopy(ctx, queries.CloseConflictsOfCopyParams{OrgID: m.org, BookingID: &bookingID, CalendarID: &m.id, Now: &m.now, But: but})
}

// ask opens a conflict for each field that somebody has to settle. What was asked about the copy before, and is not so any more,
// is closed.
func (m *mirroring) ask(ctx context.Context, c *queries.CopyLockedRow, o remote.Object, b queries.BookingToCopyRow, clashes []conflict.Clash) error {
	n := newConflicts(m.org)
	for _, clash := range clashes {
		kind, base := "edited", clash.Base
		if clash.Base == refusedMark {
			kind, base = "refused", clash.Local
		}
		text := jsonText(base)
		n.add(kind, clash.Field, b.ID, m.id, o.ID, time.Time{}, time.Time{}, &text, jsonText(clash.Local), jsonText(clash.Remote),
			fmt.Sprintf("%s:%s:%s:%s:%s:%s", kind, b.ID, m.id, clash.Field, clash.Local, clash.Remote))
	}
	if err := m.closeBut(ctx, b.ID, n.rows.Fingerprints); err != nil || len(clashes) == 0 {
		return err
	}
	return n.open(ctx, m.tx, m.q, m.sync.River, notice{what: "edited_both", booking: b, detail: "Changed in " + m.Name + ": " + fieldWords(clashes)}, m.now)
}

func fieldWords(clashes []conflict.Clash) string {
	words := map[string]string{fieldTitle: "the title", fieldWhen: "the time", fieldVenue: "the place"}
	var all []string
	for _, c := range clashes {
		all = append(all, words[c.Field])
	}
	return strings.Join(all, ", ")
}

func jsonText(v string) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return "null"
	}
	return withoutNUL(raw)
}

// outsideFields are ours as an outside calendar has them.
func outsideFields(b queries.BookingToCopyRow) conflict.Fields {
	e := draft(b)
	return fieldsOf(e, b.Timezone, time.UTC)
}

// fieldsOf is what can be merged of an event, in a normal form: times on the clocks of the booking's own place, however the
// other side writes them.
func fieldsOf(e ical.Event, zone string, otherwise *time.Location) conflict.Fields {
	place, _, known := ical.Zone(zone)
	if !known {
		place, zone = time.UTC, "UTC"
	}
	w := booking.At(e.Starts.Instant(otherwise), e.Ends.Instant(otherwise), place)
	w.Zone = zone
	return conflict.Fields{fieldTitle: strings.TrimSpace(e.Title), fieldVenue: strings.TrimSpace(e.Venue), fieldWhen: writeWhen(w)}
}

const wallFormat = "2006-01-02T15:04:05"

func writeWhen(w booking.When) string {
	return w.Starts.Format(wallFormat) + "/" + w.Ends.Format(wallFormat) + "/" + w.Zone
}

func readWhen(text string) (w booking.When, err error) {
	starts, rest, _ := strings.Cut(text, "/")
	ends, zone, _ := strings.Cut(rest, "/")
	if w.Starts, err = time.Parse(wallFormat, starts); err == nil {
		w.Ends, err = time.Parse(wallFormat, ends)
	}
	w.Zone = zone
	return w, err
}
