package inbound

import (
	"slices"
	"time"
)

// A wedding business sleeps, and what its systems send sleeps with it. So quiet is measured in waking hours: those between
// eight and eight on the supplier's own clock, on weekdays that are not the sender's days off.
const (
	wakes, sleeps = 8, 20
	wakingDay     = (sleeps - wakes) * time.Hour

	// Deliveries that come by chance at a steady rate leave a gap of 5.3 mean intervals once in two hundred (e^-5.3 = 0.5 %).
	tooLong = 5.3

	shortestSilence = 6 * time.Hour  // half a day: however busy a sender is, a long lunch is not a fault
	longestSilence  = 14 * wakingDay // beyond it a supplier wants to be asked, even about a rare sender
)

// Silent says that what usually comes has stopped: the quiet since last is too long for chance, and half as long again as
// a pause that this sender has lately made twice. The pause speaks for senders that do not send by chance: a batch every
// night, a dozen at once for each booking. now carries the supplier's clock (time.Time.In). What has no habit is never silent.
func Silent(h Habit, last, now time.Time) bool {
	return h.Known && h.awake(last, now) > h.patience()
}

func (h Habit) patience() time.Duration {
	byChance := time.Duration(min(tooLong/h.PerDay, 365) * float64(wakingDay))
	return max(min(max(byChance, shortestSilence), longestSilence), h.Pause*3/2)
}

// After is the habit with the pauses between these moments in mind, which days alone are too coarse to tell. Newest first.
func (h Habit) After(arrivals []time.Time, zone *time.Location) Habit {
	var made []time.Duration
	for i := 1; i < len(arrivals); i++ {
		made = append(made, h.awake(arrivals[i], arrivals[i-1].In(zone)))
	}
	h.Pause = max(h.Pause, madeTwice(made))
	return h
}

// madeTwice is the longest pause but one. What happened once may have been the very fault that we listen for, and must not
// teach us patience with the next.
func madeTwice(pauses []time.Duration) time.Duration {
	if len(pauses) < 2 {
		return 0
	}
	slices.Sort(pauses)
	return pauses[len(pauses)-2]
}

// awake is how much waking time lies between two instants, on the clock of the second.
func (h Habit) awake(from, to time.Time) time.Duration {
	from = later(from.In(to.Location()), to.AddDate(-1, 0, 0))
	var sum time.Duration
	y, m, d := from.Date()
	for day := time.Date(y, m, d, 0, 0, 0, 0, to.Location()); day.Before(to); day = day.AddDate(0, 0, 1) {
		if h.Off[day.Weekday()] {
			continue
		}
		y, m, d := day.Date()
		begins := later(from, time.Date(y, m, d, wakes, 0, 0, 0, to.Location()))
		ends := time.Date(y, m, d, sleeps, 0, 0, 0, to.Location())
		if ends.After(to) {
			ends = to
		}
		sum += max(ends.Sub(begins), 0)
	}
	return sum
}
