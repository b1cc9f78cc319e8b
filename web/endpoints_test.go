package web

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/jobs/outbound"
	"github.com/wedsync/wedsync/queries/testdb"
	"github.com/wedsync/wedsync/views"
)

func anEndpoint(t *testing.T, w *town, org testdb.Supplier) uuid.UUID {
	return endpointTo(t, w.site, org, "https://hooks.example.com/SECRET")
}

func endpointTo(t *testing.T, s *site, org testdb.Supplier, address string) uuid.UUID {
	t.Helper()
	by := outbound.Asked{OrgID: org.ID, UserID: org.Owner.ID, ID: uuid.Must(uuid.NewV7())}
	if _, err := s.outbound().Make(t.Context(), by, "Zapier <b>", address, nil); err != nil {
		t.Fatal(err)
	}
	return by.ID
}

func aMessage(t *testing.T, w *town, org testdb.Supplier) uuid.UUID {
	t.Helper()
	id, err := w.outbound().Test(t.Context(), outbound.Asked{OrgID: org.ID, UserID: org.Owner.ID, ID: anEndpoint(t, w, org)}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// One list in four places: what inbound makes, what outbound offers, and the words for each.
func TestEveryEventThatIsOfferedIsOneOfOurs(t *testing.T) {
	t.Parallel()
	ours := []inbound.Type{inbound.BookingCreated, inbound.BookingUpdated, inbound.BookingCancelled, inbound.ClientCreated, inbound.ClientUpdated, inbound.ClientDeleted,
		inbound.PaymentCompleted, inbound.PaymentFailed, inbound.PaymentRefunded, inbound.CalendarEventCreated, inbound.CalendarEventUpdated, inbound.WedMeClientInvited, inbound.WedMeVendorSignup}
	if len(ours) != len(outbound.Types) {
		t.Errorf("%d are offered, %d are made", len(outbound.Types), len(ours))
	}
	for i, kind := range ours {
		if string(kind) != outbound.Types[i] {
			t.Errorf("%s is not offered", kind)
		}
	}
	for _, kind := range append([]string{outbound.TestType}, outbound.Types...) {
		if views.EventWords(kind) == kind {
			t.Errorf("%s has no words", kind)
		}
	}
}

func TestCase19AddressesThatTheFormRefuses(t *testing.T) {
	t.Parallel()
	w := newTown(t, func(c *Config) { c.AllowPrivate = false })
	owner := w.as(t, "owner")
	for _, address := range []string{"", "zapier", "http://hooks.zapier.com/x", "https://localhost/", "https://127.0.0.1/", "https://2130706433/", "https://[::1]/", "https://169.254.169.254/",
		"https://user:pw@example.com/", "ftp://example.com/", "https://WEDSYNC.test/webhooks/custom/x"} {
		got := w.post(t, "/app/endpoints", url.Values{"name": {"Z"}, "url": {address}}, owner)
		if page := got.Body.String(); got.Code != 422 || !strings.Contains(page, `id="url-error"`) || !strings.Contains(page, "was not kept") {
			t.Errorf("%q: %d", address, got.Code)
		}
	}
	for _, form := range []url.Values{{"url": {"https://example.com/"}}, {"name": {strings.Repeat("n", 121)}, "url": {"https://example.com/"}}, {"name": {"Z"}, "url": {"https://example.com/"}, "type": {"no.such"}}} {
		if got := w.post(t, "/app/endpoints", form, owner); got.Code != 422 {
			t.Errorf("%v: %d", form, got.Code)
		}
	}
	if n, err := w.q.Endpoints(t.Context(), w.org.ID); err != nil || len(n) != 0 {
		t.Errorf("%v, %v", n, err)
	}
}

func TestTheAddressAndTheSecretAreForWhoMayKnowThem(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	made := w.post(t, "/app/endpoints", url.Values{"name": {"Zapier <b>"}, "url": {"https://hooks.example.com/SECRETPATH"}}, w.as(t, "manager"))
	secret := regexp.MustCompile(`whsec_[A-Za-z0-9+/=]{44}`).FindString(made.Body.String())
	if made.Code != 201 || secret == "" || made.Header().Get("Cache-Control") != "no-store" {
		t.Fatalf("%d, %v", made.Code, made.Header())
	}
	rows, err := w.q.Endpoints(t.Context(), w.org.ID)
	if err != nil || len(rows) != 1 {
		t.Fatal(rows, err)
	}
	at := "/app/endpoints/" + rows[0].ID.String()
	for persona, sees := range map[string]bool{"staff": false, "manager": true} {
		page := w.get(t, at, w.as(t, persona)).Body.String()
		if strings.Contains(page, "SECRETPATH") != sees || strings.Contains(page, "/removal") != sees || strings.Contains(page, secret) || strings.Contains(page, "<b>") {
			t.Errorf("%s sees what they should not, or too little", persona)
		}
	}
	if list := w.get(t, "/app/endpoints", w.as(t, "staff")).Body.String(); strings.Contains(list, "SECRETPATH") || !strings.Contains(list, "Ready") {
		t.Error("the list")
	}
	again := w.post(t, at+"/secrets", nil, w.as(t, "manager"))
	if fresh := regexp.MustCompile(`whsec_[A-Za-z0-9+/=]{44}`).FindString(again.Body.String()); fresh == "" || fresh == secret || !strings.Contains(again.Body.String(), "24 hours") {
		t.Error("no new secret")
	}
}

// A person adds an address, tests it, sees why it fails, mends the other side and sends it again.
func TestATestTellsHowItWent(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	w.work(t)
	status := make(chan int, 2)
	receiver := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) //nolint:errcheck // only its end matters
		rw.WriteHeader(<-status)
	}))
	defer receiver.Close()
	owner := w.as(t, "owner")
	id := endpointTo(t, w.site, w.org, receiver.URL)
	status <- 404
	page := w.post(t, "/app/endpoints/"+id.String()+"/tests", nil, owner).Header().Get("Location")
	shows := func(what ...string) {
		t.Helper()
		eventually(t, "its page says "+strings.Join(what, ", "), func() bool {
			html := w.get(t, page, owner).Body.String()
			for _, one := range what {
				if !strings.Contains(html, one) {
					return false
				}
			}
			return true
		})
	}
	shows("Given up", "404 (Not Found)", "A test is tried once", "Send again", "wedsync.test")
	if html := w.get(t, "/app/endpoints/"+id.String(), owner).Body.String(); !strings.Contains(html, "Does not take messages") {
		t.Error("the endpoint's page says nothing")
	}
	status <- 200
	if got := w.post(t, page+"/runs", nil, owner); got.Code != 303 {
		t.Fatal(got.Code)
	}
	shows("Delivered", "200 (OK)", "404 (Not Found)")
}

func TestPauseAndFilterAndOlder(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	owner, id := w.as(t, "owner"), anEndpoint(t, w, w.org)
	at := "/app/endpoints/" + id.String()
	for _, path := range []string{"/pause", "/pause"} {
		if got := w.post(t, at+path, nil, owner); got.Code != 303 {
			t.Fatal(got.Code)
		}
	}
	if html := w.get(t, at+"?done=pause", owner).Body.String(); !strings.Contains(html, "Paused") || !strings.Contains(html, "Turn on again") {
		t.Error("not paused")
	}
	_, err := w.pool.Exec(t.Context(), `INSERT INTO outbound_messages (org_id, id, endpoint_id, source_id, event_type, happened_at, data, status, created_at)
		SELECT $1, gen_random_uuid(), $2, gen_random_uuid(), 'booking.created', now(), '{}', CASE WHEN n % 2 = 0 THEN 'failed' ELSE 'pending' END::message_status, now() - n * interval '1 minute'
		FROM generate_series(1, 120) n`, w.org.ID, id)
	if err != nil {
		t.Fatal(err)
	}
	count := func(query string) (rows int, older string) {
		t.Helper()
		html := w.get(t, at+query, owner).Body.String()
		if m := regexp.MustCompile(`rel="next" href="([^"]+)"`).FindStringSubmatch(html); m != nil {
			older = strings.ReplaceAll(m[1], "&amp;", "&")
		}
		return strings.Count(html, `href="/app/messages/`), older
	}
	total, pages := 0, 0
	for query := "?status=failed"; query != ""; pages++ {
		var rows int
		rows, query = count(query)
		total += rows
	}
	if total != 60 || pages != 2 {
		t.Errorf("%d rows on %d pages", total, pages)
	}
	if rows, older := count("?status=no-such&before=no-such"); rows != 50 || older == "" {
		t.Errorf("%d", rows)
	}
	if html := w.get(t, at+"?status=pending", owner).Body.String(); !strings.Contains(html, "Held") || strings.Contains(html, "Given up</span>") {
		t.Error("the filter")
	}
	if rows, err := w.q.Endpoints(t.Context(), w.org.ID); err != nil || rows[0].Waiting != 60 || rows[0].GivenUp != 60 {
		t.Errorf("%+v, %v", rows, err)
	}
	var audited int
	if err := w.pool.QueryRow(t.Context(), "SELECT count(*) FROM audit_log WHERE action = 'endpoint.paused'").Scan(&audited); err != nil || audited != 1 {
		t.Errorf("%d are told: %v", audited, err)
	}
}
