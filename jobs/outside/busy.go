package outside

import (
	"sync"
	"time"

	"github.com/google/uuid"
)

// touchEvery is how often a breaker's row hears from one node that all goes well.
const touchEvery = time.Second

// busy holds the answered calls that this node has not yet added to their breakers' rows. What a crash takes with it are
// counts of at most a second in which nothing failed.
type busy struct {
	mu    sync.Mutex
	peers map[breakerKey]*tally
}

type breakerKey struct {
	org  uuid.UUID
	peer string
}

type tally struct {
	touched  time.Time
	answered []Second
}

// mayWait says that the row has been touched within the second, and otherwise makes this caller the one who touches it.
func (b *busy) mayWait(call Call, now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.of(call, now)
	if since := now.Sub(t.touched); since >= 0 && since < touchEvery {
		return true
	}
	t.touched = now
	return false
}

func (b *busy) count(call Call, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.of(call, now)
	t.answered = counted(t.answered, false, now)
}

// take hands over what is to be counted within the window, and forgets it.
func (b *busy) take(call Call, now time.Time) (answered []Second) {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.of(call, now)
	for _, s := range t.answered {
		if time.Unix(s.Unix, 0).After(now.Add(-window)) {
			answered = append(answered, s)
		}
	}
	t.answered, t.touched = nil, now
	return answered
}

// of finds a peer's tally. Those that have been quiet for a window are dropped when there are many: endpoints come and go.
func (b *busy) of(call Call, now time.Time) *tally {
	key := breakerKey{call.owner(), call.Peer}
	if t, ok := b.peers[key]; ok {
		return t
	}
	if b.peers == nil || len(b.peers) >= 1000 {
		kept := map[breakerKey]*tally{}
		for k, t := range b.peers {
			if now.Sub(t.touched) < window {
				kept[k] = t
			}
		}
		b.peers = kept
	}
	t := &tally{}
	b.peers[key] = t
	return t
}
