package e2e

import (
	"bytes"
	"strings"
	"testing"
	"time"

	ics "github.com/arran4/golang-ical"

	"github.com/wedsync/wedsync/jobs/calendar/ical"
)

// Somebody else's library reads what we write: the feed as a whole, folded lines, escapes, whole days and named zones.
func TestAnIndependentReaderUnderstandsOurCalendars(t *testing.T) {
	t.Parallel()
	now := time.Date(2027, 1, 2, 3, 4, 5, 0, time.UTC)
	at := func(day, hour int, zone string) ical.Moment {
		return ical.Moment{Wall: time.Date(2027, 6, day, hour, 0, 0, 0, time.UTC), Zone: zone}
	}
	wholeDay := func(day int) ical.Moment {
		return ical.Moment{Wall: time.Date(2027, 6, day, 0, 0, 0, 0, time.UTC), Day: true}
	}
	long := strings.Repeat("Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch, 💒; ", 5) + "\nand \\ then"
	written := []ical.Event{
		{UID: "a@wedsync", Title: "Kay, Fry; & co", Venue: "Holm House", Description: long, Starts: at(12, 12, "Europe/London"), Ends: at(12, 23, "Europe/London"), Busy: ical.Blocks, Sequence: 3, Updated: now},
		{UID: "b@wedsync", Title: "Fête", Starts: wholeDay(13), Ends: wholeDay(15), Busy: ical.Free},
		{UID: "c@wedsync", Title: "Held", Starts: at(12, 12, "UTC"), Ends: at(12, 13, "UTC"), Busy: ical.Tentative},
		{UID: "d@wedsync", Title: "Off", Starts: at(12, 12, "Australia/Lord_Howe"), Ends: at(12, 13, "Australia/Lord_Howe"), Busy: ical.Blocks, Cancelled: true},
	}
	for _, name := range []string{"Our season", ""} {
		calendar, err := ics.ParseCalendar(bytes.NewReader(ical.Write(name, written, now)))
		if err != nil {
			t.Fatal(err)
		}
		if zones := calendar.Timezones(); len(zones) != 2 {
			t.Errorf("%d zones", len(zones))
		}
		events := calendar.Events()
		if len(events) != len(written) {
			t.Fatalf("%d events", len(events))
		}
		for i, event := range events {
			e := written[i]
			start, err := event.GetStartAt()
			end, endErr := event.GetEndAt()
			if err != nil || endErr != nil || !start.Equal(e.Starts.Instant(time.UTC)) || !end.Equal(e.Ends.Instant(time.UTC)) {
				t.Errorf("%s: %s (%v) to %s (%v)", e.UID, start, err, end, endErr)
			}
			for property, want := range map[ics.ComponentProperty]string{ics.ComponentPropertyUniqueId: e.UID, ics.ComponentPropertySummary: e.Title, ics.ComponentPropertyLocation: e.Venue, ics.ComponentPropertyDescription: e.Description} {
				if got := event.GetProperty(property); want != "" && (got == nil || got.Value != want) {
					t.Errorf("%s, %s: %+v, want %q", e.UID, property, got, want)
				}
			}
			status := map[bool]string{true: "CANCELLED", false: map[ical.Busy]string{ical.Tentative: "TENTATIVE"}[e.Busy]}[e.Cancelled]
			if got := event.GetProperty(ics.ComponentPropertyStatus).Value; status != "" && got != status {
				t.Errorf("%s is %s", e.UID, got)
			}
		}
	}
}

// And what it writes, we read.
func TestWeReadWhatAnIndependentWriterWrites(t *testing.T) {
	t.Parallel()
	calendar := ics.NewCalendar()
	event := calendar.AddEvent("x@elsewhere")
	event.SetSummary("Kay, Fry; & co")
	event.SetDescription(strings.Repeat("a long day é ", 30))
	event.SetStartAt(time.Date(2027, 6, 12, 12, 0, 0, 0, time.UTC))
	event.SetEndAt(time.Date(2027, 6, 12, 23, 0, 0, 0, time.UTC))
	event.AddRrule("FREQ=WEEKLY;COUNT=3")
	event.AddExdate("20270619T120000Z,20270626T120000Z")
	day := calendar.AddEvent("y@elsewhere")
	day.SetAllDayStartAt(time.Date(2027, 6, 14, 0, 0, 0, 0, time.UTC))
	events, words, err := ical.Read([]byte(calendar.Serialize()), "Europe/London")
	if err != nil || len(words) != 0 || len(events) != 2 {
		t.Fatal(err, words, events)
	}
	if e := events[0]; e.Title != "Kay, Fry; & co" || e.Description != strings.TrimSpace(strings.Repeat("a long day é ", 30)) || !e.Ends.Instant(nil).Equal(time.Date(2027, 6, 12, 23, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v", e)
	}
	found, capped := ical.Expand(events, time.UTC, time.Date(2027, 6, 1, 0, 0, 0, 0, time.UTC), time.Date(2027, 8, 1, 0, 0, 0, 0, time.UTC), 10)
	if len(found) != 2 || capped || !found[1].Day || found[1].Ends.Sub(found[1].Starts) != 24*time.Hour {
		t.Errorf("%+v", found)
	}
}
