package sandbox

import (
	"net/url"
	"slices"
	"time"
)

// googleAccount is a person at Google.
type googleAccount struct {
	email, name string
	seats       []*googleSeat
}

// googleSeat is a calendar on somebody's list.
type googleSeat struct {
	*googleCalendar
	role    string
	primary bool
}

type googleCalendar struct {
	id, summary, zone string
	events            map[string]*googleEntry
	order             []*googleEntry // by rev, for reading what changed: entries that changed again are further on
}

// googleEntry is an event as it stands. Its fields are never changed in place: a reader may hold them.
type googleEntry struct {
	rev    int64
	fields object
}

func newGoogleCalendar(id, summary string) *googleCalendar {
	return &googleCalendar{id: id, summary: summary, zone: "Europe/London", events: map[string]*googleEntry{}}
}

func (c *googleCalendar) location() *time.Location {
	if zone, err := time.LoadLocation(c.zone); err == nil {
		return zone
	}
	return time.UTC
}

// put keeps what an event is now.
func (g *Google) put(c *googleCalendar, fields object) *googleEntry {
	g.rev++
	entry := &googleEntry{rev: g.rev, fields: fields}
	c.events[fields["id"].(string)] = entry
	c.order = append(c.order, entry)
	if len(c.order) > 2*len(c.events)+100 { // most of it is what things were
		c.order = slices.DeleteFunc(c.order, func(e *googleEntry) bool { return c.events[e.fields["id"].(string)] != e })
	}
	g.ring(c)
	return entry
}

// since are the events that changed after a revision, in the order of their latest change.
func (c *googleCalendar) since(rev int64) (found []*googleEntry) {
	from, _ := slices.BinarySearchFunc(c.order, rev+1, func(e *googleEntry, rev int64) int { return int(min(max(e.rev-rev, -1), 1)) })
	for _, e := range c.order[from:] {
		if c.events[e.fields["id"].(string)] == e {
			found = append(found, e)
		}
	}
	return found
}

func (g *Google) account(email string) *googleAccount {
	i := slices.IndexFunc(g.accounts, func(a *googleAccount) bool { return a.email == email })
	if i < 0 {
		return nil
	}
	return g.accounts[i]
}

func (a *googleAccount) seat(id string) *googleSeat {
	i := slices.IndexFunc(a.seats, func(s *googleSeat) bool { return s.id == id || s.primary && id == "primary" })
	if i < 0 {
		return nil
	}
	return a.seats[i]
}

// calendar finds one by its id, whoever's it is.
func (g *Google) calendar(id string) *googleCalendar {
	for _, a := range g.accounts {
		if s := a.seat(id); s != nil && s.id == id {
			return s.googleCalendar
		}
	}
	return nil
}

func (s *googleSeat) entry() object {
	o := object{"kind": "calendar#calendarListEntry", "etag": `"1"`, "id": s.id, "summary": s.summary, "timeZone": s.zone, "accessRole": s.role, "selected": true,
		"colorId": "14", "backgroundColor": "#9fe1e7", "foregroundColor": "#000000", "defaultReminders": []object{{"method": "popup", "minutes": 30}}}
	if s.primary {
		o["primary"] = true
	}
	return o
}

func (g *Google) list(a *googleAccount, q url.Values) (object, *googleFault) {
	ranks := []string{"freeBusyReader", "reader", "writer", "owner"}
	items := []object{}
	for _, s := range a.seats {
		if slices.Index(ranks, s.role) >= slices.Index(ranks, q.Get("minAccessRole")) {
			items = append(items, s.entry())
		}
	}
	size, from := number(q.Get("maxResults"), 100), number(q.Get("pageToken"), 0)
	if size < 1 || from < 0 || from > len(items) {
		return nil, googleInvalid("Invalid Value")
	}
	answer := object{"kind": "calendar#calendarList", "etag": `"1"`}
	if to := from + min(size, 250); to < len(items) {
		answer["items"], answer["nextPageToken"] = items[from:to], decimal(to)
	} else {
		answer["items"], answer["nextSyncToken"] = items[from:], "CALENDARS"
	}
	return answer, nil
}

// DeleteCalendar takes a calendar away from everybody.
func (g *Google) DeleteCalendar(id string) {
	g.wire.Lock()
	defer g.wire.Unlock()
	for _, a := range g.accounts {
		a.seats = slices.DeleteFunc(a.seats, func(s *googleSeat) bool { return s.id == id })
	}
}

// AddCalendar gives somebody another calendar, which they own; its id is told.
func (g *Google) AddCalendar(email, summary string) string {
	g.wire.Lock()
	defer g.wire.Unlock()
	a := g.account(email)
	if a == nil {
		return ""
	}
	c := newGoogleCalendar(secret("c_")+"@group.calendar.google.example", summary)
	a.seats = append(a.seats, &googleSeat{googleCalendar: c, role: "owner"})
	return c.id
}
