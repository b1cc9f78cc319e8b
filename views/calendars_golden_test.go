package views

import (
	"testing"
	"time"

	"github.com/a-h/templ"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views/ui"
)

func init() {
	for name, c := range map[string]templ.Component{
		"CalendarAccounts":       CalendarAccounts(page, CalendarAccountsView{Live: accountsLive, MayChange: true, Owner: true, Google: true, Microsoft: true, Fresh: FreshnessForm{"30", "7"}, Own: OwnFeed{Made: true, Address: "https://x.example/feeds/t.ics"}}),
		"CalendarAccounts_staff": CalendarAccounts(page, CalendarAccountsView{Live: accountsLive, Fresh: FreshnessForm{"30", "7"}, Own: OwnFeed{Made: true}}),
		"CalendarAccounts_wrong": CalendarAccounts(page, CalendarAccountsView{MayChange: true, Trouble: "You came back.", Fresh: FreshnessForm{"30", "7"}, CalDAV: CalDAVForm{"http://<x>", "u"}, Faults: Faults{"url": "Not <so>.", "feed": "Nor this."}}),
		"AccountsLive":           AccountsLive(accountsLive),
		"AccountsLive_empty":     AccountsLive(AccountsLiveView{Stand: at, Now: noon}),
		"CalendarAccount":        CalendarAccount(page, accountView(0)),
		"CalendarAccount_caldav": CalendarAccount(page, accountView(1)),
		"CalendarAccount_staff":  CalendarAccount(page, CalendarAccountView{Now: noon, Within: time.Hour, Account: accountsLive.Rows[0], Strategy: queries.ConflictStrategyMerge}),
		"CalendarWording":        CalendarWording(page, CalendarWordingView{Title: "Wedding {{couple}}", OurTitle: "{{couple}}", OurBody: "{{times}}", Shown: CalendarCopy{"Hold: Kay <& Fry>", "12:00–23:00\nConfirmed", "Holm House"}, About: "Kay & Fry"}),
		"CalendarWording_wrong":  CalendarWording(page, CalendarWordingView{Title: "{{notes}}", OurTitle: "{{couple}}", OurBody: "{{times}}", Shown: CalendarCopy{Title: "Kay & Fry"}, Faults: Faults{"title": "{{notes}} is nothing."}}),
		"Conflicts":              Conflicts(page, ConflictsView{Live: conflictsLive, Older: "?before=1"}),
		"Conflicts_settled":      Conflicts(page, ConflictsView{Settled: true, Live: ConflictsLiveView{Now: noon, Rows: []queries.ConflictsShownRow{{ID: one, Kind: "edited", Field: "when", Booking: "Kay & Fry", ResolvedAt: &noon, Resolution: "theirs"}}}}),
		"Conflicts_settled_none": Conflicts(page, ConflictsView{Settled: true}),
		"ConflictsLive":          ConflictsLive(conflictsLive),
		"ConflictsLive_none":     ConflictsLive(ConflictsLiveView{Stand: at, Now: noon}),
		"Conflict":               Conflict(page, conflictView("edited")),
		"Conflict_deleted":       Conflict(page, conflictView("deleted")),
		"Conflict_overlap":       Conflict(page, conflictView("overlap")),
		"Conflict_contested":     Conflict(page, conflictView("contested")),
		"Conflict_refused":       Conflict(page, conflictView("refused")),
		"Conflict_settled":       Conflict(page, settledConflict),
		"Conflict_staff":         Conflict(page, ConflictView{Now: noon, Row: queries.ConflictShownRow{ID: one, Kind: "overlap", Booking: "Kay"}, Trouble: "The time is not free."}),
	} {
		cases[name] = c
	}
}

var accountsLive = AccountsLiveView{Stand: at, Now: noon, Within: 30 * time.Minute, Rows: []AccountCard{
	{CalendarAccountsRow: queries.CalendarAccountsRow{ID: one, Kind: queries.CalendarKindGoogle, Account: "anna@<example>.com"}, Calendars: []queries.CalendarsOfAccountsRow{
		{ID: one, Name: "Anna", Writable: true, Blocks: true, Receives: true, FreshAt: ptr(noon.Add(-time.Minute)), FirstAt: &noon, ChannelUntil: noon.AddDate(0, 0, 6), CanaryMs: ptr(int32(412)), CanarySeenAt: &noon, TentativeBusy: true, Capped: "3 events of a series without end."},
		{ID: two, Name: "Birthdays"}}},
	{CalendarAccountsRow: queries.CalendarAccountsRow{ID: two, Kind: queries.CalendarKindCaldav, Account: "tom@fastmail.example", Username: "tom", Failure: "The password was refused.", ReconnectSince: &noon}},
	{CalendarAccountsRow: queries.CalendarAccountsRow{ID: two, Kind: queries.CalendarKindIcs, Account: "venue.example", PausedAt: &noon}},
}}

func accountView(i int) CalendarAccountView {
	return CalendarAccountView{Now: noon, Within: time.Hour, Account: accountsLive.Rows[i], MayChange: true, Connects: true, Strategy: queries.ConflictStrategyMerge,
		ByField: map[string]string{"when": "manual"}, Resources: []queries.ResourcesToChooseRow{{ID: one, Name: "Van"}}}
}

var conflictsLive = ConflictsLiveView{Stand: at, Now: noon, Rows: []queries.ConflictsShownRow{
	{ID: one, Kind: "overlap", Field: "day", Booking: "Kay & Fry", StartsLocal: &day, Calendar: "Work <1>", Account: "anna@example.com", CreatedAt: noon.Add(-time.Hour)},
	{ID: two, Kind: "contested", Field: "day", ClientName: "Anna", PartnerName: "Tom", CreatedAt: noon.Add(-time.Minute)}}}

func conflictView(kind string) ConflictView {
	r := queries.ConflictShownRow{ID: one, Kind: kind, Field: "when", CreatedAt: noon, BookingID: &two, Booking: "Kay & Fry", StartsLocal: &day, EndsLocal: ptr(day.Add(9 * time.Hour)), Timezone: "Europe/London", Venue: "Holm House",
		Status: ptr(queries.BookingStatusConfirmed), CalendarID: &one, ConnectionID: &one, Calendar: "Work", Account: "anna@example.com",
		Ours: []byte(`"2027-06-12T14:00:00/2027-06-12T23:00:00/Europe/London"`), Theirs: []byte(`"2027-06-13T14:00:00/2027-06-14T01:00:00/Europe/London"`), Base: []byte(`"2027-06-12T12:00:00/2027-06-12T23:00:00/Europe/London"`)}
	switch kind {
	case "overlap":
		r.Field, r.Ours, r.Theirs, r.Base, r.FromThen, r.UntilThen = "day", []byte(`"Kay & Fry"`), []byte(`"Dentist <b>"`), nil, day, day.Add(time.Hour)
	case "deleted":
		r.Theirs, r.Base = []byte("null"), nil
	case "contested":
		r.Ours, r.Theirs, r.Base, r.CalendarID, r.ConnectionID, r.Calendar, r.Account, r.OtherBookingID, r.OtherBooking = []byte(`"Hall"`), []byte(`"Kay"`), nil, nil, nil, "", "", &one, "Hall & Wells"
	}
	return ConflictView{Now: noon, Row: r, MayChange: true, Needs: []queries.NeedsInConflictRow{{Name: "Anna"}, {Name: "Van"}}}
}

var settledConflict = func() ConflictView {
	v := conflictView("edited")
	v.Row.ResolvedAt, v.Row.Resolution, v.Row.SettledBy, v.Row.Undoable = &noon, "theirs", "Anna Hall", true
	return v
}()

func TestHowAnAccountStands(t *testing.T) {
	t.Parallel()
	used := func(change func(*queries.CalendarsOfAccountsRow)) AccountCard {
		c := queries.CalendarsOfAccountsRow{Name: "Work", Blocks: true, FirstAt: &noon, FreshAt: ptr(noon.Add(-5 * time.Minute)), ChannelUntil: noon.Add(time.Hour)}
		change(&c)
		return AccountCard{CalendarAccountsRow: queries.CalendarAccountsRow{Kind: queries.CalendarKindGoogle}, Calendars: []queries.CalendarsOfAccountsRow{c, {Name: "Not used"}}}
	}
	is := func(a AccountCard, words string, tone ui.Tone, sentence, pushes string) {
		t.Helper()
		if got := a.stands(noon, 30*time.Minute); got.words != words || got.tone != tone || got.sentence != sentence || a.pushes(noon) != pushes {
			t.Errorf("%+v, %q", got, a.pushes(noon))
		}
	}
	is(used(func(*queries.CalendarsOfAccountsRow) {}), "Working", ui.Good, "Fresh as of 11:55.", "pushes arrive")
	is(used(func(c *queries.CalendarsOfAccountsRow) { c.FirstAt, c.FreshAt, c.ReadSoFar = nil, nil, 1200 }), "First reading", ui.Neutral, "1,200 events read so far.", "pushes arrive")
	is(used(func(c *queries.CalendarsOfAccountsRow) { c.FreshAt = ptr(noon.Add(-31 * time.Minute)) }), "Stale", ui.Warn, "Last proven at 11:29. Until it answers, nothing is confirmed on its word.", "pushes arrive")
	is(used(func(c *queries.CalendarsOfAccountsRow) { c.PushDeadAt = &noon }), "Pushes stopped", ui.Warn, "Fresh as of 11:55.", "Google has stopped telling us; we look every 15 minutes instead")
	is(used(func(c *queries.CalendarsOfAccountsRow) { c.ChannelUntil = time.Unix(0, 0) }), "Working", ui.Good, "Fresh as of 11:55.", "we look every 15 minutes")
	is(used(func(c *queries.CalendarsOfAccountsRow) {
		c.FailingSince, c.Failure = ptr(noon.AddDate(0, 0, -2)), "It answered 500."
	}), "Failing since 12 May, 12:00", ui.Warn, "It answered 500. We go on trying.", "pushes arrive")
	is(used(func(c *queries.CalendarsOfAccountsRow) { c.DeletedAt = &noon }), "Deleted outside", ui.Bad, "Work is not there any more since 12:00. What it said blocks nothing now.", "pushes arrive")
	is(used(func(c *queries.CalendarsOfAccountsRow) { c.Blocks = false }), "Not used yet", ui.Warn, "Choose which of its calendars block your time, and which receives your bookings.", "pushes arrive")
	is(used(func(c *queries.CalendarsOfAccountsRow) { c.Blocks, c.Receives, c.FreshAt = false, true, nil }), "Working", ui.Good, "Bookings are written into it.", "pushes arrive")
	is(AccountCard{}, "Being set up", ui.Neutral, "Its calendars are looked up.", "we look by the clock")
}

func TestSidesAreReadAsTheyAreKept(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"2027-06-12T14:00:00/2027-06-12T23:00:00/Europe/London":       "Sat 12 June 2027, 14:00 to 23:00 (Europe/London)",
		"2027-06-12T14:00:00/2027-06-13T01:00:00/America/Los_Angeles": "Sat 12 June 2027, 14:00 to Sun 13 June 2027, 01:00 (America/Los Angeles)",
		"2027-06-12/2027-06-13":                       "Sat 12 June 2027",
		"2027-06-12/2027-06-14":                       "Sat 12 June 2027 to Sun 13 June 2027",
		"2027-06-12T14:00:00/2027-06-12T23:00:00/UTC": "Sat 12 June 2027, 14:00 to 23:00 (UTC)",
		"some time in June":                           "some time in June", "2027-13-45/2027-13-46": "2027-13-45/2027-13-46", "": "",
	} {
		if got := sideWords("when", value); got != want {
			t.Errorf("%q: %q", value, got)
		}
	}
	for raw, want := range map[string]string{`"x"`: "x", `{"title":"x","n":1}`: "x", `null`: "", ``: "", `[`: "", `3`: "3"} {
		if got := sideOf([]byte(raw), "title")["title"]; got != want {
			t.Errorf("%s: %q", raw, got)
		}
	}
}

func TestEveryConflictHasAWayOut(t *testing.T) {
	t.Parallel()
	for _, kind := range ConflictKinds {
		for _, a := range conflictView(kind).answers() {
			if a.label == "" || a.does == "" {
				t.Errorf("%s: %+v", kind, a)
			}
		}
	}
}
