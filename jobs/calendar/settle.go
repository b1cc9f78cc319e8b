package calendar

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/wedsync/wedsync/jobs/calendar/booking"
	"github.com/wedsync/wedsync/jobs/conflict"
	"github.com/wedsync/wedsync/queries"
)

// How a conflict is settled.
const (
	Ours   = "ours"   // what we have is right; outside it is written again
	Theirs = "theirs" // what stands outside is right
	Both   = "both"   // both may stay as they are
	Again  = "again"  // what was deleted outside is put back
	Cancel = "cancel" // the booking is cancelled
	Ignore = "ignore" // the outside event blocks nothing
)

// ErrSettled is about a conflict that somebody else has settled meanwhile.
var ErrSettled = errors.New("it is settled already")

// ErrCannot is a way that this conflict cannot be settled.
var ErrCannot = errors.New("that is no way to settle this one")

// undo is what settling changed, as it was before.
type undo struct {
	Title   string                `json:"title,omitempty"`
	Titled  bool                  `json:"titled,omitempty"` // its title was somebody's word already
	Venue   string                `json:"venue,omitempty"`
	When    string                `json:"when,omitempty"`
	Status  queries.BookingStatus `json:"status,omitempty"`
	Ignored bool                  `json:"ignored,omitempty"`
	State   string                `json:"state,omitempty"` // of the copy
}

// Resolve settles a conflict the way a person chose. It fails with *booking.Refused where their side's time cannot be had.
func (s *Sync) Resolve(ctx context.Context, org, id uuid.UUID, resolution string, by uuid.UUID) error {
	err := pgx.BeginFunc(ctx, s.Pool, func(tx pgx.Tx) error {
		v := &settling{sync: s, tx: tx, q: queries.New(tx), org: org, by: by, now: time.Now()}
		if err := v.load(ctx, id); err != nil {
			return err
		}
		if v.c.ResolvedAt != nil {
			return ErrSettled
		}
		if err := v.settle(ctx, resolution); err != nil {
			return err
		}
		raw, err := json.Marshal(v.undo)
		if err != nil {
			return err
		}
		if err := v.q.SettleConflict(ctx, queries.SettleConflictParams{OrgID: org, ID: id, Now: &v.now, Resolution: resolution, ResolvedBy: &by, Undo: raw}); err != nil {
			return err
		}
		return v.finish(ctx, "conflict.settled", resolution)
	})
	s.Waker.Wake(org)
	return err
}

// settling is one conflict in one transaction.
type settling struct {
	sync *Sync
	tx   pgx.Tx
	q    *queries.Queries
	org  uuid.UUID
	by   uuid.UUID
	now  time.Time
	c    queries.ConflictToSettleRow
	b    queries.BookingToChangeRow
	copy *queries.CopiesOfBookingsRow
	undo undo
}

// load takes the booking's row before the conflict's, as every other writer does.
func (v *settling) load(ctx context.Context, id uuid.UUID) (err error) {
	seen, err := v.q.ConflictSeen(ctx, queries.ConflictSeenParams{OrgID: v.org, ID: id})
	if err != nil {
		return err
	}
	if seen.BookingID != nil {
		if v.b, err = v.q.BookingToChange(ctx, queries.BookingToChangeParams{OrgID: v.org, ID: *seen.BookingID}); err != nil {
			return err
		}
		there, err := v.q.CopiesOfBookings(ctx, queries.CopiesOfBookingsParams{OrgID: v.org, BookingIds: []uuid.UUID{v.b.ID}})
		if err != nil {
			return err
		}
		for i, c := range there {
			if seen.CalendarID != nil && c.PeerID == *seen.CalendarID {
				v.copy = &there[i]
			}
		}
	}
	v.c, err = v.q.ConflictToSettle(ctx, queries.ConflictToSettleParams{OrgID: v.org, ID: id})
	return err
}

func (v *settling) settle(ctx context.Context, how string) error {
	v.undo.Status = v.b.Status
	if v.copy != nil {
		v.undo.State = v.copy.State
	}
	switch v.c.Kind + " " + how {
	case "edited ours", "refused ours":
		return v.agree(ctx, text(v.c.Theirs))
	case "edited theirs", "refused theirs":
		if err := v.change(ctx, v.c.Field, text(v.c.Theirs)); err != nil {
			return err
		}
		return v.agree(ctx, text(v.c.Theirs))
	case "deleted again":
		if v.copy == nil || v.copy.State != "left_out" {
			return nil // it stands again
		}
		return v.q.DropCopy(ctx, queries.DropCopyParams{OrgID: v.org, ID: v.copy.ID})
	case "deleted both", "overlap both", "contested both":
		return nil
	case "deleted cancel", "overlap cancel", "contested cancel":
		return booking.Cancel(ctx, v.tx, v.sync.River, v.org, v.b.ID, &v.by, v.now)
	case "overlap ignore":
		v.undo.Ignored = true
		return v.ignore(ctx, &v.now)
	}
	return ErrCannot
}

func text(raw []byte) (s string) {
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// agree says what both sides knew when this was settled: whatever differs from it now is ours to write.
func (v *settling) agree(ctx context.Context, theirs string) error {
	if v.copy == nil {
		return nil
	}
	agreed := conflict.Fields{}
	if err := json.Unmarshal(v.copy.Agreed, &agreed); err != nil {
		return fmt.Errorf("agreed fields: %w", err)
	}
	agreed[v.c.Field] = theirs
	raw, err := json.Marshal(agreed)
	if err != nil {
		return err
	}
	left, err := v.q.OpenOfCopy(ctx, queries.OpenOfCopyParams{OrgID: v.org, BookingID: &v.b.ID, CalendarID: v.c.CalendarID, OtherThan: v.c.ID})
	if err != nil {
		return err
	}
	state := "agreed"
	if left > 0 {
		state = "conflict"
	}
	return v.q.CopyHeard(ctx, queries.CopyHeardParams{OrgID: v.org, ID: v.copy.ID, Etag: v.copy.Etag, Agreed: raw, Hash: "", State: state, Now: v.now})
}

// change gives our booking a value from outside.
func (v *settling) change(ctx context.Context, field, value string) error {
	v.undo.Title, v.undo.Venue, v.undo.Titled = v.b.Title, v.b.Venue, v.b.Stamps[titledOutside] != ""
	title, venue, stamps := v.b.Title, v.b.Venue, v.b.Stamps
	switch field {
	case fieldWhen:
		if v.b.StartsLocal != nil && v.b.EndsLocal != nil {
			v.undo.When = writeWhen(booking.When{Starts: *v.b.StartsLocal, Ends: *v.b.EndsLocal, Zone: v.b.Timezone})
		}
		to, err := readWhen(value)
		if err != nil {
			return err
		}
		_, err = booking.Move(ctx, v.tx, v.sync.River, v.org, v.b.ID, to, nil, &v.by, "It was moved in the outside calendar", v.now)
		return err
	case fieldTitle:
		title, stamps = value, booking.Stamped(booking.Stamped(stamps, "title", v.now), titledOutside, v.now)
	case fieldVenue:
		venue, stamps = value, booking.Stamped(stamps, "venue", v.now)
	}
	return v.q.RetitleBooking(ctx, queries.RetitleBookingParams{OrgID: v.org, ID: v.b.ID, Title: title, Venue: venue, Stamps: stamps})
}

// ignore makes an outside event block nothing, or block again.
func (v *settling) ignore(ctx context.Context, at *time.Time) error {
	if v.c.CalendarID == nil {
		return ErrCannot
	}
	if _, err := v.q.IgnoreEvent(ctx, queries.IgnoreEventParams{OrgID: v.org, CalendarID: *v.c.CalendarID, RemoteID: v.c.RemoteID, At: at}); err != nil {
		return err
	}
	m, err := v.sync.mirroringOf(ctx, v.tx, v.org, *v.c.CalendarID, v.now)
	if err != nil {
		return err
	}
	m.touched[v.c.RemoteID] = true
	return m.busy(ctx)
}

// mirroringOf works on a calendar's mirror without having read it.
func (s *Sync) mirroringOf(ctx context.Context, tx pgx.Tx, org, calendar uuid.UUID, now time.Time) (*mirroring, error) {
	q := queries.New(tx)
	into, err := q.CalendarToWrite(ctx, queries.CalendarToWriteParams{OrgID: org, ID: calendar})
	if err != nil {
		return nil, err
	}
	zones, err := q.CalendarZones(ctx, queries.CalendarZonesParams{OrgID: org, ID: calendar})
	if err != nil {
		return nil, err
	}
	m := &mirroring{sync: s, tx: tx, q: q, now: now, touched: map[string]bool{}, pulling: &pulling{org: org, id: calendar}}
	m.ConnectionID, m.Name = into.ConnectionID, into.Name
	m.Timezone, m.OrgTimezone = zones.Timezone, zones.OrgTimezone
	return m, m.locate()
}

func (v *settling) finish(ctx context.Context, action, detail string) error {
	if v.b.ID != uuid.Nil {
		if _, err := v.sync.River.InsertTx(ctx, v.tx, booking.CopiesArgs{OrgID: v.org, BookingID: v.b.ID}, nil); err != nil {
			return err
		}
	}
	if err := v.q.Audit(ctx, queries.AuditParams{OrgID: v.org, UserID: &v.by, Action: action, Subject: v.c.ID.String(), Detail: detail}); err != nil {
		return err
	}
	return touch(ctx, v.q, v.org, "calendar", "conflicts", "kpis", "weddings")
}

// Undo puts back what settling a conflict changed, and asks again. It fails with *booking.Refused where the old place was
// taken meanwhile.
func (s *Sync) Undo(ctx context.Context, org, id, by uuid.UUID) error {
	err := pgx.BeginFunc(ctx, s.Pool, func(tx pgx.Tx) error {
		v := &settling{sync: s, tx: tx, q: queries.New(tx), org: org, by: by, now: time.Now()}
		if err := v.load(ctx, id); err != nil {
			return err
		}
		if v.c.ResolvedAt == nil || v.c.UndoneAt != nil || v.c.Resolution == "gone" || v.c.Undo == nil {
			return ErrSettled
		}
		if err := json.Unmarshal(v.c.Undo, &v.undo); err != nil {
			return fmt.Errorf("undo: %w", err)
		}
		if err := v.putBack(ctx); err != nil {
			return err
		}
		if err := v.q.UnsettleConflict(ctx, queries.UnsettleConflictParams{OrgID: org, ID: id, Now: &v.now}); err != nil {
			return err
		}
		if err := v.q.ReopenConflict(ctx, queries.ReopenConflictParams{OrgID: org, ID: id}); err != nil {
			return err
		}
		return v.finish(ctx, "conflict.undone", v.c.Resolution)
	})
	s.Waker.Wake(org)
	return err
}

func (v *settling) putBack(ctx context.Context) error {
	if v.undo.Ignored {
		return v.ignore(ctx, nil)
	}
	if v.c.Resolution == Cancel && v.undo.Status != queries.BookingStatusCancelled {
		if err := booking.Revive(ctx, v.tx, v.sync.River, v.org, v.b.ID, v.undo.Status, &v.by, v.now); err != nil {
			return err
		}
	}
	if v.c.Resolution == Theirs {
		if err := v.restore(ctx); err != nil {
			return err
		}
	}
	if v.copy != nil && (v.c.Kind == "edited" || v.c.Kind == "refused") {
		return v.q.CopyState(ctx, queries.CopyStateParams{OrgID: v.org, ID: v.copy.ID, State: "conflict", Now: v.now})
	}
	return nil
}

func (v *settling) restore(ctx context.Context) error {
	if v.undo.When != "" {
		to, err := readWhen(v.undo.When)
		if err != nil {
			return err
		}
		_, err = booking.Move(ctx, v.tx, v.sync.River, v.org, v.b.ID, to, nil, &v.by, "Undone", v.now)
		return err
	}
	title, venue, stamps := v.b.Title, v.b.Venue, booking.Stamped(v.b.Stamps, v.c.Field, v.now)
	if v.c.Field == fieldTitle {
		if title = v.undo.Title; !v.undo.Titled {
			delete(stamps, titledOutside)
		}
	} else {
		venue = v.undo.Venue
	}
	return v.q.RetitleBooking(ctx, queries.RetitleBookingParams{OrgID: v.org, ID: v.b.ID, Title: title, Venue: venue, Stamps: stamps})
}
