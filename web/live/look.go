package live

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/wedsync/wedsync/queries"
)

// room is one audience that has pages open here.
type room struct {
	audience uuid.UUID
	streams  map[*stream]struct{}
	versions map[string]int64 // as the database last told
	regions  map[string]*region
	joined   bool // somebody came since the last look
}

// region is one drawing of a room. Bursts collapse: while one drawing is under way, all newer versions are one more.
type region struct {
	last    *Drawn
	drawing bool
}

// listen turns NOTIFYs into hints. Its connection is its own and never in a transaction; whenever it is new, anything may
// have been missed, so everything is looked at.
func (h *Hub) listen(ctx context.Context) {
	for ctx.Err() == nil {
		err := h.listenOnce(ctx)
		if ctx.Err() != nil {
			return
		}
		h.config.Log.Warn("the live listener lost its connection; pages follow by looking every 250 ms meanwhile", "error", err)
		select {
		case <-time.After(lookEvery):
		case <-ctx.Done():
		}
	}
}

func (h *Hub) listenOnce(ctx context.Context) error {
	conn, err := pgx.ConnectConfig(ctx, h.config.Pool.Config().ConnConfig.Copy())
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, "LISTEN live"); err != nil {
		return err
	}
	h.hint()
	for {
		notice, err := conn.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		h.hint(parse(notice.Payload)...)
	}
}

// parse reads the ids of a wake-up. One that cannot be read is a hint about everything.
func parse(payload string) []uuid.UUID {
	var audiences []uuid.UUID
	for _, word := range strings.Fields(payload) {
		id, err := uuid.Parse(word)
		if err != nil {
			return nil
		}
		audiences = append(audiences, id)
	}
	return audiences
}

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
	audiences := h.due()
	if len(audiences) == 0 {
		h.looked.Store(time.Now().UnixMilli())
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	rows, err := h.q.RegionVersions(ctx, audiences)
	if err != nil {
		return // the next tick looks again; streams stop saying that they are live meanwhile
	}
	h.looked.Store(time.Now().UnixMilli())
	h.compare(ctx, audiences, rows)
}

// due takes what is hinted, or every open room on a tick.
func (h *Hub) due() []uuid.UUID {
	h.mu.Lock()
	defer h.mu.Unlock()
	var audiences []uuid.UUID
	for a := range h.rooms {
		if h.all || h.hinted[a] {
			audiences = append(audiences, a)
		}
	}
	h.all = false
	clear(h.hinted)
	return audiences
}

// compare finds the regions whose pages show another version, and the people whose rights may have changed.
func (h *Hub) compare(ctx context.Context, audiences []uuid.UUID, rows []queries.LiveRegion) {
	h.mu.Lock()
	defer h.mu.Unlock()
	moved := map[uuid.UUID]bool{}
	for _, row := range rows {
		room := h.rooms[row.Audience]
		if room != nil && room.versions[row.Region] != row.Version {
			room.versions[row.Region] = row.Version
			moved[row.Audience] = true
		}
	}
	for _, audience := range audiences {
		room := h.rooms[audience]
		if room == nil || !moved[audience] && !room.joined {
			continue
		}
		room.joined = false
		for name := range room.stale() {
			h.draw(room, name)
		}
		h.recheck(room)
	}
}

// stale names the regions that some page of the room shows in another version.
func (r *room) stale() map[string]bool {
	names := map[string]bool{}
	for s := range r.streams {
		if s.audience != r.audience {
			continue
		}
		for name, shown := range s.shown {
			if shown != r.versions[name] {
				names[name] = true
			}
		}
	}
	return names
}

// healthy says whether the database answered lately; a stream that says "live" on the strength of an old look would lie.
func (h *Hub) healthy() bool {
	return time.Since(time.UnixMilli(h.looked.Load())) < 3*time.Second
}
