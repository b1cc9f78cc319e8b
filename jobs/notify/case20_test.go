package notify_test

import (
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wedsync/wedsync/jobs/notify"
	"github.com/wedsync/wedsync/jobs/sandbox"
	"github.com/wedsync/wedsync/queries"
)

// workAll works these at once, as many senders would.
func (w *world) workAll(t *testing.T, notices []notify.Notice, ch queries.Channel) {
	t.Helper()
	var all sync.WaitGroup
	for _, n := range notices {
		id := w.mine(t, n, ch).ID
		all.Go(func() { w.work(t, id) })
	}
	all.Wait()
}

func (w *world) bookings(n int) (all []notify.Notice) {
	for range n {
		all = append(all, w.booking())
	}
	return all
}

// count tells the owner's rows by status.
func (w *world) count(t *testing.T, notices []notify.Notice, ch queries.Channel) map[queries.NotificationStatus]int {
	t.Helper()
	by := map[queries.NotificationStatus]int{}
	for _, n := range notices {
		if r, there := w.rows(t, n.ID, w.org.Owner.ID)[ch]; there {
			by[r.Status]++
		}
	}
	return by
}

func (w *world) refused(t *testing.T, ch queries.Channel) int {
	t.Helper()
	return ask[int](t, w, "SELECT coalesce(sum(refused), 0)::int FROM quota_uses WHERE org_id = $1 AND channel = $2", w.org.ID, ch)
}

// said is how often an allowance's state was told.
func (w *world) said(t *testing.T, what string) int {
	t.Helper()
	return ask[int](t, w, "SELECT count(*) FROM notices WHERE org_id = $1 AND kind = 'allowance' AND facts->>'what' = $2", w.org.ID, what)
}

// Case 20: 64 senders at once, and ten a day.
func TestCase20NoOvershootWith64SendersAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, queries.TierFree)
	w.only(t, "bookings", email)
	notices := w.bookings(64)
	w.announce(t, notices...)
	w.workAll(t, notices, email)
	w.fannedOut(t)
	if by := w.count(t, notices, email); by[accepted] != 10 || by[skipped] != 54 {
		t.Errorf("%v", by)
	}
	w.sent(t, "email", 10)
	if used, refused, nearly, up := w.used(t, email), w.refused(t, email), w.said(t, "nearly"), w.said(t, "used_up"); used != 10 || refused != 54 || nearly != 1 || up != 1 {
		t.Errorf("%d used, %d refused, told %d and %d times", used, refused, nearly, up)
	}
	if told := ask[int](t, w, "SELECT count(*) FROM notification_logs WHERE org_id = $1 AND kind = 'allowance'", w.org.ID); told != 2 {
		t.Errorf("the owner's inbox has %d notes of it", told)
	}
	for _, n := range notices {
		if r := w.mine(t, n, email); r.Status == skipped && (r.Reason != "Today's 10 e-mails are used." || r.Due != nil || r.Counted) {
			t.Fatalf("%+v", r)
		}
	}
}

// Case 20: what is left over goes by the next channel that they want by then.
func TestCase20WhatIsLeftOverFallsToTheNextChannel(t *testing.T) {
	t.Parallel()
	w := newWorld(t, queries.TierFree)
	w.only(t, "bookings", push)
	notices := w.bookings(8)
	w.announce(t, notices...)
	w.prefer(t, "bookings", map[queries.Channel]queries.Pace{email: queries.PaceAtOnce})
	w.workAll(t, notices, push)
	if by := w.count(t, notices, push); by[accepted] != 5 || by[skipped] != 3 {
		t.Errorf("push: %v", by)
	}
	if by := w.count(t, notices, email); by[queued] != 3 {
		t.Errorf("e-mail: %v", by)
	}
	for _, n := range notices {
		r, fell := w.rows(t, n.ID, w.org.Owner.ID)[email]
		if !fell {
			continue
		}
		if w.work(t, r.ID); r.FellFrom != "push" || w.mine(t, n, email).Status != accepted {
			t.Errorf("%+v", r)
		}
	}
	w.sent(t, "email", 3)
	if ask[int](t, w, "SELECT count(*) FROM river_job WHERE kind = 'send_notification'") != 8+3 {
		t.Error("what fell has no job")
	}
}

// Case 20: what did not leave the house gives its share back.
func TestCase20WhatDidNotLeaveCostsNothing(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		ch      queries.Channel
		prevent func(*testing.T, *world)
		end     queries.NotificationStatus
	}{
		{"Resend refuses our key, and there is no other", email, func(t *testing.T, w *world) { w.trouble(t, "resend", sandbox.KeyRefused) }, queued},
		{"Resend's breaker is open", email, func(t *testing.T, w *world) { w.shut(t, "resend") }, queued},
		{"Resend is busy", email, func(t *testing.T, w *world) { w.trouble(t, "resend", sandbox.Busy) }, queued},
		{"Twilio's breaker is open", sms, func(t *testing.T, w *world) { w.shut(t, "twilio") }, queued},
		{"the number said STOP", sms, func(t *testing.T, w *world) { w.stopAtTwilio(t) }, failed},
		{"the push service is down", push, func(t *testing.T, w *world) { w.trouble(t, "push", sandbox.Down) }, queued},
		{"the browser has gone", push, func(t *testing.T, w *world) {
			w.out.Push.Gone("Kay's phone", true)
		}, failed},
		{"no browser is left", push, func(t *testing.T, w *world) { w.sql(t, "DELETE FROM push_subscriptions") }, failed},
		{"they turned it off", push, func(t *testing.T, w *world) {
			w.prefer(t, "bookings", map[queries.Channel]queries.Pace{push: queries.PaceOff})
		}, skipped},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, queries.TierStarter, withoutSMTP)
			w.only(t, "bookings", tt.ch)
			n := w.booking()
			w.announce(t, n)
			tt.prevent(t, w)
			sent := w.out.Outbox.Count(string(tt.ch))
			w.work(t, w.mine(t, n, tt.ch).ID)
			r := w.mine(t, n, tt.ch).is(t, tt.name, tt.end)
			if w.used(t, tt.ch) != 0 || r.Counted || r.Reason == "" || (r.Due != nil) != (tt.end == queued) {
				t.Errorf("%d are counted: %+v", w.used(t, tt.ch), r)
			}
			if w.out.Outbox.Count(string(tt.ch)) != sent {
				t.Error("something went out")
			}
		})
	}
}

// stopAtTwilio lets the owner's number say STOP at Twilio, which does not tell us.
func (w *world) stopAtTwilio(t *testing.T) {
	t.Helper()
	n := w.security("phone_code")
	w.announce(t, n)
	w.work(t, w.mine(t, n, sms).ID)
	base := w.out.Twilio.Base
	w.out.Twilio.Base = nil
	defer func() { w.out.Twilio.Base = base }()
	if err := w.out.Happen(t.Context(), w.out.Outbox.Newest("sms", w.phone)[0].ID, "stop", ""); err != nil {
		t.Fatal(err)
	}
}

// Case 20: what is urgent goes past the limit and is counted; but not by a channel that the plan lacks.
func TestCase20UrgentGoesPastTheLimitAndIsCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, queries.TierFree)
	w.sql(t, "INSERT INTO quota_uses (org_id, channel, day, used) VALUES ($1, 'email', (now() AT TIME ZONE 'Europe/London')::date, 10)", w.org.ID)
	n := w.emergency()
	w.announce(t, n)
	rows := w.rows(t, n.ID, w.org.Owner.ID)
	if _, there := rows[sms]; there || len(rows) != 3 {
		t.Errorf("free has no text messages: %v", rows)
	}
	w.work(t, rows[email].ID)
	w.mine(t, n, email).is(t, "urgent", accepted)
	if w.used(t, email) != 11 || w.refused(t, email) != 0 {
		t.Errorf("%d are counted, %d refused", w.used(t, email), w.refused(t, email))
	}

	w = newWorld(t, queries.TierStarter)
	n = w.emergency()
	w.announce(t, n)
	w.sql(t, "UPDATE orgs SET tier = 'free' WHERE id = $1", w.org.ID)
	w.work(t, w.mine(t, n, sms).ID)
	if r := w.mine(t, n, sms).is(t, "the plan became smaller", skipped); r.Reason != "Your plan has no text messages." {
		t.Error(r.Reason)
	}
	w.sent(t, "sms", 0)
}

// Case 20: a day is the organisation's own.
func TestCase20TheDayIsTheOrganisationsOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, queries.TierFree)
	w.only(t, "bookings", email)
	now := time.Now().UTC()
	zone, there := "Pacific/Kiritimati", time.FixedZone("", 14*3600) // where it is tomorrow already, or
	if now.Hour() < 10 {
		zone, there = "Pacific/Pago_Pago", time.FixedZone("", -11*3600) // yesterday still
	}
	w.sql(t, "UPDATE orgs SET timezone = $2 WHERE id = $1", w.org.ID, zone)
	w.sql(t, "INSERT INTO quota_uses (org_id, channel, day, used) VALUES ($1, 'email', $2, 10)", w.org.ID, now.Format(time.DateOnly))
	n := w.booking()
	w.announce(t, n)
	w.work(t, w.mine(t, n, email).ID)
	w.mine(t, n, email).is(t, "another day", accepted)
	if day := ask[time.Time](t, w, "SELECT quota_day FROM notification_logs WHERE id = $1", w.mine(t, n, email).ID); day.Format(time.DateOnly) != now.In(there).Format(time.DateOnly) || day.Format(time.DateOnly) == now.Format(time.DateOnly) {
		t.Errorf("counted on %v", day)
	}
}

// Every plan and every channel, from the notice to the carrier: up to the last one of the day, and not one more.
func TestEveryTierAndChannelEndToEnd(t *testing.T) {
	t.Parallel()
	tiers := []queries.Tier{queries.TierFree, queries.TierStarter, queries.TierProfessional, queries.TierScale, queries.TierEnterprise}
	if len(tiers) != len(queries.AllTierValues()) {
		t.Fatal("there is another tier")
	}
	want := map[queries.Tier]map[queries.Channel]int{
		queries.TierFree: {email: 10, sms: 0, push: 5}, queries.TierStarter: {email: 100, sms: 20, push: 50}, queries.TierProfessional: {email: 500, sms: 100, push: 200},
		queries.TierScale: {email: 2000, sms: 500, push: 1000}, queries.TierEnterprise: {email: 10000, sms: 2000, push: 5000},
	}
	for _, tier := range tiers {
		t.Run(string(tier), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, tier)
			w.prefer(t, "bookings", map[queries.Channel]queries.Pace{sms: queries.PaceAtOnce})
			last, over := w.booking(), w.booking()
			w.announce(t, last, over)
			for _, ch := range notify.Counted {
				w.tierChannel(t, want[tier][ch], last, over, ch)
			}
		})
	}
}

func (w *world) tierChannel(t *testing.T, limit int, last, over notify.Notice, ch queries.Channel) {
	t.Helper()
	r, there := w.rows(t, last.ID, w.org.Owner.ID)[ch]
	if there != (limit > 0) {
		t.Errorf("%s: there is a row: %v", ch, there)
	}
	if limit == 0 { // it stands in for the channel that the plan lacks
		if next := w.mine(t, last, push); next.FellFrom != string(ch) {
			t.Errorf("%s falls nowhere: %+v", ch, next)
		}
		return
	}
	w.sql(t, "INSERT INTO quota_uses (org_id, channel, day, used) VALUES ($1, $2, (now() AT TIME ZONE 'Europe/London')::date, $3)", w.org.ID, ch, limit-1)
	w.work(t, r.ID)
	w.mine(t, last, ch).is(t, string(ch)+", the last one", accepted)
	w.work(t, w.mine(t, over, ch).ID)
	if r := w.mine(t, over, ch).is(t, string(ch)+", one more", skipped); !strings.HasPrefix(r.Reason, "Today's "+strconv.Itoa(limit)+" ") {
		t.Error(r.Reason)
	}
	w.sent(t, string(ch), 1)
}

// Case 20, the second half: nobody takes texts or pushes. The others hear of it, and the rows say what became of theirs.
func TestCase20TwilioAndPushAreDownInAnEmergency(t *testing.T) {
	t.Parallel()
	for _, shut := range []bool{false, true} {
		w := newWorld(t, queries.TierProfessional)
		n := w.emergency()
		w.announce(t, n)
		w.trouble(t, "twilio", sandbox.Down)
		w.trouble(t, "push", sandbox.Down)
		if shut {
			w.shut(t, "twilio")
			w.shut(t, "push:127.0.0.1")
		}
		for _, ch := range []queries.Channel{sms, push, email} {
			w.work(t, w.mine(t, n, ch).ID)
		}
		w.mine(t, n, email).is(t, "e-mail", accepted)
		w.mine(t, n, inApp).is(t, "in the app", queries.NotificationStatusDelivered)
		for _, ch := range []queries.Channel{sms, push} {
			r := w.mine(t, n, ch)
			if shut && (r.Status != queued || !strings.Contains(r.Reason, "leaves it alone until")) || !shut && !strings.Contains(r.Reason, "503") && !strings.Contains(r.Reason, "fault of its own") {
				t.Errorf("%s: %+v", ch, r)
			}
		}
		w.sent(t, "sms", 0)
		w.sent(t, "push", 0)
	}
}

// Case 20: somebody who can be reached by text only, and by e-mail as soon as the text cannot go.
func TestCase20TheLadderGoesOnWhenTwilioIsDown(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		down func(*testing.T, *world)
		end  queries.NotificationStatus
	}{
		{"the breaker is open", func(t *testing.T, w *world) { w.shut(t, "twilio") }, failed},
		{"our key is refused", func(t *testing.T, w *world) { w.trouble(t, "twilio", sandbox.KeyRefused) }, failed},
		{"no answer, for long", func(t *testing.T, w *world) { w.trouble(t, "twilio", sandbox.Down) }, unknown},
	} {
		w := newWorld(t, queries.TierProfessional)
		w.sql(t, "UPDATE users SET email_verified_at = NULL WHERE id = $1", w.org.Owner.ID)
		w.sql(t, "DELETE FROM push_subscriptions")
		n := w.emergency()
		w.announce(t, n)
		if rows := w.rows(t, n.ID, w.org.Owner.ID); len(rows) != 2 {
			t.Fatalf("%v", rows)
		}
		w.sql(t, "UPDATE users SET email_verified_at = now() WHERE id = $1", w.org.Owner.ID)
		tt.down(t, w)
		id := w.mine(t, n, sms).ID
		for w.work(t, id); w.mine(t, n, sms).Due != nil; w.again(t, id) {
			w.sql(t, "UPDATE notification_logs SET handed_at = handed_at - interval '1 minute' WHERE id = $1", id)
			w.sql(t, "DELETE FROM breakers WHERE failures <> 9") // what ours trips is another case
		}
		w.mine(t, n, sms).is(t, tt.name, tt.end)
		fell, there := w.rows(t, n.ID, w.org.Owner.ID)[email]
		if !there || fell.FellFrom != "sms" {
			t.Fatalf("%s: it fell nowhere: %+v", tt.name, fell)
		}
		w.work(t, fell.ID)
		w.mine(t, n, email).is(t, "the next channel", accepted)
		steps := ask[int](t, w, "SELECT count(*) FROM notification_steps WHERE notification_id = $1 AND detail <> ''", id)
		if steps < 2 {
			t.Errorf("%s: %d steps tell of it", tt.name, steps)
		}
	}
}

// Two people's quotas are one organisation's, and another organisation's are its own.
func TestAnAllowanceIsTheOrganisations(t *testing.T) {
	t.Parallel()
	w := newWorld(t, queries.TierFree)
	other := w.colleague(t)
	w.sql(t, "INSERT INTO quota_uses (org_id, channel, day, used) VALUES ($1, 'email', (now() AT TIME ZONE 'Europe/London')::date, 9)", w.org.ID)
	n := w.booking()
	w.announce(t, n)
	w.work(t, w.mine(t, n, email).ID)
	id := w.rows(t, n.ID, other)[email].ID
	w.work(t, id)
	if status := w.rows(t, n.ID, other)[email].Status; status != skipped {
		t.Errorf("the second one is %s", status)
	}
	s := w.security("reset")
	w.announce(t, s)
	w.work(t, w.mine(t, s, email).ID)
	w.mine(t, s, email).is(t, "a letter of the house", accepted)
	if w.used(t, email) != 10 {
		t.Errorf("%d are counted", w.used(t, email))
	}
}
