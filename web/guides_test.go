package web

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/testdb"
	"github.com/wedsync/wedsync/views"
)

var defaults = inbound.Defaults{Zone: time.UTC, Currency: "GBP"}

// fixturesOf are the bodies that inbound's own tests read.
func fixturesOf(t *testing.T, p queries.Provider) (all []map[string]any, events []inbound.Event) {
	t.Helper()
	paths, err := filepath.Glob("../jobs/inbound/testdata/" + string(p) + "/*.json")
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s has no fixtures: %v", p, err)
	}
	for _, path := range paths {
		body, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var doc map[string]any
		if json.Unmarshal(body, &doc) != nil || strings.HasSuffix(path, ".golden.json") {
			continue // a list, or what a reader made of one
		}
		ev, _ := inbound.Read(p, "application/json", body, defaults)
		all, events = append(all, doc), append(events, ev)
	}
	return all, events
}

// isPartOf: everything in a stands in b as it is.
func isPartOf(a, b any) bool {
	inner, isObject := a.(map[string]any)
	outer, alike := b.(map[string]any)
	if !isObject || !alike {
		return fmt.Sprint(a) == fmt.Sprint(b)
	}
	for name, value := range inner {
		if other, there := outer[name]; !there || !isPartOf(value, other) {
			return false
		}
	}
	return true
}

func kindOfBody(doc map[string]any) string {
	for _, name := range []string{"event_type", "type", "event", "trigger"} {
		if kind, ok := doc[name].(string); ok {
			return kind
		}
	}
	return ""
}

func plainWord(text string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), " ")
}

// What a guide shows is read as it says, and what is read is in the guide.
func TestEveryProviderHasAGuideWhoseExampleReads(t *testing.T) {
	t.Parallel()
	for _, p := range queries.AllProviderValues() {
		example := views.GuideExample(p)
		if example == "" || views.GuideLead(p) == "" {
			t.Errorf("%s has no guide", p)
			continue
		}
		ev, err := inbound.Read(p, "application/json", []byte(example), defaults)
		if err != nil {
			t.Errorf("%s: the example is not read: %v", p, err)
		}
		if ev.Booking == nil && ev.Payment == nil && ev.Invite == nil {
			t.Errorf("%s: the example is about nothing: %+v", p, ev)
		}
		var doc map[string]any
		if err := json.Unmarshal([]byte(example), &doc); err != nil {
			t.Fatal(err)
		}
		bodies, events := fixturesOf(t, p)
		if !slices.ContainsFunc(bodies, func(f map[string]any) bool { return isPartOf(doc, f) }) {
			t.Errorf("%s: the example is of no fixture", p)
		}
		named := map[string]bool{}
		for _, name := range views.GuideEvents(p) {
			named[plainWord(name)] = true
			checkUsed(t, p, name)
		}
		for i, body := range bodies {
			if kind := kindOfBody(body); events[i].Type != "" && !named[plainWord(kind)] {
				t.Errorf("%s: %q has an effect and is not in the guide", p, kind)
			}
		}
	}
}

// checkUsed: whatever else is wrong with a body that has nothing but its kind, the kind itself is one that is known.
func checkUsed(t *testing.T, p queries.Provider, name string) {
	t.Helper()
	body := fmt.Sprintf(`{"type":%q,"data":{}}`, name)
	if p == queries.ProviderStripe {
		body = fmt.Sprintf(`{"object":"event","type":%q,"data":{"object":{}}}`, name)
	}
	if _, err := inbound.Read(p, "application/json", []byte(body), defaults); err != nil && strings.Contains(err.Error(), "does not use events of type") {
		t.Errorf("%s: the guide promises %s, and: %v", p, name, err)
	}
}

func TestAGuideSaysWhatToPasteForEachProof(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	org := testdb.Org(t, s.pool)
	as := s.session(t, org.Owner)
	headers := map[queries.SenderProof]string{queries.SenderProofSigned: "X-WedSync-Signature", queries.SenderProofStaticKey: "X-WedSync-Key"}
	for _, p := range queries.AllProviderValues() {
		for _, proof := range queries.AllSenderProofValues() {
			made := s.connect(t, org.ID, p, proof)
			got := s.get(t, "/app/connections/"+made.ID.String()+"/guide", as)
			page := html.UnescapeString(got.Body.String())
			want := []string{s.connectionURL(p, made.Token), "Send a test", "How sure we are", views.GuideExample(p), headers[proof]}
			if p == queries.ProviderStripe {
				want = append(want[:4], "Stripe-Signature", "whsec_", "confirmed", "Only one Stripe account")
			}
			if p != queries.ProviderStripe && p != queries.ProviderCustom {
				want = append(want, inbound.TemplateOf(p).Label)
			}
			for _, words := range want {
				if !strings.Contains(page, words) {
					t.Errorf("%s %s: the guide does not say %q", p, proof, words)
				}
			}
			if got.Code != http.StatusOK || strings.Contains(page, made.Secret) {
				t.Errorf("%s %s: %d; the secret must not be on it", p, proof, got.Code)
			}
		}
	}
}

// reachable is a site that answers at its own public address.
func reachable(t *testing.T) *site {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	s := newSite(t, func(c *Config) { c.URL = &url.URL{Scheme: "http", Host: server.Listener.Addr().String()} })
	server.Config.Handler = s
	server.Start()
	t.Cleanup(server.Close)
	return s
}

func TestATestGoesTheWholeWayRoundAndChangesNothing(t *testing.T) {
	t.Parallel()
	s := reachable(t).work(t)
	for _, p := range queries.AllProviderValues() {
		for _, proof := range []queries.SenderProof{queries.SenderProofSigned, queries.SenderProofStaticKey} {
			org := testdb.Org(t, s.pool)
			as, made := s.session(t, org.Owner), s.connect(t, org.ID, p, proof)
			page := "/app/connections/" + made.ID.String()
			for range 2 { // the second is a delivery of its own, not a duplicate
				if got := s.post(t, page+"/tests", nil, as); got.Code != http.StatusSeeOther || got.Header().Get("Location") != page+"?test=taken" {
					t.Fatalf("%s %s: %d to %s", p, proof, got.Code, got.Header().Get("Location"))
				}
			}
			var told string
			eventually(t, "both are settled", func() bool {
				err := s.pool.QueryRow(t.Context(), `SELECT coalesce(string_agg(event_type || ' ' || status || ' ' || error, '|'), '') FROM webhook_logs WHERE org_id = $1`, org.ID).Scan(&told)
				return err == nil && strings.Count(told, "wedsync.test ignored This is a test that you sent") == 2
			})
			var rows int
			err := s.pool.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM payments WHERE org_id = $1) + (SELECT count(*) FROM bookings WHERE org_id = $1) + (SELECT count(*) FROM activities WHERE org_id = $1)`, org.ID).Scan(&rows)
			if err != nil || rows != 0 {
				t.Errorf("%s: %d rows, %v", p, rows, err)
			}
			if shown := s.get(t, page+"?test=taken", as).Body.String(); !strings.Contains(shown, "Your test arrived") || !strings.Contains(shown, "wedsync.test") {
				t.Errorf("%s: the page does not show it", p)
			}
		}
	}
}

// The newest secret is the one that the other side ought to use by now.
func TestATestIsSignedWithTheNewestSecret(t *testing.T) {
	t.Parallel()
	s := reachable(t)
	org := testdb.Org(t, s.pool)
	as, made := s.session(t, org.Owner), s.connect(t, org.ID, queries.ProviderStripe, queries.SenderProofSigned)
	page := "/app/connections/" + made.ID.String()
	s.post(t, page+"/secrets", url.Values{"secret": {"whsec_that_stripe_made"}}, as)
	if _, err := s.pool.Exec(t.Context(), "UPDATE connection_secrets SET expires_at = now() - interval '1 second' WHERE org_id = $1 AND expires_at IS NOT NULL", org.ID); err != nil {
		t.Fatal(err)
	}
	if got := s.post(t, page+"/tests", nil, as); got.Header().Get("Location") != page+"?test=taken" {
		t.Errorf("to %s", got.Header().Get("Location"))
	}
}

func TestATestThatDoesNotArriveSaysWhyAndWhatToDo(t *testing.T) {
	t.Parallel()
	closed := httptest.NewServer(nil)
	closed.Close()
	stranger := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(stranger.Close)
	other := reachable(t) // a WedSync, but not ours
	for address, result := range map[string]string{closed.URL: "refused", stranger.URL: "elsewhere", other.base: "unknown"} {
		public, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		s := newSite(t, func(c *Config) { c.URL = public })
		org := testdb.Org(t, s.pool)
		as, made := s.session(t, org.Owner), s.connect(t, org.ID, queries.ProviderCustom, queries.SenderProofSigned)
		page := "/app/connections/" + made.ID.String() + "/guide?test=" + result
		if got := s.post(t, "/app/connections/"+made.ID.String()+"/tests", nil, as); got.Header().Get("Location") != page {
			t.Errorf("%s: to %s", result, got.Header().Get("Location"))
		}
		if shown := s.get(t, page, as).Body.String(); !strings.Contains(shown, "The test did not arrive") || !strings.Contains(shown, "Nothing was changed.") {
			t.Errorf("%s: the guide does not say so", result)
		}
		if log := s.log.String(); strings.Contains(log, made.Secret) || strings.Contains(log, made.Token) {
			t.Errorf("%s: the log tells a secret:\n%s", result, log)
		}
	}
}

// A result without words would show as nothing.
func TestEveryResultOfATestHasWords(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	org := testdb.Org(t, s.pool)
	as, made := s.session(t, org.Owner), s.connect(t, org.ID, queries.ProviderCustom, queries.SenderProofSigned)
	for _, result := range append(inbound.TestResults, "<script>", "nonsense") {
		page := s.get(t, "/app/connections/"+made.ID.String()+"/guide?test="+url.QueryEscape(string(result)), as).Body.String()
		known := slices.Contains(inbound.TestResults, result) && result != inbound.TestTaken
		if strings.Contains(page, "The test did not arrive") != known {
			t.Errorf("%s: words are there: %v", result, !known)
		}
	}
}

func TestOneStripeAccountOfMany(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	org := testdb.Org(t, s.pool)
	as := s.session(t, org.Owner)
	stripe, custom := s.connect(t, org.ID, queries.ProviderStripe, queries.SenderProofSigned), s.connect(t, org.ID, queries.ProviderCustom, queries.SenderProofSigned)
	account := func(id uuid.UUID) (set string) {
		err := s.pool.QueryRow(t.Context(), "SELECT coalesce((SELECT account FROM connections WHERE org_id = $1 AND id = $2), 'nobody')", org.ID, id).Scan(&set)
		if err != nil {
			t.Fatal(err)
		}
		return set
	}
	for _, tt := range []struct {
		connection uuid.UUID
		said       string
		code       int
		after      string
	}{
		{stripe.ID, "acct_1WedHolm", http.StatusSeeOther, "acct_1WedHolm"},
		{stripe.ID, "sk_live_123", http.StatusUnprocessableEntity, "acct_1WedHolm"},
		{stripe.ID, "acct_", http.StatusUnprocessableEntity, "acct_1WedHolm"},
		{stripe.ID, "acct_1\x00'--", http.StatusUnprocessableEntity, "acct_1WedHolm"},
		{stripe.ID, "acct_" + strings.Repeat("x", 300), http.StatusUnprocessableEntity, "acct_1WedHolm"},
		{stripe.ID, "<b>", http.StatusUnprocessableEntity, "acct_1WedHolm"},
		{stripe.ID, "", http.StatusSeeOther, ""},
		{custom.ID, "acct_1", http.StatusNotFound, ""},
		{uuid.New(), "acct_1", http.StatusNotFound, "nobody"},
		{uuid.New(), "nonsense", http.StatusNotFound, "nobody"},
	} {
		got := s.post(t, "/app/connections/"+tt.connection.String()+"/account", url.Values{"account": {tt.said}}, as)
		if got.Code != tt.code || account(tt.connection) != tt.after {
			t.Errorf("%q: %d, and then %q", tt.said, got.Code, account(tt.connection))
		}
		if got.Code == http.StatusUnprocessableEntity && !strings.Contains(got.Body.String(), "begins with acct_") {
			t.Errorf("%q: no words", tt.said)
		}
	}
	s.post(t, "/app/connections/"+stripe.ID.String()+"/account", url.Values{"account": {"acct_1WedHolm"}}, as)
	if page := s.get(t, "/app/connections/"+stripe.ID.String()+"/guide", as).Body.String(); !strings.Contains(page, `value="acct_1WedHolm"`) {
		t.Error("the account is not shown")
	}
	var audited int
	if err := s.pool.QueryRow(t.Context(), "SELECT count(*) FROM audit_log WHERE org_id = $1 AND action = 'connection.account'", org.ID).Scan(&audited); err != nil || audited != 3 {
		t.Errorf("%d, %v", audited, err)
	}
}
