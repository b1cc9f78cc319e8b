package booking

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/wedsync/wedsync/queries"
)

// Confirm promises the day: a hold, an enquiry or one that stands in line becomes a confirmed booking.
func Confirm(ctx context.Context, tx pgx.Tx, client *river.Client[pgx.Tx], org, id uuid.UUID, by *uuid.UUID, override string, now time.Time) (Taken, error) {
	t, b, err := change(ctx, tx, client, org, id, by, now)
	if err != nil {
		return Taken{}, err
	}
	switch {
	case b.Status == queries.BookingStatusConfirmed && b.ContestedAt == nil:
		return Taken{ID: b.ID, Status: b.Status}, nil // who presses twice meant once
	case b.Status == queries.BookingStatusCancelled:
		return Taken{}, fmt.Errorf("%w: it was cancelled", ErrNotNow)
	case b.StartsLocal == nil || b.EndsLocal == nil:
		return Taken{}, fmt.Errorf("%w: it has no day yet", ErrNotNow)
	}
	needs, err := t.needsOf(ctx, b.ID)
	if err != nil {
		return Taken{}, err
	}
	return t.take(ctx, b, Want{OrgID: org, When: whenOf(b), Needs: needs, Status: queries.BookingStatusConfirmed, By: by, Override: override})
}

// Release gives back a hold, or a place in line: it is an enquiry again, and whoever is next has it.
func Release(ctx context.Context, tx pgx.Tx, client *river.Client[pgx.Tx], org, id uuid.UUID, by *uuid.UUID, now time.Time) error {
	t, b, err := change(ctx, tx, client, org, id, by, now)
	if err != nil {
		return err
	}
	if b.Status != queries.BookingStatusHeld && b.QueuedAt == nil {
		return fmt.Errorf("%w: it is neither held nor in line", ErrNotNow)
	}
	return t.free(ctx, b, queries.BookingStatusEnquiry, "released")
}

// Cancel ends a booking. What it had is free at once, and so is its key.
func Cancel(ctx context.Context, tx pgx.Tx, client *river.Client[pgx.Tx], org, id uuid.UUID, by *uuid.UUID, now time.Time) error {
	t, b, err := change(ctx, tx, client, org, id, by, now)
	if err != nil || b.Status == queries.BookingStatusCancelled {
		return err
	}
	return t.free(ctx, b, queries.BookingStatusCancelled, "cancelled")
}

// Move gives a booking another time, or other resources; nil needs: the ones it has. What it has stays its own until the new
// place is certain.
func Move(ctx context.Context, tx pgx.Tx, client *river.Client[pgx.Tx], org, id uuid.UUID, when When, needs []Need, by *uuid.UUID, override string, now time.Time) (Taken, error) {
	if field, words := CheckWhen(when); field != "" {
		return Taken{}, &Wrong{field, words}
	}
	t, b, err := change(ctx, tx, client, org, id, by, now)
	if err != nil {
		return Taken{}, err
	}
	if b.Status == queries.BookingStatusCancelled {
		return Taken{}, fmt.Errorf("%w: it was cancelled", ErrNotNow)
	}
	if ranAway(b, now) { // its time was over before it was moved
		b.Status, b.HoldUntil = queries.BookingStatusEnquiry, nil
		if err := t.holdClaimed(ctx, []uuid.UUID{id}); err != nil {
			return Taken{}, err
		}
		if err := t.end(ctx, []uuid.UUID{id}); err != nil {
			return Taken{}, err
		}
	}
	if b, needs, err = t.place(ctx, b, when, needs); err != nil {
		return Taken{}, err
	}
	return t.seatAgain(ctx, b, Want{OrgID: org, When: when, Needs: needs, Status: b.Status, HoldUntil: b.HoldUntil, By: by, Override: override})
}

func ranAway(b queries.BookingToChangeRow, now time.Time) bool {
	return b.Status == queries.BookingStatusHeld && b.HoldUntil != nil && !b.HoldUntil.After(now)
}

// place writes where and when a booking is to be; nil needs: as they are. Who waited for another day stands at the end of the
// new line.
func (t *taking) place(ctx context.Context, b queries.BookingToChangeRow, when When, needs []Need) (queries.BookingToChangeRow, []Need, error) {
	had, err := t.needsOf(ctx, b.ID)
	if err == nil && needs == nil {
		needs = had
	} else if err == nil {
		needs, err = t.needs(ctx, needs)
	}
	if err != nil || at(b, when) && alike(had, needs) {
		return b, needs, err
	}
	names, err := t.named(ctx, needs)
	if err != nil {
		return b, nil, err
	}
	if err := t.setNeeds(ctx, b.ID, needs); err != nil {
		return b, nil, err
	}
	from, until := when.Range()
	b.Stamps = Stamped(b.Stamps, "when", t.now)
	if names != b.Resource {
		b.Stamps = Stamped(b.Stamps, "resource", t.now)
	}
	if err := t.q.MoveBooking(ctx, queries.MoveBookingParams{OrgID: t.org, ID: b.ID, StartsLocal: &when.Starts, EndsLocal: &when.Ends, Timezone: when.Zone,
		StartsAt: from, EndsAt: until, Resource: names, Stamps: b.Stamps}); err != nil {
		return b, nil, fmt.Errorf("move: %w", err)
	}
	t.step(b.ID, "moved", when.Starts.Format("2006-01-02 15:04")+" "+when.Zone)
	t.line = true
	if b.QueuedAt != nil {
		b.QueuedAt = &t.now
	}
	return b, needs, nil
}

// seatAgain keeps a moved booking what it was.
func (t *taking) seatAgain(ctx context.Context, b queries.BookingToChangeRow, w Want) (Taken, error) {
	if b.Status == queries.BookingStatusEnquiry {
		if b.QueuedAt != nil {
			w.Status, w.Line = queries.BookingStatusHeld, true
			return t.take(ctx, b, w)
		}
		return Taken{ID: b.ID, Status: b.Status}, t.finish(ctx, b.ID)
	}
	return t.take(ctx, b, w)
}

// Revive takes back that a booking was cancelled, where its place is still free.
func Revive(ctx context.Context, tx pgx.Tx, client *river.Client[pgx.Tx], org, id uuid.UUID, status queries.BookingStatus, by *uuid.UUID, now time.Time) error {
	t, b, err := change(ctx, tx, client, org, id, by, now)
	if err != nil || b.Status != queries.BookingStatusCancelled {
		return err
	}
	if err := t.q.FreeKey(ctx, queries.FreeKeyParams{OrgID: org, ID: id}); err != nil {
		return fmt.Errorf("key: %w", err)
	}
	if status != queries.BookingStatusHeld && status != queries.BookingStatusConfirmed || b.StartsLocal == nil || b.EndsLocal == nil {
		return t.free(ctx, b, queries.BookingStatusEnquiry, "revived")
	}
	needs, err := t.needsOf(ctx, b.ID)
	if err != nil {
		return err
	}
	t.step(b.ID, "revived", "")
	_, err = t.take(ctx, b, Want{OrgID: org, When: whenOf(b), Needs: needs, Status: status, By: by, Override: "Taken back"})
	return err
}

// at says whether that is when it is now.
func at(b queries.BookingToChangeRow, when When) bool {
	return b.StartsLocal != nil && b.EndsLocal != nil && b.StartsLocal.Equal(when.Starts) && b.EndsLocal.Equal(when.Ends) && b.Timezone == when.Zone
}

func alike(a, b []Need) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(n Need) bool { return !slices.Contains(b, n) })
}

func contested(id uuid.UUID) string { return "contested:" + id.String() }

func change(ctx context.Context, tx pgx.Tx, client *river.Client[pgx.Tx], org, id uuid.UUID, by *uuid.UUID, now time.Time) (*taking, queries.BookingToChangeRow, error) {
	t := begin(tx, client, org, by, now)
	b, err := t.lockBooking(ctx, id)
	return t, b, err
}

func whenOf(b queries.BookingToChangeRow) When {
	return When{Starts: *b.StartsLocal, Ends: *b.EndsLocal, Zone: b.Timezone}
}

// needsOf are what a booking needs; one that another system made before resources were known needs the usual one.
func (t *taking) needsOf(ctx context.Context, id uuid.UUID) ([]Need, error) {
	rows, err := t.q.NeedsOf(ctx, queries.NeedsOfParams{OrgID: t.org, BookingIds: []uuid.UUID{id}})
	if err != nil {
		return nil, fmt.Errorf("needs: %w", err)
	}
	var needs []Need
	for _, r := range rows {
		needs = append(needs, Need{r.ResourceID, int(r.Units)})
	}
	if len(needs) == 0 {
		if needs, err = t.needs(ctx, nil); err != nil || len(needs) == 0 {
			return nil, err
		}
		return needs, t.setNeeds(ctx, id, needs)
	}
	return needs, nil
}

// free gives back whatever a booking has.
func (t *taking) free(ctx context.Context, b queries.BookingToChangeRow, status queries.BookingStatus, step string) error {
	if err := t.giveBack(ctx, b); err != nil {
		return err
	}
	if err := t.stands(ctx, b, queries.StandBookingParams{Status: status}); err != nil {
		return err
	}
	t.step(b.ID, step, "")
	return t.finish(ctx, b.ID)
}

// giveBack ends a booking's claims.
func (t *taking) giveBack(ctx context.Context, b queries.BookingToChangeRow) error {
	if err := t.holdClaimed(ctx, []uuid.UUID{b.ID}); err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	n, err := t.q.DropClaims(ctx, queries.DropClaimsParams{OrgID: t.org, BookingIds: []uuid.UUID{b.ID}})
	if err != nil {
		return fmt.Errorf("claims: %w", err)
	}
	t.line = t.line || n > 0
	return nil
}
