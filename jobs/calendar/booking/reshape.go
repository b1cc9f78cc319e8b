package booking

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/wedsync/wedsync/queries"
)

const longestAround = 2880 * time.Minute

// Reshape changes how much of a resource there is, and what comes before and after each booking of it. What is booked or held
// from now on is taken with the new times; where that does not fit, it fails with *Refused and the bookings that stand against
// it, and the caller's transaction is of no more use.
func Reshape(ctx context.Context, tx pgx.Tx, client *river.Client[pgx.Tx], org, resource uuid.UUID, capacity, before, after int, now time.Time) error {
	switch {
	case capacity < 1 || capacity > 500:
		return &Wrong{"capacity", "takes a number from 1 to 500"}
	case before < 0 || before > 2880:
		return &Wrong{"minutes_before", "takes a number of minutes from 0 to 2880"}
	case after < 0 || after > 2880:
		return &Wrong{"minutes_after", "takes a number of minutes from 0 to 2880"}
	}
	t := begin(tx, client, org, nil, now)
	if err := t.q.HoldDates(ctx, keysOf([]uuid.UUID{resource}, wholly)); err != nil { // alone: nobody takes of it, or gives back
		return fmt.Errorf("hold a resource: %w", err)
	}
	r, err := t.q.ResourceToReshape(ctx, queries.ResourceToReshapeParams{OrgID: org, ID: resource})
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrNoResource
	}
	if err != nil || int(r.Capacity) == capacity && int(r.MinutesBefore) == before && int(r.MinutesAfter) == after {
		return err
	}
	if err := t.dealShape(ctx, r, capacity, before, after); err != nil {
		return err
	}
	if err := t.q.ReshapeResource(ctx, queries.ReshapeResourceParams{OrgID: org, ID: resource, Capacity: int16(capacity), MinutesBefore: int16(before), MinutesAfter: int16(after)}); err != nil {
		return fmt.Errorf("reshape: %w", err)
	}
	t.line = true // there may be more room
	return t.finish(ctx)
}

// dealShape deals everything ahead anew. What is over keeps no claims where it would meet what is ahead: nobody can be
// double-booked in the past.
func (t *taking) dealShape(ctx context.Context, r queries.ResourceToReshapeRow, capacity, before, after int) error {
	rows, err := t.q.ClaimsOn(ctx, queries.ClaimsOnParams{OrgID: t.org, ResourceID: r.ID, FromAt: t.now.Add(-longestAround)})
	if err != nil {
		return fmt.Errorf("claims: %w", err)
	}
	by := map[uuid.UUID]queries.ClaimsOnRow{}
	var ahead []claim
	drop := queries.DropClaimsOfParams{OrgID: t.org, ResourceID: r.ID}
	for _, row := range rows {
		by[row.BookingID] = row
		drop.BookingIds = append(drop.BookingIds, row.BookingID)
		if s := around(int16(before), int16(after), row.BookedFrom, row.BookedUntil); row.BookedUntil.After(t.now) {
			ahead = append(ahead, claim{row.BookingID, 0, s.from, s.until})
		}
	}
	add, refused := queries.AddClaimsParams{OrgID: t.org}, &Refused{}
	seen := map[uuid.UUID]bool{}
	for _, c := range deal(ahead) {
		into(&add, c.booking, r.ID, c)
		if row := by[c.booking]; c.slot > capacity && !seen[c.booking] {
			seen[c.booking] = true
			reason := Reason{Why: Booked, Resource: r.Name, BookingID: c.booking, Title: row.Title, From: c.from, Until: c.until, MinutesBefore: before, MinutesAfter: after, HoldUntil: row.HoldUntil}
			reason.Why = cmp.Or(map[queries.BookingStatus]string{queries.BookingStatusHeld: Held}[row.Status], Booked)
			refused.Reasons = append(refused.Reasons, reason)
		}
	}
	if len(refused.Reasons) > 0 {
		return refused
	}
	if err := t.q.DropClaimsOf(ctx, drop); err != nil {
		return fmt.Errorf("claims: %w", err)
	}
	return t.q.AddClaims(ctx, add)
}

// NoRoom says which bookings a change of a resource leaves no room for.
func (r *Refused) NoRoom() string {
	var some []string
	for _, reason := range r.Reasons[:min(3, len(r.Reasons))] {
		some = append(some, fmt.Sprintf("“%s” (%s)", cmp.Or(reason.Title, "a booking"), reason.From.Format("2 January 2006")))
	}
	if more := len(r.Reasons) - len(some); more > 0 {
		some = append(some, fmt.Sprintf("%d more", more))
	}
	return strings.Join(some, ", ") + " would not fit any more. Nothing was changed: move or cancel them first, or leave more room."
}
