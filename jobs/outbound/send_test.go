package outbound_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/wedsync/wedsync/jobs"
	"github.com/wedsync/wedsync/jobs/outbound"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/seal"
	"github.com/wedsync/wedsync/queries/testdb"
)

// house is an organisation with the real queue, and a receiver whose answers the test chooses.
type house struct {
	pool      *pgxpool.Pool
	box       *seal.Box
	jobs      *jobs.Jobs
	org       testdb.Supplier
	endpoints outbound.Endpoints
	receiver  *httptest.Server

	mu     sync.Mutex
	status func(r *http.Request) int
	heard  []heard
}

type heard struct {
	header http.Header
	body   string
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{pool: testdb.New(t), status: func(*http.Request) int { return 204 }}
	h.org = testdb.Org(t, h.pool)
	var err error
	if h.box, err = seal.FromFile(filepath.Join(t.TempDir(), "keys.json")); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	h.jobs, err = jobs.New(jobs.Config{URL: &url.URL{Scheme: "http", Host: "wedsync.test"}, Pool: h.pool, Waker: queries.NewWaker(queries.New(h.pool), log), Log: log, Node: "node-" + uuid.NewString(), Work: true, Box: h.box, AllowPrivate: true})
	if err != nil {
		t.Fatal(err)
	}
	h.endpoints = outbound.Endpoints{Pool: h.pool, River: h.jobs.River, Box: h.box}
	h.receiver = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		h.mu.Lock()
		h.heard = append(h.heard, heard{r.Header, string(body)})
		status := h.status(r)
		h.mu.Unlock()
		w.WriteHeader(status)
	}))
	t.Cleanup(h.receiver.Close)
	return h
}

func (h *house) start(t *testing.T) *house {
	t.Helper()
	if err := h.jobs.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := h.jobs.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return h
}

func (h *house) answer(status int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.status = func(*http.Request) int { return status }
}

func (h *house) sofar() []heard {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.heard)
}

func (h *house) by(id uuid.UUID) outbound.Asked {
	return outbound.Asked{OrgID: h.org.ID, UserID: h.org.Owner.ID, ID: id}
}

func (h *house) endpoint(t *testing.T, types ...string) (id uuid.UUID, secret string) {
	t.Helper()
	id = uuid.Must(uuid.NewV7())
	secret, err := h.endpoints.Make(t.Context(), h.by(id), "Zapier", h.receiver.URL+"/hooks/SECRET?k=SECRET", types)
	if err != nil {
		t.Fatal(err)
	}
	return id, secret
}

// happens queues events as the apply transaction does, and says how many jobs it was given.
func (h *house) happens(t *testing.T, events ...outbound.Happened) (jobs int) {
	t.Helper()
	err := pgx.BeginFunc(t.Context(), h.pool, func(tx pgx.Tx) error {
		given, err := outbound.Queue(t.Context(), queries.New(tx), h.org.ID, events)
		if err != nil || len(given) == 0 {
			return err
		}
		jobs = len(given)
		_, err = h.jobs.River.InsertManyFastTx(t.Context(), tx, given)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return jobs
}

func event(kind string) outbound.Happened {
	return outbound.Happened{DeliveryID: uuid.Must(uuid.NewV7()), Type: kind, At: time.Now(), Data: json.RawMessage(`{"booking":{"external_id":"b-1"}}`)}
}

// soon brings every scheduled try forward to now.
func (h *house) soon(t *testing.T) {
	t.Helper()
	h.run(t, "UPDATE outbound_messages SET next_try_at = now() WHERE status = 'pending' AND next_try_at IS NOT NULL")
	h.run(t, "UPDATE river_job SET scheduled_at = now(), state = 'available' WHERE kind = 'send_message' AND state IN ('scheduled', 'retryable')")
}

func (h *house) run(t *testing.T, statement string, args ...any) {
	t.Helper()
	if _, err := h.pool.Exec(t.Context(), statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func ask[T any](t *testing.T, h *house, query string, args ...any) T {
	t.Helper()
	rows, err := h.pool.Query(t.Context(), query, args...)
	if err != nil {
		t.Fatal(err)
	}
	value, err := pgx.CollectOneRow(rows, pgx.RowTo[T])
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return value
}

// until waits for a query to say what it should.
func (h *house) until(t *testing.T, want, query string, args ...any) {
	t.Helper()
	deadline, tick := time.After(20*time.Second), time.NewTicker(5*time.Millisecond)
	defer tick.Stop()
	for {
		got := ask[string](t, h, query, args...)
		if got == want {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s: %q, never %q", query, got, want)
		}
	}
}

const fates = `SELECT coalesce(string_agg(status || ' ' || attempts || coalesce(' ' || last_status, ''), ', ' ORDER BY created_at, id), '') FROM outbound_messages WHERE org_id = $1`

func TestAMessageIsSignedAndSentOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t).start(t)
	_, secret := h.endpoint(t)
	e := event("booking.created")
	h.happens(t, e)
	if again := h.happens(t, e, e); again != 0 {
		t.Errorf("a delivery applied again gives %d jobs", again)
	}
	h.until(t, "delivered 1 204", fates, h.org.ID)
	got := h.sofar()
	if len(got) != 1 {
		t.Fatalf("heard %d times", len(got))
	}
	header, body := got[0].header, got[0].body
	var said struct {
		ID, Type  string
		Timestamp time.Time
		Data      map[string]any
	}
	if err := json.Unmarshal([]byte(body), &said); err != nil || said.ID != header.Get("webhook-id") || said.Type != "booking.created" || said.Data["booking"] == nil || said.Timestamp.IsZero() {
		t.Errorf("%s: %v", body, err)
	}
	var sec int64
	if _, err := fmt.Sscan(header.Get("webhook-timestamp"), &sec); err != nil || time.Since(time.Unix(sec, 0)).Abs() > time.Minute {
		t.Errorf("timestamp %q", header.Get("webhook-timestamp"))
	}
	want, err := outbound.Sign(said.ID, time.Unix(sec, 0), []byte(body), []string{secret})
	if err != nil || header.Get("webhook-signature") != want || header.Get("User-Agent") != "WedSync" || header.Get("Content-Type") != "application/json" {
		t.Errorf("%v: %v", header, err)
	}
	for _, table := range []string{"outside_calls", "breakers", "outbound_attempts", "outbound_messages", "river_job", "audit_log"} {
		if n := ask[int](t, h, "SELECT count(*) FROM "+table+" x WHERE x::text LIKE '%SECRET%' OR x::text LIKE '%"+secret+"%'"); n != 0 {
			t.Errorf("%s holds a secret", table)
		}
	}
}

func TestOnlyWhatWasAskedForByWhomeverAsked(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	if n := h.happens(t, event("booking.created")); n != 0 {
		t.Errorf("%d jobs without an endpoint", n)
	}
	h.endpoint(t)
	h.endpoint(t, "payment.completed")
	ours := h.org
	h.org = testdb.Org(t, h.pool)
	h.endpoint(t)
	h.org = ours
	if n := h.happens(t, event("booking.created"), event("payment.completed")); n != 3 {
		t.Errorf("%d jobs", n)
	}
	if n := ask[int](t, h, "SELECT count(*) FROM outbound_messages WHERE org_id <> $1", ours.ID); n != 0 {
		t.Errorf("a neighbour hears %d", n)
	}
	// Undone with the transaction that it belongs to.
	tx, err := h.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := outbound.Queue(t.Context(), queries.New(tx), h.org.ID, []outbound.Happened{event("client.created")}); err != nil {
		t.Error(err)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := ask[int](t, h, "SELECT count(*) FROM outbound_messages WHERE event_type = 'client.created'"); n != 0 {
		t.Error("queued although the transaction was undone")
	}
}

func TestWhatFailsIsTriedAgainUnderItsOwnIdUntilItIsGivenUp(t *testing.T) {
	t.Parallel()
	h := newHouse(t).start(t)
	id, _ := h.endpoint(t)
	h.answer(404) // refusals are tried again too, and open no breaker
	h.happens(t, event("booking.created"))
	for try := 1; try <= 9; try++ {
		h.until(t, fmt.Sprintf("pending %d 404", try), fates, h.org.ID)
		wait := ask[float64](t, h, "SELECT extract(epoch FROM next_try_at - now())::float8 FROM outbound_messages WHERE org_id = $1", h.org.ID)
		least, _ := outbound.Pause(try, 0)
		if wait > least.Seconds()*1.2 || wait < least.Seconds()-10 {
			t.Errorf("after %d tries it waits %v s, not %v", try, wait, least)
		}
		h.until(t, "scheduled", "SELECT state::text FROM river_job WHERE kind = 'send_message'")
		h.soon(t)
	}
	h.until(t, "failed 10 404", fates, h.org.ID)
	ids := map[string]bool{}
	for _, one := range h.sofar() {
		ids[one.header.Get("webhook-id")+one.body] = true
	}
	if len(h.sofar()) != 10 || len(ids) != 1 {
		t.Errorf("%d tries, under %d ids or bodies", len(h.sofar()), len(ids))
	}
	if n := ask[int](t, h, "SELECT count(*) FROM outbound_attempts WHERE org_id = $1 AND status = 404 AND error LIKE '%404%'", h.org.ID); n != 10 {
		t.Errorf("%d attempts are told", n)
	}
	if off := ask[bool](t, h, "SELECT disabled_at IS NOT NULL FROM endpoints WHERE id = $1", id); off {
		t.Error("ten failures within a minute switched it off")
	}
	// Sent again by hand, it goes through, and the row of failures ends.
	h.answer(200)
	message := ask[uuid.UUID](t, h, "SELECT id FROM outbound_messages WHERE org_id = $1", h.org.ID)
	if held, err := h.endpoints.SendAgain(t.Context(), h.by(message)); err != nil || held {
		t.Fatal(held, err)
	}
	h.until(t, "delivered 11 200", fates, h.org.ID)
	h.until(t, "0 t", "SELECT failures || ' ' || (failing_since IS NULL)::text::char FROM endpoints WHERE id = $1", id)
}

func TestTenFailuresAndAnHourSwitchItOffAndNothingIsLost(t *testing.T) {
	t.Parallel()
	h := newHouse(t).start(t)
	id, _ := h.endpoint(t)
	h.run(t, "UPDATE endpoints SET failures = 9, failing_since = now() - interval '61 minutes' WHERE id = $1", id)
	h.answer(400)
	h.happens(t, event("booking.created"))
	h.until(t, "pending 1 400", fates, h.org.ID)
	if why := ask[string](t, h, "SELECT disabled_why FROM endpoints WHERE id = $1 AND disabled_at IS NOT NULL", id); !strings.Contains(why, "Ten messages") || !strings.Contains(why, "400") {
		t.Error(why)
	}
	if n := h.happens(t, event("booking.updated"), event("booking.cancelled")); n != 0 {
		t.Errorf("%d jobs for one that is switched off", n)
	}
	if held := ask[int](t, h, "SELECT count(*) FROM outbound_messages WHERE status = 'pending' AND next_try_at IS NULL"); held != 3 {
		t.Errorf("%d are held", held)
	}
	h.answer(200)
	if err := h.endpoints.Resume(t.Context(), h.by(id)); err != nil {
		t.Fatal(err)
	}
	h.until(t, "delivered 2 200, delivered 1 200, delivered 1 200", fates, h.org.ID)
	h.run(t, "UPDATE endpoints SET disabled_at = now() - interval '31 days' WHERE id = $1", id)
	h.happens(t, event("booking.updated"))
	if n := ask[int](t, h, "SELECT count(*) FROM outbound_messages"); n != 3 {
		t.Error("one that has been off for a month gathers still")
	}
}

func TestGoneMeansGone(t *testing.T) {
	t.Parallel()
	h := newHouse(t).start(t)
	id, _ := h.endpoint(t)
	h.answer(410)
	h.happens(t, event("booking.created"))
	h.until(t, "pending 1 410", fates, h.org.ID)
	if why := ask[string](t, h, "SELECT disabled_why FROM endpoints WHERE id = $1 AND disabled_at IS NOT NULL", id); !strings.Contains(why, "410") {
		t.Error(why)
	}
}

// A message that waits for its time when somebody pauses the endpoint is held, not sent.
func TestPausedHoldsAndATestGoesOutAllTheSame(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id, _ := h.endpoint(t)
	h.happens(t, event("booking.created"))
	if err := h.endpoints.Pause(t.Context(), h.by(id)); err != nil {
		t.Fatal(err)
	}
	h.start(t)
	h.until(t, "0", "SELECT count(*)::text FROM outbound_messages WHERE next_try_at IS NOT NULL")
	if _, err := h.endpoints.Test(t.Context(), h.by(id), time.Now()); err != nil {
		t.Fatal(err)
	}
	h.until(t, "delivered 1 204", "SELECT status || ' ' || attempts || coalesce(' ' || last_status, '') FROM outbound_messages WHERE event_type = 'wedsync.test'")
	held := ask[uuid.UUID](t, h, "SELECT id FROM outbound_messages WHERE event_type <> 'wedsync.test'")
	if isHeld, err := h.endpoints.SendAgain(t.Context(), h.by(held)); err != nil || !isHeld {
		t.Error(isHeld, err)
	}
	if got := h.sofar(); len(got) != 1 || !strings.Contains(got[0].body, "wedsync.test") {
		t.Errorf("%v", got)
	}
	h.answer(500)
	if _, err := h.endpoints.Test(t.Context(), h.by(id), time.Now()); err != nil {
		t.Fatal(err)
	}
	h.until(t, "1", "SELECT count(*)::text FROM outbound_messages WHERE event_type = 'wedsync.test' AND status = 'failed' AND attempts = 1")
}

// While the breaker is open nothing is sent, no attempt is used up, and the page says when the next one is.
func TestAnOpenBreakerPostpones(t *testing.T) {
	t.Parallel()
	h := newHouse(t).start(t)
	id, _ := h.endpoint(t)
	h.run(t, "INSERT INTO breakers (org_id, peer, failures, failing_since, opened_at, last_error) VALUES ($1, $2, 5, now(), now(), 'in words')", h.org.ID, outbound.Peer(id))
	h.happens(t, event("booking.created"))
	h.until(t, "true", `SELECT bool_and(last_error LIKE '%in words%' AND next_try_at BETWEEN now() + interval '4 minutes' AND now() + interval '6 minutes' AND attempts = 0)::text
		FROM outbound_messages WHERE org_id = $1`, h.org.ID)
	h.until(t, "true", "SELECT (state = 'scheduled' AND scheduled_at > now() + interval '4 minutes')::text FROM river_job WHERE kind = 'send_message'")
	if len(h.sofar()) != 0 {
		t.Error("something was sent")
	}
	if _, err := h.endpoints.Test(t.Context(), h.by(id), time.Now()); err != nil { // a person's test does not wait
		t.Fatal(err)
	}
	h.until(t, "1", "SELECT count(*)::text FROM outbound_messages WHERE event_type = 'wedsync.test' AND status = 'delivered'")
	h.soon(t)
	h.until(t, "delivered 1 204, delivered 1 204", fates, h.org.ID)
}

func TestRetryAfterIsHonoured(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	busy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "1800")
		w.WriteHeader(429)
	}))
	defer busy.Close()
	h.receiver.Close()
	h.receiver.URL = busy.URL
	h.start(t).endpoint(t)
	h.happens(t, event("booking.created"))
	h.until(t, "pending 1 429", fates, h.org.ID)
	if wait := ask[float64](t, h, "SELECT extract(epoch FROM next_try_at - now())::float8 FROM outbound_messages"); wait < 1700 || wait > 1800 {
		t.Errorf("it waits %v s", wait)
	}
}

// Two jobs of one message, as after a node died or "send again": one of them sends.
func TestTwoJobsOfOneMessageSendItOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.endpoint(t)
	h.happens(t, event("booking.created"))
	message := ask[uuid.UUID](t, h, "SELECT id FROM outbound_messages")
	for range 7 {
		if _, err := h.jobs.River.Insert(t.Context(), outbound.SendArgs{OrgID: h.org.ID, MessageID: message}, nil); err != nil {
			t.Fatal(err)
		}
	}
	h.start(t)
	h.until(t, "delivered 1 204", fates, h.org.ID)
	h.soon(t)
	h.until(t, "8", "SELECT count(*)::text FROM river_job WHERE kind = 'send_message' AND state IN ('completed', 'scheduled')")
	if n := len(h.sofar()); n != 1 {
		t.Errorf("heard %d times", n)
	}
}

func TestAnEndpointRemovedTakesItsMessagesAlong(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id, _ := h.endpoint(t)
	h.happens(t, event("booking.created"))
	if err := h.endpoints.Remove(t.Context(), h.by(id)); err != nil {
		t.Fatal(err)
	}
	h.start(t)
	h.until(t, "completed", "SELECT state::text FROM river_job WHERE kind = 'send_message'")
	if len(h.sofar()) != 0 {
		t.Error("something was sent")
	}
}

func TestANewSecretSignsBesideTheOldOneForADay(t *testing.T) {
	t.Parallel()
	h := newHouse(t).start(t)
	id, first := h.endpoint(t)
	second, err := h.endpoints.NewSecret(t.Context(), h.by(id), time.Now())
	if err != nil || second == first {
		t.Fatal(err)
	}
	if n, err := outbound.Reseal(t.Context(), h.pool, h.box); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	signedBy := func(nth int, secrets ...string) {
		t.Helper()
		h.happens(t, event("booking.created"))
		h.until(t, fmt.Sprint(nth), "SELECT count(*)::text FROM outbound_messages WHERE status = 'delivered'")
		got := h.sofar()[nth-1]
		var sec int64
		fmt.Sscan(got.header.Get("webhook-timestamp"), &sec) //nolint:errcheck // then the signature differs
		if want, err := outbound.Sign(got.header.Get("webhook-id"), time.Unix(sec, 0), []byte(got.body), secrets); err != nil || got.header.Get("webhook-signature") != want {
			t.Errorf("message %d is not signed by %d secrets: %q, %v", nth, len(secrets), got.header.Get("webhook-signature"), err)
		}
	}
	signedBy(1, second, first)
	h.run(t, "UPDATE endpoints SET old_secret_until = now() - interval '1 second'")
	signedBy(2, second)
}

// The row is the truth, the job only a hand: a lost hand is replaced, one that may still come is not doubled.
func TestAMessageWithoutAJobIsPickedUp(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.endpoint(t)
	h.happens(t, event("booking.created"), event("booking.updated"), event("booking.cancelled"))
	h.run(t, "UPDATE outbound_messages SET next_try_at = now() - interval '3 minutes'")
	h.run(t, "DELETE FROM river_job WHERE id = (SELECT min(id) FROM river_job)")
	h.run(t, "UPDATE river_job SET state = 'discarded', finalized_at = now() WHERE id = (SELECT min(id) FROM river_job)")
	if n, err := outbound.PickUp(t.Context(), h.pool, h.jobs.River); err != nil || n != 2 {
		t.Fatal(n, err)
	}
	if n, err := outbound.PickUp(t.Context(), h.pool, h.jobs.River); err != nil || n != 0 {
		t.Fatal("again", n, err)
	}
	h.start(t)
	h.until(t, "3", "SELECT count(*)::text FROM outbound_messages WHERE status = 'delivered'")
}

func TestPruneKeepsWhatWasNotDelivered(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id, _ := h.endpoint(t)
	for status, age := range map[string]string{"delivered": "91 days", "failed": "91 days", "pending": "91 days"} {
		h.run(t, `INSERT INTO outbound_messages (org_id, id, endpoint_id, source_id, event_type, happened_at, data, status, created_at, delivered_at)
			SELECT $1, gen_random_uuid(), $2, gen_random_uuid(), 'booking.created', now(), '{}', $3::message_status, now() - $4::interval, now() - $4::interval`, h.org.ID, id, status, age)
	}
	h.run(t, "UPDATE outbound_messages SET delivered_at = NULL WHERE status <> 'delivered'")
	if err := outbound.Prune(t.Context(), queries.New(h.pool), time.Now()); err != nil {
		t.Fatal(err)
	}
	if left := ask[string](t, h, "SELECT string_agg(status::text, ' ' ORDER BY status) FROM outbound_messages"); left != "pending failed" {
		t.Error(left)
	}
}
