package ical

import "time"

// Until the package's own are merged.

func Instant(wall time.Time, zone *time.Location) time.Time {
	at := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), 0, zone)
	return at.UTC()
}

func (m Moment) Instant(otherwise *time.Location) time.Time {
	zone := otherwise
	if m.Zone != "" {
		if named, _, known := Zone(m.Zone); known {
			zone = named
		}
	}
	return Instant(m.Wall, zone)
}

func Zone(name string) (*time.Location, string, bool) {
	switch name {
	case "GMT Standard Time":
		name = "Europe/London"
	case "Pacific Standard Time":
		name = "America/Los_Angeles"
	case "India Standard Time":
		name = "Asia/Kolkata"
	case "W. Europe Standard Time":
		name = "Europe/Berlin"
	case "", "Local":
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
	long := parts[0].Ends.Wall.Sub(parts[0].Starts.Wall)
	for wall := parts[0].Starts.Wall; len(all) < most; wall = wall.AddDate(0, 0, 7) {
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
