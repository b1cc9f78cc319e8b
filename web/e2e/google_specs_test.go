package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/google/uuid"

	"github.com/wedsync/wedsync/jobs/calendar/ical"
	"github.com/wedsync/wedsync/jobs/calendar/remote"
	"github.com/wedsync/wedsync/jobs/sandbox"
)

// between stands between a client and the made-up Google, and holds every question and every answer against what Google
// publishes of its API. Whatever is misspelt on either side is heard here.
type between struct {
	*httptest.Server
	google *sandbox.Google
	router routers.Router
	mu     sync.Mutex
	heard  map[string]int // by operation and status
	faults []string
}

func newBetween(t *testing.T, g *sandbox.Google) *between {
	t.Helper()
	doc := specification(t, "google/calendar-v3.derived.openapi.json")
	b := &between{google: g, heard: map[string]int{}}
	b.Server = httptest.NewServer(b)
	t.Cleanup(b.Close)
	doc.Servers = openapi3.Servers{{URL: b.URL + "/calendar/v3"}}
	b.router = must(legacy.NewRouter(doc, openapi3.DisableExamplesValidation()))(t)
	return b
}

func (b *between) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body) // one that was cut short is found wrong below
	r.Body = io.NopCloser(bytes.NewReader(body))
	asked, fault := b.question(r, body)
	answer := httptest.NewRecorder()
	b.google.ServeHTTP(answer, r)
	if asked != nil {
		out := &openapi3filter.ResponseValidationInput{RequestValidationInput: asked, Status: answer.Code, Header: answer.Header(), Options: asked.Options}
		if answer.Code != http.StatusNoContent {
			if err := openapi3filter.ValidateResponse(r.Context(), out.SetBodyBytes(answer.Body.Bytes())); err != nil && fault == nil {
				fault = fmt.Errorf("the answer %d %s: %w", answer.Code, answer.Body, err)
			}
		}
		b.mu.Lock()
		b.heard[fmt.Sprint(asked.Route.Operation.OperationID, " ", answer.Code)]++
		b.mu.Unlock()
	}
	if fault != nil {
		b.mu.Lock()
		b.faults = append(b.faults, fmt.Sprintf("%s %s: %v", r.Method, r.URL, fault))
		b.mu.Unlock()
	}
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	w.Write(answer.Body.Bytes()) //nolint:errcheck // they may read no further
}

func (b *between) question(r *http.Request, body []byte) (*openapi3filter.RequestValidationInput, error) {
	asked := r.Clone(r.Context())
	asked.URL.Scheme, asked.URL.Host = "http", r.Host
	if r.Method == http.MethodPatch {
		body = withoutNulls(body)
	}
	asked.Body, asked.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	route, params, err := b.router.FindRoute(asked)
	if err != nil {
		return nil, err
	}
	in := &openapi3filter.RequestValidationInput{Request: asked, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, MultiError: true}}
	return in, openapi3filter.ValidateRequest(r.Context(), in)
}

// withoutNulls: in a patch null takes a member away (RFC 7396), of which schemas know nothing. The names stay, to be judged.
func withoutNulls(body []byte) []byte {
	var members map[string]any
	if json.Unmarshal(body, &members) != nil {
		return body
	}
	samples := map[string]any{"date": "2027-06-12", "dateTime": "2027-06-12T12:00:00Z", "timeZone": "UTC"}
	for _, inner := range members {
		if o, is := inner.(map[string]any); is {
			for name, v := range o {
				if v == nil {
					o[name] = samples[name]
				}
			}
		}
	}
	raw, _ := json.Marshal(members) // it was JSON before
	return raw
}

func TestGoogleAndItsStandInAreInItsSpecification(t *testing.T) {
	t.Parallel()
	world := sandbox.NewWorld(time.Now())
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { world.Run(ctx) })
	t.Cleanup(func() { stop(); running.Wait() })
	b := newBetween(t, world.Google)
	way := newWay(t)
	const person = "ada.lindqvist@gmail.example"
	token, _ := world.Google.Grant(person)
	g := remote.Google{Door: way.door, OrgID: way.org, URL: b.URL + "/calendar/v3/", Box: "b", Grant: func(context.Context, string) (string, error) { return token, nil }}
	b.everything(t, g, person)
	for _, want := range []string{"calendar.calendarList.list 200", "calendar.events.list 200", "calendar.events.list 410", "calendar.events.insert 200", "calendar.events.insert 409", "calendar.events.patch 200",
		"calendar.events.patch 412", "calendar.events.get 200", "calendar.events.get 404", "calendar.events.delete 204", "calendar.events.delete 410", "calendar.events.watch 200", "calendar.channels.stop 204",
		"calendar.channels.stop 404", "calendar.events.list 429", "calendar.events.list 403", "calendar.events.list 503"} {
		if b.heard[want] == 0 {
			t.Errorf("never heard: %s (of %v)", want, b.heard)
		}
	}
	for _, fault := range b.faults {
		t.Error(fault)
	}
	b.couldFail(t, token, person)
}

// everything asks all that the client can ask, and what goes wrong of it.
func (b *between) everything(t *testing.T, g remote.Google, person string) {
	t.Helper()
	calendars := must(g.Calendars(t.Context()))(t)
	read := func(calendar, token string) (remote.Pull, error) {
		return g.Changes(t.Context(), calendar, token, remote.Window{From: time.Now().AddDate(-1, 0, 0)}, func([]remote.Object) error { return nil })
	}
	var pull remote.Pull
	for _, c := range calendars {
		pull = must(read(c.ID, ""))(t)
	}
	pull = must(read(person, ""))(t)
	at := func(hour int) ical.Moment {
		return ical.Moment{Wall: time.Date(2027, 6, 12, hour, 0, 0, 0, time.UTC), Zone: "Europe/London"}
	}
	event := ical.Event{Title: "Kay & Fry", Venue: "Holm House", Starts: at(12), Ends: at(23), Busy: ical.Tentative, Private: true, Ours: "b-1", OursRev: "r-1", Rules: []string{"RRULE:FREQ=YEARLY;COUNT=2"}}
	key := strings.ReplaceAll(uuid.NewString(), "-", "")
	w := must(g.Put(t.Context(), person, remote.Draft{Key: key, Event: event}))(t)
	must(g.Put(t.Context(), person, remote.Draft{Key: key, Event: event}))(t)
	event.Rules, event.Busy = nil, ical.Free
	event.Starts, event.Ends = ical.Moment{Wall: at(0).Wall, Day: true}, ical.Moment{Wall: at(24).Wall, Day: true}
	next := must(g.Put(t.Context(), person, remote.Draft{ID: w.ID, ETag: w.ETag, Event: event}))(t)
	event.Title = "Another"
	if _, err := g.Put(t.Context(), person, remote.Draft{ID: w.ID, ETag: w.ETag, Event: event}); err != remote.ErrChanged {
		t.Error(err)
	}
	must(read(person, pull.Token))(t)
	c := must(g.Watch(t.Context(), remote.Channel{ID: uuid.NewString(), Token: "t", Address: "https://wedsync.example/webhooks/google", Until: time.Now().Add(time.Hour), Calendar: person}))(t)
	for range 2 {
		if err := g.Unwatch(t.Context(), c); err != nil {
			t.Error(err)
		}
	}
	for range 2 {
		if err := g.Delete(t.Context(), person, w.ID, next.ETag); err != nil {
			t.Error(err)
		}
	}
	if _, err := g.Get(t.Context(), person, "neverwas"); err != remote.ErrGone {
		t.Error(err)
	}
	must(read(person, pull.Token))(t)
	for _, trouble := range []sandbox.Trouble{sandbox.Busy, sandbox.Throttled, sandbox.Down, sandbox.Fine} {
		b.google.SetTrouble(trouble)
		if _, err := read(person, pull.Token); (err == nil) != (trouble == sandbox.Fine) {
			t.Errorf("%s: %v", trouble, err)
		}
	}
	b.google.ExpireTokens()
	if _, err := read(person, pull.Token); err != remote.ErrTokenGone {
		t.Error(err)
	}
}

// couldFail shows that the specification refuses what is misspelt: without it the checks above could not fail.
func (b *between) couldFail(t *testing.T, token, person string) {
	t.Helper()
	at := b.URL + "/calendar/v3/calendars/" + url.PathEscape(person) + "/events"
	for _, wrong := range []struct{ method, at, body string }{{http.MethodGet, at + "?maxResults=many", ""}, {http.MethodPost, at, `{"sumary":"x"}`}, {http.MethodPatch, at + "/x", `{"start":{"datetime":null}}`},
		{http.MethodGet, at + "?eventTypes=everything", ""}} {
		before := len(b.faults)
		req := must(http.NewRequest(wrong.method, wrong.at, strings.NewReader(wrong.body)))(t)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer "+token)
		must(http.DefaultClient.Do(req))(t).Body.Close()
		if len(b.faults) == before {
			t.Errorf("it passes: %s %s %s", wrong.method, wrong.at, wrong.body)
		}
	}
}
