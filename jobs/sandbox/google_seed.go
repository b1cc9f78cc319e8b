package sandbox

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"time"
)

// The people who have an account with the made-up Google.
var googlePeople = []struct{ email, name, second string }{
	{"ada.lindqvist@gmail.example", "Ada Lindqvist", "Family"},
	{"henry.holm@gmail.example", "Henry Holm", "Viewings"},
	{"thea.moss@gmail.example", "Thea Moss", "Market stall"},
}

const googleHolidays = "en.uk#holiday@group.v.calendar.google.example"

// seed fills their calendars. Nothing of it is on a Saturday, when the demo's weddings are, and nothing overlaps.
func (g *Google) seed(now time.Time) {
	holidays := newGoogleCalendar(googleHolidays, "Holidays in United Kingdom")
	for _, p := range googlePeople {
		second := newGoogleCalendar("c_"+strings.ReplaceAll(strings.ToLower(p.second), " ", "-")+"-"+strings.ReplaceAll(p.email, "@gmail.example", "")+"@group.calendar.google.example", p.second)
		a := &googleAccount{email: p.email, name: p.name, seats: []*googleSeat{{googleCalendar: newGoogleCalendar(p.email, p.name), role: "owner", primary: true},
			{googleCalendar: second, role: "owner"}, {googleCalendar: holidays, role: "reader"}}}
		g.accounts = append(g.accounts, a)
	}
	monday := midnight(now).AddDate(0, 0, (8-int(now.Weekday()))%7+7) // of next week, or the one after
	day := func(n int) time.Time { return monday.AddDate(0, 0, n) }
	ada, henry, thea := g.accounts[0], g.accounts[1], g.accounts[2]
	g.sow(ada, 0, timed("Dentist", "Rye Dental Practice", day(1), 9, 30, 45))
	g.sow(ada, 0, with(timed("Pottery class", "The Kiln, Rye", day(2).AddDate(0, 0, -7), 18, 30, 90), "recurrence", []any{"RRULE:FREQ=WEEKLY;COUNT=20"}))
	g.sow(ada, 0, with(timed("Perhaps: look at a studio", "Camber", day(3), 14, 0, 120), "status", "tentative"))
	g.sow(ada, 0, with(timed("Library books are due", "", day(4), 9, 0, 30), "transparency", "transparent"))
	g.sow(ada, 1, days("Two days in Wales", day(17), 2))
	g.sow(henry, 0, days("Boiler is being replaced", day(8), 2))
	g.sow(henry, 1, with(timed("Viewing, not confirmed yet", "Holm House", day(3), 11, 0, 60), "status", "tentative"))
	g.sow(henry, 0, with(timed("Staff meeting", "Holm House", day(0).AddDate(0, 0, -7), 9, 0, 45), "recurrence", []any{"RRULE:FREQ=WEEKLY;COUNT=30"}))
	g.sow(thea, 0, timed("Flower market", "New Covent Garden", day(1), 4, 30, 180))
	g.sow(thea, 1, with(timed("Stall", "Lewes", day(4), 8, 0, 300), "recurrence", []any{"RRULE:FREQ=WEEKLY;COUNT=12"}))
	for _, one := range []struct{ month, day int }{{1, 1}, {12, 25}, {12, 26}} {
		for year := now.Year(); year <= now.Year()+2; year++ {
			name := map[int]string{1: "New Year’s Day", 25: "Christmas Day", 26: "Boxing Day"}[one.day]
			g.sow(ada, 2, with(days(name, time.Date(year, time.Month(one.month), one.day, 0, 0, 0, 0, london), 1), "transparency", "transparent"))
		}
	}
}

func (g *Google) sow(a *googleAccount, seat int, event object) {
	if _, fault := g.insert(a.email, a.seats[seat].googleCalendar, event); fault != nil {
		panic(fault.message) // what is written above is right or wrong for good
	}
}

func midnight(at time.Time) time.Time {
	at = at.In(london)
	return time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, london)
}

func timed(title, venue string, day time.Time, hour, minute, minutes int) object {
	begins := time.Date(day.Year(), day.Month(), day.Day(), hour, minute, 0, 0, london)
	at := func(t time.Time) object {
		return object{"dateTime": t.Format(time.RFC3339), "timeZone": "Europe/London"}
	}
	return object{"summary": title, "location": venue, "start": at(begins), "end": at(begins.Add(time.Duration(minutes) * time.Minute))}
}

func days(title string, from time.Time, n int) object {
	return object{"summary": title, "start": object{"date": from.Format(time.DateOnly)}, "end": object{"date": from.AddDate(0, 0, n).Format(time.DateOnly)}}
}

func with(o object, name string, v any) object {
	o[name] = v
	return o
}

// What somebody does in Google's own pages. A calendar is named by its id; of a person's main one that is their address.

// ErrNoEvent is about a calendar or an event that is not there.
var ErrNoEvent = errors.New("sandbox: there is no such calendar or event")

func (f *googleFault) Error() string { return f.reason + ": " + f.message }

// Insert puts an event into a calendar: its members are the wire's. Its id is told.
func (g *Google) Insert(calendar string, event map[string]any) (string, error) {
	g.wire.Lock()
	defer g.wire.Unlock()
	c := g.calendar(calendar)
	if c == nil {
		return "", ErrNoEvent
	}
	e, fault := g.insert(g.ownerOf(calendar), c, event)
	if fault != nil {
		return "", fault
	}
	return e.fields["id"].(string), nil
}

func (g *Google) ownerOf(calendar string) string {
	for _, a := range g.accounts {
		if s := a.seat(calendar); s != nil && s.role == "owner" {
			return a.email
		}
	}
	return ""
}

// Patch changes some members of an event; null takes one away. The id may be that of an occurrence of a series.
func (g *Google) Patch(calendar, id string, changes map[string]any) error {
	g.wire.Lock()
	defer g.wire.Unlock()
	c := g.calendar(calendar)
	if c == nil {
		return ErrNoEvent
	}
	if _, fault := g.change(c, id, "", changes, false); fault != nil {
		return fault
	}
	return nil
}

// Delete takes an event away, or one occurrence of a series.
func (g *Google) Delete(calendar, id string) error {
	g.wire.Lock()
	defer g.wire.Unlock()
	c := g.calendar(calendar)
	if c == nil {
		return ErrNoEvent
	}
	if fault := g.delete(c, id, ""); fault != nil {
		return fault
	}
	return nil
}

// Events are those of a calendar that live, as the wire has them, in the order of their latest change.
func (g *Google) Events(calendar string) (all []map[string]any) {
	g.wire.Lock()
	defer g.wire.Unlock()
	c := g.calendar(calendar)
	if c == nil {
		return nil
	}
	for _, e := range c.since(0) {
		if e.fields["status"] != "cancelled" {
			all = append(all, e.shown(nil))
		}
	}
	return slices.Clip(all)
}

// Event is one of them; also one that was deleted, which its status says.
func (g *Google) Event(calendar, id string) (map[string]any, bool) {
	g.wire.Lock()
	defer g.wire.Unlock()
	c := g.calendar(calendar)
	if c == nil || c.events[id] == nil {
		return nil, false
	}
	return maps.Clone(c.events[id].fields), true
}
