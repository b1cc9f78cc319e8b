package ui

import (
	"fmt"
	"time"
)

// Day is how a date is written everywhere: "Sat 12 June 2027". The time is taken as it comes: set its zone before.
func Day(t time.Time) string { return t.Format("Mon 2 January 2006") }

// DayTime is a date with its time of day: "Sat 12 June 2027, 14:00".
func DayTime(t time.Time) string { return t.Format("Mon 2 January 2006, 15:04") }

// Clock is a time of day: "14:00".
func Clock(t time.Time) string { return t.Format("15:04") }

// ClockSeconds is a time of day to the second, for what has just changed: "14:00:31".
func ClockSeconds(t time.Time) string { return t.Format("15:04:05") }

// Ago says how long ago t was: "4 minutes ago". What is older than thirty days is a date.
func Ago(now, t time.Time) string {
	d := now.Sub(t)
	switch {
	case d < 10*time.Second:
		return "just now"
	case d > 30*24*time.Hour:
		return "on " + t.Format("2 January 2006")
	}
	return Span(d) + " ago"
}

// Until says how far ahead t lies: "in 12 days", "today" for a wedding is the page's to say. What has passed is written by Ago.
func Until(now, t time.Time) string {
	d := t.Sub(now)
	switch {
	case d < -10*time.Second:
		return Ago(now, t)
	case d < 10*time.Second:
		return "now"
	}
	return "in " + Span(d)
}

// DaysUntil counts nights, not hours, as people do: "today", "tomorrow", "in 12 days", "yesterday", "12 days ago".
// Both times are read as the wall clocks they carry, so give them the same zone.
func DaysUntil(now, t time.Time) string {
	n := nights(now, t)
	switch {
	case n == 0:
		return "today"
	case n == 1:
		return "tomorrow"
	case n == -1:
		return "yesterday"
	case n < 0:
		return Plural(int64(-n), "day", "days") + " ago"
	}
	return "in " + Plural(int64(n), "day", "days")
}

func nights(a, b time.Time) int {
	midnight := func(t time.Time) time.Time {
		y, m, d := t.Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}
	return int(midnight(b).Sub(midnight(a)) / (24 * time.Hour))
}

// Span writes a length of time in its largest unit: "40 seconds", "4 minutes", "3 hours", "12 days", "5 weeks", "7 months", "2 years".
func Span(d time.Duration) string {
	d = d.Abs()
	day := 24 * time.Hour
	for _, u := range []struct {
		below, unit time.Duration
		name        string
	}{
		{time.Minute, time.Second, "second"},
		{time.Hour, time.Minute, "minute"},
		{day, time.Hour, "hour"},
		{28 * day, day, "day"},
		{60 * day, 7 * day, "week"},
		{730 * day, 30 * day, "month"},
	} {
		if d < u.below {
			return Plural(int64(d/u.unit), u.name, u.name+"s")
		}
	}
	return Plural(int64(d/(365*day)), "year", "years")
}

// Plural puts a count before the right word: "1 wedding", "1,204 weddings".
func Plural(n int64, one, many string) string {
	if n == 1 {
		return fmt.Sprintf("1 %s", one)
	}
	return Count(n) + " " + many
}
