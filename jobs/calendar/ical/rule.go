package ical

import (
	"slices"
	"strings"
	"time"

	"github.com/teambition/rrule-go"
)

const (
	longestRule = 500     // characters; real ones have under 200
	mostWork    = 200_000 // dates that are looked at for one rule
	mostTimes   = 300     // times of one day that a rule may name
)

// walk gives the wall times that a rule names between first and last, and whether something was left out: there were more than
// most, the rule is none, or it is more work than a calendar is worth.
func walk(rule string, starts Moment, first, last time.Time, zone *time.Location, most int) (walls []time.Time, capped bool) {
	o, ok := option(rule, starts, zone)
	if !ok {
		return nil, true
	}
	if o.Until.IsZero() || o.Until.After(last) {
		o.Until = last
	}
	if o.Freq >= rrule.HOURLY {
		return step(o, first, most)
	}
	// The library looks for a date that never comes until the year 9999. The calendar repeats after 400 years, to the day of the
	// week; so the rule is followed close to that end.
	later := (9999 - last.Year()) / 400 * 400
	o.Dtstart, o.Until = o.Dtstart.AddDate(later, 0, 0), o.Until.AddDate(later, 0, 0)
	r, err := rrule.NewRRule(o)
	if err != nil {
		return nil, true
	}
	defer func() {
		if recover() != nil { // a rule that trips the library says nothing
			capped = true
		}
	}()
	next := r.Iterator()
	for range mostWork {
		at, more := next()
		if !more {
			return walls, false
		}
		if at = at.AddDate(-later, 0, 0); at.Before(first) {
			continue
		}
		if len(walls) == most {
			return walls, true
		}
		walls = append(walls, at)
	}
	return walls, true
}

// option reads a rule for a series that starts then, on its own clock. What it does not know it passes over.
func option(rule string, starts Moment, zone *time.Location) (rrule.ROption, bool) {
	if len(rule) > longestRule {
		return rrule.ROption{}, false
	}
	var known []string
	var until time.Time
	for part := range strings.SplitSeq(rule, ";") {
		switch name, value, _ := strings.Cut(part, "="); name {
		case "UNTIL":
			until = lastStart(value, starts, zone)
		case "RSCALE":
			if value != "GREGORIAN" {
				return rrule.ROption{}, false
			}
		case "FREQ", "INTERVAL", "COUNT", "WKST", "BYSETPOS", "BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYDAY", "BYHOUR", "BYMINUTE", "BYSECOND":
			if value != "" {
				known = append(known, part)
			}
		}
	}
	o, err := rrule.StrToROption(strings.Join(known, ";"))
	if err != nil || o.Interval < 0 || o.Interval > 10_000_000 || o.Count < 0 {
		return rrule.ROption{}, false
	}
	if starts.Day { // times of a day mean nothing
		o.Byhour, o.Byminute, o.Bysecond = nil, nil, nil
		if o.Freq >= rrule.HOURLY {
			return rrule.ROption{}, false
		}
	}
	// The library does what is said twice twice.
	for _, list := range []*[]int{&o.Bysetpos, &o.Bymonth, &o.Bymonthday, &o.Byyearday, &o.Byweekno, &o.Byhour, &o.Byminute, &o.Bysecond} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	if max(len(o.Byhour), 1)*max(len(o.Byminute), 1)*max(len(o.Bysecond), 1) > mostTimes {
		return rrule.ROption{}, false
	}
	o.Interval = max(o.Interval, 1)
	o.Dtstart, o.Until = starts.Wall, until
	return *o, true
}

// lastStart is UNTIL on the clock of the series: written in UTC, by that clock, or as a date, which counts to its end.
func lastStart(value string, starts Moment, zone *time.Location) time.Time {
	wall, day, utc, ok := clock(value)
	switch {
	case !ok:
		return time.Time{}
	case starts.Day:
		m := Moment{Wall: wall, Day: day}
		if utc {
			m.Zone = "UTC"
		}
		return dayOf(m, zone)
	case day:
		return wall.Add(24*time.Hour - time.Second)
	case utc:
		return digits(wall.In(zone))
	}
	return wall
}
