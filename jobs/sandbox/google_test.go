package sandbox

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// googleHome is the stand-in over HTTP beside a WedSync that hears its messages.
func googleHome(t *testing.T) (g *Google, at string, heard chan http.Header, answer *atomic.Int64) {
	t.Helper()
	w := NewWorld(time.Now())
	heard, answer = make(chan http.Header, 100), &atomic.Int64{}
	answer.Store(200)
	mux := http.NewServeMux()
	mux.Handle("/sandbox/google/", w.Google)
	mux.HandleFunc("/webhooks/google", func(w http.ResponseWriter, r *http.Request) {
		heard <- r.Header
		w.WriteHeader(int(answer.Load()))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	w.Google.Base, _ = url.Parse(server.URL)
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { w.Run(ctx) })
	t.Cleanup(func() { stop(); running.Wait() })
	return w.Google, server.URL + "/sandbox/google/calendar/v3/", heard, answer
}

func googleAsk(t *testing.T, method, at, token, body string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, at, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode
}

func next(t *testing.T, heard chan http.Header) http.Header {
	t.Helper()
	select {
	case h := <-heard:
		return h
	case <-time.After(10 * time.Second):
		t.Fatal("no message came")
		return nil
	}
}

// Case 6 at its source: messages carry numbers that grow, are tried again after a fault of ours, and can die without a word.
func TestCase6GooglesMessages(t *testing.T) {
	t.Parallel()
	g, at, heard, answer := googleHome(t)
	const person = "thea.moss@gmail.example"
	token, _ := g.Grant(person)
	body := fmt.Sprintf(`{"id":"c1","type":"web_hook","address":"%s/webhooks/google","token":"t"}`, g.Base)
	if status := googleAsk(t, "POST", at+"calendars/primary/events/watch", token, body); status != 200 {
		t.Fatal(status)
	}
	if status := googleAsk(t, "POST", at+"calendars/primary/events/watch", token, body); status != 400 {
		t.Errorf("the same id twice: %d", status)
	}
	if h := next(t, heard); h.Get("X-Goog-Resource-State") != "sync" || h.Get("X-Goog-Channel-Expiration") == "" {
		t.Errorf("%+v", h)
	}
	insert := func() string {
		id, err := g.Insert(person, days("x", time.Now(), 1))
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	answer.Store(503)
	id := insert()
	first := next(t, heard)
	answer.Store(200)
	if again := next(t, heard); again.Get("X-Goog-Message-Number") != first.Get("X-Goog-Message-Number") || first.Get("X-Goog-Message-Number") == "1" {
		t.Errorf("%+v, then %+v", first, again)
	}
	g.SetTrouble(Silent)
	insert()
	g.SetTrouble(Fine)
	if err := g.Delete(person, id); err != nil {
		t.Fatal(err)
	}
	if h := next(t, heard); h.Get("X-Goog-Message-Number") == first.Get("X-Goog-Message-Number") || len(heard) != 0 {
		t.Errorf("%+v, and %d more", h, len(heard))
	}
	if n := g.StopChannels(); n != 1 || g.Channels() != 0 {
		t.Errorf("%d", n)
	}
}

func TestGoogleRefusesWhatGoogleRefuses(t *testing.T) {
	t.Parallel()
	g, at, _, _ := googleHome(t)
	const person = "henry.holm@gmail.example"
	token, _ := g.Grant(person)
	events := at + "calendars/primary/events"
	for body, want := range map[string]int{
		`{"start":{"date":"2027-06-12"},"end":{"date":"2027-06-13"}}`: 200, `{}`: 400, `[`: 400, `null`: 400, `{"start":7,"end":[]}`: 400,
		`{"start":{"date":"2027-06-12"},"end":{"dateTime":"2027-06-13T00:00:00Z"}}`:                                                   400,
		`{"start":{"date":"2027-06-12","dateTime":"2027-06-12T00:00:00Z"},"end":{"date":"2027-06-13"}}`:                               400,
		`{"start":{"dateTime":"2027-06-12T12:00:00"},"end":{"dateTime":"2027-06-12T13:00:00"}}`:                                       400,
		`{"start":{"dateTime":"2027-06-12T12:00:00","timeZone":"Mars/Base"},"end":{"dateTime":"2027-06-12T13:00:00Z"}}`:               400,
		`{"start":{"dateTime":"2027-06-12T12:00:00","timeZone":"Europe/London"},"end":{"dateTime":"2027-06-12T13:00:00Z"}}`:           200,
		`{"start":{"date":"2027-06-13"},"end":{"date":"2027-06-12"}}`:                                                                 400,
		`{"id":"wxyz-no","start":{"date":"2027-06-12"},"end":{"date":"2027-06-13"}}`:                                                  400,
		`{"recurrence":["EVERY DAY"],"start":{"date":"2027-06-12"},"end":{"date":"2027-06-13"}}`:                                      400,
		`{"recurrence":[7],"start":{"date":"2027-06-12"},"end":{"date":"2027-06-13"}}`:                                                400,
		`{"recurrence":"RRULE","start":{"date":"2027-06-12"},"end":{"date":"2027-06-13"}}`:                                            400,
		`{"status":"maybe","start":{"date":"2027-06-12"},"end":{"date":"2027-06-13"}}`:                                                400,
		`{"attendees":["x",7,{"self":true}],"sequence":"one","start":{"date":"2027-06-12"},"end":{"date":"2027-06-13"},"id":"abcde"}`: 400,
	} {
		if status := googleAsk(t, "POST", events, token, body); status != want {
			t.Errorf("%s: %d, want %d", body, status, want)
		}
	}
	for path, want := range map[string]int{"calendars/another@gmail.example/events": 404, "users/me/calendarList": 200, "calendars/primary": 200, "x": 404, "": 404, "calendars/primary/events/": 404,
		"calendars/primary/events?pageToken=x": 400, "calendars/primary/events?syncToken=%00": 400, "calendars/primary/events?maxResults=-1": 400, "calendars/primary/events?timeMin=soon": 400,
		"calendars/primary/events/no_20270101": 404} {
		if status := googleAsk(t, "GET", at+path, token, ""); status != want {
			t.Errorf("%s: %d, want %d", path, status, want)
		}
	}
	if status := googleAsk(t, "GET", events, "another", ""); status != 401 {
		t.Error(status)
	}
}

// Nobody is locked out of, and nothing is lost in, calendars that many change at once.
func TestGoogleByMany(t *testing.T) {
	t.Parallel()
	g, at, _, _ := googleHome(t)
	const person = "ada.lindqvist@gmail.example"
	token, _ := g.Grant(person)
	before := len(g.Events(person))
	var many sync.WaitGroup
	for range 8 {
		many.Go(func() {
			for range 10 {
				id, err := g.Insert(person, days("x", time.Now(), 1))
				if err != nil || g.Patch(person, id, object{"summary": "y"}) != nil {
					t.Error(err)
				}
				googleAsk(t, "GET", at+"calendars/primary/events?maxResults=5", token, "")
				g.Side().Events(person, time.Now(), time.Now().AddDate(0, 1, 0))
				g.SetTrouble(Fine)
			}
		})
	}
	many.Wait()
	if n := len(g.Events(person)); n != before+80 {
		t.Errorf("%d, not %d", n, before+80)
	}
}

func TestTheSeedOverlapsNothing(t *testing.T) {
	t.Parallel()
	for day := range 7 {
		now := time.Date(2026, 11, 20+day, 15, 0, 0, 0, time.UTC)
		side := newGoogle(newCourier(), now).Side()
		for _, a := range side.Accounts() {
			var all []SideEvent
			for _, c := range a.Calendars {
				for _, e := range side.Events(c.ID, now, now.AddDate(0, 3, 0)) {
					if e.Starts.Weekday() == time.Saturday && !e.Free {
						t.Errorf("%s: %s is on a Saturday", now, e.Title)
					}
					if !e.Free {
						all = append(all, e)
					}
				}
			}
			for i, one := range all {
				for _, other := range all[i+1:] {
					if one.Starts.Before(other.Ends) && other.Starts.Before(one.Ends) {
						t.Errorf("%s: %s and %s, %s", now, one.Title, other.Title, one.Starts)
					}
				}
			}
			if len(all) < 5 {
				t.Errorf("%s has %d", a.Address, len(all))
			}
		}
	}
}
