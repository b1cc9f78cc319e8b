package carrier

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/wedsync/wedsync/jobs/outside"
)

func TestResendTakesAMail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.mail()
	s := hang(t, func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var got map[string]any
		if err != nil || json.Unmarshal(body, &got) != nil || r.ContentLength != int64(len(body)) {
			t.Errorf("%v: %s", err, body)
		}
		want := fmt.Sprintf(`map[from:%s headers:map[List-Unsubscribe:<https://wedsync.example/u/x>] html:<p>Hello</p> reply_to:kay@example.com subject:%s tags:[map[name:notification_id value:%s] map[name:org_id value:%s]] text:Hello to:[anna@example.com]]`,
			m.From, m.Subject, m.ID, m.OrgID)
		if fmt.Sprint(got) != want {
			t.Errorf("%v\nwant %s", got, want)
		}
		if r.Method != "POST" || r.URL.Path != "/emails" || r.Header.Get("Authorization") != "Bearer re_1" || r.Header.Get("Idempotency-Key") != m.ID.String() || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
		}
		fmt.Fprint(rw, `{"id":"4ef9a417-02e9-4d39-ad75-9611e0fcc33c"}`)
	})
	for _, url := range []string{s.URL, s.URL + "/"} {
		if out := (Resend{w.door, "re_1", url}).Send(t.Context(), m); out.Fate != Accepted || out.Ref != "4ef9a417-02e9-4d39-ad75-9611e0fcc33c" || out.Err != nil {
			t.Errorf("%+v", out)
		}
	}
	if n := w.count(t, "SELECT count(*) FROM outside_calls WHERE org_id = $1 AND peer = 'resend' AND status = 200", w.org); n != 2 {
		t.Errorf("%d rows tell", n)
	}
}

// A lost answer may be asked for again under the same key; a server that is not there has taken nothing.
func TestResendWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := hang(t, func(rw http.ResponseWriter, r *http.Request) { drop(t, rw, r) })
	if out := (Resend{w.door, "re_1", s.URL}).Send(t.Context(), w.mail()); out.Fate != Ambiguous || out.Err != nil || out.Words == "" {
		t.Errorf("dropped: %+v", out)
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for _, url := range []string{gone.URL, "https://nobody.invalid"} {
		if out := (Resend{w.door, "re_1", url}).Send(t.Context(), w.mail()); out.Fate != Later || out.Err != nil || out.Words == "" {
			t.Errorf("%s: %+v", url, out)
		}
	}
	if out := (Resend{w.door, "re_1", "http://[::1"}).Send(t.Context(), w.mail()); out.Fate != Misconfigured {
		t.Errorf("no address: %+v", out)
	}
}

func TestEveryAnswerOfResend(t *testing.T) {
	t.Parallel()
	now := time.Date(2027, 12, 31, 23, 0, 0, 0, time.FixedZone("", 3600)) // 22:00 UTC
	for _, tt := range []struct {
		status        int
		name, message string
		header        string
		fate          Fate
		suppress      string
		after         time.Duration
	}{
		{200, "", "", "", Accepted, "", 0},
		{201, "", "", "", Accepted, "", 0},
		{302, "", "", "", Misconfigured, "", 0},
		{400, "validation_error", "Invalid `to` field.", "", Refused, Invalid, 0},
		{400, "validation_error", "Invalid `from` field.", "", Misconfigured, "", 0},
		{400, "validation_error", "The `html` is too long", "", Refused, "", 0},
		{400, "invalid_idempotency_key", "", "", Misconfigured, "", 0},
		{401, "missing_api_key", "", "", Misconfigured, "", 0},
		{401, "restricted_api_key", "", "", Misconfigured, "", 0},
		{403, "invalid_api_key", "", "", Misconfigured, "", 0},
		{403, "validation_error", "The wedsync.example domain is not verified", "", Misconfigured, "", 0},
		{404, "not_found", "", "", Misconfigured, "", 0},
		{405, "method_not_allowed", "", "", Misconfigured, "", 0},
		{408, "", "", "", Ambiguous, "", 0},
		{409, "concurrent_idempotent_requests", "", "1", Ambiguous, "", time.Second},
		{409, "invalid_idempotent_request", "", "", Ambiguous, "", 0},
		{413, "", "", "", Refused, "", 0},
		{422, "missing_required_field", "", "", Refused, "", 0},
		{422, "invalid_parameter", "", "", Refused, "", 0},
		{422, "validation_error", "Invalid `to` field.", "", Refused, Invalid, 0},
		{422, "invalid_from_address", "", "", Misconfigured, "", 0},
		{422, "invalid_access", "", "", Misconfigured, "", 0},
		{425, "", "", "", Later, "", 0},
		{429, "rate_limit_exceeded", "", "2", Later, "", 2 * time.Second},
		{429, "rate_limit_exceeded", "", "", Later, "", 0},
		{429, "", "", "", Later, "", 0},
		{429, "daily_quota_exceeded", "", "1", Misconfigured, "", 2 * time.Hour},
		{429, "monthly_quota_exceeded", "", "", Misconfigured, "", 2 * time.Hour},
		{451, "security_error", "", "", Refused, "", 0},
		{500, "internal_server_error", "", "", Ambiguous, "", 0},
		{503, "", "", "30", Ambiguous, "", 30 * time.Second},
	} {
		body, _ := json.Marshal(map[string]any{"statusCode": tt.status, "name": tt.name, "message": tt.message})
		out := resendOutcome(outside.Answer{Status: tt.status, Header: http.Header{"Retry-After": {tt.header}}, Body: body}, now)
		if out.Fate != tt.fate || out.Suppress != tt.suppress || out.After != tt.after || (out.Words == "") != (tt.fate == Accepted) || (out.Code == "") != (tt.fate == Accepted) {
			t.Errorf("%d %s: %+v", tt.status, tt.name, out)
		}
	}
	for _, body := range []string{"", "<html>", `{"name":7}`, `[]`, `null`} {
		if out := resendOutcome(outside.Answer{Status: 422, Body: []byte(body)}, now); out.Fate != Refused || out.Code != "422" {
			t.Errorf("%q: %+v", body, out)
		}
	}
	if got := resendPause(http.Header{"Ratelimit-Reset": {"3"}}, now); got != 3*time.Second {
		t.Error("their own header is not read")
	}
}
