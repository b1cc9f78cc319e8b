package notify_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/jobs"
	"github.com/wedsync/wedsync/jobs/notify"
	"github.com/wedsync/wedsync/jobs/sandbox"
	"github.com/wedsync/wedsync/queries"
)

// node is the product's own jobs on this world's database: all workers and queues as main starts them.
func (w *world) node(t *testing.T) (stop func()) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	j, err := jobs.New(jobs.Config{Pool: w.pool, Waker: queries.NewWaker(queries.New(w.pool), log), Log: log, Node: "node-" + uuid.NewString(), Work: true, Box: w.box, AllowPrivate: true,
		Carriers: w.out.Carriers(w.base), URL: w.base})
	if err != nil {
		t.Fatal(err)
	}
	ctx, kill := context.WithCancel(context.WithoutCancel(t.Context()))
	if err := j.Start(ctx); err != nil {
		t.Fatal(err)
	}
	return func() {
		kill() // its jobs are cut short where they are
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := j.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
	}
}

// Nodes are cut short one after the other while they hand over; each message is out once, or nobody says that it is. All
// texts are in the same words, so a look-up finds others' too.
func TestOneMessageEachWhileNodesComeAndGo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, queries.TierScale)
	w.prefer(t, "bookings", map[queries.Channel]queries.Pace{sms: queries.PaceAtOnce})
	notices := w.bookings(20)
	for i, n := range notices {
		w.announce(t, n)
		if i%7 == 6 {
			stop := w.node(t)
			eventually(t, "the node has begun", func() bool { return ask[bool](t, w, "SELECT count(*) > $1 FROM notification_steps", i) })
			stop()
		}
	}
	stop := w.node(t)
	defer stop()
	eventually(t, "all is settled", func() bool {
		w.sql(t, "UPDATE notification_logs SET next_try_at = now() - interval '2 minutes', handed_at = handed_at - interval '1 minute' WHERE status IN ('sending', 'unknown') AND next_try_at > now() + interval '1 second'")
		w.sql(t, "UPDATE river_job SET scheduled_at = now(), state = 'available' WHERE kind = 'send_notification' AND state IN ('scheduled', 'retryable')")
		return ask[int](t, w, "SELECT count(*) FROM notification_logs WHERE next_try_at IS NOT NULL") == 0
	})
	for _, ch := range notify.Counted {
		by := w.count(t, notices, ch)
		if by[accepted]+by[unknown] != len(notices) || w.out.Outbox.Count(string(ch)) < by[accepted] || w.out.Outbox.Count(string(ch)) > len(notices) {
			t.Errorf("%s: %v, and %d went out", ch, by, w.out.Outbox.Count(string(ch)))
		}
	}
	for _, twice := range ask[[]string](t, w, "SELECT coalesce(array_agg(ref || ' × ' || n), '{}') FROM (SELECT provider_ref AS ref, count(*) AS n FROM notification_logs WHERE provider = 'twilio' GROUP BY 1 HAVING count(*) > 1) r") {
		t.Errorf("one text for several: %s", twice)
	}
	seen := map[string]bool{}
	for _, s := range w.out.Outbox.Newest(sandbox.Email, "") {
		if id := s.Tags["notification_id"]; seen[id] {
			t.Errorf("%s went out twice", id)
		} else {
			seen[id] = true
		}
	}
	if by := w.count(t, notices, email); by[accepted] != len(notices) {
		t.Errorf("Resend settles its own doubts: %v", by)
	}
}
