package views

import (
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views/ui"
)

// EntryKind is how an entry of the calendar stands.
type EntryKind string

const (
	EntryConfirmed EntryKind = "confirmed"
	EntryHeld      EntryKind = "held"
	EntryQueued    EntryKind = "queued"
	EntryContested EntryKind = "contested"
	EntryEnquiry   EntryKind = "enquiry"
	EntryOutside   EntryKind = "outside"
)

// Entry is one thing in the calendar: a booking of ours, or time that is busy in an outside calendar.
type Entry struct {
	ID          uuid.UUID // of a booking
	Kind        EntryKind
	Title       string
	From, Until time.Time // by the organisation's clock on the wall
	AllDay      bool
	Own         string // its own clock, where that is another one: "14:00–23:00 in Europe/Lisbon"
	Venue       string
	Calendar    string // of what comes from outside: "Anna's Google calendar"
	HoldUntil   *time.Time
	Conflict    bool        // something about it is open
	Resources   []uuid.UUID // what it takes; of outside time none means everything
	Href        string
	May         bool // it can be moved
}

// CalendarView is a month, a week or the days from a day on.
type CalendarView struct {
	Live      CalendarLiveView
	View      string // month, week, agenda
	On, Today time.Time
	Zone      string
	Entries   []Entry // by when they begin
	Resources []queries.ResourcesRow
	Outside   []queries.OutsideCalendarsRow
	Refused   *RefusedView // a move that was just tried
	MayChange bool
	Capped    bool // there is more than the page holds
}

// AgendaDays is how many days the agenda shows at once.
const AgendaDays = 42

// Span is the first day that a view shows, and the first that it does not.
func (v CalendarView) Span() (first, end time.Time) {
	switch v.View {
	case "week":
		first = Monday(v.On)
		return first, first.AddDate(0, 0, 7)
	case "agenda":
		return v.On, v.On.AddDate(0, 0, AgendaDays)
	default:
		weeks := Weeks(v.On)
		return weeks[0][0], weeks[len(weeks)-1][6].AddDate(0, 0, 1)
	}
}

// CalendarHref leads to a view of the calendar.
func CalendarHref(view string, on time.Time) string {
	return "/app/calendar?" + url.Values{"view": {view}, "on": {on.Format(time.DateOnly)}}.Encode()
}

func (v CalendarView) at(view string, on time.Time) string { return CalendarHref(view, on) }

// step leads a month, a week or an agenda on or back.
func (v CalendarView) step(by int) string {
	switch v.View {
	case "week":
		return v.at("week", v.On.AddDate(0, 0, 7*by))
	case "agenda":
		return v.at("agenda", v.On.AddDate(0, 0, AgendaDays*by))
	default:
		first := time.Date(v.On.Year(), v.On.Month(), 1, 0, 0, 0, 0, time.UTC)
		return v.at("month", first.AddDate(0, by, 0))
	}
}

// heading says what is shown.
func (v CalendarView) heading() string {
	first, end := v.Span()
	last := end.AddDate(0, 0, -1)
	switch {
	case v.View == "month":
		return v.On.Format("January 2006")
	case first.Year() != last.Year():
		return first.Format("2 January 2006") + " – " + last.Format("2 January 2006")
	case first.Month() != last.Month():
		return first.Format("2 January") + " – " + last.Format("2 January 2006")
	default:
		return first.Format("2") + " – " + last.Format("2 January 2006")
	}
}

var calendarUnits = map[string][2]string{"month": {"Month before", "Month after"}, "week": {"Week before", "Week after"}, "agenda": {"Earlier", "Later"}}

// row is a line of the week: a resource, or what belongs to none.
type weekRow struct {
	ID      uuid.UUID
	Name    string
	Sub     string
	Entries []Entry
}

// weekRows deals the entries to the things that they take. What outside calendars say of everybody, and bookings that name
// nothing, have a row of their own at the end.
func (v CalendarView) weekRows() (rows []weekRow) {
	known := map[uuid.UUID]bool{}
	for _, r := range v.Resources {
		if r.RetiredAt != nil && !slices.ContainsFunc(v.Entries, func(e Entry) bool { return slices.Contains(e.Resources, r.ID) }) {
			continue
		}
		known[r.ID] = true
		row := weekRow{ID: r.ID, Name: r.Name, Sub: resourceSub(r)}
		for _, e := range v.Entries {
			if slices.Contains(e.Resources, r.ID) {
				row.Entries = append(row.Entries, e)
			}
		}
		rows = append(rows, row)
	}
	rest := weekRow{Name: "Everything else", Sub: "names nothing, or is about all of it"}
	for _, e := range v.Entries {
		if !slices.ContainsFunc(e.Resources, func(id uuid.UUID) bool { return known[id] }) {
			rest.Entries = append(rest.Entries, e)
		}
	}
	if len(rest.Entries) > 0 || len(rows) == 0 {
		if len(rows) == 0 {
			rest.Name, rest.Sub = "All bookings", ""
		}
		rows = append(rows, rest)
	}
	return rows
}

func resourceSub(r queries.ResourcesRow) string {
	if r.RetiredAt != nil {
		return "retired"
	}
	if r.Capacity > 1 {
		return ui.Count(int64(r.Capacity)) + " of them"
	}
	return ""
}

// kindWords say how an entry stands.
func kindWords(k EntryKind) (string, ui.Tone) {
	switch k {
	case EntryConfirmed:
		return "Confirmed", ui.Good
	case EntryHeld:
		return "On hold", ui.Warn
	case EntryQueued:
		return "Waits in line", ui.Neutral
	case EntryContested:
		return "Contested", ui.Bad
	case EntryOutside:
		return "Busy outside", ui.Neutral
	default:
		return "Enquiry", ui.Neutral
	}
}

var entryKinds = []EntryKind{EntryConfirmed, EntryHeld, EntryQueued, EntryEnquiry, EntryContested, EntryOutside}

// name is what an entry is called; what is private outside stays so.
func (e Entry) name() string {
	if e.Title == "" && e.Kind == EntryOutside {
		return "Busy"
	}
	return named(e.Title)
}

// hours are when it is on a day: "14:00–23:00", "from 14:00", "until 11:00", "all day".
func (e Entry) hours(day time.Time) string {
	first, last := e.days()
	from, until := ui.Clock(e.From), ui.Clock(e.Until)
	switch {
	case e.AllDay, day.After(first) && day.Before(last):
		return "all day"
	case first.Equal(last):
		return from + "–" + until
	case day.Equal(first):
		return "from " + from
	default:
		return "until " + until
	}
}

// key is the id of an entry on a day, so that the reader's place in the page survives its being drawn anew.
func (e Entry) key(where string, day time.Time) string {
	return "e" + where + e.ID.String()[24:] + day.Format("0102")
}

// spoken is all of an entry for who cannot see its colours.
func (e Entry) spoken(day time.Time) string {
	words, _ := kindWords(e.Kind)
	said := words + ", " + e.hours(day)
	if e.Conflict {
		said += ", something about it is open"
	}
	return said
}

// class is how an entry looks, with the sides on which it goes on.
func (e Entry) class(day time.Time) string {
	first, last := e.days()
	c := "entry is-" + string(e.Kind)
	if day.After(first) {
		c += " was-on"
	}
	if day.Before(last) {
		c += " goes-on"
	}
	return c
}

// dots are the entries of a day as a phone shows them: as many as fit, and their number in words beside them.
func dots(all []*Entry) []*Entry { return all[:min(len(all), 4)] }

func iso(day time.Time) string { return day.Format(time.DateOnly) }

// entriesSaid counts them for a label.
func entriesSaid(n int) string { return ui.Plural(int64(n), "entry", "entries") }

func svgNumber(n int) string { return strconv.Itoa(n) }
