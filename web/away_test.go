package web

import (
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/migrations"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/localpg"
	"github.com/wedsync/wedsync/queries/testdb"
)

// ownPostgres is a server that a test may kill.
func ownPostgres(t *testing.T) (dir string, start func() *localpg.Server) {
	t.Helper()
	// Passable for the account that Postgres runs as, which the folder of t.TempDir may not be; and short, for the socket.
	dir, err := os.MkdirTemp("", "away-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	return dir, func() *localpg.Server {
		t.Helper()
		s, err := localpg.Start(t.Context(), dir, localpg.Options{Binaries: os.Getenv("WEDSYNC_POSTGRES")})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Stop() }) //nolint:errcheck // killed already, or the test has failed for another reason
		return s
	}
}

// kill is kill -9 of the postmaster; its children notice and end.
func kill(t *testing.T, dir string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "postgres", "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(line)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

// The database is killed under a running node and comes back: the node goes on by itself.
func TestCase10TheDatabaseRestartsUnderARunningNode(t *testing.T) {
	t.Parallel()
	dir, start := ownPostgres(t)
	server := start()
	pool, err := pgxpool.New(t.Context(), server.URL()+"&pool_max_conns=8")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	if _, err := migrations.Apply(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	s := siteOn(t, pool).work(t)
	c := s.caller(t, testdb.Org(t, pool).ID, queries.ProviderCustom, "203.0.113.9")
	ready := func() (int, string) {
		got := s.get(t, "/readyz", nil)
		return got.Code, got.Body.String()
	}
	apply := func(id string) {
		t.Helper()
		var got answer
		eventually(t, "it is taken", func() bool { // a connection from before may still have to fail: the sender tries again
			var code int
			code, got, _ = c.send(t, c.signed(t, bookingSent(id)))
			return code == 202
		})
		if status, words := c.fate(t, got.ID); status != "applied" {
			t.Errorf("%s: %s, %s", id, status, words)
		}
	}
	apply("e-before")
	if code, words := ready(); code != 200 {
		t.Fatalf("%d %s", code, words)
	}

	kill(t, dir)
	eventually(t, "readiness tells that the database is away", func() bool {
		code, words := ready()
		return code == 503 && strings.Contains(words, "Database: does not answer")
	})
	if code, got, h := c.send(t, c.signed(t, bookingSent("e-meanwhile"))); code != 503 || got.Error.Code != "away" || h.Get("Retry-After") == "" {
		t.Errorf("meanwhile: %d %+v", code, got)
	}
	if findings := Examine(t.Context(), pool, true); len(findings) != 1 || findings[0].Healthy {
		t.Errorf("%+v", findings)
	}

	again := start()
	if address, _ := url.Parse(again.URL()); address.Host != "" || again.URL() != server.URL() {
		t.Fatalf("it came back at %s", again.URL())
	}
	eventually(t, "the node is ready again", func() bool { code, _ := ready(); return code == 200 })
	for _, id := range []string{"e-meanwhile", "e-after-1", "e-after-2"} { // the sender tries again
		apply(id)
	}
	eventually(t, "the node says again that it lives", func() bool { // or others would take its jobs
		return s.count(t, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 87 AND granted") == 1
	})
	eventually(t, "what the crash undid of e-before is done again, and nothing twice", func() bool {
		return s.count(t, "SELECT count(*) FROM bookings WHERE org_id = $1", c.org) == 4 &&
			s.count(t, "SELECT count(*) FROM webhook_logs WHERE org_id = $1 AND status = 'applied'", c.org) == 4
	})
}

// A worker that lives and takes nothing is noticed by how long the oldest delivery has waited.
func TestCase10AQueueThatStandsStillIsToldAsLag(t *testing.T) {
	t.Parallel()
	c := newCaller(t, queries.ProviderCustom)
	c.work(t)
	paused, unsubscribe := c.jobs.River.Subscribe(river.EventKindQueuePaused)
	defer unsubscribe()
	eventually(t, "the worker has heard that it stands still", func() bool { // one that has just started may not listen yet
		if err := c.jobs.River.QueuePause(t.Context(), inbound.Queue, &river.QueuePauseOpts{}); err != nil {
			t.Fatal(err)
		}
		select {
		case <-paused:
			return true
		default:
			return false
		}
	})
	_, waiting, _ := c.send(t, c.signed(t, bookingSent("e-1")))
	if got := c.get(t, "/readyz", nil); got.Code != 200 || !strings.Contains(got.Body.String(), "wait, the oldest for") {
		t.Errorf("a short wait is no alarm: %d %s", got.Code, got.Body)
	}
	if _, err := c.pool.Exec(t.Context(), "UPDATE webhook_logs SET waiting_since = now() - interval '95 seconds' WHERE id = $1", waiting.ID); err != nil {
		t.Fatal(err)
	}
	got := c.get(t, "/readyz", nil)
	if got.Code != 503 || !strings.Contains(got.Body.String(), "the oldest for 1m35s") || !strings.Contains(got.Body.String(), "none was applied meanwhile") {
		t.Errorf("%d %s", got.Code, got.Body)
	}
	// A storm makes deliveries wait as long, and is no fault while lanes move on.
	if _, err := c.pool.Exec(t.Context(), `INSERT INTO river_job (kind, queue, args, max_attempts, state, finalized_at) VALUES ('drain_lane', 'inbound', '{}', 25, 'completed', now())`); err != nil {
		t.Fatal(err)
	}
	if got := c.get(t, "/readyz", nil); got.Code != 200 || !strings.Contains(got.Body.String(), "the oldest for 1m35s") {
		t.Errorf("in a storm: %d %s", got.Code, got.Body)
	}
	if metrics := c.get(t, "/metrics", nil).Body.String(); !strings.Contains(metrics, "wedsync_delivery_lag_seconds 95") {
		t.Error("the metrics tell no lag")
	}
	for _, f := range Examine(t.Context(), c.pool, false) {
		if !f.Healthy { // a node that works no jobs is none the worse for it
			t.Errorf("%+v", f)
		}
	}
	if err := c.jobs.River.QueueResume(t.Context(), inbound.Queue, &river.QueuePauseOpts{}); err != nil {
		t.Fatal(err)
	}
	if status, _ := c.fate(t, waiting.ID); status != "applied" {
		t.Error(status)
	}
	eventually(t, "the node is ready again", func() bool { return c.get(t, "/readyz", nil).Code == 200 })
}
