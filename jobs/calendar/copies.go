package calendar

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/wedsync/wedsync/jobs/calendar/booking"
	"github.com/wedsync/wedsync/jobs/calendar/ical"
	"github.com/wedsync/wedsync/jobs/calendar/remote"
	"github.com/wedsync/wedsync/jobs/outside"
	"github.com/wedsync/wedsync/queries"
)

// Copies writes a booking into the calendars that receive it, or takes it out. The work is done over from the rows each time,
// so running twice, or beside itself, writes the same.
type Copies struct {
	river.WorkerDefaults[booking.CopiesArgs]
	Sync *Sync
}

// Work brings all copies of one booking up to date.
func (c *Copies) Work(ctx context.Context, job *river.Job[booking.CopiesArgs]) error {
	err := c.Sync.copies(ctx, job.Args.OrgID, job.Args.BookingID)
	c.Sync.Waker.Wake(job.Args.OrgID)
	var later *outside.Later
	var open *outside.Open
	switch {
	case errors.Is(err, errWriting):
		return river.JobSnooze(300 * time.Millisecond)
	case errors.As(err, &open):
		return river.JobSnooze(max(time.Until(open.Until), time.Second))
	case errors.As(err, &later) && later.After > 0:
		return river.JobSnooze(later.After)
	}
	return err
}

// target is one calendar that holds a copy, or should.
type target struct {
	calendar, connection uuid.UUID
	remote               string
	wanted               bool
}

func (s *Sync) copies(ctx context.Context, org, id uuid.UUID) error {
	q := queries.New(s.Pool)
	b, err := q.BookingToCopy(ctx, queries.BookingToCopyParams{OrgID: org, ID: id})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	targets, err := s.targets(ctx, q, org, b)
	for _, t := range targets {
		if t.wanted {
			err = errors.Join(err, s.alone(ctx, q, org, b.ID, t, s.writeCopy))
		} else {
			err = errors.Join(err, s.alone(ctx, q, org, b.ID, t, s.dropCopy))
		}
	}
	return errors.Join(err, s.Overlaps(ctx, org)) // an outside event may have come while it was confirmed
}

func (s *Sync) targets(ctx context.Context, q *queries.Queries, org uuid.UUID, b queries.BookingToCopyRow) (all []target, err error) {
	wanted := map[uuid.UUID]bool{}
	if lives(b) {
		receiving, err := q.ReceivingCalendars(ctx, queries.ReceivingCalendarsParams{OrgID: org, BookingID: b.ID})
		if err != nil {
			return nil, err
		}
		for _, c := range receiving {
			wanted[c.ID] = true
			all = append(all, target{c.ID, c.ConnectionID, c.RemoteID, true})
		}
	}
	there, err := q.CopiesOfBookings(ctx, queries.CopiesOfBookingsParams{OrgID: org, BookingIds: []uuid.UUID{b.ID}})
	if err != nil {
		return nil, err
	}
	for _, c := range there {
		if wanted[c.PeerID] {
			continue
		}
		into, err := q.CalendarToWrite(ctx, queries.CalendarToWriteParams{OrgID: org, ID: c.PeerID})
		if errors.Is(err, pgx.ErrNoRows) || err == nil && into.Closed {
			continue // nobody reaches it any more
		}
		if err != nil {
			return nil, err
		}
		all = append(all, target{into.ID, into.ConnectionID, into.RemoteID, false})
	}
	return all, nil
}

// errWriting is a copy that somebody else writes at this moment.
var errWriting = errors.New("this copy is being written")

// writeTime is longer than a job may take.
const writeTime = 2 * time.Minute

// one is a copy that we alone write at this moment, of the booking as it is now.
type one struct {
	queries.BeginCopyRow
	org uuid.UUID
	b   queries.BookingToCopyRow
	to  target
	q   *queries.Queries
}

// alone lets one at a time write a copy: two that write an older and a newer state at once would each take the other for a stranger.
// The row stands before the call: its id is the key under which an answer that was lost is found again, so that no second event is
// made.
func (s *Sync) alone(ctx context.Context, q *queries.Queries, org, bookingID uuid.UUID, t target, do func(context.Context, one) error) error {
	now := time.Now()
	until := now.Add(writeTime).Truncate(time.Microsecond)
	c, err := q.BeginCopy(ctx, queries.BeginCopyParams{OrgID: org, BookingID: bookingID, CalendarID: t.calendar, Until: &until, Now: now})
	if errors.Is(err, pgx.ErrNoRows) {
		return errWriting
	}
	if err != nil {
		return fmt.Errorf("begin a copy: %w", err)
	}
	b, err := q.BookingToCopy(ctx, queries.BookingToCopyParams{OrgID: org, ID: bookingID}) // as it is now that it is our turn
	if err == nil && (lives(b) || !t.wanted) {
		err = do(ctx, one{BeginCopyRow: c, org: org, b: b, to: t, q: q})
	}
	return errors.Join(err, q.EndCopy(context.WithoutCancel(ctx), queries.EndCopyParams{OrgID: org, ID: c.ID, Until: &until}))
}

func (c one) key() string { return plainHex(c.ID) }

// draft is what is to stand outside, with our mark.
func (c one) draft() ical.Event {
	e := draft(c.b)
	e.Ours, e.OursRev = c.b.ID.String(), rev(e)
	return e
}

// writeCopy makes the outside copy say what the booking says.
func (s *Sync) writeCopy(ctx context.Context, c one) error {
	e := c.draft()
	if c.State == "conflict" || c.State == "left_out" || c.RemoteID != "" && c.Hash == e.OursRev && c.State == "agreed" {
		return nil
	}
	account, _, err := s.account(ctx, c.org, c.to.connection)
	if err == nil {
		err = c.q.CopyWriting(ctx, queries.CopyWritingParams{OrgID: c.org, ID: c.ID, Writing: e.OursRev})
	}
	if err != nil {
		return s.notWritten(ctx, c, err)
	}
	wrote, err := put(ctx, account, c, e)
	switch {
	case errors.Is(err, remote.ErrChanged), errors.Is(err, remote.ErrGone):
		// Somebody was there before us: what they did is heard first, and settled.
		return s.hear(ctx, account, c, c.RemoteID)
	case errors.Is(err, remote.ErrReadOnly), errors.Is(err, remote.ErrNoCalendar):
		return c.q.CopyState(ctx, queries.CopyStateParams{OrgID: c.org, ID: c.ID, State: "failed", Failure: err.Error(), Now: time.Now()})
	case err != nil:
		return s.notWritten(ctx, c, err)
	}
	heard, err := s.wrote(ctx, c, e, wrote)
	if err != nil || !heard {
		return err
	}
	return s.hear(ctx, account, c, wrote.ID)
}

// put writes, and again where what stands under our key is an older try of ours whose answer was lost.
func put(ctx context.Context, account remote.Account, c one, e ical.Event) (remote.Written, error) {
	d := remote.Draft{ID: c.RemoteID, ETag: c.Etag, Key: c.key(), Event: e}
	wrote, err := account.Put(ctx, c.to.remote, d)
	if err != nil || wrote.ETag != "" {
		return wrote, err
	}
	there, err := account.Get(ctx, c.to.remote, wrote.ID)
	if err != nil {
		return wrote, err
	}
	if len(there.Events) == 1 && rev(there.Events[0]) == e.OursRev {
		return remote.Written{ID: there.ID, ETag: there.ETag}, nil
	}
	d.ID, d.ETag = wrote.ID, there.ETag
	return account.Put(ctx, c.to.remote, d)
}

// wrote notes that the copy stands. heard: a pull has read it already, and by then somebody had changed it.
func (s *Sync) wrote(ctx context.Context, c one, e ical.Event, w remote.Written) (heard bool, err error) {
	agreed, err := json.Marshal(outsideFields(c.b))
	if err != nil {
		return false, err
	}
	now := time.Now()
	err = pgx.BeginFunc(ctx, s.Pool, func(tx pgx.Tx) error {
		q := queries.New(tx)
		n, err := q.CopyWritten(ctx, queries.CopyWrittenParams{OrgID: c.org, ID: c.ID, RemoteID: w.ID, Etag: w.ETag, Agreed: agreed, Hash: e.OursRev, Now: &now,
			OldRemoteID: c.RemoteID, OldEtag: c.Etag, OldHash: c.Hash, OldState: c.State})
		if err != nil {
			return err
		}
		if n == 0 { // something was heard meanwhile: once more, from how it stands now
			_, err := s.River.InsertTx(ctx, tx, booking.CopiesArgs{OrgID: c.org, BookingID: c.b.ID}, nil)
			return err
		}
		if c.RemoteID == w.ID {
			return nil
		}
		etag, err := q.AdoptEvent(ctx, queries.AdoptEventParams{OrgID: c.org, CalendarID: c.to.calendar, RemoteID: w.ID, BookingID: &c.b.ID})
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		heard = etag != w.ETag
		return errors.Join(err, q.DropBusy(ctx, queries.DropBusyParams{OrgID: c.org, CalendarID: c.to.calendar, Roots: []string{w.ID}}))
	})
	return heard, err
}

func ptr[T any](v T) *T { return &v }

// hear asks how our copy stands there, and settles that. What changed may have been read before, so a pull would not tell of it.
func (s *Sync) hear(ctx context.Context, account remote.Account, c one, id string) error {
	asked := time.Now()
	o, err := account.Get(ctx, c.to.remote, id)
	gone := errors.Is(err, remote.ErrGone)
	if err != nil && !gone || err == nil && len(o.Events) == 0 {
		return s.notWritten(ctx, c, err)
	}
	err = pgx.BeginFunc(ctx, s.Pool, func(tx pgx.Tx) error {
		m, err := s.mirroringOf(ctx, tx, c.org, c.to.calendar, time.Now())
		if err != nil {
			return err
		}
		of, err := m.strategies(ctx)
		if err != nil {
			return err
		}
		if gone {
			err = m.deleted(ctx, c.ID, c.b.ID, of(fieldWhen))
		} else {
			err = m.heard(ctx, c.ID, c.b.ID, o, asked, of)
		}
		if err != nil {
			return err
		}
		return touch(ctx, m.q, c.org, "calendar", "conflicts", "kpis", "weddings")
	})
	if err != nil {
		return err
	}
	return s.goOn(ctx, c)
}

// goOn writes what was left unwritten when somebody was heard first: a little later, and with more patience each time.
func (s *Sync) goOn(ctx context.Context, c one) error {
	there, err := c.q.CopiesOfBookings(ctx, queries.CopiesOfBookingsParams{OrgID: c.org, BookingIds: []uuid.UUID{c.b.ID}})
	if err != nil {
		return err
	}
	b, err := c.q.BookingToCopy(ctx, queries.BookingToCopyParams{OrgID: c.org, ID: c.b.ID})
	if err != nil {
		return err
	}
	for _, t := range there {
		if t.ID == c.ID && t.State == "agreed" && t.Hash != rev(draft(b)) {
			return errors.New("somebody changed the copy meanwhile; what they did is kept, and the rest is written with the next try")
		}
	}
	return nil
}

// notWritten says on the page what stands in the way; a grant that has ended is a person's to mend.
func (s *Sync) notWritten(ctx context.Context, c one, err error) error {
	if err == nil {
		return nil
	}
	var reconnect *remote.Reconnect
	now := time.Now()
	note := c.q.CopyState(ctx, queries.CopyStateParams{OrgID: c.org, ID: c.ID, State: "failed", Failure: failureWords(err), Now: now})
	if errors.As(err, &reconnect) {
		return errors.Join(note, pgx.BeginFunc(ctx, s.Pool, func(tx pgx.Tx) error {
			return s.needReconnect(ctx, tx, c.org, c.to.connection, reconnect.Words, now)
		}))
	}
	return errors.Join(err, note)
}

// dropCopy takes a copy out. One that was on its way may stand there although we were never told: it is found by its key.
func (s *Sync) dropCopy(ctx context.Context, c one) error {
	if c.State != "left_out" && (c.RemoteID != "" || c.Writing != "") {
		account, _, err := s.account(ctx, c.org, c.to.connection)
		if err == nil && c.RemoteID == "" {
			var found remote.Written
			found, err = account.Put(ctx, c.to.remote, remote.Draft{Key: c.key(), Event: c.draft()})
			c.RemoteID = found.ID
		}
		if err == nil {
			err = account.Delete(ctx, c.to.remote, c.RemoteID, "")
		}
		if err != nil && !errors.Is(err, remote.ErrNoCalendar) && !errors.Is(err, remote.ErrReadOnly) {
			return s.notWritten(ctx, c, err)
		}
	}
	now := time.Now()
	return errors.Join(c.q.DropCopy(ctx, queries.DropCopyParams{OrgID: c.org, ID: c.ID}), // nothing is left to be settled about it
		c.q.CloseConflictsOfCopy(ctx, queries.CloseConflictsOfCopyParams{OrgID: c.org, BookingID: &c.b.ID, CalendarID: &c.to.calendar, Now: &now, But: []string{}}))
}

// copyAll queues the copies of everything that lies ahead.
func (s *Sync) copyAll(ctx context.Context, tx pgx.Tx, org uuid.UUID) error {
	ids, err := queries.New(tx).BookingsToCopy(ctx, queries.BookingsToCopyParams{OrgID: org, Now: time.Now()})
	if err != nil || len(ids) == 0 {
		return err
	}
	var jobs []river.InsertManyParams
	for _, id := range ids {
		jobs = append(jobs, river.InsertManyParams{Args: booking.CopiesArgs{OrgID: org, BookingID: id}})
	}
	_, err = s.River.InsertManyFastTx(ctx, tx, jobs)
	return err
}

// titledOutside marks a booking whose title somebody wrote in an outside calendar: it is kept there word for word, and no
// template has a say in it.
const titledOutside = "titled_outside"

// draft is a booking as an outside calendar is to have it: nothing of it is private.
func draft(b queries.BookingToCopyRow) ical.Event {
	e := ical.Event{Busy: ical.Blocks, Venue: strings.TrimSpace(b.Venue)}
	if b.StartsLocal != nil && b.EndsLocal != nil {
		e.Starts, e.Ends = ical.Moment{Wall: b.StartsLocal.UTC(), Zone: b.Timezone}, ical.Moment{Wall: b.EndsLocal.UTC(), Zone: b.Timezone}
	}
	e.Title, e.Description = Describe(b.CopyTitle, b.CopyBody, described(b))
	if b.Stamps[titledOutside] != "" {
		e.Title = strings.TrimSpace(b.Title)
	}
	if b.Status == queries.BookingStatusHeld {
		e.Busy = ical.Tentative
	}
	return e
}

// described are the words that a template may use.
func described(b queries.BookingToCopyRow) Described {
	couple := b.ClientName
	if couple != "" && b.PartnerName != "" {
		couple += " & " + b.PartnerName
	}
	d := Described{Couple: couple, Title: b.Title, Venue: b.Venue, Status: StatusWords(b.Status), Contact: contact(b.ClientPhone, b.ClientEmail)}
	if b.StartsLocal != nil && b.EndsLocal != nil {
		d.Times = times(*b.StartsLocal, *b.EndsLocal)
	}
	return d
}
