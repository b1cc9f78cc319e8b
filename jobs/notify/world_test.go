package notify_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"github.com/wedsync/wedsync/jobs/notify"
	"github.com/wedsync/wedsync/jobs/outside"
	"github.com/wedsync/wedsync/jobs/sandbox"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/seal"
	"github.com/wedsync/wedsync/queries/testdb"
	"github.com/wedsync/wedsync/views/mail"
)

// world is an organisation whose owner can be reached by everything, on a database of its own, with the stand-ins of all
// carriers. Fan-outs and bundles are worked by a real queue; a hand-over runs when a test says so.
type world struct {
	pool  *pgxpool.Pool
	box   *seal.Box
	base  *url.URL
	out   *sandbox.World
	send  *notify.Send
	ear   *notify.Ear
	river *river.Client[pgx.Tx]
	org   testdb.Supplier
	phone string
	job   context.Context // of a job: River finds its client in it
}

// lendArgs is a job that lends its context to the test.
type lendArgs struct{}

func (lendArgs) Kind() string { return "lend" }

func (lendArgs) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: notify.FanQueue} }

type lend struct {
	river.WorkerDefaults[lendArgs]
	to chan context.Context
}

func (l *lend) Work(ctx context.Context, _ *river.Job[lendArgs]) error {
	l.to <- context.WithoutCancel(ctx)
	return nil
}

func newWorld(t *testing.T, tier queries.Tier, change ...func(*notify.Settings)) *world {
	t.Helper()
	w := &world{pool: testdb.New(t), out: sandbox.NewWorld(time.Now()), phone: "+447700900123"}
	w.org = testdb.Org(t, w.pool)
	var err error
	if w.box, err = seal.FromFile(filepath.Join(t.TempDir(), "keys.json")); err != nil {
		t.Fatal(err)
	}
	w.carriers(t)
	settings := w.out.Carriers(w.base)
	for _, f := range change {
		f(&settings)
	}
	log := slog.New(slog.DiscardHandler)
	door := outside.New(outside.Config{Pool: w.pool, Log: log, AllowPrivate: true})
	c := notify.NewCarriers(w.pool, w.box, door, settings, w.base)
	waker := queries.NewWaker(queries.New(w.pool), log)
	w.send = &notify.Send{Pool: w.pool, Waker: waker, Carriers: c, Box: w.box, Log: log, URL: w.base.String()}
	workers := river.NewWorkers()
	river.AddWorker(workers, w.send)
	river.AddWorker(workers, &notify.FanOut{Pool: w.pool, Waker: waker, Carriers: c, Log: log})
	river.AddWorker(workers, &notify.CloseDigest{Pool: w.pool, Carriers: c})
	lent := make(chan context.Context, 1)
	river.AddWorker(workers, &lend{to: lent})
	w.river, err = river.NewClient(riverpgxv5.New(w.pool), &river.Config{Workers: workers, Logger: log, FetchCooldown: 2 * time.Millisecond, FetchPollInterval: 20 * time.Millisecond,
		Queues: map[string]river.QueueConfig{notify.FanQueue: {MaxWorkers: 4}}})
	if err != nil {
		t.Fatal(err)
	}
	w.ear = &notify.Ear{Pool: w.pool, River: w.river, Carriers: c}
	w.start(t)
	if _, err := w.river.Insert(t.Context(), lendArgs{}, nil); err != nil {
		t.Fatal(err)
	}
	w.job = <-lent
	w.sql(t, "UPDATE orgs SET tier = $2 WHERE id = $1", w.org.ID, tier)
	w.sql(t, "UPDATE users SET phone = $2, phone_verified_at = now() WHERE id = $1", w.org.Owner.ID, w.phone)
	w.device(t, w.org.Owner.ID, "Kay's phone")
	return w
}

// carriers hangs the stand-ins up as the demo does.
func (w *world) carriers(t *testing.T) {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("/sandbox/resend/", w.out.Resend)
	mux.Handle("/sandbox/twilio/", w.out.Twilio)
	mux.Handle("/sandbox/push/", w.out.Push)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	var err error
	if w.base, err = url.Parse(server.URL); err != nil {
		t.Fatal(err)
	}
	if err := w.out.Open(w.base); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.out.SMTP.Close(); err != nil {
			t.Error(err)
		}
	})
}

func (w *world) start(t *testing.T) {
	t.Helper()
	if err := w.river.Start(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := w.river.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
}

func (w *world) device(t *testing.T, user uuid.UUID, label string) {
	t.Helper()
	d := w.out.Push.NewDevice(label)
	w.sql(t, "INSERT INTO push_subscriptions (user_id, endpoint, p256dh, auth, label) VALUES ($1, $2, $3, $4, $5)", user, d.Endpoint, d.P256dh, d.Auth, label)
}

func (w *world) trouble(t *testing.T, carrier string, what sandbox.Trouble) {
	t.Helper()
	if err := w.out.SetTrouble(carrier, what); err != nil {
		t.Fatal(err)
	}
}

// shut opens a breaker, as a row of lost answers would.
func (w *world) shut(t *testing.T, peer string) {
	t.Helper()
	w.sql(t, `INSERT INTO breakers (org_id, peer, failures, failing_since, opened_at, last_error) VALUES ($1, $2, 9, now(), now(), 'no answer')
		ON CONFLICT (org_id, peer) DO UPDATE SET failures = 9, failing_since = now(), opened_at = now(), probing_until = NULL`, queries.House, peer)
}

func (w *world) sql(t *testing.T, query string, args ...any) {
	t.Helper()
	if _, err := w.pool.Exec(t.Context(), query, args...); err != nil {
		t.Fatal(err)
	}
}

func ask[T any](t *testing.T, w *world, query string, args ...any) T {
	t.Helper()
	rows, err := w.pool.Query(t.Context(), query, args...)
	if err != nil {
		t.Fatal(err)
	}
	v, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[T])
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return v
}

// prefer is what the owner chose for a category, by channel.
func (w *world) prefer(t *testing.T, category string, paces map[queries.Channel]queries.Pace) {
	t.Helper()
	for ch, pace := range paces {
		w.sql(t, `INSERT INTO preferences (org_id, user_id, category, channel, pace) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (org_id, user_id, category, channel) DO UPDATE SET pace = excluded.pace`, w.org.ID, w.org.Owner.ID, category, ch, pace)
	}
}

// only lets a category come by one channel.
func (w *world) only(t *testing.T, category string, ch queries.Channel) {
	t.Helper()
	paces := map[queries.Channel]queries.Pace{queries.ChannelEmail: queries.PaceOff, queries.ChannelPush: queries.PaceOff, queries.ChannelSms: queries.PaceOff}
	paces[ch] = queries.PaceAtOnce
	w.prefer(t, category, paces)
}

// booking is a notice to the team; long enough ago that it makes no rush.
func (w *world) booking() notify.Notice {
	at := time.Now().Add(-time.Hour)
	return notify.Notice{OrgID: w.org.ID, ID: uuid.Must(uuid.NewV7()), At: at, News: mail.News{Kind: mail.Booking, What: "booking_new", Who: "Anna & Tom", Title: "Wedding", At: at, Path: "/app/weddings"}}
}

func (w *world) emergency() notify.Notice {
	n := w.booking()
	n.Urgent, n.News.Kind, n.News.What = true, mail.Emergency, ""
	return n
}

// security is a letter of the house to the owner.
func (w *world) security(what string) notify.Notice {
	n, err := notify.Notice{OrgID: queries.House, ID: uuid.Must(uuid.NewV7()), At: time.Now(), UserID: &w.org.Owner.ID,
		News: mail.News{Kind: mail.Security, What: what, At: time.Now(), Link: w.base.String() + "/reset/x", Code: "123456"}}.Sealed(w.box)
	if err != nil {
		panic(err) // a keyset that was made a moment ago
	}
	return n
}

// announce tells of notices and waits until everybody's notifications are written.
func (w *world) announce(t *testing.T, notices ...notify.Notice) {
	t.Helper()
	if err := pgx.BeginFunc(t.Context(), w.pool, func(tx pgx.Tx) error { return notify.Announce(t.Context(), tx, w.river, notices...) }); err != nil {
		t.Fatal(err)
	}
	w.fannedOut(t)
}

func (w *world) fannedOut(t *testing.T) {
	t.Helper()
	eventually(t, "everybody's notifications are written", func() bool {
		return ask[int](t, w, "SELECT count(*) FROM river_job WHERE queue = $1 AND state IN ('available', 'running', 'retryable')", notify.FanQueue) == 0
	})
}

func (w *world) args(id uuid.UUID) notify.SendArgs {
	return notify.SendArgs{OrgID: w.orgOf(id), NotificationID: id}
}

// orgOf finds whose a notification is.
func (w *world) orgOf(id uuid.UUID) (org uuid.UUID) {
	if err := w.pool.QueryRow(context.Background(), "SELECT org_id FROM notification_logs WHERE id = $1", id).Scan(&org); err != nil {
		panic(err)
	}
	return org
}

// work runs the job of one notification once, and says how long it wants to wait; 0: it is done.
func (w *world) work(t *testing.T, id uuid.UUID) time.Duration {
	t.Helper()
	err := w.send.Work(w.job, &river.Job[notify.SendArgs]{JobRow: &rivertype.JobRow{Attempt: 1}, Args: w.args(id)})
	var snooze *river.JobSnoozeError
	if err != nil && !errors.As(err, &snooze) {
		t.Fatalf("the job failed: %v", err)
	}
	if snooze != nil {
		return snooze.Duration
	}
	return 0
}

// again is the same job when its time has come.
func (w *world) again(t *testing.T, id uuid.UUID) time.Duration {
	t.Helper()
	w.sql(t, "UPDATE notification_logs SET next_try_at = now() - interval '1 second' WHERE id = $1 AND next_try_at IS NOT NULL", id)
	return w.work(t, id)
}

// cutOff begins a hand-over and, where the carrier is to have it, makes it; but nobody lives to write down how it ended.
func (w *world) cutOff(t *testing.T, id uuid.UUID, taken bool) {
	t.Helper()
	a, err := w.send.Begin(w.job, w.args(id))
	if err != nil || a == nil {
		t.Fatalf("nothing to hand over: %v, %v", a, err)
	}
	if taken {
		w.send.Carry(w.job, a)
	}
}

// row is a notification.
type row struct {
	ID       uuid.UUID
	Channel  queries.Channel
	Status   queries.NotificationStatus
	Reason   string
	Provider string
	Ref      string
	Attempts int
	Due      *time.Time
	Counted  bool
	FellFrom string
	Address  string
	Handed   bool
}

func (w *world) rows(t *testing.T, notice, recipient uuid.UUID) map[queries.Channel]row {
	t.Helper()
	found, err := w.pool.Query(t.Context(), `SELECT id, channel, status, reason, provider, provider_ref, attempts, next_try_at, quota_day IS NOT NULL, coalesce(fell_from::text, ''), address, handed_at IS NOT NULL
		FROM notification_logs WHERE notice_id = $1 AND recipient_id = $2`, notice, recipient)
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(found, pgx.RowToStructByPos[row])
	if err != nil {
		t.Fatal(err)
	}
	by := map[queries.Channel]row{}
	for _, r := range all {
		by[r.Channel] = r
	}
	return by
}

// mine is the owner's notification of a notice by a channel.
func (w *world) mine(t *testing.T, n notify.Notice, ch queries.Channel) row {
	t.Helper()
	return w.rows(t, n.ID, w.org.Owner.ID)[ch]
}

func (r row) is(t *testing.T, what string, status queries.NotificationStatus) row {
	t.Helper()
	if r.Status != status {
		t.Errorf("%s: it is %q (%s), want %q", what, r.Status, r.Reason, status)
	}
	return r
}

func (w *world) used(t *testing.T, ch queries.Channel) int {
	t.Helper()
	return ask[int](t, w, "SELECT coalesce(sum(used), 0)::int FROM quota_uses WHERE org_id = $1 AND channel = $2", w.org.ID, ch)
}

func (w *world) sent(t *testing.T, ch string, want int) {
	t.Helper()
	if n := w.out.Outbox.Count(ch); n != want {
		t.Errorf("%d went out by %s, want %d", n, ch, want)
	}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline, tick := time.After(30*time.Second), time.NewTicker(3*time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("it never came that %s", what)
		}
	}
}

// colleague is a second person in the team.
func (w *world) colleague(t *testing.T) uuid.UUID {
	t.Helper()
	return testdb.Member(t, w.pool, w.org.ID, queries.RoleStaff).ID
}
