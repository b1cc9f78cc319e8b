package outside

import (
	"slices"
	"time"
)

const (
	tripInARow = 5
	window     = 30 * time.Second
	tripCalls  = 10 // so many calls in the window before a share of them means anything

	// probeAfter is how long a server that does not answer is left alone; on a wedding day nobody can wait that long.
	probeAfter        = 5 * time.Minute
	probeAfterWedding = 20 * time.Second
	probeGrace        = 5 * time.Second // beyond its deadline, for a probe to be told
)

// Verdict is what one call proves about its peer.
type Verdict int

// Nothing: the call was cut short by us, or never left the house.
const (
	Nothing Verdict = iota
	Answered
	Failed
)

// State is a breaker. Closed, calls go out; open, none does, but for one probe when its time has come.
type State struct {
	Failures     int       // in a row
	FailingSince time.Time // the first of them; zero: the last call went well
	Recent       []Second  // of the last half minute, oldest first
	OpenedAt     time.Time // zero: closed
	ProbingUntil time.Time // the lease of the one caller that is trying
	AnsweredAt   time.Time // last
	LastError    string    // in words
}

// Second counts the calls of one second.
type Second struct {
	Unix   int64 `json:"s"`
	Calls  int   `json:"c"`
	Failed int   `json:"f,omitempty"`
}

// Open says that no call goes out but a probe.
func (s State) Open() bool { return !s.OpenedAt.IsZero() }

// ProbeAt is when an open breaker lets one caller try. wedding is the beginning of the one under way or next, if any.
func (s State) ProbeAt(wedding *time.Time) time.Time {
	at := s.OpenedAt.Add(probeAfter)
	if wedding == nil {
		return at
	}
	soon := s.OpenedAt.Add(probeAfterWedding)
	if wedding.After(soon) {
		soon = *wedding
	}
	if soon.Before(at) {
		return soon
	}
	return at
}

// Wait is until when an open breaker lets nobody through; zero: somebody may claim the probe now.
func (s State) Wait(now time.Time, wedding *time.Time) time.Time {
	if at := s.ProbeAt(wedding); now.Before(at) {
		return at
	}
	if now.Before(s.ProbingUntil) {
		return s.ProbingUntil
	}
	return time.Time{}
}

// After is the breaker once a call has ended. A call that began before the breaker opened may end after it: only the probe
// closes it or keeps it open.
func (s State) After(v Verdict, probe bool, now time.Time, words string) State {
	switch v {
	case Answered:
		s.AnsweredAt = now
	case Failed:
		s.LastError = words
	}
	if s.Open() {
		return s.afterProbe(v, probe, now)
	}
	if v == Nothing {
		return s
	}
	s.Recent = counted(s.Recent, v == Failed, now)
	if v == Answered {
		s.Failures, s.FailingSince = 0, time.Time{}
	} else {
		s.Failures++
		if s.FailingSince.IsZero() {
			s.FailingSince = now
		}
	}
	if v == Failed && (s.Failures >= tripInARow || mostly(s.Recent)) {
		s.OpenedAt, s.ProbingUntil = now, time.Time{}
	}
	return s
}

// Counting adds calls that were answered and not yet counted. It changes nothing else: they were told while no call failed.
func (s State) Counting(answered []Second) State {
	if s.Open() {
		return s
	}
	for _, a := range answered {
		at := slices.IndexFunc(s.Recent, func(r Second) bool { return r.Unix >= a.Unix })
		switch {
		case at < 0:
			s.Recent = append(slices.Clone(s.Recent), a)
		case s.Recent[at].Unix == a.Unix:
			s.Recent = slices.Clone(s.Recent)
			s.Recent[at].Calls += a.Calls
		default:
			s.Recent = slices.Insert(slices.Clone(s.Recent), at, a)
		}
	}
	return s
}

func (s State) afterProbe(v Verdict, probe bool, now time.Time) State {
	switch {
	case !probe:
		return s
	case v == Answered:
		return State{AnsweredAt: s.AnsweredAt, LastError: s.LastError}
	case v == Failed:
		s.Failures++
		s.OpenedAt, s.ProbingUntil = now, time.Time{}
	default:
		s.ProbingUntil = time.Time{} // it proved nothing: the next one may try
	}
	return s
}

// counted adds a call and forgets what is out of the window.
func counted(recent []Second, failed bool, now time.Time) []Second {
	var kept []Second
	for _, r := range recent {
		if time.Unix(r.Unix, 0).After(now.Add(-window)) {
			kept = append(kept, r)
		}
	}
	at := now.Unix()
	if n := len(kept); n == 0 || kept[n-1].Unix < at {
		kept = append(kept, Second{Unix: at})
	}
	last := &kept[len(kept)-1] // another node's clock may run a little ahead: its second will do
	last.Calls++
	if failed {
		last.Failed++
	}
	return kept
}

func mostly(recent []Second) bool {
	calls, failed := 0, 0
	for _, r := range recent {
		calls, failed = calls+r.Calls, failed+r.Failed
	}
	return calls >= tripCalls && 2*failed >= calls
}
