package carrier

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/twilio/twilio-go/client"

	"github.com/wedsync/wedsync/jobs/outside"
)

const (
	testSID   = "AC00000000000000000000000000000000"
	testToken = "12345"
	messageID = "SM00000000000000000000000000000001"
)

func (w world) text() Text {
	return Text{OrgID: w.org, ID: uuid.Must(uuid.NewV7()), To: "+447700900000", Body: "Anna & Tom: load-in 10:00. £5 + tea?", Callback: "https://wedsync.example/webhooks/twilio/status?n=1&o=2"}
}

func TestTwilioTakesAText(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.text()
	var form url.Values
	s := hang(t, func(rw http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		if r.Method != "POST" || r.URL.Path != "/base/2010-04-01/Accounts/"+testSID+"/Messages.json" || user != testSID || password != testToken {
			t.Errorf("%s %s %s %s", r.Method, r.URL, user, password)
		}
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		form = r.PostForm
		rw.WriteHeader(201)
		fmt.Fprintf(rw, `{"sid":%q,"status":"queued","num_segments":"1","error_code":null}`, messageID)
	})
	for from, name := range map[string]string{"+15005550006": "From", "KayPhoto": "From", "MG" + strings.Repeat("0a", 16): "MessagingServiceSid"} {
		out := Twilio{w.door, testSID, testToken, from, s.URL + "/base/"}.Send(t.Context(), m)
		if out.Fate != Accepted || out.Ref != messageID || out.Err != nil {
			t.Errorf("%+v", out)
		}
		want := url.Values{"To": {m.To}, "Body": {m.Body}, "StatusCallback": {m.Callback}, name: {from}}
		if form.Encode() != want.Encode() {
			t.Errorf("%v", form)
		}
	}
	if n := w.count(t, "SELECT count(*) FROM outside_calls WHERE org_id = $1 AND peer = 'twilio' AND method = 'POST' AND status = 201", w.org); n != 3 {
		t.Errorf("%d rows tell", n)
	}
}

func TestTwilioWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var heard atomic.Int64
	s := hang(t, func(rw http.ResponseWriter, r *http.Request) {
		heard.Add(1)
		drop(t, rw, r)
	})
	if out := (Twilio{w.door, testSID, testToken, "Kay", s.URL}).Send(t.Context(), w.text()); out.Fate != Ambiguous || out.Err != nil || heard.Load() != 1 {
		t.Errorf("dropped: %+v, heard %d times", out, heard.Load())
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	if out := (Twilio{w.door, testSID, testToken, "Kay", gone.URL}).Send(t.Context(), w.text()); out.Fate != Later || out.Err != nil {
		t.Errorf("nobody there: %+v", out)
	}
	for _, bad := range []Twilio{{w.door, testSID, "to ken", "Kay", s.URL}, {w.door, testSID, testToken, "Kay", "api.twilio.com"}, {w.door, testSID, testToken, "Kay", ""}} {
		if out := bad.Send(t.Context(), w.text()); out.Fate != Misconfigured || heard.Load() != 1 {
			t.Errorf("%+v: %+v", bad, out)
		}
	}
	// The caller's deadline goes as far as the wire.
	hold := make(chan struct{})
	slow := hang(t, func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) //nolint:errcheck // it listens and does not answer
		<-hold
	})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if out := (Twilio{w.door, testSID, testToken, "Kay", slow.URL}).Send(ctx, w.text()); out.Fate != Ambiguous {
		t.Errorf("too slow: %+v", out)
	}
	close(hold)
}

// What is not a message is not taken for one, and their library's own words for it are not needed.
func TestTwilioAnswersOverTheWire(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var status int
	var body string
	s := hang(t, func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Retry-After", "7")
		rw.WriteHeader(status)
		fmt.Fprint(rw, body)
	})
	for _, tt := range []struct {
		status   int
		body     string
		fate     Fate
		code     string
		suppress string
		after    time.Duration
	}{
		{400, `{"code":21610,"message":"Attempt to send to unsubscribed recipient","status":400}`, Refused, "21610", Stopped, 0},
		{400, `{"code":21211,"message":"Invalid 'To' Phone Number","status":400}`, Refused, "21211", Invalid, 0},
		{401, `{"code":20003,"message":"Authenticate","status":401}`, Misconfigured, "20003", "", 0},
		{429, `{"code":20429,"message":"Too Many Requests","status":429}`, Later, "20429", "", 7 * time.Second},
		{429, `slow down`, Later, "429", "", 7 * time.Second},
		{503, `{"code":20503,"message":"Service unavailable","status":503}`, Ambiguous, "20503", "", 7 * time.Second},
		{201, `{}`, Ambiguous, "201", "", 0}, {200, `<html>`, Ambiguous, "200", "", 0}, {302, ``, Misconfigured, "302", "", 0},
		{201, `{"sid":"` + messageID + `","status":"failed","error_code":30002,"error_message":"Account suspended"}`, Misconfigured, "30002", "", 0},
	} {
		status, body = tt.status, tt.body
		out := Twilio{w.door, testSID, testToken, "Kay", s.URL}.Send(t.Context(), w.text())
		if out.Fate != tt.fate || out.Code != tt.code || out.Suppress != tt.suppress || out.After != tt.after || out.Words == "" {
			t.Errorf("%d %s: %+v", tt.status, tt.body, out)
		}
	}
}

func TestEveryCodeOfTwilio(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]struct {
		fate     Fate
		suppress string
	}{
		20003: {Misconfigured, ""}, 20429: {Later, ""}, 21211: {Refused, Invalid}, 21212: {Misconfigured, ""}, 21606: {Misconfigured, ""}, 21408: {Misconfigured, ""}, 21608: {Misconfigured, ""},
		21610: {Refused, Stopped}, 21614: {Refused, Invalid}, 21617: {Refused, ""}, 30001: {Later, ""}, 30002: {Misconfigured, ""}, 30003: {Later, ""}, 30004: {Refused, ""}, 30005: {Refused, Invalid},
		30006: {Refused, Invalid}, 30007: {Refused, ""}, 30008: {Later, ""}, 30034: {Misconfigured, ""}, 12345: {Refused, ""},
	} {
		out := twilioRefusal(400, &client.TwilioRestError{Code: code, Message: "theirs"}, nil)
		if out.Fate != want.fate || out.Suppress != want.suppress || out.Code != fmt.Sprint(code) || !strings.HasSuffix(out.Words, "theirs") {
			t.Errorf("%d: %+v", code, out)
		}
		if r, known := twilioCodes[code]; known && (strings.HasSuffix(r.words, ".") || r.words == "") {
			t.Errorf("%d: %q", code, r.words)
		}
	}
	for status, want := range map[int]Fate{400: Refused, 401: Misconfigured, 403: Misconfigured, 404: Misconfigured, 405: Misconfigured, 408: Ambiguous, 425: Later, 429: Later, 500: Ambiguous, 502: Ambiguous} {
		if out := twilioRefusal(status, nil, &outside.Later{After: time.Second}); out.Fate != want || out.Code != fmt.Sprint(status) || out.After != time.Second {
			t.Errorf("%d: %+v", status, out)
		}
	}
}

// An ambiguous message is found again by its words; the one before it, to somebody else, and an answer of the recipient's are not it.
func TestTwilioFindsWhatItHasTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.text()
	entry := func(sid, to, body, direction, rest string) string {
		return fmt.Sprintf(`{"sid":%q,"to":%q,"body":%q,"direction":%q%s}`, sid, to, body, direction, rest)
	}
	var list []string
	var status int
	s := hang(t, func(rw http.ResponseWriter, r *http.Request) {
		want := url.Values{"To": {m.To}, "DateSent>": {"2027-06-12T12:00:00Z"}, "PageSize": {"100"}}
		if r.Method != "GET" || r.URL.Path != "/2010-04-01/Accounts/"+testSID+"/Messages.json" || r.URL.Query().Encode() != want.Encode() {
			t.Errorf("%s %s", r.Method, r.URL)
		}
		rw.WriteHeader(status)
		fmt.Fprintf(rw, `{"messages":[%s],"page":0,"page_size":100}`, strings.Join(list, ","))
	})
	find := func() (Outcome, bool) {
		found, fault := Twilio{w.door, testSID, testToken, "Kay", s.URL}.Find(t.Context(), m, noon.Add(300*time.Millisecond))
		return append(found, fault)[0], len(found) > 0
	}
	others := []string{entry("SM1", m.To, "Something else", "outbound-api", ""), entry("SM2", "+447700900001", m.Body, "outbound-api", ""), entry("SM3", m.To, m.Body, "inbound", "")}
	for _, tt := range []struct {
		what     string
		status   int
		list     []string
		found    bool
		fate     Fate
		ref      string
		suppress string
	}{
		{"none", 200, nil, false, Ambiguous, "", ""},
		{"others", 200, others, false, Ambiguous, "", ""},
		{"this one", 200, append(others, entry(messageID, m.To, m.Body, "outbound-api", `,"status":"sent"`)), true, Accepted, messageID, ""},
		{"one that failed", 200, []string{entry(messageID, m.To, m.Body+"\n", "outbound-api", `,"status":"undelivered","error_code":30005`)}, true, Refused, messageID, Invalid},
		{"they are away", 503, nil, false, Ambiguous, "", ""},
	} {
		status, list = tt.status, tt.list
		out, found := find()
		if found != tt.found || out.Fate != tt.fate || out.Ref != tt.ref || out.Suppress != tt.suppress || out.Err != nil {
			t.Errorf("%s: %t, %+v", tt.what, found, out)
		}
	}
}

func TestTwilioVerify(t *testing.T) {
	t.Parallel()
	const address, signature = "https://hooks.example.com/twilio/status?c=42", "MYuatKLp80Yi9PMGzMp4dfwJcqU="
	form := func() url.Values {
		return url.Values{"AccountSid": {testSID}, "From": {"+15005550006"}, "MessageSid": {messageID}, "MessageStatus": {"delivered"}, "SmsSid": {messageID}, "SmsStatus": {"delivered"}, "To": {"+447700900000"}}
	}
	tw := Twilio{Token: testToken}
	if !tw.Verify(address, form(), signature) {
		t.Fatal("the vector of providers.md is refused")
	}
	if !tw.Verify("https://hooks.example.com:443/twilio/status?c=42", form(), signature) {
		t.Error("with the port")
	}
	for what, bad := range map[string]func() bool{
		"no signature":      func() bool { return tw.Verify(address, form(), "") },
		"another signature": func() bool { return tw.Verify(address, form(), "A"+signature[1:]) },
		"another address":   func() bool { return tw.Verify(address+"1", form(), signature) },
		"another token":     func() bool { return Twilio{Token: "12346"}.Verify(address, form(), signature) },
		"no token":          func() bool { return Twilio{}.Verify(address, form(), signature) },
		"a changed value":   func() bool { f := form(); f.Set("MessageStatus", "failed"); return tw.Verify(address, f, signature) },
		"one more":          func() bool { f := form(); f.Set("ErrorCode", "30003"); return tw.Verify(address, f, signature) },
		"one less":          func() bool { f := form(); f.Del("To"); return tw.Verify(address, f, signature) },
		"nothing":           func() bool { return tw.Verify("", nil, signature) },
		"a bad address":     func() bool { return tw.Verify("https://%zz", form(), signature) },
	} {
		if bad() {
			t.Errorf("%s: accepted", what)
		}
	}
	if f := form(); true {
		f.Add("MessageStatus", "failed") // only the first is signed, and only the first is read
		r, err := ReadTwilioReport(f, nil)
		if !tw.Verify(address, f, signature) || err != nil || r.Status != "delivered" {
			t.Errorf("%+v, %v", r, err)
		}
	}
}
