package ical

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

func wallAt(text string) time.Time {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return at
		}
	}
	panic(text)
}

func calendar(events ...string) []byte {
	return []byte("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n" + strings.Join(events, "") + "END:VCALENDAR\r\n")
}

func vevent(lines ...string) string {
	return "BEGIN:VEVENT\r\n" + strings.Join(lines, "\r\n") + "\r\nEND:VEVENT\r\n"
}

// one reads a file of one event.
func one(t *testing.T, body []byte) Event {
	t.Helper()
	events, words, err := Read(body, "")
	if err != nil || len(events) != 1 {
		t.Fatalf("%d events, %v, %q", len(events), err, words)
	}
	return events[0]
}

func TestReadsWhatTheRulesAskFor(t *testing.T) {
	t.Parallel()
	e := one(t, calendar(vevent("UID:a@b", "SUMMARY:Kay \\& Fry\\, at last\\; yes", "LOCATION:Holm House\\, Penarth", "DESCRIPTION:one\\ntwo \\\\ three\\Nfo",
		" ur", "DTSTART;TZID=Europe/London:20270612T120000", "DTEND;TZID=Europe/London:20270612T230000", "SEQUENCE:3", "CLASS:CONFIDENTIAL", "TRANSP:OPAQUE",
		"LAST-MODIFIED:20270101T101112Z", "X-WEDSYNC-ID:b-1", "X-WEDSYNC-REV:r", "RRULE:FREQ=WEEKLY;COUNT=3", "EXDATE;TZID=Europe/London:20270619T120000,20270626T120000",
		"BEGIN:VALARM", "DESCRIPTION:not this", "TRIGGER:-PT15M", "END:VALARM")))
	want := Event{UID: "a@b", Title: `Kay \& Fry, at last; yes`, Venue: "Holm House, Penarth", Description: "one\ntwo \\ three\nfour",
		Starts: Moment{Wall: wallAt("2027-06-12T12:00"), Zone: "Europe/London"}, Ends: Moment{Wall: wallAt("2027-06-12T23:00"), Zone: "Europe/London"},
		Busy: Blocks, Private: true, Sequence: 3, Ours: "b-1", OursRev: "r", Updated: wallAt("2027-01-01T10:11:12Z"),
		Rules: []string{"RRULE:FREQ=WEEKLY;COUNT=3", "EXDATE;TZID=Europe/London:20270619T120000,20270626T120000"}}
	if !same(e, want) {
		t.Errorf("got  %+v\nwant %+v", e, want)
	}
}

func same(a, b Event) bool {
	times := func(a, b Moment) bool { return a.Wall.Equal(b.Wall) && a.Zone == b.Zone && a.Day == b.Day }
	replaces := a.Replaces == nil && b.Replaces == nil || a.Replaces != nil && b.Replaces != nil && times(*a.Replaces, *b.Replaces)
	return a.UID == b.UID && a.Title == b.Title && a.Venue == b.Venue && a.Description == b.Description && times(a.Starts, b.Starts) && times(a.Ends, b.Ends) &&
		a.Busy == b.Busy && a.Cancelled == b.Cancelled && a.Private == b.Private && a.Sequence == b.Sequence && replaces && slices.Equal(a.Rules, b.Rules) &&
		a.Updated.Equal(b.Updated) && a.Ours == b.Ours && a.OursRev == b.OursRev
}

func TestReadsFilesThatBreakTheRules(t *testing.T) {
	t.Parallel()
	whole := string(calendar(vevent("UID:a", "SUMMARY:Fête", "DTSTART:20270612T120000Z", "DTEND:20270612T130000Z")))
	for name, body := range map[string]string{
		"a byte order mark":        "\xEF\xBB\xBF" + whole,
		"LF only":                  strings.ReplaceAll(whole, "\r\n", "\n"),
		"CR only":                  strings.ReplaceAll(whole, "\r\n", "\r"),
		"blank lines":              strings.ReplaceAll(whole, "\r\n", "\r\n\r\n"),
		"no END":                   strings.Split(whole, "END:VEVENT")[0],
		"no END of the event":      strings.ReplaceAll(whole, "END:VEVENT\r\n", ""),
		"an alarm without its END": strings.ReplaceAll(whole, "END:VEVENT", "BEGIN:VALARM\r\nSUMMARY:no\r\nEND:VEVENT"),
		"lower case":               strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(whole, "BEGIN", "begin"), "SUMMARY", "summary"), "DTSTART", "dtstart"),
		"folded in the midst":      strings.ReplaceAll(whole, "SUMMARY:F", "SUMM\r\n ARY:F"),
		"folded with a tab":        strings.ReplaceAll(whole, "Fête", "F\r\n\tête"),
		"folded inside a rune":     strings.ReplaceAll(whole, "ê", "\xC3\r\n \xAA"),
		"Latin-1":                  strings.ReplaceAll(whole, "ê", "\xEA"),
		"a parameter without =":    strings.ReplaceAll(whole, "SUMMARY:", "SUMMARY;ODD;LANGUAGE=fr:"),
		"a quote never closed":     strings.ReplaceAll(whole, "SUMMARY:", `SUMMARY;X="odd:`),
		"UTF-16":                   "\xFF\xFE" + wideLE(whole),
		"UTF-16, big end first":    "\xFE\xFF" + wideBE(whole),
		"no wrapping":              strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(whole, "BEGIN:VCALENDAR\r\n", ""), "END:VCALENDAR\r\n", ""), "VERSION:2.0\r\n", ""),
		"a task beside it":         strings.ReplaceAll(whole, "BEGIN:VEVENT", "BEGIN:VTODO\r\nSUMMARY:a task\r\nDTSTART:20270101\r\nEND:VTODO\r\nBEGIN:VEVENT"),
		"a stray END":              strings.ReplaceAll(whole, "SUMMARY", "END:VALARM\r\nSUMMARY"),
		"control characters":       strings.ReplaceAll(whole, "Fête", "F\x00ê\x07te"),
	} {
		events, _, err := Read([]byte(body), "Europe/London")
		if err != nil || len(events) != 1 || events[0].Title != "Fête" || !events[0].Ends.Wall.Equal(wallAt("2027-06-12T13:00")) || events[0].Ends.Zone != "UTC" {
			t.Errorf("%s: %v %+v", name, err, events)
		}
	}
	e := one(t, calendar(vevent("UID:a", "DTSTART:20270612", "DESCRIPTION:Hello", "we arrive, at last", "at noon")))
	if e.Description != "Hello\nwe arrive, at last\nat noon" {
		t.Errorf("broken lines: %q", e.Description)
	}
}

func wideLE(text string) string {
	var out strings.Builder
	for _, r := range text {
		out.WriteByte(byte(r))
		out.WriteByte(byte(r >> 8))
	}
	return out.String()
}

func wideBE(text string) string {
	var out strings.Builder
	for _, r := range text {
		out.WriteByte(byte(r >> 8))
		out.WriteByte(byte(r))
	}
	return out.String()
}

func TestWhenAnEventEnds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		lines string
		end   string // empty: left out
		day   bool
	}{
		{"DTSTART;VALUE=DATE:20270612", "2027-06-13", true},
		{"DTSTART:20270612", "2027-06-13", true},
		{"DTSTART;VALUE=DATE:20270612|DTEND;VALUE=DATE:20270614", "2027-06-14", true},
		{"DTSTART;VALUE=DATE:20270612|DTEND;VALUE=DATE:20270612", "2027-06-13", true},
		{"DTSTART;VALUE=DATE:20270612|DURATION:P2D", "2027-06-14", true},
		{"DTSTART;VALUE=DATE:20270612|DURATION:PT36H", "2027-06-14", true},
		{"DTSTART;VALUE=DATE:20270612|DTEND:20270613T000000Z", "2027-06-13", true},
		{"DTSTART;VALUE=DATE:20270612|DTEND:20270613T100000Z", "2027-06-14", true},
		{"DTSTART;VALUE=DATE:20270612|DTEND;VALUE=DATE:20270611", "", true},
		{"DTSTART:20270612T120000Z", "2027-06-12T12:00", false},
		{"DTSTART:20270612T120000Z|DTEND:20270612T120000Z", "2027-06-12T12:00", false},
		{"DTSTART:20270612T120000Z|DURATION:PT1H30M", "2027-06-12T13:30", false},
		{"DTSTART:20270612T120000Z|DURATION:P1W", "2027-06-19T12:00", false},
		{"DTSTART:20270612T120000Z|DTEND:20270613", "2027-06-13", false},
		{"DTSTART:20270612T120000Z|DTEND:20270612T110000Z", "", false},
		{"DTSTART:20270612T120000Z|DURATION:-PT1H", "", false},
		{"DTSTART:20270612T120000Z|DTEND:soon", "", false},
		{"DTSTART;TZID=Europe/London:20270327T220000|DURATION:PT5H", "2027-03-28T04:00", false}, // five hours pass; the clock goes on by six
		{"DTSTART;TZID=Europe/London:20270327T220000|DURATION:P1D", "2027-03-28T22:00", false},
		{"DTSTART;TZID=Europe/London:20271031T013000|DTEND;TZID=Europe/London:20271031T014500", "2027-10-31T01:45", false},
		{"DTSTART;TZID=America/New_York:20270612T120000|DTEND;TZID=Europe/London:20270612T180000", "2027-06-12T18:00", false},
		{"DTSTART;TZID=America/New_York:20270612T120000|DTEND;TZID=Europe/London:20270612T160000", "", false},
		{"DTSTART:2027-06-12T12:00:00Z|DTEND:2027-06-12T13:00:00Z", "2027-06-12T13:00", false},
		{"DTSTART:20270612T1200Z|DTEND:20270612T1300Z", "2027-06-12T13:00", false},
		{"SUMMARY:never", "", false},
		{"DTSTART:20270230T120000", "", false},
		{"DTSTART:99990101", "", false},
		{"DTSTART:00010101T000000Z", "", false},
	} {
		events, words, err := Read(calendar(vevent("UID:a", strings.ReplaceAll(c.lines, "|", "\r\n"))), "Europe/London")
		switch {
		case err != nil:
			t.Errorf("%s: %v", c.lines, err)
		case c.end == "" && (len(events) != 0 || len(words) != 1 || !strings.Contains(words[0], "left out")):
			t.Errorf("%s: %+v %q", c.lines, events, words)
		case c.end != "" && (len(events) != 1 || !events[0].Ends.Wall.Equal(wallAt(c.end)) || events[0].Ends.Day != c.day):
			t.Errorf("%s: %+v %q", c.lines, events, words)
		}
	}
}

func TestWhatAnEventDoesToItsTime(t *testing.T) {
	t.Parallel()
	for lines, want := range map[string]Event{
		"X-A:b":                                  {Busy: Blocks},
		"TRANSP:TRANSPARENT":                     {Busy: Free},
		"X-MICROSOFT-CDO-BUSYSTATUS:FREE":        {Busy: Free},
		"X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE":   {Busy: Tentative},
		"X-MICROSOFT-CDO-BUSYSTATUS:OOF":         {Busy: Blocks},
		"STATUS:TENTATIVE":                       {Busy: Tentative},
		"STATUS:tentative\r\nTRANSP:TRANSPARENT": {Busy: Free},
		"STATUS:CANCELLED":                       {Busy: Blocks, Cancelled: true},
		"CLASS:PRIVATE":                          {Busy: Blocks, Private: true},
		"CLASS:PUBLIC":                           {Busy: Blocks},
	} {
		if e := one(t, calendar(vevent("DTSTART:20270612", lines))); e.Busy != want.Busy || e.Cancelled != want.Cancelled || e.Private != want.Private {
			t.Errorf("%s: %+v", lines, e)
		}
	}
}

func TestReadIsBounded(t *testing.T) {
	t.Parallel()
	if _, _, err := Read(make([]byte, largest+1), ""); !errors.Is(err, ErrTooLarge) {
		t.Error(err)
	}
	for _, body := range []string{"", "<!DOCTYPE html><html>Sign in</html>", "{}", "\x00\x01\x02", "SUMMARY:x"} {
		if _, _, err := Read([]byte(body), ""); !errors.Is(err, ErrNoCalendar) {
			t.Errorf("%q: %v", body, err)
		}
	}
	if events, words, err := Read(calendar(), ""); err != nil || len(events)+len(words) != 0 {
		t.Error("an empty calendar is one", events, words, err)
	}
	began := time.Now()
	events, words, err := Read(calendar(strings.Repeat(vevent("UID:a", "DTSTART:20270612"), mostRead+7)), "")
	if err != nil || len(events) != mostRead || len(words) != 1 || words[0] != "Only the first 20000 events were read; 7 more were left out." {
		t.Error(len(events), words, err)
	}
	events, words, _ = Read(calendar(strings.Repeat(vevent("UID:a", "DTSTART:20270612T120000Z", "DTEND:20260612T120000Z"), 30), vevent("DTSTART:20270612")), "")
	if len(events) != 1 || len(words) != 1 {
		t.Errorf("the same words again and again: %d, %q", len(events), words)
	}
	var many []string
	for i := range 50 {
		many = append(many, vevent("SUMMARY:"+strings.Repeat("x", i+1)))
	}
	if _, words, _ = Read(calendar(many...), ""); len(words) != mostSaid+1 || words[mostSaid] != "And 30 more remarks like these." {
		t.Errorf("%q", words)
	}
	for name, body := range map[string]string{
		"deep":      strings.Repeat("BEGIN:VEVENT\nBEGIN:X\n", 100_000),
		"unclosed":  "BEGIN:VCALENDAR\n" + strings.Repeat("BEGIN:VTIMEZONE\n", 100_000),
		"colons":    "BEGIN:VCALENDAR\n" + strings.Repeat(":", 2_000_000),
		"one line":  "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20270612\nDESCRIPTION:" + strings.Repeat("é ", 3_000_000),
		"folds":     "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20270612\nDESCRIPTION:x\n" + strings.Repeat(" y\n", 2_000_000),
		"exdates":   "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20270612\n" + strings.Repeat("EXDATE:20270612,x\n", 300_000),
		"zones":     "BEGIN:VCALENDAR\n" + strings.Repeat("BEGIN:VEVENT\nDTSTART;TZID=Unknown:20270612T120000\nEND:VEVENT\n", 20_000),
		"quotes":    "BEGIN:VCALENDAR\n" + strings.Repeat(`A;"`, 1_000_000),
		"semicolon": "BEGIN:VCALENDAR\n" + strings.Repeat(`;`, 3_000_000),
	} {
		if _, _, err := Read([]byte(body), ""); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("it took %s", took)
	}
}
