package ical

import "time"

// Instant is when clocks in the zone show this wall time, in UTC. A time that they skip is taken with the offset from before the
// gap, so that 02:30 becomes 03:30; one that they show twice is the first. Go's own time.Date promises neither.
func Instant(wall time.Time, zone *time.Location) time.Time {
	wall = digits(wall)
	if zone == nil {
		return wall
	}
	y, m, d := wall.Date()
	near := time.Date(y, m, d, wall.Hour(), wall.Minute(), wall.Second(), wall.Nanosecond(), zone)
	start, end := near.ZoneBounds()
	var first time.Time
	offer := func(offset time.Duration) {
		at := wall.Add(-offset)
		if digits(at.In(zone)).Equal(wall) && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	offer(offset(near))
	for _, change := range []time.Time{start, end} {
		if change.IsZero() {
			continue
		}
		before, after := offset(change.Add(-time.Second)), offset(change)
		utc := change.UTC()
		if !wall.Before(utc.Add(before)) && wall.Before(utc.Add(after)) {
			return wall.Add(-before)
		}
		offer(before)
		offer(after)
	}
	if first.IsZero() {
		return near.UTC()
	}
	return first
}

// Instant is when the moment comes; otherwise is the clock of the calendar, for moments that name none.
func (m Moment) Instant(otherwise *time.Location) time.Time {
	return Instant(m.Wall, m.clock(otherwise))
}

func (m Moment) clock(otherwise *time.Location) *time.Location {
	if m.Zone != "" {
		if zone, _, ok := Zone(m.Zone); ok {
			return zone
		}
	}
	if otherwise == nil {
		return time.UTC
	}
	return otherwise
}

// digits is what the clock shows, without its zone.
func digits(at time.Time) time.Time {
	y, m, d := at.Date()
	return time.Date(y, m, d, at.Hour(), at.Minute(), at.Second(), at.Nanosecond(), time.UTC)
}

func midnight(at time.Time) time.Time {
	y, m, d := at.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

func offset(at time.Time) time.Duration {
	_, seconds := at.Zone()
	return time.Duration(seconds) * time.Second
}
