package web

import (
	"bytes"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/jobs/sandbox"
)

func TestCase16AnotherTenantsIDOnEveryRoute(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	owner := w.as(t, "owner")
	tested := 0
	for _, r := range w.routes() {
		c := routeCases[r.method+" "+r.path]
		if strings.Contains(r.path, ":id") != (c.id != nil) {
			t.Errorf("%s %s: its case must say whose id it takes", r.method, r.path)
		}
		if c.id == nil || r.access == operator { // operators stand above tenants; who else may not, the route test says
			continue
		}
		tested++
		theirs := c.id(t, w, w.theirs)
		before := w.contents(t)
		call := func(id string) *httptest.ResponseRecorder {
			return w.do(t, w.request(t, r.method, strings.Replace(r.path, ":id", id, 1), c.form, owner))
		}
		want := call(uuid.NewString())
		if want.Code != http.StatusNotFound {
			t.Errorf("%s %s: nobody's id: %d", r.method, r.path, want.Code)
		}
		for _, id := range []string{theirs.String(), strings.ToUpper(theirs.String()), uuid.Nil.String(), "not-an-id", "%00", "{" + theirs.String() + "}"} {
			got := call(id)
			if got.Code != want.Code || !bytes.Equal(got.Body.Bytes(), want.Body.Bytes()) || !sameHeaders(got.Header(), want.Header()) {
				t.Errorf("%s %s with %s: %d %v\n%s\nwant %d %v\n%s", r.method, r.path, id, got.Code, got.Header(), got.Body, want.Code, want.Header(), want.Body)
			}
		}
		if after := w.contents(t); !maps.Equal(before, after) {
			t.Errorf("%s %s changed something: %v, %v", r.method, r.path, before, after)
		}
	}
	if tested == 0 {
		t.Error("no route takes an id")
	}
}

func sameHeaders(a, b http.Header) bool {
	a, b = a.Clone(), b.Clone()
	a.Del("X-Request-Id")
	b.Del("X-Request-Id")
	return maps.EqualFunc(a, b, slices.Equal[[]string])
}

func TestCase16AnotherTenantsIDInAQuery(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	theirs, ours := aDelivery(t, w, w.theirs), aConnection(t, w, w.org)
	var theirConnection uuid.UUID
	if err := w.pool.QueryRow(t.Context(), "SELECT connection_id FROM webhook_logs WHERE id = $1", theirs).Scan(&theirConnection); err != nil {
		t.Fatal(err)
	}
	draw := func(connection uuid.UUID) string {
		drawn, err := w.drawRegion(t.Context(), w.org.ID, inbound.DeliveriesRegion(connection))
		if err != nil {
			t.Fatal(err)
		}
		return strings.ReplaceAll(string(drawn.HTML), connection.String(), "ID")
	}
	if nobodys := draw(uuid.New()); draw(theirConnection) != nobodys {
		t.Errorf("a neighbour's region shows\n%s\nwant\n%s", draw(theirConnection), nobodys)
	}
	for _, query := range []string{"?before=" + theirs.String(), "?q=in+words", "?status=failed", "?before=no-id&status=no-status&q=%00%ff"} {
		got := w.get(t, "/app/connections/"+ours.String()+query, w.as(t, "owner"))
		if got.Code != 200 || strings.Contains(got.Body.String(), theirs.String()) {
			t.Errorf("%s: %d", query, got.Code)
		}
	}
}

func TestAGETChangesNothing(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ids := map[string]uuid.UUID{}
	for _, r := range w.routes() {
		if c := routeCases[r.method+" "+r.path]; c.id != nil {
			ids[r.path] = c.id(t, w, w.org)
		}
	}
	people := map[string]*http.Cookie{}
	for _, persona := range personas {
		people[persona] = w.as(t, persona)
	}
	before := w.contents(t)
	if len(before) < 15 {
		t.Fatalf("only %d tables are watched", len(before))
	}
	for _, r := range w.routes() {
		for _, who := range people {
			w.do(t, w.request(t, http.MethodGet, addressed(r, ids[r.path]), nil, who))
		}
	}
	for table, print := range w.contents(t) {
		if before[table] != print {
			t.Errorf("%s has changed: %s, now %s", table, before[table], print)
		}
	}
}

func TestAnotherSitesPostIsRefusedOnEveryRoute(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	for _, r := range w.routes() {
		if r.method != http.MethodPost || strings.HasPrefix(r.path, "/webhooks/") {
			continue
		}
		c := routeCases[r.method+" "+r.path]
		var id uuid.UUID
		if c.id != nil {
			id = c.id(t, w, w.org)
		}
		who := w.as(t, "owner")
		before := w.contents(t)
		for header, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"} {
			req := w.request(t, r.method, addressed(r, id), c.form, who)
			req.Header.Del("Sec-Fetch-Site")
			req.Header.Set(header, value)
			if got := w.do(t, req); got.Code != http.StatusForbidden {
				t.Errorf("%s with %s: %d", r.path, header, got.Code)
			}
		}
		if after := w.contents(t); !maps.Equal(before, after) {
			t.Errorf("%s changed something", r.path)
		}
	}
}

func TestTheSandboxInTheDemo(t *testing.T) {
	t.Parallel()
	w := newTown(t, func(c *Config) { c.Demo = true })
	if err := sandbox.NewWorld(time.Now()).Seed(t.Context(), w.pool, w.box, w.door, time.Now()); err != nil {
		t.Fatal(err)
	}
	if got := w.get(t, "/sandbox", nil); got.Code != 200 || !strings.Contains(got.Body.String(), `href="/sandbox/outbox"`) {
		t.Errorf("%d %s", got.Code, got.Body)
	}
	got := w.post(t, "/sandbox/sign-in", url.Values{"person": {"ada"}}, nil)
	if got.Code != 303 || got.Header().Get("Location") != "/app" || len(got.Result().Cookies()) != 1 {
		t.Errorf("%d to %s", got.Code, got.Header().Get("Location"))
	}
	for _, form := range []url.Values{{"person": {"nobody"}}, {"person": {w.org.Owner.Email}}, nil} {
		if got := w.post(t, "/sandbox/sign-in", form, nil); got.Code != 404 {
			t.Errorf("%v: %d", form, got.Code)
		}
	}
	for _, form := range []url.Values{{"org": {w.org.ID.String()}, "delivery": {"no such"}}, {"org": {"x"}, "delivery": {"stripe_paid"}}, {"org": {w.org.ID.String()}, "delivery": {"stripe_paid"}}} {
		if got := w.post(t, "/sandbox/deliveries", form, nil); got.Code != 404 {
			t.Errorf("%v: %d", form, got.Code)
		}
	}
}
