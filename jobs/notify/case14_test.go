package notify_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/wedsync/wedsync/jobs/notify"
	"github.com/wedsync/wedsync/jobs/sandbox"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views/mail"
)

var bundled = queries.NotificationStatusBundled

// client is a notice that comes daily, unless somebody says otherwise.
func (w *world) client() notify.Notice {
	n := w.booking()
	n.News.Kind, n.News.What = mail.ClientChange, "client_new"
	return n
}

// bundle is the owner's one bundle that is not closed.
func (w *world) bundle(t *testing.T) uuid.UUID {
	t.Helper()
	return ask[uuid.UUID](t, w, "SELECT id FROM digests WHERE org_id = $1 AND user_id = $2 AND closed_at IS NULL", w.org.ID, w.org.Owner.ID)
}

// closing runs the closing of a bundle so many times at once.
func (w *world) closing(t *testing.T, id uuid.UUID, times int) {
	t.Helper()
	var all sync.WaitGroup
	for range times {
		all.Go(func() {
			if _, err := w.river.Insert(t.Context(), notify.CloseDigestArgs{OrgID: w.org.ID, DigestID: id}, nil); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	w.fannedOut(t)
}

// digests are what the owner was told in bundles.
func (w *world) digests(t *testing.T) (ids []uuid.UUID) {
	t.Helper()
	rows, err := w.pool.Query(t.Context(), "SELECT id FROM notification_logs WHERE org_id = $1 AND kind = 'digest' ORDER BY id", w.org.ID)
	if err == nil {
		ids, err = pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	}
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

// Case 14: two triggers in one second.
func TestCase14TwoTriggersInASecondMakeOneDigest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, queries.TierProfessional)
	first, second := w.client(), w.client()
	first.News.Who, second.News.Who = "Anna & Tom", "Mia & Leo"
	var both sync.WaitGroup
	for _, n := range []notify.Notice{first, second} {
		both.Go(func() { w.announce(t, n) })
	}
	both.Wait()
	w.fannedOut(t)
	for _, n := range []notify.Notice{first, second} {
		if r := w.mine(t, n, email).is(t, "it waits", bundled); r.Due != nil {
			t.Errorf("%+v", r)
		}
	}
	id := w.bundle(t)
	if jobs := ask[int](t, w, "SELECT count(*) FROM river_job WHERE kind = 'close_digest' AND state = 'scheduled' AND scheduled_at = (SELECT due_at FROM digests WHERE id = $1)", id); jobs != 1 {
		t.Errorf("%d jobs close it", jobs)
	}
	w.closing(t, id, 1)
	all := w.digests(t)
	if len(all) != 1 {
		t.Fatalf("%d digests", len(all))
	}
	w.work(t, all[0])
	w.sent(t, "email", 1)
	if text := w.out.Outbox.Newest("email", w.org.Owner.Email)[0].Text; !strings.Contains(text, "Anna & Tom") || !strings.Contains(text, "Mia & Leo") {
		t.Errorf("it does not hold both:\n%s", text)
	}
}

// Case 14: its job runs twice, also at the same time, and once more a day later.
func TestCase14TheClosingRunsTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t, queries.TierProfessional)
	w.announce(t, w.client())
	id := w.bundle(t)
	w.closing(t, id, 4)
	w.closing(t, id, 1)
	all := w.digests(t)
	if len(all) != 1 {
		t.Fatalf("%d digests", len(all))
	}
	for range 2 {
		w.work(t, all[0])
	}
	w.sent(t, "email", 1)
}

// Case 14: who opted out after it was queued hears nothing; of what they still want, the rest.
func TestCase14OptedOutAfterItWasQueued(t *testing.T) {
	t.Parallel()
	w := newWorld(t, queries.TierProfessional)
	w.prefer(t, "bookings", map[queries.Channel]queries.Pace{email: queries.PaceDaily})
	gone, wanted := w.client(), w.booking()
	gone.News.Who, wanted.News.Title = "Anna & Tom", "Mia & Leo"
	w.announce(t, gone, wanted)
	w.prefer(t, "clients", map[queries.Channel]queries.Pace{email: queries.PaceOff})
	w.closing(t, w.bundle(t), 1)
	if r := w.mine(t, gone, email).is(t, "opted out", skipped); !strings.Contains(r.Reason, "turned off") {
		t.Error(r.Reason)
	}
	all := w.digests(t)
	if len(all) != 1 {
		t.Fatalf("%d digests", len(all))
	}
	w.work(t, all[0])
	if text := w.out.Outbox.Newest("email", "")[0].Text; strings.Contains(text, "Anna & Tom") || !strings.Contains(text, "Mia & Leo") {
		t.Errorf("it holds what they do not want:\n%s", text)
	}

	nothing := w.client()
	w.prefer(t, "clients", map[queries.Channel]queries.Pace{email: queries.PaceDaily})
	w.sql(t, "UPDATE digests SET due_at = due_at - interval '1 day', closed_at = now()")
	w.announce(t, nothing)
	w.prefer(t, "clients", map[queries.Channel]queries.Pace{email: queries.PaceOff})
	w.closing(t, w.bundle(t), 1)
	if len(w.digests(t)) != 1 {
		t.Error("a digest of nothing")
	}
}

// Case 14: who left the team, or whose address died, hears nothing of what was gathered for them.
func TestCase14GoneBeforeTheDigest(t *testing.T) {
	t.Parallel()
	for _, statement := range []string{
		"DELETE FROM memberships WHERE org_id = $1 AND user_id = $2",
		"INSERT INTO suppressions (org_id, channel, address, why, since) SELECT $1, 'email', lower(email), 'bounced', now() FROM users WHERE id = $2",
	} {
		w := newWorld(t, queries.TierProfessional)
		n := w.client()
		w.announce(t, n)
		id := w.bundle(t)
		w.sql(t, statement, w.org.ID, w.org.Owner.ID)
		w.closing(t, id, 1)
		w.mine(t, n, email).is(t, "gone", skipped)
		if len(w.digests(t)) != 0 {
			t.Error("a digest for somebody who cannot have it")
		}
	}
}

// Case 14: a notice that comes while its bundle closes is in it, or goes by itself, or in the next one. It is not lost.
func TestCase14ANoticeThatComesWhileItsBundleCloses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, queries.TierProfessional)
	notices := []notify.Notice{w.client()}
	w.announce(t, notices...)
	id := w.bundle(t)
	var at sync.WaitGroup
	for range 8 {
		n := w.client()
		notices = append(notices, n)
		at.Go(func() { w.announce(t, n) })
	}
	at.Go(func() { w.closing(t, id, 2) })
	at.Wait()
	w.fannedOut(t)
	late := w.client()
	w.announce(t, late)
	w.mine(t, late, email).is(t, "after it closed", queued)
	for _, n := range notices {
		r := w.mine(t, n, email)
		inside := ask[int](t, w, `SELECT count(*) FROM notices d, jsonb_array_elements(d.facts->'items') i
			WHERE d.org_id = $1 AND d.kind = 'digest' AND i->>'at' = (SELECT facts->>'at' FROM notices WHERE id = $2)`, w.org.ID, n.ID)
		if r.Status == bundled && inside != 1 || r.Status == queued && (inside != 0 || r.Due == nil) || r.Status != bundled && r.Status != queued {
			t.Errorf("%+v is in %d digests", r, inside)
		}
	}
	if len(w.digests(t)) != 1 {
		t.Errorf("%d digests", len(w.digests(t)))
	}
}

// A bundle whose job was lost is closed by the clock.
func TestALateBundleIsClosed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, queries.TierProfessional)
	w.announce(t, w.client())
	w.sql(t, "DELETE FROM river_job")
	due := ask[time.Time](t, w, "SELECT due_at FROM digests WHERE id = $1", w.bundle(t))
	for _, tt := range []struct {
		now  time.Time
		want int
	}{{due.Add(time.Minute), 0}, {due.Add(3 * time.Minute), 1}} {
		if n, err := notify.Stranded(t.Context(), w.pool, w.river, tt.now); n != tt.want || err != nil {
			t.Errorf("%d, %v; want %d", n, err, tt.want)
		}
	}
	w.fannedOut(t)
	if len(w.digests(t)) != 1 {
		t.Error("nobody closed it")
	}
}

// More than twenty notices in ten minutes: what is not urgent waits a quarter of an hour, together.
func TestARushIsBundled(t *testing.T) {
	t.Parallel()
	w := newWorld(t, queries.TierProfessional)
	rush := w.bookings(20)
	for i := range rush {
		rush[i].At = time.Now()
	}
	w.announce(t, rush...)
	w.mine(t, rush[19], email).is(t, "the twentieth", queued)
	more := w.booking()
	more.At = time.Now()
	urgent := w.emergency()
	w.announce(t, more, urgent)
	w.mine(t, more, email).is(t, "the next one", bundled)
	w.mine(t, more, push).is(t, "the next one's push", bundled)
	w.mine(t, more, inApp).is(t, "in the app", queries.NotificationStatusDelivered)
	w.mine(t, urgent, email).is(t, "what is urgent", queued)
	window := ask[string](t, w, "SELECT window_key FROM digests WHERE id = $1", w.bundle(t))
	if due := ask[time.Time](t, w, "SELECT due_at FROM digests WHERE id = $1", w.bundle(t)); window != "rush" || time.Until(due) > 15*time.Minute || !due.Equal(due.Truncate(15*time.Minute)) {
		t.Errorf("%s until %v", window, due)
	}
	w.closing(t, w.bundle(t), 2)
	all := w.digests(t)
	if len(all) != 2 { // one letter, one push
		t.Fatalf("%d digests", len(all))
	}
	for _, id := range all {
		w.work(t, id)
	}
	if w.out.Outbox.Count("email") != 1 || w.out.Outbox.Count("push") != 1 {
		t.Errorf("%d letters and %d pushes", w.out.Outbox.Count("email"), w.out.Outbox.Count("push"))
	}
}

// Quiet hours hold a message back, and then it goes; a phone that buzzes is quiet in the zone where it is.
func TestHeldOverQuietHoursAndThenSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, queries.TierProfessional)
	now := time.Now().UTC()
	minute := now.Hour()*60 + now.Minute()
	w.sql(t, "UPDATE users SET timezone = 'UTC', quiet_from = $2, quiet_until = $3 WHERE id = $1", w.org.Owner.ID, (minute+1440-60)%1440, (minute+120)%1440)
	n, urgent := w.booking(), w.emergency()
	w.announce(t, n, urgent)
	r := w.mine(t, n, email).is(t, "held back", queued)
	if r.Due == nil || time.Until(*r.Due) < time.Hour || time.Until(*r.Due) > 2*time.Hour+time.Minute || !strings.Contains(r.Reason, "quiet hours") {
		t.Errorf("%+v", r)
	}
	if at := ask[time.Time](t, w, "SELECT scheduled_at FROM river_job WHERE args->>'notification_id' = $1", r.ID.String()); !at.Equal(*r.Due) {
		t.Errorf("its job comes at %v, and it is due at %v", at, r.Due)
	}
	if wait := w.work(t, r.ID); wait < time.Hour {
		t.Errorf("a job that is too early waits %v", wait)
	}
	w.sent(t, "email", 0)
	w.work(t, w.mine(t, urgent, email).ID)
	w.mine(t, urgent, email).is(t, "what is urgent", accepted)
	if w.again(t, r.ID); w.mine(t, n, email).Status != accepted {
		t.Error("it did not go when the hours were over")
	}
	if !slices.ContainsFunc(w.out.Outbox.Newest("email", w.org.Owner.Email), func(s sandbox.Sent) bool { return strings.Contains(s.Text, "Anna & Tom") }) {
		t.Error("it is not in the outbox")
	}
}
