package ical

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Expand gives the times at which events take place in a window, the earliest first, and no more than most; the flag tells that
// there would be more, or that a rule could not be followed to its end. Parts are single events, or a series and the exceptions
// that stand for single dates of it. Events that only note something are given too, and so are those that take no time: as Free.
func Expand(parts []Event, otherwise *time.Location, from, until time.Time, most int) ([]Occurrence, bool) {
	if until.Year() >= 2400 {
		until = time.Date(2400, 1, 1, 0, 0, 0, 0, time.UTC).Add(-time.Second)
	}
	var found []Occurrence
	capped := false
	keep := func(o Occurrence) {
		if o.Starts.Before(until) && (o.Ends.After(from) || o.Starts.Equal(o.Ends) && !o.Starts.Before(from)) {
			found = append(found, o)
		}
	}
	for i := range parts {
		e := &parts[i]
		switch {
		case e.Cancelled:
		case e.Replaces != nil || len(e.Rules) == 0:
			keep(e.occurrence(e.Starts.Wall, 0, otherwise))
		default:
			s := newSeries(e, parts, otherwise)
			starts, more := s.starts(from, until, most+1)
			capped = capped || more
			for _, at := range starts {
				if !s.replaced.holds(at.wall) {
					keep(e.occurrence(at.wall, at.lasts, otherwise))
				}
			}
		}
	}
	found = once(found)
	if len(found) > most {
		return found[:max(most, 0)], true
	}
	return found, capped
}

// once leaves one of those that take the same time: the one that blocks most.
func once(found []Occurrence) []Occurrence {
	weight := map[Busy]int{Blocks: 0, Tentative: 1, Free: 2}
	slices.SortStableFunc(found, func(a, b Occurrence) int {
		return cmp.Or(a.Starts.Compare(b.Starts), a.Ends.Compare(b.Ends), weight[a.Busy]-weight[b.Busy])
	})
	return slices.CompactFunc(found, func(a, b Occurrence) bool { return a.Starts.Equal(b.Starts) && a.Ends.Equal(b.Ends) })
}

// occurrence is the event when it starts at that wall time. Its end keeps its place on the clock, too; an event that ends by another
// clock than it starts keeps its length.
func (e *Event) occurrence(wall time.Time, lasts time.Duration, otherwise *time.Location) Occurrence {
	zone := e.Starts.clock(otherwise)
	o := Occurrence{Starts: Instant(wall, zone), Day: e.Starts.Day, Busy: e.Busy, Title: e.Title, Private: e.Private}
	length := e.Ends.Wall.Sub(e.Starts.Wall)
	switch {
	case lasts > 0:
		o.Ends = o.Starts.Add(lasts)
	case e.Starts.Zone == e.Ends.Zone || e.Starts.Day:
		o.Ends = Instant(wall.Add(length), zone)
	default:
		length = e.Ends.Instant(otherwise).Sub(e.Starts.Instant(otherwise))
		o.Ends = o.Starts.Add(length)
	}
	// It started in an hour that clocks skip and would end in the next, which is the same one.
	if o.Ends.Before(o.Starts) {
		o.Ends = o.Starts.Add(max(length, 0))
	}
	if o.Busy = cmp.Or(o.Busy, Blocks); o.Ends.Equal(o.Starts) {
		o.Busy = Free // it takes no time
	}
	return o
}

// series is a master with what its rules say.
type series struct {
	event     *Event
	zone      *time.Location
	otherwise *time.Location
	rules     []string
	extra     []start
	replaced  dates // by exceptions, or taken out
}

// start is one beginning; lasts is set where it has a length of its own.
type start struct {
	wall  time.Time
	lasts time.Duration
}

func newSeries(e *Event, parts []Event, otherwise *time.Location) series {
	s := series{event: e, zone: e.Starts.clock(otherwise), otherwise: otherwise}
	s.replaced = dates{series: e, zone: s.zone, instants: map[int64]bool{}, days: map[string]bool{}}
	for _, rule := range e.Rules {
		l, ok := parse(rule)
		switch {
		case !ok:
		case l.name == "RRULE":
			s.rules = append(s.rules, strings.ToUpper(l.value))
		case l.name == "RDATE" || l.name == "EXDATE":
			s.list(l)
		}
	}
	for i := range parts {
		x := &parts[i]
		if x.Replaces != nil && (x.UID == e.UID || x.UID == "" || e.UID == "") {
			s.replaced.add(*x.Replaces)
		}
	}
	return s
}

// list takes in a line of dates.
func (s *series) list(l line) {
	_, iana, _ := Zone(l.param("TZID"))
	for value := range strings.SplitSeq(l.value, ",") {
		first, rest, _ := strings.Cut(value, "/")
		wall, day, utc, ok := clock(first)
		if !ok {
			continue
		}
		m := Moment{Wall: wall, Zone: iana, Day: day}
		if utc && !day {
			m.Zone = "UTC"
		}
		if l.name == "EXDATE" {
			s.replaced.add(m)
			continue
		}
		s.extra = append(s.extra, start{s.local(m), lasting(m, rest, s.zone)})
	}
}

// lasting is the length of a period: its end, or how long it is.
func lasting(m Moment, text string, zone *time.Location) time.Duration {
	if text == "" {
		return 0
	}
	if days, rest, ok := duration(text); ok {
		return m.after(days, rest, zone).Instant(zone).Sub(m.Instant(zone))
	}
	wall, _, utc, ok := clock(text)
	if !ok {
		return 0
	}
	end := Moment{Wall: wall, Zone: m.Zone}
	if utc {
		end.Zone = "UTC"
	}
	return end.Instant(zone).Sub(m.Instant(zone))
}

// local is the moment on the clock of the series.
func (s *series) local(m Moment) time.Time {
	switch {
	case s.event.Starts.Day:
		return dayOf(m, s.zone)
	case m.Day:
		return m.Wall.Add(s.event.Starts.Wall.Sub(midnight(s.event.Starts.Wall)))
	case m.Zone == "":
		return m.Wall
	}
	return digits(m.Instant(s.zone).In(s.zone))
}

// starts are the wall times at which an occurrence begins that may reach into the window.
func (s *series) starts(from, until time.Time, most int) ([]start, bool) {
	const about = 26 * time.Hour // more than any clock is away from UTC
	length := max(s.event.Ends.Wall.Sub(s.event.Starts.Wall), 0)
	first, last := digits(from.UTC()).Add(-length-about), digits(until.UTC()).Add(about)
	all := append([]start{{wall: s.event.Starts.Wall}}, s.extra...)
	capped := false
	for _, rule := range s.rules {
		walls, more := walk(rule, s.event.Starts, first, last, s.zone, most)
		capped = capped || more
		for _, wall := range walls {
			all = append(all, start{wall: wall})
		}
	}
	return all, capped
}

// dates are single dates of a series, however they are written: other zones, days for times, times for days.
type dates struct {
	series   *Event
	zone     *time.Location
	instants map[int64]bool
	days     map[string]bool
}

func (d *dates) add(m Moment) {
	switch {
	case d.series.Starts.Day:
		d.days[dayOf(m, d.zone).Format(time.DateOnly)] = true
	case m.Day:
		d.days[m.Wall.Format(time.DateOnly)] = true
	default:
		d.instants[m.Instant(d.zone).Unix()] = true
	}
}

func (d *dates) holds(wall time.Time) bool {
	return d.days[wall.Format(time.DateOnly)] || !d.series.Starts.Day && d.instants[Instant(wall, d.zone).Unix()]
}

// dayOf is the date that a moment means where whole days are spoken of: midnight by whatever clock is a date, and any other time
// is the midnight of the calendar's own clock, written in UTC.
func dayOf(m Moment, zone *time.Location) time.Time {
	if m.Day || m.Zone == "" || m.Wall.Equal(midnight(m.Wall)) {
		return midnight(m.Wall)
	}
	return midnight(m.Instant(zone).In(zone))
}
