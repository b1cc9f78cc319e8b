package inbound

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/wedsync/wedsync/views/ui"
)

// Day is how much came on a day of UTC.
type Day struct {
	On      time.Time
	Arrived int
}

// Habit is what usually comes through a connection.
type Habit struct {
	Known  bool          // false: too little has come to tell
	PerDay float64       // on the days that are not Off
	Off    [7]bool       // weekdays on which hardly anything ever comes
	Pause  time.Duration // the longest that it made twice lately, in waking hours
}

const (
	habitWeeks       = 12 // a season's pace, and not last year's
	fewestDays       = 14
	fewestDeliveries = 8
	fewestActive     = 4 // days: two storms are no habit
)

// Usual reads the habit from the last twelve weeks up to the newest delivery; the quiet since then is what the habit will be
// held against, so it must not wear the habit down. first is the day on which anything came at all.
// One storm (a sender that repeats a year's events in an hour) must not make every later day look silent, so no day counts
// for more than three times a middling day on which something came.
func Usual(days []Day, first, now time.Time) Habit {
	arrived := map[time.Time]int{}
	var active []int
	end := time.Time{}
	for _, d := range days {
		if on := midnight(d.On); d.Arrived > 0 && !on.After(now) {
			arrived[on] = d.Arrived
			end = later(end, on)
		}
	}
	from := later(midnight(first), end.AddDate(0, 0, 1-7*habitWeeks))
	for on, n := range arrived {
		if !on.Before(from) {
			active = append(active, n)
		}
	}
	if len(active) < fewestActive || now.Sub(from) < fewestDays*24*time.Hour {
		return Habit{}
	}
	slices.Sort(active)
	most := max(3*active[(len(active)-1)/2], 3)
	return paceOf(arrived, from, end, now, most)
}

func paceOf(arrived map[time.Time]int, from, end, now time.Time, most int) Habit {
	var sum, length [7]float64
	for on := from; !on.After(end); on = on.AddDate(0, 0, 1) {
		sum[on.Weekday()] += float64(min(arrived[on], most))
		length[on.Weekday()] += math.Min(now.Sub(on).Hours()/24, 1) // today counts as far as it has come
	}
	all, _ := total(sum, length, [7]bool{})
	if all < fewestDeliveries {
		return Habit{}
	}
	h := Habit{Known: true, Off: daysOff(sum, length)}
	n, lasted := total(sum, length, h.Off)
	h.PerDay = n / lasted
	var pauses []time.Duration
	run := 0
	for on := from; !on.After(end); on = on.AddDate(0, 0, 1) {
		switch {
		case arrived[on] > 0:
			if run > 0 {
				pauses = append(pauses, time.Duration(run+1)*wakingDay) // half of the day before and half of the day after
			}
			run = 0
		case !h.Off[on.Weekday()]:
			run++
		}
	}
	h.Pause = madeTwice(pauses)
	return h
}

// daysOff are the weekdays with less than a fifth of what all days bring. More than three of them are no weekend but the
// look of a sender that seldom sends.
func daysOff(sum, length [7]float64) (off [7]bool) {
	n, lasted := total(sum, length, off)
	count := 0
	for d := range off {
		if length[d] >= 2 && sum[d]/length[d] < 0.2*n/lasted {
			off[d] = true
			count++
		}
	}
	if count > 3 {
		return [7]bool{}
	}
	return off
}

func total(sum, length [7]float64, without [7]bool) (n, lasted float64) {
	for d := range without {
		if !without[d] {
			n += sum[d]
			lasted += length[d]
		}
	}
	return n, lasted
}

// Words say the habit so that it ends a sentence: "Tave usually sends 4 a day". Ask only of one that is Known.
func (h Habit) Words() string {
	if h.PerDay < 0.9 {
		if week := h.PerDay * 7; week >= 0.9 {
			return fmt.Sprintf("about %.0f a week", week)
		}
		return fmt.Sprintf("about %.0f a month", math.Max(h.PerDay*30, 1))
	}
	words := ui.Count(int64(math.Round(h.PerDay))) + " a day"
	var off []string
	for _, d := range []time.Weekday{1, 2, 3, 4, 5, 6, 0} {
		if h.Off[d] {
			off = append(off, d.String()+"s")
		}
	}
	if len(off) > 0 {
		words += ", hardly any on " + strings.Join(off, " and ")
	}
	return words
}

func midnight(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
