package sandbox

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The demo's app at Microsoft. It is no secret: it opens nothing outside the demo.
const (
	graphClient = "5a6e6462-6f78-4d69-8372-6f736f667431"
	graphSecret = "sandbox~Q.wedsync"
)

// Graph speaks the wire of Microsoft Graph's calendars and of Microsoft's sign-in, over mailboxes that can be changed by hand:
// consent with PKCE, refresh tokens that rotate, delta rounds whose window is frozen, subscriptions that are validated, ETags.
// Its deltas tell of series as the real ones do: a master, its occurrences as stubs, and a deleted one by leaving it out.
type Graph struct {
	ClientID, ClientSecret string
	Base                   *url.URL      // the only place to which it posts, and to which a consent leads back; nil: anywhere
	Pace                   time.Duration // between a change and its notification
	Delay                  time.Duration // of every answer
	Strict                 bool          // a refresh token that is used twice ends its grant at once
	WindowsOnly            bool          // it knows no IANA names of zones

	mood
	courier *courier

	mu       sync.Mutex
	n        int64
	accounts map[string]*graphAccount // by address
	order    []string
	codes    map[string]*graphCode
	grants   map[string]*graphGrant // by each of their refresh tokens
	access   map[string]*graphPass
	subs     map[string]*graphSub
	faults   []graphFault
	asked    []string
}

func newGraph(c *courier, now time.Time) *Graph {
	g := &Graph{ClientID: graphClient, ClientSecret: graphSecret, Pace: 50 * time.Millisecond, courier: c, n: now.UnixMilli(), accounts: map[string]*graphAccount{},
		codes: map[string]*graphCode{}, grants: map[string]*graphGrant{}, access: map[string]*graphPass{}, subs: map[string]*graphSub{}}
	g.seed(now)
	return g
}

// graphFault is an answer that says no.
type graphFault struct {
	status        int
	code, message string
	after         string // Retry-After
}

// Fail answers the next questions with a status and Graph's word for it, and a Retry-After if it is not empty.
func (g *Graph) Fail(status int, code, retryAfter string, times int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.faults = nil
	for range times {
		g.faults = append(g.faults, graphFault{status, code, "As was asked for.", retryAfter})
	}
}

// FailAfter answers so many questions well before it fails one.
func (g *Graph) FailAfter(well, status int, code, retryAfter string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.faults = append(make([]graphFault, well), graphFault{status, code, "As was asked for.", retryAfter})
}

// Asked is every question so far: "GET /me/calendars".
func (g *Graph) Asked() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]string{}, g.asked...)
}

// ServeHTTP answers below any prefix that ends in /microsoft, or at the root: /v1.0/… and /{tenant}/oauth2/v2.0/….
func (g *Graph) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := below(r.URL.EscapedPath(), "/microsoft")
	rest, isGraph := strings.CutPrefix(path, "/v1.0/")
	switch {
	case isGraph:
		g.api(w, r, strings.Split(rest, "/"))
	case strings.HasSuffix(path, "/oauth2/v2.0/authorize"):
		g.authorize(w, r)
	case strings.HasSuffix(path, "/oauth2/v2.0/token") && r.Method == http.MethodPost:
		g.token(w, r)
	default:
		graphNo(w, graphFault{status: 404, code: "ResourceNotFound", message: "Resource not found for the segment."})
	}
}

// api answers one question of one account. Four at a time is what a mailbox allows.
func (g *Graph) api(w http.ResponseWriter, r *http.Request, path []string) {
	for i, part := range path {
		path[i], _ = url.PathUnescape(part) // EscapedPath is well formed
	}
	a, fault := g.enter(r, path)
	if fault != nil {
		graphNo(w, *fault)
		return
	}
	defer g.leave(a)
	g.dawdle(r.Context())
	g.wait(r)
	r.Body = http.MaxBytesReader(w, r.Body, 4<<20)
	status, answer, fault := g.answer(a, r, path)
	if fault != nil {
		graphNo(w, *fault)
		return
	}
	g.hangUp()
	if etag, _ := answer["@odata.etag"].(string); etag != "" {
		w.Header().Set("ETag", etag)
	}
	if answer == nil {
		w.WriteHeader(status)
		return
	}
	w.Header().Set("Content-Type", "application/json; odata.metadata=minimal; odata.streaming=true; IEEE754Compatible=false; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(encodeLine(answer))
}

func (g *Graph) enter(r *http.Request, path []string) (*graphAccount, *graphFault) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.asked = append(g.asked, r.Method+" /"+strings.Join(path, "/"))
	if len(g.asked) > 10_000 {
		g.asked = g.asked[5_000:]
	}
	pass := g.access[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
	switch trouble := g.is(); {
	case trouble == Down:
		return nil, &graphFault{503, "serviceNotAvailable", "Service is temporarily unavailable.", "2"}
	case trouble == Busy:
		return nil, &graphFault{429, "ApplicationThrottled", "Application is over its MailboxConcurrency limit.", "2"}
	case pass == nil || pass.dead || time.Now().After(pass.until) || trouble == KeyRefused:
		return nil, &graphFault{status: 401, code: "InvalidAuthenticationToken", message: "Lifetime validation failed, the token is expired."}
	}
	if fault := g.nextFault(); fault != nil {
		return nil, fault
	}
	a := g.accounts[pass.account]
	if a.busy == 4 {
		return nil, &graphFault{429, "ApplicationThrottled", "Application is over its MailboxConcurrency limit.", "1"}
	}
	a.busy++
	a.most = max(a.most, a.busy)
	return a, nil
}

func (g *Graph) nextFault() *graphFault {
	if len(g.faults) == 0 {
		return nil
	}
	f := g.faults[0]
	if g.faults = g.faults[1:]; f.status == 0 {
		return nil
	}
	return &f
}

func (g *Graph) leave(a *graphAccount) {
	g.mu.Lock()
	defer g.mu.Unlock()
	a.busy--
}

// Most is how many questions were ever under way at once at a mailbox.
func (g *Graph) Most(account string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.accounts[account].most
}

func (g *Graph) wait(r *http.Request) {
	if g.Delay == 0 {
		return
	}
	timer := time.NewTimer(g.Delay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	}
}

// answer finds what was asked for. A subscription is made without the lock: its address is called first.
func (g *Graph) answer(a *graphAccount, r *http.Request, path []string) (int, object, *graphFault) {
	if path[0] == "subscriptions" && r.Method == http.MethodPost && len(path) == 1 {
		return g.subscribe(a, r)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case path[0] == "subscriptions":
		return g.subscription(a, r, path[1:])
	case path[0] != "me":
		return 0, nil, graphNotThere
	case len(path) == 1:
		return 200, object{"@odata.context": g.context("users/$entity"), "id": a.id, "displayName": a.name, "userPrincipalName": a.address, "mail": a.address}, nil
	}
	return g.me(a, r, path[1:])
}

// me: a calendar by its id, the first one, or (events) whichever the event is in.
func (g *Graph) me(a *graphAccount, r *http.Request, path []string) (int, object, *graphFault) {
	calendar := a.calendars[0]
	switch {
	case path[0] == "calendars" && len(path) == 1 && r.Method == http.MethodGet:
		return g.listCalendars(a, r)
	case path[0] == "calendars" && len(path) > 1:
		if calendar = a.calendar(path[1]); calendar == nil {
			return 0, nil, graphNotThere
		}
		path = path[2:]
	case path[0] == "calendar":
		path = path[1:]
	case path[0] != "events" && path[0] != "calendarView":
		return 0, nil, graphNotThere
	}
	if slices.ContainsFunc(path, func(part string) bool { return strings.Contains(part, "/") }) {
		return 0, nil, graphNotThere // a slash that was escaped divides nothing
	}
	switch strings.Join(path[:min(len(path), 2)], "/") {
	case "":
		return 200, g.showCalendar(a, calendar), nil
	case "calendarView/delta", "calendarView/delta()":
		return g.delta(a, calendar, r)
	case "calendarView":
		return g.view(a, calendar, r, nil)
	case "events":
		return g.events(a, calendar, r)
	}
	if path[0] == "events" {
		return g.event(a, calendar, r, path[1:])
	}
	return 0, nil, graphNotThere
}

var graphNotThere = &graphFault{status: 404, code: "ErrorItemNotFound", message: "The specified object was not found in the store."}

func graphNo(w http.ResponseWriter, f graphFault) {
	w.Header().Set("Content-Type", "application/json")
	if f.after != "" {
		w.Header().Set("Retry-After", f.after)
	}
	w.WriteHeader(f.status)
	now := time.Now().UTC()
	_, _ = w.Write(encodeLine(object{"error": object{"code": cmp.Or(f.code, "UnknownError"), "message": f.message,
		"innerError": object{"date": now.Format("2006-01-02T15:04:05"), "request-id": "sandbox-" + strconv.FormatInt(now.UnixNano(), 36), "client-request-id": "sandbox"}}}))
}

// root is where its own links lead.
func (g *Graph) root(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	at := url.URL{Scheme: scheme, Host: r.Host}
	if g.Base != nil && g.Base.Host != "" {
		at = url.URL{Scheme: g.Base.Scheme, Host: g.Base.Host}
	}
	prefix, _, _ := strings.Cut(r.URL.Path, "/v1.0/")
	return at.String() + prefix + "/v1.0/"
}

func (g *Graph) context(of string) string { return "https://graph.microsoft.com/v1.0/$metadata#" + of }

// id is opaque, as Graph's are, and ends in = as most of them do.
func (g *Graph) id(kind string) string {
	g.n++
	return base64.URLEncoding.EncodeToString(fmt.Appendf(nil, "sandbox-%s-%013x", kind, g.n))
}

// GraphTroubles are what it can have. Silent: it tells nobody of a change, and nothing says so.
var GraphTroubles = []Trouble{Down, KeyRefused, Busy, Slow, HangsUp, Silent}

// SetTrouble makes it misbehave, or behave again; false: it has no such trouble.
func (g *Graph) SetTrouble(t Trouble) bool {
	known := t == Fine || slices.Contains(GraphTroubles, t)
	if known {
		g.be(t)
	}
	return known
}

// Trouble is how it behaves.
func (g *Graph) Trouble() Trouble { return g.is() }
