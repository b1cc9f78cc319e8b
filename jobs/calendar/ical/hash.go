package ical

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"
)

// Hash is of what a person would see of an event: title, venue, description and when it is. It stays as it is while servers write
// down the same in their own ways: other zones for the same instant, other line ends, blanks at the ends, numbers and stamps.
func Hash(e Event) string {
	seen := []string{tidy(e.Title), tidy(e.Venue), tidy(e.Description), e.Starts.seen(), e.Ends.seen()}
	if e.Cancelled {
		seen = append(seen, "cancelled")
	}
	if e.Replaces != nil {
		seen = append(seen, "instead of "+e.Replaces.seen())
	}
	if len(e.Rules) > 0 {
		// By which clock it recurs is to be seen too, at the next change of clocks.
		seen = append(seen, append(slices.Sorted(slices.Values(e.Rules)), e.Starts.Zone)...)
	}
	sum := sha256.Sum256([]byte(strings.Join(seen, "\x00")))
	return hex.EncodeToString(sum[:16])
}

func (m Moment) seen() string {
	switch {
	case m.Day:
		return m.Wall.Format(time.DateOnly)
	case m.Zone == "":
		return m.Wall.Format("2006-01-02T15:04:05")
	}
	return m.Instant(nil).Format(time.RFC3339)
}

func tidy(text string) string {
	lines := strings.Split(strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n"), "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(strings.ReplaceAll(lines[i], "\u00a0", " "))
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}
