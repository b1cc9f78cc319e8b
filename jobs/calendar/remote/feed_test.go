package remote

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/wedsync/wedsync/jobs/outside"
)

// published is somebody's feed, which a test changes while it is read.
type published struct {
	*httptest.Server
	body, etag, modified string
	status               int
	heard                []http.Header
}

func publish(t *testing.T) (*published, Feed) {
	t.Helper()
	p := &published{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.heard = append(p.heard, r.Header)
		if p.status != 0 {
			w.WriteHeader(p.status)
			return
		}
		if p.etag != "" {
			w.Header().Set("ETag", p.etag)
		}
		if p.modified != "" {
			w.Header().Set("Last-Modified", p.modified)
		}
		if p.etag != "" && r.Header.Get("If-None-Match") == p.etag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("Content-Type", "text/calendar; charset=utf-8")
		fmt.Fprint(w, p.body)
	}))
	t.Cleanup(p.Close)
	f := Feed{URL: p.URL + "/secret.ics", Box: "test"}
	f.Door, f.OrgID = door(t, true)
	return p, f
}

func TestAFeedIsReadAndReadAgain(t *testing.T) {
	t.Parallel()
	p, f := publish(t)
	p.etag, p.modified = `W/"1"`, "Mon, 23 Nov 2026 12:00:00 GMT"
	p.body = "\ufeff" + strings.Replace(theirs(append(simple("a", "Zoë", "20270612"),
		"BEGIN:VEVENT", "UID:s", "DTSTAMP:20270101T000000Z", "RECURRENCE-ID:20270608T120000Z", "DTSTART:20270609T120000Z", "DTEND:20270609T130000Z", "SUMMARY:moved", "END:VEVENT",
		"BEGIN:VEVENT", "UID:s", "DTSTAMP:20270101T000000Z", "DTSTART:20270601T120000Z", "DTEND:20270601T130000Z", "RRULE:FREQ=WEEKLY;COUNT=3", "SUMMARY:weekly", "END:VEVENT")...),
		"VERSION:2.0", "VERSION:2.0\r\nX-WR-CALNAME:Barn\\, booked and\r\n  kept\r\nX-WR-TIMEZONE:Europe/London", 1)
	all, err := f.Calendars(t.Context())
	if err != nil || len(all) != 1 || all[0] != (Calendar{ID: "feed", Name: "Barn, booked and kept", Zone: "Europe/London", Primary: true}) {
		t.Errorf("%+v, %v", all, err)
	}
	first := pull(t, f, "feed", "")
	equal(t, "first", first.titles(), map[string]string{"a": "Zoë", "s": "weekly / moved"})
	if !first.Whole || !strings.HasPrefix(first.Token, "W/\"1\"\nMon, 23 Nov 2026 12:00:00 GMT\n") {
		t.Errorf("%+v", first.Pull)
	}
	if quiet := pull(t, f, "feed", first.Token); quiet.Whole || len(quiet.objects) != 0 || quiet.Token != first.Token || p.heard[2].Get("If-Modified-Since") != p.modified {
		t.Errorf("%+v", quiet)
	}
	if o, err := f.Get(t.Context(), "feed", "s"); err != nil || len(o.Events) != 2 || o.ETag != first.objects["s"].ETag {
		t.Errorf("%+v, %v", o, err)
	}
	p.etag = `"2"` // says that it changed, and did not
	same := pull(t, f, "feed", first.Token)
	if same.Whole || len(same.objects) != 0 || same.Token == first.Token {
		t.Errorf("%+v", same)
	}
	p.etag, p.modified, p.body = "", "", theirs(simple("a", "Zoë", "20270613")...)
	next := pull(t, f, "feed", same.Token)
	equal(t, "next", next.titles(), map[string]string{"a": "Zoë"})
	if !next.Whole || next.objects["a"].ETag == first.objects["a"].ETag {
		t.Errorf("%+v", next)
	}
	if empty := func() pulled { p.body = theirs(); return pull(t, f, "feed", next.Token) }(); !empty.Whole || len(empty.objects) != 0 {
		t.Errorf("a feed that is empty now: %+v", empty)
	}
	if _, err := f.Get(t.Context(), "feed", "a"); !errors.Is(err, ErrGone) {
		t.Errorf("%v", err)
	}
	if _, err := f.Put(t.Context(), "feed", Draft{}); !errors.Is(err, ErrReadOnly) {
		t.Error(err)
	}
	if err := f.Delete(t.Context(), "feed", "a", ""); !errors.Is(err, ErrReadOnly) {
		t.Error(err)
	}
}

// Feeds break the rule that a UID is one event's. No time that is taken is lost by it.
func TestAFeedThatUsesAUIDTwice(t *testing.T) {
	t.Parallel()
	p, f := publish(t)
	none := simple("x", "no UID", "20270604")
	p.body = theirs(append(append(append(append(simple("u", "one", "20270601"), simple("u", "two", "20270602")...), simple("u", "one, later", "20270601")...),
		append(none[:1:1], none[2:]...)...), append(none[:1:1], none[2:]...)...)...)
	first := pull(t, f, "feed", "")
	if len(first.objects) != 3 || first.titles()["u"] != "one, later" || first.titles()["u#2"] != "two" {
		t.Errorf("%v", first.titles())
	}
}

func TestAFeedSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	p, f := publish(t)
	var reconnect *Reconnect
	var mistaken *Mistaken
	fails := func(what string, target any, words string) {
		t.Helper()
		_, err := tryPull(t.Context(), f, "feed", "")
		if err == nil || !errors.As(err, target) || !strings.Contains(err.Error(), words) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", what, err)
		}
	}
	for body, words := range map[string]string{"\n<!DOCTYPE html><p>Sign in": "web page", "<HTML>": "web page", "nothing": "not a calendar", "": "not a calendar", "\x00\xff": "not a calendar",
		theirs("BEGIN:VEVENT", "UID:x", "DTSTART:yesterday", "END:VEVENT"): "nothing can be read", "BEGIN:VCALENDAR\r\n" + strings.Repeat("X", feedLimit): "10 MiB"} {
		p.body = body
		fails(fmt.Sprintf("%.40q", body), &mistaken, words)
		if _, err := f.Calendars(t.Context()); err == nil && words != "nothing can be read" {
			t.Errorf("%.40q is offered", body)
		}
	}
	p.status = 403
	fails("forbidden", &reconnect, "private address")
	for _, p.status = range []int{404, 410} {
		if _, err := tryPull(t.Context(), f, "feed", ""); !errors.Is(err, ErrNoCalendar) {
			t.Errorf("%d: %v", p.status, err)
		}
	}
	var later *outside.Later
	p.status = 503
	fails("unavailable", &later, "503")
	f.URL = "calendar.ics"
	fails("no address", &mistaken, "whole address")
	f.Door, f.OrgID = door(t, false)
	for _, f.URL = range []string{"webcal://127.0.0.1/secret.ics", "https://169.254.169.254/secret", "webcal://localhost:1/"} {
		if _, err := tryPull(t.Context(), f, "feed", ""); !errors.Is(err, outside.ErrPrivate) {
			t.Errorf("%s: %v", f.URL, err)
		}
	}
}

func TestFeedURL(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{" webcal://a.example/x.ics": "https://a.example/x.ics", "WEBCALS://a.example": "https://a.example", "https://a.example": "https://a.example",
		"http://a.example": "http://a.example", "webcal://": "webcal://"} {
		if got := FeedURL(raw); got != want {
			t.Errorf("%q: %q", raw, got)
		}
	}
}
