package web

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/testdb"
)

// caller posts to one connection from an address of its own, so that tests do not use up each other's failures.

type caller struct {
	*site
	org      uuid.UUID
	provider queries.Provider
	inbound.Connection
	ip string
}

func (s *site) caller(t *testing.T, org uuid.UUID, p queries.Provider, ip string) *caller {
	t.Helper()
	return &caller{s, org, p, s.connect(t, org, p, queries.SenderProofSigned), ip}
}

func newCaller(t *testing.T, p queries.Provider) *caller {
	t.Helper()
	s := newSite(t)
	return s.caller(t, testdb.Org(t, s.pool).ID, p, "203.0.113.9")
}

// signed is a delivery as its provider sends it; change makes it something else.

func (c *caller) signed(t *testing.T, body string, change ...func(*http.Request)) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, c.base+inbound.Path(c.provider, c.Token), strings.NewReader(body))
	r.Header = inbound.Sign(c.provider, c.Secret, []byte(body), time.Now())
	r.Header.Set("Content-Type", "application/json")
	r.RemoteAddr = c.ip + ":4711"
	for _, f := range change {
		f(r)
	}
	return r
}

type answer struct {
	ID     uuid.UUID `json:"id"`
	Status string    `json:"status"`
	Error  struct{ Code, Message string }
}

// send holds every answer to the contract's shape: JSON, with either an id and a status or an error in words.

func (c *caller) send(t *testing.T, r *http.Request) (int, answer, http.Header) {
	t.Helper()
	w := c.do(t, r)
	var a answer
	decoder := json.NewDecoder(bytes.NewReader(w.Body.Bytes()))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&a); err != nil || !strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") {
		t.Errorf("%d %s is not the contract's JSON: %s (%v)", w.Code, w.Header().Get("Content-Type"), w.Body, err)
	}
	if good := w.Code < 300; good != (a.ID != uuid.Nil) || good == (a.Error.Code != "") || (a.Error.Code == "") != (a.Error.Message == "") {
		t.Errorf("%d: %s", w.Code, w.Body)
	}
	for _, internal := range []string{"pgx", "pq:", "SQLSTATE", "dial", ".go:", "goroutine", "connection_secrets", c.Secret, c.Token} {
		if strings.Contains(w.Body.String(), internal) {
			t.Errorf("%d: the answer tells %q: %s", w.Code, internal, w.Body)
		}
	}
	return w.Code, a, w.Header()
}

func bookingSent(id string) string {
	return fmt.Sprintf(`{"id":%q,"type":"booking.created","occurred_at":"2026-01-05T10:00:00Z","data":{"booking":{"external_id":"b-%s","title":"Kay & Fry","start":"2027-06-12T12:00","status":"confirmed"}}}`, id, id)
}

func stripePaid(id, currency string) string {
	return fmt.Sprintf(`{"id":%q,"object":"event","type":"payment_intent.succeeded","created":1767600000,"data":{"object":{"id":"pi_%s","object":"payment_intent","amount":50000,"amount_received":50000,"currency":%q,"status":"succeeded"}}}`, id, id, currency)
}

func TestEveryProviderIsAcceptedOnceAndARepeatIsADuplicate(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	org := testdb.Org(t, s.pool).ID
	for i, p := range queries.AllProviderValues() {
		c := s.caller(t, org, p, fmt.Sprintf("203.0.113.%d", i))
		body := bookingSent("e-1")
		if p == queries.ProviderStripe {
			body = stripePaid("evt_1", "gbp")
		}
		code, first, _ := c.send(t, c.signed(t, body))
		if code != http.StatusAccepted || first.Status != "accepted" {
			t.Errorf("%s: %d %+v", p, code, first)
		}
		for range 2 {
			if code, again, _ := c.send(t, c.signed(t, body)); code != http.StatusOK || again.Status != "duplicate" || again.ID != first.ID {
				t.Errorf("%s again: %d %+v", p, code, again)
			}
		}
		var stored string
		err := s.pool.QueryRow(t.Context(), "SELECT provider || ' ' || convert_from(body, 'UTF8') FROM webhook_logs WHERE org_id = $1 AND id = $2", org, first.ID).Scan(&stored)
		if err != nil || stored != string(p)+" "+body {
			t.Errorf("%s: %s, %v", p, stored, err)
		}
	}
}

func without(name string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Del(name) }
}

func with(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func at(path string) func(*http.Request) {
	return func(r *http.Request) { r.URL.Path, r.RequestURI = path, path }
}

func TestWhatTheDoorRefuses(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	org := testdb.Org(t, s.pool).ID
	custom, stripe := s.caller(t, org, queries.ProviderCustom, "203.0.113.1"), s.caller(t, org, queries.ProviderStripe, "203.0.113.2")
	old := func(c *caller, body string) func(*http.Request) {
		return func(r *http.Request) {
			for name, values := range inbound.Sign(c.provider, c.Secret, []byte(body), time.Now().Add(-time.Hour)) {
				r.Header[name] = values
			}
		}
	}
	forged := inbound.Sign(queries.ProviderStripe, "another secret", []byte("{}"), time.Now()).Get("Stripe-Signature")
	tests := []struct {
		what   string
		c      *caller
		body   string
		change func(*http.Request)
		status int
		code   string
	}{
		{"a wrong signature", custom, "{}", with("X-WedSync-Signature", "sha256="+strings.Repeat("00", 32)), 401, "bad_signature"},
		{"no signature", custom, "{}", without("X-WedSync-Signature"), 401, "missing_signature"},
		{"a stale one", custom, "{}", old(custom, "{}"), 401, "stale_timestamp"},
		{"a static key that this connection does not take", custom, "{}", func(r *http.Request) {
			r.Header = http.Header{"Content-Type": {"application/json"}, "X-Wedsync-Key": {custom.Secret}}
		}, 401, "missing_signature"},
		{"a forged Stripe signature", stripe, "{}", with("Stripe-Signature", forged), 401, "bad_signature"},
		{"no Stripe signature", stripe, "{}", without("Stripe-Signature"), 401, "missing_signature"},
		{"a stale Stripe one", stripe, "{}", old(stripe, "{}"), 401, "stale_timestamp"},
		{"a token that nobody has", custom, "{}", at("/webhooks/custom/" + strings.Repeat("A", 43)), 404, "not_found"},
		{"another provider's token", custom, "{}", at("/webhooks/tave/" + custom.Token), 404, "not_found"},
		{"a provider that nobody is", custom, "{}", at("/webhooks/nobody/" + custom.Token), 404, "not_found"},
		{"no token", custom, "{}", at("/webhooks/custom/"), 404, "not_found"},
		{"a token with blanks and NUL", custom, "{}", at("/webhooks/custom/\x00 \xff"), 404, "not_found"},
		{"GET", custom, "{}", func(r *http.Request) { r.Method = http.MethodGet }, 405, "method_not_allowed"},
		{"PUT", custom, "{}", func(r *http.Request) { r.Method = http.MethodPut }, 405, "method_not_allowed"},
		{"a body over 1 MiB", custom, strings.Repeat("a", 1<<20+1), nil, 413, "too_large"},
		{"a content type that is not read", custom, "{}", with("Content-Type", "application/xml"), 415, "content_type"},
		{"no content type", custom, "{}", without("Content-Type"), 415, "content_type"},
		{"a packed body", custom, "{}", with("Content-Encoding", "gzip"), 415, "content_encoding"},
	}
	for i, tt := range tests {
		tt.c.ip = fmt.Sprintf("198.51.100.%d", i)
		r := tt.c.signed(t, tt.body)
		if tt.change != nil {
			tt.change(r)
		}
		if code, got, _ := tt.c.send(t, r); code != tt.status || got.Error.Code != tt.code {
			t.Errorf("%s: %d %+v", tt.what, code, got)
		}
	}
	var stored int
	if err := s.pool.QueryRow(t.Context(), "SELECT count(*) FROM webhook_logs WHERE org_id = $1 AND status <> 'quarantined'", org).Scan(&stored); err != nil || stored != 0 {
		t.Errorf("%d refused deliveries were stored, %v", stored, err)
	}
}

// The signature is genuine and only the time is not: the sender hears no, and yet nothing is lost.
func TestALateDeliveryIsKeptAsideAndOneClickTakesIt(t *testing.T) {
	t.Parallel()
	c := newCaller(t, queries.ProviderCustom)
	c.work(t)
	late := func(r *http.Request) {
		for name, values := range inbound.Sign(c.provider, c.Secret, []byte(bookingSent("e-1")), time.Now().Add(-time.Hour)) {
			r.Header[name] = values
		}
	}
	for range 2 { // sent twice, kept once
		if code, got, _ := c.send(t, c.signed(t, bookingSent("e-1"), late)); code != 401 || got.Error.Code != "stale_timestamp" {
			t.Fatalf("%d %+v", code, got)
		}
	}
	count := func(where string) (n int) {
		if err := c.pool.QueryRow(t.Context(), "SELECT count(*) FROM "+where, c.org).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	var id uuid.UUID
	var words string
	if err := c.pool.QueryRow(t.Context(), "SELECT id, error FROM webhook_logs WHERE org_id = $1 AND status = 'quarantined'", c.org).Scan(&id, &words); err != nil || !strings.Contains(words, "genuine signature") {
		t.Fatalf("%q, %v", words, err)
	}
	if n := count("bookings WHERE org_id = $1"); n != 0 {
		t.Errorf("%d bookings before anybody accepted it", n)
	}
	c.post(t, "/app/deliveries/"+id.String()+"/runs", nil, c.owner(t))
	if status, words := c.fate(t, id); status != "applied" || words != "" {
		t.Errorf("%s, %q", status, words)
	}
	// The sender's own next try, signed anew, is not taken for a repeat of what was set aside, and changes nothing twice.
	if code, got, _ := c.send(t, c.signed(t, bookingSent("e-1"))); code != 202 {
		t.Errorf("%d %+v", code, got)
	}
	if n := count("bookings WHERE org_id = $1"); n != 1 {
		t.Errorf("%d bookings", n)
	}
}

// A replay of what was taken already needs no person: it is refused, and nothing is kept aside that somebody could apply once
// more.
func TestALateRepeatOfWhatWasTakenIsNotKeptAside(t *testing.T) {
	t.Parallel()
	c := newCaller(t, queries.ProviderCustom)
	for _, body := range []string{bookingSent("e-1"), `{"project":"without an id"}`} {
		if code, got, _ := c.send(t, c.signed(t, body)); code != 202 {
			t.Fatalf("%d %+v", code, got)
		}
		late := func(r *http.Request) {
			for name, values := range inbound.Sign(c.provider, c.Secret, []byte(body), time.Now().Add(-time.Hour)) {
				r.Header[name] = values
			}
		}
		if code, got, _ := c.send(t, c.signed(t, body, late)); code != 401 || got.Error.Code != "stale_timestamp" {
			t.Errorf("%d %+v", code, got)
		}
	}
	var aside int
	if err := c.pool.QueryRow(t.Context(), "SELECT count(*) FROM webhook_logs WHERE org_id = $1 AND status = 'quarantined'", c.org).Scan(&aside); err != nil || aside != 0 {
		t.Errorf("%d were kept aside, %v", aside, err)
	}
}

func TestTheSixthFailureInAMinuteIsToldToWaitAndATrueDeliveryStillPasses(t *testing.T) {
	t.Parallel()
	c := newCaller(t, queries.ProviderCustom)
	wrong := with("X-WedSync-Signature", "sha256="+strings.Repeat("00", 32))
	for i := range 7 {
		code, got, h := c.send(t, c.signed(t, "{}", wrong))
		if i < 5 && (code != 401 || h.Get("Retry-After") != "") || i >= 5 && (code != 429 || h.Get("Retry-After") == "" || got.Error.Code != "too_many_failures") {
			t.Errorf("failure %d: %d %+v, Retry-After %q", i+1, code, got, h.Get("Retry-After"))
		}
	}
	elsewhere := *c
	elsewhere.ip = "203.0.113.77"
	if code, _, _ := elsewhere.send(t, elsewhere.signed(t, "{}", wrong)); code != 401 {
		t.Errorf("another caller: %d", code)
	}
	if code, _, _ := c.send(t, c.signed(t, bookingSent("e-1"))); code != 202 {
		t.Errorf("a true delivery from the same caller: %d", code)
	}
	if code, _, _ := c.send(t, c.signed(t, "{}", wrong)); code != 401 {
		t.Errorf("a failure after it is the first again: %d", code)
	}
}

// fate waits until the delivery is settled.

// What could not be read is kept as it came, so that a mended reader reads it again on "run again".

func TestTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	dead, err := pgxpool.New(t.Context(), "postgres://postgres@/wedsync?host=/nowhere&port=5432")
	if err != nil {
		t.Fatal(err)
	}
	defer dead.Close()
	closed, err := pgxpool.New(t.Context(), "postgres://postgres@/wedsync?host=/nowhere&port=5432")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	for what, pool := range map[string]*pgxpool.Pool{"a dead socket": dead, "a closed pool": closed} {
		s := siteOn(t, pool)
		c := &caller{s, uuid.New(), queries.ProviderCustom, inbound.Connection{Token: strings.Repeat("t", 43), Secret: "a secret nobody has told"}, "203.0.113.9"}
		code, got, h := c.send(t, c.signed(t, bookingSent("e-1")))
		if code != http.StatusServiceUnavailable || got.Error.Code != "away" || h.Get("Retry-After") == "" {
			t.Errorf("%s: %d %+v, Retry-After %q", what, code, got, h.Get("Retry-After"))
		}
		if page := s.get(t, "/app", s.cookie("anything", 1)); pool == dead && page.Code != http.StatusServiceUnavailable || strings.Contains(page.Body.String(), "nowhere") {
			t.Errorf("%s: a page: %d", what, page.Code)
		}
		if ready := s.get(t, "/readyz", nil); ready.Code != http.StatusServiceUnavailable || !strings.Contains(ready.Body.String(), "Database: does not answer") {
			t.Errorf("%s: %d %s", what, ready.Code, ready.Body)
		}
		if alive := s.get(t, "/healthz", nil); alive.Code != 200 {
			t.Errorf("%s: %d", what, alive.Code)
		}
	}
}

// A database that hangs is away as well, as far as the sender is concerned.

func TestADatabaseThatHangsIsAway(t *testing.T) {
	t.Parallel()
	c := newCaller(t, queries.ProviderCustom)
	tx, err := c.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.WithoutCancel(t.Context())) //nolint:errcheck // nothing to keep
	if _, err := tx.Exec(t.Context(), "LOCK TABLE webhook_logs"); err != nil {
		t.Fatal(err)
	}
	if code, got, h := c.send(t, c.signed(t, bookingSent("e-1"))); code != 503 || got.Error.Code != "away" || h.Get("Retry-After") == "" {
		t.Errorf("%d %+v", code, got)
	}
}

// Whatever comes to the door, the log names neither the token nor the secret, nor what was said.

// No-code senders post lists. Each event of one stands for itself; the list comes again as a whole and is a double.
func TestEachEventOfAListIsADelivery(t *testing.T) {
	t.Parallel()
	c := newCaller(t, queries.ProviderCustom)
	c.work(t)
	list := "[" + bookingSent("e-1") + ",\n" + bookingSent("e-2") + `,{"id":"e-3","type":"booking.created","data":{}}` + "]"
	code, first, _ := c.send(t, c.signed(t, list))
	if code != 202 || first.ID == uuid.Nil {
		t.Fatalf("%d %+v", code, first)
	}
	if status, _ := c.fate(t, first.ID); status != "applied" {
		t.Error(status)
	}
	var fates string
	for fates != "e-1 applied, e-2 applied, e-3 failed" {
		if err := c.pool.QueryRow(t.Context(), "SELECT string_agg(event_id || ' ' || status, ', ' ORDER BY event_id) FROM webhook_logs WHERE org_id = $1", c.org).Scan(&fates); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(fates, "accepted") && fates != "e-1 applied, e-2 applied, e-3 failed" {
			t.Fatal(fates)
		}
	}
	if code, again, _ := c.send(t, c.signed(t, list)); code != 200 || again.ID != first.ID {
		t.Errorf("%d %+v", code, again)
	}
	for _, odd := range []string{"[]", "[1,2]", "[[]]", "[", `[{"a":1},2]`} { // no list of events: kept whole, with a reason
		if code, _, _ := c.send(t, c.signed(t, odd)); code != 202 {
			t.Errorf("%s: %d", odd, code)
		}
	}
}
