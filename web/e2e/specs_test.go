package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/google/uuid"

	"github.com/wedsync/wedsync/jobs/notify/carrier"
)

// The carriers' own specifications say what a request may be. They stand beside the project, not in it.

func specification(t *testing.T, path string) *openapi3.T {
	t.Helper()
	full := filepath.Join("..", "..", "..", "shared", "specs", filepath.FromSlash(path))
	if _, err := os.Stat(full); err != nil {
		t.Skipf("the provider's specification is not there, so nothing was checked against it: %s", full)
	}
	return must(openapi3.NewLoader().LoadFromFile(full))(t)
}

// strict is a server that holds every request against a specification, and answers what the specification allows.
type strict struct {
	*httptest.Server
	router routers.Router
	mu     sync.Mutex
	heard  int
	faults []string
}

func newStrict(t *testing.T, doc *openapi3.T, answer func(*http.Request) (int, string)) *strict {
	t.Helper()
	s := &strict{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fault := s.judge(r)
		status, body := answer(r)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.heard++
		if fault != nil {
			s.faults = append(s.faults, fmt.Sprintf("%s %s: %v", r.Method, r.URL, fault))
			status, body = http.StatusUnprocessableEntity, `{"name":"validation_error","code":20001}`
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		io.WriteString(w, body) //nolint:errcheck // they may read no further
	}))
	t.Cleanup(s.Close)
	doc.Servers = openapi3.Servers{{URL: s.URL}}
	for _, path := range doc.Paths.Map() {
		path.Servers = nil
	}
	s.router = must(legacy.NewRouter(doc, openapi3.DisableExamplesValidation()))(t)
	return s
}

// judge leaves the body as it was.
func (s *strict) judge(r *http.Request) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	defer func() { r.Body = io.NopCloser(bytes.NewReader(body)) }()
	asked := r.Clone(r.Context())
	asked.Body = io.NopCloser(bytes.NewReader(body))
	asked.URL.Scheme, asked.URL.Host = "http", r.Host
	route, params, err := s.router.FindRoute(asked)
	if err != nil {
		return err
	}
	return openapi3filter.ValidateRequest(r.Context(), &openapi3filter.RequestValidationInput{Request: asked, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, MultiError: true}})
}

func (s *strict) fine(t *testing.T, requests int) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.heard != requests {
		t.Errorf("%d requests were heard, not %d", s.heard, requests)
	}
	for _, fault := range s.faults {
		t.Error(fault)
	}
}

// refuses shows that the specification refuses something: without it the checks above could not fail.
func (s *strict) refuses(t *testing.T, what string, req *http.Request) {
	t.Helper()
	res := must(http.DefaultClient.Do(req))(t)
	defer res.Body.Close()
	if res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("%s: the specification lets it pass (%d)", what, res.StatusCode)
	}
}

func TestWhatResendIsAskedIsInItsSpecification(t *testing.T) {
	t.Parallel()
	doc := specification(t, "resend/resend.json")
	s := newStrict(t, doc, func(*http.Request) (int, string) { return 200, `{"id":"4ef9a417-02e9-4d39-ad75-9611e0fcc33c"}` })
	w := newWay(t)
	at := carrier.Resend{Door: w.door, Key: "re_1", URL: s.URL}
	whole, bare := w.mail(), w.mail()
	bare.ReplyTo, bare.HTML, bare.Headers = "", "", nil
	for _, m := range []carrier.Mail{whole, bare} {
		if out := at.Send(t.Context(), m); out.Fate != carrier.Accepted {
			t.Errorf("%+v", out)
		}
	}
	s.fine(t, 2)
	for what, body := range map[string]string{"no subject": `{"from":"a@example.com","to":["b@example.com"]}`, "a number for a name": `{"from":7,"to":["b@example.com"],"subject":"x"}`,
		"to nobody": `{"from":"a@example.com","to":[],"subject":"x"}`, "tags as they come back": `{"from":"a@example.com","to":["b@example.com"],"subject":"x","tags":{"a":"b"}}`} {
		req := must(http.NewRequest(http.MethodPost, s.URL+"/emails", strings.NewReader(body)))(t)
		req.Header.Set("Content-Type", "application/json")
		s.refuses(t, what, req)
	}
	long := must(http.NewRequest(http.MethodPost, s.URL+"/emails", strings.NewReader(`{"from":"a@example.com","to":"b@example.com","subject":"x"}`)))(t)
	long.Header.Set("Content-Type", "application/json")
	long.Header.Set("Idempotency-Key", strings.Repeat("k", 257))
	s.refuses(t, "a long key", long)
}

func TestWhatTwilioIsAskedIsInItsSpecification(t *testing.T) {
	t.Parallel()
	doc := specification(t, "twilio/twilio_messages.extract.json")
	const sid = "SM00000000000000000000000000000001"
	s := newStrict(t, doc, func(r *http.Request) (int, string) {
		if r.Method == http.MethodPost {
			return 201, `{"sid":"` + sid + `","status":"queued"}`
		}
		return 200, `{"messages":[{"sid":"` + sid + `","to":"+447700900000","body":"Hello £5","direction":"outbound-api","status":"sent"}]}`
	})
	w := newWay(t)
	account := "AC" + strings.Repeat("0", 32)
	org, id := w.org, uuid.Must(uuid.NewV7())
	m := carrier.Text{OrgID: org, ID: id, To: "+447700900000", Body: "Hello £5", Callback: "https://wedsync.example/webhooks/twilio/status?" + carrier.CallbackQuery(org, id)}
	for _, from := range []string{"+15005550006", "KayPhoto", "MG" + strings.Repeat("0a", 16)} {
		if out := (carrier.Twilio{Door: w.door, SID: account, Token: "12345", From: from, URL: s.URL}).Send(t.Context(), m); out.Fate != carrier.Accepted || out.Ref != sid {
			t.Errorf("%+v", out)
		}
	}
	if found, fault := (carrier.Twilio{Door: w.door, SID: account, Token: "12345", From: "KayPhoto", URL: s.URL}).Find(t.Context(), m, time.Now()); len(found) != 1 || found[0].Ref != sid {
		t.Errorf("%+v, %+v", found, fault)
	}
	s.fine(t, 4)
	post := func(account string, form url.Values) *http.Request {
		req := must(http.NewRequest(http.MethodPost, s.URL+"/2010-04-01/Accounts/"+account+"/Messages.json", strings.NewReader(form.Encode())))(t)
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return req
	}
	s.refuses(t, "to nobody", post(account, url.Values{"From": {"+15005550006"}, "Body": {"x"}}))
	s.refuses(t, "a short account", post("AC1", url.Values{"To": {"+447700900000"}, "From": {"+15005550006"}, "Body": {"x"}}))
	s.refuses(t, "a service that is none", post(account, url.Values{"To": {"+447700900000"}, "MessagingServiceSid": {"MG1"}, "Body": {"x"}}))
}

// Every type of callback that the specification has is read, and those that tell of a mail have a status.
func TestEveryCallbackOfResendsSpecificationIsRead(t *testing.T) {
	t.Parallel()
	specification(t, "resend/resend.json") // or skip
	var doc struct {
		Webhooks map[string]json.RawMessage `json:"webhooks"`
	}
	raw := must(os.ReadFile(filepath.Join("..", "..", "..", "shared", "specs", "resend", "resend.json")))(t)
	if err := json.Unmarshal(raw, &doc); err != nil || len(doc.Webhooks) < 15 {
		t.Fatalf("%d types, %v", len(doc.Webhooks), err)
	}
	for kind := range doc.Webhooks {
		r, err := carrier.ReadResendReport("msg_1", fmt.Appendf(nil, `{"type":%q,"created_at":"2027-06-12T12:00:00.000Z","data":{"email_id":"e-1","to":["anna@example.com"],"tags":{}}}`, kind))
		tells := strings.HasPrefix(kind, "email.") && kind != "email.received"
		if err != nil || (r.Status != "") != tells || r.Type != kind {
			t.Errorf("%s: %+v, %v", kind, r, err)
		}
	}
}
