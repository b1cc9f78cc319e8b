package ical

import (
	"errors"
	"slices"
	"strings"
	"time"
)

// ErrNoMaster is an object without the event that would be changed in it.
var ErrNoMaster = errors.New("the calendar's copy holds no such event any more")

// Rewrite changes an object that others may have added to: of the event itself (of a series the master) it replaces what is ours to
// say, and leaves every other line as it is, alarms and guests and what apps note for themselves. What already says the same stays
// too, in their words. The sequence number goes up by one.
func Rewrite(raw []byte, e Event, now time.Time) ([]byte, error) {
	if len(raw) > largest {
		return nil, ErrTooLarge
	}
	lines := unfold(raw, largest) // nothing is lost, however long
	from, until, inner := master(lines, e.UID)
	if until == 0 {
		return nil, ErrNoMaster
	}
	old, is := reread(lines, lines[from:until+1])
	e.UID, e.Sequence = old.UID, old.Sequence+1
	if e.Updated.IsZero() {
		e.Updated = now
	}
	ours := map[string]string{}
	for _, p := range owned(&e, now) {
		ours[p.name] = p.text
	}
	ours["DTSTAMP"] = "DTSTAMP:" + utc(now)
	if is && !tidyEqual(old.Description, e.Description) {
		ours["X-ALT-DESC"] = "" // Outlook's other way to say it, which is wrong now
	}
	keep := map[string]bool{}
	if is {
		keep = unchanged(old, e)
	}
	out := slices.Clone(lines[:from+1])
	for _, text := range lines[from+1 : inner] {
		l, _ := parse(text)
		replacement, owns := ours[l.name]
		switch {
		case !owns || keep[l.name] && replacement != "":
			out = append(out, text)
		case replacement != "":
			out = append(out, replacement)
		}
		if owns {
			ours[l.name] = "" // once is enough
		}
	}
	for _, p := range owned(&e, now) {
		if text := ours[p.name]; text != "" {
			out = append(out, text)
		}
	}
	out = append(out, lines[inner:]...)
	return finish(out, e), nil
}

// master finds the event's lines: its BEGIN, its END, and where its own properties end and alarms begin.
func master(lines []string, uid string) (from, until, inner int) {
	begin, depth := -1, 0
	var body []line
	innerAt := 0
	for i, text := range lines {
		l, _ := parse(text)
		name := strings.ToUpper(strings.TrimSpace(l.value))
		switch {
		case begin < 0 && l.name == "BEGIN" && name == "VEVENT":
			begin, depth, body, innerAt = i, 0, nil, 0
		case begin < 0:
		case l.name == "END" && name == "VEVENT":
			if innerAt == 0 {
				innerAt = i
			}
			if valueOf(body, "RECURRENCE-ID") == "" && (uid == "" || valueOf(body, "UID") == uid) {
				return begin, i, innerAt
			}
			begin = -1
		case l.name == "BEGIN":
			if depth++; innerAt == 0 {
				innerAt = i
			}
		case l.name == "END":
			depth--
		case depth == 0:
			body = append(body, l)
		}
	}
	return 0, 0, 0
}

// reread is the event as those lines say it, with what the whole file knows of zones.
func reread(all, lines []string) (Event, bool) {
	file := gather(all)
	r := reader{file: file, zones: map[string]string{}}
	event := gather(lines)
	if len(event.events) == 0 {
		return Event{}, false
	}
	if e, ok := r.event(event.events[0]); ok {
		return e, true
	}
	return Event{UID: valueOf(event.events[0], "UID"), Sequence: number(valueOf(event.events[0], "SEQUENCE"))}, false
}

// unchanged names the properties whose lines already say what we would.
func unchanged(old, e Event) map[string]bool {
	// A time of no known zone may stand beside a zone that only its own app knows.
	same := func(a, b Moment) bool {
		return a.Day == b.Day && a.Zone == b.Zone && a.Wall.Equal(b.Wall) && (a.Day || a.Zone != "")
	}
	keep := map[string]bool{
		"SUMMARY": tidyEqual(old.Title, e.Title), "LOCATION": tidyEqual(old.Venue, e.Venue), "DESCRIPTION": tidyEqual(old.Description, e.Description),
		"DTSTART": same(old.Starts, e.Starts), "DTEND": same(old.Ends, e.Ends),
	}
	if old.Busy == e.Busy && old.Cancelled == e.Cancelled {
		keep["STATUS"], keep["TRANSP"], keep["X-MICROSOFT-CDO-BUSYSTATUS"] = true, true, true
	}
	return keep
}

func tidyEqual(a, b string) bool { return tidy(a) == tidy(b) }

// finish writes the lines, and explains the event's zones where the object does not.
func finish(lines []string, e Event) []byte {
	explained := map[string]bool{}
	for _, text := range lines {
		if l, _ := parse(text); l.name == "TZID" {
			explained[strings.TrimSpace(l.value)] = true
		}
	}
	var out page
	missing := slices.DeleteFunc(zonesOf([]Event{{Starts: e.Starts, Ends: e.Ends}}), func(block []string) bool {
		return explained[strings.TrimPrefix(block[1], "TZID:")]
	})
	for _, text := range lines {
		if len(missing) > 0 && strings.EqualFold(strings.ReplaceAll(text, " ", ""), "BEGIN:VEVENT") {
			for _, block := range missing {
				out.put(block...)
			}
			missing = nil
		}
		out.put(text)
	}
	return out.Bytes()
}
