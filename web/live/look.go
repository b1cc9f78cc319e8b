package live

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/queries"
)

const (
	// lookEvery bounds how long a lost hint is missed.
	lookEvery = 250 * time.Millisecond

	lookTimeout = 2 * time.Second

	// sweepMost bounds how many audiences that nobody hinted at are looked at together. With thousands of pages open a
	// sweep over all of them takes a while, and a hint that comes meanwhile waits for one part of it, not for the whole.
	sweepMost = 2000
)

func (h *Hub) look(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			h.hint()
		case <-ctx.Done():
			return
		case <-h.hints:
			h.lookOnce(ctx)
		}
	}
}

func (h *Hub) lookOnce(ctx context.Context) {
	audiences, look := h.due()
	if len(audiences) == 0 {
		h.looked.Store(time.Now().UnixMilli())
		return
	}
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	rows, err := h.q.RegionVersions(ctx, audiences)
	if err != nil {
		return // the next tick looks again; streams stop saying that they are live meanwhile
	}
	h.looked.Store(time.Now().UnixMilli())
	h.compare(look, audiences, rows)
}

// due takes what is hinted and the next part of the sweep, and numbers the look that follows.
func (h *Hub) due() ([]uuid.UUID, uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.all && len(h.sweep) == 0 {
		h.all = false
		h.sweep = slices.AppendSeq(slices.AppendSeq(h.sweep, maps.Keys(h.rooms)), maps.Keys(h.people))
	}
	part := min(len(h.sweep), sweepMost)
	audiences := slices.Concat(h.sweep[len(h.sweep)-part:], slices.Collect(maps.Keys(h.hinted)))
	h.sweep = h.sweep[:len(h.sweep)-part]
	clear(h.hinted)
	if h.all || len(h.sweep) > 0 {
		h.ring()
	}
	h.looks++
	return audiences, h.looks
}

// compare takes over what the database told of the audiences that were asked for, and settles the rooms where a page may
// differ from it. What has no row stands at nought, also when it had one before: a database may be restored.
func (h *Hub) compare(look uint64, asked []uuid.UUID, rows []queries.LiveRegion) {
	h.mu.Lock()
	defer h.mu.Unlock()
	moved := map[*room]bool{}
	access := map[uuid.UUID]int64{}
	for _, row := range rows {
		if row.Region == Access {
			access[row.Audience] = row.Version
		}
		if room := h.rooms[row.Audience]; room != nil && room.regions[row.Region].tell(look, row.Version) {
			moved[room] = true
		}
	}
	for _, id := range asked {
		if room := h.rooms[id]; room != nil && (room.toldNothing(look) || room.unsettled) {
			moved[room] = true
		}
		if p := h.people[id]; p != nil && p.access != access[id] {
			p.access = access[id]
			for s := range p.streams {
				moved[s.room] = true // their rights are asked for anew
			}
		}
	}
	for room := range moved {
		h.settle(room)
	}
}

// tell takes over a version and says whether it moved.
func (r *region) tell(look uint64, version int64) bool {
	if r == nil {
		return false // no page shows it
	}
	first := r.toldBy == 0
	r.toldBy = look
	if version < r.version && r.lastAt >= look {
		return first // this look began before the drawing was done, and may have seen less; the next one knows
	}
	moved := first || r.version != version
	r.version = version
	return moved
}

// toldNothing puts the regions that had no row in this look at nought.
func (r *room) toldNothing(look uint64) (moved bool) {
	for _, reg := range r.regions {
		if reg.toldBy != look && reg.tell(look, 0) {
			moved = true
		}
	}
	return moved
}

// healthy says whether the database answered lately; a stream that says "live" on the strength of an old look would lie.
func (h *Hub) healthy() bool {
	return time.Since(time.UnixMilli(h.looked.Load())) < 3*time.Second
}
