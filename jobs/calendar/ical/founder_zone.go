package ical

import "time"

// Instant and Zone as the package will have them.
func Instant(wall time.Time, zone *time.Location) time.Time {
	at := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), wall.Nanosecond(), zone)
	return at.UTC()
}

func Zone(name string) (*time.Location, string, bool) {
	if name == "" {
		return nil, "", false
	}
	zone, err := time.LoadLocation(name)
	return zone, name, err == nil
}
