package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// What the program sends is taken by the library that receivers use, with the secret that the page showed.
func TestWhatWeSendVerifiesWithStandardWebhooks(t *testing.T) {
	t.Parallel()
	type message struct {
		header http.Header
		body   []byte
	}
	heard := make(chan message, 4)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		heard <- message{r.Header, body}
	}))
	defer receiver.Close()
	h := serve(t, Options{})
	ada := h.supplier("Ada Lindqvist", "ada@example.com")
	post := h.poster(ada.email)
	_, page := post("/app/endpoints", url.Values{"name": {"A receiver"}, "url": {receiver.URL + "/hook"}})
	first := shown(t, page)
	at := regexp.MustCompile(`/app/endpoints/[0-9a-f-]{36}`).FindString(page)

	verifies := func(secrets ...string) {
		t.Helper()
		if status, _ := post(at+"/tests", nil); status != http.StatusSeeOther {
			t.Fatalf("the test was answered %d", status)
		}
		var m message
		select {
		case m = <-heard:
		case <-soon(t).Done():
			t.Fatal("nothing was heard")
		}
		for _, secret := range secrets {
			if err := must(standardwebhooks.NewWebhook(secret))(t).Verify(m.body, m.header); err != nil {
				t.Errorf("the library refuses what we signed: %v", err)
			}
			if err := must(standardwebhooks.NewWebhook(secret))(t).Verify(append(m.body, ' '), m.header); err == nil {
				t.Error("the library takes what was changed on the way: the test did not test")
			}
		}
		var said struct{ ID, Type string }
		if err := json.Unmarshal(m.body, &said); err != nil || said.Type != "wedsync.test" || said.ID != m.header.Get("webhook-id") {
			t.Errorf("%s: %v", m.body, err)
		}
	}
	verifies(first)
	_, page = post(at+"/secrets", nil)
	verifies(first, shown(t, page)) // on the roll, both verify
}

// poster sends forms as somebody signed in.
func (h *house) poster(email string) func(path string, form url.Values) (int, string) {
	session := must(h.SignIn(email, password))(h.t)
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return func(path string, form url.Values) (int, string) {
		h.t.Helper()
		r := must(http.NewRequestWithContext(soon(h.t), http.MethodPost, h.Base+path, strings.NewReader(form.Encode())))(h.t)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.AddCookie(session)
		res := must(client.Do(r))(h.t)
		defer res.Body.Close()
		return res.StatusCode, string(must(io.ReadAll(res.Body))(h.t))
	}
}

func shown(t *testing.T, page string) string {
	t.Helper()
	secret := regexp.MustCompile(`whsec_[A-Za-z0-9+/]{43}=`).FindString(page)
	if secret == "" {
		t.Fatal("the page shows no secret")
	}
	return secret
}

// listener is an address that hears of everything, with messages in every state, for the pictures.
func (g *gallery) listener(org, name, why string) (endpoint, message string) {
	g.t.Helper()
	endpoint = ask[string](g.house, `WITH made AS (
		INSERT INTO endpoints (org_id, id, name, url, secret_sealed, failures, failing_since, disabled_at, disabled_why, types)
		SELECT id, gen_random_uuid(), $2, 'https://hooks.zapier.com/hooks/catch/1234567/abcdefghijklmnop/', '', 3, now() - interval '2 hours', CASE WHEN $3 <> '' THEN now() END, $3,
			CASE WHEN $3 <> '' THEN '{booking.created,booking.cancelled,payment.completed}'::text[] ELSE '{}' END
		FROM orgs WHERE name = $1 RETURNING org_id, id
	), messages AS (
		INSERT INTO outbound_messages (org_id, id, endpoint_id, source_id, event_type, happened_at, data, status, attempts, next_try_at, last_status, last_error, created_at, delivered_at)
		SELECT m.org_id, gen_random_uuid(), m.id, gen_random_uuid(), x.type, now(), '{"booking":{"external_id":"b-7","title":"Kay & Fry","venue":"Holm House"}}', x.status::message_status, x.attempts,
			now() + x.next, x.answer, x.error, now() - x.age, now()
		FROM made m, (VALUES ('booking.created', 'pending', 3, interval '7 minutes', 503, 'hooks.zapier.com cannot take it now: it answered 503 (Service Unavailable)', interval '20 minutes'),
			('payment.completed', 'pending', 0, interval '4 seconds', NULL, '', interval '1 second'), ('client.updated', 'failed', 10, NULL, 404, 'hooks.zapier.com knows no such address: it answered 404 (Not Found)', interval '2 days'),
			('wedsync.test', 'delivered', 1, NULL, 200, '', interval '3 days')) AS x(type, status, attempts, next, answer, error, age)
		RETURNING org_id, id, event_type
	), tries AS (
		INSERT INTO outbound_attempts (org_id, message_id, attempt, at, status, error, took_ms)
		SELECT org_id, id, n, now() - n * interval '5 minutes', NULLIF(503, n * 251 + 1), 'hooks.zapier.com cannot take it now: it answered 503 (Service Unavailable)', n * 700 FROM messages, generate_series(1, 3) n WHERE event_type = 'booking.created'
	) SELECT id::text FROM made`, org, name, why)
	message = ask[string](g.house, "SELECT id::text FROM outbound_messages WHERE endpoint_id = $1 AND event_type = 'booking.created'", endpoint)
	return "/app/endpoints/" + endpoint, "/app/messages/" + message
}
