package sandbox

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/wedsync/wedsync/jobs/calendar/ical"
)

type graphAccount struct {
	id, address, name string
	calendars         []*graphCalendar
	events            map[string]*graphEvent
	gone              []graphGone
	seq               int64 // of its latest change
	epoch             int64 // of its delta tokens: an older one is forgotten
	forgot            graphFault
	busy, most        int
	refreshed         int
}

type graphCalendar struct {
	id, name string
	readOnly bool
}

// graphGone is an event that is not there any more, and since which change.
type graphGone struct {
	id, calendar string
	seq          int64
}

// graphEvent is a single event, a series, or an exception of one (master is set).
type graphEvent struct {
	id, calendar string
	n, seq       int64 // when it was made and last changed, as numbers
	made, at     time.Time
	GraphEvent
	zone        string // the name that it was written with
	transaction string
	properties  map[string]string

	master    string
	exception bool               // somebody changed it
	stands    time.Time          // an exception: the occurrence's beginning by the series' clock
	dropped   map[time.Time]bool // a series: occurrences that were deleted
}

// GraphEvent is what a person can say of an event. Times are by the clock of its zone.
type GraphEvent struct {
	Subject, Location, Body string
	Starts, Ends            time.Time // wall times, in UTC location
	Zone                    string    // IANA; empty: UTC
	AllDay, Cancelled       bool
	ShowAs, Sensitivity     string // empty: busy, normal
	Recurs                  *GraphRule
}

// GraphRule is how a series recurs: daily or weekly, on these days, every so many.
type GraphRule struct {
	Type     string // daily, weekly, absoluteMonthly, absoluteYearly
	Interval int
	Days     []time.Weekday
	Until    time.Time // the last day; zero: Count
	Count    int       // zero: without end
}

func (e GraphEvent) whole() GraphEvent {
	e.ShowAs, e.Sensitivity, e.Zone = cmp.Or(e.ShowAs, "busy"), cmp.Or(e.Sensitivity, "normal"), cmp.Or(e.Zone, "UTC")
	return e
}

func (e GraphEvent) location() *time.Location {
	if zone, _, known := ical.Zone(e.Zone); known {
		return zone
	}
	return time.UTC
}

func (e GraphEvent) instant(wall time.Time) time.Time {
	if e.AllDay {
		return wall // it floats
	}
	return ical.Instant(wall, e.location())
}

// AddAccount makes a mailbox with a calendar of its own and one that may only be read, and gives their ids.
func (g *Graph) AddAccount(address, name string) (calendar, readOnly string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if a, there := g.accounts[address]; there {
		return a.calendars[0].id, a.calendars[1].id
	}
	a := &graphAccount{id: g.id("user"), address: address, name: name, events: map[string]*graphEvent{}}
	for _, c := range []graphCalendar{{name: "Calendar"}, {name: "United Kingdom holidays", readOnly: true}} {
		c.id = g.id("calendar")
		a.calendars = append(a.calendars, &c)
	}
	g.accounts[address] = a
	g.order = append(g.order, address)
	return a.calendars[0].id, a.calendars[1].id
}

// AddCalendar adds one to a mailbox.
func (g *Graph) AddCalendar(account, name string) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	a := g.accounts[account]
	c := &graphCalendar{id: g.id("calendar"), name: name}
	a.calendars = append(a.calendars, c)
	return c.id
}

// RemoveCalendar deletes one with all that is in it.
func (g *Graph) RemoveCalendar(account, calendar string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	a := g.accounts[account]
	a.calendars = slices.DeleteFunc(a.calendars, func(c *graphCalendar) bool { return c.id == calendar })
	maps.DeleteFunc(a.events, func(_ string, e *graphEvent) bool { return e.calendar == calendar })
}

// Accounts are the addresses of all mailboxes, as they were made.
func (g *Graph) Accounts() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.order)
}

// Add puts an event into a calendar, as somebody in Outlook would.
func (g *Graph) Add(account, calendar string, e GraphEvent) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	a := g.accounts[account]
	return g.put(a, &graphEvent{id: g.id("event"), calendar: calendar, GraphEvent: e.whole(), zone: cmp.Or(e.Zone, "UTC")}).id
}

// Change lets somebody change an event; false: it is not there. An occurrence of a series becomes an exception of it.
func (g *Graph) Change(account, id string, change func(*GraphEvent)) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	a := g.accounts[account]
	if a == nil {
		return false
	}
	e := g.own(a, id)
	if e == nil {
		return false
	}
	change(&e.GraphEvent)
	g.put(a, e)
	return true
}

// Remove deletes an event, a series with all of it, or one occurrence; false: it is not there.
func (g *Graph) Remove(account, id string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	a := g.accounts[account]
	if a == nil {
		return false
	}
	e := a.find(id)
	if e != nil {
		g.drop(a, e)
	}
	return e != nil
}

// Event is one as it stands.
func (g *Graph) Event(account, id string) (GraphEvent, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if e := g.accounts[account].find(id); e != nil {
		return e.GraphEvent, true
	}
	return GraphEvent{}, false
}

// Events are the ids of a calendar's single events, series and exceptions, in the order they were made in.
func (g *Graph) Events(account, calendar string) (ids []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, e := range g.accounts[account].in(calendar) {
		ids = append(ids, e.id)
	}
	return ids
}

// Occurrences are the ids of a series' occurrences, first to last; at most a hundred.
func (g *Graph) Occurrences(account, series string) (ids []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	a := g.accounts[account]
	if e := a.events[series]; e != nil {
		for _, o := range a.expand(e, e.Starts, e.Starts.AddDate(10, 0, 0), 100) {
			ids = append(ids, o.id)
		}
	}
	return ids
}

func (a *graphAccount) calendar(id string) *graphCalendar {
	if i := slices.IndexFunc(a.calendars, func(c *graphCalendar) bool { return c.id == id }); i >= 0 {
		return a.calendars[i]
	}
	return nil
}

func (a *graphAccount) in(calendar string) []*graphEvent {
	var all []*graphEvent
	for _, e := range a.events {
		if e.calendar == calendar {
			all = append(all, e)
		}
	}
	slices.SortFunc(all, func(x, y *graphEvent) int { return cmp.Compare(x.n, y.n) })
	return all
}

// put keeps a new or a changed event, and tells those who asked. What changes an exception changes its series.
func (g *Graph) put(a *graphAccount, e *graphEvent) *graphEvent {
	now, change := time.Now().UTC(), "updated"
	if _, there := a.events[e.id]; !there {
		change = "created"
	}
	if e.n == 0 {
		g.n++
		e.n, e.made = g.n, now
	}
	a.seq++
	e.seq, e.at = a.seq, now
	a.events[e.id] = e
	if e.master != "" {
		e.exception = true
		change = "updated"
		a.events[e.master].seq = a.seq
	}
	g.tell(a, e, change)
	return e
}

func (g *Graph) drop(a *graphAccount, e *graphEvent) {
	a.seq++
	if series := a.events[e.master]; series != nil {
		if series.dropped == nil {
			series.dropped = map[time.Time]bool{}
		}
		series.dropped[e.stands], series.seq = true, a.seq
		delete(a.events, e.id)
		g.tell(a, series, "updated")
		return
	}
	delete(a.events, e.id)
	maps.DeleteFunc(a.events, func(_ string, o *graphEvent) bool { return o.master == e.id })
	a.gone = append(a.gone, graphGone{e.id, e.calendar, a.seq})
	g.tell(a, e, "deleted")
}

func (e *graphEvent) etag() string { return fmt.Sprintf(`W/"%s"`, e.changeKey()) }

func (e *graphEvent) changeKey() string { return fmt.Sprintf("sb%010x==", e.n<<20+e.seq) }
