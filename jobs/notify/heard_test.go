package notify_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/jobs/notify"
	"github.com/wedsync/wedsync/jobs/notify/carrier"
	"github.com/wedsync/wedsync/queries"
)

// resendSays is a callback as Resend writes it.
func (w *world) resendSays(t *testing.T, id, event string, org, notification uuid.UUID) carrier.Report {
	t.Helper()
	data := map[string]any{"email_id": "4ef9a417", "to": []string{"owner@example.com"}, "tags": map[string]string{"notification_id": notification.String(), "org_id": org.String()}}
	switch event {
	case "email.bounced":
		data["bounce"] = map[string]string{"type": "Permanent", "subType": "NoEmail", "message": "no such user"}
	case "email.bounced.transient":
		event, data["bounce"] = "email.bounced", map[string]string{"type": "Transient", "subType": "MailboxFull"}
	case "email.suppressed":
		data["suppressed"] = map[string]string{"reason": "previous_bounce"}
	}
	body, err := json.Marshal(map[string]any{"type": event, "created_at": time.Now().Format(time.RFC3339), "data": data})
	if err != nil {
		t.Fatal(err)
	}
	r, err := carrier.ReadResendReport(id, body)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (w *world) twilioSays(t *testing.T, status, code string, org, notification uuid.UUID) carrier.Report {
	t.Helper()
	query, err := url.ParseQuery(carrier.CallbackQuery(org, notification))
	if err != nil {
		t.Fatal(err)
	}
	r, err := carrier.ReadTwilioReport(url.Values{"MessageSid": {"SM" + strings.Repeat("a", 32)}, "MessageStatus": {status}, "To": {w.phone}, "ErrorCode": {code}}, query)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (w *world) hear(t *testing.T, provider string, r carrier.Report) {
	t.Helper()
	if err := w.ear.Heard(t.Context(), provider, r, time.Now()); err != nil {
		t.Fatal(err)
	}
}

// orders are each report alone, and all orders of three that mean different things.
func orders(says map[string]queries.NotificationStatus) (all [][]string) {
	meaning := map[queries.NotificationStatus]string{}
	for _, event := range slices.Sorted(maps.Keys(says)) {
		all = append(all, []string{event})
		meaning[says[event]] = event
	}
	three := slices.Sorted(maps.Values(meaning))
	for _, a := range three {
		for _, b := range three {
			for _, c := range three {
				if a != b && b != c && a != c {
					all = append(all, []string{a, b, c})
				}
			}
		}
	}
	return all
}

// Every report of both carriers in every order of three, each twice: it ends where the furthest of them is.
func TestReportsInEveryOrder(t *testing.T) {
	t.Parallel()
	resend := map[string]queries.NotificationStatus{"email.scheduled": accepted, "email.sent": accepted, "email.delivery_delayed": accepted, "email.delivered": "delivered", "email.opened": "seen",
		"email.clicked": "seen", "email.bounced": "bounced", "email.bounced.transient": "failed", "email.suppressed": "bounced", "email.failed": "failed", "email.complained": "complained", "email.unheard_of": accepted}
	twilio := map[string]queries.NotificationStatus{"queued": accepted, "sending": accepted, "sent": accepted, "delivered": "delivered", "read": "seen", "undelivered": "failed", "failed": "failed", "canceled": "failed", "unheard_of": accepted}
	for provider, says := range map[string]map[string]queries.NotificationStatus{"resend": resend, "twilio": twilio} {
		t.Run(provider, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, queries.TierProfessional)
			ch := map[string]queries.Channel{"resend": email, "twilio": sms}[provider]
			w.only(t, "bookings", ch)
			n := w.booking()
			w.announce(t, n)
			id := w.mine(t, n, ch).ID
			for _, order := range orders(says) {
				w.sql(t, "UPDATE notification_logs SET status = 'accepted', reason = '', next_try_at = NULL WHERE id = $1", id)
				w.sql(t, "DELETE FROM notification_steps")
				want := accepted
				for _, event := range order {
					report := w.twilioOrResend(t, provider, event, event, w.org.ID, id)
					w.hear(t, provider, report)
					w.hear(t, provider, report)
					want = notify.Fold(want, says[event])
				}
				r := w.mine(t, n, ch)
				if r.Status != want || (r.Reason != "") != (want == failed || want == "bounced" || want == "complained") {
					t.Fatalf("%v: %s (%q), want %s", order, r.Status, r.Reason, want)
				}
				if steps := ask[int](t, w, "SELECT count(*) FROM notification_steps WHERE report <> ''"); steps != len(order) {
					t.Fatalf("%v: %d steps", order, steps)
				}
			}
			w.sent(t, string(ch), 0)
		})
	}
}

func (w *world) twilioOrResend(t *testing.T, provider, id, event string, org, notification uuid.UUID) carrier.Report {
	t.Helper()
	if provider == "resend" {
		return w.resendSays(t, id, event, org, notification)
	}
	code := ""
	if event == "undelivered" || event == "failed" {
		code = "30007"
	}
	return w.twilioSays(t, event, code, org, notification)
}

// A report of something that we do not know is kept, once, under the house. It touches nobody.
func TestAReportOfNobodysNotification(t *testing.T) {
	t.Parallel()
	w := newWorld(t, queries.TierProfessional)
	n := w.booking()
	w.announce(t, n)
	mine := w.mine(t, n, email).ID
	for i, ids := range [][2]uuid.UUID{{w.org.ID, uuid.New()}, {uuid.New(), mine}, {uuid.Nil, uuid.Nil}, {queries.House, mine}} {
		r := w.resendSays(t, fmt.Sprint("msg_", i), "email.delivered", ids[0], ids[1])
		w.hear(t, "resend", r)
		w.hear(t, "resend", r)
	}
	if kept := ask[int](t, w, "SELECT count(*) FROM notification_steps WHERE org_id = $1 AND notification_id IS NULL", queries.House); kept != 4 {
		t.Errorf("%d are kept", kept)
	}
	w.mine(t, n, email).is(t, "somebody else's report", queued)
	bounce := w.resendSays(t, "msg_b", "email.bounced", uuid.Nil, uuid.Nil)
	w.hear(t, "resend", bounce)
	if ask[int](t, w, "SELECT count(*) FROM suppressions WHERE org_id = $1 AND address = 'owner@example.com' AND why = 'bounced'", queries.House) != 1 {
		t.Error("a bounce of what we do not know is one all the same")
	}
}

// A report may be there before the call that it is about has returned. It knows better, whatever the answer is.
func TestAReportThatIsFasterThanTheAnswer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		event  string
		out    carrier.Outcome
		end    queries.NotificationStatus
		reason bool
	}{
		{"email.delivered", carrier.Outcome{Fate: carrier.Accepted, Ref: "x"}, "delivered", false},
		{"email.bounced", carrier.Outcome{Fate: carrier.Accepted, Ref: "x"}, "bounced", true},
		{"email.sent", carrier.Outcome{Fate: carrier.Ambiguous, Words: "no answer"}, accepted, false},
		{"email.bounced", carrier.Outcome{Fate: carrier.Ambiguous, Words: "no answer"}, "bounced", true},
		{"email.opened", carrier.Outcome{Fate: carrier.Later, Words: "busy"}, "seen", false},
	} {
		w := newWorld(t, queries.TierProfessional)
		n := w.booking()
		w.announce(t, n)
		id := w.mine(t, n, email).ID
		a, err := w.send.Begin(w.job, w.args(id))
		if err != nil {
			t.Fatal(err)
		}
		w.hear(t, "resend", w.resendSays(t, "msg_1", tt.event, w.org.ID, id))
		if again, err := w.send.Settle(w.job, a, tt.out); again || err != nil {
			t.Errorf("%v, %v", again, err)
		}
		r := w.mine(t, n, email).is(t, tt.event, tt.end)
		if (r.Reason != "") != tt.reason || r.Due != nil || !r.Handed || !r.Counted || w.used(t, email) != 1 {
			t.Errorf("%s: %+v, %d counted", tt.event, r, w.used(t, email))
		}
		w.again(t, id)
		w.sent(t, "email", 0)
	}
}

// A callback settles what nobody knew, and then nobody asks any more.
func TestAReportSettlesADoubt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, queries.TierProfessional, withoutSMTP)
	n := w.booking()
	w.announce(t, n)
	id := w.mine(t, n, email).ID
	w.cutOff(t, id, true)
	w.hear(t, "resend", w.resendSays(t, "msg_1", "email.delivered", w.org.ID, id))
	calls := ask[int](t, w, "SELECT count(*) FROM outside_calls")
	w.again(t, id)
	if r := w.mine(t, n, email).is(t, "told", "delivered"); r.Due != nil || ask[int](t, w, "SELECT count(*) FROM outside_calls") != calls {
		t.Errorf("it is asked after: %+v", r)
	}
}

// Whose clock runs ahead does not write into our future.
func TestAReportFromTheFuture(t *testing.T) {
	t.Parallel()
	w := newWorld(t, queries.TierProfessional)
	n := w.booking()
	w.announce(t, n)
	id := w.mine(t, n, email).ID
	now := time.Now()
	for i, at := range []time.Time{now.Add(time.Hour), {}, now.Add(-time.Minute)} {
		r := w.resendSays(t, fmt.Sprint("msg_", i), "email.delivered", w.org.ID, id)
		r.At = at
		w.hear(t, "resend", r)
	}
	if late := ask[int](t, w, "SELECT count(*) FROM notification_steps WHERE at > now() + interval '1 second'"); late != 0 {
		t.Errorf("%d steps lie in the future", late)
	}
	if before := ask[int](t, w, "SELECT count(*) FROM notification_steps WHERE at < now() - interval '50 seconds'"); before != 1 {
		t.Error("a moment in the past is not kept")
	}
}

// A text that does not arrive goes on by the next channel, once, however often that is said.
func TestAnUndeliveredTextGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, queries.TierProfessional)
	w.only(t, "bookings", sms)
	n := w.booking()
	w.announce(t, n)
	id := w.mine(t, n, sms).ID
	w.work(t, id)
	w.prefer(t, "bookings", map[queries.Channel]queries.Pace{email: queries.PaceAtOnce})
	for range 2 {
		w.hear(t, "twilio", w.twilioSays(t, "undelivered", "30005", w.org.ID, id))
		w.hear(t, "twilio", w.twilioSays(t, "failed", "30005", w.org.ID, id))
	}
	if r := w.mine(t, n, sms).is(t, "undelivered", failed); !strings.Contains(r.Reason, "No phone has this number") || !r.Counted {
		t.Errorf("%+v", r)
	}
	fell := w.mine(t, n, email).is(t, "the next channel", queued)
	if jobs := ask[int](t, w, "SELECT count(*) FROM river_job WHERE kind = 'send_notification' AND args->>'notification_id' = $1", fell.ID.String()); fell.FellFrom != "sms" || jobs != 1 {
		t.Errorf("%+v, %d jobs", fell, jobs)
	}
	if why := ask[string](t, w, "SELECT why FROM suppressions WHERE org_id = $1 AND channel = 'sms' AND address = $2", queries.House, w.phone); why != "invalid" {
		t.Error(why)
	}
	w.work(t, fell.ID)
	w.mine(t, n, email).is(t, "it arrives", accepted)
}

// STOP holds for the number, for everybody; START takes it back, and nothing else does.
func TestStopThenStart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, queries.TierProfessional)
	w.only(t, "bookings", sms)
	say := func(word string) {
		t.Helper()
		reply := carrier.ReadReply(url.Values{"From": {w.phone}, "Body": {word}, "MessageSid": {"SM" + strings.Repeat("b", 32)}})
		for range 2 {
			if err := w.ear.Replied(t.Context(), reply, time.Now()); err != nil {
				t.Fatal(err)
			}
		}
	}
	planned := func() bool {
		n := w.booking()
		w.announce(t, n)
		r, there := w.rows(t, n.ID, w.org.Owner.ID)[sms]
		if there {
			w.work(t, r.ID)
			w.mine(t, n, sms).is(t, "it goes", accepted)
		}
		return there
	}
	waiting := w.booking()
	w.announce(t, waiting)
	say(" stop. ")
	w.work(t, w.mine(t, waiting, sms).ID)
	if r := w.mine(t, waiting, sms).is(t, "STOP", skipped); !strings.Contains(r.Reason, "STOP") {
		t.Error(r.Reason)
	}
	for _, word := range []string{"", "hello", "HELP"} {
		if say(word); planned() {
			t.Errorf("%q took a STOP back", word)
		}
	}
	if say("Start"); !planned() {
		t.Error("START does not take it back")
	}
	w.sent(t, "sms", 1)
}
