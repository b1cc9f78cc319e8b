package ical

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

var written = time.Date(2027, 1, 2, 3, 4, 5, 0, time.UTC)

func TestWritesAFeed(t *testing.T) {
	t.Parallel()
	e := timed("2027-06-12T12:00", "2027-06-12T23:00", "Europe/London")
	e.UID, e.Title, e.Venue, e.Description, e.Sequence, e.Updated = "b-1@wedsync", "Kay, Fry; \\o/", "Holm House", "one\ntwo", 4, written
	got := string(Write("Our, season", []Event{e}, written.Add(time.Hour)))
	want := strings.Join([]string{"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//WedSync//Calendar//EN", "CALSCALE:GREGORIAN", "METHOD:PUBLISH", `X-WR-CALNAME:Our\, season`,
		"REFRESH-INTERVAL;VALUE=DURATION:PT1H", "X-PUBLISHED-TTL:PT1H", "BEGIN:VTIMEZONE", "TZID:Europe/London", "X-LIC-LOCATION:Europe/London",
		"BEGIN:STANDARD", "DTSTART:20260101T000000", "TZOFFSETFROM:+0000", "TZOFFSETTO:+0000", "TZNAME:GMT", "END:STANDARD",
		"BEGIN:DAYLIGHT", "DTSTART:20260329T010000", "TZOFFSETFROM:+0000", "TZOFFSETTO:+0100", "TZNAME:BST", "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU", "END:DAYLIGHT",
		"BEGIN:STANDARD", "DTSTART:20261025T020000", "TZOFFSETFROM:+0100", "TZOFFSETTO:+0000", "TZNAME:GMT", "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU", "END:STANDARD", "END:VTIMEZONE",
		"BEGIN:VEVENT", "UID:b-1@wedsync", "DTSTAMP:20270102T030405Z", "LAST-MODIFIED:20270102T030405Z", "SEQUENCE:4", "DTSTART;TZID=Europe/London:20270612T120000", "DTEND;TZID=Europe/London:20270612T230000",
		`SUMMARY:Kay\, Fry\; \\o/`, "LOCATION:Holm House", `DESCRIPTION:one\ntwo`, "STATUS:CONFIRMED", "TRANSP:OPAQUE", "END:VEVENT", "END:VCALENDAR", ""}, "\r\n")
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if later := string(Write("Our, season", []Event{e}, written.Add(48*time.Hour))); later != got {
		t.Error("the same feed is another one later: it would be fetched again and again")
	}
	if object := string(Write("", []Event{e}, written)); strings.Contains(object, "METHOD") || strings.Contains(object, "X-WR") {
		t.Errorf("an object for CalDAV is no feed:\n%s", object)
	}
}

func TestFoldsAt75OctetsOnTheBordersOfRunes(t *testing.T) {
	t.Parallel()
	for _, unit := range []string{"x", "é", "日", "💍", "👩🏽‍❤️‍👨", `,`, "\n", "a b "} {
		for pad := range 8 {
			e := timed("2027-06-12T12:00", "2027-06-12T23:00", "UTC")
			e.Title = strings.TrimSpace(strings.Repeat("p", pad) + strings.TrimSpace(strings.Repeat(unit, 20)) + "!")
			body := Write("", []Event{e}, written)
			for l := range strings.SplitSeq(strings.TrimSuffix(string(body), "\r\n"), "\r\n") {
				if len(l) > 75 || !utf8.ValidString(l) || strings.ContainsAny(l, "\r\n") {
					t.Errorf("%q is %d octets", l, len(l))
				}
			}
			if back := one(t, body); back.Title != e.Title {
				t.Errorf("%q came back as %q", e.Title, back.Title)
			}
		}
	}
}

func TestNothingThatIsWrittenCanBecomeALineOfItsOwn(t *testing.T) {
	t.Parallel()
	e := timed("2027-06-12T12:00", "2027-06-12T23:00", "UTC")
	evil := "x\r\nEND:VEVENT\r\nBEGIN:VEVENT\nDTSTART:20270101\rSUMMARY:evil\x00"
	e.UID, e.Title, e.Venue, e.Description, e.Ours, e.OursRev, e.Rules = evil, evil, evil, evil, evil, evil, []string{"RDATE:20270613T120000Z\r\nSUMMARY:evil"}
	events, _, err := Read(Write(evil, []Event{e}, written), "")
	if err != nil || len(events) != 1 || !strings.HasPrefix(events[0].Title, "x\nEND:VEVENT") {
		t.Errorf("%v %+v", err, events)
	}
}

func TestWhatIsWrittenIsReadTheSame(t *testing.T) {
	t.Parallel()
	replaced := Moment{Wall: wallAt("2027-06-19T12:00"), Zone: "Europe/London"}
	for name, e := range map[string]Event{
		"tentative":      {Busy: Tentative, Starts: Moment{Wall: wallAt("2027-06-12T12:00"), Zone: "America/St_Johns"}, Ends: Moment{Wall: wallAt("2027-06-12T17:00"), Zone: "Europe/London"}},
		"free":           {Busy: Free, Starts: Moment{Wall: wallAt("2027-06-12"), Day: true}, Ends: Moment{Wall: wallAt("2027-06-14"), Day: true}},
		"cancelled":      {Busy: Tentative, Cancelled: true, Starts: Moment{Wall: wallAt("2027-06-12T12:00")}, Ends: Moment{Wall: wallAt("2027-06-12T12:00")}},
		"private, ours":  {Busy: Blocks, Private: true, Ours: "b", OursRev: "r", Sequence: 9, Updated: written, Starts: Moment{Wall: wallAt("2027-06-12T12:00"), Zone: "UTC"}, Ends: Moment{Wall: wallAt("2027-06-12T13:00"), Zone: "UTC"}},
		"an exception":   {Busy: Blocks, Replaces: &replaced, Starts: replaced, Ends: replaced},
		"a series":       {Busy: Blocks, Starts: replaced, Ends: replaced, Rules: []string{"RRULE:FREQ=WEEKLY", "EXDATE;TZID=Europe/London:20270626T120000", "RDATE;VALUE=DATE:20270627"}},
		"Etc/GMT-1":      {Busy: Blocks, Starts: Moment{Wall: wallAt("2027-06-12T12:00"), Zone: "Etc/GMT-1"}, Ends: Moment{Wall: wallAt("2027-06-12T13:00"), Zone: "Etc/GMT-1"}},
		"text and signs": {Title: `a\nb; c, d "e" : f \`, Description: "tab\there\n\nthere \\, so", Venue: "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch 💒", Busy: Blocks, Starts: replaced, Ends: replaced},
	} {
		e.UID = name
		if back := one(t, Write("x", []Event{e}, written)); !same(back, e) {
			t.Errorf("%s:\nwrote %+v\nread  %+v", name, e, back)
		}
	}
	if a, b := (&Event{Ours: "b"}).uid(), (&Event{Ours: "b", Title: "other"}).uid(); a != b || a == "" {
		t.Error("our event's UID follows from what is ours", a, b)
	}
}

// Every zone that we write is read back, from its definition alone, as one with the same clocks.
func TestEveryZoneIsExplainedAsItIs(t *testing.T) {
	t.Parallel()
	for _, name := range everyZone(t) {
		zone, iana, ok := Zone(name)
		if !ok || iana == "UTC" {
			continue
		}
		var block []line
		for _, text := range explain(name, zone, 2024, 2026) {
			l, _ := parse(text)
			block = append(block, l)
		}
		changes := changesOf(block)
		if name == "Africa/Casablanca" || name == "Africa/El_Aaiun" {
			// Their changes follow the moon; they are told date by date.
			if len(changes) < 10 {
				t.Errorf("%s: %d", name, len(changes))
			}
		}
		if !fits(zone, changes) {
			t.Errorf("%s: %v\n%v", name, block, changes)
		}
	}
}

func TestZonesThatOnlyTheFileExplains(t *testing.T) {
	t.Parallel()
	eastern := "BEGIN:VTIMEZONE\r\nTZID:%s\r\nBEGIN:STANDARD\r\nDTSTART:16010101T020000\r\nTZOFFSETFROM:-0400\r\nTZOFFSETTO:-0500\r\nRRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=11\r\nEND:STANDARD\r\n" +
		"BEGIN:DAYLIGHT\r\nDTSTART:16010101T020000\r\nTZOFFSETFROM:-0500\r\nTZOFFSETTO:-0400\r\nRRULE:FREQ=YEARLY;BYDAY=2SU;BYMONTH=3\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\n"
	fixed := "BEGIN:VTIMEZONE\r\nTZID:%s\r\nBEGIN:STANDARD\r\nDTSTART:16010101T000000\r\nTZOFFSETFROM:+0530\r\nTZOFFSETTO:+0530\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
	located := "BEGIN:VTIMEZONE\r\nTZID:%s\r\nX-LIC-LOCATION:Europe/Lisbon\r\nEND:VTIMEZONE\r\n"
	nowhere := "BEGIN:VTIMEZONE\r\nTZID:%s\r\nBEGIN:STANDARD\r\nDTSTART:16010101T000000\r\nTZOFFSETFROM:+0117\r\nTZOFFSETTO:+0117\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
	for _, c := range []struct{ block, tzid, otherwise, want string }{
		{eastern, "Customized Time Zone", "", "America/New_York"},
		{eastern, "Customized Time Zone", "America/Toronto", "America/Toronto"}, // the calendar's own, when it fits
		{eastern, "Customized Time Zone", "Europe/London", "America/New_York"},
		{fixed, "Customized Time Zone 1", "", "Asia/Kolkata"},
		{located, "Zone 3", "", "Europe/Lisbon"},
		{eastern, "GMT-0500", "", "America/New_York"}, // the definition knows more than the name
		{eastern, "Pacific Standard Time", "", "America/Los_Angeles"},
		{nowhere, "Zone 4", "Europe/London", ""},
		{"", "Zone 5", "Europe/London", ""},
		{"", "(UTC+01:00) Amsterdam, Berlin, Bern", "", "Europe/Amsterdam"}, // its colon is not quoted
		{"", "tzone://Microsoft/Utc", "", "UTC"},
	} {
		body := calendar(strings.ReplaceAll(c.block, "%s", c.tzid), vevent("DTSTART;TZID="+c.tzid+":20270612T120000", "DTEND;TZID="+c.tzid+":20270612T130000"))
		events, words, err := Read(body, c.otherwise)
		if err != nil || len(events) != 1 || events[0].Starts.Zone != c.want || events[0].Ends.Zone != c.want || (c.want == "") != (len(words) == 1) {
			t.Errorf("%s: %v %+v %q", c.tzid, err, events, words)
		}
		if c.want == "" && len(words) == 1 && !strings.Contains(words[0], "read as times in Europe/London") {
			t.Errorf("%q", words)
		}
	}
	e := one(t, calendar("X-WR-TIMEZONE:Europe/Rome\r\n", vevent("DTSTART:20270612T120000")))
	if e.Starts.Zone != "Europe/Rome" {
		t.Errorf("a file may have a clock of its own: %+v", e.Starts)
	}
}

func TestHashIsOfWhatAPersonSees(t *testing.T) {
	t.Parallel()
	e := Event{Title: "Kay & Fry", Venue: "Holm House", Description: "one\ntwo", Starts: Moment{Wall: wallAt("2027-06-12T12:00"), Zone: "Europe/London"}, Ends: Moment{Wall: wallAt("2027-06-12T23:00"), Zone: "Europe/London"}, Busy: Blocks}
	for name, touch := range map[string]func(*Event){
		"uid": func(e *Event) { e.UID = "x" }, "sequence": func(e *Event) { e.Sequence = 7 }, "updated": func(e *Event) { e.Updated = written }, "ours": func(e *Event) { e.Ours, e.OursRev = "a", "b" },
		"line ends": func(e *Event) { e.Description = "one \r\ntwo\r\n" }, "blanks": func(e *Event) { e.Title = " Kay & Fry " },
		"the zone": func(e *Event) {
			e.Starts, e.Ends = Moment{Wall: wallAt("2027-06-12T11:00"), Zone: "UTC"}, Moment{Wall: wallAt("2027-06-12T22:00"), Zone: "UTC"}
		},
	} {
		x := e
		if touch(&x); Hash(x) != Hash(e) {
			t.Errorf("%s is nothing that a person sees", name)
		}
	}
	for name, touch := range map[string]func(*Event){
		"title": func(e *Event) { e.Title = "Fry" }, "venue": func(e *Event) { e.Venue = "" }, "description": func(e *Event) { e.Description = "two\none" }, "start": func(e *Event) { e.Starts.Wall = e.Starts.Wall.Add(time.Minute) },
		"end": func(e *Event) { e.Ends.Wall = e.Ends.Wall.Add(time.Minute) }, "day": func(e *Event) { e.Starts.Day = true }, "cancelled": func(e *Event) { e.Cancelled = true },
		"rules": func(e *Event) { e.Rules = []string{"RRULE:FREQ=DAILY"} }, "title into venue": func(e *Event) { e.Title, e.Venue = "", "Kay & Fry" },
	} {
		x := e
		if touch(&x); Hash(x) == Hash(e) {
			t.Errorf("%s makes no difference", name)
		}
	}
}

func TestObjectsAreEventsOfOneUIDTheSeriesFirst(t *testing.T) {
	t.Parallel()
	a, b := timed("2027-06-12T12:00", "2027-06-12T13:00", "UTC"), timed("2027-06-13T12:00", "2027-06-13T13:00", "UTC")
	b.UID = "b"
	nameless := b
	nameless.UID = ""
	objects := Objects([]Event{instead(a.Starts, a), nameless, b, a, nameless})
	if len(objects) != 4 || len(objects[0]) != 2 || objects[0][0].Replaces != nil || objects[0][1].Replaces == nil {
		t.Errorf("%+v", objects)
	}
}
