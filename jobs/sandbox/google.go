package sandbox

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Google speaks the wire of Google's sign-in and of its Calendar API v3 over accounts that can be changed: consent with PKCE,
// sync tokens, pages, etags, push channels, and the ways in which all of that goes wrong.
type Google struct {
	ClientID, ClientSecret string
	Base                   *url.URL      // where WedSync is: the only place to which people are sent back and messages go; nil: anywhere
	AccessLife             time.Duration // of an access token
	ChannelLife            time.Duration // the longest that a channel lives
	Rotating               bool          // each renewal gives a new refresh token, and ends the old one

	courier *courier
	mood

	// All that follows is behind mu of the wire, which is not the mood's.
	wire     sync.Mutex
	rev      int64 // of the latest change of anything
	epoch    int   // sync tokens of an earlier one, or of an earlier run, have had their day
	accounts []*googleAccount
	codes    map[string]googleCode
	access   map[string]googleAccess
	refresh  map[string]string // by token: whose
	channels map[string]*googleChannel
	pushed   []GooglePush
	faults   []googleFault
	asked    []string
}

// The troubles that only calendars have.
const (
	Throttled   Trouble = "throttled" // 403 where others say 429
	TokenBroken Trouble = "token"     // 500 to every question that shows a sync token
)

// GoogleTroubles are what it can have. Silent: no message of a change is sent, and nothing says so.
var GoogleTroubles = []Trouble{Down, Busy, Throttled, Slow, TokenBroken, Silent}

// The demo's registration with it.
const (
	googleClient = "418273645-wedsync.apps.googleusercontent.example"
	googleSecret = "GOCSPX-sandbox-Zm9yIHRoZSBkZW1v"
)

func newGoogle(c *courier, now time.Time) *Google {
	g := &Google{ClientID: googleClient, ClientSecret: googleSecret, AccessLife: time.Hour, ChannelLife: 7 * 24 * time.Hour, courier: c,
		rev: now.UnixMilli() * 1000, epoch: int(now.UnixMilli()), codes: map[string]googleCode{}, access: map[string]googleAccess{}, refresh: map[string]string{}, channels: map[string]*googleChannel{}}
	g.seed(now)
	return g
}

// googleFault is an answer in Google's words.
type googleFault struct {
	status                  int
	domain, reason, message string
	after                   string // Retry-After
}

func (f *googleFault) write(w http.ResponseWriter) {
	if f.after != "" {
		w.Header().Set("Retry-After", f.after)
	}
	domain := f.domain
	if domain == "" {
		domain = "global"
	}
	w.WriteHeader(f.status)
	_, _ = w.Write(encodeLine(object{"error": object{"code": f.status, "message": f.message, "errors": []object{{"domain": domain, "reason": f.reason, "message": f.message}}}}))
}

var (
	googleNotFound = &googleFault{status: 404, reason: "notFound", message: "Not Found"}
	googleStranger = &googleFault{status: 401, reason: "authError", message: "Invalid Credentials"}
)

func googleInvalid(message string) *googleFault {
	return &googleFault{status: 400, reason: "invalid", message: message}
}

// ServeHTTP answers below any prefix that ends in /google, or at the root: /o/oauth2/auth, /token, /revoke, /calendar/v3/….
func (g *Google) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := below(r.URL.EscapedPath(), "/google")
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if rest, is := strings.CutPrefix(path, "/calendar/v3/"); is {
		g.api(w, r, rest)
		return
	}
	switch {
	case path == "/o/oauth2/auth" && r.Method == http.MethodGet:
		g.consent(w, r)
	case path == "/o/oauth2/auth" && r.Method == http.MethodPost:
		g.decide(w, r)
	case path == "/token" && r.Method == http.MethodPost:
		g.token(w, r)
	case path == "/revoke" && r.Method == http.MethodPost:
		g.revoke(w, r)
	default:
		http.NotFound(w, r)
	}
}

// api finds out who asks, and what.
func (g *Google) api(w http.ResponseWriter, r *http.Request, path string) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	g.dawdle(r.Context())
	segments := strings.Split(path, "/")
	for i := range segments {
		if s, err := url.PathUnescape(segments[i]); err == nil {
			segments[i] = s
		}
	}
	g.wire.Lock()
	defer g.wire.Unlock()
	if g.asked = append(g.asked, r.Method+" "+strings.Join(segments, "/")); len(g.asked) > 10_000 {
		g.asked = g.asked[5000:]
	}
	account, fault := g.whoAsks(r)
	var answer object
	if fault == nil {
		answer, fault = g.answer(account, r, segments)
	}
	switch {
	case fault != nil:
		fault.write(w)
	case answer == nil:
		w.WriteHeader(http.StatusNoContent)
	default:
		_, _ = w.Write(encodeLine(answer))
	}
}

func (g *Google) whoAsks(r *http.Request) (*googleAccount, *googleFault) {
	if len(g.faults) > 0 {
		f := g.faults[0]
		if g.faults = g.faults[1:]; f.status != 0 {
			return nil, &f
		}
	}
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	held, known := g.access[token]
	account := g.account(held.email)
	switch trouble := g.is(); {
	case trouble == Down:
		return nil, &googleFault{status: 503, reason: "backendError", message: "Service unavailable. Please try again"}
	case !known || time.Now().After(held.until) || account == nil:
		return nil, googleStranger
	case trouble == Busy:
		return nil, &googleFault{status: 429, domain: "usageLimits", reason: "rateLimitExceeded", message: "Rate Limit Exceeded", after: "2"}
	case trouble == Throttled:
		return nil, &googleFault{status: 403, domain: "usageLimits", reason: "userRateLimitExceeded", message: "User Rate Limit Exceeded"}
	case trouble == TokenBroken && r.URL.Query().Has("syncToken"):
		return nil, &googleFault{status: 500, reason: "backendError", message: "Backend Error"}
	}
	return account, nil
}

// answer is the site map of the API.
func (g *Google) answer(a *googleAccount, r *http.Request, path []string) (object, *googleFault) {
	switch {
	case len(path) == 3 && path[0] == "users" && path[2] == "calendarList" && r.Method == http.MethodGet:
		return g.list(a, r.URL.Query())
	case len(path) == 4 && path[0] == "users" && path[2] == "calendarList" && r.Method == http.MethodGet:
		if seat := a.seat(path[3]); seat != nil {
			return seat.entry(), nil
		}
	case len(path) == 2 && path[0] == "channels" && path[1] == "stop" && r.Method == http.MethodPost:
		return g.stop(a, r)
	case len(path) >= 2 && path[0] == "calendars":
		if seat := a.seat(path[1]); seat != nil {
			return g.inCalendar(a, seat, r, path[2:])
		}
	}
	return nil, googleNotFound
}

func (g *Google) inCalendar(a *googleAccount, c *googleSeat, r *http.Request, path []string) (object, *googleFault) {
	if len(path) == 0 && r.Method == http.MethodGet {
		return object{"kind": "calendar#calendar", "etag": `"1"`, "id": c.id, "summary": c.summary, "timeZone": c.zone}, nil
	}
	if len(path) == 0 || path[0] != "events" {
		return nil, googleNotFound
	}
	switch what := r.Method + " " + strings.Join(path, "/"); {
	case what == "GET events":
		return g.events(c, r.URL.Query())
	case what == "POST events":
		return g.post(a, c, r, false)
	case what == "POST events/import":
		return g.post(a, c, r, true)
	case what == "POST events/watch":
		return g.watch(a, c, r)
	case len(path) == 3 && path[2] == "instances" && r.Method == http.MethodGet:
		return g.instances(c, path[1], r.URL.Query())
	case len(path) != 2:
		return nil, googleNotFound
	case r.Method == http.MethodGet:
		return g.one(c, path[1])
	case r.Method == http.MethodPatch, r.Method == http.MethodPut:
		return g.write(c, path[1], r)
	case r.Method == http.MethodDelete:
		return nil, g.remove(c, path[1], r.Header.Get("If-Match"))
	}
	return nil, googleNotFound
}

// SetTrouble makes it misbehave, or behave again.
func (g *Google) SetTrouble(t Trouble) bool {
	if t != Fine && !slices.Contains(GoogleTroubles, t) {
		return false
	}
	g.be(t)
	return true
}

// Trouble is how it behaves.
func (g *Google) Trouble() Trouble { return g.is() }

// Fail answers the next questions with a status and the name that Google has for the reason. Status 0: this one goes well.
func (g *Google) Fail(status int, reason, retryAfter string, times int) {
	g.wire.Lock()
	defer g.wire.Unlock()
	for range times {
		g.faults = append(g.faults, googleFault{status: status, reason: reason, message: "As was asked for.", after: retryAfter})
	}
}

// Asked is every question to the API so far: "GET calendars/…/events".
func (g *Google) Asked() []string {
	g.wire.Lock()
	defer g.wire.Unlock()
	return slices.Clone(g.asked)
}

// ExpireTokens makes every sync token that was given one that has had its day: 410.
func (g *Google) ExpireTokens() {
	g.wire.Lock()
	defer g.wire.Unlock()
	g.epoch++
}

// ExpireAccess ends every access token; what was granted stays.
func (g *Google) ExpireAccess() {
	g.wire.Lock()
	defer g.wire.Unlock()
	clear(g.access)
}

// Revoke is what somebody does who takes their consent back: WedSync's access ends, and so do its channels.
func (g *Google) Revoke(email string) {
	g.wire.Lock()
	defer g.wire.Unlock()
	g.forget(email)
}

// StopChannels ends every channel without a word, and gives how many there were.
func (g *Google) StopChannels() int {
	g.wire.Lock()
	defer g.wire.Unlock()
	n := len(g.channels)
	clear(g.channels)
	return n
}

// Grant is consent without a page: an access token, and a refresh token.
func (g *Google) Grant(email string) (access, refresh string) {
	g.wire.Lock()
	defer g.wire.Unlock()
	refresh = secret("1//")
	g.refresh[refresh] = email
	return g.newAccess(email), refresh
}
