package sandbox

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/jobs/inbound"
)

// accept keeps a mail and has its fate told, as far as the address says what that is: whoever is at bounce.example bounces,
// and nobody ever hears what becomes of mail to slow.example.
func (r *Resend) accept(m resendMail) uuid.UUID {
	s := Sent{ID: uuid.New(), Channel: Email, Carrier: "resend", At: time.Now(), From: m.From, To: m.To, ReplyTo: m.ReplyTo, Subject: m.Subject,
		HTML: m.HTML, Text: m.Text, Headers: m.Headers, Tags: map[string]string{}, Status: "queued"}
	for _, tag := range m.Tags {
		s.Tags[tag.Name] = tag.Value
	}
	r.outbox.take(s)
	if r.is() == Silent || r.Base == nil {
		return s.ID
	}
	if r.leavesAlone(s) != "" {
		r.later(s, r.Pace, "suppressed")
		return s.ID
	}
	r.later(s, r.Pace/8, "sent")
	switch domainOf(s.To[0]) {
	case "slow.example":
	case "bounce.example":
		r.later(s, r.Pace, "bounced")
	default:
		r.later(s, r.Pace, "delivered")
	}
	return s.ID
}

func (r *Resend) later(s Sent, after time.Duration, act string) {
	r.courier.after(after, func(ctx context.Context) { r.act(ctx, s, act) })
}

func (r *Resend) leavesAlone(s Sent) (reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.suppressed[bare(s.To[0])]
}

// LeavesAlone is how many addresses Resend takes mail for without sending it, since they bounced or complained.
func (r *Resend) LeavesAlone() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.suppressed)
}

// Forget empties Resend's own list of such addresses.
func (r *Resend) Forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.suppressed)
}

// act lets something happen to a mail, and tells WedSync of it.
func (r *Resend) act(ctx context.Context, s Sent, act string) {
	event, more, status := resendEvent(s, act, r.leavesAlone(s))
	r.mu.Lock()
	switch act {
	case "bounced":
		r.suppressed[bare(s.To[0])] = "previous_bounce"
	case "complained":
		r.suppressed[bare(s.To[0])] = "previous_complaint"
	}
	r.mu.Unlock()
	r.outbox.becomes(s.ID, func(s *Sent) {
		if act != "sent" || s.Status == "queued" { // the courier may overtake himself
			s.Status = status
		}
	})
	now := time.Now()
	body := encodeLine(object{"type": event, "created_at": javascript(now), "data": resendData(s, more)})
	r.tell(ctx, s.ID, event, "msg_"+uuid.NewString(), body, r.Retries)
}

// tell posts one webhook; its id is the same each time it is tried.
func (r *Resend) tell(ctx context.Context, mail uuid.UUID, event, id string, body []byte, pauses []time.Duration) {
	if r.Base == nil {
		return
	}
	now := time.Now()
	answer, taken := r.courier.post(ctx, r.Base.JoinPath("/webhooks/resend").String(), SvixHeaders(r.Secret, id, body, now), body)
	r.outbox.becomes(mail, func(s *Sent) { s.Told = append(s.Told, Told{At: now, What: event, Answer: answer, Taken: taken}) })
	if !taken && len(pauses) > 0 {
		r.courier.after(pauses[0], func(ctx context.Context) { r.tell(ctx, mail, event, id, body, pauses[1:]) })
	}
}

// SvixHeaders are what a webhook of Resend's carries: Standard Webhooks under Svix's names.
func SvixHeaders(secret, id string, body []byte, now time.Time) http.Header {
	h := http.Header{"Content-Type": {"application/json"}, "User-Agent": {"Svix-Webhooks/1.75.0"}}
	for name, values := range inbound.SignStandard(secret, id, body, now) {
		h["Svix"+name[len("Webhook"):]] = values
	}
	return h
}

// resendEvent is what the webhook says beside the mail itself, and the mail's status after it.
func resendEvent(s Sent, act, alone string) (event string, more object, status string) {
	switch act {
	case "bounced":
		return "email.bounced", object{"bounce": object{"type": "Permanent", "subType": "NoEmail", "message": "The recipient's email address does not exist.",
			"diagnosticCode": []string{"smtp; 550 5.1.1 <" + bare(s.To[0]) + ">: user unknown"}}}, "bounced"
	case "mailbox_full":
		return "email.bounced", object{"bounce": object{"type": "Transient", "subType": "MailboxFull", "message": "The recipient's mailbox is full.",
			"diagnosticCode": []string{"smtp; 452 4.2.2 <" + bare(s.To[0]) + ">: over quota"}}}, "bounced"
	case "failed":
		return "email.failed", object{"failed": object{"reason": "reached_daily_quota"}}, "failed"
	case "suppressed":
		if alone == "" {
			alone = "previous_bounce"
		}
		return "email.suppressed", object{"suppressed": object{"reason": alone, "type": "OnAccountSuppressionList", "message": "The address is on the account's suppression list.",
			"diagnosticCode": []string{}}}, "suppressed"
	default: // sent, delivered, delivery_delayed, complained, opened
		return "email." + act, nil, act
	}
}

// resendData is what all of Resend's events say about a mail; its tags come back as an object.
func resendData(s Sent, more object) object {
	data := object{"email_id": s.ID, "created_at": javascript(s.At), "from": s.From, "to": s.To, "subject": s.Subject}
	if len(s.Tags) > 0 {
		data["tags"] = s.Tags
	}
	var headers []object
	for _, name := range slices.Sorted(maps.Keys(s.Headers)) {
		headers = append(headers, object{"name": name, "value": s.Headers[name]})
	}
	if len(headers) > 0 {
		data["headers"] = headers
	}
	maps.Copy(data, more)
	return data
}

// javascript is an instant as JavaScript writes it.
func javascript(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
