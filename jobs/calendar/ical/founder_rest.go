package ical

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"
)

func Hash(e Event) string {
	h := sha256.Sum256([]byte(fmt.Sprint(e.Title, e.Venue, e.Description, e.Starts, e.Ends, e.Busy)))
	return hex.EncodeToString(h[:8])
}

func Expand(parts []Event, otherwise *time.Location, from, until time.Time, most int) ([]Occurrence, bool) {
	var all []Occurrence
	for _, e := range parts {
		if !e.Cancelled {
			all = append(all, Occurrence{Starts: e.Starts.Instant(otherwise), Ends: e.Ends.Instant(otherwise), Day: e.Starts.Day, Busy: e.Busy, Title: e.Title, Private: e.Private})
		}
	}
	return all, false
}
