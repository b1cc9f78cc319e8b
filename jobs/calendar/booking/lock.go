package booking

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/queries"
)

// Everybody locks in one order: the booking's row, then the resources (shared; Reshape alone takes one for itself), then, sorted,
// the days that a single thing is wanted in, or the whole dealing of what there is several of: its units may be dealt anew, also
// those of bookings that somebody else is just ending. The regions that pages show come last.

const day = 24 * time.Hour

// hashed is FNV-1a over a resource's id and what else makes a key.
func hashed(resource uuid.UUID, salt uint64) int64 {
	const offset, prime = 14695981039346656037, 1099511628211
	h := uint64(offset)
	for _, b := range resource {
		h = (h ^ uint64(b)) * prime
	}
	return int64((h ^ salt) * prime)
}

const (
	wholly  = 1 << 40 // salts that are no day's number
	dealing = 1 << 41
)

// dates are the keys of the days that a resource is wanted in, of at most 372: a year is the longest booking.
func dates(resource uuid.UUID, from, until time.Time) (keys []int64) {
	for n := from.Unix() / int64(day.Seconds()); n <= until.Unix()/int64(day.Seconds()); n++ {
		keys = append(keys, hashed(resource, uint64(n)))
	}
	return keys
}

func keysOf(resources []uuid.UUID, salt uint64) (keys []int64) {
	for _, id := range resources {
		keys = append(keys, hashed(id, salt))
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// holdResources is the first of the two locks.
func (t *taking) holdResources(ctx context.Context, resources []uuid.UUID) error {
	if len(resources) == 0 {
		return nil
	}
	if err := t.q.HoldResources(ctx, keysOf(resources, wholly)); err != nil {
		return fmt.Errorf("hold resources: %w", err)
	}
	t.held = append(t.held, resources...)
	return nil
}

// holdClaimed locks for bookings that give back what they have, and nothing else.
func (t *taking) holdClaimed(ctx context.Context, bookings []uuid.UUID) error {
	resources, err := t.q.ClaimedResources(ctx, queries.ClaimedResourcesParams{OrgID: t.org, BookingIds: bookings})
	if err != nil || len(resources) == 0 {
		return err
	}
	if err := t.holdResources(ctx, resources); err != nil {
		return err
	}
	return t.q.HoldDates(ctx, keysOf(resources, dealing))
}

// tryHold is for what turns out to be needed later than in its order: it does not wait.
func (t *taking) tryHold(ctx context.Context, resources []uuid.UUID) (bool, error) {
	resources = slices.DeleteFunc(resources, func(id uuid.UUID) bool { return slices.Contains(t.held, id) })
	if len(resources) == 0 {
		return true, nil
	}
	p := queries.TryHoldingParams{}
	for _, id := range resources {
		p.Resources, p.Deals = append(p.Resources, hashed(id, wholly)), append(p.Deals, hashed(id, dealing))
	}
	held, err := t.q.TryHolding(ctx, p)
	if held {
		t.held = append(t.held, resources...)
	}
	return held, err
}

// lookLocked is a look at what one booking wants that stays true to the end of the transaction. had is what it gives back.
func (t *taking) lookLocked(ctx context.Context, when span, needs []Need, had []uuid.UUID) (*looking, error) {
	if err := t.holdResources(ctx, append(ids(needs), had...)); err != nil {
		return nil, err
	}
	l, err := look(ctx, t.q, t.org, when, needs)
	if err != nil {
		return nil, err
	}
	keys := keysOf(had, dealing)
	for id, s := range l.span {
		keys = append(keys, toTake(id, l.named[id].Capacity, s)...)
	}
	slices.Sort(keys)
	if err := t.q.HoldDates(ctx, slices.Compact(keys)); err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	return l, nil
}

// toTake are the keys of whoever takes of one resource.
func toTake(resource uuid.UUID, capacity int16, s span) []int64 {
	if capacity > 1 {
		return []int64{hashed(resource, dealing)}
	}
	return dates(resource, s.from, s.until)
}
