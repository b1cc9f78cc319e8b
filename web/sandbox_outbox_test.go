package web

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/wedsync/wedsync/jobs/sandbox"
)

// demoSite is the demo, and a WedSync elsewhere that its carriers call back.
func demoSite(t *testing.T) (w *site, called chan *http.Request) {
	t.Helper()
	called = make(chan *http.Request, 20)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		called <- r
	}))
	t.Cleanup(elsewhere.Close)
	base, err := url.Parse(elsewhere.URL)
	if err != nil {
		t.Fatal(err)
	}
	w = newSite(t, func(c *Config) { c.Demo, c.World = true, sandbox.NewWorld(time.Now()) })
	if err := w.world.Open(base); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.world.SMTP.Close() })
	return w, called
}

const mailBody = `<!doctype html><html><head lang="en"><style>p{color:red}</style></head><body><div style="display: none">It is good for a day</div><p style="margin:0">Confirm: <a href="https://x.example/v?a=1">here</a></p></body></html>`

// sendMail goes through the site, as WedSync's own mails do, and gives its page.
func (s *site) sendMail(t *testing.T, to string) string {
	t.Helper()
	body, err := json.Marshal(map[string]any{"from": "WedSync <hello@wedsync.example>", "to": to, "subject": "Confirm <this>", "html": mailBody, "text": "Go to https://x.example/v?a=1."})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, s.base+"/sandbox/resend/emails", strings.NewReader(string(body)))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+s.world.Carriers(s.config.URL).ResendKey)
	got := s.do(t, r)
	var answer struct{ ID string }
	if err := json.Unmarshal(got.Body.Bytes(), &answer); err != nil || got.Code != 200 {
		t.Fatalf("%d %s", got.Code, got.Body)
	}
	return "/sandbox/outbox/" + answer.ID
}

func (s *site) sendText(t *testing.T) int {
	t.Helper()
	c := s.world.Carriers(s.config.URL)
	r := s.request(t, http.MethodPost, "/sandbox/twilio/2010-04-01/Accounts/"+c.TwilioSID+"/Messages.json", url.Values{"To": {"+447700900123"}, "From": {c.TwilioFrom}, "Body": {"Paid: https://x.example/p <b>"}}, nil)
	r.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(c.TwilioSID+":"+c.TwilioToken)))
	return s.do(t, r).Code
}

func TestTheOutboxShowsWhatWasSent(t *testing.T) {
	t.Parallel()
	w, _ := demoSite(t)
	showsAll(t, w.get(t, "/sandbox/outbox", nil).Body.String(), "Nothing was sent yet")
	page := w.sendMail(t, "Anna <anna@example.com>")
	if status := w.sendText(t); status != 201 {
		t.Fatal(status)
	}
	all := w.get(t, "/sandbox/outbox", nil).Body.String()
	showsAll(t, all, page, "Confirm &lt;this&gt;", "It is good for a day", `<a href="https://x.example/p">`, "&lt;b&gt;", "Reply STOP", "Today")
	only := w.get(t, "/sandbox/outbox?channel=sms&to=%2B447700900123", nil).Body.String()
	if strings.Contains(only, "Confirm") || !strings.Contains(only, "Paid:") {
		t.Errorf("not narrowed: %s", only)
	}
	showsAll(t, w.get(t, "/sandbox/outbox?to=nobody", nil).Body.String(), "Nothing like that")
	one := w.get(t, page, nil)
	if policy := one.Header().Get("Content-Security-Policy"); !strings.HasSuffix(policy, "; frame-src 'self'") {
		t.Error(policy)
	}
	showsAll(t, one.Body.String(), page+"/html", `sandbox="allow-popups allow-popups-to-escape-sandbox"`, `<a href="https://x.example/v?a=1">https://x.example/v?a=1</a>.`)
	if policy := w.get(t, "/sandbox/outbox", nil).Header().Get("Content-Security-Policy"); strings.Contains(policy, "frame-src") {
		t.Error("every page may have frames:", policy)
	}
}

func TestALettersHTMLCanRunNothing(t *testing.T) {
	t.Parallel()
	w, _ := demoSite(t)
	page := w.sendMail(t, "anna@example.com")
	got := httptest.NewRecorder() // not held to what our own pages promise
	w.ServeHTTP(got, w.request(t, http.MethodGet, page+"/html", nil, nil))
	policy := got.Header().Get("Content-Security-Policy")
	if got.Code != 200 || !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'self'") || strings.Contains(policy, "script") || !strings.Contains(policy, "; sandbox ") {
		t.Errorf("%d %s", got.Code, policy)
	}
	if !strings.Contains(got.Body.String(), `<head lang="en"><base target="_blank"><style>`) || besideIt("<p>x") != `<base target="_blank"><p>x` {
		t.Error(got.Body.String())
	}
	for _, path := range []string{"/sandbox/outbox/x", "/sandbox/outbox/x/html", "/sandbox/outbox/01a00000-0000-7000-8000-000000000001"} {
		if got := w.get(t, path, nil); got.Code != 404 {
			t.Errorf("%s: %d", path, got.Code)
		}
	}
}

func TestTheOutboxesButtonsPost(t *testing.T) {
	t.Parallel()
	w, called := demoSite(t)
	mail := w.sendMail(t, "anna@example.com")
	w.sendText(t)
	text := "/sandbox/outbox/" + w.world.Outbox.Newest(sandbox.SMS, "")[0].ID.String()
	for _, c := range []struct{ page, do, text, calls string }{
		{mail, "bounced", "", "/webhooks/resend"}, {mail, "opened", "", "/webhooks/resend"}, {text, "stop", "", "/webhooks/twilio/sms"}, {text, "reply", "See you at 3", "/webhooks/twilio/sms"},
	} {
		if got := w.post(t, c.page+"/events", url.Values{"do": {c.do}, "text": {c.text}}, nil); got.Code != 303 || got.Header().Get("Location") != c.page {
			t.Errorf("%s: %d", c.do, got.Code)
		}
		r := <-called
		if r.URL.Path != c.calls || r.Header.Get("Svix-Signature")+r.Header.Get("X-Twilio-Signature") == "" || c.text != "" && r.PostForm.Get("Body") != c.text {
			t.Errorf("%s: called %s with %v", c.do, r.URL.Path, r.PostForm)
		}
	}
	showsAll(t, w.get(t, mail, nil).Body.String(), "email.bounced", "WedSync answered 200 OK", "Opened")
	showsAll(t, w.get(t, "/sandbox/outbox", nil).Body.String(), "Forget 1 bounced address", "Forget 1 STOP")
	for _, form := range []url.Values{nil, {"do": {"explode"}}, {"do": {"stop"}}} {
		if got := w.post(t, mail+"/events", form, nil); got.Code != 404 {
			t.Errorf("%v: %d", form, got.Code)
		}
	}
}

func TestACarriersTroubleIsSwitchedOn(t *testing.T) {
	t.Parallel()
	w, _ := demoSite(t)
	if got := w.post(t, "/sandbox/troubles", url.Values{"carrier": {"twilio"}, "trouble": {"down"}}, nil); got.Code != 303 {
		t.Error(got.Code)
	}
	if status := w.sendText(t); status != 503 {
		t.Error(status)
	}
	showsAll(t, w.get(t, "/sandbox/outbox", nil).Body.String(), `<option value="down" selected>`)
	for _, form := range []url.Values{nil, {"carrier": {"twilio"}, "trouble": {"x"}}, {"carrier": {"x"}}} {
		if got := w.post(t, "/sandbox/troubles", form, nil); got.Code != 404 {
			t.Errorf("%v: %d", form, got.Code)
		}
	}
	w.post(t, "/sandbox/troubles", url.Values{"carrier": {"twilio"}, "trouble": {""}}, nil)
	if status := w.sendText(t); status != 201 {
		t.Error(status)
	}
	if got := w.post(t, "/sandbox/push/nobody", nil, nil); got.Code != 404 || !strings.Contains(got.Body.String(), `"errno":102`) {
		t.Errorf("%d %s", got.Code, got.Body)
	}
}
