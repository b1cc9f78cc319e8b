package remote

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wedsync/wedsync/jobs/calendar/ical"
	"github.com/wedsync/wedsync/jobs/outside"
)

const (
	key1 = "0123456789abcdef0123456789abcdef"
	key2 = "fedcba9876543210fedcba9876543210"
)

func wedding(title, rev string) ical.Event {
	wall := time.Date(2027, 6, 12, 13, 0, 0, 0, time.UTC)
	return ical.Event{Title: title, Venue: "Schloß Grünau; Saal 2, links", Description: "Zoë & Théo\nab 13 Uhr", Busy: ical.Blocks, Ours: "booking-1", OursRev: rev,
		Starts: ical.Moment{Wall: wall, Zone: "Europe/Vienna"}, Ends: ical.Moment{Wall: wall.Add(10 * time.Hour), Zone: "Europe/Vienna"}}
}

func equal(t *testing.T, what string, got, want map[string]string) {
	t.Helper()
	if !maps.Equal(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestCalDAVIsFoundFromWhateverIsTyped(t *testing.T) {
	each(t, func(t *testing.T, s server) {
		for _, path := range []string{"", "/", s.principal, strings.TrimSuffix(s.principal, "/"), s.home, "/.well-known/caldav", "/some/page.html"} {
			all, err := s.client(t, path).Calendars(t.Context())
			i := slices.IndexFunc(all, func(c Calendar) bool { return c.ID == s.own })
			if err != nil || i < 0 || all[i].Name != calendarName || !all[i].Writable {
				t.Errorf("from %q: %+v, %v", path, all, err)
			}
		}
		for _, path := range []string{s.own, strings.TrimSuffix(s.own, "/")} {
			all, err := s.client(t, path).Calendars(t.Context())
			if err != nil || len(all) != 1 || all[0].ID != s.own || !all[0].Primary {
				t.Errorf("the calendar itself, %q: %+v, %v", path, all, err)
			}
		}
	})
}

// Both ways: what we write and what others do, told apart; nothing told twice; nobody's change overwritten.
func TestCalDAVBothWays(t *testing.T) {
	each(t, func(t *testing.T, s server) {
		c, ctx := s.client(t, "/"), t.Context()
		s.save(t, "theirs.ics", simple("theirs-1", "Café crème", "20270601")...)
		first := pull(t, c, s.own, "")
		equal(t, "the first reading", first.titles(), map[string]string{s.own + "theirs.ics": "Café crème"})
		if !first.Whole || first.Token == "" {
			t.Errorf("%+v", first.Pull)
		}

		w, err := c.Put(ctx, s.own, Draft{Key: key1, Event: wedding("Zoë & Théo", "r1")})
		if err != nil || w.ID != s.own+key1+".ics" || w.ETag == "" {
			t.Fatalf("%+v, %v", w, err)
		}
		second := pull(t, c, s.own, first.Token)
		equal(t, "our own", second.titles(), map[string]string{w.ID: "Zoë & Théo"})
		echo := second.objects[w.ID]
		if second.Whole || echo.ETag != w.ETag || echo.Events[0].Ours != "booking-1" || echo.Events[0].OursRev != "r1" || ical.Hash(echo.Events[0]) != ical.Hash(wedding("Zoë & Théo", "r1")) {
			t.Errorf("our echo is not known again: %+v", echo)
		}

		// Once more, as after an answer that was lost: it is there, and it is what we wrote. Something else is not overwritten.
		if again, err := c.Put(ctx, s.own, Draft{Key: key1, Event: wedding("Zoë & Théo", "r1")}); err != nil || again != w {
			t.Errorf("again: %+v, %v", again, err)
		}
		if other, err := c.Put(ctx, s.own, Draft{Key: key1, Event: wedding("Zoë & Max", "r2")}); err != nil || other.ID != w.ID || other.ETag != "" {
			t.Errorf("another under the same key: %+v, %v", other, err)
		}
		if quiet := pull(t, c, s.own, second.Token); len(quiet.objects) != 0 || quiet.Whole {
			t.Errorf("nothing happened: %+v", quiet)
		}

		// The couple's planner moves it at the same time as we do.
		_, _, body := s.raw(t, http.MethodGet, w.ID, "")
		s.raw(t, http.MethodPut, w.ID, strings.ReplaceAll(body, "Théo", "Théodore"), "Content-Type", "text/calendar; charset=utf-8")
		if _, err := c.Put(ctx, s.own, Draft{ID: w.ID, ETag: w.ETag, Event: wedding("Zoë & T.", "r2")}); !errors.Is(err, ErrChanged) {
			t.Errorf("over another's change: %v", err)
		}
		if err := c.Delete(ctx, s.own, w.ID, w.ETag); !errors.Is(err, ErrChanged) {
			t.Errorf("deleted over another's change: %v", err)
		}
		third := pull(t, c, s.own, second.Token)
		equal(t, "the planner's", third.titles(), map[string]string{w.ID: "Zoë & Théodore"})

		next, err := c.Put(ctx, s.own, Draft{ID: w.ID, ETag: third.objects[w.ID].ETag, Event: wedding("Zoë & T.", "r2")})
		if err != nil || next.ID != w.ID || next.ETag == "" || next.ETag == w.ETag {
			t.Fatalf("%+v, %v", next, err)
		}
		if o, err := c.Get(ctx, s.own, w.ID); err != nil || o.ETag != next.ETag || o.Events[0].Title != "Zoë & T." || o.Events[0].Venue != wedding("", "").Venue {
			t.Errorf("%+v, %v", o, err)
		}
		s.discard(t, s.own+"theirs.ics")
		for range 2 { // the second time it is gone already
			if err := c.Delete(ctx, s.own, w.ID, next.ETag); err != nil {
				t.Errorf("delete: %v", err)
			}
		}
		last := pull(t, c, s.own, third.Token)
		equal(t, "both deleted", last.titles(), map[string]string{w.ID: "gone", s.own + "theirs.ics": "gone"})
		if _, err := c.Put(ctx, s.own, Draft{ID: w.ID, ETag: next.ETag, Event: wedding("x", "r3")}); !errors.Is(err, ErrGone) {
			t.Errorf("written where it is gone: %v", err)
		}
		if _, err := c.Get(ctx, s.own, w.ID); !errors.Is(err, ErrGone) {
			t.Errorf("read where it is gone: %v", err)
		}
	})
}

// What others put into our entry stays there when we write.
func TestCalDAVKeepsWhatOthersAdd(t *testing.T) {
	each(t, func(t *testing.T, s server) {
		c := s.client(t, s.own)
		w, err := c.Put(t.Context(), s.own, Draft{Key: key1, Event: wedding("Zoë", "r1")})
		if err != nil {
			t.Fatal(err)
		}
		_, _, body := s.raw(t, http.MethodGet, w.ID, "")
		alarm := "BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:Los!\r\nTRIGGER:-PT2H\r\nEND:VALARM\r\nX-THEIR-COLOUR:grün\r\n"
		body = strings.Replace(body, "END:VEVENT", alarm+"END:VEVENT", 1)
		if status, _, answer := s.raw(t, http.MethodPut, w.ID, body, "Content-Type", "text/calendar; charset=utf-8"); status >= 300 {
			t.Fatal(status, answer)
		}
		o, err := c.Get(t.Context(), s.own, w.ID)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Put(t.Context(), s.own, Draft{ID: w.ID, ETag: o.ETag, Event: wedding("Zoë und Max", "r2")}); err != nil {
			t.Fatal(err)
		}
		_, _, body = s.raw(t, http.MethodGet, w.ID, "")
		for _, want := range []string{"TRIGGER:-PT2H", "X-THEIR-COLOUR:grün", "SUMMARY:Zoë und Max"} {
			if !strings.Contains(body, want) {
				t.Errorf("%s is lost: %s", want, body)
			}
		}
	})
}

// A person's program may move our entry to a name of its own. Its UID is still ours, and it is not made twice.
func TestCalDAVFindsOurEntryUnderAnotherName(t *testing.T) {
	each(t, func(t *testing.T, s server) {
		c := s.client(t, s.own)
		lines := simple(key1+"@wedsync", "Moved", "20270612")
		s.save(t, "moved.ics", lines...)
		w, err := c.Put(t.Context(), s.own, Draft{Key: key1, Event: wedding("Zoë", "r1")})
		if err != nil || w.ID != s.own+"moved.ics" || w.ETag != "" {
			t.Errorf("%+v, %v", w, err)
		}
		if all := pull(t, c, s.own, ""); len(all.objects) != 1 {
			t.Errorf("%v", all.titles())
		}
	})
}

func TestCase5AMovedAndACancelledDayOfASeries(t *testing.T) {
	each(t, func(t *testing.T, s server) {
		c := s.client(t, s.own)
		s.save(t, "series.ics",
			"BEGIN:VEVENT", "UID:s1", "DTSTAMP:20270101T000000Z", "RECURRENCE-ID;VALUE=DATE:20270612", "DTSTART;VALUE=DATE:20270613", "DTEND;VALUE=DATE:20270614", "SUMMARY:On Sunday instead", "END:VEVENT",
			"BEGIN:VEVENT", "UID:s1", "DTSTAMP:20270101T000000Z", "DTSTART;VALUE=DATE:20270605", "DTEND;VALUE=DATE:20270606", "RRULE:FREQ=WEEKLY;COUNT=4", "EXDATE;VALUE=DATE:20270619", "SUMMARY:Saturdays", "END:VEVENT")
		o := pull(t, c, s.own, "").objects[s.own+"series.ics"]
		if len(o.Events) != 2 || o.Events[0].Title != "Saturdays" || o.Events[1].Replaces == nil || !o.Events[0].Starts.Day {
			t.Fatalf("%+v", o)
		}
		from := time.Date(2027, 6, 1, 0, 0, 0, 0, time.UTC)
		all, _ := ical.Expand(o.Events, time.UTC, from, from.AddDate(0, 1, 0), 100)
		var days []string
		for _, occurrence := range all {
			days = append(days, occurrence.Starts.Format(time.DateOnly))
		}
		slices.Sort(days)
		if want := []string{"2027-06-05", "2027-06-13", "2027-06-26"}; !slices.Equal(days, want) {
			t.Errorf("%v, want %v", days, want)
		}
	})
}

// A token that a server has forgotten, and one that it never gave: radicale says 403, xandikos 500.
func TestCase7ARefusedTokenReadsEverything(t *testing.T) {
	each(t, func(t *testing.T, s server) {
		c := s.client(t, "/")
		s.save(t, "a.ics", simple("a", "A", "20270601")...)
		s.save(t, "b.ics", simple("b", "B", "20270602")...)
		before := pull(t, c, s.own, "")
		s.discard(t, s.own+"a.ics")
		s.save(t, "c.ics", simple("c", "C", "20270603")...)
		for _, token := range []string{"sync:bogus", "sync:http://radicale.org/ns/sync/" + strings.Repeat("0", 64), "sync:" + strings.Repeat("0", 40), "sync:<&>é", "bogus", "ctag:old", "list:old", "sync:"} {
			p := pull(t, c, s.own, token)
			equal(t, token, p.titles(), map[string]string{s.own + "b.ics": "B", s.own + "c.ics": "C"})
			if !p.Whole || !strings.HasPrefix(p.Token, bySync) {
				t.Errorf("%s: %+v", token, p.Pull)
			}
		}
		// The changes of the blackout are there by the old token as well.
		p := pull(t, c, s.own, before.Token)
		equal(t, "since before", p.titles(), map[string]string{s.own + "a.ics": "gone", s.own + "c.ics": "C"})
		// A page that fails is not taken for an end of the reading.
		broken := errors.New("our database is away")
		if _, err := c.Changes(t.Context(), s.own, "", Window{}, func([]Object) error { return broken }); !errors.Is(err, broken) {
			t.Errorf("%v", err)
		}
	})
}

func TestCase8AThousandCyclesCreateNothing(t *testing.T) {
	each(t, func(t *testing.T, s server) {
		c, ctx := s.client(t, s.own), t.Context()
		draft := Draft{Key: key1, Event: wedding("Zoë & Théo", "r1")}
		w, err := c.Put(ctx, s.own, draft)
		if err != nil {
			t.Fatal(err)
		}
		token := pull(t, c, s.own, "").Token
		for i := range 1000 {
			p := pull(t, c, s.own, token)
			if len(p.objects) != 0 || p.Whole || p.Token != token {
				t.Fatalf("cycle %d: %+v", i, p)
			}
			if i%10 != 0 {
				continue
			}
			draft.ID, draft.ETag = w.ID, w.ETag
			if i%20 == 0 {
				draft.ID, draft.ETag = "", "" // the answer was lost
			}
			if again, err := c.Put(ctx, s.own, draft); err != nil || again != w {
				t.Fatalf("cycle %d: %+v, %v", i, again, err)
			}
		}
		if all := pull(t, c, s.own, ""); len(all.objects) != 1 {
			t.Errorf("%v", all.titles())
		}
	})
}

func TestCalDAVReadsManyInChunks(t *testing.T) {
	each(t, func(t *testing.T, s server) {
		const many = chunk + 5
		want := map[string]string{}
		for i := range many {
			name := fmt.Sprintf("event %d; ü@x.ics", i)
			s.save(t, url.PathEscape(name), simple(fmt.Sprint("u", i), fmt.Sprint("No ", i), "20270601")...)
			want[s.own+url.PathEscape(name)] = fmt.Sprint("No ", i)
		}
		c := s.client(t, s.own)
		p := pull(t, c, s.own, "")
		equal(t, "all", p.titles(), want)
		id := s.own + url.PathEscape("event 3; ü@x.ics")
		if w, err := c.Put(t.Context(), s.own, Draft{ID: id, ETag: p.objects[id].ETag, Event: wedding("Written", "r")}); err != nil || w.ID != id {
			t.Errorf("%+v, %v", w, err)
		}
		equal(t, "the one", pull(t, c, s.own, p.Token).titles(), map[string]string{id: "Written"})
	})
}

func TestCalDAVACalendarThatIsDeletedOutside(t *testing.T) {
	each(t, func(t *testing.T, s server) {
		c := s.client(t, "/")
		token := pull(t, c, s.own, "").Token
		s.discard(t, s.own)
		for _, since := range []string{token, ""} {
			if _, err := tryPull(t.Context(), c, s.own, since); !errors.Is(err, ErrNoCalendar) {
				t.Errorf("since %q: %v", since, err)
			}
		}
		if _, err := c.Put(t.Context(), s.own, Draft{Key: key1, Event: wedding("x", "r")}); !errors.Is(err, ErrNoCalendar) {
			t.Errorf("%v", err)
		}
	})
}

// without stands before a server and hides what it can do.
func (s server) without(t *testing.T, hide ...string) server {
	t.Helper()
	behind, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(behind)
		r.Out.Header.Del("Accept-Encoding") // so that the answer can be read here
	}, ModifyResponse: func(r *http.Response) error {
		body, err := io.ReadAll(r.Body)
		text := string(body)
		for _, word := range hide {
			text = strings.ReplaceAll(text, word, "hidden")
		}
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
		r.Header.Set("Content-Length", fmt.Sprint(len(text)))
		return err
	}}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		for _, word := range hide {
			if r.Method == "REPORT" && strings.Contains(string(body), "<"+word) || strings.Contains(string(body), "<C:"+word) {
				http.Error(w, "no such report", http.StatusNotImplemented)
				return
			}
		}
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	s.url = front.URL
	return s
}

// Servers that cannot tell what changed: one counts changes, one does not even do that, one does not give several at once.
func TestCalDAVWithoutSyncCollection(t *testing.T) {
	each(t, func(t *testing.T, s server) {
		for prefix, hidden := range map[string][]string{byCTag: {"sync-collection", "sync-token"}, byList: {"sync-collection", "sync-token", "getctag", "calendar-multiget"}} {
			c := s.without(t, hidden...).client(t, s.own)
			s.save(t, "a.ics", simple("a", "A", "20270601")...)
			s.save(t, "b.ics", simple("b", "B", "20270602")...)
			first := pull(t, c, s.own, "")
			equal(t, "first", first.titles(), map[string]string{s.own + "a.ics": "A", s.own + "b.ics": "B"})
			if !first.Whole || !strings.HasPrefix(first.Token, prefix) {
				t.Errorf("%+v", first.Pull)
			}
			if quiet := pull(t, c, s.own, first.Token); quiet.Whole || len(quiet.objects) != 0 || quiet.Token != first.Token {
				t.Errorf("nothing happened: %+v", quiet)
			}
			s.discard(t, s.own+"b.ics")
			s.save(t, "a.ics", simple("a", "A2", "20270601")...)
			next := pull(t, c, s.own, first.Token)
			equal(t, "next", next.titles(), map[string]string{s.own + "a.ics": "A2"})
			if !next.Whole || next.Token == first.Token {
				t.Errorf("%+v", next.Pull)
			}
			s.discard(t, s.own+"a.ics")
		}
	})
}

// A server that was moved points to where it is now. What we know by its old address stays known by it.
func TestCalDAVAServerThatWasMoved(t *testing.T) {
	t.Parallel()
	s := start(t, "radicale")
	behind, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(behind)
		r.Out.URL.Path, r.Out.URL.RawPath = strings.TrimPrefix(r.In.URL.Path, "/new"), ""
		r.Out.Header.Set("X-Script-Name", "/new")
	}}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if rest, old := strings.CutPrefix(r.URL.EscapedPath(), "/old/"); old {
			http.Redirect(w, r, "/new/"+rest, http.StatusMovedPermanently)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	defer front.Close()
	s.save(t, "a.ics", simple("a", "A", "20270601")...)
	c, own := s.client(t, ""), "/old"+s.own
	c.URL = front.URL + "/old/"
	first := pull(t, c, own, "")
	equal(t, "first", first.titles(), map[string]string{own + "a.ics": "A"})
	w, err := c.Put(t.Context(), own, Draft{Key: key1, Event: wedding("Zoë", "r1")})
	if err != nil || w.ID != own+key1+".ics" {
		t.Fatalf("%+v, %v", w, err)
	}
	s.discard(t, s.own+"a.ics")
	next := pull(t, c, own, first.Token)
	equal(t, "next", next.titles(), map[string]string{own + "a.ics": "gone", w.ID: "Zoë"})
	if next.objects[w.ID].ETag != w.ETag {
		t.Errorf("%+v, %+v", next.objects, w)
	}
	all, err := c.Calendars(t.Context())
	if err != nil || len(all) != 1 || all[0].ID != "/new"+s.own {
		t.Errorf("%+v, %v", all, err)
	}
}

// iCloud: what was typed is one server, and the calendars are on another of its site.
func TestIDsHoldTheHostWhereItIsAnother(t *testing.T) {
	t.Parallel()
	c := CalDAV{URL: "https://caldav.icloud.com"}
	for raw, want := range map[string]string{"https://caldav.icloud.com:443/1/": "/1/", "https://p34-caldav.icloud.com:443/1/x%20y@z;/": "https://p34-caldav.icloud.com/1/x%20y@z%3B/",
		"https://caldav.icloud.com//evil.example/": "https://caldav.icloud.com//evil.example/"} {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		id := c.id(u)
		back, err := c.resolve(id)
		if id != want || err != nil || host(back) != host(u) || c.id(back) != id {
			t.Errorf("%s: %s, back %s, %v", raw, id, back, err)
		}
	}
	f, err := c.folder("https://p34-caldav.icloud.com/1/home/")
	if err != nil {
		t.Fatal(err)
	}
	for href, want := range map[string]string{"/1/home/a.ics": "https://p34-caldav.icloud.com/1/home/a.ics", "https://p34-caldav.icloud.com:443/1/home/b%40c.ics": "https://p34-caldav.icloud.com/1/home/b@c.ics",
		"/1/home/": "", "/1/home": "", "/1/other/a.ics": "", "/1/home/../x.ics": "", "/1/home/%2e%2e": "", "/1/home/sub/a.ics": "", "https://evil.example/1/home/a.ics": "", "//evil.example/1/home/a.ics": ""} {
		if id, _ := c.inside(f, href); id != want {
			t.Errorf("%s: %s", href, id)
		}
	}
}

func TestCalDAVSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	s := start(t, "radicale")
	s.password = "wrong"
	var reconnect *Reconnect
	c := s.client(t, "/")
	if _, err := c.Calendars(t.Context()); !errors.As(err, &reconnect) || !strings.Contains(err.Error(), "user name and password") {
		t.Errorf("wrong password: %v", err)
	}
	if _, err := tryPull(t.Context(), c, s.own, "sync:x"); !errors.As(err, &reconnect) {
		t.Errorf("wrong password: %v", err)
	}
	if _, err := c.Put(t.Context(), s.own, Draft{Key: key1, Event: wedding("x", "r")}); !errors.As(err, &reconnect) {
		t.Errorf("wrong password: %v", err)
	}
	c.User, c.Password = "", ""
	if _, err := c.Calendars(t.Context()); err == nil {
		t.Error("nobody is let in")
	}
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "<!DOCTYPE html><html><form>Sign in</form></html>")
	}))
	defer page.Close()
	nothing := httptest.NewServer(http.NotFoundHandler())
	defer nothing.Close()
	digest := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("WWW-Authenticate", `Digest realm="Baikal"`)
		w.WriteHeader(401)
	}))
	defer digest.Close()
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	defer secure.Close()
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	for address, words := range map[string]string{page.URL: "web page", nothing.URL: "no calendars at this address", digest.URL: "Digest", secure.URL: "certificate", closed.URL: "could not be reached"} {
		c.URL = address
		if all, err := c.Calendars(t.Context()); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v, %v", words, all, err)
		}
	}
}

// A password is said to the site that it was given for and to nobody else, and never inside our own network.
func TestCase19ThePasswordStaysOnItsSite(t *testing.T) {
	t.Parallel()
	var heard []string
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { heard = append(heard, r.Header.Get("Authorization")) }))
	defer other.Close()
	elsewhere := func(w http.ResponseWriter, r *http.Request) {}
	first := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { elsewhere(w, r) }))
	defer first.Close()
	c := CalDAV{URL: first.URL, User: "anna", Password: "secret", Box: "test"}
	c.Door, c.OrgID = door(t, true)
	for name, answer := range map[string]http.HandlerFunc{
		"301": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL, http.StatusMovedPermanently)
		},
		"308": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL, http.StatusPermanentRedirect)
		},
		"endless": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/"+r.URL.Path, http.StatusTemporaryRedirect)
		},
		"principal": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(207)
			fmt.Fprintf(w, `<multistatus xmlns="DAV:"><response><href>/</href><propstat><prop><current-user-principal><href>%s/me/</href></current-user-principal></prop><status>HTTP/1.1 200 OK</status></propstat></response></multistatus>`, other.URL)
		},
		"home": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(207)
			fmt.Fprintf(w, `<multistatus xmlns="DAV:"><response><href>/</href><propstat><prop><c:calendar-home-set xmlns:c="urn:ietf:params:xml:ns:caldav"><href>%s/me/</href></c:calendar-home-set></prop><status>HTTP/1.1 200 OK</status></propstat></response></multistatus>`, other.URL)
		},
	} {
		elsewhere = answer
		var mistaken *Mistaken
		if _, err := c.Calendars(t.Context()); !errors.As(err, &mistaken) {
			t.Errorf("%s: %v", name, err)
		}
		for _, id := range []string{other.URL + "/x/", "//" + strings.TrimPrefix(other.URL, "http://") + "/x/"} {
			if _, err := tryPull(t.Context(), c, id, ""); !errors.As(err, &mistaken) {
				t.Errorf("%s: %v", id, err)
			}
		}
	}
	if len(heard) != 0 {
		t.Errorf("another server heard %q", heard)
	}
	c.Door, c.OrgID = door(t, false)
	for _, address := range []string{"https://127.0.0.1:1/", "https://localhost/", "https://169.254.169.254/"} {
		c.URL = address
		if _, err := c.Calendars(t.Context()); !errors.Is(err, outside.ErrPrivate) {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// A reading that breaks off in the middle is none: what was not told is not taken for gone.
func TestCase7AReadingThatBreaksOff(t *testing.T) {
	each(t, func(t *testing.T, s server) {
		s.save(t, "a.ics", simple("a", "A", "20270601")...)
		s.save(t, "b.ics", simple("b", "B", "20270602")...)
		behind := s.url
		for name, breaks := range map[string]func(body string) (int, string){
			"cut off":         func(body string) (int, string) { return 207, body[:len(body)/2] },
			"an outage":       func(string) (int, string) { return 500, "" },
			"one is withheld": func(body string) (int, string) { return 207, strings.ReplaceAll(body, "200 OK", "403 Forbidden") },
			"another place":   func(body string) (int, string) { return 207, strings.ReplaceAll(body, s.own, "/elsewhere/") },
		} {
			front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked, err := io.ReadAll(r.Body)
				if err != nil {
					t.Error(err)
				}
				real := s
				real.url = behind
				status, header, body := real.raw(t, r.Method, r.URL.Path, string(asked), "Depth", r.Header.Get("Depth"), "Content-Type", "application/xml")
				if r.Method == "REPORT" {
					status, body = breaks(body)
				}
				w.Header().Set("Content-Type", header.Get("Content-Type"))
				w.WriteHeader(status)
				fmt.Fprint(w, body)
			}))
			moved := s
			moved.url = front.URL
			if p, err := tryPull(t.Context(), moved.client(t, s.own), s.own, ""); err == nil && (len(p.objects) != 2 || !p.Whole) {
				t.Errorf("%s: %+v", name, p)
			}
			front.Close()
		}
	})
}

func TestWhatAnAnswerToAWriteMeans(t *testing.T) {
	t.Parallel()
	at := &url.URL{Scheme: "https", Host: "dav.example.com"}
	inside := func(status int, fault string) string {
		return fmt.Sprintf(`<multistatus xmlns="DAV:"><response><href>/x</href><status>HTTP/1.1 %d x</status><error><C:%s xmlns:C="urn:ietf:params:xml:ns:caldav"/></error></response></multistatus>`, status, fault)
	}
	fault := func(name string) string {
		return `<error xmlns="DAV:"><C:` + name + ` xmlns:C="urn:ietf:params:xml:ns:caldav"/></error>`
	}
	content := errors.New("the event itself")
	for _, tt := range []struct {
		status int
		body   string
		want   error
	}{
		{201, "", nil}, {204, "", nil}, {207, `<multistatus xmlns="DAV:"/>`, nil}, {207, "<html>", errXML}, {412, "", ErrChanged}, {409, fault("no-uid-conflict"), errTaken}, {403, fault("no-uid-conflict"), errTaken},
		{207, inside(412, "no-uid-conflict"), errTaken}, {207, inside(412, "precondition"), ErrChanged}, {403, "", ErrReadOnly}, {405, "", ErrReadOnly}, {403, fault("valid-calendar-data"), content}, {207, inside(412, "valid-calendar-data"), content},
		{404, "", ErrGone}, {410, "", ErrGone},
	} {
		answer := outside.Answer{Status: tt.status, Body: []byte(tt.body)}
		var err error
		if tt.status >= 300 {
			err = &outside.Refused{Status: tt.status, Answer: answer}
		}
		got := wrote(at, answer, err)
		if tt.want == content {
			var u *unwanted
			if !errors.As(got, &u) || !strings.Contains(got.Error(), "valid-calendar-data") {
				t.Errorf("%d %s: %v", tt.status, tt.body, got)
			}
		} else if !errors.Is(got, tt.want) || tt.want == nil && got != nil {
			t.Errorf("%d %s: %v, want %v", tt.status, tt.body, got, tt.want)
		}
	}
}

func TestMayFollow(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		from, to string
		want     bool
	}{
		{"https://caldav.icloud.com/", "https://p34-caldav.icloud.com:443/1/calendars/", true}, {"https://caldav.icloud.com/", "https://caldav.icloud.com/x", true},
		{"https://caldav.icloud.com/", "http://caldav.icloud.com/x", false}, {"https://caldav.icloud.com/", "http://p34-caldav.icloud.com/", false},
		{"https://caldav.icloud.com/", "https://icloud.com.example.org/", false}, {"https://caldav.icloud.com/", "https://evilicloud.com/", false},
		{"https://a.github.io/", "https://b.github.io/", false}, {"https://a.co.uk/", "https://b.co.uk/", false}, {"https://dav.a.co.uk/", "https://www.a.co.uk/", true},
		{"http://a.example/", "https://a.example/", true}, {"http://127.0.0.1:5232/", "http://127.0.0.1:5232/x", true}, {"http://127.0.0.1:5232/", "http://127.0.0.1:80/", false},
		{"https://127.0.0.1/", "https://127.0.0.2/", false}, {"https://a.example/", "https://a.example:8443/", false}, {"https://a.example/", "https://u:p@a.example/", false},
		{"https://a.example/", "https://A.example./", true}, {"https://a.example/", "ftp://a.example/", false}, {"https://a.example/", "https:///x", false},
	} {
		from, _ := url.Parse(tt.from)
		to, err := url.Parse(tt.to)
		if err != nil {
			t.Fatal(err)
		}
		if got := mayFollow(from, to); got != tt.want {
			t.Errorf("from %s to %s: %t", tt.from, tt.to, got)
		}
	}
}
