package outside

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/wedsync/wedsync/queries/testdb"
)

// peer is somebody else's server, two nodes that call it, and a clock that all of them read.
type peer struct {
	*httptest.Server
	pool   *pgxpool.Pool
	org    uuid.UUID
	status atomic.Int64
	heard  atomic.Int64
	begun  chan struct{} // one for every call that is heard
	hold   chan struct{} // not nil: it answers once this is closed
	clock  atomic.Int64
	nodes  []*Door
}

func newPeer(t *testing.T) *peer {
	t.Helper()
	p := &peer{pool: testdb.New(t), begun: make(chan struct{}, 100)}
	p.org = testdb.Org(t, p.pool).ID
	p.status.Store(200)
	p.clock.Store(noon.UnixNano())
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.heard.Add(1)
		p.begun <- struct{}{}
		if p.hold != nil {
			<-p.hold
		}
		w.WriteHeader(int(p.status.Load()))
	}))
	t.Cleanup(p.Close)
	for range 2 {
		d := New(Config{Pool: p.pool, Log: slog.New(slog.DiscardHandler), AllowPrivate: true})
		d.now = func() time.Time { return time.Unix(0, p.clock.Load()).UTC() }
		p.nodes = append(p.nodes, d)
	}
	return p
}

func (p *peer) pass(d time.Duration) { p.clock.Add(int64(d)) }

func (p *peer) call(ctx context.Context, node int) error {
	req, err := http.NewRequest(http.MethodGet, p.URL+"/path/SECRET?key=SECRET", nil)
	if err != nil {
		return err
	}
	_, err = p.nodes[node].Do(ctx, Call{OrgID: p.org, Peer: "tave", Purpose: "read a job back", Typed: true}, req)
	return err
}

// trip makes it fail until its breaker is open.
func (p *peer) trip(t *testing.T) {
	t.Helper()
	p.status.Store(503)
	for i := range tripInARow {
		var later *Later
		if err := p.call(t.Context(), i%2); !errors.As(err, &later) || later.Status != 503 {
			t.Fatalf("call %d: %v", i, err)
		}
	}
}

func (p *peer) isOpen(t *testing.T, node int, wait time.Duration) {
	t.Helper()
	heard := p.heard.Load()
	var open *Open
	if err := p.call(t.Context(), node); !errors.As(err, &open) || p.heard.Load() != heard {
		t.Fatalf("not open: %v", err)
	}
	if want := time.Unix(0, p.clock.Load()).Add(wait); !open.Until.Equal(want) || open.Peer != "tave" {
		t.Errorf("until %v, want %v", open.Until, want)
	}
}

func TestABreakerIsSharedAndOneProbeClosesIt(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	p.trip(t)
	p.isOpen(t, 0, 5*time.Minute)
	p.isOpen(t, 1, 5*time.Minute)
	p.pass(5*time.Minute - time.Second)
	p.isOpen(t, 1, time.Second)
	p.pass(time.Second)
	var later *Later
	if err := p.call(t.Context(), 1); !errors.As(err, &later) {
		t.Fatalf("the probe: %v", err)
	}
	p.isOpen(t, 0, 5*time.Minute)
	p.pass(5 * time.Minute)
	p.status.Store(404) // a refusal proves that somebody is there
	var refused *Refused
	if err := p.call(t.Context(), 0); !errors.As(err, &refused) {
		t.Fatalf("the probe: %v", err)
	}
	p.status.Store(200)
	for node := range p.nodes {
		if err := p.call(t.Context(), node); err != nil {
			t.Errorf("closed: %v", err)
		}
	}
}

func TestOneProbeAcrossManyCallers(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	p.trip(t)
	p.pass(5 * time.Minute)
	p.status.Store(200)
	p.hold = make(chan struct{})
	heard := p.heard.Load()
	var all sync.WaitGroup
	var open, fine atomic.Int64
	for i := range 16 {
		all.Go(func() {
			var o *Open
			switch err := p.call(t.Context(), i%2); {
			case err == nil:
				fine.Add(1)
			case errors.As(err, &o):
				if open.Add(1) == 15 {
					close(p.hold) // all others have been turned away while the probe is out
				}
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if fine.Load() != 1 || open.Load() != 15 || p.heard.Load() != heard+1 {
		t.Errorf("%d got through, %d were turned away", fine.Load(), open.Load())
	}
}

// A node is killed while its probe is out: nobody tells how it went, and the lease runs out.
func TestAProbeThatNeverReportsDoesNotBlockForEver(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	p.trip(t)
	p.pass(5 * time.Minute)
	call := Call{OrgID: p.org, Peer: "tave", Deadline: deadline}
	if probe, err := p.nodes[0].admit(t.Context(), call); err != nil || !probe {
		t.Fatalf("%t, %v", probe, err)
	}
	p.isOpen(t, 1, deadline+probeGrace)
	p.pass(deadline + probeGrace)
	p.status.Store(200)
	if err := p.call(t.Context(), 1); err != nil {
		t.Errorf("after the lease: %v", err)
	}
}

func TestOnAWeddingDayTheProbeComesSooner(t *testing.T) {
	t.Parallel()
	tests := []struct {
		what       string
		status     string
		begin, end time.Duration
		wait       time.Duration
	}{
		{"under way", "confirmed", -time.Hour, time.Hour, 20 * time.Second}, {"on hold", "held", -time.Hour, time.Hour, 5 * time.Minute},
		{"cancelled", "cancelled", -time.Hour, time.Hour, 5 * time.Minute}, {"over", "confirmed", -2 * time.Hour, -time.Hour, 5 * time.Minute},
		{"begins in two minutes", "confirmed", 2 * time.Minute, time.Hour, 2 * time.Minute}, {"tomorrow", "confirmed", 24 * time.Hour, 30 * time.Hour, 5 * time.Minute},
	}
	p := newPeer(t)
	p.trip(t)
	for _, tt := range tests {
		_, err := p.pool.Exec(t.Context(), `WITH gone AS (DELETE FROM bookings WHERE org_id = $1)
			INSERT INTO bookings (org_id, status, during) VALUES ($1, $2::booking_status, tstzrange($3, $4))`, p.org, tt.status, noon.Add(tt.begin), noon.Add(tt.end))
		if err != nil {
			t.Fatal(err)
		}
		p.isOpen(t, 0, tt.wait)
	}
	// A neighbour's wedding hurries nobody here.
	if _, err := p.pool.Exec(t.Context(), `UPDATE bookings SET org_id = (SELECT id FROM orgs WHERE id <> $1 LIMIT 1), status = 'confirmed', during = tstzrange($2, $3) WHERE org_id = $1`,
		p.org, noon.Add(-time.Hour), noon.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	p.isOpen(t, 0, 5*time.Minute)
}

func TestRefusalsAreNoFailuresAndBreakersAreAnOrganisationsOwn(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	for _, status := range []int64{400, 401, 403, 404, 401, 403, 422, 410} {
		p.status.Store(status)
		var refused *Refused
		if err := p.call(t.Context(), 0); !errors.As(err, &refused) || refused.Status != int(status) {
			t.Fatalf("%d: %v", status, err)
		}
	}
	p.trip(t)
	p.isOpen(t, 0, 5*time.Minute)
	p.org, p.status = testdb.Org(t, p.pool).ID, atomic.Int64{}
	p.status.Store(200)
	if err := p.call(t.Context(), 0); err != nil {
		t.Errorf("a neighbour's breaker: %v", err)
	}
	all, err := p.nodes[0].Breakers(t.Context(), p.org)
	if err != nil || len(all) != 1 || all[0].Open() || all[0].Peer != "tave" || all[0].AnsweredAt.IsZero() {
		t.Errorf("%+v, %v", all, err)
	}
}

// A caller that goes away proves nothing about the peer, and its call is told all the same.
func TestACallThatWasCutShort(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	p.hold = make(chan struct{})
	for range tripInARow + 1 {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- p.call(ctx, 0) }()
		<-p.begun
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	close(p.hold)
	if err := p.call(t.Context(), 0); err != nil {
		t.Errorf("%v", err)
	}
	if n := count(t, p.pool, "SELECT count(*) FROM outside_calls WHERE outcome LIKE '%restarted%' AND status IS NULL"); n != tripInARow+1 {
		t.Errorf("%d are told", n)
	}
}

func TestEveryCallIsToldWithoutSecrets(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	if err := p.call(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	p.trip(t)
	p.isOpen(t, 0, 5*time.Minute) // nothing was sent, so there is nothing to tell
	req, _ := http.NewRequest(http.MethodPost, "https://169.254.169.254/SECRET", strings.NewReader("SECRET"))
	if _, err := p.nodes[0].Do(t.Context(), Call{OrgID: p.org, Peer: "endpoint:1", Purpose: "send", Typed: true}, req); !errors.Is(err, ErrPrivate) {
		t.Error(err)
	}
	for query, want := range map[string]int{
		"SELECT count(*) FROM outside_calls": 7,
		"SELECT count(*) FROM outside_calls WHERE peer = 'tave' AND purpose = 'read a job back' AND method = 'GET' AND host = '127.0.0.1' AND status = 503 AND outcome LIKE '%503%' AND took_ms >= 0": 5,
		"SELECT count(*) FROM outside_calls WHERE status = 200 AND outcome = 'answered 200 (OK)'":                                                                                                     1,
		"SELECT count(*) FROM outside_calls WHERE host = '169.254.169.254' AND status IS NULL AND outcome LIKE '%private network%'":                                                                   1,
		"SELECT count(*) FROM outside_calls c WHERE c::text LIKE '%SECRET%'":                                                                                                                          0,
		"SELECT count(*) FROM breakers b WHERE b::text LIKE '%SECRET%'":                                                                                                                               0,
		"SELECT count(*) FROM breakers WHERE opened_at IS NOT NULL":                                                                                                                                   1,
	} {
		if got := count(t, p.pool, query); got != want {
			t.Errorf("%s: %d, want %d", query, got, want)
		}
	}
}

// The rows tell of a call; that they cannot be written does not undo it.
func TestACallThatCannotBeToldWasMade(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	p.hold = make(chan struct{})
	go func() {
		<-p.begun
		if _, err := p.pool.Exec(t.Context(), "ALTER TABLE outside_calls RENAME TO away"); err != nil {
			t.Error(err)
		}
		close(p.hold)
	}()
	if err := p.call(t.Context(), 0); err != nil {
		t.Error(err)
	}
	if n := count(t, p.pool, "SELECT count(*) FROM away"); n != 0 {
		t.Error("the test did not test")
	}
}

func TestPrune(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	_, err := p.pool.Exec(t.Context(), `INSERT INTO outside_calls (org_id, id, at, peer, purpose, method, host, outcome, took_ms)
		SELECT $1, gen_random_uuid(), $2::timestamptz - n * interval '10 minutes', 'tave', '', 'GET', '', '', 1 FROM generate_series(1, 20000) n`, p.org, noon)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.nodes[0].Prune(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := count(t, p.pool, "SELECT count(*) FROM outside_calls"); n != 90*24*6 {
		t.Errorf("%d are left", n)
	}
}

func count(t *testing.T, pool *pgxpool.Pool, query string) (n int) {
	t.Helper()
	if err := pool.QueryRow(t.Context(), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
