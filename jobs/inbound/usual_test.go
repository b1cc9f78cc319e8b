package inbound

import (
	"math"
	"strings"
	"testing"
	"time"
)

// monday is when the habits below were looked at: 10:00 in London, in June.
var monday = time.Date(2027, 6, 14, 10, 0, 0, 0, londonTime)

var londonTime = func() *time.Location {
	zone, err := time.LoadLocation("Europe/London")
	if err != nil {
		panic(err)
	}
	return zone
}()

// came is a history of so many days up to yesterday of monday; n says how much came i days ago.
func came(days int, n func(ago int, on time.Weekday) int) (all []Day, first time.Time) {
	for ago := days; ago >= 1; ago-- {
		on := time.Date(2027, 6, 14-ago, 0, 0, 0, 0, time.UTC)
		if arrived := n(ago, on.Weekday()); arrived > 0 {
			all = append(all, Day{on, arrived})
		}
	}
	if len(all) > 0 {
		first = all[0].On
	}
	return all, first
}

func daily(n int) func(int, time.Weekday) int { return func(int, time.Weekday) int { return n } }

func weekdays(n int) func(int, time.Weekday) int {
	return func(_ int, on time.Weekday) int {
		if on == time.Saturday || on == time.Sunday {
			return 0
		}
		return n
	}
}

func on(day time.Weekday, n int) func(int, time.Weekday) int {
	return func(_ int, at time.Weekday) int {
		if at == day {
			return n
		}
		return 0
	}
}

func TestUsual(t *testing.T) {
	t.Parallel()
	storm := func(ago int, _ time.Weekday) int {
		if ago == 20 {
			return 5000
		}
		return 4
	}
	for _, c := range []struct {
		what  string
		days  int
		n     func(int, time.Weekday) int
		words string // empty: too little to tell
	}{
		{"four a day", 60, daily(4), "4 a day"},
		{"two hundred a day", 60, daily(200), "200 a day"},
		{"one storm", 60, storm, "4 a day"},
		{"not at the weekend", 60, weekdays(4), "4 a day, hardly any on Saturdays and Sundays"},
		{"every Wednesday", 84, on(time.Wednesday, 1), "about 1 a week"},
		{"two every Wednesday", 84, on(time.Wednesday, 2), "about 2 a week"},
		{"one day in eleven", 84, func(ago int, _ time.Weekday) int { return map[bool]int{true: 1}[ago%11 == 0] }, ""},
		{"one day in nine", 84, func(ago int, _ time.Weekday) int { return map[bool]int{true: 1}[ago%9 == 0] }, "about 4 a month"},
		{"thirteen days", 12, daily(50), ""},
		{"a fortnight", 14, daily(1), "1 a day"},
		{"seven deliveries", 30, func(ago int, _ time.Weekday) int { return map[bool]int{true: 1}[ago%4 == 0] }, ""},
		{"nothing but a storm", 30, func(ago int, _ time.Weekday) int { return map[bool]int{true: 900}[ago == 29] }, ""},
		{"three storms", 60, func(ago int, _ time.Weekday) int { return map[bool]int{true: 900}[ago%20 == 0] }, ""},
		{"nothing", 60, daily(0), ""},
		{"hostile counts", 60, daily(-5), ""},
		{"last year was busy", 400, func(ago int, _ time.Weekday) int { return map[bool]int{true: 90, false: 3}[ago > 100] }, "3 a day"},
	} {
		days, first := came(c.days, c.n)
		h := Usual(days, first, monday)
		if h.Known != (c.words != "") || h.Known && h.Words() != c.words {
			t.Errorf("%s: %+v, %q, want %q", c.what, h, h.Words(), c.words)
		}
	}
}

// Today counts for the part of it that is over, and what lies ahead of a clock for nothing.
func TestTodayCountsPartly(t *testing.T) {
	t.Parallel()
	days, first := came(28, daily(24))
	days = append(days, Day{time.Date(2027, 6, 14, 0, 0, 0, 0, time.UTC), 9}, Day{time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), 1000}) // 09:00 in UTC
	if h := Usual(days, first, monday); math.Abs(h.PerDay-24) > 0.1 {
		t.Errorf("%+v", h)
	}
}

// A long silence does not become what is usual.
func TestTheHabitDoesNotWearDown(t *testing.T) {
	t.Parallel()
	days, first := came(60, daily(4))
	if h := Usual(days, first, monday.AddDate(0, 0, 50)); !h.Known || h.Words() != "4 a day" {
		t.Errorf("%+v", h)
	}
}

func TestSilent(t *testing.T) {
	t.Parallel()
	at := func(day, hour int) time.Time { return time.Date(2027, 6, day, hour, 0, 0, 0, londonTime) } // 14 is a Monday
	nightly := make([]time.Time, 0, 90)
	for i := range 90 {
		nightly = append(nightly, at(14, 2).AddDate(0, 0, -i/30).Add(-time.Duration(i%30)*time.Second))
	}
	random := func(ago int, _ time.Weekday) int { return map[int]int{0: 1, 5: 1, 6: 1, 20: 1, 29: 1}[ago%31] } // about one a week, with pauses of two
	for _, c := range []struct {
		what      string
		days      int
		n         func(int, time.Weekday) int
		arrivals  []time.Time
		last, now time.Time
		want      bool
	}{
		{"four a day, over a night", 60, daily(4), nil, at(14, 17), at(15, 11), false},
		{"four a day, 31 hours", 60, daily(4), nil, at(14, 9), at(15, 16), true},
		{"four a day, a day", 60, daily(4), nil, at(14, 9), at(15, 9), false},
		{"200 a day, lunch", 60, daily(200), nil, at(14, 10), at(14, 15), false},
		{"200 a day, since the morning", 60, daily(200), nil, at(14, 9), at(14, 16), true},
		{"200 a day, over the night", 60, daily(200), nil, at(14, 19), at(15, 9), false},
		{"200 a day, the night and a morning", 60, daily(200), nil, at(14, 19), at(15, 14), true},
		{"200 a weekday, over the weekend", 60, weekdays(200), nil, at(18, 17), at(21, 10), false},
		{"200 a weekday, all Monday", 60, weekdays(200), nil, at(18, 17), at(21, 16), true},
		{"4 a weekday, over the weekend", 60, weekdays(4), nil, at(18, 12), at(21, 12), false},
		{"4 a weekday, until Tuesday", 60, weekdays(4), nil, at(18, 12), at(22, 12), true},
		{"one a week, nine days", 84, on(time.Wednesday, 1), nil, at(9, 12), at(18, 12), false},
		{"one a week, a fortnight and a day", 84, on(time.Wednesday, 1), nil, at(9, 12), at(24, 18), true},
		{"about one a week, after a pause it has made before", 84, random, nil, at(10, 12), at(25, 12), false},
		{"a batch every night, the next evening", 60, daily(30), nightly, at(14, 2), at(14, 23), false},
		{"a batch every night that did not come, nor the next", 60, daily(30), nightly, at(14, 2), at(15, 23), true},
		{"a dozen once a week, five days", 84, on(time.Monday, 12), nil, at(7, 12), at(13, 12), false},
		{"four a day, after one week's outage a month ago", 60, func(ago int, _ time.Weekday) int { return map[bool]int{false: 4}[ago > 30 && ago < 38] }, nil, at(14, 9), at(15, 18), true},
		{"a new connection", 3, daily(500), nil, at(14, 9), at(28, 9), false},
		{"nothing ever", 60, daily(0), nil, time.Time{}, at(14, 9), false},
		{"a delivery from the future", 60, daily(200), nil, at(16, 9), at(14, 9), false},
		{"gone for years", 60, daily(4), nil, at(14, 9), at(14, 9).AddDate(40, 0, 0), true},
	} {
		days, first := came(c.days, c.n)
		h := Usual(days, first, monday).After(c.arrivals, londonTime)
		if got := Silent(h, c.last, c.now); got != c.want {
			t.Errorf("%s: %t; %+v, awake %v, patience %v", c.what, got, h, h.awake(c.last, c.now), h.patience())
		}
	}
}

// Every whole-hour moment of a quiet but ordinary fortnight: nobody cries wolf while the habit goes on.
func TestAnOrdinaryFortnightIsNeverSilent(t *testing.T) {
	t.Parallel()
	for what, n := range map[string]func(int, time.Weekday) int{"daily": daily(4), "weekdays": weekdays(4), "busy": weekdays(200), "weekly": on(time.Wednesday, 1), "market days": func(_ int, d time.Weekday) int {
		return map[time.Weekday]int{time.Tuesday: 6, time.Friday: 9}[d]
	}} {
		days, first := came(84, n)
		for _, zone := range []string{"Europe/London", "Australia/Sydney", "America/Los_Angeles"} {
			in, err := time.LoadLocation(zone)
			if err != nil {
				t.Fatal(err)
			}
			var noons []time.Time
			for ago := range 20 {
				if at := time.Date(2027, 6, 13-ago, 12, 0, 0, 0, in); n(0, at.Weekday()) > 0 {
					noons = append(noons, at)
				}
			}
			h := Usual(days, first, monday).After(noons, in)
			last := time.Date(2027, 6, 14-7, 12, 0, 0, 0, in)
			for hour := range 14 * 24 {
				now := time.Date(2027, 6, 14-7, 12+hour, 0, 0, 0, in)
				if now.Hour() == 12 && n(0, now.Weekday()) > 0 {
					last = now
				}
				if n(0, last.Weekday()) == 0 {
					continue // before the first of it
				}
				if Silent(h, last, now) {
					t.Errorf("%s in %s: silent at %v, last %v", what, zone, now, last)
				}
			}
		}
	}
}

// The clock that changes in the night does not make a day longer or shorter than its waking hours.
func TestWakingHoursOverAClockChange(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		from, to time.Time
		want     time.Duration
	}{
		{time.Date(2027, 3, 27, 12, 0, 0, 0, londonTime), time.Date(2027, 3, 29, 12, 0, 0, 0, londonTime), 24 * time.Hour},
		{time.Date(2027, 10, 30, 12, 0, 0, 0, londonTime), time.Date(2027, 11, 1, 12, 0, 0, 0, londonTime), 24 * time.Hour},
		{time.Date(2027, 6, 14, 21, 0, 0, 0, londonTime), time.Date(2027, 6, 15, 7, 0, 0, 0, londonTime), 0},
		{time.Date(2027, 6, 14, 9, 0, 0, 0, time.UTC), time.Date(2027, 6, 14, 12, 0, 0, 0, londonTime), 2 * time.Hour},
	} {
		if got := (Habit{}).awake(c.from, c.to); got != c.want {
			t.Errorf("%v to %v: %v, want %v", c.from, c.to, got, c.want)
		}
	}
}

func TestHabitsReadAsSentences(t *testing.T) {
	t.Parallel()
	for rate, want := range map[float64]string{4.2: "4 a day", 1234: "1,234 a day", 0.95: "1 a day", 0.3: "about 2 a week", 0.05: "about 2 a month", 0.001: "about 1 a month"} {
		if got := (Habit{Known: true, PerDay: rate}).Words(); got != want || strings.Contains(got, " 0 ") {
			t.Errorf("%v: %q", rate, got)
		}
	}
}
