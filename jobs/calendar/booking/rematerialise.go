package booking

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/wedsync/wedsync/jobs/notify"
	"github.com/wedsync/wedsync/queries"
)

// Rematerialise works out anew when bookings ahead begin and end: a booking is wall time at the venue, and governments change
// what that is in instants. It runs when a node starts, since the zones come with the program. What two of them now want at
// once stays with the first; the other is a conflict that a person settles.
func Rematerialise(ctx context.Context, pool *pgxpool.Pool, client *river.Client[pgx.Tx], waker *queries.Waker, now time.Time) (corrected int, err error) {
	p := queries.AllOrgsWallTimesParams{Now: now.Add(-48 * time.Hour)} // no clock is off by more
	for {
		rows, err := queries.New(pool).AllOrgsWallTimes(ctx, p)
		if err != nil || len(rows) == 0 {
			return corrected, err
		}
		for _, row := range rows {
			p.AfterOrg, p.AfterID = row.OrgID, row.ID
			if said(row.StartsLocal, row.EndsLocal, row.Timezone, row.StartsAt, row.EndsAt) {
				continue
			}
			err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
				return begin(tx, client, row.OrgID, nil, now).rematerialise(ctx, row.ID)
			})
			if err != nil {
				return corrected, fmt.Errorf("the time of booking %s: %w", row.ID, err)
			}
			corrected++
			waker.Wake(row.OrgID)
		}
	}
}

// said says whether instants are what wall times mean. What has no zone that we know, or no length, cannot be said better.
func said(starts, ends *time.Time, zone string, from, until time.Time) bool {
	if _, known := location(zone); !known || starts == nil || ends == nil {
		return true
	}
	a, b := When{*starts, *ends, zone}.Range()
	return a.Equal(from) && b.Equal(until) || !b.After(a)
}

func (t *taking) rematerialise(ctx context.Context, id uuid.UUID) error {
	b, err := t.lockBooking(ctx, id)
	if err != nil || b.StartsLocal == nil || b.EndsLocal == nil {
		return err
	}
	s := whenOf(b).span()
	if err := t.q.MoveBooking(ctx, queries.MoveBookingParams{OrgID: t.org, ID: id, StartsLocal: b.StartsLocal, EndsLocal: b.EndsLocal, Timezone: b.Timezone,
		StartsAt: s.from, EndsAt: s.until, Resource: b.Resource, Stamps: b.Stamps}); err != nil {
		return err
	}
	had, err := t.q.ClaimedResources(ctx, queries.ClaimedResourcesParams{OrgID: t.org, BookingIds: []uuid.UUID{id}})
	if err != nil {
		return err
	}
	t.step(id, "moved", "The clocks of "+b.Timezone+" are set otherwise than before")
	if len(had) > 0 && b.ContestedAt == nil {
		t.line = true
		if err := t.reclaim(ctx, b, s, had); err != nil {
			return err
		}
	}
	return t.finish(ctx, id)
}

// reclaim gives a booking that has a place the same place at its instants of today.
func (t *taking) reclaim(ctx context.Context, b queries.BookingToChangeRow, s span, had []uuid.UUID) error {
	needs, err := t.needsOf(ctx, b.ID)
	if err != nil {
		return err
	}
	l, err := t.lookLocked(ctx, s, needs, had)
	if err != nil {
		return err
	}
	if err := l.read(ctx, b.ID, t.now); err != nil {
		return err
	}
	// What is not offered any more stays where it is booked.
	reasons := slices.DeleteFunc(l.against(), func(r Reason) bool { return r.Why == Retired })
	if len(reasons) == 0 {
		err := t.claim(ctx, l, b.ID)
		var refused *Refused
		if !errors.As(err, &refused) {
			return err
		}
		reasons = append(refused.Reasons, Reason{Why: Booked})
	}
	if _, err := t.q.DropClaims(ctx, queries.DropClaimsParams{OrgID: t.org, BookingIds: []uuid.UUID{b.ID}}); err != nil {
		return err
	}
	c := contest{}
	c.add(b.ID, reasons[0], s.from, s.until, b.Title)
	t.step(b.ID, "contested", reasons[0].Title)
	if err := t.contestAll(ctx, &c); err != nil {
		return err
	}
	return notify.Announce(ctx, t.tx, t.client, doubleBooked(t.org, t.now, b.ID, b.Title, reasons[0], b.StartsLocal, b.EndsLocal, b.Timezone))
}
