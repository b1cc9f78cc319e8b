package ical

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// Files put together from what real and broken ones are made of, in any order.
func TestWhateverPiecesAFileIsMadeOfItIsReadTheSameAgain(t *testing.T) {
	t.Parallel()
	pieces := strings.Split(`BEGIN:VEVENT|END:VEVENT|BEGIN:VEVENT|BEGIN:VALARM|END:VALARM|BEGIN:VTODO|END:VCALENDAR|BEGIN:VCALENDAR|BEGIN:VTIMEZONE|END:VTIMEZONE|BEGIN:STANDARD|END:STANDARD|TZID:Odd
TZOFFSETFROM:-0400|TZOFFSETTO:-0500|X-LIC-LOCATION:Europe/Rome|X-WR-TIMEZONE:Asia/Tokyo|UID:a|UID:b\,c|SUMMARY:Kay \; Fry\n|SUMMARY;LANGUAGE="x:y":é\|LOCATION: x |DESCRIPTION:a\nb\|broken off here| folded|	too
DTSTART:20270612T120000Z|DTSTART:20270612T120000|DTSTART;TZID=Odd:20270612T120000|DTSTART;TZID=Europe/London:20270328T013000|DTSTART;VALUE=DATE:20270612|DTSTART:20270612|DTSTART:nonsense|DTSTART;TZID=W. Europe Standard Time:20271031T023000
DTEND:20270612T130000Z|DTEND;TZID=Odd:20270613T130000|DTEND;VALUE=DATE:20270614|DTEND:20270611|DURATION:PT90M|DURATION:P1DT1H|DURATION:-P1D|DURATION:|DTEND;TZID=Pacific/Apia:20270613T010000
RRULE:FREQ=DAILY;COUNT=5|RRULE:freq=weekly; byday=sa|RRULE:|EXDATE:20270613T120000Z,20270614,x|EXDATE;TZID=Odd:20270613T120000|RDATE;VALUE=PERIOD:20270615T120000Z/PT1H|RDATE;VALUE=DATE:20270616|EXRULE:FREQ=DAILY
RECURRENCE-ID:20270613T120000Z|RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Odd:20270613T120000|RECURRENCE-ID;VALUE=DATE:20270613|RECURRENCE-ID:x
TRANSP:TRANSPARENT|TRANSP:OPAQUE|STATUS:TENTATIVE|STATUS:CANCELLED|X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE|CLASS:PRIVATE|SEQUENCE:7|SEQUENCE:-1|SEQUENCE:99999999999|LAST-MODIFIED:20270101T000000Z|LAST-MODIFIED:20270101T000000
X-WEDSYNC-ID:1\,2|X-WEDSYNC-REV:r|:|;|;;=:|"|NAME;"a:b|\||X`, "|")
	var lines []string
	for _, piece := range pieces {
		lines = append(lines, strings.Split(piece, "\n")...)
	}
	random := rand.New(rand.NewPCG(1, 2))
	read := 0
	for range 20_000 {
		var file strings.Builder
		head := "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n"
		file.WriteString(head[:max(len(head)-random.IntN(4), len(head)*random.IntN(2))])
		for range random.IntN(25) {
			file.WriteString(lines[random.IntN(len(lines))])
			file.WriteString([]string{"\r\n", "\n", "\r\n\r\n", "\r\n "}[random.IntN(4)])
		}
		otherwise := []string{"", "Europe/London"}[random.IntN(2)]
		events, _, err := Read([]byte(file.String()), otherwise)
		if err != nil {
			continue
		}
		out := Write("", events, written)
		back, words, err := Read(out, otherwise)
		if err != nil || len(back) != len(events) {
			t.Fatalf("%d came back as %d, %v, %q\n%s\n%s", len(events), len(back), err, words, file.String(), out)
		}
		read += len(events)
		for i, e := range events {
			if e.UID == "" {
				back[i].UID = ""
			}
			if !same(e, back[i]) {
				t.Fatalf("wrote %+v\nread  %+v\n%s\n%s", e, back[i], file.String(), out)
			}
			if e.Replaces != nil {
				continue
			}
			if body, err := Rewrite([]byte(file.String()), e, written); err == nil && e.UID != "" && strings.Count(file.String(), "BEGIN:VEVENT") == 1 {
				if again, _, err := Read(body, otherwise); err != nil || len(again) == 0 || again[0].Title != e.Title || !again[0].Starts.Wall.Equal(e.Starts.Wall) || !again[0].Ends.Wall.Equal(e.Ends.Wall) {
					t.Fatalf("rewritten %+v\nread %+v\n%s\n%s", e, again, file.String(), body)
				}
			}
		}
		Expand(events, time.UTC, written, written.AddDate(1, 0, 0), 50)
	}
	if read < 2000 {
		t.Errorf("only %d events were read", read)
	}
}
