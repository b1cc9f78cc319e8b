package sandbox

import (
	"slices"
	"time"
)

// Side is Google for the page on which a newcomer changes things there.
func (g *Google) Side() Side {
	return Side{
		Key: "google", Name: "Google", Accounts: g.people, Events: g.between,
		Add: func(calendar string, e SideEvent) error {
			_, err := g.Insert(calendar, e.google())
			return err
		},
		Change: func(calendar string, e SideEvent) error { return g.Patch(calendar, e.ID, e.google()) },
		Remove: g.Delete, Troubles: GoogleTroubles, Trouble: g.Trouble, Be: g.SetTrouble,
		Acts: []Act{{"tokens", "Forget what WedSync has read"}, {"channels", "Stop telling of changes, without a word"},
			{"access", "End the access of this hour"}, {"revoke", "Withdraw WedSync’s access"}, {"calendar", "Delete the second calendar"}},
		Happen: g.happen,
	}
}

func (g *Google) happen(act string, a SideAccount) bool {
	switch act {
	case "tokens":
		g.ExpireTokens()
	case "channels":
		g.StopChannels()
	case "access":
		g.ExpireAccess()
	case "revoke":
		g.Revoke(a.Address)
	case "calendar":
		i := slices.IndexFunc(a.Calendars, func(c SideCalendar) bool { return c.Writable && c.ID != a.Address })
		if i < 0 {
			return false
		}
		g.DeleteCalendar(a.Calendars[i].ID)
	default:
		return false
	}
	return true
}

func (g *Google) people() (all []SideAccount) {
	g.wire.Lock()
	defer g.wire.Unlock()
	for _, a := range g.accounts {
		one := SideAccount{Address: a.email, Name: a.name}
		for _, s := range a.seats {
			one.Calendars = append(one.Calendars, SideCalendar{ID: s.id, Name: s.summary, Zone: s.location(), Writable: s.role == "owner"})
		}
		all = append(all, one)
	}
	return all
}

func (g *Google) between(calendar string, from, until time.Time) (all []SideEvent) {
	g.wire.Lock()
	defer g.wire.Unlock()
	c := g.calendar(calendar)
	if c == nil {
		return nil
	}
	zone := c.location()
	for _, e := range g.single(c, from, until) {
		begins, ends := googleSpan(e.fields, zone)
		if e.fields["status"] == "cancelled" || !ends.After(from) || !begins.Before(until) {
			continue
		}
		start, _ := e.fields["start"].(object)
		all = append(all, SideEvent{ID: text(e.fields, "id"), Title: text(e.fields, "summary"), Venue: text(e.fields, "location"), Starts: begins.In(zone), Ends: ends.In(zone),
			Day: start["date"] != nil, Tentative: e.fields["status"] == "tentative", Free: e.fields["transparency"] == "transparent", Series: e.fields["recurringEventId"] != nil,
			Ours: googleOurs(e.fields)})
	}
	slices.SortStableFunc(all, func(a, b SideEvent) int { return a.Starts.Compare(b.Starts) })
	return all
}

// google is the event on the wire. What is not so any more is taken away by null.
func (e SideEvent) google() object {
	at := func(t time.Time) object {
		if e.Day {
			return object{"date": t.Format(time.DateOnly), "dateTime": nil, "timeZone": nil}
		}
		return object{"dateTime": t.Format(time.RFC3339), "timeZone": t.Location().String(), "date": nil}
	}
	return object{"summary": e.Title, "location": e.Venue, "start": at(e.Starts), "end": at(e.Ends)}
}

func googleOurs(f object) bool {
	extended, _ := f["extendedProperties"].(object)
	private, _ := extended["private"].(object)
	return private["wedsync_id"] != nil
}
