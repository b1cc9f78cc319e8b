package inbound

import (
	"strings"
	"time"
	_ "time/tzdata" // a bare machine has no zone files, and must still know when it is noon in London
)

// A season's longest job is a festival of some days; a month is a mistyped year.
const longest = 31 * 24 * time.Hour

// when is the booking's time as clocks at the venue show it; nil when no start was said.
func (p part) when(d Defaults) *When {
	zone := p.zone("timezone", d)
	if zone == nil {
		return nil
	}
	start, _, said := p.clock("start", zone)
	end, wholeDay, endSaid := p.clock("end", zone)
	if !said {
		if endSaid {
			p.fail(wrong("%s.start is missing although there is an end.", p.at))
		}
		return nil
	}
	// A start without an end, or an end at the very start, takes the rest of the day: an empty booking would clash with nothing.
	if wholeDay {
		end = nextDay(end)
	} else if !endSaid || end.Equal(start) {
		end = nextDay(start)
	}
	if end.Before(start) {
		p.fail(wrong("%s.end (%s) is before its start (%s). Swap them, or check the time zone.", p.at, shown(p.said("end")), shown(p.said("start"))))
		return nil
	}
	w := &When{Start: wall(start), End: wall(end), Zone: zone.String()}
	// In the hour that autumn repeats, a later moment can show an earlier time; the length is kept instead.
	if !w.End.After(w.Start) {
		w.End = w.Start.Add(end.Sub(start))
	}
	if w.End.Sub(w.Start) > longest {
		p.fail(wrong("%s lasts longer than 31 days. Check the year of %s.start and %s.end.", p.at, p.at, p.at))
		return nil
	}
	return w
}

// zone refuses what Go would load but Postgres or a person would not know: Local, files beside the zones, copies of them.
func (p part) zone(name string, d Defaults) *time.Location {
	text := p.said(name)
	if text == "" {
		if d.Zone == nil {
			return time.UTC
		}
		return d.Zone
	}
	zone, err := time.LoadLocation(text)
	odd := strings.HasPrefix(text, "right/") || strings.HasPrefix(text, "posix/") ||
		text == "Local" || text == "localtime" || text == "posixrules" || text == "Factory"
	if err != nil || odd || len(text) > 60 {
		p.mustBe(name, "a time zone's IANA name, such as Europe/London or America/New_York")
		return nil
	}
	return zone
}

var (
	withOffset = []string{time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05Z0700"}
	local      = []string{"2006-01-02T15:04:05", "2006-01-02T15:04"}
)

// clock is a moment in the zone; wholeDay when only its date was said.
func (p part) clock(name string, zone *time.Location) (at time.Time, wholeDay, said bool) {
	text := strings.ToUpper(p.said(name))
	if text == "" {
		return at, false, false
	}
	if len(text) > 10 && text[10] == ' ' {
		text = text[:10] + "T" + text[11:]
	}
	at, wholeDay, ok := parseClock(text, zone)
	if !ok || !sane(at) {
		p.mustBe(name, "a date (2027-06-12), a local time (2027-06-12T12:00) or a time with its offset (2027-06-12T12:00:00+01:00), between 1970 and 2199")
		return at, false, false
	}
	return at.Truncate(time.Second), wholeDay, true
}

func parseClock(text string, zone *time.Location) (at time.Time, wholeDay, ok bool) {
	for _, layout := range withOffset {
		if t, err := time.Parse(layout, text); err == nil {
			return t.In(zone), false, true
		}
	}
	for _, layout := range local {
		if t, err := time.Parse(layout, text); err == nil {
			return atVenue(t, zone), false, true
		}
	}
	t, err := time.Parse(time.DateOnly, text)
	return atVenue(t, zone), true, err == nil
}

// atVenue is the moment at which the venue's clocks show this time. A time that spring skips is moved on by as much as
// the clocks are, as Postgres does; Go alone does not promise which way it goes.
func atVenue(wanted time.Time, zone *time.Location) time.Time {
	y, m, d := wanted.Date()
	at := time.Date(y, m, d, wanted.Hour(), wanted.Minute(), wanted.Second(), 0, zone)
	if short := time.Date(y, m, d, wanted.Hour(), wanted.Minute(), wanted.Second(), 0, time.UTC).Sub(wall(at)); short > 0 {
		at = at.Add(short)
	}
	return at
}

func nextDay(at time.Time) time.Time {
	y, m, d := at.Date()
	return atVenue(time.Date(y, m, d+1, 0, 0, 0, 0, time.UTC), at.Location())
}

// wall is what the clock shows, without a zone.
func wall(at time.Time) time.Time {
	y, m, d := at.Date()
	return time.Date(y, m, d, at.Hour(), at.Minute(), at.Second(), 0, time.UTC)
}

// sane keeps out the year 0202 and what JSON cannot write.
func sane(at time.Time) bool { return at.Year() >= 1970 && at.Year() < 2200 }
