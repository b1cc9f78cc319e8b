package ical

import (
	"strconv"
	"strings"
	"time"
)

// Instant and Zone as the package will have them.
func Instant(wall time.Time, zone *time.Location) time.Time {
	at := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), wall.Nanosecond(), zone)
	if earlier := at.Add(-time.Hour); earlier.Hour() == at.Hour() && earlier.Minute() == at.Minute() {
		at = earlier
	}
	return at.UTC()
}

func Zone(name string) (*time.Location, string, bool) {
	if name == "" {
		return nil, "", false
	}
	zone, err := time.LoadLocation(name)
	return zone, name, err == nil
}

// Expand is only as much as the sandbox needs until the real one is there: every week.
func Expand(parts []Event, otherwise *time.Location, from, until time.Time, most int) (all []Occurrence, capped bool) {
	zone, _, ok := Zone(parts[0].Starts.Zone)
	if !ok {
		zone = otherwise
	}
	if _, text, counted := strings.Cut(parts[0].Rules[0], "COUNT="); counted {
		if n, err := strconv.Atoi(text); err == nil {
			most = n
		}
	}
	long := parts[0].Ends.Wall.Sub(parts[0].Starts.Wall)
	for wall, n := parts[0].Starts.Wall, 0; n < most; wall, n = wall.AddDate(0, 0, 7), n+1 {
		at := Instant(wall, zone)
		if !at.Before(until) {
			break
		}
		if at.Add(long).After(from) {
			all = append(all, Occurrence{Starts: at, Ends: at.Add(long), Day: parts[0].Starts.Day})
		}
	}
	return all, false
}
