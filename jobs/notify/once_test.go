package notify_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/wedsync/wedsync/jobs/notify"
	"github.com/wedsync/wedsync/jobs/notify/carrier"
	"github.com/wedsync/wedsync/jobs/sandbox"
	"github.com/wedsync/wedsync/queries"
)

const (
	accepted = queries.NotificationStatusAccepted
	unknown  = queries.NotificationStatusUnknown
	queued   = queries.NotificationStatusQueued
	failed   = queries.NotificationStatusFailed
	skipped  = queries.NotificationStatusSkipped
	email    = queries.ChannelEmail
	sms      = queries.ChannelSms
	push     = queries.ChannelPush
	inApp    = queries.ChannelInApp
)

func withoutResend(s *notify.Settings) { s.ResendKey = "" }
func withoutSMTP(s *notify.Settings)   { s.SMTPURL = "" }

// A process that dies between its note and the carrier's answer leaves a message that is out, or is not. Nobody gets two.
func TestACrashBetweenTheNoteAndTheAnswerNeverMakesTwo(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		channel queries.Channel
		taken   bool
		change  func(*notify.Settings)
		end     queries.NotificationStatus
		sent    int
		words   string
	}{
		{"Resend had taken it", email, true, withoutSMTP, accepted, 1, ""},
		{"Resend had not taken it", email, false, withoutSMTP, accepted, 1, ""},
		{"SMTP had taken it", email, true, withoutResend, unknown, 1, "not sent twice"},
		{"SMTP had not taken it", email, false, withoutResend, unknown, 0, "not sent twice"},
		{"Twilio had taken it", sms, true, withoutSMTP, accepted, 1, ""},
		{"Twilio had not taken it", sms, false, withoutSMTP, unknown, 0, "does not show"},
		{"push had taken it", push, true, withoutSMTP, unknown, 1, "not sent twice"},
		{"push had not taken it", push, false, withoutSMTP, unknown, 0, "not sent twice"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, queries.TierProfessional, tt.change)
			w.only(t, "bookings", tt.channel)
			n := w.booking()
			w.announce(t, n)
			id := w.mine(t, n, tt.channel).ID
			w.cutOff(t, id, tt.taken)
			if wait := w.work(t, id); wait <= 0 {
				t.Error("a run came in between, while the first may still be talking")
			}
			for range 12 { // until nobody wants to look any more
				if w.again(t, id); w.mine(t, n, tt.channel).Due == nil {
					break
				}
				w.sql(t, "UPDATE notification_logs SET handed_at = handed_at - interval '50 seconds' WHERE id = $1", id)
			}
			r := w.mine(t, n, tt.channel).is(t, tt.name, tt.end)
			if r.Due != nil || !strings.Contains(r.Reason, tt.words) {
				t.Errorf("it ends with %+v", r)
			}
			w.again(t, id)
			w.sent(t, string(tt.channel), tt.sent)
			if !r.Counted || w.used(t, tt.channel) != 1 {
				t.Errorf("%d are counted", w.used(t, tt.channel))
			}
		})
	}
}

// The same letter goes under the same key: the second request is the first one's, byte for byte.
func TestALetterInDoubtIsAskedForWithTheSameBytes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, queries.TierProfessional)
	n := w.booking()
	w.announce(t, n)
	id := w.mine(t, n, email).ID
	w.trouble(t, "resend", sandbox.HangsUp)
	if w.work(t, id) == 0 {
		t.Fatal("nothing is left in doubt")
	}
	w.mine(t, n, email).is(t, "hung up", unknown)
	w.trouble(t, "resend", sandbox.Fine)
	w.again(t, id)
	r := w.mine(t, n, email).is(t, "asked again", accepted)
	w.sent(t, "email", 1)
	if sent := w.out.Outbox.Newest("email", ""); sent[0].Carrier != "resend" || r.Ref != sent[0].ID.String() || r.Attempts != 2 {
		t.Errorf("%+v: %s", r, sent[0].ID)
	}
}

// A look-up that cannot be made says nothing of the text: it is not sent again, and asked after later.
func TestATextInDoubtStaysSoWhileTwilioCannotBeAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, queries.TierProfessional)
	w.only(t, "bookings", sms)
	n := w.booking()
	w.announce(t, n)
	id := w.mine(t, n, sms).ID
	w.cutOff(t, id, true)
	w.shut(t, "twilio")
	for range 3 {
		if wait := w.again(t, id); wait.Minutes() < 4 {
			t.Errorf("it asks again in %v", wait)
		}
		w.mine(t, n, sms).is(t, "nobody to ask", unknown)
	}
	w.sql(t, "DELETE FROM breakers")
	w.trouble(t, "twilio", sandbox.KeyRefused)
	w.again(t, id)
	w.mine(t, n, sms).is(t, "not let in", unknown)
	w.trouble(t, "twilio", sandbox.Fine)
	w.again(t, id)
	w.mine(t, n, sms).is(t, "asked", accepted)
	w.sent(t, "sms", 1)
}

// Five lost answers open Resend's breaker. What is in doubt by then waits for it, and does not go by another carrier.
func TestALetterInDoubtDoesNotGoBySMTPWhenTheBreakerOpens(t *testing.T) {
	t.Parallel()
	for _, stop := range []func(*testing.T, *world){
		func(t *testing.T, w *world) { w.shut(t, "resend") },
		func(t *testing.T, w *world) { w.trouble(t, "resend", sandbox.KeyRefused) },
		func(t *testing.T, w *world) { w.trouble(t, "resend", sandbox.Busy) },
		func(t *testing.T, w *world) { w.trouble(t, "resend", sandbox.Down) },
	} {
		w := newWorld(t, queries.TierProfessional)
		n := w.booking()
		w.announce(t, n)
		id := w.mine(t, n, email).ID
		w.trouble(t, "resend", sandbox.HangsUp)
		w.work(t, id)
		w.trouble(t, "resend", sandbox.Fine)
		stop(t, w)
		for range 2 {
			w.again(t, id)
			if r := w.mine(t, n, email).is(t, "not to be asked", unknown); r.Due == nil || r.Provider != "resend" {
				t.Errorf("%+v", r)
			}
		}
		w.trouble(t, "resend", sandbox.Fine)
		w.sql(t, "DELETE FROM breakers")
		w.again(t, id)
		w.mine(t, n, email).is(t, "asked", accepted)
		w.sent(t, "email", 1)
	}
}

// A process that goes down cuts its calls short. What had not left by then goes when the next one runs.
func TestGoingDownBeforeAnythingLeftLosesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, queries.TierProfessional, withoutResend)
	n := w.booking()
	w.announce(t, n)
	for _, ch := range []queries.Channel{email, push} {
		id := w.mine(t, n, ch).ID
		a, err := w.send.Begin(w.job, w.args(id))
		if err != nil {
			t.Fatal(err)
		}
		gone, cancel := context.WithCancel(w.job)
		cancel()
		out := w.send.Carry(gone, a)
		if again, err := w.send.Settle(gone, a, out); again || !isSnooze(err) {
			t.Errorf("%s: %v, %v after %+v", ch, again, err, out)
		}
		w.mine(t, n, ch).is(t, string(ch)+" cut short", queued)
		w.again(t, id)
		w.mine(t, n, ch).is(t, string(ch)+" again", accepted)
		w.sent(t, string(ch), 1)
	}
}

func isSnooze(err error) bool {
	var snooze *river.JobSnoozeError
	return errors.As(err, &snooze)
}

// Work itself settles what its own end cuts short: the doubt would otherwise outlive a call that was never made.
func TestAJobWhoseContextEndsSettles(t *testing.T) {
	t.Parallel()
	w := newWorld(t, queries.TierProfessional)
	w.only(t, "bookings", sms)
	n := w.booking()
	w.announce(t, n)
	id := w.mine(t, n, sms).ID
	w.trouble(t, "twilio", sandbox.Slow)
	ctx, cancel := context.WithCancel(w.job)
	done := make(chan error, 1)
	go func() { done <- w.send.Work(ctx, &river.Job[notify.SendArgs]{Args: w.args(id)}) }()
	eventually(t, "the call is under way", func() bool { return w.mine(t, n, sms).Status == queries.NotificationStatusSending })
	cancel()
	<-done
	if r := w.mine(t, n, sms); r.Status == queries.NotificationStatusSending || r.Due == nil {
		t.Errorf("nobody wrote how it ended: %+v", r)
	}
}

// After a restart without the carrier that may have it, it ends; it does not crash.
func TestWhatIsInDoubtAtACarrierThatIsNoLongerConfigured(t *testing.T) {
	t.Parallel()
	w := newWorld(t, queries.TierProfessional)
	w.prefer(t, "bookings", map[queries.Channel]queries.Pace{sms: queries.PaceAtOnce})
	n := w.booking()
	w.announce(t, n)
	for _, ch := range []queries.Channel{email, sms} {
		w.cutOff(t, w.mine(t, n, ch).ID, false)
	}
	w.send.Carriers.Resend, w.send.Carriers.Twilio = nil, nil
	for _, ch := range []queries.Channel{email, sms} {
		w.again(t, w.mine(t, n, ch).ID)
		if r := w.mine(t, n, ch).is(t, "not configured", unknown); r.Due != nil || !strings.Contains(r.Reason, "not configured") {
			t.Errorf("%+v", r)
		}
	}
}

// Whatever runs twice, there is one row for each notice, recipient and channel, and one message.
func TestAnnouncedTwiceFannedOutTwiceWorkedTwiceIsOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t, queries.TierProfessional)
	w.prefer(t, "bookings", map[queries.Channel]queries.Pace{sms: queries.PaceAtOnce})
	n := w.booking()
	w.announce(t, n, n)
	w.announce(t, n)
	var both sync.WaitGroup
	for range 2 { // two fan-outs of the same at once, as after a crash of the database
		both.Go(func() {
			if _, err := w.river.Insert(t.Context(), notify.FanOutArgs{OrgID: n.OrgID, NoticeIDs: []uuid.UUID{n.ID}}, nil); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	w.fannedOut(t)
	rows := w.rows(t, n.ID, w.org.Owner.ID)
	if len(rows) != 4 || ask[int](t, w, "SELECT count(*) FROM notification_logs WHERE notice_id = $1", n.ID) != 4 {
		t.Fatalf("%v", rows)
	}
	for ch, r := range rows {
		if r.ID != notify.NotificationID(n.ID, w.org.Owner.ID, ch) {
			t.Errorf("%s: its id does not follow from what it is of", ch)
		}
		if ch == inApp {
			continue
		}
		var at sync.WaitGroup
		for range 3 {
			at.Go(func() { w.work(t, r.ID) })
		}
		at.Wait()
		w.mine(t, n, ch).is(t, string(ch), accepted)
		w.sent(t, string(ch), 1)
		if w.used(t, ch) != 1 {
			t.Errorf("%s: %d are counted", ch, w.used(t, ch))
		}
	}
}

// A transaction that is rolled back tells nothing.
func TestWhatDidNotHappenIsNotAnnounced(t *testing.T) {
	t.Parallel()
	w := newWorld(t, queries.TierProfessional)
	undone := errors.New("undone")
	err := pgx.BeginFunc(t.Context(), w.pool, func(tx pgx.Tx) error {
		return errors.Join(notify.Announce(t.Context(), tx, w.river, w.booking()), undone)
	})
	if !errors.Is(err, undone) || ask[int](t, w, "SELECT (SELECT count(*) FROM notices) + (SELECT count(*) FROM river_job WHERE kind = 'fan_out')") != 0 {
		t.Errorf("it was announced: %v", err)
	}
}

// Words of other systems may hold anything; none keeps the transaction from committing.
func TestHostileWordsAreAnnounced(t *testing.T) {
	t.Parallel()
	w := newWorld(t, queries.TierProfessional)
	for _, words := range []string{"a\x00b", `a\u0000b`, `\\u0000`, `\`, "\\\x00", "\xff\xfe", `"\u0000"`} {
		n := w.booking()
		n.News.Title = words
		w.announce(t, n)
		kept := ask[string](t, w, "SELECT facts->>'title' FROM notices WHERE id = $1", n.ID)
		if want := strings.ToValidUTF8(strings.ReplaceAll(words, "\x00", ""), "\uFFFD"); kept != want && words != "\xff\xfe" {
			t.Errorf("%q is kept as %q", words, kept)
		}
		r := w.mine(t, n, email)
		if w.work(t, r.ID); w.mine(t, n, email).Status != accepted {
			t.Errorf("%q did not go out", words)
		}
	}
}

// A row whose job was lost gets another one from the clock, and one only.
func TestALostJobIsReplaced(t *testing.T) {
	t.Parallel()
	w := newWorld(t, queries.TierProfessional)
	n := w.booking()
	w.announce(t, n)
	r := w.mine(t, n, email)
	w.sql(t, "UPDATE notification_logs SET next_try_at = now() - interval '2 minutes' WHERE id = $1", r.ID)
	stranded := func() int {
		found, err := notify.Stranded(t.Context(), w.pool, w.river, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	if stranded() != 0 {
		t.Error("one that has its job got another")
	}
	w.sql(t, "DELETE FROM river_job WHERE kind = 'send_notification'")
	if stranded() != 1 || stranded() != 0 {
		t.Error("a lost job is replaced once")
	}
	w.work(t, r.ID)
	w.sql(t, "DELETE FROM river_job WHERE kind = 'send_notification'")
	if stranded() != 0 {
		t.Error("what is out got a job")
	}
	w.sent(t, "email", 1)
}

// Two runs at once happen when one hangs longer than its lease. What either knows is kept.
func TestARunThatOutlivedItsLease(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		second carrier.Outcome
		then   queries.NotificationStatus
	}{
		{carrier.Outcome{Fate: carrier.Later, Words: "later"}, queued},
		{carrier.Outcome{Fate: carrier.Ambiguous, Words: "no answer"}, unknown},
	} {
		w := newWorld(t, queries.TierProfessional, withoutResend)
		n := w.booking()
		w.announce(t, n)
		id := w.mine(t, n, email).ID
		first, err := w.send.Begin(w.job, w.args(id))
		if err != nil {
			t.Fatal(err)
		}
		second := *first
		if _, err := w.send.Settle(w.job, &second, tt.second); err != nil && !isSnooze(err) {
			t.Fatal(err)
		}
		before := w.mine(t, n, email).is(t, "the second run", tt.then)
		if _, err := w.send.Settle(w.job, first, carrier.Outcome{Fate: carrier.Later, Words: "something else"}); err != nil && !isSnooze(err) {
			t.Fatal(err)
		}
		if after := w.mine(t, n, email); fmt.Sprint(after.Status, after.Reason, after.Counted, after.Due != nil) != fmt.Sprint(before.Status, before.Reason, before.Counted, before.Due != nil) {
			t.Errorf("%+v became %+v", before, after)
		}
		if _, err := w.send.Settle(w.job, first, carrier.Outcome{Fate: carrier.Accepted}); err != nil && !isSnooze(err) {
			t.Fatal(err)
		}
		if r := w.mine(t, n, email).is(t, "it was taken after all", accepted); r.Due != nil || !r.Handed {
			t.Errorf("%+v", r)
		}
	}
}
