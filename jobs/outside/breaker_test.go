package outside

import (
	"testing"
	"time"
)

var noon = time.Date(2027, 6, 12, 12, 0, 0, 0, time.UTC)

// after plays calls, one letter each: a answered, f failed, n nothing; a capital is the probe's; each blank lets 6 s pass.
func after(s State, script string) (State, time.Time) {
	now := noon
	for _, c := range script {
		switch c {
		case ' ':
			now = now.Add(6 * time.Second)
		case 'a', 'A':
			s = s.After(Answered, c == 'A', now, "")
		case 'f', 'F':
			s = s.After(Failed, c == 'F', now, "in words")
		default:
			s = s.After(Nothing, c == 'N', now, "")
		}
	}
	return s, now
}

func TestWhenABreakerOpensAndCloses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		script string
		open   bool
	}{
		{"", false}, {"f", false}, {"ffff", false}, {"fffff", true}, {"f   f   f   f      f", true}, {"ffffa", false}, {"ffffaffff", false},
		{"ffffnf", true}, {"nnnnnnnn", false},
		{"afafafafa", false}, {"afafafafaf", true}, {"aaaaaafffa", false}, {"aaaaaafffaf", false}, {"aaaaaffffaff", true},
		{"afafafaf      af", false}, {"afafafafa   f", true}, // what is older than 30 s does not count
		{"fffff a", true}, {"fffff A", false}, {"fffff F", true}, {"fffff N", true}, {"fffff A ffff", false}, {"fffff A fffff", true},
		{"fffff F f f f A", false},
	}
	for _, tt := range tests {
		if s, _ := after(State{}, tt.script); s.Open() != tt.open {
			t.Errorf("%q: open is %t: %+v", tt.script, s.Open(), s)
		}
	}
}

func TestWhatABreakerRemembers(t *testing.T) {
	t.Parallel()
	s, now := after(State{}, "f ffff")
	if !s.FailingSince.Equal(noon) || !s.OpenedAt.Equal(now) || s.Failures != 5 || s.LastError != "in words" {
		t.Errorf("%+v", s)
	}
	s.ProbingUntil = now.Add(time.Minute)
	again := s.After(Failed, true, now.Add(time.Second), "worse")
	if !again.OpenedAt.Equal(now.Add(time.Second)) || !again.ProbingUntil.IsZero() || !again.FailingSince.Equal(noon) || again.LastError != "worse" {
		t.Errorf("after a probe that failed: %+v", again)
	}
	if late := s.After(Failed, false, now.Add(time.Minute), "late"); !late.OpenedAt.Equal(now) || !late.ProbingUntil.Equal(s.ProbingUntil) {
		t.Errorf("a call from before it opened moved it: %+v", late)
	}
	if late := s.After(Answered, false, now.Add(time.Minute), ""); !late.Open() {
		t.Error("a call from before it opened closed it")
	}
	if cut := s.After(Nothing, true, now, ""); !cut.ProbingUntil.IsZero() || !cut.OpenedAt.Equal(now) {
		t.Errorf("a probe that proved nothing keeps its lease: %+v", cut)
	}
	if closed := s.After(Answered, true, now, ""); closed.Failures != 0 || len(closed.Recent) != 0 || !closed.FailingSince.IsZero() || !closed.AnsweredAt.Equal(now) {
		t.Errorf("closed: %+v", closed)
	}
}

func TestTheWindowStaysSmall(t *testing.T) {
	t.Parallel()
	s := State{}
	for i := range 100_000 {
		s = s.After(Answered, false, noon.Add(time.Duration(i)*10*time.Millisecond), "")
	}
	if len(s.Recent) > 31 {
		t.Errorf("%d seconds are kept", len(s.Recent))
	}
	calls := 0
	for _, r := range s.Recent {
		calls += r.Calls
	}
	if calls < 2900 || calls > 3100 {
		t.Errorf("%d calls within 30 s, not 3,000", calls)
	}
}

func TestWhenAProbeMayGo(t *testing.T) {
	t.Parallel()
	at := func(d time.Duration) *time.Time { u := noon.Add(d); return &u }
	open, leased := State{OpenedAt: noon}, State{OpenedAt: noon, ProbingUntil: noon.Add(6 * time.Minute)}
	tests := []struct {
		what    string
		s       State
		after   time.Duration
		wedding *time.Time
		wait    time.Duration // after noon; 0: it may go
	}{
		{"at once", open, 0, nil, 5 * time.Minute},
		{"nearly", open, 5*time.Minute - 1, nil, 5 * time.Minute},
		{"its time has come", open, 5 * time.Minute, nil, 0},
		{"somebody is trying", leased, 5 * time.Minute, nil, 6 * time.Minute},
		{"who never came back", leased, 6 * time.Minute, nil, 0},
		{"on a wedding day", open, 19 * time.Second, at(-time.Hour), 20 * time.Second},
		{"on a wedding day, after 20 s", open, 20 * time.Second, at(-time.Hour), 0},
		{"the wedding begins meanwhile", open, time.Minute, at(2 * time.Minute), 2 * time.Minute},
		{"the wedding begins just after it opened", open, 6 * time.Second, at(5 * time.Second), 20 * time.Second},
		{"the wedding begins after the usual probe", open, time.Minute, at(time.Hour), 5 * time.Minute},
	}
	for _, tt := range tests {
		got := tt.s.Wait(noon.Add(tt.after), tt.wedding)
		if tt.wait == 0 && !got.IsZero() || tt.wait != 0 && !got.Equal(noon.Add(tt.wait)) {
			t.Errorf("%s: until %v, want noon + %v", tt.what, got, tt.wait)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	tests := map[string]time.Duration{
		"": 0, "7": 7 * time.Second, " 7 ": 7 * time.Second, "0": 0, "-5": 0, "1e3": 0, "soon": 0, "86400": time.Hour, "99999999999999999999": 0,
		"Sat, 12 Jun 2027 12:00:30 GMT": 30 * time.Second, "Sat, 12 Jun 2027 11:00:00 GMT": 0, "Sun, 13 Jun 2027 12:00:00 GMT": time.Hour,
	}
	for header, want := range tests {
		if got := retryAfter(header, noon); got != want {
			t.Errorf("%q: %v, want %v", header, got, want)
		}
	}
}
