package live

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"
)

// goodbye is how long a stream that ends for good may take to say so.
const goodbye = time.Second / 2

// Viewer is who looks. A stream is theirs for as long as the session stands in this role.
type Viewer struct {
	Person  uuid.UUID
	Session uuid.UUID
	Role    string
}

// stream is one open page.
type stream struct {
	id       string
	viewer   Viewer
	audience uuid.UUID
	ctx      context.Context
	cancel   context.CancelFunc

	// Under the hub's lock.
	room   *room
	person *person
	shown  map[string]int64 // the version of each region that the page shows, or will once it has read what was put
	judged int64            // the person's access version for which the rights were last found good
	ended  bool

	mu      sync.Mutex
	waiting map[string]Drawn // the newest of each region: a slow reader skips, it never falls behind
	order   []string
	bye     bool

	more    chan struct{}
	flushed chan struct{} // one per event that has left: the feeder sends no event before the last one is gone
}

// put leaves the newest drawing of a region for the feeder. It never waits.
func (s *stream) put(name string, drawn Drawn) {
	s.mu.Lock()
	if s.waiting == nil {
		s.waiting = map[string]Drawn{}
	}
	if _, there := s.waiting[name]; !there {
		s.order = append(s.order, name)
	}
	s.waiting[name] = drawn
	s.mu.Unlock()
	s.ring()
}

func (s *stream) take() (drawn Drawn, bye, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bye || len(s.order) == 0 {
		return Drawn{}, s.bye, false
	}
	name := s.order[0]
	s.order = s.order[1:]
	drawn = s.waiting[name]
	delete(s.waiting, name)
	return drawn, false, true
}

// end closes the stream: for good, when the page is told goodbye, or to be judged anew when the browser comes back.
// What waits to be sent is not. Called with the hub's lock held.
func (s *stream) end(forGood bool) {
	if s.ended {
		return
	}
	s.ended = true
	s.mu.Lock()
	s.bye, s.order, s.waiting = forGood, nil, nil
	s.mu.Unlock()
	if !forGood {
		s.cancel()
		return
	}
	s.ring()
	time.AfterFunc(goodbye, s.cancel) // a stalled reader hears no goodbye
}

func (s *stream) ring() {
	select {
	case s.more <- struct{}{}:
	default:
	}
}
