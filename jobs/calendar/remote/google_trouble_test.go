package remote_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/jobs/calendar/ical"
	"github.com/wedsync/wedsync/jobs/calendar/remote"
	"github.com/wedsync/wedsync/jobs/outside"
	"github.com/wedsync/wedsync/jobs/sandbox"
)

// Case 7, our side of the wire: only 410 ends a token. Whatever else goes wrong with one goes wrong for now.
func TestCase7OnlyGoneEndsASyncToken(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	_, token := a.changes("")
	g := a.World.Google
	g.SetTrouble(sandbox.TokenBroken)
	var later *outside.Later
	if err := a.fails(token); !errors.As(err, &later) || errors.Is(err, remote.ErrTokenGone) {
		t.Errorf("500 to a token: %v", err)
	}
	g.SetTrouble(sandbox.Fine)
	for _, status := range []int{400, 403, 404, 500, 503} {
		g.Fail(status, "invalid", "", 1)
		if err := a.fails(token); err == nil || errors.Is(err, remote.ErrTokenGone) {
			t.Errorf("%d to a token: %v", status, err)
		}
	}
	if all, _ := a.changes(token); len(all) != 0 {
		t.Errorf("it is good again, and %+v came", all)
	}
	g.ExpireTokens()
	if err := a.fails(token); !errors.Is(err, remote.ErrTokenGone) {
		t.Error(err)
	}
	if err := a.fails("a token of nobody's"); err == nil || errors.Is(err, remote.ErrTokenGone) {
		t.Errorf("400 to what is no token: %v", err)
	}
	if all, next := a.changes(""); len(all) == 0 || next == token {
		t.Error("the whole was not read again")
	}
}

// A reading that fails half-way gives no token, so what is known stays until it is read to its end.
func TestCase7AReadingThatFailsHalfWay(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	for i := range 5100 {
		if _, err := a.World.Google.Insert(person, map[string]any{"summary": fmt.Sprint("n ", i), "start": map[string]any{"date": "2027-06-12"}, "end": map[string]any{"date": "2027-06-13"}}); err != nil {
			t.Fatal(err)
		}
	}
	pages := 0
	count := func([]remote.Object) error {
		pages++
		if pages == 1 {
			a.World.Google.Fail(503, "backendError", "7", 1)
		}
		return nil
	}
	pull, err := a.Changes(t.Context(), person, "", remote.Window{}, count)
	var later *outside.Later
	if !errors.As(err, &later) || later.After != 7*time.Second || pull.Token != "" || pull.Whole || pages != 1 {
		t.Errorf("%+v, %v after %d pages", pull, err, pages)
	}
	seen, mid := map[string]bool{}, ""
	pull, err = a.Changes(t.Context(), person, "", remote.Window{}, func(page []remote.Object) error {
		for _, o := range page {
			seen[o.ID] = true
		}
		if mid == "" { // somebody writes while it is read
			mid = a.put(draft("Meanwhile")).ID
		}
		return nil
	})
	if err != nil || !pull.Whole || len(seen) < 5101 {
		t.Fatalf("%d, %+v, %v", len(seen), pull, err)
	}
	again, _ := a.changes(pull.Token)
	if !seen[mid] && (len(again) != 1 || again[0].ID != mid) {
		t.Error("what was written meanwhile is in neither")
	}
	stop := errors.New("the database is away")
	if _, err := a.Changes(t.Context(), person, "", remote.Window{}, func([]remote.Object) error { return stop }); !errors.Is(err, stop) {
		t.Error(err)
	}
}

func TestTheWindowIsOnlyInTheFirstQuestion(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	old, err := a.World.Google.Insert(person, map[string]any{"summary": "Long ago", "start": map[string]any{"date": "2001-01-01"}, "end": map[string]any{"date": "2001-01-02"}})
	if err != nil {
		t.Fatal(err)
	}
	w := remote.Window{From: time.Now().AddDate(-1, 0, 0), Until: time.Now().AddDate(2, 0, 0)}
	pull, err := a.Changes(t.Context(), person, "", w, func(page []remote.Object) error {
		for _, o := range page {
			if o.ID == old {
				t.Error("from before the window")
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Changes(t.Context(), person, pull.Token, w, func([]remote.Object) error { return nil }); err != nil {
		t.Errorf("the window in a later question: %v", err)
	}
}

// Case 5: exceptions of a series, across zones, and whole days.
func TestCase5SeriesAtGoogle(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	g := a.World.Google
	at := func(text string) map[string]any {
		return map[string]any{"dateTime": text, "timeZone": "America/New_York"}
	}
	id, err := g.Insert(person, map[string]any{"summary": "Class", "start": at("2027-03-01T19:00:00-05:00"), "end": at("2027-03-01T20:00:00-05:00"), "recurrence": []any{"RRULE:FREQ=WEEKLY;COUNT=6"}})
	if err != nil {
		t.Fatal(err)
	}
	_, token := a.changes("")
	// The clocks change in New York on 14 March, two weeks before London: 19:00 there stays 19:00 there.
	gone, moved := id+"_20270315T230000Z", id+"_20270322T230000Z"
	if g.Delete(person, gone) != nil {
		t.Fatal("there is no such occurrence")
	}
	if err := g.Patch(person, moved, map[string]any{"start": at("2027-03-24T10:00:00-04:00"), "end": at("2027-03-24T11:00:00-04:00")}); err != nil {
		t.Fatal(err)
	}
	all, next := a.changes(token)
	if len(all) != 2 {
		t.Fatalf("%+v", all)
	}
	wallAt := func(day, hour int) ical.Moment {
		return ical.Moment{Wall: time.Date(2027, 3, day, hour, 0, 0, 0, time.UTC), Zone: "America/New_York"}
	}
	for i, want := range []struct {
		replaces, starts ical.Moment
		cancelled        bool
	}{{wallAt(15, 19), wallAt(15, 19), true}, {wallAt(22, 19), wallAt(24, 10), false}} {
		o := all[i]
		if o.Gone || o.Series != id || len(o.Events) != 1 || o.Events[0].Cancelled != want.cancelled || o.Events[0].Replaces == nil || *o.Events[0].Replaces != want.replaces || o.Events[0].Starts != want.starts {
			t.Errorf("%+v", o)
		}
	}
	if o, err := a.Get(t.Context(), person, id); err != nil || o.Events[0].Starts != wallAt(1, 19) || len(o.Events[0].Rules) != 1 || o.Series != "" {
		t.Errorf("%+v, %v", o, err)
	}
	if err := g.Delete(person, id); err != nil {
		t.Fatal(err)
	}
	if all, _ = a.changes(next); len(all) != 1 || !all[0].Gone || all[0].ID != id {
		t.Errorf("%+v", all)
	}
}

func TestWhatAnEventDoesToItsTime(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	guest := func(answer string) []any {
		return []any{map[string]any{"email": "tom@example.com", "responseStatus": "accepted"}, map[string]any{"email": person, "self": true, "responseStatus": answer}}
	}
	tests := []struct {
		more map[string]any
		busy ical.Busy
	}{
		{map[string]any{}, ical.Blocks}, {map[string]any{"transparency": "transparent"}, ical.Free}, {map[string]any{"status": "tentative"}, ical.Tentative},
		{map[string]any{"attendees": guest("declined")}, ical.Free}, {map[string]any{"attendees": guest("needsAction")}, ical.Tentative}, {map[string]any{"attendees": guest("accepted")}, ical.Blocks},
		{map[string]any{"start": map[string]any{"dateTime": "2027-10-31T01:30:00Z"}, "end": map[string]any{"dateTime": "2027-10-31T02:30:00Z"}}, ical.Blocks},
	}
	for _, tt := range tests {
		event := map[string]any{"summary": "x", "visibility": "private", "start": map[string]any{"date": "2027-06-12"}, "end": map[string]any{"date": "2027-06-14"}}
		for k, v := range tt.more {
			event[k] = v
		}
		id, err := a.World.Google.Insert(person, event)
		if err != nil {
			t.Fatal(err)
		}
		o, err := a.Get(t.Context(), person, id)
		if err != nil || o.Events[0].Busy != tt.busy || !o.Events[0].Private {
			t.Errorf("%v: %+v, %v", tt.more, o, err)
			continue
		}
		e := o.Events[0]
		if e.Starts.Day && (e.Starts != ical.Moment{Wall: day(2027, 6, 12), Day: true} || e.Ends != ical.Moment{Wall: day(2027, 6, 14), Day: true}) {
			t.Errorf("%+v", e)
		}
		// The clock in London shows 01:30 twice that night, and this is the second.
		if want := time.Date(2027, 10, 31, 1, 30, 0, 0, time.UTC); !e.Starts.Day && (e.Starts != ical.Moment{Wall: want, Zone: "UTC"}) {
			t.Errorf("%+v", e.Starts)
		}
	}
}

// Case 6, our side: a provider that throttles, or ends our access, is told apart from one that is broken.
func TestGoogleSaysNotNow(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	g := a.World.Google
	get := func() error { _, err := a.Google.Calendars(t.Context()); return err }
	for _, tt := range []struct {
		status       int
		reason, wait string
		after        time.Duration
	}{{429, "rateLimitExceeded", "7", 7 * time.Second}, {403, "userRateLimitExceeded", "", 0}, {403, "rateLimitExceeded", "9", 9 * time.Second}, {403, "quotaExceeded", "", time.Hour}, {500, "backendError", "", 0}} {
		g.Fail(tt.status, tt.reason, tt.wait, 1)
		var later *outside.Later
		if err := get(); !errors.As(err, &later) || later.After != tt.after || err.Error() == "" {
			t.Errorf("%+v: %v", tt, err)
		}
	}
	g.Fail(403, "accessNotConfigured", "", 1)
	var refused *outside.Refused
	if err := get(); !errors.As(err, &refused) {
		t.Error(err)
	}
	g.Fail(403, "insufficientPermissions", "", 1)
	if err := get(); !isReconnect(err) {
		t.Error(err)
	}
	g.ExpireAccess()
	if err := get(); err != nil || len(a.asked) != 1 {
		t.Errorf("%v after %d renewals", err, len(a.asked))
	}
	g.Fail(401, "authError", "", 2)
	if err := get(); !isReconnect(err) || len(a.asked) != 2 {
		t.Errorf("%v after %d renewals", err, len(a.asked))
	}
	g.Revoke(person)
	if err := get(); !isReconnect(err) || !strings.Contains(err.Error(), "Connect it again") {
		t.Error(err)
	}
}

func TestACalendarThatWasDeletedAtGoogle(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	id := a.World.Google.AddCalendar(person, "Soon gone")
	all, err := a.Google.Calendars(t.Context())
	if err != nil || all[3].ID != id {
		t.Fatalf("%+v, %v", all, err)
	}
	a.World.Google.DeleteCalendar(id)
	if _, err := a.Changes(t.Context(), id, "", remote.Window{}, nil); !errors.Is(err, remote.ErrNoCalendar) {
		t.Error(err)
	}
	if _, err := a.Put(t.Context(), id, draft("x")); !errors.Is(err, remote.ErrNoCalendar) {
		t.Error(err)
	}
	if _, err := a.Watch(t.Context(), remote.Channel{ID: uuid.NewString(), Address: a.World.Google.Base.String() + "/webhooks/google", Calendar: id}); !errors.Is(err, remote.ErrNoCalendar) {
		t.Error(err)
	}
}

// Case 8, our side: a thousand times nothing is nothing.
func TestCase8QuietCyclesAtGoogle(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	a.put(draft("Still"))
	_, token := a.changes("")
	for range 200 {
		var all []remote.Object
		if all, token = a.changes(token); len(all) != 0 {
			t.Fatalf("%+v", all)
		}
	}
}
