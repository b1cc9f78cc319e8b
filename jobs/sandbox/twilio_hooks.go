package sandbox

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// TwilioSignature is what Twilio puts into X-Twilio-Signature: over the address it calls and all parameters, by name.
func TwilioSignature(token, address string, form url.Values) string {
	m := hmac.New(sha1.New, []byte(token))
	m.Write([]byte(address))
	for _, name := range slices.Sorted(maps.Keys(form)) {
		m.Write([]byte(name + form.Get(name)))
	}
	return base64.StdEncoding.EncodeToString(m.Sum(nil))
}

// follow has a message sent and delivered by itself.
func (t *Twilio) follow(s Sent) {
	if t.is() == Silent {
		return
	}
	t.courier.after(t.Pace/8, func(ctx context.Context) { t.act(ctx, s, "sent") })
	t.courier.after(t.Pace, func(ctx context.Context) { t.act(ctx, s, "delivered") })
}

// act lets something happen to a message, and tells the address that was asked to be told.
func (t *Twilio) act(ctx context.Context, s Sent, act string) {
	status, code := act, 0
	switch act {
	case "unreachable":
		status, code = "undelivered", 30003
	case "unknown_handset":
		status, code = "undelivered", 30005
	case "filtered":
		status, code = "undelivered", 30007
	case "failed":
		status, code = "failed", 30004
	}
	t.outbox.becomes(s.ID, func(s *Sent) {
		if status != "sent" || s.Status == "queued" { // the courier may overtake himself
			s.Status, s.Code = status, code
		}
	})
	if s.Callback == "" {
		return
	}
	id := smsID(s.ID)
	form := url.Values{"AccountSid": {t.SID}, "ApiVersion": {"2010-04-01"}, "From": {s.From}, "To": {s.To[0]},
		"MessageSid": {id}, "MessageStatus": {status}, "SmsSid": {id}, "SmsStatus": {status}}
	if code != 0 {
		form.Set("ErrorCode", strconv.Itoa(code))
	}
	if status == "delivered" || status == "undelivered" {
		form.Set("RawDlrDoneDate", time.Now().UTC().Format("0601021504"))
	}
	t.tell(ctx, s.ID, status, s.Callback, form)
}

// reply is a message from the recipient. Twilio itself honours STOP and START, and passes them on.
func (t *Twilio) reply(ctx context.Context, s Sent, text string) {
	word := strings.ToUpper(strings.TrimSpace(text))
	t.mu.Lock()
	switch {
	case slices.Contains([]string{"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"}, word):
		t.stopped[s.To[0]] = true
	case slices.Contains([]string{"START", "YES", "UNSTOP"}, word):
		delete(t.stopped, s.To[0])
	}
	t.mu.Unlock()
	if t.Base == nil {
		return
	}
	id := smsID(uuid.New())
	form := url.Values{"AccountSid": {t.SID}, "ApiVersion": {"2010-04-01"}, "From": {s.To[0]}, "To": {s.From}, "Body": {text},
		"MessageSid": {id}, "SmsMessageSid": {id}, "SmsSid": {id}, "SmsStatus": {"received"}, "NumMedia": {"0"}, "NumSegments": {strconv.Itoa(segments(text))}}
	t.tell(ctx, s.ID, "reply “"+text+"”", t.Base.JoinPath("/webhooks/twilio/sms").String(), form)
}

func (t *Twilio) tell(ctx context.Context, message uuid.UUID, what, address string, form url.Values) {
	now := time.Now()
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded; charset=UTF-8"}, "User-Agent": {"TwilioProxy/1.1"},
		"X-Twilio-Signature": {TwilioSignature(t.Token, address, form)}}
	answer, taken := t.courier.post(ctx, address, header, []byte(form.Encode()))
	t.outbox.becomes(message, func(s *Sent) { s.Told = append(s.Told, Told{At: now, What: what, Answer: answer, Taken: taken}) })
}

func (t *Twilio) hasStopped(number string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.stopped[number]
}

// Stopped is how many numbers have said STOP.
func (t *Twilio) Stopped() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.stopped)
}

// Forget lifts every STOP.
func (t *Twilio) Forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	clear(t.stopped)
}
