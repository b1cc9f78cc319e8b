package sandbox

import (
	"cmp"
	"slices"
	"time"
)

// Side is Microsoft for the page on which a newcomer changes things there.
func (g *Graph) Side() Side {
	return Side{
		Key: "microsoft", Name: "Microsoft", Accounts: g.people, Events: g.between,
		Add: func(calendar string, e SideEvent) error {
			account, there := g.owner(calendar)
			if !there {
				return ErrNoSuch
			}
			g.Add(account, calendar, e.graph(GraphEvent{}))
			return nil
		},
		Change: func(calendar string, e SideEvent) error {
			account, _ := g.owner(calendar)
			if !g.Change(account, e.ID, func(old *GraphEvent) { *old = e.graph(*old) }) {
				return ErrNoSuch
			}
			return nil
		},
		Remove: func(calendar, id string) error {
			if account, _ := g.owner(calendar); !g.Remove(account, id) {
				return ErrNoSuch
			}
			return nil
		},
		Troubles: GraphTroubles, Trouble: g.Trouble, Be: g.SetTrouble,
		Acts: []Act{{"tokens", "Forget what WedSync has read (410)"}, {"removed", "Remove the subscriptions, and say so"}, {"channels", "End the subscriptions without a word"},
			{"missed", "Say that notifications were missed"}, {"reauthorize", "Ask for the subscriptions to be reauthorized"}, {"access", "End the access token of the hour"},
			{"revoke", "Withdraw WedSync’s access"}, {"calendar", "Delete the second calendar"}},
		Happen: g.happen,
	}
}

func (g *Graph) happen(act string, a SideAccount) bool {
	i := slices.IndexFunc(a.Calendars, func(c SideCalendar) bool { return c.Writable && c.ID != a.Calendars[0].ID })
	switch {
	case act == "tokens":
		g.ForgetTokens(a.Address, 0, "")
	case act == "removed":
		g.Lifecycle(a.Address, "subscriptionRemoved")
	case act == "missed":
		g.Lifecycle(a.Address, "missed")
	case act == "reauthorize":
		g.Lifecycle(a.Address, "reauthorizationRequired")
	case act == "channels":
		g.DropSubscriptions(a.Address)
	case act == "access":
		g.ExpireAccess(a.Address)
	case act == "revoke":
		g.Revoke(a.Address)
	case act == "calendar" && i >= 0:
		g.RemoveCalendar(a.Address, a.Calendars[i].ID)
	default:
		return false
	}
	return true
}

// owner is whose calendar it is.
func (g *Graph) owner(calendar string) (account string, there bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, a := range g.accounts {
		if a.calendar(calendar) != nil {
			return a.address, true
		}
	}
	return "", false
}

func (g *Graph) people() (all []SideAccount) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, address := range g.order {
		a := g.accounts[address]
		one := SideAccount{Address: a.address, Name: a.name}
		for _, c := range a.calendars {
			one.Calendars = append(one.Calendars, SideCalendar{ID: c.id, Name: c.name, Zone: london, Writable: !c.readOnly})
		}
		all = append(all, one)
	}
	return all
}

func (g *Graph) between(calendar string, from, until time.Time) (all []SideEvent) {
	account, there := g.owner(calendar)
	if !there {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	a := g.accounts[account]
	for _, e := range a.in(calendar) {
		switch {
		case e.Recurs != nil:
			for _, o := range a.expand(e, from, until, 1000) {
				all = append(all, o.side())
			}
		case e.master == "" && e.touches(from, until) && !e.Cancelled:
			all = append(all, e.side())
		}
	}
	slices.SortStableFunc(all, func(x, y SideEvent) int { return x.Starts.Compare(y.Starts) })
	return all
}

func (e *graphEvent) side() SideEvent {
	at := func(wall time.Time) time.Time {
		if e.AllDay {
			return time.Date(wall.Year(), wall.Month(), wall.Day(), 0, 0, 0, 0, london)
		}
		return e.instant(wall).In(london)
	}
	return SideEvent{ID: e.id, Title: e.Subject, Venue: e.Location, Starts: at(e.Starts), Ends: at(e.Ends), Day: e.AllDay, Tentative: e.ShowAs == "tentative",
		Free: e.ShowAs == "free" || e.ShowAs == "workingElsewhere", Series: e.master != "", Ours: len(e.properties) > 0}
}

// graph is the event as somebody in Outlook would leave it. What the page does not show stays as it was.
func (e SideEvent) graph(old GraphEvent) GraphEvent {
	wall := func(t time.Time) time.Time {
		return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), 0, 0, time.UTC)
	}
	old.Subject, old.Location, old.Starts, old.Ends, old.AllDay, old.Zone = e.Title, e.Venue, wall(e.Starts), wall(e.Ends), e.Day, cmp.Or(e.Starts.Location().String(), "UTC")
	return old
}
