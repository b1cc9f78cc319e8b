package live

import (
	"time"

	"github.com/google/uuid"
)

// room is one audience that has pages open here. All of it is under the hub's lock.
type room struct {
	audience  uuid.UUID
	streams   map[*stream]struct{}
	regions   map[string]*region // those that some page shows
	unsettled bool               // to be compared at the next look although no version has moved
	judging   bool
}

// region is one drawing of a room. Bursts collapse: while one drawing is under way, all newer versions are one more.
type region struct {
	pages    int
	version  int64  // as the database last told
	toldBy   uint64 // the look that told it; 0 before the first
	last     *Drawn
	lastAt   uint64 // looks begun when last was finished: the answer of one of them may be older than it
	drawing  bool
	failures int
	again    time.Time // not to be drawn before: the last attempt failed, or was a moment ago
	waking   bool      // a look at that moment is arranged
}

// person is somebody with pages open here, in whichever rooms.
type person struct {
	streams map[*stream]struct{}
	access  int64 // the version of their access region
}

const unknown = -1 // a version that is not known, and unlike any that is

// join puts a stream where changes are looked for, before it has read anything: what changes from now on is not missed.
func (h *Hub) join(s *stream) error {
	h.mu.Lock()
	if h.draining {
		h.mu.Unlock()
		return ErrDraining
	}
	s.room, s.person, s.judged = h.rooms[s.audience], h.people[s.viewer.Person], unknown
	if s.room == nil {
		s.room = &room{audience: s.audience, streams: map[*stream]struct{}{}, regions: map[string]*region{}}
		h.rooms[s.audience] = s.room
	}
	if s.person == nil {
		s.person = &person{streams: map[*stream]struct{}{}, access: unknown}
		h.people[s.viewer.Person] = s.person
	}
	s.room.streams[s], s.person.streams[s] = struct{}{}, struct{}{}
	for name := range s.shown {
		if s.room.regions[name] == nil {
			s.room.regions[name] = &region{}
		}
		s.room.regions[name].pages++
	}
	s.room.unsettled = true
	h.mu.Unlock()
	h.hint(s.audience, s.viewer.Person)
	return nil
}

// leave forgets the stream, and the drawings that it was the last to show: an address may name any region, so what is
// kept must not outlive whoever asked for it.
func (h *Hub) leave(s *stream) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for name := range s.shown {
		if s.room.regions[name].pages--; s.room.regions[name].pages == 0 {
			delete(s.room.regions, name)
		}
	}
	if delete(s.room.streams, s); len(s.room.streams) == 0 {
		delete(h.rooms, s.audience)
		if h.draining && len(h.rooms) == 0 {
			close(h.gone)
		}
	}
	if delete(s.person.streams, s); len(s.person.streams) == 0 {
		delete(h.people, s.viewer.Person)
	}
}
