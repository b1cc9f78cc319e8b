package ical

import (
	"bytes"
	"strings"
	"time"
)

// Write stands in until the real one is merged.
func Write(name string, events []Event, now time.Time) []byte {
	var b bytes.Buffer
	escape := strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\n", `\n`)
	b.WriteString("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//WedSync//EN\r\nX-WR-CALNAME:" + escape.Replace(name) + "\r\n")
	for _, e := range events {
		zone, err := time.LoadLocation(e.Starts.Zone)
		if err != nil {
			zone = time.UTC
		}
		at := func(m Moment) string {
			w := m.Wall
			return time.Date(w.Year(), w.Month(), w.Day(), w.Hour(), w.Minute(), w.Second(), 0, zone).UTC().Format("20060102T150405Z")
		}
		status := "CONFIRMED"
		if e.Busy == Tentative {
			status = "TENTATIVE"
		}
		if e.Cancelled {
			status = "CANCELLED"
		}
		b.WriteString("BEGIN:VEVENT\r\nUID:" + e.UID + "\r\nDTSTAMP:" + now.UTC().Format("20060102T150405Z") + "\r\nDTSTART:" + at(e.Starts) + "\r\nDTEND:" + at(e.Ends) +
			"\r\nSUMMARY:" + escape.Replace(e.Title) + "\r\nSTATUS:" + status + "\r\n")
		if e.Venue != "" {
			b.WriteString("LOCATION:" + escape.Replace(e.Venue) + "\r\n")
		}
		if e.Description != "" {
			b.WriteString("DESCRIPTION:" + escape.Replace(e.Description) + "\r\n")
		}
		b.WriteString("END:VEVENT\r\n")
	}
	b.WriteString("END:VCALENDAR\r\n")
	return b.Bytes()
}
