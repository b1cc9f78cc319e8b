package notify_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/wedsync/wedsync/jobs/notify"
	"github.com/wedsync/wedsync/jobs/notify/carrier"
	"github.com/wedsync/wedsync/queries"
)

// alike are texts in the same words to the same number.
func alike(t *testing.T, n int) (*world, []notify.Notice) {
	t.Helper()
	w := newWorld(t, queries.TierProfessional)
	w.only(t, "bookings", sms)
	notices := w.bookings(n)
	w.announce(t, notices...)
	return w, notices
}

// handing begins one and makes the call, and leaves the answer unwritten.
func (w *world) handing(t *testing.T, n notify.Notice) (*notify.Attempt, carrier.Outcome) {
	t.Helper()
	a, err := w.send.Begin(w.job, w.args(w.mine(t, n, sms).ID))
	if err != nil || a == nil {
		t.Fatalf("nothing to hand over: %v, %v", a, err)
	}
	return a, w.send.Carry(w.job, a)
}

// looking is the same for one that was cut off before: it asks.
func (w *world) looking(t *testing.T, n notify.Notice) (*notify.Attempt, carrier.Outcome) {
	t.Helper()
	w.sql(t, "UPDATE notification_logs SET next_try_at = now() - interval '1 second' WHERE id = $1", w.mine(t, n, sms).ID)
	return w.handing(t, n)
}

func (w *world) settle(t *testing.T, a *notify.Attempt, out carrier.Outcome) {
	t.Helper()
	if again, err := w.send.Settle(w.job, a, out); again || err != nil && !isSnooze(err) {
		t.Fatalf("%v, %v", again, err)
	}
}

func (w *world) jobs(t *testing.T, r row) int {
	t.Helper()
	return ask[int](t, w, "SELECT count(*) FROM river_job WHERE kind = 'send_notification' AND args->>'notification_id' = $1", r.ID.String())
}

// A look-up finds a text whose own sender still waits for the answer. When the answer is there, the finder looks again.
func TestATextThatWasFoundIsGivenUpToWhoSentIt(t *testing.T) {
	t.Parallel()
	for name, tells := range map[string]func(*testing.T, *world, *notify.Attempt, carrier.Outcome, notify.Notice){
		"the answer": func(t *testing.T, w *world, a *notify.Attempt, out carrier.Outcome, _ notify.Notice) {
			w.settle(t, a, out)
		},
		"a report": func(t *testing.T, w *world, _ *notify.Attempt, out carrier.Outcome, n notify.Notice) {
			report := w.twilioSays(t, "sent", "", w.org.ID, w.mine(t, n, sms).ID)
			report.Ref = out.Ref
			w.hear(t, "twilio", report)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, n := alike(t, 2)
			lost, sent := n[0], n[1]
			w.cutOff(t, w.mine(t, lost, sms).ID, false)
			a, out := w.handing(t, sent)
			w.again(t, w.mine(t, lost, sms).ID)
			before := w.mine(t, lost, sms).is(t, "it finds the other's", accepted)
			jobs := w.jobs(t, before)
			tells(t, w, a, out, sent)
			if r := w.mine(t, sent, sms).is(t, "who sent it", accepted); r.Ref != out.Ref || before.Ref != out.Ref {
				t.Errorf("%+v, it was taken for %+v", r, before)
			}
			if r := w.mine(t, lost, sms).is(t, "whose it is not", unknown); r.Ref != "" || r.Due == nil || r.Reason == "" || !r.Counted || w.jobs(t, r) != jobs+1 {
				t.Errorf("%+v", r)
			}
			w.again(t, before.ID)
			w.mine(t, lost, sms).is(t, "it looks again", unknown)
			w.sent(t, "sms", 1)
		})
	}
}

// What was found to have failed goes on, and is not tried again, on another one's account: that is undone too. What a
// person said is not.
func TestWhatWasFoundAndIsAnotherOnes(t *testing.T) {
	t.Parallel()
	for status, want := range map[queries.NotificationStatus]queries.NotificationStatus{queued: unknown, failed: unknown, "bounced": unknown, "sending": "sending", "acknowledged": "acknowledged"} {
		t.Run(string(status), func(t *testing.T) {
			t.Parallel()
			w, n := alike(t, 2)
			a, out := w.handing(t, n[1])
			w.sql(t, "UPDATE notification_logs SET status = $2, provider = 'twilio', provider_ref = $3, next_try_at = NULL WHERE id = $1", w.mine(t, n[0], sms).ID, status, out.Ref)
			w.settle(t, a, out)
			if r := w.mine(t, n[0], sms).is(t, "given up", want); r.Ref != "" || (r.Due != nil) != (want == unknown) {
				t.Errorf("%+v", r)
			}
		})
	}
}

// Several look at the same moment: each takes one that no other has taken, and who finds none left goes on looking.
func TestTwoThatLookAtTheSameMoment(t *testing.T) {
	t.Parallel()
	for _, taken := range []int{1, 2} {
		w, n := alike(t, 2)
		for i := range n {
			w.cutOff(t, w.mine(t, n[i], sms).ID, i < taken)
		}
		type look struct {
			a   *notify.Attempt
			out carrier.Outcome
		}
		var looks []look
		for i := range n { // both have asked before either writes what it found
			a, out := w.looking(t, n[i])
			looks = append(looks, look{a, out})
		}
		var both sync.WaitGroup
		for _, l := range looks {
			both.Go(func() { w.settle(t, l.a, l.out) })
		}
		both.Wait()
		if by := w.count(t, n, sms); by[accepted] != taken || by[unknown] != len(n)-taken {
			t.Errorf("%d are out: %v", taken, by)
		}
		refs := ask[[]string](t, w, "SELECT array_agg(provider_ref) FROM notification_logs WHERE provider_ref <> ''")
		if slices.Sort(refs); len(slices.Compact(refs)) != taken {
			t.Errorf("%d are out, and taken: %v", taken, refs)
		}
		for i := range n {
			if r := w.mine(t, n[i], sms); r.Status == unknown && r.Due == nil {
				t.Errorf("it does not look again: %+v", r)
			}
		}
	}
}

// A report names a text for certain. It replaces what a look-up took for it, and no look-up replaces it.
func TestAReportKnowsBetterThanALookUp(t *testing.T) {
	t.Parallel()
	for _, first := range []bool{false, true} {
		w, n := alike(t, 2)
		w.cutOff(t, w.mine(t, n[0], sms).ID, false)
		w.cutOff(t, w.mine(t, n[1], sms).ID, true)
		report := w.twilioSays(t, "sent", "", w.org.ID, w.mine(t, n[0], sms).ID) // of a text that Twilio does not list yet
		a, out := w.looking(t, n[0])
		if first {
			w.hear(t, "twilio", report)
			w.settle(t, a, out)
		} else {
			w.settle(t, a, out)
			w.hear(t, "twilio", report)
		}
		if r := w.mine(t, n[0], sms).is(t, "told", accepted); r.Ref != report.Ref {
			t.Errorf("report first %v: it has %s, and is %s", first, r.Ref, report.Ref)
		}
		w.again(t, w.mine(t, n[1], sms).ID)
		w.mine(t, n[1], sms).is(t, "and the other one is free to be found", accepted)
		w.sent(t, "sms", 1)
	}
}
