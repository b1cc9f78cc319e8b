package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/google/uuid"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/wedsync/wedsync/jobs/sandbox"
)

// The vendors' own specifications judge what the stand-ins of Resend and Twilio answer and post: a stand-in that drifted
// from its vendor would prove nothing about WedSync.

// specs is where they are, beside the project; they are not ours to carry.
const specs = "../../../shared/specs"

type standins struct {
	*sandbox.World
	t     *testing.T
	at    string
	heard chan posted
	doc   *openapi3.T
}

type posted struct {
	header http.Header
	body   []byte
}

// standing is a world over HTTP, with one vendor's specification beside it.
func standing(t *testing.T, file string) *standins {
	t.Helper()
	if _, err := os.Stat(filepath.Join(specs, file)); os.IsNotExist(err) {
		t.Skipf("there is no %s beside the project: the stand-in cannot be held to its vendor's specification", filepath.Join(specs, file))
	}
	s := &standins{World: sandbox.NewWorld(time.Now()), t: t, heard: make(chan posted, 100)}
	var err error
	if s.doc, err = openapi3.NewLoader().LoadFromFile(filepath.Join(specs, file)); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/sandbox/resend/", s.Resend)
	mux.Handle("/sandbox/twilio/", s.Twilio)
	mux.HandleFunc("/webhooks/", func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // a body that was cut short fails to verify below
		s.heard <- posted{r.Header, body}
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	s.at = server.URL
	s.Resend.Pace, s.Twilio.Pace = 8*time.Millisecond, 8*time.Millisecond
	if err := s.Open(must(url.Parse(server.URL))(t)); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { s.Run(ctx) })
	t.Cleanup(func() { stop(); running.Wait() })
	return s
}

// ask has the specification judge both the question and the answer.
func (s *standins) ask(method, below, path string, header http.Header, body string) map[string]any {
	s.t.Helper()
	theirs := must(http.NewRequestWithContext(s.t.Context(), method, s.doc.Servers[0].URL+path, strings.NewReader(body)))(s.t)
	theirs.Header = header
	route, params := s.route(method, theirs.URL.Path)
	asked := &openapi3filter.RequestValidationInput{Request: theirs, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true}}
	if err := openapi3filter.ValidateRequest(s.t.Context(), asked); err != nil {
		s.t.Errorf("%s %s: the question: %v", method, path, err)
	}
	ours := must(http.NewRequestWithContext(s.t.Context(), method, s.at+"/sandbox/"+below+path, strings.NewReader(body)))(s.t)
	ours.Header = header
	res := must(http.DefaultClient.Do(ours))(s.t)
	defer res.Body.Close()
	raw := must(io.ReadAll(res.Body))(s.t)
	answer := &openapi3filter.ResponseValidationInput{RequestValidationInput: asked, Status: res.StatusCode, Header: res.Header, Options: asked.Options}
	if err := openapi3filter.ValidateResponse(s.t.Context(), answer.SetBodyBytes(raw)); err != nil {
		s.t.Errorf("%s %s: %d %s: %v", method, path, res.StatusCode, raw, err)
	}
	var decoded map[string]any
	if err := json.Unmarshal(raw, &decoded); err != nil {
		s.t.Fatalf("%s: %v", raw, err)
	}
	s.nothingUnheardOf(route, method, res.StatusCode, decoded)
	return decoded
}

var variable = regexp.MustCompile(`\\\{(\w+)\\\}`)

// route finds a path of the specification, the one with the fewest variables. (kin's own router does not see that "{Sid}.json" is a variable.)
func (s *standins) route(method, path string) (found *routers.Route, params map[string]string) {
	s.t.Helper()
	for template, item := range s.doc.Paths.Map() {
		pattern := regexp.MustCompile("^" + variable.ReplaceAllString(regexp.QuoteMeta(template), "(?P<$1>[^/]+)") + "$")
		match := pattern.FindStringSubmatch(path)
		if match == nil || item.GetOperation(method) == nil || found != nil && len(params) < len(match) {
			continue
		}
		found, params = &routers.Route{Spec: s.doc, Server: s.doc.Servers[0], Path: template, PathItem: item, Method: method, Operation: item.GetOperation(method)}, map[string]string{}
		for i, name := range pattern.SubexpNames()[1:] {
			params[name] = match[i+1]
		}
	}
	if found == nil {
		s.t.Fatalf("the specification has no %s %s", method, path)
	}
	return found, params
}

// nothingUnheardOf: the schemas are open, so a name of our own invention must be looked for.
func (s *standins) nothingUnheardOf(route *routers.Route, method string, status int, answer map[string]any) {
	s.t.Helper()
	response := route.Operation.Responses.Status(status)
	if response == nil {
		return // said already
	}
	schema := response.Value.Content["application/json"].Schema.Value
	for name := range answer {
		if _, known := schema.Properties[name]; !known {
			s.t.Errorf("%s %s answers %q, of which the specification knows nothing", method, route.Path, name)
		}
	}
}

func TestTheStandInOfResendSpeaksResend(t *testing.T) {
	t.Parallel()
	s := standing(t, "resend/resend.json")
	header := http.Header{"Authorization": {"Bearer " + s.Resend.Key}, "Content-Type": {"application/json"}, "Idempotency-Key": {"a-key"}}
	const mail = `{"from":"WedSync <hello@wedsync.example>","to":["anna@example.com"],"subject":"Your day","html":"<p>Soon</p>","text":"Soon","reply_to":"ada@demo.example",` +
		`"headers":{"List-Unsubscribe":"<https://x.example/u>"},"tags":[{"name":"notification","value":"n-1"}]}`
	id, _ := s.ask("POST", "resend", "/emails", header, mail)["id"].(string)
	header = http.Header{"Authorization": header["Authorization"], "Content-Type": header["Content-Type"]}
	s.ask("POST", "resend", "/emails/batch", header, "["+mail+","+mail+"]")
	s.ask("GET", "resend", "/emails/"+id, header, "")
	for range 6 { // sent and delivered, of three mails
		s.judge()
	}
	for _, act := range sandbox.Acts["resend"] {
		if err := s.Happen(t.Context(), uuid.MustParse(id), act.Key, ""); err != nil {
			t.Fatal(act.Key, err)
		}
		s.judge()
	}
}

// judge has Svix's verifier look at the next webhook's proof, and Resend's specification at what it says.
func (s *standins) judge() {
	s.t.Helper()
	var got posted
	select {
	case got = <-s.heard:
	case <-time.After(patience):
		s.t.Fatal("no webhook came")
	}
	standard := http.Header{} // Svix's names, and the standard's that came of them
	for _, name := range []string{"id", "timestamp", "signature"} {
		standard.Set("webhook-"+name, got.header.Get("svix-"+name))
	}
	if err := must(standardwebhooks.NewWebhook(s.Resend.Secret))(s.t).Verify(got.body, standard); err != nil {
		s.t.Errorf("%v: %s", err, got.body)
	}
	var event map[string]any
	decoder := json.NewDecoder(bytes.NewReader(got.body))
	if err := decoder.Decode(&event); err != nil {
		s.t.Fatal(err)
	}
	kind, _ := event["type"].(string)
	words := strings.NewReplacer(".", " ", "_", " ").Replace(kind)
	name := ""
	for word := range strings.FieldsSeq(words) {
		name += strings.ToUpper(word[:1]) + word[1:]
	}
	schema := s.doc.Components.Schemas[name+"Event"]
	if schema == nil {
		s.t.Fatalf("Resend knows no %s", kind)
	}
	if err := schema.Value.VisitJSON(event); err != nil {
		s.t.Errorf("%s: %v", got.body, err)
	}
}

func TestTheStandInOfTwilioSpeaksTwilio(t *testing.T) {
	t.Parallel()
	s := standing(t, "twilio/twilio_messages.extract.json")
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	basic := &http.Request{Header: header}
	basic.SetBasicAuth(s.Twilio.SID, s.Twilio.Token)
	messages := "/2010-04-01/Accounts/" + s.Twilio.SID + "/Messages"
	form := url.Values{"To": {"+447700900123"}, "From": {s.Twilio.From}, "Body": {"Anna & Tom have paid"}, "StatusCallback": {s.at + "/webhooks/twilio/status"}, "ValidityPeriod": {"3600"}}
	sid, _ := s.ask("POST", "twilio", messages+".json", header, form.Encode())["sid"].(string)
	<-s.heard
	<-s.heard
	one := s.ask("GET", "twilio", messages+"/"+sid+".json", header, "")
	if one["status"] != "delivered" {
		t.Errorf("%v", one)
	}
	if err := s.Happen(t.Context(), s.Outbox.Newest(sandbox.SMS, "")[0].ID, "unreachable", ""); err != nil {
		t.Fatal(err)
	}
	if one = s.ask("GET", "twilio", messages+"/"+sid+".json", header, ""); one["error_code"] != 30003.0 {
		t.Errorf("%v", one)
	}
	s.ask("POST", "twilio", messages+".json", header, form.Encode())
	list := s.ask("GET", "twilio", messages+".json?To=%2B447700900123&PageSize=1&DateSent%3E="+url.QueryEscape(time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)), header, "")
	found, _ := list["messages"].([]any)
	if len(found) != 1 || list["next_page_uri"] == nil {
		t.Errorf("%v", list)
	}
}
