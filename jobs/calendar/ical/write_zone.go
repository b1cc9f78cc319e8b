package ical

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// zonesOf explains the zones that events name, for the years that they are in.
func zonesOf(events []Event) [][]string {
	type years struct{ from, until int }
	named := map[string]years{}
	note := func(zone string, from, until int) {
		if zone == "" || zone == "UTC" {
			return
		}
		y, known := named[zone]
		if !known {
			y = years{from, until}
		}
		named[zone] = years{min(y.from, from), max(y.until, until)}
	}
	for i := range events {
		e := &events[i]
		from, until := e.Starts.Wall.Year(), e.Ends.Wall.Year()
		note(e.Starts.Zone, from, until)
		note(e.Ends.Zone, from, until)
		if e.Replaces != nil {
			note(e.Replaces.Zone, e.Replaces.Wall.Year(), until)
		}
		for _, rule := range e.Rules {
			if l, ok := parse(rule); ok {
				note(l.param("TZID"), from, until)
			}
		}
	}
	var blocks [][]string
	for _, name := range slices.Sorted(maps.Keys(named)) {
		if zone, _, ok := Zone(name); ok && !strings.ContainsAny(name, "\r\n") {
			blocks = append(blocks, explain(name, zone, named[name].from, named[name].until))
		}
	}
	return blocks
}

// observed is one way in which clocks are set: BST, from these hours on.
type observed struct {
	kind, name string
	from, to   time.Duration
	onsets     []time.Time // on the clock as it was before
}

// aYearPattern is how many years have to follow the same pattern to be taken for a rule.
const aYearPattern = 12

// explain writes a VTIMEZONE. Where the clocks change by the same rule for years, that rule is written, since a series may go on
// for longer than the years that we look at.
func explain(name string, zone *time.Location, from, until int) []string {
	from, until = max(from-1, 1900), min(max(until+1, from+aYearPattern), 2400)
	begin := time.Date(from, 1, 1, 0, 0, 0, 0, time.UTC)
	end := time.Date(until+1, 1, 1, 0, 0, 0, 0, time.UTC)
	// How it was at first, and from then on each change.
	first := begin.In(zone)
	abbreviation, _ := first.Zone()
	list := []observed{{kindOf(first), abbreviation, offset(first), offset(first), []time.Time{begin}}}
	for at := first; ; {
		_, change := at.ZoneBounds()
		if change.IsZero() || !change.Before(end) {
			break
		}
		before, was := offset(at), at
		at = change
		// Beyond the years that Go has tables for, it ends a zone's period with the year as well.
		if offset(at) == before && kindOf(at) == kindOf(was) {
			continue
		}
		abbreviation, _ = at.Zone()
		o := observed{kindOf(at), abbreviation, before, offset(at), nil}
		i := slices.IndexFunc(list[1:], func(x observed) bool { return x.kind == o.kind && x.name == o.name && x.from == o.from && x.to == o.to })
		if i < 0 {
			i = len(list) - 1
			list = append(list, o)
		}
		list[i+1].onsets = append(list[i+1].onsets, change.UTC().Add(before))
	}
	lines := []string{"BEGIN:VTIMEZONE", "TZID:" + name, "X-LIC-LOCATION:" + name}
	for _, o := range list {
		lines = append(lines, o.lines(until)...)
	}
	return append(lines, "END:VTIMEZONE")
}

func kindOf(at time.Time) string {
	if at.IsDST() {
		return "DAYLIGHT"
	}
	return "STANDARD"
}

func (o observed) lines(until int) []string {
	const local = "20060102T150405"
	lines := []string{"BEGIN:" + o.kind, "DTSTART:" + o.onsets[0].Format(local), "TZOFFSETFROM:" + eastward(o.from), "TZOFFSETTO:" + eastward(o.to), "TZNAME:" + o.name}
	if rule := o.rule(until); rule != "" {
		lines = append(lines, "RRULE:"+rule)
	} else {
		for _, onset := range o.onsets[1:] {
			lines = append(lines, "RDATE:"+onset.Format(local))
		}
	}
	return append(lines, "END:"+o.kind)
}

// rule is the one that all onsets follow, year by year to the last that was looked at: the last Sunday in March, the second in
// November.
func (o observed) rule(until int) string {
	first := o.onsets[0]
	if len(o.onsets) < aYearPattern-1 || o.onsets[len(o.onsets)-1].Year() != until {
		return ""
	}
	last, nth := true, true
	for i, at := range o.onsets {
		if at.Year() != first.Year()+i || at.Month() != first.Month() || at.Weekday() != first.Weekday() || at.Sub(midnight(at)) != first.Sub(midnight(first)) {
			return ""
		}
		last = last && at.AddDate(0, 0, 7).Month() != at.Month()
		nth = nth && (at.Day()-1)/7 == (first.Day()-1)/7
	}
	which := -1
	switch {
	case last:
	case nth:
		which = (first.Day()-1)/7 + 1
	default:
		return ""
	}
	return fmt.Sprintf("FREQ=YEARLY;BYMONTH=%d;BYDAY=%d%s", int(first.Month()), which, strings.ToUpper(first.Weekday().String()[:2]))
}

func eastward(by time.Duration) string {
	sign := "+"
	if by < 0 {
		sign, by = "-", -by
	}
	seconds := int(by / time.Second)
	text := fmt.Sprintf("%s%02d%02d", sign, seconds/3600, seconds/60%60)
	if seconds%60 != 0 {
		text += fmt.Sprintf("%02d", seconds%60)
	}
	return text
}
