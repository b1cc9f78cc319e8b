package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
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

func TestEveryReportMovesItsNotification(t *testing.T) {
	t.Parallel()
	w := newSwitchboard(t)
	bounce := func(kind, sub string) map[string]any {
		return map[string]any{"bounce": map[string]any{"type": kind, "subType": sub, "message": "no"}}
	}
	n := 0
	for _, tt := range []struct {
		from, kind string
		more       map[string]any
		to, why    string
	}{
		{"sending due", "email.sent", nil, "accepted", ""}, // faster than the answer to our call
		{"queued due", "email.scheduled", nil, "queued due", ""},
		{"accepted", "email.sent", nil, "accepted", ""},
		{"accepted", "email.delivery_delayed", nil, "accepted", ""},
		{"accepted", "email.delivered", nil, "delivered", ""},
		{"unknown", "email.delivered", nil, "delivered", ""}, // nobody knew; now somebody does
		{"queued due", "email.delivered", nil, "delivered", ""},
		{"delivered", "email.opened", nil, "seen", ""},
		{"delivered", "email.clicked", nil, "seen", ""},
		{"accepted", "email.bounced", bounce("Permanent", "NoEmail"), "bounced", "bounced"},
		{"delivered", "email.bounced", bounce("Permanent", "General"), "bounced", "bounced"}, // taken, and then nobody was there
		{"accepted", "email.bounced", bounce("Transient", "MailboxFull"), "failed", ""},
		{"delivered", "email.complained", nil, "complained", "complained"},
		{"seen", "email.complained", nil, "complained", "complained"},
		{"accepted", "email.failed", map[string]any{"failed": map[string]any{"reason": "reached_daily_quota"}}, "failed", ""},
		{"accepted", "email.suppressed", map[string]any{"suppressed": map[string]any{"reason": "previous_complaint"}}, "bounced", "complained"},
		{"bounced", "email.delivered", nil, "bounced", "-"}, // old news
		{"delivered", "email.sent", nil, "delivered", ""},
		{"acknowledged", "email.opened", nil, "acknowledged", ""},
		{"skipped", "email.bounced", bounce("Transient", "MailboxFull"), "skipped", ""},
		{"accepted", "domain.updated", nil, "accepted", ""},
		{"accepted", "email.unheard_of", nil, "accepted", ""},
	} {
		n++
		address := fmt.Sprintf("Anna.%d@example.com", n)
		id := w.notified(t, "email", "couple", "booking", address, strings.TrimSuffix(tt.from, " due"))
		more := map[string]any{"to": []string{address}}
		for k, v := range tt.more {
			more[k] = v
		}
		body := resendSays(w.org.ID, id, tt.kind, more)
		for range 3 { // they send it again until they hear
			if got := w.hears(t, fmt.Sprintf("msg_%d", n), body); got != 204 {
				t.Errorf("%s: %d", tt.kind, got)
			}
		}
		if got := w.stand(t, id); got != tt.to {
			t.Errorf("%s, then %s: %s, want %s", tt.from, tt.kind, got, tt.to)
		}
		if why := w.leftAlone(t, queries.House, "email", address); tt.why != "-" && why != tt.why {
			t.Errorf("%s: the address is left alone because it is %q, want %q", tt.kind, why, tt.why)
		}
		if steps := w.word(t, "SELECT count(*)::text FROM notification_steps WHERE report = $1 AND step = $2", fmt.Sprintf("msg_%d", n), tt.kind); steps != "1" {
			t.Errorf("%s: %s steps", tt.kind, steps)
		}
		if reason := w.word(t, "SELECT reason FROM notification_logs WHERE id = $1", id); (reason == "") == (tt.to != tt.from && (tt.to == "failed" || tt.to == "bounced" || tt.to == "complained")) {
			t.Errorf("%s: the reason is %q", tt.kind, reason)
		}
	}
}

// Whatever the order, and however often: a delivered message has been delivered.
func TestReportsInAnyOrder(t *testing.T) {
	t.Parallel()
	w := newSwitchboard(t)
	kinds := []string{"email.sent", "email.delivery_delayed", "email.delivered", "email.opened"}
	for shift := range kinds {
		id := w.notified(t, "email", "team", "booking", "anna@example.com", "sending")
		for i := range 2 * len(kinds) {
			k := (shift + 3*i) % len(kinds)
			if got := w.hears(t, fmt.Sprintf("msg_%d_%d", shift, k), resendSays(w.org.ID, id, kinds[k], nil)); got != 204 {
				t.Errorf("%d", got)
			}
		}
		if got := w.stand(t, id); got != "seen" {
			t.Errorf("from %s on: %s", kinds[shift], got)
		}
		if steps := w.word(t, "SELECT count(*)::text FROM notification_steps WHERE notification_id = $1", id); steps != "4" {
			t.Errorf("%s steps", steps)
		}
	}
	// The same one from many at once.
	id := w.notified(t, "email", "team", "booking", "anna@example.com", "accepted")
	body := resendSays(w.org.ID, id, "email.bounced", map[string]any{"bounce": map[string]any{"type": "Permanent", "subType": "NoEmail"}})
	var all sync.WaitGroup
	for range 12 {
		all.Go(func() {
			if got := w.hears(t, "msg_once", body); got != 204 {
				t.Errorf("at once: %d", got)
			}
		})
	}
	all.Wait()
	if steps := w.word(t, "SELECT count(*)::text FROM notification_steps WHERE notification_id = $1", id); steps != "1" || w.stand(t, id) != "bounced" {
		t.Errorf("%s steps, %s", steps, w.stand(t, id))
	}
}

func TestWhatTwilioReports(t *testing.T) {
	t.Parallel()
	w := newSwitchboard(t)
	w.run(t, "UPDATE users SET phone = $2, phone_verified_at = now() WHERE id = $1", w.org.Owner.ID, aNumber)
	for _, tt := range []struct{ from, status, code, to, why string }{
		{"sending due", "queued", "", "accepted", ""}, {"unknown", "sent", "", "accepted", ""}, {"accepted", "delivered", "", "delivered", ""}, {"delivered", "sent", "", "delivered", ""},
		{"delivered", "read", "", "seen", ""}, {"accepted", "undelivered", "30003", "failed", ""}, {"accepted", "failed", "30007", "failed", ""}, {"accepted", "unheard_of", "", "accepted", ""},
		{"accepted", "failed", "21610", "failed", "stopped"}, {"accepted", "undelivered", "30005", "failed", "stopped"}, // their own word is not replaced by a carrier's
	} {
		id := w.notified(t, "sms", "team", "wedding_day_change", aNumber, strings.TrimSuffix(tt.from, " due"))
		for range 2 {
			if got := w.fromTwilio(t, w.about(id), twilioSays(tt.status, tt.code)); got.Code != 204 {
				t.Errorf("%s %s: %d %s", tt.status, tt.code, got.Code, got.Body)
			}
		}
		why := w.leftAlone(t, queries.House, "sms", aNumber)
		if got := w.stand(t, id); got != tt.to || why != tt.why {
			t.Errorf("%s, then %s %s: %s, left alone: %q", tt.from, tt.status, tt.code, got, why)
		}
		// What did not arrive goes on by e-mail, once; the owner has no browser.
		mails := w.word(t, `SELECT count(*)::text FROM notification_logs l JOIN notification_logs s ON s.org_id = l.org_id AND s.notice_id = l.notice_id AND s.id = $1
			WHERE l.channel = 'email' AND l.fell_from = 'sms' AND l.status = 'queued'`, id)
		if (mails == "1") != (tt.to == "failed") {
			t.Errorf("%s %s: %s e-mails instead", tt.status, tt.code, mails)
		}
		w.run(t, "DELETE FROM notification_steps") // one message's id stands for all of them here
	}
}

// A report about nothing that we know is taken, kept, and changes nothing of anybody's.
func TestReportsAboutStrangers(t *testing.T) {
	t.Parallel()
	w := newSwitchboard(t)
	neighbour := testdb.Org(t, w.pool)
	id := w.notified(t, "email", "team", "booking", "anna@example.com", "accepted")
	for i, body := range [][]byte{
		resendSays(w.org.ID, uuid.New(), "email.delivered", nil),
		resendSays(neighbour.ID, id, "email.delivered", nil), // ours, under another's name
		resendSays(uuid.New(), id, "email.delivered", nil),
		resendSays(uuid.Nil, uuid.Nil, "email.delivered", nil),
		resendSays(uuid.Nil, uuid.Nil, "email.delivered", map[string]any{"tags": map[string]string{"notification_id": "'; --", "org_id": "x"}}),
		resendSays(uuid.Nil, uuid.Nil, "email.bounced", map[string]any{"to": []string{"gone@example.com"}, "bounce": map[string]any{"type": "Permanent"}}),
	} {
		for range 2 {
			if got := w.hears(t, fmt.Sprintf("msg_%d", i), body); got != 204 {
				t.Errorf("%d: %d", i, got)
			}
		}
	}
	if got := w.fromTwilio(t, "/webhooks/twilio/status", twilioSays("delivered", "")); got.Code != 204 {
		t.Errorf("a text message of somebody else's: %d", got.Code)
	}
	if kept := w.word(t, "SELECT count(*)::text FROM notification_steps WHERE org_id = $1 AND notification_id IS NULL", queries.House); kept != "7" || w.stand(t, id) != "accepted" {
		t.Errorf("%s are kept, and ours is %s", kept, w.stand(t, id))
	}
	if why := w.leftAlone(t, queries.House, "email", "gone@example.com"); why != "bounced" {
		t.Errorf("an address that does not exist is one whoever wrote to it: %q", why)
	}
}

func TestSTOPAndSTART(t *testing.T) {
	t.Parallel()
	w := newSwitchboard(t)
	say := func(words string, more ...string) *httptest.ResponseRecorder {
		t.Helper()
		form := url.Values{"MessageSid": {anSID}, "From": {aNumber}, "To": {"+15005550006"}, "Body": {words}}
		for i := 0; i < len(more); i += 2 {
			form.Set(more[i], more[i+1])
		}
		return w.fromTwilio(t, "/webhooks/twilio/sms", form)
	}
	for _, tt := range []struct {
		words, kind, want string
	}{
		{"Thanks, see you there", "", ""}, {"please stop the music at 12", "", ""}, {"stop", "", "stopped"}, {"STOP", "", "stopped"}, {"HELP", "", "stopped"}, {"what?", "", "stopped"},
		{"Start", "", ""}, {"START", "", ""}, {"arrêt", "STOP", "stopped"}, {"yes", "", ""}, {"STOPALL", "", "stopped"}, {"UNSTOP", "START", ""},
	} {
		more := []string{}
		if tt.kind != "" {
			more = []string{"OptOutType", tt.kind}
		}
		got := say(tt.words, more...)
		if why := w.leftAlone(t, queries.House, "sms", aNumber); got.Code != 200 || got.Body.String() != "<Response/>" || !strings.HasPrefix(got.Header().Get("Content-Type"), "text/xml") || why != tt.want {
			t.Errorf("%q: %d %s, left alone: %q", tt.words, got.Code, got.Body, why)
		}
	}
	// START takes back a STOP, and not what a carrier found out.
	w.run(t, "INSERT INTO suppressions (org_id, channel, address, why, since) VALUES ($1, 'sms', $2, 'invalid', now())", queries.House, aNumber)
	if say("START"); w.leftAlone(t, queries.House, "sms", aNumber) != "invalid" {
		t.Error("START made a number of what is none")
	}
	if say("STOP"); w.leftAlone(t, queries.House, "sms", aNumber) != "stopped" {
		t.Error("STOP was not heard")
	}
	if got := say("STOP", "From", ""); got.Code != 200 || w.leftAlone(t, queries.House, "sms", "") != "" {
		t.Errorf("from nobody: %d", got.Code)
	}
	forged := w.fromTwilio(t, "/webhooks/twilio/sms", url.Values{"From": {"+447700900999"}, "Body": {"STOP"}}, func(r *http.Request) { r.Header.Set("X-Twilio-Signature", "AAAA") })
	if forged.Code != 401 || w.leftAlone(t, queries.House, "sms", "+447700900999") != "" {
		t.Errorf("anybody may stop anybody's messages: %d", forged.Code)
	}
}
