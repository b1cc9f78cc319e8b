package live

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
)

// drawTimeout is long for a drawing and short for a person who waits.
const drawTimeout = 5 * time.Second

// draw sends a region in its newest version to every page of the room that shows another. Called with the lock held.
func (h *Hub) draw(r *room, name string) {
	reg := r.regions[name]
	if reg == nil {
		reg = &region{}
		r.regions[name] = reg
	}
	if reg.last != nil && reg.last.Version == r.versions[name] {
		r.hand(name, *reg.last)
		return
	}
	if reg.drawing {
		return // drawn compares again when it is done
	}
	reg.drawing = true
	go h.drawOnce(r, name, reg)
}

func (h *Hub) drawOnce(r *room, name string, reg *region) {
	h.drawing <- struct{}{}
	defer func() { <-h.drawing }()
	ctx, cancel := context.WithTimeout(context.Background(), drawTimeout)
	defer cancel()
	asked := h.sessions(r)
	standing, err := h.config.Stand(ctx, r.audience, asked)
	var drawn Drawn
	if err == nil {
		drawn, err = h.config.Draw(ctx, r.audience, name)
	}

	h.mu.Lock()
	defer h.mu.Unlock()
	reg.drawing = false
	if err != nil {
		h.config.Log.Warn("a live region was not drawn; it is tried again", "region", name, "audience", r.audience, "error", err)
		r.joined = true // the next tick compares again, although no version has moved
		return
	}
	r.dismiss(asked, standing)
	reg.last = &drawn
	r.versions[name] = max(r.versions[name], drawn.Version)
	r.hand(name, drawn)
	if r.versions[name] != drawn.Version {
		h.draw(r, name)
	}
}

// hand gives a drawing to the pages that show another version.
func (r *room) hand(name string, drawn Drawn) {
	for s := range r.streams {
		shown, wanted := s.shown[name]
		if s.audience == r.audience && wanted && shown != drawn.Version {
			s.shown[name] = drawn.Version
			s.put(name, drawn)
		}
	}
}

func (h *Hub) sessions(r *room) []uuid.UUID {
	h.mu.Lock()
	defer h.mu.Unlock()
	seen := make([]uuid.UUID, 0, len(r.streams))
	for s := range r.streams {
		seen = append(seen, s.viewer.Session)
	}
	return seen
}

// dismiss ends the streams of those who may no longer see this room, before anything new is handed to them.
// Those whose role has changed come back by themselves and are judged anew.
func (r *room) dismiss(asked []uuid.UUID, standing map[uuid.UUID]string) {
	for s := range r.streams {
		if s.audience != r.audience || !slices.Contains(asked, s.viewer.Session) {
			continue // who came since was judged at the door
		}
		role, stands := standing[s.viewer.Session]
		switch {
		case !stands:
			s.end(true)
		case role != s.viewer.Role:
			s.end(false)
		}
	}
}

// recheck asks for the rights of streams whose person's access region has moved. Called with the lock held, in the room
// of the person.
func (h *Hub) recheck(r *room) {
	for s := range r.streams {
		if s.viewer.Person != r.audience || s.access == r.versions[Access] && s.checked {
			continue
		}
		s.access, s.checked = r.versions[Access], true
		go h.recheckOnce(s)
	}
}

func (h *Hub) recheckOnce(s *stream) {
	ctx, cancel := context.WithTimeout(context.Background(), drawTimeout)
	defer cancel()
	standing, err := h.config.Stand(ctx, s.audience, []uuid.UUID{s.viewer.Session})
	role, stands := standing[s.viewer.Session]
	switch {
	case err != nil:
		s.end(false) // unsure: it comes back and is judged at the door
	case !stands:
		s.end(true)
	case role != s.viewer.Role:
		s.end(false)
	}
}
