package views

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views/ui"
)

// CalendarLiveView is what is said above the calendar, the same for everybody of an organisation.
type CalendarLiveView struct {
	Stand
	Now     time.Time // with the organisation's zone
	Zone    *time.Location
	Within  time.Duration // how old the last proof of a calendar may be
	Outside []queries.OutsideCalendarsRow
}

func (l CalendarLiveView) reading() (all []queries.OutsideCalendarsRow) {
	for _, c := range l.Outside {
		if c.FirstAt == nil && !c.Reconnect && !c.Paused && c.Failure == "" {
			all = append(all, c)
		}
	}
	return all
}

// troubled are the calendars on whose word nothing can be confirmed now.
func (l CalendarLiveView) troubled() (all []queries.OutsideCalendarsRow) {
	for _, c := range l.Outside {
		if c.Blocks && (c.Reconnect || c.FirstAt == nil && c.Failure != "" || c.FreshAt != nil && l.Now.Sub(*c.FreshAt) > l.Within) {
			all = append(all, c)
		}
	}
	return all
}

// freshWords say as of when all of the outside calendars agree: as of the oldest.
func (l CalendarLiveView) freshWords() string {
	var oldest *time.Time
	n := 0
	for _, c := range l.Outside {
		if c.Blocks && c.FreshAt != nil {
			n++
			if oldest == nil || c.FreshAt.Before(*oldest) {
				oldest = c.FreshAt
			}
		}
	}
	if n == 0 || len(l.troubled()) > 0 {
		return ""
	}
	return ui.Plural(int64(n), "outside calendar is", "outside calendars are") + " in here, as of " + clockOrDay(oldest.In(l.Zone), l.Now.In(l.Zone))
}

// OutsideName is an outside calendar as people know it: "Anna's Google calendar".
func OutsideName(name, account string) string {
	switch {
	case account == "" || name == account:
		return named(name, account, "An outside calendar")
	case name == "":
		return account
	default:
		return name + " (" + account + ")"
	}
}

func readingWords(c queries.OutsideCalendarsRow) string {
	if c.ReadSoFar == 0 {
		return OutsideName(c.Name, c.Account) + " is read for the first time."
	}
	return OutsideName(c.Name, c.Account) + ": " + ui.Plural(int64(c.ReadSoFar), "event", "events") + " so far."
}

func troubledWords(c queries.OutsideCalendarsRow, zone *time.Location) string {
	name := OutsideName(c.Name, c.Account)
	switch {
	case c.Reconnect:
		return name + " has to be connected anew: it lets us in no more."
	case c.FreshAt == nil:
		return name + " could not be read yet: " + c.Failure
	default:
		return name + " has not answered since " + ui.DayTime(c.FreshAt.In(zone)) + "."
	}
}

// clockOrDay is a time of day, with its day where that is another one than today.
func clockOrDay(t, now time.Time) string {
	if iso(t) == iso(now) {
		return ui.Clock(t)
	}
	return ui.DayTime(t)
}

// tone colours an entry.
func (e Entry) tone() string {
	_, tone := kindWords(e.Kind)
	return "tone-" + string(tone)
}

// short is an entry in one line of a month.
func (e Entry) short(day time.Time) string {
	if first, _ := e.days(); e.AllDay || !day.Equal(first) {
		return e.name()
	}
	return ui.Clock(e.From) + " " + e.name()
}

// title is what hovering shows.
func (e Entry) title() string {
	words, _ := kindWords(e.Kind)
	said := words + ": " + e.name() + ", " + between(e.From, e.Until)
	if e.AllDay {
		first, last := e.days()
		said = words + ": " + e.name() + ", " + ui.Day(first)
		if last.After(first) {
			said += " – " + ui.Day(last)
		}
	}
	return said + joined(" · ", e.Venue) + joined(" · ", e.Own) + joined(" · ", e.Calendar)
}

// line is what the agenda says below a name.
func (e Entry) line(v CalendarView, day time.Time) string {
	said := e.hours(day) + joined(" at ", e.Venue) + joined(" · ", e.takes(v.Resources)) + joined(" · ", e.Calendar)
	if e.Kind == EntryHeld && e.HoldUntil != nil {
		said += " · lapses " + ui.DayTime(*e.HoldUntil)
	}
	return said
}

func (e Entry) takes(resources []queries.ResourcesRow) (said string) {
	for _, r := range resources {
		for _, id := range e.Resources {
			if id == r.ID && said == "" {
				said = r.Name
			} else if id == r.ID {
				said += ", " + r.Name
			}
		}
	}
	return said
}

// between is when something is, by the digits that both times carry.
func between(from, until time.Time) string {
	if iso(from) == iso(until) {
		return ui.DayTime(from) + "–" + ui.Clock(until)
	}
	return ui.DayTime(from) + " – " + ui.DayTime(until)
}

// kinds are those that the page shows, in the order of the key.
func (v CalendarView) kinds() (all []EntryKind) {
	for _, k := range entryKinds {
		for _, e := range v.Entries {
			if e.Kind == k {
				all = append(all, k)
				break
			}
		}
	}
	return all
}

func (v CalendarView) agendaDays() (days []time.Time) {
	first, end := v.Span()
	for day := first; day.Before(end); day = day.AddDate(0, 0, 1) {
		if len(on(v.Entries, day)) > 0 {
			days = append(days, day)
		}
	}
	return days
}

func (v CalendarView) emptyWords() string {
	said := "Bookings and holds stand here on their days, and beside them whatever your own calendars say is busy."
	if len(v.Outside) == 0 {
		return said + " Hold the first date, or connect the calendar that you keep today."
	}
	return said
}

// RefusedView is a move that could not be: what, to when, and everything that stands against it.
type RefusedView struct {
	Title, Href, WhyHref string
	Reasons              []Reason
}

// Reason is one thing that stands against a date, by the organisation's clock.
type Reason struct {
	Why                       string // booked, held, outside, stale, unread, retired, too_many
	Resource, Calendar, Title string
	BookingID                 uuid.UUID
	From, Until               time.Time // with what comes before and after
	Before, After             int       // minutes
	HoldUntil, AsOf           *time.Time
	Tentative                 bool
}

// Sentence says it.
func (r Reason) Sentence() string {
	thing, what := named(r.Resource, "Everything"), named(r.Title)
	switch r.Why {
	case "booked":
		return thing + " is booked for " + what + "."
	case "held":
		return thing + " is held for " + what + "."
	case "outside":
		if r.Title == "" {
			what = "something private"
		}
		if r.Tentative {
			what += ", not settled yet"
		}
		return r.Calendar + " has " + what + "."
	case "stale":
		return r.Calendar + " has not answered lately, so nobody knows what is in it now."
	case "unread":
		return r.Calendar + " has not been read to its end yet."
	case "retired":
		return thing + " is not offered any more."
	default:
		return "There is not that much of " + thing + "."
	}
}

// Detail says when, how it comes to so much, and until when.
func (r Reason) Detail() string {
	said := ""
	if !r.From.IsZero() && r.Until.After(r.From) {
		said = between(r.From, r.Until)
	}
	switch {
	case r.Before > 0 && r.After > 0:
		said += fmt.Sprintf(", with %s before and %s after", minutes(r.Before), minutes(r.After))
	case r.Before > 0:
		said += ", with " + minutes(r.Before) + " before"
	case r.After > 0:
		said += ", with " + minutes(r.After) + " after"
	}
	if r.HoldUntil != nil {
		said += joined(". The hold lapses by itself ", ui.DayTime(*r.HoldUntil))
	}
	if r.AsOf != nil {
		said += joined("Last seen ", ui.DayTime(*r.AsOf))
	}
	return said
}

func minutes(n int) string {
	switch {
	case n >= 60 && n%60 == 0:
		return ui.Plural(int64(n/60), "hour", "hours")
	default:
		return ui.Plural(int64(n), "minute", "minutes")
	}
}
