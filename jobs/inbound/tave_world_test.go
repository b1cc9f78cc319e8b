package inbound_test

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/wedsync/wedsync/jobs"
	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/jobs/sandbox"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/seal"
	"github.com/wedsync/wedsync/queries/testdb"
)

// studio is a supplier whose Tave is the stand-in: a real worker, real HTTP, a real database.
type studio struct {
	*node
	vsco *sandbox.VSCO
	tave uuid.UUID
	seen time.Time // by the studio's own clock, which is behind ours
}

const goodKey = "a-good-key"

var theDay = time.Date(2027, 6, 12, 0, 0, 0, 0, time.UTC)

// newStudio has its key, and has polled nothing yet.
func newStudio(t *testing.T) *studio {
	t.Helper()
	vsco := sandbox.NewVSCO(goodKey, time.Now())
	server := httptest.NewServer(vsco)
	t.Cleanup(server.Close)
	pool := testdb.New(t)
	box, err := seal.FromFile(filepath.Join(t.TempDir(), "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	j, err := jobs.New(jobs.Config{URL: &url.URL{Scheme: "http", Host: "wedsync.test"}, Pool: pool, Waker: queries.NewWaker(queries.New(pool), log), Log: log, Node: "node-" + uuid.NewString(), Work: true,
		Box: box, AllowPrivate: true, TaveURL: server.URL + "/api/v2"})
	if err != nil {
		t.Fatal(err)
	}
	n := &node{pool: pool, jobs: j, org: testdb.Org(t, pool).ID}
	n.door = inbound.NewDoor(pool, j.River)
	s := &studio{node: n, vsco: vsco, tave: testdb.Connection(t, pool, n.org, queries.ProviderTave), seen: time.Now().Add(-time.Hour).Truncate(time.Second)}
	s.key(t, goodKey)
	return s
}

func (s *studio) key(t *testing.T, key string) {
	t.Helper()
	if err := s.jobs.Tave.KeepKey(t.Context(), s.jobs.River, s.org, s.tave, nil, key); err != nil {
		t.Fatal(err)
	}
}

// later is a moment in the studio that no record bears yet.
func (s *studio) later() time.Time {
	s.seen = s.seen.Add(time.Minute)
	return s.seen
}

// calm waits until no bell, poll or delivery is under way. What waits for Tave waits longer than a test.
func (s *studio) calm(t *testing.T) {
	t.Helper()
	eventually(t, "nothing is under way", func() bool {
		return ask[int](t, s.pool, `SELECT (SELECT count(*) FROM webhook_logs WHERE status = 'accepted') + (SELECT count(*) FROM river_job
			WHERE queue IN ('inbound', 'inbound_retries', 'outside') AND (state = 'running' OR state IN ('available', 'retryable', 'scheduled') AND scheduled_at < now() + interval '1 second'))`) == 0
	})
}

// poll is the clock's, now.
func (s *studio) poll(t *testing.T) {
	t.Helper()
	if _, err := s.jobs.River.Insert(t.Context(), inbound.TavePollArgs{OrgID: s.org, ConnectionID: s.tave}, nil); err != nil {
		t.Fatal(err)
	}
	s.calm(t)
}

// bell is what the drain does with a delivery that has no proof but "doorbell".
func (s *studio) bell(t *testing.T, body string) uuid.UUID {
	t.Helper()
	id := uuid.Must(uuid.NewV7())
	err := pgx.BeginFunc(t.Context(), s.pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `INSERT INTO webhook_logs (org_id, id, connection_id, provider, event_id, received_at, content_type, proof, body, status)
			VALUES ($1, $2, $3, 'tave', $4, now(), 'application/json', 'doorbell', $5, 'ignored')`, s.org, id, s.tave, id.String(), []byte(body))
		if err != nil {
			return err
		}
		err = inbound.Ring(t.Context(), s.jobs.River, tx, inbound.Bell{OrgID: s.org, ConnectionID: s.tave, DeliveryID: id, ContentType: "application/json", Body: []byte(body)})
		words, is := errors.AsType[inbound.Ignored](err)
		if !is {
			return fmt.Errorf("ring: %w", err)
		}
		_, err = tx.Exec(t.Context(), `UPDATE webhook_logs SET error = $3 WHERE org_id = $1 AND id = $2`, s.org, id, words.Reason)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	s.calm(t)
	return id
}

func target(id string) string { return `{"targetId":"` + id + `"}` }

// booking as its page shows it: "2027-06-12 confirmed Anna & Tom".
func (s *studio) booking(t *testing.T, job string) string {
	t.Helper()
	return ask[string](t, s.pool, `SELECT coalesce((SELECT to_char(starts_local, 'YYYY-MM-DD') || ' ' || status || coalesce(' ' || value_minor, '') || ' of ' ||
		coalesce((SELECT c.name || ' & ' || c.partner_name FROM clients c WHERE c.org_id = b.org_id AND c.connection_id = b.connection_id AND c.external_id = b.client_external_id), 'nobody')
		FROM bookings b WHERE org_id = $1 AND connection_id = $2 AND external_id = $3), 'none')`, s.org, s.tave, job)
}

func (s *studio) stands(t *testing.T, delivery uuid.UUID) string {
	t.Helper()
	return ask[string](t, s.pool, `SELECT status || ': ' || error FROM webhook_logs WHERE org_id = $1 AND id = $2`, s.org, delivery)
}

// readBack are the versions that were stored.
func (s *studio) readBack(t *testing.T) []string {
	t.Helper()
	rows, err := s.pool.Query(t.Context(), `SELECT event_id FROM webhook_logs WHERE org_id = $1 AND connection_id = $2 AND proof = 'readback' ORDER BY id`, s.org, s.tave)
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func (s *studio) trouble(t *testing.T) string {
	t.Helper()
	return ask[string](t, s.pool, `SELECT trouble FROM readbacks WHERE org_id = $1 AND connection_id = $2`, s.org, s.tave)
}

// started has polled an empty studio.
func started(t *testing.T) *studio {
	t.Helper()
	s := newStudio(t)
	s.start(t)
	s.calm(t)
	return s
}
