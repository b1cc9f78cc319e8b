package ical

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const product = "-//WedSync//Calendar//EN"

// Write puts events down: with a name as a feed that is published under it, without one as an object for CalDAV. It says the same
// for the same events, whenever it is asked, as far as they know when they were changed: a feed is compared by its bytes.
func Write(name string, events []Event, now time.Time) []byte {
	var out page
	out.put("BEGIN:VCALENDAR")
	out.put("VERSION:2.0")
	out.put("PRODID:" + product)
	out.put("CALSCALE:GREGORIAN")
	if name != "" {
		out.put("METHOD:PUBLISH")
		out.put("X-WR-CALNAME:" + escape(plainLine(name)))
		out.put("REFRESH-INTERVAL;VALUE=DURATION:PT1H")
		out.put("X-PUBLISHED-TTL:PT1H")
	}
	for _, block := range zonesOf(events) {
		out.put(block...)
	}
	for i := range events {
		out.event(&events[i], now)
	}
	out.put("END:VCALENDAR")
	return out.Bytes()
}

// page takes lines and folds them.
type page struct{ bytes.Buffer }

// put writes lines of at most 75 octets; a rune is not broken.
func (p *page) put(lines ...string) {
	for _, text := range lines {
		room := 75
		for len(text) > room {
			cut := room
			for cut > 1 && !utf8.RuneStart(text[cut]) {
				cut--
			}
			p.WriteString(text[:cut])
			p.WriteString("\r\n ")
			text, room = text[cut:], 74 // the blank counts
		}
		p.WriteString(text)
		p.WriteString("\r\n")
	}
}

func (p *page) event(e *Event, now time.Time) {
	p.put("BEGIN:VEVENT")
	p.put("UID:" + escape(harmlessText(e.uid())))
	for _, property := range owned(e, now) {
		if property.text != "" {
			p.put(property.text)
		}
	}
	if e.Replaces != nil {
		p.put(e.Replaces.property("RECURRENCE-ID"))
	}
	for _, rule := range e.Rules {
		p.put(plainLine(rule))
	}
	if e.Private {
		p.put("CLASS:PRIVATE")
	}
	p.put("END:VEVENT")
}

// property is a line of ours, or (without text) one that must not be there.
type property struct{ name, text string }

// owned are the properties of an event that are ours to say, in the order in which they are written.
func owned(e *Event, now time.Time) []property {
	stamp := now
	if !e.Updated.IsZero() {
		stamp = e.Updated
	}
	list := []property{{"DTSTAMP", "DTSTAMP:" + utc(stamp)}, {"LAST-MODIFIED", ""}}
	if !e.Updated.IsZero() {
		list[1].text = "LAST-MODIFIED:" + utc(e.Updated)
	}
	text := func(name, value string) {
		if value != "" {
			value = name + ":" + escape(harmlessText(value))
		}
		list = append(list, property{name, value})
	}
	list = append(list, property{"SEQUENCE", "SEQUENCE:" + strconv.Itoa(e.Sequence)}, property{"DTSTART", e.Starts.property("DTSTART")}, property{"DTEND", e.Ends.property("DTEND")}, property{"DURATION", ""})
	text("SUMMARY", e.Title)
	text("LOCATION", e.Venue)
	text("DESCRIPTION", e.Description)
	status, transp, microsoft := "CONFIRMED", "OPAQUE", ""
	switch e.Busy {
	case Free:
		transp = "TRANSPARENT"
	case Tentative:
		status, microsoft = "TENTATIVE", "TENTATIVE"
	}
	if e.Cancelled {
		status = "CANCELLED"
	}
	text("STATUS", status)
	text("TRANSP", transp)
	text("X-MICROSOFT-CDO-BUSYSTATUS", microsoft)
	text("X-WEDSYNC-ID", e.Ours)
	text("X-WEDSYNC-REV", e.OursRev)
	return list
}

func (m Moment) property(name string) string {
	switch {
	case m.Day:
		return name + ";VALUE=DATE:" + m.Wall.Format("20060102")
	case m.Zone == "UTC":
		return name + ":" + m.Wall.Format("20060102T150405Z")
	case m.Zone == "":
		return name + ":" + m.Wall.Format("20060102T150405")
	}
	return name + ";TZID=" + plainLine(m.Zone) + ":" + m.Wall.Format("20060102T150405")
}

// uid is the event's own, or one that follows from what it is.
func (e *Event) uid() string {
	if e.UID != "" {
		return e.UID
	}
	of := e.Ours
	if of == "" {
		of = e.Title + "\x00" + e.Starts.seen()
	}
	sum := sha256.Sum256([]byte(of))
	return hex.EncodeToString(sum[:16]) + "@wedsync"
}

func utc(at time.Time) string { return at.UTC().Format("20060102T150405Z") }

// plainLine lets no text begin a line of its own.
func plainLine(text string) string {
	return strings.Join(strings.FieldsFunc(harmlessText(text), func(r rune) bool { return r == '\n' || r == '\r' }), " ")
}

// harmlessText is text without what no calendar may hold.
func harmlessText(text string) string {
	parts := strings.Split(strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n"), "\n")
	for i := range parts {
		parts[i] = harmless([]byte(parts[i]))
	}
	return strings.Join(parts, "\n")
}
