package remote_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/wedsync/wedsync/jobs/calendar/ical"
	"github.com/wedsync/wedsync/jobs/calendar/remote"
	"github.com/wedsync/wedsync/jobs/outside"
	"github.com/wedsync/wedsync/jobs/sandbox"
	"github.com/wedsync/wedsync/queries/testdb"
)

const ada = "ada@outlook.example"

// outlook is a mailbox at the stand-in, our account of it, and what is posted to us.
type outlook struct {
	*sandbox.Graph
	account            remote.Graph
	calendar, holidays string
	at                 string
	heard              chan remote.Notification
	pool               *pgxpool.Pool
}

var season = remote.Window{From: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), Until: time.Date(2028, 1, 1, 0, 0, 0, 0, time.UTC)}

func newOutlook(t *testing.T) *outlook {
	t.Helper()
	world := sandbox.NewWorld(time.Now())
	o := &outlook{Graph: world.Graph, heard: make(chan remote.Notification, 100), pool: testdb.New(t)}
	o.calendar, o.holidays = o.AddAccount(ada, "Ada Lindqvist")
	mux := http.NewServeMux()
	mux.Handle("/sandbox/microsoft/", o.Graph)
	mux.HandleFunc("/webhooks/microsoft", func(w http.ResponseWriter, r *http.Request) {
		if answer, asked := remote.MicrosoftValidation(r.URL.Query()); asked {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			_, _ = io.WriteString(w, answer)
			return
		}
		body, _ := io.ReadAll(r.Body)
		all, err := remote.ReadMicrosoft(body)
		if err != nil {
			t.Errorf("%s: %v", body, err)
		}
		for _, n := range all {
			o.heard <- n
		}
		w.WriteHeader(http.StatusAccepted)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	o.at = server.URL
	o.Base, _ = url.Parse(server.URL)
	o.Pace = time.Millisecond
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { world.Run(ctx) })
	t.Cleanup(func() { stop(); running.Wait() })
	o.account = o.client(t)
	return o
}

// client is an account of its own, so with a mailbox's turns of its own; whoever shares a Box shares them.
func (o *outlook) client(t *testing.T) remote.Graph {
	t.Helper()
	access := o.Access(ada)
	var mu sync.Mutex
	return remote.Graph{Door: outside.New(outside.Config{Pool: o.pool, Log: slog.New(slog.DiscardHandler), AllowPrivate: true}), OrgID: testdb.Org(t, o.pool).ID,
		URL: o.at + "/sandbox/microsoft/v1.0/", Box: uuid.NewString(), Grant: func(_ context.Context, stale string) (string, error) {
			mu.Lock()
			defer mu.Unlock()
			if stale == access {
				access = o.Access(ada)
			}
			return access, nil
		}}
}

// changes collects a pull as an engine would: the last of an id counts.
func (o *outlook) changes(t *testing.T, token string, w remote.Window) (map[string]remote.Object, remote.Pull) {
	t.Helper()
	got := map[string]remote.Object{}
	pull, err := o.account.Changes(t.Context(), o.calendar, token, w, func(page []remote.Object) error {
		for _, object := range page {
			got[object.ID] = object
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got, pull
}

func at(text string) time.Time {
	wall, err := time.Parse("2006-01-02 15:04", text)
	if err != nil {
		panic(err)
	}
	return wall
}

func shoot(subject, from, until string) sandbox.GraphEvent {
	return sandbox.GraphEvent{Subject: subject, Starts: at(from), Ends: at(until), Zone: "Europe/London"}
}

func TestAWholeRoundAndThenOnlyChanges(t *testing.T) {
	t.Parallel()
	o := newOutlook(t)
	var ids []string
	for i := range 450 { // three pages
		starts := at("2027-03-01 09:00").AddDate(0, 0, i%200)
		ids = append(ids, o.Add(ada, o.calendar, sandbox.GraphEvent{Subject: "A shoot", Starts: starts, Ends: starts.Add(time.Hour), Zone: "Europe/London"}))
	}
	o.Add(ada, o.calendar, shoot("Long past", "2020-01-01 10:00", "2020-01-01 11:00"))
	before := o.Add(ada, o.calendar, shoot("Over the border", "2026-12-31 20:00", "2027-01-01 03:00"))
	got, pull := o.changes(t, "", season)
	if len(got) != 451 || !pull.Whole || got[before].ID == "" {
		t.Fatalf("%d objects, whole %t", len(got), pull.Whole)
	}
	if got, pull = o.changes(t, pull.Token, season); len(got) != 0 || pull.Whole {
		t.Fatalf("nothing changed: %v, whole %t", got, pull.Whole)
	}
	o.Change(ada, ids[3], func(e *sandbox.GraphEvent) { e.Subject = "Another shoot" })
	o.Remove(ada, ids[4])
	o.Change(ada, ids[5], func(e *sandbox.GraphEvent) { e.Starts, e.Ends = at("2031-01-01 09:00"), at("2031-01-01 10:00") })
	got, _ = o.changes(t, pull.Token, season)
	if len(got) != 3 || got[ids[3]].Events[0].Title != "Another shoot" || !got[ids[4]].Gone || !got[ids[5]].Gone {
		t.Errorf("%+v", got)
	}
	// A window that has moved by a little is the same; by more than a month it is read anew.
	if _, p := o.changes(t, pull.Token, remote.Window{From: season.From.AddDate(0, 0, 29), Until: season.Until.AddDate(0, 0, 29)}); p.Whole {
		t.Error("29 days later all of it was read")
	}
	if got, p := o.changes(t, pull.Token, remote.Window{From: season.From.AddDate(0, 0, 31), Until: season.Until}); !p.Whole || len(got) < 400 {
		t.Errorf("31 days later %d were read, whole %t", len(got), p.Whole)
	}
}

func TestWhatAnEventSays(t *testing.T) {
	t.Parallel()
	o := newOutlook(t)
	add := func(e sandbox.GraphEvent) string { return o.Add(ada, o.calendar, e) }
	wall := shoot("Kay & Fry ", "2027-06-12 13:00", "2027-06-12 23:30")
	wall.Location, wall.Body = "Holm House", "Bring\r\nboth cameras"
	id := add(wall)
	day := add(sandbox.GraphEvent{Subject: "Away", Starts: at("2027-08-01 00:00"), Ends: at("2027-08-15 00:00"), AllDay: true, Zone: "Pacific Standard Time", ShowAs: "oof"})
	kinds := map[string]ical.Busy{"free": ical.Free, "workingElsewhere": ical.Free, "tentative": ical.Tentative, "busy": ical.Blocks, "oof": ical.Blocks, "unknown": ical.Blocks}
	made := map[string]ical.Busy{}
	for showAs, busy := range kinds {
		e := shoot(showAs, "2027-05-01 10:00", "2027-05-01 11:00")
		e.ShowAs = showAs
		made[add(e)] = busy
	}
	private, cancelled := shoot("Doctor", "2027-05-02 10:00", "2027-05-02 11:00"), shoot("Called off", "2027-05-03 10:00", "2027-05-03 11:00")
	private.Sensitivity, cancelled.Cancelled = "confidential", true
	secret, off := add(private), add(cancelled)
	got, _ := o.changes(t, "", season)
	e := got[id].Events[0]
	london := ical.Moment{Wall: at("2027-06-12 13:00"), Zone: "Europe/London"}
	if e.Title != "Kay & Fry" || e.Venue != "Holm House" || e.Description != "Bring\nboth cameras" || e.Starts != london || e.Busy != ical.Blocks || e.UID == "" || got[id].ETag == "" {
		t.Errorf("%+v", got[id])
	}
	whole := got[day].Events[0]
	if !whole.Starts.Day || !whole.Starts.Wall.Equal(at("2027-08-01 00:00")) || !whole.Ends.Wall.Equal(at("2027-08-15 00:00")) || whole.Starts.Zone != "America/Los_Angeles" {
		t.Errorf("all day: %+v", whole)
	}
	for id, busy := range made {
		if got := got[id].Events[0]; got.Busy != busy {
			t.Errorf("%s is %s, not %s", got.Title, got.Busy, busy)
		}
	}
	if !got[secret].Events[0].Private || !got[off].Events[0].Cancelled {
		t.Errorf("%+v %+v", got[secret], got[off])
	}
}

// starts are the instants at which a series takes place, as whoever keeps a mirror of it works them out.
func starts(t *testing.T, object remote.Object) (all []string) {
	t.Helper()
	took, capped := ical.Expand(object.Events, time.UTC, season.From, season.Until, 100)
	if capped {
		t.Errorf("%+v was cut short", object)
	}
	for _, o := range took {
		when := o.Starts.Format("0102T1504")
		if o.Title != "Albums" {
			when += " " + o.Title
		}
		all = append(all, when)
	}
	slices.Sort(all)
	return all
}

// Case 5: all-day events and instances of a series that were moved or cancelled: the right date, and the old slot is free.
func TestCase05MovedAndCancelledInstancesOfASeries(t *testing.T) {
	t.Parallel()
	o := newOutlook(t)
	weekly := shoot("Albums", "2027-03-14 10:00", "2027-03-14 11:00")
	weekly.ShowAs, weekly.Recurs = "tentative", &sandbox.GraphRule{Type: "weekly", Until: at("2027-04-11 00:00")}
	id := o.Add(ada, o.calendar, weekly)
	got, pull := o.changes(t, "", season)
	// The clocks go forward on 28 March: ten o'clock there is nine in UTC from then on.
	if all := starts(t, got[id]); !slices.Equal(all, []string{"0314T1000", "0321T1000", "0328T0900", "0404T0900", "0411T0900"}) || got[id].Events[0].Busy != ical.Tentative || len(got) != 1 {
		t.Fatalf("%v %+v", all, got)
	}
	occurrences := o.Occurrences(ada, id)
	o.Remove(ada, occurrences[1])
	o.Change(ada, occurrences[2], func(e *sandbox.GraphEvent) {
		e.Subject, e.Starts, e.Ends, e.ShowAs = "Albums, later", at("2027-03-29 15:00"), at("2027-03-29 16:00"), "busy"
	})
	got, pull = o.changes(t, pull.Token, season)
	if all := starts(t, got[id]); !slices.Equal(all, []string{"0314T1000", "0329T1400 Albums, later", "0404T0900", "0411T0900"}) || got[id].Events[1].Busy != ical.Blocks {
		t.Fatalf("%v %+v", all, got[id])
	}
	if again, _ := o.changes(t, "", season); !slices.Equal(starts(t, again[id]), starts(t, got[id])) {
		t.Errorf("read whole it is %+v", again[id])
	}
	o.Remove(ada, occurrences[0]) // the first of all
	got, pull = o.changes(t, pull.Token, season)
	if all := starts(t, got[id]); !slices.Equal(all, []string{"0329T1400 Albums, later", "0404T0900", "0411T0900"}) {
		t.Errorf("%v", all)
	}
	one, err := o.account.Get(t.Context(), o.calendar, id)
	if err != nil || !slices.Equal(one.Events[0].Rules, []string{"RRULE:FREQ=WEEKLY;BYDAY=SU;WKST=SU;UNTIL=20270411T225959Z"}) {
		t.Errorf("%+v, %v", one, err)
	}
	o.Remove(ada, id)
	if got, _ = o.changes(t, pull.Token, season); !got[id].Gone {
		t.Errorf("%+v", got)
	}
}

func TestCase05WholeDaysOfASeries(t *testing.T) {
	t.Parallel()
	o := newOutlook(t)
	id := o.Add(ada, o.calendar, sandbox.GraphEvent{Subject: "School run", Starts: at("2027-10-30 00:00"), Ends: at("2027-10-31 00:00"), AllDay: true, Zone: "India Standard Time",
		Recurs: &sandbox.GraphRule{Type: "daily", Interval: 2, Count: 3}})
	got, _ := o.changes(t, "", season)
	if e := got[id].Events; len(e) != 1 || !e[0].Starts.Day || !slices.Equal(e[0].Rules, []string{"RDATE;VALUE=DATE:20271101,20271103"}) || !e[0].Starts.Wall.Equal(at("2027-10-30 00:00")) {
		t.Errorf("%+v", got[id])
	}
}

func TestATokenThatIsForgotten(t *testing.T) {
	t.Parallel()
	o := newOutlook(t)
	id := o.Add(ada, o.calendar, shoot("A shoot", "2027-03-01 10:00", "2027-03-01 11:00"))
	for _, refusal := range []struct {
		status int
		code   string
	}{{410, "syncStateNotFound"}, {400, "SyncStateNotFound"}, {400, "syncStateInvalid"}, {404, "resyncRequired"}, {410, "whatever"}} {
		_, pull := o.changes(t, "", season)
		o.ForgetTokens(ada, refusal.status, refusal.code)
		_, err := o.account.Changes(t.Context(), o.calendar, pull.Token, season, func([]remote.Object) error { return nil })
		if !errors.Is(err, remote.ErrTokenGone) {
			t.Errorf("%v: %v", refusal, err)
		}
		if got, pull := o.changes(t, "", season); !pull.Whole || got[id].ID == "" {
			t.Errorf("%v: afterwards %v", refusal, got)
		}
	}
	// A token of somewhere else, or a broken one, begins anew rather than show our key there.
	for _, token := range []string{"junk", "2027-01-01T00:00:00Z 2028-01-01T00:00:00Z https://elsewhere.example/v1.0/me/calendarView/delta?$deltatoken=x"} {
		if _, pull := o.changes(t, token, season); !pull.Whole {
			t.Errorf("%q was taken for a token", token)
		}
	}
	o.RemoveCalendar(ada, o.calendar)
	if _, err := o.account.Changes(t.Context(), o.calendar, "", season, nil); !errors.Is(err, remote.ErrNoCalendar) {
		t.Errorf("%v", err)
	}
}

// Case 7: a full reading that fails half-way gives no token; the next one gives all of it.
func TestCase07AFullReadingFailsHalfWay(t *testing.T) {
	t.Parallel()
	o := newOutlook(t)
	for range 300 {
		o.Add(ada, o.calendar, shoot("A shoot", "2027-03-01 10:00", "2027-03-01 11:00"))
	}
	o.FailAfter(1, 503, "serviceNotAvailable", "7")
	seen := 0
	pull, err := o.account.Changes(t.Context(), o.calendar, "", season, func(page []remote.Object) error { seen += len(page); return nil })
	var later *outside.Later
	if !errors.As(err, &later) || later.After != 7*time.Second || pull.Token != "" || seen != 200 {
		t.Errorf("%v, %+v, %d", err, pull, seen)
	}
	if got, _ := o.changes(t, "", season); len(got) != 300 {
		t.Errorf("%d", len(got))
	}
}
