package web

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/testdb"
)

func TestWhatIsTrulySignedIsTakenWhateverItIs(t *testing.T) {
	t.Parallel()
	c := newCaller(t, queries.ProviderCustom)
	c.work(t)
	page := func(size int) string { return `{"id":"` + strings.Repeat("i", size-9) + `"}` }
	key := func(id string) func(*http.Request) { return with("Idempotency-Key", id) }
	tests := []struct {
		what, body string
		change     func(*http.Request)
		status     string
		words      string
	}{
		{"broken JSON", `{"id":"e-1",`, nil, "failed", "JSON"},
		{"no JSON at all", `hello`, nil, "failed", ""},
		{"nothing", ``, nil, "failed", ""},
		{"a list", `[1,2]`, nil, "failed", ""},
		{"a wrong shape", `{"id":"e-2","type":"payment.completed","data":{"payment":{"external_id":"p","amount":"500.00"}}}`, nil, "failed", "amount"},
		{"an unknown type", `{"id":"e-3","type":"contract.signed","data":{"booking":{"external_id":"b"}}}`, nil, "ignored", "contract.signed"},
		{"invalid UTF-8", "{\"id\":\"\xff\xfe\",\"type\":\"booking.created\"}", nil, "", ""},
		{"NUL in the body", "{\"id\":\"e-4\x00\",\"type\":\"client.created\"}", nil, "", ""},
		{"an escaped NUL in every field", `{"id":"e-5\u0000","type":"client.created","data":{"client":{"external_id":"c\u0000","name":"A\u0000nna"}}}`, nil, "", ""},
		{"an id header that no column holds", bookingSent("e-6"), key("\xff\x01" + strings.Repeat("k", 5000)), "applied", ""},
		{"exactly 1 MiB", page(1 << 20), nil, "", ""},
		{"a form", "event=new_lead&name=Anna&email=a%40example.com", with("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"), "", ""},
		{"deep nesting", `{"id":"e-7","type":"booking.created","data":` + strings.Repeat(`{"a":`, 5000) + "1" + strings.Repeat("}", 5000) + "}", nil, "failed", ""},
		{"another currency", `{"id":"e-8","type":"payment.completed","data":{"payment":{"external_id":"p-8","amount":70000,"currency":"JPY"}}}`, nil, "applied", ""},
	}
	for _, tt := range tests {
		r := c.signed(t, tt.body)
		if tt.change != nil {
			tt.change(r)
		}
		code, got, _ := c.send(t, r)
		if code != http.StatusAccepted {
			t.Errorf("%s: %d %+v", tt.what, code, got)
			continue
		}
		status, words := c.fate(t, got.ID)
		if status == "accepted" || tt.status != "" && status != tt.status || !strings.Contains(words, tt.words) || (status == "applied") != (words == "") {
			t.Errorf("%s: %s, %q", tt.what, status, words)
		}
		if code, again, _ := c.send(t, r.Clone(t.Context())); code == http.StatusOK && again.ID != got.ID {
			t.Errorf("%s: a repeat is of another one", tt.what)
		}
		owner := c.owner(t)
		if page := c.get(t, "/app/deliveries/"+got.ID.String(), owner); page.Code != 200 {
			t.Errorf("%s: its page: %d", tt.what, page.Code)
		}
	}
	now := time.Now()
	figures, err := c.q.KPIs(t.Context(), queries.KPIsParams{OrgID: c.org, Now: &now, In30Days: &now})
	if err != nil || figures.RevenuePaid != 0 || figures.OtherCurrencies != 1 {
		t.Errorf("%+v, %v", figures, err)
	}
}

func (c *caller) fate(t *testing.T, id uuid.UUID) (status, words string) {
	t.Helper()
	eventually(t, "the delivery is settled", func() bool {
		if err := c.pool.QueryRow(t.Context(), "SELECT status, error FROM webhook_logs WHERE org_id = $1 AND id = $2", c.org, id).Scan(&status, &words); err != nil {
			t.Fatal(err)
		}
		return status != "accepted"
	})
	return status, words
}

func (c *caller) owner(t *testing.T) *http.Cookie {
	t.Helper()
	var p testdb.Person
	if err := c.pool.QueryRow(t.Context(), "SELECT user_id FROM memberships WHERE org_id = $1 AND role = 'owner'", c.org).Scan(&p.ID); err != nil {
		t.Fatal(err)
	}
	return c.session(t, p)
}

func TestAFailedDeliveryMayRunAgain(t *testing.T) {
	t.Parallel()
	c := newCaller(t, queries.ProviderCustom)
	c.work(t)
	_, got, _ := c.send(t, c.signed(t, `{"id":"e-1","type":"booking.created","data":{}}`))
	if status, _ := c.fate(t, got.ID); status != "failed" {
		t.Fatal(status)
	}
	// The reader is mended: what it could not read before it can read now.
	if _, err := c.pool.Exec(t.Context(), "UPDATE webhook_logs SET body = $2 WHERE id = $1", got.ID, bookingSent("e-1")); err != nil {
		t.Fatal(err)
	}
	owner := c.owner(t)
	again := c.post(t, "/app/deliveries/"+got.ID.String()+"/runs", nil, owner)
	if again.Code != http.StatusSeeOther || again.Header().Get("Location") != "/app/deliveries/"+got.ID.String() {
		t.Errorf("%d to %s", again.Code, again.Header().Get("Location"))
	}
	if status, words := c.fate(t, got.ID); status != "applied" || words != "" {
		t.Errorf("%s, %q", status, words)
	}
	c.post(t, "/app/deliveries/"+got.ID.String()+"/runs", nil, owner) // applied: nothing to run
	var told string
	err := c.pool.QueryRow(t.Context(), `SELECT string_agg(a.attempt || ' ' || a.outcome, ', ' ORDER BY a.attempt) || '; ' || (SELECT count(*) FROM bookings WHERE org_id = $1) || ' booking; ' ||
		(SELECT count(*) FROM river_job WHERE kind = 'drain_lane') || ' drains' FROM webhook_attempts a WHERE a.org_id = $1`, c.org).Scan(&told)
	if err != nil || told != "1 failed, 2 applied; 1 booking; 2 drains" {
		t.Errorf("%s, %v", told, err)
	}
}

func TestTheLogKeepsSecretsAndWordsToItself(t *testing.T) {
	t.Parallel()
	c := newCaller(t, queries.ProviderCustom)
	c.work(t)
	secretly := func(body string) string { return strings.ReplaceAll(body, "Kay & Fry", "Xenophon & Quetzal") }
	c.send(t, c.signed(t, secretly(bookingSent("e-1"))))
	c.send(t, c.signed(t, secretly(bookingSent("e-1"))))
	c.send(t, c.signed(t, secretly(bookingSent("e-2")), without("X-WedSync-Signature")))
	for range 7 {
		c.send(t, c.signed(t, secretly(bookingSent("e-3")), with("X-WedSync-Signature", "sha256=00")))
	}
	c.send(t, c.signed(t, secretly(bookingSent("e-4")), with("Content-Type", "application/xml")))
	c.send(t, c.signed(t, "Xenophon"+strings.Repeat("x", 1<<20)))
	c.send(t, c.signed(t, "{}", func(r *http.Request) { r.Method = http.MethodGet }))
	c.send(t, c.signed(t, "{}", at("/webhooks/tave/"+c.Token)))
	c.send(t, c.signed(t, `{"id":"Xenophon","type":"payment.completed","data":{"payment":{"external_id":"Xenophon","amount":"Quetzal"}}}`))
	if _, err := c.pool.Exec(t.Context(), `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not now' USING ERRCODE = '22003'; END $$;
		CREATE TRIGGER refuse AFTER INSERT ON activities FOR EACH ROW EXECUTE FUNCTION refuse()`); err != nil {
		t.Fatal(err)
	}
	_, got, _ := c.send(t, c.signed(t, secretly(bookingSent("e-5"))))
	if status, _ := c.fate(t, got.ID); status != "failed" {
		t.Error(status)
	}
	c.pool.Close() // and when nothing answers
	c.send(t, c.signed(t, secretly(bookingSent("e-6"))))
	log := c.log.String()
	if len(log) < 1000 || !strings.Contains(log, "a delivery was not applied") || !strings.Contains(log, "/webhooks/:provider/:token") {
		t.Fatalf("is this the log?\n%s", log)
	}
	for _, secret := range []string{c.Token, c.Secret, "Xenophon", "Quetzal", "sha256="} {
		if strings.Contains(log, secret) {
			t.Errorf("the log tells %q:\n%s", secret, log)
		}
	}
}
