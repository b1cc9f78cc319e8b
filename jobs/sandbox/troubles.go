package sandbox

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// Trouble is how a carrier behaves when it does not behave.
type Trouble string

// The troubles that can be switched on.
const (
	Fine       Trouble = ""
	Down       Trouble = "down"        // 503; SMTP takes no connection
	KeyRefused Trouble = "key"         // knows us no more
	Busy       Trouble = "busy"        // 429, come again in two seconds
	Slow       Trouble = "slow"        // two seconds for each answer
	HangsUp    Trouble = "hangs_up"    // takes it and never answers
	Silent     Trouble = "says_naught" // takes it and never tells how it went
)

// Troubles are what each carrier can have.
var Troubles = map[string][]Trouble{
	"resend": {Down, KeyRefused, Busy, Slow, HangsUp, Silent},
	"smtp":   {Down, KeyRefused, Slow, HangsUp},
	"twilio": {Down, KeyRefused, Busy, Slow, HangsUp, Silent},
	"push":   {Down, KeyRefused, Busy, Slow, HangsUp},
}

// mood is a carrier's trouble at the moment.
type mood struct {
	mu  sync.Mutex
	now Trouble
}

func (m *mood) is() Trouble {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

func (m *mood) be(t Trouble) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = t
}

// slowness is what Slow costs.
const slowness = 2 * time.Second

// dawdle waits if the carrier is slow. It goes on when the caller hangs up, as the real one would.
func (m *mood) dawdle(ctx context.Context) {
	if m.is() != Slow {
		return
	}
	timer := time.NewTimer(slowness)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// hangUp leaves the caller without an answer, if that is the trouble: what was taken stays taken.
func (m *mood) hangUp() {
	if m.is() == HangsUp {
		panic(http.ErrAbortHandler)
	}
}
