package ical

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// Whatever comes in, it neither trips nor hangs, and what was read can be written, and read again the same.
func FuzzRead(f *testing.F) {
	f.Add([]byte("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:a\nDTSTART;TZID=Europe/London:20270612T120000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE:20270613T120000,x\nEND:VEVENT\nEND:VCALENDAR"), "Europe/London")
	f.Add([]byte("\xEF\xBB\xBFBEGIN:VEVENT\rDTSTART;VALUE=DATE:20270612\rRECURRENCE-ID;RANGE=THISANDFUTURE:20270612\rSUMMARY:\xEA\\n\\"), "")
	f.Add([]byte("BEGIN:VCALENDAR\nX-WR-TIMEZONE:Europe/Rome\nBEGIN:VTIMEZONE\nTZID:x\nBEGIN:STANDARD\nDTSTART:16010101T020000\nTZOFFSETFROM:-0400\nTZOFFSETTO:-0500\nRRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=11\nEND:STANDARD\nEND:VTIMEZONE\nBEGIN:VEVENT\nDTSTART;TZID=x:20270612T120000\nRDATE;VALUE=PERIOD;TZID=x:20270613T120000/PT1H\nDESCRIPTION:a\nb\n c\nTRANSP:TRANSPARENT\nX-WEDSYNC-ID:1\nLAST-MODIFIED:20270101T000000Z"), "UTC")
	f.Add([]byte("BEGIN:VEVENT\nDTSTART;TZID=(UTC+01:00) Berlin:20270612T120000\nSTATUS:CANCELLED\nX-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE\nCLASS:PRIVATE\nSEQUENCE:7"), "Nowhere")
	f.Fuzz(func(t *testing.T, body []byte, otherwise string) {
		events, words, err := Read(body, otherwise)
		if len(words) > mostSaid+2 {
			t.Errorf("%d remarks", len(words))
		}
		if err != nil {
			return
		}
		for _, e := range events {
			if _, err := Rewrite(body, e, written); err == nil && e.UID == "" {
				break // one is enough
			}
		}
		out := Write("x", events, written)
		for l := range bytes.SplitSeq(out, []byte("\r\n")) {
			if len(l) > 75 || bytes.ContainsAny(l, "\r\n") {
				t.Errorf("%q", l)
			}
		}
		back, _, err := Read(out, otherwise)
		if err != nil || len(back) != len(events) {
			t.Fatalf("%d events came back as %d, %v\n%s", len(events), len(back), err, out)
		}
		for i := range events {
			if events[i].UID == "" {
				back[i].UID = ""
			}
			if !same(events[i], back[i]) {
				t.Errorf("wrote %+v\nread  %+v\n%s", events[i], back[i], out)
			}
			if Hash(events[i]) != Hash(back[i]) {
				t.Errorf("another hash: %+v", back[i])
			}
		}
		if len(events) < 20 {
			zone, _, _ := Zone(otherwise)
			Expand(events, zone, written, written.AddDate(2, 0, 0), 100)
		}
	})
}

// No rule trips it or holds it up, and nothing outside the window or beyond the most comes of it.
func FuzzExpand(f *testing.F) {
	for _, rule := range []string{"FREQ=SECONDLY", "FREQ=YEARLY;BYWEEKNO=53;BYDAY=MO;BYSETPOS=-1", "FREQ=MONTHLY;BYDAY=-1FR,2MO;BYHOUR=1,2", "FREQ=HOURLY;INTERVAL=24;BYHOUR=7", "FREQ=MINUTELY;COUNT=7;BYMONTHDAY=-31", "FREQ=WEEKLY;WKST=SU;UNTIL=20270101"} {
		f.Add(rule, int64(0), int64(3600), false)
		f.Add(rule, int64(1_800_000_000), int64(-7), true)
	}
	f.Fuzz(func(t *testing.T, rule string, start, length int64, day bool) {
		at := time.Unix(start%10_000_000_000, 0).UTC()
		if !sane(at) || strings.Contains(rule, "\x00") {
			return
		}
		e := Event{Starts: Moment{Wall: at, Zone: "Europe/London"}, Ends: Moment{Wall: at.Add(time.Duration(length%1_000_000_000) * time.Second), Zone: "Europe/London"}, Rules: []string{"RRULE:" + rule}}
		if day {
			e.Starts, e.Ends = Moment{Wall: midnight(at), Day: true}, Moment{Wall: midnight(at).AddDate(0, 0, 1), Day: true}
		}
		from, until := written, written.AddDate(2, 0, 0)
		began := time.Now()
		found, _ := Expand([]Event{e}, time.UTC, from, until, 100)
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("%s", took)
		}
		if len(found) > 100 {
			t.Errorf("%d", len(found))
		}
		for _, o := range found {
			if o.Ends.Before(o.Starts) || !o.Starts.Before(until) || o.Ends.Before(from) {
				t.Errorf("%+v", o)
			}
		}
	})
}
