package ical

import (
	"regexp"
	"strings"
	"time"
)

var layouts = []string{"20060102T150405", "20060102T1504", "2006-01-02T15:04:05", "2006-01-02T15:04"}

// clock reads a date or a time: 20270612, 20270612T120000, 20270612T120000Z, and with dashes and colons as some write them.
func clock(text string) (wall time.Time, day, utc, ok bool) {
	text = strings.ToUpper(strings.TrimSpace(text))
	if utc = strings.HasSuffix(text, "Z"); utc {
		text = text[:len(text)-1]
	}
	for _, layout := range []string{"20060102", time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, true, utc, sane(at)
		}
	}
	for _, layout := range layouts {
		if at, err := time.Parse(layout, text); err == nil {
			return at.Truncate(time.Second), false, utc, sane(at)
		}
	}
	return wall, false, false, false
}

// sane keeps to the centuries in which rules can be reckoned. Contacts without a year are born in 1604.
func sane(at time.Time) bool { return at.Year() >= 1600 && at.Year() < 2400 }

// moment reads DTSTART and its like.
func (r *reader) moment(l line) (Moment, bool) {
	wall, day, utc, ok := clock(l.value)
	tzid := l.param("TZID")
	if !ok {
		// TZID=(UTC+01:00) Berlin:20270612T120000 without its quotes: the value is what follows the last colon.
		if at := strings.LastIndex(l.value, ":"); at >= 0 {
			wall, day, utc, ok = clock(l.value[at+1:])
			tzid += ":" + l.value[:at]
		}
	}
	if !ok {
		return Moment{}, false
	}
	if day || strings.EqualFold(l.param("VALUE"), "DATE") {
		return Moment{Wall: midnight(wall), Day: true}, true
	}
	m := Moment{Wall: wall}
	switch {
	case utc:
		m.Zone = "UTC"
	case tzid != "":
		m.Zone = r.zone(tzid)
	case r.otherwise == "":
		m.Zone = r.zone(r.file.zone)
	}
	return m, true
}

var span = regexp.MustCompile(`^([+-]?)P(?:(\d{1,4})W)?(?:(\d{1,5})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,8})S)?)?$`)

// duration reads P1W, P1DT2H, PT90M: days are days of the calendar, the rest is time that passes.
func duration(text string) (days int, rest time.Duration, ok bool) {
	p := span.FindStringSubmatch(strings.ToUpper(strings.TrimSpace(text)))
	if p == nil {
		return 0, 0, false
	}
	days = 7*number(p[2]) + number(p[3])
	rest = time.Duration(number(p[4]))*time.Hour + time.Duration(number(p[5]))*time.Minute + time.Duration(number(p[6]))*time.Second
	if p[1] == "-" {
		return -days, -rest, true
	}
	return days, rest, true
}

// after is the moment so much later.
func (m Moment) after(days int, rest time.Duration, otherwise *time.Location) Moment {
	m.Wall = m.Wall.AddDate(0, 0, days)
	if m.Day {
		m.Wall = m.Wall.AddDate(0, 0, int((rest+24*time.Hour-1)/(24*time.Hour)))
	} else if rest != 0 {
		zone := m.clock(otherwise)
		m.Wall = digits(Instant(m.Wall, zone).Add(rest).In(zone))
	}
	return m
}

// ends is when the event is over: by DTEND, by DURATION, or by what RFC 5545 takes for granted.
func (r *reader) ends(starts Moment, dtend, length *line) (Moment, bool) {
	if dtend != nil {
		end, ok := r.moment(*dtend)
		if ok && starts.Day && !end.Day {
			// A whole day that ends at a time takes that day too, unless it is midnight.
			if end.Wall.After(midnight(end.Wall)) {
				end.Wall = end.Wall.AddDate(0, 0, 1)
			}
			end = Moment{Wall: midnight(end.Wall), Day: true}
		}
		if ok && !starts.Day && end.Day {
			end = Moment{Wall: end.Wall, Zone: starts.Zone}
		}
		// Many write the last day instead of the day after it.
		if ok && starts.Day && end.Wall.Equal(starts.Wall) {
			end = starts.after(1, 0, nil)
		}
		if ok {
			return end, true
		}
	}
	if length != nil {
		if days, rest, ok := duration(length.value); ok {
			zone, _, _ := Zone(r.otherwise)
			end := starts.after(days, rest, zone)
			if starts.Day && end.Wall.Equal(starts.Wall) {
				end = starts.after(1, 0, nil)
			}
			return end, sane(end.Wall)
		}
	}
	if starts.Day {
		return starts.after(1, 0, nil), true
	}
	return starts, dtend == nil && length == nil
}
