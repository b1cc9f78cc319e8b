package sandbox

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
	"time"
)

func (h *hosted) text(t *testing.T, change url.Values) (int, map[string]any) {
	t.Helper()
	form := url.Values{"To": {"+447700900123"}, "From": {h.Twilio.From}, "Body": {"Anna & Tom have paid"}, "StatusCallback": {h.at + "/webhooks/twilio/status?n=1&o=2"}}
	for name, values := range change {
		form[name] = values
	}
	status, answer, _ := h.ask(t, "POST", h.messages(), h.basic(), form.Encode())
	return status, answer
}

func (h *hosted) messages() string {
	return "/sandbox/twilio/2010-04-01/Accounts/" + h.Twilio.SID + "/Messages.json"
}

func (h *hosted) basic() map[string]string {
	return map[string]string{"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte(h.Twilio.SID+":"+h.Twilio.Token)), "Content-Type": "application/x-www-form-urlencoded"}
}

// The vector was made with Twilio's own library.
func TestTwilioSignature(t *testing.T) {
	t.Parallel()
	const sm = "SM00000000000000000000000000000001"
	form := url.Values{"AccountSid": {"AC" + strings.Repeat("0", 32)}, "From": {"+15005550006"}, "MessageSid": {sm}, "MessageStatus": {"delivered"}, "SmsSid": {sm},
		"SmsStatus": {"delivered"}, "To": {"+447700900000"}}
	if got := TwilioSignature("12345", "https://hooks.example.com/twilio/status?c=42", form); got != "MYuatKLp80Yi9PMGzMp4dfwJcqU=" {
		t.Error(got)
	}
}

func TestTwilioRefuses(t *testing.T) {
	t.Parallel()
	h := host(t)
	for _, c := range []struct {
		why    string
		change url.Values
		code   float64
	}{
		{"nobody to send to", url.Values{"To": {""}}, 21604},
		{"no sender", url.Values{"From": {""}}, 21603},
		{"a service that is none", url.Values{"From": {""}, "MessagingServiceSid": {"MG1"}}, 21701},
		{"nothing to say", url.Values{"Body": {""}}, 21602},
		{"too long", url.Values{"Body": {strings.Repeat("x", 1601)}}, 21617},
		{"a number as people write it", url.Values{"To": {"07700 900123"}}, 21211},
		{"a number that begins with 0", url.Values{"To": {"+0447700900123"}}, 21211},
		{"a number with a line break", url.Values{"To": {"+447700900123\n"}}, 21211},
		{"a sender that is no number", url.Values{"From": {"WedSync"}}, 21212},
		{"a sender that is not ours", url.Values{"From": {"+447700900999"}}, 21606},
		{"Twilio’s own bad number", url.Values{"To": {"+15005550001"}}, 21211},
		{"a region that is closed", url.Values{"To": {"+15005550003"}}, 21408},
		{"a landline", url.Values{"To": {"+15005550009"}}, 21614},
		{"somebody who stopped", url.Values{"To": {"+15005550004"}}, 21610},
		{"a callback to somewhere else", url.Values{"StatusCallback": {"http://169.254.169.254/latest"}}, 21609},
		{"a callback that is no address", url.Values{"StatusCallback": {"ftp://x"}}, 21609},
		{"a validity of no time", url.Values{"ValidityPeriod": {"0"}}, 21624},
	} {
		status, answer := h.text(t, c.change)
		if status != 400 || answer["code"] != c.code || answer["status"] != 400.0 || answer["more_info"] == "" || answer["message"] == "" {
			t.Errorf("%s: %d %v", c.why, status, answer)
		}
	}
	if n := h.Outbox.Count(SMS); n != 0 {
		t.Errorf("%d were taken all the same", n)
	}
	for path, want := range map[string]int{
		"/sandbox/twilio/2010-04-01/Accounts/AC" + strings.Repeat("0", 32) + "/Messages.json": 404,
		"/sandbox/twilio/x": 404, h.messages() + "?DateSent%3E=yesterday": 400, h.messages() + "?Page=x": 400,
		strings.TrimSuffix(h.messages(), ".json") + "/SM1.json":                               404,
		strings.TrimSuffix(h.messages(), ".json") + "/SM" + strings.Repeat("0", 32) + ".json": 404,
	} {
		if status, answer, _ := h.ask(t, "GET", path, h.basic(), ""); status != want {
			t.Errorf("%s: %d %v", path, status, answer)
		}
	}
	if status, answer, _ := h.ask(t, "GET", h.messages(), nil, ""); status != 401 || answer["code"] != 20003.0 {
		t.Errorf("without a key: %d %v", status, answer)
	}
	if status, _, _ := h.ask(t, "DELETE", h.messages(), h.basic(), ""); status != 405 {
		t.Errorf("DELETE: %d", status)
	}
}

func TestTwilioTakesTellsAndLists(t *testing.T) {
	t.Parallel()
	h := host(t)
	before := time.Now().UTC()
	status, answer := h.text(t, nil)
	if status != 201 || answer["status"] != "queued" || answer["num_segments"] != "1" || answer["price"] != nil || answer["error_code"] != nil {
		t.Fatalf("%d %v", status, answer)
	}
	if _, err := time.Parse(time.RFC1123Z, answer["date_created"].(string)); err != nil {
		t.Error(err)
	}
	told := map[string]bool{}
	for range 2 {
		got := h.next(t)
		form, err := url.ParseQuery(got.body)
		if err != nil || got.path != "/webhooks/twilio/status?n=1&o=2" || form.Get("MessageSid") != answer["sid"] || form.Get("To") != "+447700900123" {
			t.Errorf("%v %s %s", err, got.path, got.body)
		}
		if got.header.Get("X-Twilio-Signature") != TwilioSignature(h.Twilio.Token, h.at+got.path, form) {
			t.Error("the signature is not over what was posted")
		}
		told[form.Get("MessageStatus")] = true
	}
	if !told["sent"] || !told["delivered"] {
		t.Errorf("told: %v", told)
	}
	list := func(query string) int {
		_, answer, _ := h.ask(t, "GET", h.messages()+"?"+query, h.basic(), "")
		return len(answer["messages"].([]any))
	}
	since := func(at time.Time, layout string) string { return "DateSent>=" + url.QueryEscape(at.Format(layout)) }
	for query, want := range map[string]int{
		"": 1, "To=%2B447700900123": 1, "To=%2B447700900124": 0, since(before, time.RFC3339): 1, since(before, time.DateOnly): 1, since(before.Add(time.Minute), time.RFC3339): 0,
		since(before.AddDate(0, 0, 1), time.DateOnly): 0, "DateSent<=" + before.AddDate(0, 0, -1).Format(time.DateOnly): 0, "DateSent=" + before.Format(time.DateOnly): 1, "From=%2B1": 0,
		"PageSize=1&Page=1": 0,
	} {
		if got := list(query); got != want {
			t.Errorf("%s: %d, want %d", query, got, want)
		}
	}
	_, one, _ := h.ask(t, "GET", strings.TrimSuffix(h.messages(), ".json")+"/"+answer["sid"].(string)+".json", h.basic(), "")
	if one["status"] != "delivered" || one["body"] != "Anna & Tom have paid" {
		t.Errorf("read back: %v", one)
	}
}

func TestTwilioByTheButton(t *testing.T) {
	t.Parallel()
	h := host(t)
	h.text(t, nil)
	h.next(t)
	h.next(t)
	id := h.Outbox.Newest(SMS, "")[0].ID
	happen := func(act, text string) url.Values {
		t.Helper()
		if err := h.Happen(t.Context(), id, act, text); err != nil {
			t.Fatalf("%s: %v", act, err)
		}
		got := h.next(t)
		form, err := url.ParseQuery(got.body)
		if err != nil || got.header.Get("X-Twilio-Signature") != TwilioSignature(h.Twilio.Token, h.at+got.path, form) {
			t.Errorf("%s: %v %s", act, err, got.body)
		}
		form.Set("path", got.path)
		return form
	}
	if got := happen("unreachable", ""); got.Get("MessageStatus") != "undelivered" || got.Get("ErrorCode") != "30003" {
		t.Errorf("phone is off: %v", got)
	}
	if got := happen("stop", ""); got.Get("Body") != "STOP" || got.Get("From") != "+447700900123" || got.Get("To") != h.Twilio.From || got.Get("path") != "/webhooks/twilio/sms" {
		t.Errorf("STOP: %v", got)
	}
	if status, answer := h.text(t, nil); status != 400 || answer["code"] != 21610.0 || h.LeavesAlone("twilio") != 1 {
		t.Errorf("after STOP: %d %v", status, answer)
	}
	happen("start", "")
	if status, _ := h.text(t, nil); status != 201 {
		t.Errorf("after START: %d", status)
	}
	h.next(t)
	h.next(t)
	if got := happen("reply", "Please stop by at 3"); got.Get("Body") != "Please stop by at 3" || h.LeavesAlone("twilio") != 0 {
		t.Errorf("words with stop in them are not STOP: %v", got)
	}
}

func TestSegments(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"": 1, strings.Repeat("a", 160): 1, strings.Repeat("a", 161): 2, strings.Repeat("a", 306): 2, strings.Repeat("a", 307): 3,
		strings.Repeat("€", 80): 1, strings.Repeat("€", 81): 2, strings.Repeat("ł", 70): 1, strings.Repeat("ł", 71): 2, strings.Repeat("💍", 35): 1, strings.Repeat("💍", 36): 2,
	} {
		if got := segments(text); got != want {
			t.Errorf("%d of %.4q: %d, want %d", len([]rune(text)), text, got, want)
		}
	}
}
