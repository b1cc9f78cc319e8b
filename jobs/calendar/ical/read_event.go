package ical

import (
	"fmt"
	"strings"
)

// event makes an event of its lines. Of what may be there once, the first counts.
func (r *reader) event(lines []line) (Event, bool) {
	once := map[string]*line{}
	for i := range lines {
		if once[lines[i].name] == nil {
			once[lines[i].name] = &lines[i]
		}
	}
	text := func(name string, most int) string {
		if l := once[name]; l != nil {
			return strings.TrimSpace(upTo(strings.TrimSpace(unescape(l.value)), most))
		}
		return ""
	}
	e := Event{
		UID: text("UID", 1000), Title: text("SUMMARY", 1000), Venue: text("LOCATION", 1000), Description: text("DESCRIPTION", 16_000),
		Ours: text("X-WEDSYNC-ID", 200), OursRev: text("X-WEDSYNC-REV", 200), Sequence: number(text("SEQUENCE", 20)),
		Busy: busy(text("TRANSP", 40), text("X-MICROSOFT-CDO-BUSYSTATUS", 40), text("STATUS", 40)),
	}
	e.Cancelled = strings.EqualFold(text("STATUS", 40), "CANCELLED")
	class := strings.ToUpper(text("CLASS", 40))
	e.Private = class == "PRIVATE" || class == "CONFIDENTIAL"
	if changed := once["LAST-MODIFIED"]; changed != nil {
		if wall, day, _, ok := clock(changed.value); ok && !day {
			e.Updated = wall
		}
	}
	if !r.when(&e, once) || !r.replaces(&e, once["RECURRENCE-ID"]) {
		return Event{}, false
	}
	r.rules(&e, lines)
	return e, true
}

func busy(transp, microsoft, status string) Busy {
	microsoft, free := strings.ToUpper(microsoft), strings.EqualFold(transp, "TRANSPARENT")
	switch {
	case free || microsoft == "FREE" || microsoft == "WORKINGELSEWHERE":
		return Free
	case microsoft == "TENTATIVE" || strings.EqualFold(status, "TENTATIVE"):
		return Tentative
	}
	return Blocks
}

func (r *reader) when(e *Event, once map[string]*line) bool {
	start, ok := Moment{}, false
	if l := once["DTSTART"]; l != nil {
		start, ok = r.moment(*l)
	}
	if !ok {
		r.say(fmt.Sprintf("%s was left out: it does not say when it starts.", e.called()))
		return false
	}
	end, ok := r.ends(start, once["DTEND"], once["DURATION"])
	if !ok {
		r.say(fmt.Sprintf("%s was left out: its end cannot be read.", e.called()))
		return false
	}
	e.Starts, e.Ends = start, end
	if e.inverted(r.otherwise) {
		r.say(fmt.Sprintf("%s was left out: it ends before it starts (%s).", e.called(), start.Wall.Format("2 January 2006")))
		return false
	}
	return true
}

// inverted compares clocks where both are the same one: in the hour that autumn repeats, instants would mislead.
func (e *Event) inverted(otherwise string) bool {
	if e.Starts.Zone == e.Ends.Zone {
		return e.Ends.Wall.Before(e.Starts.Wall)
	}
	zone, _, _ := Zone(otherwise)
	return e.Ends.Instant(zone).Before(e.Starts.Instant(zone))
}

func (r *reader) replaces(e *Event, l *line) bool {
	if l == nil {
		return true
	}
	m, ok := r.moment(*l)
	if !ok {
		r.say(fmt.Sprintf("%s was left out: it changes one date of a series, and does not say which.", e.called()))
		return false
	}
	e.Replaces = &m
	if strings.EqualFold(l.param("RANGE"), "THISANDFUTURE") {
		r.say(fmt.Sprintf("%s changes this and all later dates of its series; only this one was taken over.", e.called()))
	}
	return true
}

// rules keeps the lines of a series in the one form that Expand reads: with IANA's zones, and with dates that are some.
func (r *reader) rules(e *Event, lines []line) {
	size := 0
	for _, l := range lines {
		var rule string
		switch l.name {
		case "RRULE":
			if value := strings.ToUpper(strings.Join(strings.Fields(l.value), "")); value != "" {
				rule = "RRULE:" + value
			}
		case "RDATE", "EXDATE":
			rule = r.dates(e, l)
		case "EXRULE":
			r.say(fmt.Sprintf("%s has an EXRULE, which was not taken over: it may show more dates than it has.", e.called()))
		}
		if rule == "" {
			continue
		}
		if size += len(rule); size > 64<<10 {
			r.say(fmt.Sprintf("%s has more dates than are read; the rest were left out.", e.called()))
			return
		}
		e.Rules = append(e.Rules, rule)
	}
}

func (r *reader) dates(e *Event, l line) string {
	var kept []string
	zone := ""
	if tzid := l.param("TZID"); tzid != "" {
		zone = r.zone(tzid)
	}
	kind := strings.ToUpper(l.param("VALUE"))
	for value := range strings.SplitSeq(strings.ToUpper(l.value), ",") {
		value = strings.TrimSpace(value)
		start, _, _ := strings.Cut(value, "/")
		if _, day, _, ok := clock(start); !ok {
			if value != "" {
				r.say(fmt.Sprintf("%s: a date of its series cannot be read, and was left out.", e.called()))
			}
			continue
		} else if day && kind == "" {
			kind = "DATE"
		}
		kept = append(kept, value)
	}
	if len(kept) == 0 {
		return ""
	}
	head := l.name
	if kind == "DATE" || kind == "PERIOD" {
		head += ";VALUE=" + kind
	}
	if zone != "" {
		head += ";TZID=" + zone
	}
	return head + ":" + strings.Join(kept, ",")
}

// called names the event to a person, without telling what a private one is.
func (e *Event) called() string {
	if e.Title == "" || e.Private {
		return "An event"
	}
	return "“" + upTo(e.Title, 80) + "”"
}
