package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/testdb"
)

// tuesday is when the sweeps below come by: four in the afternoon in London, in June.
var tuesday = time.Date(2027, 6, 15, 15, 0, 0, 0, time.UTC)

// listener is a sweep on a database of its own, and how a supplier's Tave has been until now.
type listener struct {
	*silence
	org, tave uuid.UUID
	woken     func() int
}

func newListener(t *testing.T) *listener {
	t.Helper()
	return listenerOn(t, testdb.New(t))
}

func listenerOn(t *testing.T, pool *pgxpool.Pool) *listener {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	var mu sync.Mutex
	woken := 0
	waker := queries.NewWaker(queries.New(pool), log)
	waker.Here = func(...uuid.UUID) {
		mu.Lock()
		defer mu.Unlock()
		woken++
	}
	inserts, err := river.NewClient(riverpgxv5.New(pool), &river.Config{})
	if err != nil {
		t.Fatal(err)
	}
	l := &listener{silence: &silence{pool: pool, waker: waker, log: log, river: inserts}, woken: func() int {
		mu.Lock()
		defer mu.Unlock()
		return woken
	}}
	l.org = testdb.Org(t, pool).ID
	l.tave = testdb.Connection(t, pool, l.org, queries.ProviderTave)
	return l
}

// usually fills the days before tuesday, the silent ones left out.
func (l *listener) usually(t *testing.T, connection uuid.UUID, perDay, days int) {
	t.Helper()
	_, err := l.pool.Exec(t.Context(), `INSERT INTO connection_days (org_id, connection_id, day, arrived)
		SELECT $1, $2, $3::date - i, $4 FROM generate_series(1, $5) i`, l.org, connection, tuesday, perDay, days)
	if err != nil {
		t.Fatal(err)
	}
}

func (l *listener) delivery(t *testing.T, connection uuid.UUID, source string, at time.Time) {
	t.Helper()
	id := uuid.Must(uuid.NewV7())
	_, err := l.pool.Exec(t.Context(), `INSERT INTO webhook_logs (org_id, id, connection_id, provider, event_id, status, received_at, content_type, proof, body, source)
		VALUES ($1, $2, $3, 'tave', $4, 'applied', $5, 'application/json', 'wedsync', '{}', $6::delivery_source)`, l.org, id, connection, id.String(), at, source)
	if err != nil {
		t.Fatal(err)
	}
}

func (l *listener) swept(t *testing.T, now time.Time) {
	t.Helper()
	if err := l.sweep(t.Context(), now); err != nil {
		t.Fatal(err)
	}
}

// told is the feed, oldest first, and how often the regions moved.
func (l *listener) told(t *testing.T) (feed string, activity, health int64) {
	t.Helper()
	err := l.pool.QueryRow(t.Context(), `SELECT coalesce(string_agg(kind || ' ' || provider || ': ' || what, '; ' ORDER BY at), ''),
		coalesce((SELECT version FROM live_regions WHERE audience = $1 AND region = 'activity'), 0),
		coalesce((SELECT version FROM live_regions WHERE audience = $1 AND region = $2), 0) FROM activities WHERE org_id = $1`, l.org, inbound.HealthRegion(l.tave)).Scan(&feed, &activity, &health)
	if err != nil {
		t.Fatal(err)
	}
	return feed, activity, health
}

func TestASilenceIsToldOnceAndSoIsItsEnd(t *testing.T) {
	t.Parallel()
	l := newListener(t)
	l.usually(t, l.tave, 4, 60)
	l.delivery(t, l.tave, "hook", tuesday.Add(-31*time.Hour))
	for range 3 {
		l.swept(t, tuesday)
	}
	const began = "connection_silent tave: it usually sends 4 a day; nothing for 31 hours"
	if feed, activity, health := l.told(t); feed != began || activity != 1 || health != 1 || l.woken() != 1 {
		t.Errorf("%q, activity %d, health %d, woken %d", feed, activity, health, l.woken())
	}
	l.delivery(t, l.tave, "test", tuesday) // the supplier's own test is no sign of life
	l.delivery(t, l.tave, "import", tuesday)
	l.swept(t, tuesday.Add(time.Minute))
	if feed, _, _ := l.told(t); feed != began {
		t.Errorf("%q", feed)
	}
	l.delivery(t, l.tave, "hook", tuesday.Add(5*time.Hour))
	for range 2 {
		l.swept(t, tuesday.Add(5*time.Hour+time.Minute))
	}
	if feed, activity, health := l.told(t); feed != began+"; connection_back tave: after 36 hours" || activity != 2 || health != 2 || l.woken() != 2 {
		t.Errorf("%q, activity %d, health %d, woken %d", feed, activity, health, l.woken())
	}
	l.swept(t, tuesday.Add(50*time.Hour)) // it stops again: that is a silence of its own
	if feed, _, _ := l.told(t); strings.Count(feed, "connection_silent") != 2 {
		t.Errorf("%q", feed)
	}
}

func TestTwoSweepsAtOnceMakeOneNotice(t *testing.T) {
	t.Parallel()
	pool := testdb.New(t)
	one := listenerOn(t, pool)
	two := *one.silence // another node's
	one.usually(t, one.tave, 200, 60)
	one.delivery(t, one.tave, "hook", tuesday.Add(-31*time.Hour))
	both := func(now time.Time) {
		var sweeps sync.WaitGroup
		errs := make(chan error, 8)
		start := make(chan struct{})
		for i := range 8 {
			sweep := []func(context.Context, time.Time) error{one.sweep, two.sweep}[i%2]
			sweeps.Go(func() {
				<-start
				errs <- sweep(t.Context(), now)
			})
		}
		close(start)
		sweeps.Wait()
		close(errs)
		for err := range errs {
			if err != nil {
				t.Error(err)
			}
		}
	}
	both(tuesday)
	if feed, activity, _ := one.told(t); strings.Count(feed, "connection_silent") != 1 || activity != 1 {
		t.Errorf("%q, activity %d", feed, activity)
	}
	one.delivery(t, one.tave, "hook", tuesday.Add(time.Minute))
	both(tuesday.Add(2 * time.Minute))
	if feed, activity, _ := one.told(t); strings.Count(feed, "connection_back") != 1 || activity != 2 {
		t.Errorf("%q, activity %d", feed, activity)
	}
}

// What comes between the look and the mark ends the silence before it began.
func TestADeliveryThatOvertakesTheSweep(t *testing.T) {
	t.Parallel()
	l := newListener(t)
	l.usually(t, l.tave, 4, 60)
	last := tuesday.Add(-31 * time.Hour)
	l.delivery(t, l.tave, "hook", last)
	rows, err := queries.New(l.pool).AllOrgsQuietConnections(t.Context(), pageOf(uuid.Nil, uuid.Nil, tuesday))
	if err != nil || len(rows) != 1 {
		t.Fatalf("%+v, %v", rows, err)
	}
	l.delivery(t, l.tave, "hook", tuesday)
	if err := l.listen(t.Context(), rows[0], tuesday); err != nil {
		t.Fatal(err)
	}
	if feed, _, _ := l.told(t); feed != "" || l.woken() != 0 {
		t.Errorf("%q", feed)
	}
}

func TestWhoIsNotSilent(t *testing.T) {
	t.Parallel()
	l := newListener(t)
	batch := testdb.Connection(t, l.pool, l.org, queries.ProviderCustom) // thirty every night at two
	l.usually(t, batch, 30, 60)
	for night := range 3 {
		for i := range 30 {
			l.delivery(t, batch, "hook", time.Date(2027, 6, 13+night, 1, 0, i, 0, time.UTC))
		}
	}
	fresh := testdb.Connection(t, l.pool, l.org, queries.ProviderStripe) // too new to have a habit
	l.usually(t, fresh, 50, 5)
	l.delivery(t, fresh, "hook", tuesday.Add(-60*time.Hour))
	testdb.Connection(t, l.pool, l.org, queries.ProviderShootq) // never
	own := testdb.Connection(t, l.pool, l.org, queries.ProviderLightblue)
	l.usually(t, own, 4, 60)
	l.delivery(t, own, "import", tuesday.Add(-100*time.Hour)) // sheets only
	l.swept(t, tuesday)
	if feed, _, _ := l.told(t); feed != "" {
		t.Errorf("%q", feed)
	}
	var marked int
	if err := l.pool.QueryRow(t.Context(), "SELECT count(*) FROM connections WHERE silent_since IS NOT NULL").Scan(&marked); err != nil || marked != 0 {
		t.Errorf("%d marked, %v", marked, err)
	}
}

// Each supplier hears of their own, and a sweep of more than one page forgets nobody.
func TestTheSweepGoesThroughAllPages(t *testing.T) {
	t.Parallel()
	l := newListener(t)
	other := testdb.Org(t, l.pool).ID
	const many = 1100
	_, err := l.pool.Exec(t.Context(), `WITH made AS (
			INSERT INTO connections (org_id, provider, token_sha256, token_sealed)
			SELECT CASE WHEN i % 2 = 0 THEN $1::uuid ELSE $2::uuid END, 'tave', sha256(i::text::bytea), '' FROM generate_series(1, $3::int) i RETURNING org_id, id
		), days AS (
			INSERT INTO connection_days (org_id, connection_id, day, arrived) SELECT m.org_id, m.id, $4::timestamptz::date - d, 4 FROM made m, generate_series(1, 20) d
		)
		INSERT INTO webhook_logs (org_id, id, connection_id, provider, event_id, status, received_at, content_type, proof, body)
		SELECT org_id, gen_random_uuid(), id, 'tave', id::text, 'applied', $4::timestamptz - interval '31 hours', 'application/json', 'wedsync', '{}' FROM made`, l.org, other, many, tuesday)
	if err != nil {
		t.Fatal(err)
	}
	l.swept(t, tuesday)
	var ours, theirs, marked int
	err = l.pool.QueryRow(t.Context(), `SELECT count(*) FILTER (WHERE org_id = $1), count(*) FILTER (WHERE org_id = $2), (SELECT count(*) FROM connections WHERE silent_since IS NOT NULL)
		FROM activities WHERE kind = 'connection_silent'`, l.org, other).Scan(&ours, &theirs, &marked)
	if err != nil || ours != many/2 || theirs != many/2 || marked != many {
		t.Errorf("ours %d, theirs %d, marked %d, %v", ours, theirs, marked, err)
	}
}

// The clock redraws what is in trouble, and nothing else: neither the neighbour nor the connection beside it.
func TestTroubleIsShownThoughNothingIsWritten(t *testing.T) {
	t.Parallel()
	l := newListener(t)
	well := testdb.Connection(t, l.pool, l.org, queries.ProviderStripe)
	l.delivery(t, well, "hook", time.Now())
	run := func() string {
		t.Helper()
		if err := (&unwell{pool: l.pool, waker: l.waker}).Work(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		var touched string
		err := l.pool.QueryRow(t.Context(), `SELECT coalesce(string_agg(CASE region WHEN $1 THEN 'tave' ELSE region END || ' ' || version, ', ' ORDER BY region), '')
			FROM live_regions WHERE region LIKE 'health:%'`, inbound.HealthRegion(l.tave)).Scan(&touched)
		if err != nil {
			t.Fatal(err)
		}
		return touched
	}
	if touched := run(); touched != "" {
		t.Errorf("all is well: %s", touched)
	}
	for i, trouble := range []string{
		"INSERT INTO breakers (org_id, peer, failures, opened_at) VALUES ($1, 'tave:' || $2::uuid, 5, now())",
		"UPDATE breakers SET opened_at = NULL, answered_at = now() WHERE org_id = $1 AND $2::uuid IS NOT NULL", // it answers again
		`DELETE FROM breakers; INSERT INTO readbacks (org_id, connection_id, key_sealed, next_poll_at) VALUES ($1, $2, '', now() - interval '1 hour')`,
		`DELETE FROM readbacks; UPDATE connections SET silent_since = now() WHERE org_id = $1 AND id = $2`,
		`UPDATE connections SET silent_since = NULL; INSERT INTO webhook_logs (org_id, id, connection_id, provider, event_id, received_at, waiting_since, content_type, proof, body)
			VALUES ($1, gen_random_uuid(), $2, 'tave', 'waits', now(), now() - interval '1 minute', '', '', '')`,
	} {
		for statement := range strings.SplitSeq(trouble, "; ") {
			var args []any
			if strings.Contains(statement, "$1") {
				args = []any{l.org, l.tave}
			}
			if _, err := l.pool.Exec(t.Context(), statement, args...); err != nil {
				t.Fatal(err)
			}
		}
		if touched, want := run(), fmt.Sprintf("tave %d", i+1); touched != want || l.woken() != i+1 {
			t.Errorf("after %q: %q, want %q; woken %d times", trouble, touched, want, l.woken())
		}
	}
}
