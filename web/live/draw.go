package live

import (
	"bytes"
	"context"
	"fmt"
	"runtime/debug"
	"time"
)

const (
	// drawTimeout is long for a drawing and short for a person who waits.
	drawTimeout = 5 * time.Second

	// A drawing that fails is tried again at every look at first, then ever more seldom up to this.
	longestPause = 8 * time.Second
)

// settle brings every page of the room to what the database last told. Called with the lock held.
func (h *Hub) settle(r *room) {
	r.unsettled = false
	for name, reg := range r.regions {
		h.bring(r, name, reg)
	}
	h.judge(r)
}

// bring hands a region's drawing to the pages that show another, or sees to it that there is one to hand.
func (h *Hub) bring(r *room, name string, reg *region) {
	switch {
	case reg.toldBy == 0 || !r.stale(name, reg.version):
	case reg.last != nil && reg.last.Version == reg.version:
		r.hand(name, reg)
	case reg.drawing: // drawOnce compares again when it is done
	case time.Now().Before(reg.again):
		r.unsettled = true
		h.wakeAt(r, reg)
	default:
		reg.drawing = true
		go h.drawOnce(r, name, reg, reg.version)
	}
}

// wakeAt looks at the room again when the region may be drawn. Called with the lock held.
func (h *Hub) wakeAt(r *room, reg *region) {
	if reg.waking {
		return
	}
	reg.waking = true
	time.AfterFunc(time.Until(reg.again), func() {
		h.mu.Lock()
		reg.waking = false
		h.mu.Unlock()
		h.hint(r.audience)
	})
}

// drawOnce draws, then asks for everybody's rights, then hands out, in this order: a right that ended before the drawing
// began is known to have ended before the drawing is handed to anybody.
func (h *Hub) drawOnce(r *room, name string, reg *region, wanted int64) {
	h.drawing <- struct{}{}
	defer func() { <-h.drawing }()
	ctx, cancel := context.WithTimeout(context.Background(), drawTimeout)
	defer cancel()
	drawn, err := h.drawSafely(ctx, r, name)
	asked := h.ask(r)
	var roles standing
	if err == nil {
		roles, err = h.config.Stand(ctx, r.audience, asked.sessions())
	}

	h.mu.Lock()
	defer h.mu.Unlock()
	reg.drawing = false
	if err != nil {
		reg.failed()
		r.unsettled = true
		h.config.Log.Warn("a live region was not drawn; it is tried again", "region", name, "audience", r.audience, "failures", reg.failures, "error", err)
		return
	}
	reg.drew(&drawn, wanted, h.looks)
	if h.config.Pace != nil {
		reg.again = time.Now().Add(h.config.Pace(name))
	}
	asked.judge(roles)
	r.hand(name, reg)
	h.bring(r, name, reg)
	h.judge(r)
}

// drawSafely turns a panic into an error: nobody else would catch it out here, and one region would end the whole node.
func (h *Hub) drawSafely(ctx context.Context, r *room, name string) (drawn Drawn, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("drawing panicked: %v\n%s", cause, debug.Stack())
		}
	}()
	drawn, err = h.config.Draw(ctx, r.audience, name)
	// A lone CR ends a line in SSE, which the library does not know. Here once, rather than for each page.
	drawn.HTML = bytes.ReplaceAll(drawn.HTML, []byte("\r"), nil)
	return drawn, err
}

// drew takes over what a finished drawing knows. If no look has told a version meanwhile, the drawing's is the newer
// knowledge even when it is lower, as after a restore; else the higher one is, until the next look.
func (r *region) drew(drawn *Drawn, wanted int64, looks uint64) {
	if r.version != wanted {
		r.version = max(r.version, drawn.Version)
	} else {
		r.version = drawn.Version
	}
	r.last, r.lastAt, r.failures, r.again = drawn, looks, 0, time.Time{}
}

func (r *region) failed() {
	pause := min(longestPause, lookEvery<<min(r.failures, 16))
	r.failures++
	r.again = time.Now().Add(pause)
}

func (r *room) stale(name string, version int64) bool {
	for s := range r.streams {
		if shown, wanted := s.shown[name]; wanted && shown != version && !s.ended {
			return true
		}
	}
	return false
}

// hand gives the last drawing to the pages that show another version and whose right to it is certain. It is handed even
// if a newer version is known by now: a region that changes all the time would never be shown otherwise.
func (r *room) hand(name string, reg *region) {
	for s := range r.streams {
		shown, wanted := s.shown[name]
		newer := shown > reg.last.Version && shown <= reg.version
		if wanted && shown != reg.last.Version && !newer && s.trusted() {
			s.shown[name] = reg.last.Version
			s.put(name, *reg.last)
		}
	}
}
