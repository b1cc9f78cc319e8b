package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/jobs/notify"
	"github.com/wedsync/wedsync/jobs/notify/carrier"
	"github.com/wedsync/wedsync/jobs/sandbox"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/testdb"
)

const (
	resendSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	otherSecret  = "whsec_AAAA9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	twilioToken  = "5a6e64626f7820746f6b656e206f6620"
	aNumber      = "+447700900123"
	anSID        = "SM00000000000000000000000000000001"
)

// someCarriers are configured, and nobody is there: what these tests are about comes from outside.
var someCarriers = notify.Settings{ResendKey: "re_1", ResendSecret: resendSecret, MailFrom: "WedSync <hello@wedsync.example>",
	TwilioSID: "AC" + strings.Repeat("0", 32), TwilioToken: twilioToken, TwilioFrom: "+15005550006"}

// switchboard is a site that carriers call.
type switchboard struct {
	*site
	org testdb.Supplier
}

func newSwitchboard(t *testing.T) *switchboard {
	t.Helper()
	s := newSite(t, func(c *Config) { c.Carriers = someCarriers })
	return &switchboard{s, testdb.Org(t, s.pool)}
}

func (s *site) run(t *testing.T, statement string, args ...any) {
	t.Helper()
	if _, err := s.pool.Exec(t.Context(), statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func (s *site) word(t *testing.T, query string, args ...any) (word string) {
	t.Helper()
	if err := s.pool.QueryRow(t.Context(), query, args...).Scan(&word); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return word
}

// notified is a notification that a carrier has, as it stands.
func (w *switchboard) notified(t *testing.T, channel queries.Channel, audience queries.Audience, kind, address, status string) uuid.UUID {
	t.Helper()
	notice, id := uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7())
	w.run(t, `INSERT INTO notices (org_id, id, at, kind, facts) VALUES ($1, $2, now(), $3, jsonb_build_object('kind', $3::text))`, w.org.ID, notice, kind)
	w.run(t, `INSERT INTO notification_logs (org_id, id, notice_id, kind, audience, recipient_id, recipient, channel, address, status, next_try_at)
		VALUES ($1, $2, $3, $4, $5, $6, 'Somebody', $7, $8, $9::notification_status, CASE WHEN $9 IN ('queued', 'sending') THEN now() + '1 hour' END)`, w.org.ID, id, notice, kind, audience, w.org.Owner.ID, channel, address, status)
	return id
}

func (w *switchboard) stand(t *testing.T, id uuid.UUID) string {
	t.Helper()
	return w.word(t, `SELECT status || CASE WHEN next_try_at IS NULL THEN '' ELSE ' due' END FROM notification_logs WHERE org_id = $1 AND id = $2`, w.org.ID, id)
}

// leftAlone is why an address is, for the whole house or for one organisation.
func (s *site) leftAlone(t *testing.T, org uuid.UUID, channel queries.Channel, address string) string {
	t.Helper()
	return s.word(t, `SELECT coalesce((SELECT why FROM suppressions WHERE org_id = $1 AND channel = $2 AND address = lower($3)), '')`, org, channel, address)
}

// resendSays is a webhook's body; id empty: about a mail of somebody else's.
func resendSays(org, id uuid.UUID, kind string, more map[string]any) []byte {
	data := map[string]any{"email_id": "e-1", "created_at": time.Now().UTC().Format(time.RFC3339), "to": []string{"anna@example.com"}, "subject": "Hello"}
	if id != uuid.Nil {
		data["tags"] = map[string]string{"notification_id": id.String(), "org_id": org.String()}
	}
	for name, value := range more {
		data[name] = value
	}
	body, err := json.Marshal(map[string]any{"type": kind, "created_at": time.Now().UTC().Format(time.RFC3339Nano), "data": data})
	if err != nil {
		panic(err) // made of strings
	}
	return body
}

func (s *site) fromResend(t *testing.T, body []byte, header http.Header, change ...func(*http.Request)) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, s.base+"/webhooks/resend", strings.NewReader(string(body)))
	r.Header = header
	for _, f := range change {
		f(r)
	}
	return s.do(t, r)
}

// hears is a true webhook of Resend's.
func (s *site) hears(t *testing.T, id string, body []byte) int {
	t.Helper()
	return s.fromResend(t, body, sandbox.SvixHeaders(resendSecret, id, body, time.Now())).Code
}

func twilioSays(status, code string) url.Values {
	form := url.Values{"AccountSid": {someCarriers.TwilioSID}, "MessageSid": {anSID}, "MessageStatus": {status}, "SmsSid": {anSID}, "SmsStatus": {status}, "To": {aNumber}, "From": {"+15005550006"}}
	if code != "" {
		form.Set("ErrorCode", code)
	}
	return form
}

// fromTwilio signs the form over the public address and posts it there.
func (s *site) fromTwilio(t *testing.T, address string, form url.Values, change ...func(*http.Request)) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, s.base+address, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")
	r.Header.Set("X-Twilio-Signature", sandbox.TwilioSignature(twilioToken, s.base+address, form))
	for _, f := range change {
		f(r)
	}
	return s.do(t, r)
}

func (w *switchboard) about(id uuid.UUID) string {
	return "/webhooks/twilio/status?" + carrier.CallbackQuery(w.org.ID, id)
}

func TestWhoCallsAsResend(t *testing.T) {
	t.Parallel()
	w := newSwitchboard(t)
	id := w.notified(t, "email", "team", "booking", "anna@example.com", "accepted")
	body, now := resendSays(w.org.ID, id, "email.delivered", nil), time.Now()
	good := func() http.Header { return sandbox.SvixHeaders(resendSecret, "msg_1", body, time.Now()) }
	set := func(name, value string) func(http.Header) {
		return func(h http.Header) {
			if h.Del(name); value != "" {
				h.Set(name, value)
			}
		}
	}
	for _, tt := range []struct {
		what   string
		body   []byte
		header http.Header
		change func(http.Header)
		status int
		code   string
	}{
		{"no signature", body, good(), set("Svix-Signature", ""), 401, "missing_signature"},
		{"no id", body, good(), set("Svix-Id", ""), 401, "missing_signature"},
		{"nothing at all", body, http.Header{}, nil, 401, "missing_signature"},
		{"another secret", body, sandbox.SvixHeaders(otherSecret, "msg_1", body, now), nil, 401, "bad_signature"},
		{"another id", body, good(), set("Svix-Id", "msg_2"), 401, "bad_signature"},
		{"another body under a good signature", resendSays(w.org.ID, id, "email.bounced", nil), good(), nil, 401, "bad_signature"},
		{"ten minutes old", body, sandbox.SvixHeaders(resendSecret, "msg_1", body, now.Add(-10*time.Minute)), nil, 401, "stale_timestamp"},
		{"ten minutes ahead", body, sandbox.SvixHeaders(resendSecret, "msg_1", body, now.Add(10*time.Minute)), nil, 401, "stale_timestamp"},
		{"too large", []byte(strings.Repeat(" ", 64<<10) + "{}"), good(), nil, 413, "too_large"},
		{"rubbish that is signed", []byte("{"), sandbox.SvixHeaders(resendSecret, "msg_3", []byte("{"), now), nil, 400, "unreadable"},
		{"an empty body that is signed", nil, sandbox.SvixHeaders(resendSecret, "msg_4", nil, now), nil, 400, "unreadable"},
		{"a list that is signed", []byte("[]"), sandbox.SvixHeaders(resendSecret, "msg_5", []byte("[]"), now), nil, 400, "unreadable"},
	} {
		if tt.change != nil {
			tt.change(tt.header)
		}
		got := w.fromResend(t, tt.body, tt.header, func(r *http.Request) { r.RemoteAddr = "203.0.113." + fmt.Sprint(len(tt.what)) + ":1" })
		if got.Code != tt.status || !strings.Contains(got.Body.String(), `"`+tt.code+`"`) || strings.Contains(got.Body.String(), resendSecret) {
			t.Errorf("%s: %d %s", tt.what, got.Code, got.Body)
		}
	}
	if stands, steps := w.stand(t, id), w.word(t, "SELECT count(*)::text FROM notification_steps"); stands != "accepted" || steps != "0" {
		t.Errorf("%s with %s steps after all that", stands, steps)
	}
	if got := w.fromResend(t, body, good()); got.Code != http.StatusNoContent || got.Body.Len() > 0 {
		t.Errorf("the true one: %d %s", got.Code, got.Body)
	}
	if got := w.stand(t, id); got != "delivered" {
		t.Error(got)
	}
}

func TestWhoCallsAsTwilio(t *testing.T) {
	t.Parallel()
	w := newSwitchboard(t)
	for i, tt := range []struct {
		what   string
		form   url.Values
		change func(*http.Request)
		status int
	}{
		{"as they do", twilioSays("delivered", ""), nil, 204},
		{"through a proxy that has another name", twilioSays("delivered", ""), func(r *http.Request) { r.Host, r.URL.Host = "10.0.0.7:8080", "10.0.0.7:8080" }, 204},
		{"with parameters that nobody knows", url.Values{"MessageSid": {anSID}, "MessageStatus": {"delivered"}, "Néw": {"söme & =?+"}, "Empty": {""}}, nil, 204},
		{"without a signature", twilioSays("delivered", ""), func(r *http.Request) { r.Header.Del("X-Twilio-Signature") }, 401},
		{"with another's signature", twilioSays("delivered", ""), func(r *http.Request) {
			r.Header.Set("X-Twilio-Signature", sandbox.TwilioSignature("another token", w.base+r.URL.RequestURI(), twilioSays("delivered", "")))
		}, 401},
		{"about another notification", twilioSays("delivered", ""), func(r *http.Request) { r.URL.RawQuery = carrier.CallbackQuery(w.org.ID, uuid.New()) }, 401},
		{"with more in the query", twilioSays("delivered", ""), func(r *http.Request) { r.URL.RawQuery += "&x=1" }, 401},
		{"without its query", twilioSays("delivered", ""), func(r *http.Request) { r.URL.RawQuery = "" }, 401},
		{"rubbish", url.Values{}, nil, 400},
		{"about no message", url.Values{"MessageStatus": {"delivered"}}, nil, 400},
	} {
		id := w.notified(t, "sms", "team", "wedding_day_change", aNumber, "accepted")
		ip := fmt.Sprintf("203.0.113.%d:1", i)
		got := w.fromTwilio(t, w.about(id), tt.form, func(r *http.Request) { r.RemoteAddr = ip }, func(r *http.Request) {
			if tt.change != nil {
				tt.change(r)
			}
		})
		want := map[bool]string{true: "delivered", false: "accepted"}[tt.status == 204]
		if stands := w.stand(t, id); got.Code != tt.status || stands != want || strings.Contains(got.Body.String(), twilioToken) {
			t.Errorf("%s: %d %s, and it is %s", tt.what, got.Code, got.Body, stands)
		}
		w.run(t, "DELETE FROM notification_steps")
	}
	// The body is what counts: changed after it was signed, or with a parameter twice.
	id := w.notified(t, "sms", "team", "wedding_day_change", aNumber, "accepted")
	form := twilioSays("sent", "")
	for what, tt := range map[string]struct {
		body   string
		status int
	}{
		"changed":                 {twilioSays("delivered", "").Encode(), 401},
		"one of them is missing":  {strings.Replace(form.Encode(), "To=", "Tu=", 1), 401},
		"a second one behind it":  {form.Encode() + "&MessageStatus=delivered", 204},
		"a second one before it":  {"MessageStatus=delivered&" + form.Encode(), 401},
		"one more":                {form.Encode() + "&More=1", 401},
		"too large":               {strings.Repeat("a", 64<<10+1), 413},
		"not a form":              {"%zz&;", 400},
		"JSON":                    {`{"MessageSid":"` + anSID + `","MessageStatus":"delivered"}`, 401},
		"nothing, under a signed": {"", 401},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, w.base+w.about(id), strings.NewReader(tt.body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("X-Twilio-Signature", sandbox.TwilioSignature(twilioToken, w.base+w.about(id), form))
		r.RemoteAddr = "198.51.100." + fmt.Sprint(len(what)) + ":1"
		if got := w.do(t, r); got.Code != tt.status {
			t.Errorf("%s: %d %s", what, got.Code, got.Body)
		}
	}
	if got := w.stand(t, id); got != "accepted" {
		t.Errorf("of what was repeated the second one was believed: %s", got)
	}
}

func TestCallbacksOfCarriersThatAreNotThere(t *testing.T) {
	t.Parallel()
	bare, w := newSite(t), newSwitchboard(t)
	body := resendSays(uuid.New(), uuid.New(), "email.delivered", nil)
	for what, got := range map[string]*httptest.ResponseRecorder{
		"Resend":          bare.fromResend(t, body, sandbox.SvixHeaders("", "msg_1", body, time.Now())),
		"Twilio":          bare.fromTwilio(t, "/webhooks/twilio/status", twilioSays("sent", "")),
		"Twilio, a reply": bare.fromTwilio(t, "/webhooks/twilio/sms", url.Values{"From": {aNumber}, "Body": {"STOP"}}),
	} {
		if got.Code != 404 || !strings.Contains(got.Body.String(), `"not_configured"`) || !strings.Contains(got.Body.String(), "carrier") {
			t.Errorf("%s: %d %s", what, got.Code, got.Body)
		}
	}
	// The doors beside them stay what they are: no address shadows another, and all of them take POST alone.
	for _, tt := range []struct {
		method, path, code string
		status             int
	}{
		{"POST", "/webhooks/custom/x", "not_found", 404}, {"POST", "/webhooks/twilio/x", "not_found", 404}, {"POST", "/webhooks/resend/x", "not_found", 404},
		{"POST", "/webhooks/stripe/status", "not_found", 404}, {"POST", "/webhooks/twilio", "not_found", 404}, {"POST", "/webhooks/nobody", "not_found", 404},
		{"GET", "/webhooks/resend", "method_not_allowed", 405}, {"PUT", "/webhooks/resend", "method_not_allowed", 405}, {"GET", "/webhooks/twilio/status", "method_not_allowed", 405},
		{"DELETE", "/webhooks/twilio/sms", "method_not_allowed", 405}, {"GET", "/webhooks/custom/x", "method_not_allowed", 405},
	} {
		got := w.do(t, httptest.NewRequestWithContext(t.Context(), tt.method, w.base+tt.path, strings.NewReader("{}")))
		if got.Code != tt.status || !strings.Contains(got.Body.String(), `"`+tt.code+`"`) {
			t.Errorf("%s %s: %d %s", tt.method, tt.path, got.Code, got.Body)
		}
	}
}

func TestForgedCallbacksAreSlowedDownAndTrueOnesAreNot(t *testing.T) {
	t.Parallel()
	w := newSwitchboard(t)
	id := w.notified(t, "email", "team", "booking", "anna@example.com", "accepted")
	body := resendSays(w.org.ID, id, "email.delivered", nil)
	for i := range 8 {
		want := map[bool]int{true: 401, false: 429}[i < 5]
		got := w.fromResend(t, body, sandbox.SvixHeaders(otherSecret, "msg_1", body, time.Now()))
		if got.Code != want || (want == 429) != (got.Header().Get("Retry-After") != "") {
			t.Errorf("Resend, the forged one %d: %d", i+1, got.Code)
		}
		got = w.fromTwilio(t, w.about(id), twilioSays("delivered", ""), func(r *http.Request) { r.Header.Set("X-Twilio-Signature", "AAAA") })
		if got.Code != want {
			t.Errorf("Twilio, the forged one %d: %d", i+1, got.Code)
		}
	}
	if got := w.hears(t, "msg_2", body); got != 204 {
		t.Errorf("a true one from the same address: %d", got)
	}
	if got := w.fromTwilio(t, w.about(id), twilioSays("sent", "")); got.Code != 204 {
		t.Errorf("a true one of Twilio's: %d", got.Code)
	}
}
