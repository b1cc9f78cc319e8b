package sandbox

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/jobs/inbound"
)

const goodMail = `{"from":"WedSync <hello@wedsync.example>","to":["anna@example.com"],"subject":"Your day","html":"<p>Soon & well</p>","text":"Soon","reply_to":"ada@demo.example",
	"headers":{"List-Unsubscribe":"<https://x.example/u>"},"tags":[{"name":"notification","value":"n-1"},{"name":"org","value":"o_1"}]}`

func (h *hosted) mail(t *testing.T, header map[string]string, body string) (int, map[string]any, map[string][]string) {
	t.Helper()
	all := map[string]string{"Authorization": "Bearer " + h.Resend.Key, "Content-Type": "application/json"}
	for name, value := range header {
		all[name] = value
	}
	return h.ask(t, "POST", "/sandbox/resend/emails", all, body)
}

func TestResendRefuses(t *testing.T) {
	t.Parallel()
	h := host(t)
	with := func(old, new string) string { return strings.Replace(goodMail, old, new, 1) }
	for _, c := range []struct {
		why, body, name, message string
		header                   map[string]string
		status                   int
	}{
		{why: "no key", header: map[string]string{"Authorization": ""}, status: 401, name: "missing_api_key"},
		{why: "a key of somebody else", header: map[string]string{"Authorization": "Bearer re_x"}, status: 403, name: "invalid_api_key"},
		{why: "no sender", body: with("WedSync <hello@wedsync.example>", ""), status: 422, name: "missing_required_field", message: "`from`"},
		{why: "nobody to send to", body: with(`"to":["anna@example.com"],`, ""), status: 422, name: "missing_required_field", message: "`to`"},
		{why: "an empty list", body: with(`["anna@example.com"]`, "[]"), status: 422, name: "missing_required_field", message: "`to`"},
		{why: "no subject", body: with(`"subject":"Your day",`, ""), status: 422, name: "missing_required_field", message: "`subject`"},
		{why: "nothing in it", body: with(`"html":"<p>Soon & well</p>","text":"Soon",`, ""), status: 422, name: "missing_required_field"},
		{why: "a sender without an address", body: with("WedSync <hello@wedsync.example>", "WedSync"), status: 422, name: "invalid_from_address"},
		{why: "a domain that is not ours", body: with("hello@wedsync.example", "hello@unverified.example"), status: 403, name: "validation_error", message: "not verified"},
		{why: "a recipient without an at", body: with("anna@example.com", "anna"), status: 422, name: "validation_error", message: "`to`"},
		{why: "51 recipients", body: with(`["anna@example.com"]`, `["a@b.example"`+strings.Repeat(`,"a@b.example"`, 50)+`]`), status: 422, name: "validation_error"},
		{why: "a tag with a blank", body: with("n-1", "n 1"), status: 422, name: "validation_error"},
		{why: "a tag that is too long", body: with("n-1", strings.Repeat("n", 257)), status: 422, name: "validation_error"},
		{why: "a header with a header in it", body: with("<https://x.example/u>", `x\r\nBcc: all@example.com`), status: 422, name: "invalid_parameter"},
		{why: "a subject with a header in it", body: with("Your day", `Your\nBcc: all@example.com`), status: 422, name: "invalid_parameter"},
		{why: "a field spelt wrong", body: with("reply_to", "replyTo"), status: 422, name: "invalid_parameter"},
		{why: "no JSON", body: "{", status: 422, name: "invalid_parameter"},
		{why: "two documents", body: goodMail + "{}", status: 422, name: "invalid_parameter"},
		{why: "a form", header: map[string]string{"Content-Type": "text/plain"}, status: 422, name: "validation_error"},
		{why: "an empty key for idempotency", header: map[string]string{"Idempotency-Key": ""}, status: 400, name: "invalid_idempotency_key"},
		{why: "one that is too long", header: map[string]string{"Idempotency-Key": strings.Repeat("k", 257)}, status: 400, name: "invalid_idempotency_key"},
		{why: "too much", body: with("Soon", strings.Repeat("x", 5<<20)), status: 413, name: "validation_error"},
	} {
		if c.body == "" {
			c.body = goodMail
		}
		status, answer, _ := h.mail(t, c.header, c.body)
		if words, _ := answer["message"].(string); status != c.status || answer["name"] != c.name || answer["statusCode"] != float64(c.status) || !strings.Contains(words, c.message) {
			t.Errorf("%s: %d %v", c.why, status, answer)
		}
	}
	if n := h.Outbox.Count(Email); n != 0 {
		t.Errorf("%d were taken all the same", n)
	}
	key := map[string]string{"Authorization": "Bearer " + h.Resend.Key}
	for path, want := range map[string]int{"/emails/" + uuid.NewString(): 404, "/emails/x": 404, "/emails": 405, "/nothing": 404} {
		if status, _, _ := h.ask(t, "GET", "/sandbox/resend"+path, key, ""); status != want {
			t.Errorf("GET %s: %d, want %d", path, status, want)
		}
	}
}

func TestResendTakesTellsAndRemembers(t *testing.T) {
	t.Parallel()
	h := host(t)
	status, answer, header := h.mail(t, map[string]string{"Idempotency-Key": "k-1"}, goodMail)
	if status != 200 || len(header["Ratelimit-Limit"]) == 0 {
		t.Fatalf("%d %v %v", status, answer, header)
	}
	events := map[string]bool{}
	for range 2 {
		got := h.next(t)
		var event struct {
			Type string
			Data struct {
				EmailID string `json:"email_id"`
				To      []string
				Tags    map[string]string
				Headers []map[string]string
			}
		}
		if err := json.Unmarshal([]byte(got.body), &event); err != nil || event.Data.EmailID != answer["id"] || event.Data.Tags["notification"] != "n-1" || event.Data.Headers[0]["name"] != "List-Unsubscribe" {
			t.Errorf("%v %s", err, got.body)
		}
		names := http.Header{} // the same proof under the standard's own names
		for _, name := range []string{"Id", "Timestamp", "Signature"} {
			names.Set("Webhook-"+name, got.header.Get("Svix-"+name))
		}
		if err := inbound.VerifyStandard(names, []byte(got.body), []string{h.Resend.Secret}, time.Now()); err != nil || got.path != "/webhooks/resend" || got.header.Get("svix-id") == "" {
			t.Errorf("%s: %v %v", got.path, err, got.header)
		}
		events[event.Type] = true
	}
	if !events["email.sent"] || !events["email.delivered"] {
		t.Errorf("told: %v", events)
	}
	if _, again, _ := h.mail(t, map[string]string{"Idempotency-Key": "k-1"}, goodMail); again["id"] != answer["id"] || h.Outbox.Count(Email) != 1 {
		t.Errorf("the same key and body made another mail: %v", again)
	}
	if status, other, _ := h.mail(t, map[string]string{"Idempotency-Key": "k-1"}, strings.Replace(goodMail, "Soon", "Late", 1)); status != 409 || other["name"] != "invalid_idempotent_request" {
		t.Errorf("the same key with another body: %d %v", status, other)
	}
	if _, fault := h.Resend.reserve("k-1", [32]byte{}, time.Now().Add(25*time.Hour)); fault != nil {
		t.Errorf("a day later: %v", fault)
	}
	if _, fault := h.Resend.reserve("k-1", [32]byte{}, time.Now().Add(25*time.Hour)); fault == nil || fault.name != "concurrent_idempotent_requests" {
		t.Errorf("while the first is being worked on: %v", fault)
	}
	_, one, _ := h.ask(t, "GET", "/sandbox/resend/emails/"+answer["id"].(string), map[string]string{"Authorization": "Bearer " + h.Resend.Key}, "")
	if one["subject"] != "Your day" || one["html"] != "<p>Soon & well</p>" || one["last_event"] != "delivered" {
		t.Errorf("read back: %v", one)
	}
}

// After a hang-up the same key finds what was taken: that is what the key is for.
func TestResendHangsUpAndKnowsTheKey(t *testing.T) {
	t.Parallel()
	h := host(t)
	if err := h.SetTrouble("resend", HangsUp); err != nil {
		t.Fatal(err)
	}
	if status, _, _ := h.mail(t, map[string]string{"Idempotency-Key": "k"}, goodMail); status != 0 {
		t.Errorf("it answered %d", status)
	}
	if err := h.SetTrouble("resend", Fine); err != nil {
		t.Fatal(err)
	}
	status, answer, _ := h.mail(t, map[string]string{"Idempotency-Key": "k"}, goodMail)
	if status != 200 || h.Outbox.Count(Email) != 1 || answer["id"] != h.Outbox.Newest(Email, "")[0].ID.String() {
		t.Errorf("%d %v, %d taken", status, answer, h.Outbox.Count(Email))
	}
	if status, _, _ := h.mail(t, map[string]string{"Idempotency-Key": "bad"}, "{}"); status != 422 {
		t.Fatal(status)
	}
	if status, _, _ := h.mail(t, map[string]string{"Idempotency-Key": "bad"}, goodMail); status != 200 {
		t.Errorf("a refused request keeps its key: %d", status)
	}
}

func TestResendByTheAddressAndByTheButton(t *testing.T) {
	t.Parallel()
	h := host(t)
	to := func(address string) uuid.UUID {
		_, answer, _ := h.mail(t, nil, strings.Replace(goodMail, "anna@example.com", address, 1))
		return uuid.MustParse(answer["id"].(string))
	}
	told := func(n int) string {
		var all []string
		for range n {
			var event struct{ Type string }
			if err := json.Unmarshal([]byte(h.next(t).body), &event); err != nil {
				t.Fatal(err)
			}
			all = append(all, event.Type)
		}
		return strings.Join(all, " ")
	}
	to("who@bounce.example")
	if got := told(2); !strings.Contains(got, "email.bounced") {
		t.Errorf("bounce.example: %s", got)
	}
	to("who@bounce.example")
	if got := told(1); got != "email.suppressed" || h.LeavesAlone("resend") != 1 {
		t.Errorf("the second time: %s", got)
	}
	h.Forget("resend")
	slow := to("who@slow.example")
	if got := told(1); got != "email.sent" {
		t.Errorf("slow.example: %s", got)
	}
	for _, act := range Acts["resend"] {
		if err := h.Happen(t.Context(), slow, act.Key, ""); err != nil {
			t.Errorf("%s: %v", act.Key, err)
		}
		want := "email." + strings.Replace(act.Key, "mailbox_full", "bounced", 1)
		if got := told(1); got != want {
			t.Errorf("%s: told %s", act.Key, got)
		}
	}
	if s, _ := h.Outbox.Get(slow); len(s.Told) != 1+len(Acts["resend"]) || !s.Told[1].Taken || s.Told[1].Answer != "WedSync answered 200 OK" {
		t.Errorf("the outbox knows: %v", s.Told)
	}
}

// A webhook that was not taken comes again under the same id.
func TestResendTriesAgain(t *testing.T) {
	t.Parallel()
	h := host(t)
	h.Resend.Retries = []time.Duration{time.Millisecond}
	_, answer, _ := h.mail(t, nil, strings.Replace(goodMail, "anna@example.com", "a@slow.example", 1))
	h.next(t)
	h.answers(503)
	if err := h.Happen(t.Context(), uuid.MustParse(answer["id"].(string)), "delivered", ""); err != nil {
		t.Fatal(err)
	}
	first, second := h.next(t), h.next(t)
	if first.header.Get("Svix-Id") != second.header.Get("Svix-Id") || first.body != second.body {
		t.Errorf("%v\n%v", first, second)
	}
}

func TestResendBatches(t *testing.T) {
	t.Parallel()
	h := host(t)
	post := func(body, validation string) (int, map[string]any) {
		status, answer, _ := h.ask(t, "POST", "/sandbox/resend/emails/batch", map[string]string{"Authorization": "Bearer " + h.Resend.Key, "Content-Type": "application/json", "x-batch-validation": validation}, body)
		return status, answer
	}
	if status, answer := post("["+goodMail+","+goodMail+"]", ""); status != 200 || len(answer["data"].([]any)) != 2 {
		t.Errorf("two: %d %v", status, answer)
	}
	if status, answer := post("["+goodMail+",{}]", "strict"); status != 422 || h.Outbox.Count(Email) != 2 {
		t.Errorf("one is wrong: %d %v", status, answer)
	}
	if status, answer := post("["+goodMail+",{}]", "permissive"); status != 200 || len(answer["data"].([]any)) != 1 || len(answer["errors"].([]any)) != 1 {
		t.Errorf("one is wrong, and may be: %d %v", status, answer)
	}
	if status, _ := post("["+strings.Repeat(goodMail+",", 100)+goodMail+"]", ""); status != 422 {
		t.Errorf("101: %d", status)
	}
}
