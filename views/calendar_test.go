package views

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views/ui"
)

// wallAt reads "06-12 14:00" of 2027.
func wallAt(s string) time.Time {
	t, err := time.Parse("2006-01-02 15:04", "2027-"+s)
	if err != nil {
		panic(err)
	}
	return t
}

func entryAt(from, until string) Entry {
	return Entry{Title: from, From: wallAt(from), Until: wallAt(until)}
}

func TestWhichDaysAnEntryStandsOn(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ from, until, first, last string }{
		{"06-12 14:00", "06-12 23:00", "12", "12"},
		{"06-12 14:00", "06-13 01:00", "12", "12"}, // the night belongs to the evening before
		{"06-12 14:00", "06-13 05:00", "12", "12"},
		{"06-12 14:00", "06-13 05:01", "12", "13"},
		{"06-12 00:00", "06-13 00:00", "12", "12"}, // a whole day
		{"06-12 00:00", "06-15 00:00", "12", "14"},
		{"06-11 13:00", "06-14 11:00", "11", "14"},
		{"06-12 01:00", "06-12 03:00", "12", "12"},
		{"06-12 14:00", "06-12 14:00", "12", "12"}, // no length
		{"06-12 01:45", "06-12 01:15", "12", "12"}, // clocks went back in between
	} {
		first, last := entryAt(c.from, c.until).days()
		if first.Format("02") != c.first || last.Format("02") != c.last {
			t.Errorf("%s – %s stands on %s – %s, want %s – %s", c.from, c.until, first.Format("02"), last.Format("02"), c.first, c.last)
		}
	}
}

func TestLanes(t *testing.T) {
	t.Parallel()
	days := Week(wallAt("06-09 00:00"))
	for _, c := range []struct {
		entries []Entry
		want    string // lanes of each day from Monday on, by the day on which an entry begins; a point where nothing stands
	}{
		{nil, "||||||"},
		{[]Entry{entryAt("06-09 10:00", "06-09 11:00"), entryAt("06-09 09:00", "06-09 10:00")}, "||09 09||||"},
		{[]Entry{entryAt("06-09 09:00", "06-09 10:00"), entryAt("06-08 13:00", "06-10 11:00")}, "|08|08 09|08|||"},
		{[]Entry{entryAt("06-08 13:00", "06-09 11:00"), entryAt("06-09 12:00", "06-10 11:00"), entryAt("06-10 12:00", "06-11 11:00")}, "|08|08 09|10 09|10||"},
		{[]Entry{entryAt("06-01 13:00", "06-30 11:00")}, "01|01|01|01|01|01|01"},
	} {
		got := ""
		for i, row := range lanes(c.entries, days) {
			if i > 0 {
				got += "|"
			}
			for j, e := range row {
				if j > 0 {
					got += " "
				}
				if e == nil {
					got += "."
				} else {
					got += e.From.Format("02")
				}
			}
		}
		if got != c.want {
			t.Errorf("lanes are %q, want %q", got, c.want)
		}
	}
}

func TestWhereInADayAnEntryIs(t *testing.T) {
	t.Parallel()
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	at := func(utc string) time.Time {
		u, err := time.Parse(time.RFC3339, utc)
		if err != nil {
			t.Fatal(err)
		}
		return Wall(u, london)
	}
	for _, c := range []struct {
		name, from, until, day string
		x, width               int
	}{
		{"a summer's day", "2027-06-12T12:00:00Z", "2027-06-12T22:00:00Z", "06-12", 130, 100},
		{"a day of 23 hours", "2027-03-28T00:30:00Z", "2027-03-28T02:00:00Z", "03-28", 5, 25},  // 00:30 to 03:00
		{"a day of 25 hours", "2027-10-31T00:30:00Z", "2027-10-31T03:00:00Z", "10-31", 15, 15}, // 01:30 to 03:00
		{"the hour that comes twice", "2027-10-31T00:45:00Z", "2027-10-31T01:15:00Z", "10-31", 17, 4},
		{"over midnight", "2027-06-12T20:00:00Z", "2027-06-13T01:00:00Z", "06-12", 210, 30},
		{"the day after", "2027-06-12T20:00:00Z", "2027-06-13T08:00:00Z", "06-13", 0, 90},
		{"at the very end", "2027-06-12T22:59:00Z", "2027-06-12T22:59:00Z", "06-12", 236, 4},
	} {
		x, width := strip(Entry{From: at(c.from), Until: at(c.until)}, wallAt(c.day+" 00:00"))
		if x != c.x || width != c.width {
			t.Errorf("%s: %d wide at %d, want %d at %d", c.name, width, x, c.width, c.x)
		}
	}
}

func TestWeeksOfAMonth(t *testing.T) {
	t.Parallel()
	for month, want := range map[string]string{"06-01 00:00": "5 31 4", "02-01 00:00": "4 1 28", "08-01 00:00": "6 26 5"} {
		weeks := Weeks(wallAt(month))
		last := weeks[len(weeks)-1]
		if got := fmt.Sprintf("%d %d %d", len(weeks), weeks[0][0].Day(), last[6].Day()); got != want {
			t.Errorf("%s: %s, want %s", month, got, want)
		}
	}
}

func TestADayShowsFourOrSaysHowManyMore(t *testing.T) {
	t.Parallel()
	for n, want := range map[int][2]int{0: {0, 0}, 3: {3, 0}, 4: {4, 0}, 5: {3, 2}, 30: {3, 27}} {
		row := make([]*Entry, n)
		for i := range row {
			row[i] = &Entry{}
		}
		if shown, more := cell(row); len(shown) != want[0] || more != want[1] {
			t.Errorf("of %d: %d and %d more, want %v", n, len(shown), more, want)
		}
	}
}

func TestPlacesInLine(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{1: "1st", 2: "2nd", 3: "3rd", 4: "4th", 11: "11th", 12: "12th", 13: "13th", 21: "21st", 102: "102nd", 111: "111th"} {
		if got := ordinal(n); got != want {
			t.Errorf("%d is %s, want %s", n, got, want)
		}
	}
}

// What stands in June, for the goldens.
func june(view string) CalendarView {
	kinds := slices.Clone(entryKinds)
	v := CalendarView{View: view, On: Midnight(day), Today: wallAt("06-10 00:00"), Zone: "Europe/London", MayChange: true, Live: calendarNews, Outside: calendarNews.Outside, Resources: taken,
		Refused: &RefusedView{Title: "Kay & Fry cannot move to Sat 19 June 2027", Href: "/app/bookings/1", WhyHref: "/app/calendar/why", Reasons: noes}}
	for i, k := range kinds {
		e := Entry{ID: one, Kind: k, Title: "Kay <& Fry>", From: day, Until: day.Add(11 * time.Hour), Venue: "Holm House", Href: "/app/bookings/" + one.String(), May: true, Resources: []uuid.UUID{two}, Conflict: i == 1, HoldUntil: &noon}
		if k == EntryOutside {
			e = Entry{Kind: k, From: day.AddDate(0, 0, -2), Until: day.AddDate(0, 0, 1), AllDay: true, Calendar: "Anna's Google calendar"}
		}
		v.Entries = append(v.Entries, e)
	}
	v.Entries[0].Own = "15:00–02:00 in Europe/Paris"
	return v
}

var (
	noes = []Reason{{Why: "booked", Resource: "The barn", Title: "Rossi <& Bianchi>", BookingID: one, From: day, Until: day.Add(12 * time.Hour), Before: 120, After: 60},
		{Why: "held", Resource: "The barn", Title: "Kay", HoldUntil: &noon, BookingID: two}, {Why: "outside", Calendar: "Anna's", From: day, Until: day.Add(time.Hour), Tentative: true},
		{Why: "stale", Calendar: "Anna's", AsOf: &noon}, {Why: "unread", Calendar: "Tom's"}, {Why: "retired", Resource: "The tent"}, {Why: "too_many", Resource: "Chairs"}}
	taken = []queries.ResourcesRow{{ID: two, Name: "The barn", Kind: queries.ResourceKindRoom, Capacity: 1, MinutesBefore: 120, MinutesAfter: 60, Usual: true, Ahead: 3},
		{ID: one, Name: "Chairs <gilt>", Kind: queries.ResourceKindThing, Capacity: 200, RetiredAt: &noon}}
	calendarNews = CalendarLiveView{Stand: at, Now: noon, Zone: time.UTC, Within: 30 * time.Minute, Outside: []queries.OutsideCalendarsRow{
		{ID: one, Name: "Anna's", Account: "anna@example.com", Blocks: true, FirstAt: &noon, FreshAt: ptr(noon.Add(-3 * time.Minute))}, {ID: two, Name: "Tom's", ReadSoFar: 600},
		{ID: two, Name: "The band's", Blocks: true, FirstAt: &noon, FreshAt: ptr(noon.Add(-2 * time.Hour))}, {ID: two, Name: "Old", Blocks: true, Reconnect: true}}}
	clocks      = WhenForm{Starts: "2027-06-12T14:00", Ends: "2027-06-13T01:00", Timezone: "Europe/London", Zones: []ui.Option{{Value: "Europe/London", Label: "Europe/London"}}}
	needs       = []NeedField{{ID: one, Name: "The barn", Capacity: 1, Checked: true, Units: "1"}, {ID: two, Name: "Chairs", Capacity: 200, Units: "80"}}
	someBooking = BookingView{Now: noon, Zone: time.UTC, MayChange: true, IsOwner: true, When: clocks, Fields: needs, Notes: "Allergic to <lilies>",
		Row: queries.BookingPageRow{ID: one, Title: "Kay & Fry", Status: queries.BookingStatusHeld, HoldUntil: &day, StartsLocal: &day, EndsLocal: ptr(day.Add(11 * time.Hour)), Timezone: "Europe/London", Venue: "Holm House",
			ClientName: "Anna Kay", PartnerName: "Tom Fry", ClientEmail: "a@example.com", ValueMinor: ptr(int64(250000)), ValueCurrency: "GBP", Provider: ptr(queries.ProviderTave)},
		Needs:     []queries.BookingNeedsOfRow{{ResourceID: one, Units: 80, Name: "Chairs", Capacity: 200}, {ResourceID: two, Units: 1, Name: "The barn", Capacity: 1, MinutesBefore: 120, MinutesAfter: 60}},
		Steps:     []queries.BookingStepsOfRow{{ID: one, At: noon, Step: "held", Who: "Anna Hall", Detail: "for <a week>"}, {ID: two, At: noon, Step: "edited_outside"}},
		Conflicts: []queries.BookingConflictsRow{{ID: one, Kind: "overlap"}}}
	refusedBooking = BookingView{Now: noon, Zone: time.UTC, MayChange: true, IsOwner: true, When: clocks, Fields: needs, Refused: noes[2:5], Tried: "times", WhyHref: "/app/calendar/why", Faults: Faults{"ends": "It has to end."},
		Row: queries.BookingPageRow{ID: one, Title: "Kay & Fry", Status: queries.BookingStatusConfirmed, StartsLocal: &day, EndsLocal: ptr(day.Add(2 * time.Hour)), Timezone: "UTC",
			Receipt: []byte(`[{"calendar":"Anna's Google calendar","as_of":"2027-05-14T11:57:00Z","age_seconds":180,"override":"I asked <her>"},{"calendar":"Tom's","age_seconds":0}]`)}}
	newBooking    = BookingForm{As: "held", Key: "k", When: clocks, Needs: needs, HoldDays: 7}
	refusedNew    = BookingForm{Title: `a"b`, As: "confirmed", When: clocks, Needs: needs, HoldDays: 7, Reasons: noes, WhyHref: "/app/calendar/why", MayOverride: true, Faults: Faults{"needs": "Choose <one>.", "notes": "Too long."}}
	someResources = ResourcesView{Now: noon, Rows: taken, MayChange: true, Link: "https://x/free/t", Form: ResourceForm{ID: two, Name: "The barn", Kind: "room", Capacity: "0", Faults: Faults{"capacity": "Between 1 and 500 of them."}}}
	someFree      = FreeView{Now: noon, Today: Midnight(noon), Zone: "Europe/London", Months: []FreeMonth{{First: wallAt("06-01 00:00"), Weeks: [][]FreeDay{{{Day: wallAt("06-01 00:00"), State: "free"}, {Day: wallAt("06-02 00:00"), State: "held"}, {Day: wallAt("06-03 00:00"), State: "taken"}, {}}}}}}
	someWhy       = WhyView{Now: noon, Zone: time.UTC, Asked: true, When: clocks, Said: "Sat 12 June 2027, 14:00", Resource: two.String(), Options: []ui.Option{{Label: "What is usually taken"}, {Value: two.String(), Label: "The barn"}}, Reasons: noes, MayHold: true,
		Fresh: []Asked{{Calendar: "Anna's", AsOf: &noon}, {Calendar: "Tom's"}}, Nearby: []Nearby{{Day: wallAt("06-11 00:00"), Days: -1, Said: "Fri 11 June", Href: "/h"}, {Day: wallAt("06-14 00:00"), Days: 2, Said: "Mon 14 June", Href: "/h"}}, Others: []string{"The hall"}}
)
