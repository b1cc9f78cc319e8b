package booking

import (
	"cmp"
	"slices"
	"time"

	"github.com/google/uuid"
)

// claim is one unit of a resource, taken for a time.
type claim struct {
	booking     uuid.UUID
	slot        int
	from, until time.Time
}

// meets is true for times that share a moment; one may begin when another ends.
func (c claim) meets(from, until time.Time) bool { return c.from.Before(until) && from.Before(c.until) }

// vacant gives so many slots, lowest first, that nobody has in that time. Fewer: they are not to be had like this.
func vacant(taken []claim, capacity, units int, from, until time.Time) (slots []int) {
	used := map[int]bool{}
	for _, c := range taken {
		if c.meets(from, until) {
			used[c.slot] = true
		}
	}
	for slot := 1; slot <= capacity && len(slots) < units; slot++ {
		if !used[slot] {
			slots = append(slots, slot)
		}
	}
	return slots
}

// fits says whether there is room at every moment, however the slots are dealt.
func fits(taken []claim, capacity, units int, from, until time.Time) bool {
	busiest := 0
	at := func(moment time.Time) {
		n := 0
		for _, c := range taken {
			if c.meets(from, until) && !c.from.After(moment) && moment.Before(c.until) {
				n++
			}
		}
		busiest = max(busiest, n)
	}
	at(from)
	for _, c := range taken { // it can only become busier where something begins
		if !c.from.Before(from) && c.from.Before(until) {
			at(c.from)
		}
	}
	return busiest+units <= capacity
}

// deal gives every claim a slot anew: in the order in which they begin, each the lowest that is free. For times on a line no
// other way needs fewer slots.
func deal(claims []claim) []claim {
	dealt := slices.Clone(claims)
	slices.SortFunc(dealt, func(a, b claim) int {
		return cmp.Or(a.from.Compare(b.from), a.until.Compare(b.until), slices.Compare(a.booking[:], b.booking[:]))
	})
	for i := range dealt {
		used := map[int]bool{}
		for _, before := range dealt[:i] {
			if before.meets(dealt[i].from, dealt[i].until) {
				used[before.slot] = true
			}
		}
		dealt[i].slot = 1
		for used[dealt[i].slot] {
			dealt[i].slot++
		}
	}
	return dealt
}
