// Package booking stands in until the real one is merged.
package booking

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/wedsync/wedsync/queries"
)

type When struct {
	Starts, Ends time.Time
	Zone         string
}

func (w When) Range() (from, until time.Time) {
	zone, err := time.LoadLocation(w.Zone)
	if err != nil {
		zone = time.UTC
	}
	at := func(t time.Time) time.Time {
		return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, zone).UTC()
	}
	return at(w.Starts), at(w.Ends)
}

func CheckWhen(w When) (field, words string) {
	if _, err := time.LoadLocation(w.Zone); err != nil || w.Zone == "" {
		return "timezone", "No clock on earth is called that."
	}
	if !w.Ends.After(w.Starts) {
		return "ends", "It ends before it begins."
	}
	return "", ""
}

type Need struct {
	ResourceID uuid.UUID
	Units      int
}

type Want struct {
	OrgID, BookingID         uuid.UUID
	Key, Title, Venue, Notes string
	When                     When
	Needs                    []Need
	Status                   queries.BookingStatus
	HoldUntil                *time.Time
	Line                     bool
	By                       *uuid.UUID
	Override                 string
}

type Reason struct {
	Why, Resource, Calendar, Title string
	BookingID                      uuid.UUID
	From, Until                    time.Time
	MinutesBefore, MinutesAfter    int
	HoldUntil, AsOf                *time.Time
	RemoteID                       string
	CalendarID                     uuid.UUID
	Tentative                      bool
}

func (r Reason) Overridable() bool { return r.Why == "outside" || r.Why == "stale" || r.Why == "unread" }

type Refused struct{ Reasons []Reason }

func (r *Refused) Error() string { return "it is taken" }

type Taken struct {
	ID     uuid.UUID
	Status queries.BookingStatus
	Place  int
}

var (
	ErrNoBooking = errors.New("there is no such booking")
	ErrNotNow    = errors.New("it cannot be done now")
)

func Take(ctx context.Context, tx pgx.Tx, _ *river.Client[pgx.Tx], w Want, now time.Time) (Taken, error) {
	for _, n := range w.Needs {
		var ok bool
		if err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM resources WHERE org_id = $1 AND id = $2)", w.OrgID, n.ResourceID).Scan(&ok); err != nil || !ok {
			return Taken{}, ErrNoResource
		}
	}
	id := uuid.Must(uuid.NewV7())
	reasons, err := Reasons(ctx, queries.New(tx), w.OrgID, w.When, w.Needs, id, now)
	if err != nil {
		return Taken{}, err
	}
	status, place := w.Status, 0
	var queued *time.Time
	if len(reasons) > 0 && w.Status != queries.BookingStatusEnquiry && w.Override == "" {
		if !w.Line {
			return Taken{}, &Refused{reasons}
		}
		status, queued, place = queries.BookingStatusEnquiry, &now, 1
	}
	from, until := w.When.Range()
	var hold *time.Time
	if status == queries.BookingStatusHeld {
		h := now.AddDate(0, 0, 7)
		hold = &h
	}
	_, err = tx.Exec(ctx, `INSERT INTO bookings (org_id, id, title, venue, notes, starts_local, ends_local, timezone, during, status, hold_until, queued_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, tstzrange($9, $10), $11, $12, $13)`, w.OrgID, id, w.Title, w.Venue, w.Notes, w.When.Starts, w.When.Ends, w.When.Zone, from, until, status, hold, queued)
	if err != nil {
		return Taken{}, err
	}
	if err := claim(ctx, tx, w.OrgID, id, w.Needs); err != nil {
		return Taken{}, err
	}
	return Taken{id, status, place}, step(ctx, tx, w.OrgID, id, string(status), w.By, w.Override, now)
}

func claim(ctx context.Context, tx pgx.Tx, org, id uuid.UUID, needs []Need) error {
	if needs != nil {
		if _, err := tx.Exec(ctx, "DELETE FROM booking_needs WHERE org_id = $1 AND booking_id = $2", org, id); err != nil {
			return err
		}
		for _, n := range needs {
			if _, err := tx.Exec(ctx, "INSERT INTO booking_needs (org_id, booking_id, resource_id, units) VALUES ($1, $2, $3, $4)", org, id, n.ResourceID, max(n.Units, 1)); err != nil {
				return err
			}
		}
	}
	if _, err := tx.Exec(ctx, "DELETE FROM booking_claims WHERE org_id = $1 AND booking_id = $2", org, id); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `INSERT INTO booking_claims (org_id, booking_id, resource_id, slot, during)
		SELECT b.org_id, b.id, r.id, 1, tstzrange(lower(b.during) - r.minutes_before * interval '1 minute', upper(b.during) + r.minutes_after * interval '1 minute')
		FROM bookings b JOIN booking_needs n ON n.org_id = b.org_id AND n.booking_id = b.id JOIN resources r ON r.org_id = b.org_id AND r.id = n.resource_id
		WHERE b.org_id = $1 AND b.id = $2 AND b.status IN ('held', 'confirmed')`, org, id)
	return err
}

func step(ctx context.Context, tx pgx.Tx, org, id uuid.UUID, what string, by *uuid.UUID, detail string, now time.Time) error {
	if _, err := tx.Exec(ctx, "INSERT INTO booking_steps (org_id, booking_id, id, at, step, user_id, detail) VALUES ($1, $2, $3, $4, $5, $6, $7)", org, id, uuid.Must(uuid.NewV7()), now, what, by, detail); err != nil {
		return err
	}
	return queries.New(tx).TouchRegions(ctx, queries.TouchRegionsParams{Audiences: []uuid.UUID{org}, Regions: []string{"calendar", "kpis", "weddings"}})
}

func set(ctx context.Context, tx pgx.Tx, org, id uuid.UUID, status queries.BookingStatus, by *uuid.UUID, what, detail string, now time.Time) error {
	tag, err := tx.Exec(ctx, "UPDATE bookings SET status = $3, queued_at = NULL, hold_until = NULL WHERE org_id = $1 AND id = $2", org, id, status)
	if err == nil && tag.RowsAffected() == 0 {
		return ErrNoBooking
	}
	if err == nil {
		err = claim(ctx, tx, org, id, nil)
	}
	if err == nil {
		err = step(ctx, tx, org, id, what, by, detail, now)
	}
	return err
}

func Confirm(ctx context.Context, tx pgx.Tx, _ *river.Client[pgx.Tx], org, id uuid.UUID, by *uuid.UUID, override string, now time.Time) (Taken, error) {
	receipt, _ := json.Marshal([]any{})
	if err := set(ctx, tx, org, id, queries.BookingStatusConfirmed, by, "confirmed", override, now); err != nil {
		return Taken{}, err
	}
	_, err := tx.Exec(ctx, "UPDATE bookings SET receipt = $3 WHERE org_id = $1 AND id = $2", org, id, receipt)
	return Taken{ID: id, Status: queries.BookingStatusConfirmed}, err
}

func Release(ctx context.Context, tx pgx.Tx, _ *river.Client[pgx.Tx], org, id uuid.UUID, by *uuid.UUID, now time.Time) error {
	return set(ctx, tx, org, id, queries.BookingStatusEnquiry, by, "released", "", now)
}

func Cancel(ctx context.Context, tx pgx.Tx, _ *river.Client[pgx.Tx], org, id uuid.UUID, by *uuid.UUID, now time.Time) error {
	return set(ctx, tx, org, id, queries.BookingStatusCancelled, by, "cancelled", "", now)
}

func Move(ctx context.Context, tx pgx.Tx, _ *river.Client[pgx.Tx], org, id uuid.UUID, when When, needs []Need, by *uuid.UUID, override string, now time.Time) (Taken, error) {
	q := queries.New(tx)
	b, err := q.BookingPage(ctx, queries.BookingPageParams{OrgID: org, ID: id})
	if errors.Is(err, pgx.ErrNoRows) {
		return Taken{}, ErrNoBooking
	}
	if err != nil {
		return Taken{}, err
	}
	check := needs
	if check == nil {
		rows, err := q.BookingNeedsOf(ctx, queries.BookingNeedsOfParams{OrgID: org, BookingID: id})
		if err != nil {
			return Taken{}, err
		}
		for _, r := range rows {
			check = append(check, Need{r.ResourceID, int(r.Units)})
		}
	}
	if b.Status == queries.BookingStatusHeld || b.Status == queries.BookingStatusConfirmed {
		reasons, err := Reasons(ctx, q, org, when, check, id, now)
		if err != nil {
			return Taken{}, err
		}
		if len(reasons) > 0 && override == "" {
			return Taken{}, &Refused{reasons}
		}
	}
	from, until := when.Range()
	if _, err := tx.Exec(ctx, "UPDATE bookings SET starts_local = $3, ends_local = $4, timezone = $5, during = tstzrange($6, $7) WHERE org_id = $1 AND id = $2", org, id, when.Starts, when.Ends, when.Zone, from, until); err != nil {
		return Taken{}, err
	}
	if err := claim(ctx, tx, org, id, needs); err != nil {
		return Taken{}, err
	}
	return Taken{ID: id, Status: b.Status}, step(ctx, tx, org, id, "moved", by, strings.TrimSpace(override), now)
}

func Reasons(ctx context.Context, q *queries.Queries, org uuid.UUID, when When, needs []Need, except uuid.UUID, now time.Time) ([]Reason, error) {
	from, until := when.Range()
	claims, err := q.ClaimsDuring(ctx, queries.ClaimsDuringParams{OrgID: org, Since: from, Until: until})
	if err != nil {
		return nil, err
	}
	var all []Reason
	for _, c := range claims {
		for _, n := range needs {
			if c.ResourceID == n.ResourceID && c.BookingID != except {
				b, err := q.BookingPage(ctx, queries.BookingPageParams{OrgID: org, ID: c.BookingID})
				if err != nil {
					return nil, err
				}
				why := "booked"
				if c.Status == queries.BookingStatusHeld {
					why = "held"
				}
				all = append(all, Reason{Why: why, Title: b.Title, BookingID: c.BookingID, From: c.FromThen, Until: c.UntilThen, HoldUntil: b.HoldUntil, Resource: "Something"})
			}
		}
	}
	busy, err := q.CalendarBusy(ctx, queries.CalendarBusyParams{OrgID: org, Since: from, Until: until})
	for _, b := range busy {
		all = append(all, Reason{Why: "outside", Title: b.Title, Calendar: b.Calendar, From: b.FromThen, Until: b.UntilThen})
	}
	return all, err
}

type Wrong struct{ Field, Words string }

func (w *Wrong) Error() string { return w.Field + " " + w.Words }

var ErrNoResource = errors.New("there is no such resource")
