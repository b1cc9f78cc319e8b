package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"github.com/wedsync/wedsync/jobs/calendar/ical"
	"github.com/wedsync/wedsync/jobs/calendar/remote"
	"github.com/wedsync/wedsync/jobs/sandbox"
)

// Microsoft's schemas judge both what our client asks of Graph and what the stand-in answers and posts.

// graphed is the stand-in behind a judge of every question and every answer.
type graphed struct {
	*sandbox.Graph
	doc    *openapi3.T
	router routers.Router
	t      *testing.T
	heard  chan []byte
	judged map[string]int // by operation

	mu sync.Mutex
}

func newGraphed(t *testing.T) (*graphed, remote.Graph, string) {
	t.Helper()
	file := filepath.Join(specs, "msgraph", "msgraph-v1.0-calendar-extract.openapi.json")
	if _, err := os.Stat(file); os.IsNotExist(err) {
		t.Skipf("there is no %s beside the project: neither our client nor the stand-in can be held to Microsoft's schemas", file)
	}
	world := sandbox.NewWorld(time.Now())
	g := &graphed{Graph: world.Graph, doc: must(openapi3.NewLoader().LoadFromFile(file))(t), t: t, heard: make(chan []byte, 100), judged: map[string]int{}}
	mux := http.NewServeMux()
	mux.HandleFunc("/sandbox/microsoft/", g.judge)
	mux.HandleFunc("/webhooks/microsoft", func(w http.ResponseWriter, r *http.Request) {
		if answer, asked := remote.MicrosoftValidation(r.URL.Query()); asked {
			w.Header().Set("Content-Type", "text/plain")
			_, _ = io.WriteString(w, answer)
			return
		}
		body, _ := io.ReadAll(r.Body) // a body that was cut short is judged below
		g.heard <- body
		w.WriteHeader(http.StatusAccepted)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	g.doc.Servers = openapi3.Servers{{URL: server.URL + "/sandbox/microsoft/v1.0"}}
	g.router = must(legacy.NewRouter(g.doc, openapi3.DisableExamplesValidation()))(t)
	g.Base, g.Pace = must(url.Parse(server.URL))(t), time.Millisecond
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { world.Run(ctx) })
	t.Cleanup(func() { stop(); running.Wait() })
	w, who := newWay(t), g.Accounts()[0]
	return g, remote.Graph{Door: w.door, OrgID: w.org, URL: server.URL + "/sandbox/microsoft/v1.0/", Box: "e2e",
		Grant: func(context.Context, string) (string, error) { return g.Access(who), nil }}, server.URL
}

func (g *graphed) judge(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body) // the schema says what is missing
	asked := r.Clone(r.Context())
	asked.URL.Scheme, asked.URL.Host = "http", r.Host
	asked.Body, r.Body = io.NopCloser(bytes.NewReader(body)), io.NopCloser(bytes.NewReader(body))
	route, params, err := g.router.FindRoute(asked)
	if err != nil {
		g.t.Errorf("%s %s: %v", r.Method, r.URL, err)
		g.ServeHTTP(w, r)
		return
	}
	question := &openapi3filter.RequestValidationInput{Request: asked, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, MultiError: true, IncludeResponseStatus: true}}
	if err := openapi3filter.ValidateRequest(r.Context(), question); err != nil {
		g.t.Errorf("%s %s: the question: %v", r.Method, r.URL, err)
	}
	g.unheardOf(route.Operation, body)
	answer := httptest.NewRecorder()
	g.ServeHTTP(answer, r)
	check := &openapi3filter.ResponseValidationInput{RequestValidationInput: question, Status: answer.Code, Header: answer.Header(), Options: question.Options}
	if err := openapi3filter.ValidateResponse(r.Context(), check.SetBodyBytes(answer.Body.Bytes())); err != nil {
		g.t.Errorf("%s %s: the answer %d %s: %v", r.Method, r.URL, answer.Code, answer.Body, err)
	}
	g.mu.Lock()
	g.judged[r.Method+" "+route.Path]++
	g.mu.Unlock()
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

// unheardOf: the schemas are open, so a name of our own invention must be looked for.
func (g *graphed) unheardOf(operation *openapi3.Operation, body []byte) {
	var said map[string]any
	if operation.RequestBody == nil || json.Unmarshal(body, &said) != nil {
		return
	}
	known := map[string]bool{}
	var gather func(*openapi3.SchemaRef)
	gather = func(s *openapi3.SchemaRef) {
		for name := range s.Value.Properties {
			known[name] = true
		}
		for _, part := range s.Value.AllOf {
			gather(part)
		}
	}
	gather(operation.RequestBody.Value.Content["application/json"].Schema)
	for name := range said {
		if !known[name] {
			g.t.Errorf("%s: we say %q, of which Microsoft knows nothing", operation.OperationID, name)
		}
	}
}

func TestGraphIsAskedAndAnswersByMicrosoftsSchemas(t *testing.T) {
	t.Parallel()
	g, account, base := newGraphed(t)
	ctx := t.Context()
	calendars := must(account.Calendars(ctx))(t)
	mine, who := calendars[0].ID, g.Accounts()[0]
	at := func(day, hour int) ical.Moment {
		return ical.Moment{Wall: time.Date(2027, 6, day, hour, 0, 0, 0, time.UTC), Zone: "Europe/London"}
	}
	window := remote.Window{From: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), Until: time.Date(2028, 1, 1, 0, 0, 0, 0, time.UTC)}
	ignore := func([]remote.Object) error { return nil }
	series := g.Add(who, mine, sandbox.GraphEvent{Subject: "Albums", Starts: at(1, 10).Wall, Ends: at(1, 11).Wall, Zone: "Europe/London", Recurs: &sandbox.GraphRule{Type: "weekly", Count: 5}})
	pull := must(account.Changes(ctx, mine, "", window, ignore))(t)
	channel := must(account.Watch(ctx, remote.Channel{Token: "state", Address: base + "/webhooks/microsoft", Calendar: mine}))(t)
	d := remote.Draft{Key: strings.Repeat("a", 32), Event: ical.Event{Title: "Kay & Fry", Venue: "Holm House", Description: "Ring first", Starts: at(12, 13), Ends: at(12, 23),
		Busy: ical.Blocks, Private: true, Ours: "b-1", OursRev: "r-1"}}
	w := must(account.Put(ctx, mine, d))(t)
	d.ID, d.ETag = w.ID, w.ETag
	must(account.Put(ctx, mine, d))(t)
	if _, err := account.Put(ctx, mine, d); err == nil {
		t.Error("an old tag was taken")
	}
	must(account.Get(ctx, mine, w.ID))(t)
	g.Remove(who, g.Occurrences(who, series)[1])
	g.Change(who, g.Occurrences(who, series)[2], func(e *sandbox.GraphEvent) { e.Subject, e.AllDay = "Moved", false })
	pull = must(account.Changes(ctx, mine, pull.Token, window, ignore))(t)
	if err := account.Delete(ctx, mine, w.ID, ""); err != nil {
		t.Error(err)
	}
	must(account.Changes(ctx, mine, pull.Token, window, ignore))(t)
	must(account.Watch(ctx, channel))(t) // again: the one that is there is taken away
	g.Fail(429, "ApplicationThrottled", "1", 1)
	if _, err := account.Calendars(ctx); err == nil {
		t.Error("a refusal was taken for an answer")
	}
	for _, event := range []string{"missed", "reauthorizationRequired", "subscriptionRemoved"} {
		g.Lifecycle(who, event)
	}
	g.posted(8)
	for _, operation := range []string{"GET /me/calendars", "GET /me/calendars/{calendar-id}/calendarView/delta", "GET /me/calendars/{calendar-id}/events", "POST /me/calendars/{calendar-id}/events",
		"PATCH /me/events/{event-id}", "GET /me/events/{event-id}", "DELETE /me/events/{event-id}", "GET /me/events/{event-id}/instances", "POST /subscriptions", "GET /subscriptions", "DELETE /subscriptions/{subscription-id}"} {
		if g.judged[operation] == 0 {
			t.Errorf("nobody asked %s", operation)
		}
	}
}

// posted judges what was posted to us.
func (g *graphed) posted(n int) {
	g.t.Helper()
	schema := g.doc.Components.Schemas["microsoft.graph.changeNotificationCollection"]
	for range n {
		var body []byte
		select {
		case body = <-g.heard:
		case <-time.After(patience):
			g.t.Fatal("no notification came")
		}
		var said map[string]any
		if err := json.Unmarshal(body, &said); err != nil {
			g.t.Fatalf("%s: %v", body, err)
		}
		if err := schema.Value.VisitJSON(said); err != nil {
			g.t.Errorf("%s: %v", body, err)
		}
	}
}

// Without this the checks above could not fail.
func TestMicrosoftsSchemasRefuse(t *testing.T) {
	t.Parallel()
	doc := specification(t, "msgraph/msgraph-v1.0-calendar-extract.openapi.json")
	s := newStrict(t, doc, func(*http.Request) (int, string) { return 201, `{}` })
	for what, body := range map[string]string{"a status that is none": `{"subject":"x","showAs":"maybe"}`, "a number for a name": `{"subject":7}`, "a time that is text": `{"start":"2027-06-12T12:00:00Z"}`} {
		req := must(http.NewRequest(http.MethodPost, s.URL+"/me/calendars/c/events", strings.NewReader(body)))(t)
		req.Header.Set("Content-Type", "application/json")
		s.refuses(t, what, req)
	}
	req := must(http.NewRequest(http.MethodPost, s.URL+"/subscriptions", strings.NewReader(`{"changeType":"created"}`)))(t)
	req.Header.Set("Content-Type", "application/json")
	s.refuses(t, "a subscription without an address", req)
}
