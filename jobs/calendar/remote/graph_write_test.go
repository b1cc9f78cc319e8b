package remote_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wedsync/wedsync/jobs/calendar/ical"
	"github.com/wedsync/wedsync/jobs/calendar/remote"
	"github.com/wedsync/wedsync/jobs/outside"
	"github.com/wedsync/wedsync/jobs/sandbox"
)

func ourBooking(key string) remote.Draft {
	zone := "Europe/London"
	return remote.Draft{Key: strings.Repeat(key, 32), Event: ical.Event{Title: "Kay & Fry", Venue: "Holm House", Description: "Ring Anna\nfirst", Busy: ical.Blocks,
		Starts: ical.Moment{Wall: at("2027-06-12 13:00"), Zone: zone}, Ends: ical.Moment{Wall: at("2027-06-13 01:30"), Zone: zone}, Ours: "b-1", OursRev: "r1"}}
}

func TestWritingOnceWhateverHappens(t *testing.T) {
	t.Parallel()
	o := newOutlook(t)
	d := ourBooking("a")
	first, err := o.account.Put(t.Context(), o.calendar, d)
	if err != nil || first.ID == "" || first.ETag == "" {
		t.Fatalf("%+v, %v", first, err)
	}
	again, err := o.account.Put(t.Context(), o.calendar, d)
	if err != nil || again != first {
		t.Errorf("%+v, %v", again, err)
	}
	pulled, _ := o.changes(t, "", season)
	if e := pulled[first.ID].Events[0]; e.Ours != d.Key {
		t.Errorf("a delta has only the key: %+v", e)
	}
	o.ForgetTransactions(ada) // how long they are remembered is nowhere said
	if again, err = o.account.Put(t.Context(), o.calendar, d); err != nil || again != first {
		t.Errorf("%+v, %v", again, err)
	}
	other := d
	other.Event.Title, other.Event.OursRev = "Kay & Fry: moved", "r2"
	if again, err = o.account.Put(t.Context(), o.calendar, other); err != nil || again.ID != first.ID || again.ETag != "" {
		t.Errorf("one that differs: %+v, %v", again, err)
	}
	if all := o.Events(ada, o.calendar); len(all) != 1 {
		t.Errorf("%d events", len(all))
	}
	got, err := o.account.Get(t.Context(), o.calendar, first.ID)
	if err != nil || got.ETag != first.ETag || len(got.Events) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	e := got.Events[0]
	if e.Title != d.Event.Title || e.Venue != d.Event.Venue || e.Description != d.Event.Description || e.Starts != d.Event.Starts || e.Ends != d.Event.Ends || e.Ours != "b-1" || e.OursRev != "r1" {
		t.Errorf("%+v", e)
	}
}

func TestAnAnswerThatIsLostMakesNoSecondEvent(t *testing.T) {
	t.Parallel()
	o := newOutlook(t)
	d := ourBooking("b")
	o.SetTrouble(sandbox.HangsUp)
	var later *outside.Later
	if _, err := o.account.Put(t.Context(), o.calendar, d); !errors.As(err, &later) {
		t.Errorf("%v", err)
	}
	o.SetTrouble(sandbox.Fine)
	for range 2 {
		if w, err := o.account.Put(t.Context(), o.calendar, d); err != nil || w.ETag == "" {
			t.Errorf("%+v, %v", w, err)
		}
	}
	if all := o.Events(ada, o.calendar); len(all) != 1 {
		t.Errorf("%d events", len(all))
	}
}

func TestChangingAndDeleting(t *testing.T) {
	t.Parallel()
	o := newOutlook(t)
	ctx, d := t.Context(), ourBooking("c")
	w, err := o.account.Put(ctx, o.calendar, d)
	if err != nil {
		t.Fatal(err)
	}
	d.ID, d.ETag, d.Event.Venue, d.Event.Description = w.ID, w.ETag, "", ""
	w2, err := o.account.Put(ctx, o.calendar, d)
	if now, _ := o.Event(ada, w.ID); err != nil || w2.ID != w.ID || w2.ETag == w.ETag || now.Location != "" || now.Body != "" {
		t.Errorf("%+v, %v, %+v", w2, err, now)
	}
	if _, err = o.account.Put(ctx, o.calendar, d); !errors.Is(err, remote.ErrChanged) {
		t.Errorf("with an old tag: %v", err)
	}
	if err = o.account.Delete(ctx, o.calendar, w.ID, w.ETag); !errors.Is(err, remote.ErrChanged) {
		t.Errorf("deleted with an old tag: %v", err)
	}
	d.ETag = ""
	if _, err = o.account.Put(ctx, o.calendar, d); err != nil {
		t.Errorf("without a tag: %v", err)
	}
	for range 2 {
		if err = o.account.Delete(ctx, o.calendar, w.ID, ""); err != nil {
			t.Errorf("deleted: %v", err)
		}
	}
	if _, err = o.account.Put(ctx, o.calendar, d); !errors.Is(err, remote.ErrGone) {
		t.Errorf("changed after it was deleted: %v", err)
	}
	if _, err = o.account.Get(ctx, o.calendar, w.ID); !errors.Is(err, remote.ErrGone) {
		t.Errorf("read after it was deleted: %v", err)
	}
	if _, err = o.account.Put(ctx, o.holidays, ourBooking("d")); !errors.Is(err, remote.ErrReadOnly) {
		t.Errorf("into one that may only be read: %v", err)
	}
	if _, err = o.account.Put(ctx, "nowhere", ourBooking("e")); !errors.Is(err, remote.ErrNoCalendar) {
		t.Errorf("into none: %v", err)
	}
	// Case 2: made again under the key of one that is gone, it is there again.
	if w, err = o.account.Put(ctx, o.calendar, ourBooking("c")); err != nil || w.ETag == "" {
		t.Errorf("%+v, %v", w, err)
	}
}

func TestTimesWhereGraphKnowsOnlyWindows(t *testing.T) {
	t.Parallel()
	o := newOutlook(t)
	o.WindowsOnly = true
	day := ourBooking("f")
	day.Event.Starts, day.Event.Ends = ical.Moment{Wall: at("2027-06-12 00:00"), Zone: "Europe/London", Day: true}, ical.Moment{Wall: at("2027-06-13 00:00"), Zone: "Europe/London", Day: true}
	for _, d := range []remote.Draft{ourBooking("0"), day} {
		w, err := o.account.Put(t.Context(), o.calendar, d)
		if err != nil {
			t.Fatal(err)
		}
		got, err := o.account.Get(t.Context(), o.calendar, w.ID)
		if err != nil || got.Events[0].Starts.Day != d.Event.Starts.Day || d.Event.Starts.Day && !got.Events[0].Starts.Wall.Equal(d.Event.Starts.Wall) ||
			!d.Event.Starts.Day && !got.Events[0].Starts.Instant(time.UTC).Equal(d.Event.Starts.Instant(time.UTC)) {
			t.Errorf("%+v, %v", got, err)
		}
	}
}

func TestCalendars(t *testing.T) {
	t.Parallel()
	o := newOutlook(t)
	for range 250 { // two pages
		o.AddCalendar(ada, "Another")
	}
	all, err := o.account.Calendars(t.Context())
	if err != nil || len(all) != 252 || all[0] != (remote.Calendar{ID: o.calendar, Name: "Calendar", Writable: true, Primary: true}) || all[1].Writable || all[1].Primary {
		t.Errorf("%d %v", len(all), err)
	}
	if who, err := o.account.Owner(t.Context()); who != ada || err != nil {
		t.Errorf("%q, %v", who, err)
	}
}

func TestAnAccessTokenThatHasRunOut(t *testing.T) {
	t.Parallel()
	o := newOutlook(t)
	o.ExpireAccess(ada)
	if _, err := o.account.Calendars(t.Context()); err != nil {
		t.Errorf("%v", err)
	}
	var reconnect *remote.Reconnect
	o.account.Grant = func(context.Context, string) (string, error) { return "always bad", nil }
	if _, err := o.account.Calendars(t.Context()); !errors.As(err, &reconnect) {
		t.Errorf("%v", err)
	}
	if asked := o.Asked(); len(asked) != 4 {
		t.Errorf("%v", asked)
	}
	o.account.Grant = func(context.Context, string) (string, error) { return "", &remote.Reconnect{Words: "gone"} }
	if _, err := o.account.Calendars(t.Context()); !errors.As(err, &reconnect) || err.Error() != "gone" {
		t.Errorf("%v", err)
	}
}

func TestBeingAskedToWait(t *testing.T) {
	t.Parallel()
	o := newOutlook(t)
	for status, header := range map[int]string{429: "17", 503: time.Now().Add(20 * time.Minute).UTC().Format(http.TimeFormat), 504: "3"} {
		o.Fail(status, "ApplicationThrottled", header, 1)
		var later *outside.Later
		if _, err := o.account.Calendars(t.Context()); !errors.As(err, &later) || later.Status != status || later.After < 3*time.Second {
			t.Errorf("%d: %v", status, err)
		}
	}
	o.Fail(403, "ErrorAccessDenied", "", 1)
	var reconnect *remote.Reconnect
	if _, err := o.account.Calendars(t.Context()); !errors.As(err, &reconnect) {
		t.Errorf("%v", err)
	}
}

func TestTwoCallsAtATimeToAMailbox(t *testing.T) {
	t.Parallel()
	o := newOutlook(t)
	o.Delay = 5 * time.Millisecond
	var all sync.WaitGroup
	for range 30 {
		twin := o.account // each job has its own
		all.Go(func() {
			if _, err := twin.Calendars(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if most := o.Most(ada); most != 2 {
		t.Errorf("%d at once", most)
	}
}

// A server that sends us on to another one gets no key of ours there.
func TestNoKeyIsShownElsewhere(t *testing.T) {
	t.Parallel()
	o := newOutlook(t)
	thief := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("%s came with %q", r.URL, r.Header.Get("Authorization"))
	}))
	defer thief.Close()
	var link string
	lure := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(link)) }))
	defer lure.Close()
	account := o.account
	account.URL = lure.URL + "/v1.0/"
	for _, to := range []string{thief.URL + "/v1.0/x", lure.URL + "/other", lure.URL + "/v1.0/../other", strings.Replace(lure.URL, "http://", "http://me@", 1) + "/v1.0/x", "//elsewhere.example/v1.0/"} {
		for _, name := range []string{"nextLink", "deltaLink"} {
			link = `{"value":[],"@odata.` + name + `":"` + to + `"}`
			if pull, err := account.Changes(t.Context(), "c", "", season, nil); err == nil || pull.Token != "" {
				t.Errorf("%s %s: %+v, %v", name, to, pull, err)
			}
		}
	}
}

// What comes twice in a round is as it came last; what cannot be read does not stop the rest.
func TestWhatIsAwkwardInADelta(t *testing.T) {
	t.Parallel()
	o := newOutlook(t)
	const noon = `"start":{"dateTime":"2027-06-12T12:00:00.0000000","timeZone":"UTC"},"end":{"dateTime":"2027-06-12T13:00:00.0000000","timeZone":"UTC"}`
	const night = `"isAllDay":true,"originalStartTimeZone":"India Standard Time","start":{"dateTime":"2027-06-11T18:30:00.0000000","timeZone":"UTC"},"end":{"dateTime":"2027-06-12T18:30:00.0000000","timeZone":"UTC"}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(`{"value":[{"id":"a","subject":"first",` + noon + `},{"id":"b","@removed":{"reason":"deleted"}},{"id":"a","subject":"last",` + noon + `,"transactionId":"localevent:7"},
			{"id":"b","subject":null,"showAs":null,` + noon + `},{"id":"c"},{"id":""},{"id":"d","start":{"dateTime":"soon"}},{"id":"e","@removed":{}},{"id":"f",` + night + `},
			{"id":"g","start":{"dateTime":"2027-06-12T12:00:00","timeZone":"No Such Zone"}}],"@odata.deltaLink":"http://` + r.Host + `/v1.0/x"}`))
	}))
	defer server.Close()
	account := o.account
	account.URL = server.URL + "/v1.0/"
	got := map[string]remote.Object{}
	if _, err := account.Changes(t.Context(), "c", "", season, func(page []remote.Object) error {
		for _, object := range page {
			if _, twice := got[object.ID]; twice {
				t.Errorf("%s came twice", object.ID)
			}
			got[object.ID] = object
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if len(got) != 5 || got["a"].Events[0].Title != "last" || got["a"].Events[0].Ours != "" || got["b"].Gone || got["b"].Events[0].Busy != ical.Blocks || !got["e"].Gone {
		t.Errorf("%+v", got)
	}
	if day := got["f"].Events[0].Starts; !day.Day || !day.Wall.Equal(at("2027-06-12 00:00")) {
		t.Errorf("the midnight of India, told in UTC: %+v", day)
	}
	if g := got["g"].Events[0]; g.Starts != g.Ends || !g.Starts.Wall.Equal(at("2027-06-12 12:00")) {
		t.Errorf("%+v", g)
	}
}
