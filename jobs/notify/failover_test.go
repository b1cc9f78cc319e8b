package notify_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/jobs/notify"
	"github.com/wedsync/wedsync/jobs/sandbox"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/testdb"
)

// Where Resend certainly did not take a letter, the mail server has it in the same moment; where it may have, never.
func TestALetterGoesToTheNextCarrierAtOnce(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		stop     func(*testing.T, *world)
		end      queries.NotificationStatus
		provider string
		sent     int
	}{
		{"our key is refused", func(t *testing.T, w *world) { w.trouble(t, "resend", sandbox.KeyRefused) }, accepted, "smtp", 1},
		{"the breaker is open", func(t *testing.T, w *world) { w.shut(t, "resend") }, accepted, "smtp", 1},
		{"no answer", func(t *testing.T, w *world) { w.trouble(t, "resend", sandbox.HangsUp) }, unknown, "resend", 1},
		{"a fault of its own", func(t *testing.T, w *world) { w.trouble(t, "resend", sandbox.Down) }, unknown, "resend", 0},
		{"too busy", func(t *testing.T, w *world) { w.trouble(t, "resend", sandbox.Busy) }, queued, "resend", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, queries.TierProfessional)
			n := w.booking()
			w.announce(t, n)
			tt.stop(t, w)
			wait := w.work(t, w.mine(t, n, email).ID)
			r := w.mine(t, n, email).is(t, tt.name, tt.end)
			if r.Provider != tt.provider || (wait == 0) != (tt.end == accepted) || !r.Counted && tt.end != queued {
				t.Errorf("%+v, and it waits %v", r, wait)
			}
			w.sent(t, "email", tt.sent)
			if carriers := ask[int](t, w, "SELECT count(DISTINCT provider) FROM notification_steps WHERE notification_id = $1 AND provider <> ''", r.ID); tt.provider == "smtp" && carriers != 2 {
				t.Errorf("the timeline tells of %d carriers", carriers)
			}
		})
	}
}

// Nobody takes mail: it waits for the first breaker that may open, and says until when.
func TestBothMailCarriersAreShut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, queries.TierProfessional)
	n := w.booking()
	w.announce(t, n)
	w.shut(t, "resend")
	w.shut(t, "smtp")
	if wait := w.work(t, w.mine(t, n, email).ID); wait < 4*time.Minute || wait > 5*time.Minute+3*time.Second {
		t.Errorf("it waits %v", wait)
	}
	r := w.mine(t, n, email).is(t, "both are shut", queued)
	if !strings.Contains(r.Reason, "leaves it alone until") || r.Counted || w.used(t, email) != 0 {
		t.Errorf("%+v", r)
	}
	w.sql(t, "DELETE FROM breakers")
	w.again(t, r.ID)
	if r := w.mine(t, n, email).is(t, "both are back", accepted); r.Provider != "resend" || r.Reason != "" || w.used(t, email) != 1 {
		t.Errorf("%+v", r)
	}
}

// Retry-After is kept to: two seconds from the stand-in, which is no less than our own pause, and an hour.
func TestTooBusyIsAskedAgainWhenItSays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, queries.TierProfessional)
	w.prefer(t, "bookings", map[queries.Channel]queries.Pace{sms: queries.PaceAtOnce})
	urgent := w.emergency()
	w.announce(t, urgent) // whose own first pause is one second
	for ch, carrier := range map[queries.Channel]string{email: "resend", sms: "twilio", push: "push"} {
		w.trouble(t, carrier, sandbox.Busy)
		if wait := w.work(t, w.mine(t, urgent, ch).ID); wait < 1900*time.Millisecond || wait > 4*time.Second {
			t.Errorf("%s waits %v", ch, wait)
		}
		w.mine(t, urgent, ch).is(t, "busy", queued)
	}
	for _, tt := range []struct {
		attempts int
		urgent   bool
		asked    time.Duration
		want     time.Duration
	}{{1, false, time.Hour, time.Hour}, {1, false, 0, 2 * time.Second}, {8, true, 0, 2 * time.Minute}, {200, true, 0, 2 * time.Minute}, {200, false, 0, 8 * time.Hour}, {0, false, 0, 2 * time.Second}, {3, true, time.Minute, time.Minute}} {
		if got := notify.AskAgain(tt.attempts, tt.urgent, tt.asked, 0); got != tt.want {
			t.Errorf("after %d, urgent %v, asked for %v: %v, want %v", tt.attempts, tt.urgent, tt.asked, got, tt.want)
		}
	}
}

// Tries end where nobody answers; who asks us to wait only finds us too many, and ends it when it is of no use any more.
func TestAttemptsEndAtLast(t *testing.T) {
	t.Parallel()
	for urgent, most := range map[bool]int{false: 8, true: 7} {
		for attempts := 1; attempts < 12; attempts++ {
			if wait, more := notify.Pause(attempts, urgent, 0, 0); more != (attempts <= most) || more && wait <= 0 {
				t.Errorf("urgent %v, after %d: %v, %v", urgent, attempts, wait, more)
			}
		}
	}
	for urgent, hours := range map[bool]int{false: 73, true: 3} {
		w := newWorld(t, queries.TierProfessional)
		n := w.booking()
		n.Urgent = urgent
		w.announce(t, n)
		w.trouble(t, "push", sandbox.Busy)
		id := w.mine(t, n, push).ID
		w.work(t, id)
		for range 12 {
			w.again(t, id)
		}
		if r := w.mine(t, n, push).is(t, "asked to wait a dozen times", queued); r.Due == nil {
			t.Errorf("%+v", r)
		}
		w.sql(t, "UPDATE notification_logs SET created_at = now() - make_interval(hours => $2) WHERE id = $1", id, hours)
		w.again(t, id)
		if r := w.mine(t, n, push).is(t, "in the end", skipped); !strings.Contains(r.Reason, "too long") || w.used(t, push) != 0 {
			t.Errorf("%q", r.Reason)
		}
	}
}

// One that stops being tried does not stay in the dark: Resend keeps a key for a day, and then nobody asks any more.
func TestADoubtEndsAfterADay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, queries.TierProfessional)
	n := w.booking()
	w.announce(t, n)
	id := w.mine(t, n, email).ID
	w.sql(t, "UPDATE notification_logs SET created_at = created_at - interval '30 hours' WHERE id = $1", id) // it waited long before it went
	w.trouble(t, "resend", sandbox.HangsUp)
	w.work(t, id)
	w.trouble(t, "resend", sandbox.Down)
	w.again(t, id)
	if w.mine(t, n, email).Due == nil {
		t.Error("the day is counted from when it was made")
	}
	w.sql(t, "UPDATE notification_logs SET handed_at = handed_at - interval '25 hours' WHERE id = $1", id)
	w.again(t, id)
	if r := w.mine(t, n, email).is(t, "a day later", unknown); r.Due != nil || !strings.Contains(r.Reason, "for a day") {
		t.Errorf("%+v", r)
	}
	w.sent(t, "email", 1)
}

// An address that does not exist is left alone by everybody.
func TestARefusedAddressIsLeftAloneByTheWholeHouse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, queries.TierProfessional, withoutResend)
	w.sql(t, "UPDATE users SET email = 'Nobody@example.com' WHERE id = $1", w.org.Owner.ID)
	n, waiting := w.booking(), w.booking()
	w.announce(t, n, waiting)
	other := testdb.Org(t, w.pool)
	w.sql(t, "INSERT INTO memberships (org_id, user_id, role) VALUES ($1, $2, 'staff')", other.ID, w.org.Owner.ID)
	theirs := w.booking()
	theirs.OrgID = other.ID
	w.announce(t, theirs)
	w.work(t, w.mine(t, n, email).ID)
	w.mine(t, n, email).is(t, "no such mailbox", queries.NotificationStatusBounced)
	if owner := ask[uuid.UUID](t, w, "SELECT org_id FROM suppressions WHERE channel = 'email' AND address = 'nobody@example.com' AND why = 'bounced'"); owner != queries.House {
		t.Errorf("it stands under %s", owner)
	}
	calls := ask[int](t, w, "SELECT count(*) FROM outside_calls")
	for _, one := range []notify.Notice{waiting, theirs} {
		w.work(t, w.mine(t, one, email).ID)
		if r := w.mine(t, one, email).is(t, "from anybody", skipped); !strings.Contains(r.Reason, "does not exist any more") {
			t.Error(r.Reason)
		}
	}
	if ask[int](t, w, "SELECT count(*) FROM outside_calls") != calls {
		t.Error("somebody tried again")
	}
	later := w.booking()
	later.OrgID = other.ID
	w.announce(t, later)
	if r, there := w.rows(t, later.ID, w.org.Owner.ID)[email]; there {
		t.Errorf("it is still planned: %+v", r)
	}
}

// A browser that is gone is forgotten; one that takes it is enough.
func TestAPushIsTakenByWhicheverBrowserIsLeft(t *testing.T) {
	t.Parallel()
	w := newWorld(t, queries.TierProfessional)
	w.device(t, w.org.Owner.ID, "Kay's laptop")
	w.out.Push.Gone("Kay's phone", true)
	n := w.booking()
	w.announce(t, n)
	w.work(t, w.mine(t, n, push).ID)
	w.mine(t, n, push).is(t, "the other one", accepted)
	if left := ask[string](t, w, "SELECT label FROM push_subscriptions WHERE user_id = $1", w.org.Owner.ID); left != "Kay's laptop" {
		t.Errorf("%s is left", left)
	}
	w.sent(t, "push", 1)
	if w.used(t, push) != 1 {
		t.Error("two browsers are one push")
	}
	failed := func() string {
		return ask[string](t, w, "SELECT failed FROM push_subscriptions WHERE user_id = $1", w.org.Owner.ID)
	}
	w.trouble(t, "push", sandbox.KeyRefused)
	n = w.booking()
	w.announce(t, n)
	w.work(t, w.mine(t, n, push).ID)
	if failed() == "" {
		t.Error("its page does not say that the push service refuses our key")
	}
	w.trouble(t, "push", sandbox.Fine)
	n = w.booking()
	w.announce(t, n)
	w.work(t, w.mine(t, n, push).ID)
	if why := failed(); why != "" {
		t.Errorf("it works again, and the page says: %s", why)
	}
}

// Whatever is not configured is skipped from the start, and says so where it was planned before.
func TestAChannelThatIsNotConfigured(t *testing.T) {
	t.Parallel()
	w := newWorld(t, queries.TierProfessional, withoutResend, withoutSMTP, func(s *notify.Settings) { s.TwilioSID, s.TwilioToken, s.TwilioFrom = "", "", "" })
	w.prefer(t, "bookings", map[queries.Channel]queries.Pace{sms: queries.PaceAtOnce})
	n, code := w.booking(), w.security("phone_code")
	w.announce(t, n, code)
	if rows := w.rows(t, n.ID, w.org.Owner.ID); len(rows) != 2 || rows[push].FellFrom != "sms" {
		t.Errorf("%v", rows)
	}
	w.work(t, w.mine(t, code, sms).ID)
	if r := w.mine(t, code, sms).is(t, "a code", failed); r.Reason != "Text messages are not configured here." {
		t.Error(r.Reason)
	}
}
