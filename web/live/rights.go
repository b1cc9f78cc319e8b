package live

import (
	"context"
	"maps"
	"slices"

	"github.com/google/uuid"
)

// standing is a role for each session that still has one.
type standing = map[uuid.UUID]string

// question is the access version of each stream's person at the moment when their rights were asked for. The answer is
// worth something only as long as that version has not moved.
type question map[*stream]int64

func (q question) sessions() []uuid.UUID {
	distinct := make(map[uuid.UUID]struct{}, len(q))
	for s := range q {
		distinct[s.viewer.Session] = struct{}{} // a person with ten tabs is asked about once
	}
	return slices.Collect(maps.Keys(distinct))
}

// ask asks about everybody in the room.
func (h *Hub) ask(r *room) question {
	h.mu.Lock()
	defer h.mu.Unlock()
	q := make(question, len(r.streams))
	for s := range r.streams {
		q[s] = s.person.access
	}
	return q
}

// judge ends the streams of those who may no longer see the room, and trusts the others until their access region moves.
// Those whose role has changed come back by themselves and are let in anew, in their new role. Called with the lock held.
func (q question) judge(roles standing) {
	for s, access := range q {
		role, stands := roles[s.viewer.Session]
		switch {
		case !stands:
			s.end(true)
		case role != s.viewer.Role:
			s.end(false)
		case access == s.person.access:
			s.judged = access // or the answer was overtaken: a later one counts, which may be here already
		}
	}
}

// trusted says whether the stream's rights were asked for since they last moved, as far as is known.
func (s *stream) trusted() bool {
	return !s.ended && s.person.access != unknown && s.judged == s.person.access
}

// judge asks for the rights of the room's streams that came, or whose person's access region moved, since the last time:
// one question for all of them. Called with the lock held.
func (h *Hub) judge(r *room) {
	if r.judging {
		return // judgeOnce settles the room again when it is done
	}
	q := question{}
	for s := range r.streams {
		if !s.ended && !s.trusted() && s.person.access != unknown {
			q[s] = s.person.access
		}
	}
	if len(q) > 0 {
		r.judging = true
		go h.judgeOnce(r, q)
	}
}

func (h *Hub) judgeOnce(r *room, q question) {
	h.drawing <- struct{}{}
	defer func() { <-h.drawing }()
	ctx, cancel := context.WithTimeout(context.Background(), drawTimeout)
	defer cancel()
	roles, err := h.config.Stand(ctx, r.audience, q.sessions())

	h.mu.Lock()
	defer h.mu.Unlock()
	r.judging = false
	if err != nil {
		// They are shown nothing new until somebody knows; cutting them all would only bring them all back to a database
		// that is in trouble already.
		r.unsettled = true
		h.config.Log.Warn("the rights of open pages are not known; they are asked for again", "audience", r.audience, "error", err)
		return
	}
	q.judge(roles)
	h.settle(r)
}
