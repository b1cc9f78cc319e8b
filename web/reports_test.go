package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/testdb"
)

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
