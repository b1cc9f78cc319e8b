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

