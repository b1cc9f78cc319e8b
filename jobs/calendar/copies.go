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
			err = errors.Join(err, s.writeCopy(ctx, q, org, b, t))
		} else {
			err = errors.Join(err, s.dropCopy(ctx, q, org, b, t))
		}
	}
	return errors.Join(err, s.Overlaps(ctx, org)) // an outside event may have come while it was confirmed
}

func (s *Sync) targets(ctx context.Context, q *queries.Queries, org uuid.UUID, b queries.BookingToCopyRow) (all []target, err error) {
	lives := (b.Status == queries.BookingStatusHeld || b.Status == queries.BookingStatusConfirmed) && b.StartsLocal != nil && b.EndsLocal != nil && b.Timezone != ""
	wanted := map[uuid.UUID]bool{}
	if lives {
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

// writeCopy makes the outside copy say what the booking says. The row stands before the call: its id is the key under which
// an answer that was lost is found again, so that no second event is made.
func (s *Sync) writeCopy(ctx context.Context, q *queries.Queries, org uuid.UUID, b queries.BookingToCopyRow, t target) error {
	c, err := q.BeginCopy(ctx, queries.BeginCopyParams{OrgID: org, BookingID: b.ID, CalendarID: t.calendar})
	if err != nil {
		return fmt.Errorf("begin a copy: %w", err)
	}
	e := draft(b)
	e.Ours, e.OursRev = b.ID.String(), ical.Hash(e)
	if c.State == "conflict" || c.State == "left_out" || c.RemoteID != "" && c.Hash == e.OursRev {
		return nil
	}
	account, _, err := s.account(ctx, org, t.connection)
	if err != nil {
		return err
	}
	wrote, err := account.Put(ctx, t.remote, remote.Draft{ID: c.RemoteID, ETag: c.Etag, Key: strings.ReplaceAll(c.ID.String(), "-", ""), Event: e})
	switch {
	case errors.Is(err, remote.ErrChanged), errors.Is(err, remote.ErrGone):
		// Somebody was there before us: what they did is heard first, and settled.
		return s.hearFirst(ctx, q, org, b, c, t, err)
	case errors.Is(err, remote.ErrReadOnly), errors.Is(err, remote.ErrNoCalendar):
		return q.CopyState(ctx, queries.CopyStateParams{OrgID: org, ID: c.ID, State: "failed", Failure: err.Error(), Now: time.Now()})
	case err != nil:
		return s.notWritten(ctx, q, org, c.ID, t, err)
	}
	agreed, err := json.Marshal(outsideFields(b))
	if err != nil {
		return err
	}
	return q.CopyWritten(ctx, queries.CopyWrittenParams{OrgID: org, ID: c.ID, RemoteID: wrote.ID, Etag: wrote.ETag, Agreed: agreed, Hash: e.OursRev, Now: ptr(time.Now())})
}

func ptr[T any](v T) *T { return &v }

// hearFirst lets a pull find out what somebody did to our copy. A copy that is not there any more is not in what changed
// where the deletion was heard before, so it is said here.
func (s *Sync) hearFirst(ctx context.Context, q *queries.Queries, org uuid.UUID, b queries.BookingToCopyRow, c queries.BeginCopyRow, t target, why error) error {
	_, err := s.River.Insert(ctx, PullArgs{OrgID: org, CalendarID: t.calendar}, nil)
	if !errors.Is(why, remote.ErrGone) || err != nil {
		return err
	}
	lease, err := q.CalendarToWrite(ctx, queries.CalendarToWriteParams{OrgID: org, ID: t.calendar})
	if err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, s.Pool, func(tx pgx.Tx) error {
		m := &mirroring{sync: s, tx: tx, q: queries.New(tx), pulling: &pulling{org: org, id: t.calendar}, now: time.Now()}
		m.ConnectionID, m.Name = lease.ConnectionID, "the outside calendar"
		of, err := m.strategies(ctx)
		if err != nil {
			return err
		}
		if err := m.deleted(ctx, queries.CopiesInRow{ID: c.ID, SubjectID: b.ID, RemoteID: c.RemoteID}, of(fieldWhen)); err != nil {
			return err
		}
		return touch(ctx, m.q, org, "conflicts", "kpis")
	})
}

// notWritten says on the page what stands in the way; a grant that has ended is a person's to mend.
func (s *Sync) notWritten(ctx context.Context, q *queries.Queries, org, id uuid.UUID, t target, err error) error {
	var reconnect *remote.Reconnect
	note := q.CopyState(ctx, queries.CopyStateParams{OrgID: org, ID: id, State: "failed", Failure: failureWords(err), Now: time.Now()})
	if errors.As(err, &reconnect) {
		return errors.Join(note, q.NeedReconnect(ctx, queries.NeedReconnectParams{OrgID: org, ID: t.connection, Now: time.Now(), Failure: reconnect.Words}))
	}
	return errors.Join(err, note)
}

func (s *Sync) dropCopy(ctx context.Context, q *queries.Queries, org uuid.UUID, b queries.BookingToCopyRow, t target) error {
	c, err := q.BeginCopy(ctx, queries.BeginCopyParams{OrgID: org, BookingID: b.ID, CalendarID: t.calendar})
	if err != nil {
		return err
	}
	if c.RemoteID != "" && c.State != "left_out" {
		account, _, err := s.account(ctx, org, t.connection)
		if err != nil {
			return err
		}
		if err := account.Delete(ctx, t.remote, c.RemoteID, ""); err != nil && !errors.Is(err, remote.ErrNoCalendar) && !errors.Is(err, remote.ErrReadOnly) {
			return s.notWritten(ctx, q, org, c.ID, t, err)
		}
	}
	return q.DropCopy(ctx, queries.DropCopyParams{OrgID: org, ID: c.ID})
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
