package calendar

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/wedsync/wedsync/jobs/notify"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views/mail"
)

// conflicts are questions on their way to people. One that is open already, or that a person has settled, is not asked again.
type conflicts struct{ rows queries.OpenConflictsParams }

func newConflicts(org uuid.UUID) *conflicts {
	return &conflicts{queries.OpenConflictsParams{OrgID: org}}
}

func (c *conflicts) add(kind, field string, bookingID, calendar uuid.UUID, remoteID string, from, until time.Time, base *string, ours, theirs, fingerprint string) {
	r := &c.rows
	r.Ids, r.Kinds, r.Fields = append(r.Ids, uuid.Must(uuid.NewV7())), append(r.Kinds, kind), append(r.Fields, field)
	r.BookingIds, r.CalendarIds, r.RemoteIds = append(r.BookingIds, bookingID), append(r.CalendarIds, calendar), append(r.RemoteIds, remoteID)
	r.StartsAts, r.EndsAts = append(r.StartsAts, from), append(r.EndsAts, until)
	text := "null"
	if base != nil {
		text = *base
	}
	r.Bases, r.Ours, r.Theirs, r.Fingerprints = append(r.Bases, text), append(r.Ours, ours), append(r.Theirs, theirs), append(r.Fingerprints, fingerprint)
}

// notice is what people are told of a conflict.
type notice struct {
	what, detail string
	booking      queries.BookingToCopyRow
}

func (n notice) of(org, id uuid.UUID, now time.Time) notify.Notice {
	b := n.booking
	return notify.Notice{OrgID: org, ID: notify.NoticeID(id, n.what), At: now, News: mail.News{Kind: mail.Conflict, What: n.what, Title: b.Title, Detail: n.detail,
		Starts: b.StartsLocal, Ends: b.EndsLocal, Zone: b.Timezone, Venue: b.Venue, At: now, Path: "/app/conflicts/" + id.String()}}
}

// open asks, and tells whoever is to hear of it.
func (c *conflicts) open(ctx context.Context, tx pgx.Tx, q *queries.Queries, client *river.Client[pgx.Tx], n notice, now time.Time) error {
	fresh, err := q.OpenConflicts(ctx, c.rows)
	if err != nil {
		return fmt.Errorf("open a conflict: %w", err)
	}
	if len(fresh) == 0 {
		return nil
	}
	return notify.Announce(ctx, tx, client, n.of(c.rows.OrgID, fresh[0], now))
}

// mostOverlaps is how many are looked at; with more, none is known to be over.
const mostOverlaps = 2000

// Overlaps finds where outside events lie over what is held or confirmed, asks about what is new and closes what is over. It
// runs after the commit of whatever changed either side: of two that change at once, the later one sees both.
func (s *Sync) Overlaps(ctx context.Context, org uuid.UUID) error {
	now := time.Now()
	q := queries.New(s.Pool)
	// What is open is read first: a question that is asked meanwhile is about what the second look finds, too.
	asked, err := q.OpenOverlaps(ctx, org)
	if err != nil {
		return fmt.Errorf("overlaps: %w", err)
	}
	there, err := q.Overlaps(ctx, queries.OverlapsParams{OrgID: org, Now: now})
	if err != nil {
		return fmt.Errorf("overlaps: %w", err)
	}
	found, all := map[string]bool{}, len(there) < mostOverlaps
	for _, o := range there {
		found[overlapMark(o)] = true
	}
	var over []uuid.UUID
	known := map[string]bool{} // asked about, or answered
	for _, o := range asked {
		known[o.Fingerprint] = true
		if o.Open && all && !found[o.Fingerprint] {
			over = append(over, o.ID)
		}
	}
	there = slices.DeleteFunc(there, func(o queries.OverlapsRow) bool { return known[overlapMark(o)] })
	if len(there) == 0 && len(over) == 0 {
		return nil
	}
	err = pgx.BeginFunc(ctx, s.Pool, func(tx pgx.Tx) error { return s.settleOverlaps(ctx, tx, org, there, over, now) })
	s.Waker.Wake(org)
	return err
}

func (s *Sync) settleOverlaps(ctx context.Context, tx pgx.Tx, org uuid.UUID, there []queries.OverlapsRow, over []uuid.UUID, now time.Time) error {
	q := queries.New(tx)
	if len(over) > 0 {
		if err := q.CloseConflicts(ctx, queries.CloseConflictsParams{OrgID: org, Ids: over, Now: &now}); err != nil {
			return fmt.Errorf("overlaps: %w", err)
		}
	}
	for _, o := range there {
		n := newConflicts(org)
		from, until := o.OutsideFrom, o.OutsideUntil
		if o.BookedFrom.After(from) {
			from = o.BookedFrom
		}
		if o.BookedUntil.Before(until) {
			until = o.BookedUntil
		}
		n.add("overlap", "day", o.BookingID, o.CalendarID, o.RemoteID, from, until, nil, jsonText(o.Title), jsonText(o.Outside), overlapMark(o))
		b, err := q.BookingToCopy(ctx, queries.BookingToCopyParams{OrgID: org, ID: o.BookingID})
		if err != nil {
			return fmt.Errorf("overlaps: %w", err)
		}
		what := o.Outside
		if what == "" {
			what = "A private event"
		}
		if err := n.open(ctx, tx, q, s.River, notice{what: "overlap", booking: b, detail: what + " in " + o.Calendar + " lies over it; it takes " + o.Resource}, now); err != nil {
			return err
		}
	}
	return touch(ctx, q, org, "calendar", "conflicts", "kpis")
}

// overlapMark is what an overlap is about: another time, on either side, is another question.
func overlapMark(o queries.OverlapsRow) string {
	return fmt.Sprintf("overlap:%s:%s:%s:%d-%d:%d-%d", o.BookingID, o.CalendarID, o.RemoteID, o.OutsideFrom.Unix(), o.OutsideUntil.Unix(), o.BookedFrom.Unix(), o.BookedUntil.Unix())
}

// needReconnect notes that a provider gives us nothing any more, and tells once.
func (s *Sync) needReconnect(ctx context.Context, tx pgx.Tx, org, connection uuid.UUID, words string, now time.Time) error {
	q := queries.New(tx)
	n, err := q.NeedReconnect(ctx, queries.NeedReconnectParams{OrgID: org, ID: connection, Now: &now, Failure: words})
	if err != nil || n == 0 {
		return err
	}
	c, err := q.CalendarConnection(ctx, queries.CalendarConnectionParams{OrgID: org, ID: connection})
	if err != nil {
		return err
	}
	err = notify.Announce(ctx, tx, s.River, notify.Notice{OrgID: org, ID: notify.NoticeID(connection, "reconnect"+now.UTC().Format(time.RFC3339Nano)), At: now,
		News: mail.News{Kind: mail.Connection, What: "calendar_reconnect", Title: c.Account, Detail: words, At: now, Path: "/app/calendars/" + connection.String()}})
	if err != nil {
		return err
	}
	return touch(ctx, q, org, "calendar")
}
