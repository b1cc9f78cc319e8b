package ical

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestRewriteKeepsWhatOthersAdded(t *testing.T) {
	t.Parallel()
	e := timed("2027-06-12T12:00", "2027-06-12T23:00", "Europe/London")
	e.UID, e.Title, e.Venue, e.Description, e.Ours, e.OursRev = "b-1@wedsync", "Kay & Fry", "Holm House", "one", "b-1", "r1"
	picture := "ATTACH;ENCODING=BASE64;VALUE=BINARY:" + strings.Repeat("QUJD", 50_000)
	added := []string{"ATTENDEE;CN=\"Kay, Anna\":mailto:anna@example.com", "X-APPLE-TRAVEL-ADVISORY-BEHAVIOR:AUTOMATIC", "RRULE:FREQ=WEEKLY;COUNT=2", "CATEGORIES:Weddings,Summer", "CLASS:PRIVATE", picture}
	alarm := []string{"BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:Pack the van", "TRIGGER:-PT2H", "END:VALARM"}
	exception := strings.Join([]string{"BEGIN:VEVENT", "UID:b-1@wedsync", "RECURRENCE-ID;TZID=Europe/London:20270619T120000", "DTSTART;TZID=Europe/London:20270619T140000", "SUMMARY:Theirs", "END:VEVENT", ""}, "\r\n")
	raw := string(Write("", []Event{e}, written))
	raw = strings.Replace(raw, "END:VEVENT\r\n", strings.Join(append(added, alarm...), "\r\n")+"\r\nEND:VEVENT\r\n", 1)
	raw = strings.Replace(raw, "SUMMARY:", "SUMMARY;LANGUAGE=en:", 1)
	raw = strings.Replace(raw, "BEGIN:VEVENT\r\n", exception+"BEGIN:VEVENT\r\n", 1)

	e.Venue, e.Description, e.OursRev, e.Updated = "Miskin Manor", "", "r2", written.Add(time.Hour)
	e.Starts.Wall, e.Ends.Wall = e.Starts.Wall.Add(time.Hour), e.Ends.Wall.Add(time.Hour)
	e.Starts.Zone, e.Ends.Zone = "Europe/Paris", "Europe/Paris"
	body, err := Rewrite([]byte(raw), e, written.Add(2*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	got := strings.ReplaceAll(string(body), "\r\n ", "")
	for _, want := range append(append([]string{"SUMMARY;LANGUAGE=en:Kay & Fry", "LOCATION:Miskin Manor", "DTSTART;TZID=Europe/Paris:20270612T130000", "DTEND;TZID=Europe/Paris:20270613T000000", "SEQUENCE:1",
		"LAST-MODIFIED:20270102T040405Z", "DTSTAMP:20270102T050405Z", "X-WEDSYNC-REV:r2", "TZID:Europe/Paris", "TZID:Europe/London", strings.TrimSuffix(exception, "\r\n")}, added...), strings.Join(alarm, "\r\n")) {
		if strings.Count(got, "\r\n"+want+"\r\n") != 1 {
			t.Errorf("%.80q is there %d times in\n%.3000s", want, strings.Count(got, want), got)
		}
	}
	for _, gone := range []string{"Holm House", "DESCRIPTION:one", "X-WEDSYNC-REV:r1", "LOCATION:Holm"} {
		if strings.Contains(got, gone) {
			t.Errorf("%q is still there", gone)
		}
	}
	events, words, err := Read(body, "")
	if err != nil || len(words) != 0 || len(events) != 2 || events[0].Title != "Theirs" || events[1].Venue != "Miskin Manor" || events[1].Sequence != 1 || !events[1].Private {
		t.Errorf("%v %q %+v", err, words, events)
	}
	again, err := Rewrite(body, e, written.Add(2*time.Hour))
	if want := strings.Replace(string(body), "SEQUENCE:1\r\n", "SEQUENCE:2\r\n", 1); err != nil || string(again) != want {
		t.Errorf("a second time it is another: %v\n%.2000s", err, again)
	}
}

func TestRewriteOfWhatServersMakeOfIt(t *testing.T) {
	t.Parallel()
	e := timed("2027-06-12T12:00", "2027-06-12T23:00", "UTC")
	e.UID, e.Description = "a", "new"
	for name, raw := range map[string]string{
		"a duration":    string(calendar(vevent("UID:a", "DTSTART:20270612T100000Z", "DURATION:PT1H", "SEQUENCE:4"))),
		"LF, a BOM":     "\xEF\xBB\xBF" + strings.ReplaceAll(string(calendar(vevent("UID:a", "DTSTART:20270612T100000Z", "SEQUENCE:4"))), "\r\n", "\n"),
		"no start":      string(calendar(vevent("UID:a", "SEQUENCE:4"))),
		"Outlook's way": string(calendar(vevent("UID:a", "DTSTART:20270612T100000Z", "SEQUENCE:4", "DESCRIPTION:old", "X-ALT-DESC;FMTTYPE=text/html:<b>old</b>", "X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE"))),
		"twice":         string(calendar(vevent("UID:a", "DTSTART:20270612T100000Z", "SUMMARY:a", "SUMMARY:b", "SEQUENCE:4", "SEQUENCE:5"))),
		"an alarm that never ends, in lower case": strings.ToLower(string(calendar(vevent("UID:a", "DTSTART:20270612T100000Z", "SEQUENCE:4", "BEGIN:VALARM", "TRIGGER:-PT1H")))),
	} {
		body, err := Rewrite([]byte(raw), e, written)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := one(t, body)
		if got.Sequence != 5 || got.Title != "x" || !got.Starts.Wall.Equal(e.Starts.Wall) || !got.Ends.Wall.Equal(e.Ends.Wall) || got.Description != "new" || got.Busy != Blocks || strings.Contains(string(body), "old") {
			t.Errorf("%s: %+v\n%s", name, got, body)
		}
	}
	for _, raw := range []string{"", "nonsense", string(calendar()), string(calendar(vevent("UID:b", "DTSTART:20270612"))), string(calendar(vevent("UID:a", "RECURRENCE-ID:20270612", "DTSTART:20270612"))), "BEGIN:VEVENT\nUID:a"} {
		if _, err := Rewrite([]byte(raw), e, written); !errors.Is(err, ErrNoMaster) {
			t.Errorf("%q: %v", raw, err)
		}
	}
}
