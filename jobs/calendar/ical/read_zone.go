package ical

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// zone is what IANA calls a zone of the file: known by its name, or by the VTIMEZONE that explains it. "" is the calendar's own.
func (r *reader) zone(tzid string) string {
	if tzid == "" {
		return ""
	}
	if iana, known := r.zones[tzid]; known {
		return iana
	}
	if len(r.zones) >= 500 { // nobody has so many
		return ""
	}
	iana, ok := r.explained(tzid)
	if !ok {
		words := fmt.Sprintf("The time zone “%s” is not known; its events were read by the calendar's own clock.", upTo(tzid, 60))
		if r.otherwise != "" {
			words = fmt.Sprintf("The time zone “%s” is not known; its events were read as times in %s.", upTo(tzid, 60), r.otherwise)
		}
		r.say(words)
	}
	r.zones[tzid] = iana
	return iana
}

func (r *reader) explained(tzid string) (string, bool) {
	if _, iana, ok := named(tzid); ok {
		return iana, true
	}
	for _, block := range r.file.zones {
		if valueOf(block, "TZID") != tzid {
			continue
		}
		for _, name := range []string{"X-LIC-LOCATION", "X-TZINFO"} {
			said, _, _ := strings.Cut(valueOf(block, name), "[")
			if _, iana, ok := named(said); ok {
				return iana, true
			}
		}
		if iana, ok := fitting(changesOf(block), r.otherwise); ok {
			return iana, true
		}
	}
	_, iana, ok := shifted(tzid)
	return iana, ok
}

func valueOf(block []line, name string) string {
	for _, l := range block {
		if l.name == name {
			return strings.Trim(strings.TrimSpace(unescape(l.value)), `"`)
		}
	}
	return ""
}

// change is when clocks are set, and to what.
type change struct {
	at time.Time
	to time.Duration
}

// A zone is recognised by its clocks in these years, week by week: a year tells apart those that change on different Sundays.
const probedFrom, probedUntil = 2025, 2027

// changesOf reckons when the observances of a VTIMEZONE begin, from the year before those that are probed.
func changesOf(block []line) []change {
	var changes []change
	var now []line
	flush := func() {
		changes = append(changes, observance(now)...)
		now = nil
	}
	for _, l := range block {
		if l.name == "BEGIN" {
			flush()
		}
		now = append(now, l)
	}
	flush()
	slices.SortStableFunc(changes, func(a, b change) int { return a.at.Compare(b.at) })
	return changes
}

func observance(lines []line) []change {
	start, _, _, ok := clock(valueOf(lines, "DTSTART"))
	from, fromOK := east(valueOf(lines, "TZOFFSETFROM"))
	to, toOK := east(valueOf(lines, "TZOFFSETTO"))
	if !ok || !toOK {
		return nil
	}
	if !fromOK {
		from = to
	}
	walls := []time.Time{start}
	if rule := valueOf(lines, "RRULE"); rule != "" {
		since := start
		if y := probedFrom - 1; since.Year() < y && strings.Contains(rule, "BYMONTH=") {
			since = time.Date(y, start.Month(), 1, start.Hour(), start.Minute(), start.Second(), 0, time.UTC)
		}
		found, _ := walk(strings.ToUpper(rule), Moment{Wall: since}, since, time.Date(probedUntil, 1, 1, 0, 0, 0, 0, time.UTC), time.UTC, 100)
		walls = append(walls, found...)
	}
	for _, l := range lines {
		if l.name == "RDATE" {
			for value := range strings.SplitSeq(l.value, ",") {
				if at, _, _, ok := clock(value); ok {
					walls = append(walls, at)
				}
			}
		}
	}
	changes := make([]change, 0, len(walls))
	for _, wall := range walls {
		changes = append(changes, change{wall.Add(-from), to})
	}
	return changes
}

// east reads +0100 and -053000.
func east(text string) (time.Duration, bool) {
	if len(text) != 5 && len(text) != 7 || text[0] != '+' && text[0] != '-' {
		return 0, false
	}
	by := time.Duration(number(text[1:3]))*time.Hour + time.Duration(number(text[3:5]))*time.Minute
	if text[0] == '-' {
		by = -by
	}
	return by, by.Abs() <= 14*time.Hour
}

// usual are tried before the rest of the zones that Windows knows, of which several may fit.
var usual = []string{"Europe/London", "Europe/Berlin", "Europe/Paris", "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles",
	"Europe/Athens", "Europe/Moscow", "Asia/Dubai", "Asia/Kolkata", "Asia/Shanghai", "Asia/Tokyo", "Australia/Sydney", "Pacific/Auckland", "UTC"}

// fitting finds a zone whose clocks show what these changes say.
func fitting(changes []change, otherwise string) (string, bool) {
	if len(changes) == 0 {
		return "", false
	}
	rest := make([]string, 0, len(windows))
	for _, iana := range windows {
		rest = append(rest, iana)
	}
	slices.Sort(rest)
	for _, name := range slices.Concat([]string{otherwise}, usual, rest) {
		if zone, iana, ok := load(name); ok && fits(zone, changes) {
			return iana, true
		}
	}
	return "", false
}

func fits(zone *time.Location, changes []change) bool {
	next, now := 0, changes[0].to
	for at := time.Date(probedFrom, 1, 4, 12, 0, 0, 0, time.UTC); at.Year() < probedUntil; at = at.AddDate(0, 0, 7) {
		for next < len(changes) && !changes[next].at.After(at) {
			now = changes[next].to
			next++
		}
		if offset(at.In(zone)) != now {
			return false
		}
	}
	return true
}
