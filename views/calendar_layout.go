package views

import (
	"slices"
	"time"
)

// dawn: who dances past midnight is still at the wedding of the evening before.
const dawn = 5 * time.Hour

// Wall is a moment by a clock on the wall, as digits: days by it are all 24 hours long, also those on which clocks change.
func Wall(t time.Time, zone *time.Location) time.Time {
	t = t.In(zone)
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
}

// Midnight begins the day of a time, by the digits that it carries.
func Midnight(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}

// days are the first and the last day that an entry stands on.
func (e Entry) days() (first, last time.Time) {
	first = Midnight(e.From)
	end := e.Until
	if night := end.Sub(Midnight(end)); night <= dawn && Midnight(end).After(first) {
		end = Midnight(end).Add(-time.Second)
	}
	last = Midnight(end)
	if last.Before(first) { // clocks went back in between, or it has no length
		last = first
	}
	return first, last
}

// Covers says whether an entry stands on a day.
func (e Entry) Covers(day time.Time) bool {
	first, last := e.days()
	return !day.Before(first) && !day.After(last)
}

// Weeks are the weeks of a month from Monday to Sunday, with the days of its neighbours that fill them.
func Weeks(month time.Time) (weeks [][]time.Time) {
	first := time.Date(month.Year(), month.Month(), 1, 0, 0, 0, 0, time.UTC)
	for day := Monday(first); day.Before(first.AddDate(0, 1, 0)); day = day.AddDate(0, 0, 7) {
		weeks = append(weeks, Week(day))
	}
	return weeks
}

// Monday begins the week of a day.
func Monday(day time.Time) time.Time {
	return Midnight(day).AddDate(0, 0, -(int(day.Weekday())+6)%7)
}

// Week is the seven days of the week of a day.
func Week(day time.Time) []time.Time {
	days := make([]time.Time, 7)
	for i := range days {
		days[i] = Monday(day).AddDate(0, 0, i)
	}
	return days
}

// lanes deals the entries of some days in a row into lanes, so that one of several days keeps its height from day to day. The
// longest comes first; where nothing stands is nil.
func lanes(entries []Entry, days []time.Time) [][]*Entry {
	rows := make([][]*Entry, len(days))
	order := make([]*Entry, 0, len(entries))
	for i := range entries {
		order = append(order, &entries[i])
	}
	slices.SortStableFunc(order, func(a, b *Entry) int {
		if c := b.nights() - a.nights(); c != 0 {
			return c
		}
		return a.From.Compare(b.From)
	})
	for _, e := range order {
		var on []int
		for i, day := range days {
			if e.Covers(day) {
				on = append(on, i)
			}
		}
		lay(rows, on, e)
	}
	return rows
}

// lay puts an entry into the first lane that is free on all of its days.
func lay(rows [][]*Entry, on []int, e *Entry) {
	lane := 0
	for ; slices.ContainsFunc(on, func(i int) bool { return lane < len(rows[i]) && rows[i][lane] != nil }); lane++ {
	}
	for _, i := range on {
		for len(rows[i]) <= lane {
			rows[i] = append(rows[i], nil)
		}
		rows[i][lane] = e
	}
}

// nights is how many days after its first an entry stands on.
func (e Entry) nights() int {
	first, last := e.days()
	return int(last.Sub(first) / (24 * time.Hour))
}

// mostInCell is how many entries a day of the month shows before it says how many more there are.
const mostInCell = 4

// cell is a day of the month as it is shown: its lanes, and how many entries found no place.
func cell(row []*Entry) (shown []*Entry, more int) {
	if len(row) <= mostInCell {
		return row, 0
	}
	shown = row[:mostInCell-1]
	for _, e := range row[len(shown):] {
		if e != nil {
			more++
		}
	}
	if more == 0 {
		return shown, 0
	}
	return shown, more
}

// strip is where in a day of 240 steps an entry stands by the clock on the wall, and how long. What has no length still shows.
func strip(e Entry, day time.Time) (x, width int) {
	step := func(t time.Time) int { return min(240, max(0, int(t.Sub(day)/(6*time.Minute)))) }
	x = step(e.From)
	width = max(step(e.Until)-x, 4)
	return min(x, 240-width), width
}

// on are the entries of a day by the clock, what began earlier first.
func on(entries []Entry, day time.Time) (all []*Entry) {
	for i := range entries {
		if entries[i].Covers(day) {
			all = append(all, &entries[i])
		}
	}
	return all
}
