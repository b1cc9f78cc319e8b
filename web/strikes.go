package web

import (
	"sync"
	"time"

	"github.com/labstack/echo/v4"
)

// Failures are counted over this window.
const strikeWindow = time.Minute

// mostCallers bounds the memory that strangers can make us spend on remembering them.
const mostCallers = 10_000

// strikes counts failures in a row per caller. It is per node: a limit, not an account.
type strikes struct {
	limit int
	mu    sync.Mutex
	since map[string][]time.Time
}

func newStrikes(limit int) *strikes {
	return &strikes{limit: limit, since: map[string][]time.Time{}}
}

// strike records a failure and says whether the caller had used up their limit before it.
func (s *strikes) strike(caller string, now time.Time) (over bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.since) >= mostCallers {
		s.forget(now)
	}
	recent := within(s.since[caller], now)
	if len(recent) >= s.limit {
		s.since[caller] = recent
		return true
	}
	s.since[caller] = append(recent, now)
	return false
}

// over says whether the caller has used up their limit.
func (s *strikes) over(caller string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(within(s.since[caller], now)) >= s.limit
}

func (s *strikes) clear(caller string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.since, caller)
}

// forget drops whose window has passed, and when that is nobody, everybody: limits matter less than staying up.
func (s *strikes) forget(now time.Time) {
	for caller, times := range s.since {
		if len(within(times, now)) == 0 {
			delete(s.since, caller)
		}
	}
	if len(s.since) >= mostCallers {
		clear(s.since)
	}
}

func within(times []time.Time, now time.Time) []time.Time {
	for len(times) > 0 && now.Sub(times[0]) >= strikeWindow {
		times = times[1:]
	}
	return times
}

// tooMany counts a press of a button that costs something, and refuses the sixth of an organisation within a minute. It is
// asked once what the button is about has been found: looking for what is not there costs nothing.
func (s *Server) tooMany(c echo.Context, button string) error {
	if s.pressed.strike(visitorOf(c).OrgID.String()+" "+button, time.Now()) {
		return errPressed
	}
	return nil
}
