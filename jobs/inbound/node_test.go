package inbound_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/wedsync/wedsync/jobs"
	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/seal"
	"github.com/wedsync/wedsync/queries/testdb"
)

// node is the real door and the real worker on a database of their own, with one organisation and its Stripe and CRM.
type node struct {
	pool   *pgxpool.Pool
	jobs   *jobs.Jobs
	door   *inbound.Door
	org    uuid.UUID
	stripe uuid.UUID
	crm    uuid.UUID
}

// newNode works nothing before start.
func newNode(t *testing.T) *node {
	t.Helper()
	pool := testdb.New(t)
	n := &node{pool: pool, jobs: worker(t, pool), org: testdb.Org(t, pool).ID}
	n.door = &inbound.Door{Pool: pool, River: n.jobs.River}
	n.stripe, n.crm = testdb.Connection(t, pool, n.org, queries.ProviderStripe), testdb.Connection(t, pool, n.org, queries.ProviderCustom)
	return n
}

func worker(t *testing.T, pool *pgxpool.Pool) *jobs.Jobs {
	t.Helper()
	box, err := seal.FromFile(filepath.Join(t.TempDir(), "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	j, err := jobs.New(jobs.Config{Box: box, URL: &url.URL{Scheme: "http", Host: "wedsync.test"}, Pool: pool, Waker: queries.NewWaker(queries.New(pool), log), Log: log, Node: "node-" + uuid.NewString(), Work: true})
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func (n *node) start(t *testing.T) *node {
	t.Helper()
	start(t, n.jobs)
	return n
}

func start(t *testing.T, j *jobs.Jobs) {
	t.Helper()
	if err := j.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := j.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
}

func (n *node) delivery(connection uuid.UUID, body []byte, at time.Time) inbound.Delivery {
	provider := queries.ProviderCustom
	if connection == n.stripe {
		provider = queries.ProviderStripe
	}
	return inbound.Delivery{OrgID: n.org, ConnectionID: connection, Provider: provider, ContentType: "application/json", Proof: "test",
		Peeked: inbound.Peek(provider, http.Header{"Content-Type": {"application/json"}}, body, at), Body: body, ReceivedAt: at}
}

// send is the door.
func (n *node) send(t *testing.T, connection uuid.UUID, bodies ...[]byte) []inbound.Receipt {
	t.Helper()
	var all []inbound.Delivery
	for _, body := range bodies {
		all = append(all, n.delivery(connection, body, time.Now()))
	}
	receipts, err := n.door.Accept(t.Context(), all)
	if err != nil {
		t.Fatal(err)
	}
	return receipts
}

// enter queues a lane, as whoever puts something into it does.
func (n *node) enter(t *testing.T, connection uuid.UUID) {
	t.Helper()
	err := pgx.BeginFunc(t.Context(), n.pool, func(tx pgx.Tx) error {
		return inbound.Enter(t.Context(), tx, n.jobs.River, []inbound.Lane{{OrgID: n.org, ConnectionID: connection}})
	})
	if err != nil {
		t.Fatal(err)
	}
}

// tell sends one after the other, each once the one before it is settled.
func (n *node) tell(t *testing.T, connection uuid.UUID, bodies ...[]byte) (last uuid.UUID) {
	t.Helper()
	for _, body := range bodies {
		last = n.send(t, connection, body)[0].ID
		n.settle(t)
	}
	return last
}

// settle waits until nothing waits and nothing is being worked.
func (n *node) settle(t *testing.T) {
	t.Helper()
	eventually(t, "every delivery is settled", func() bool {
		return ask[int](t, n.pool, `SELECT (SELECT count(*) FROM webhook_logs WHERE status = 'accepted') +
			(SELECT count(*) FROM river_job WHERE queue IN ('inbound', 'inbound_retries') AND state IN ('available', 'running', 'retryable', 'scheduled'))`) == 0
	})
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

// ask is one value from the database.
func ask[T any](t *testing.T, pool *pgxpool.Pool, query string, args ...any) T {
	t.Helper()
	rows, err := pool.Query(t.Context(), query, args...)
	if err != nil {
		t.Fatal(err)
	}
	value, err := pgx.CollectOneRow(rows, pgx.RowTo[T])
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return value
}

func run(t *testing.T, pool *pgxpool.Pool, statement string, args ...any) {
	t.Helper()
	if _, err := pool.Exec(t.Context(), statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// fate is what the deliveries page shows, and every attempt behind it: "applied 1: applied".
func (n *node) fate(t *testing.T, id uuid.UUID) string {
	t.Helper()
	return ask[string](t, n.pool, `SELECT l.status || ' ' || l.attempts || ': ' ||
		(SELECT coalesce(string_agg(a.outcome::text, ', ' ORDER BY a.attempt), '') FROM webhook_attempts a WHERE a.org_id = l.org_id AND a.delivery_id = l.id)
		FROM webhook_logs l WHERE l.org_id = $1 AND l.id = $2`, n.org, id)
}

func (n *node) applied(t *testing.T, id uuid.UUID) {
	t.Helper()
	if got := n.fate(t, id); got != "applied 1: applied" {
		t.Errorf("delivery %s: %s", id, got)
	}
}

// figures are the dashboard's, as a person would read them out.
type figures struct{ Paid, Refunded, Confirmed, Clients, Waiting, Unread int64 }

func (n *node) figures(t *testing.T) figures {
	t.Helper()
	now := time.Now()
	soon := now.AddDate(0, 0, 30)
	k, err := queries.New(n.pool).KPIs(t.Context(), queries.KPIsParams{OrgID: n.org, Now: &now, In30Days: &soon})
	if err != nil {
		t.Fatal(err)
	}
	return figures{k.RevenuePaid, k.RevenueRefunded, k.BookingsConfirmed, k.ClientsActive, k.EventsWaiting, k.EventsUnread}
}

type object = map[string]any

func encoded(o object) []byte {
	raw, err := json.Marshal(o)
	if err != nil {
		panic(err) // made of strings and numbers
	}
	return raw
}

// stripeEvent happened so many minutes ago.
func stripeEvent(id, kind string, minutesAgo int, of object) []byte {
	at := time.Now().Add(-time.Duration(minutesAgo) * time.Minute)
	return encoded(object{"id": id, "object": "event", "type": kind, "created": at.Unix(), "data": object{"object": of}})
}

// ours is our own shape.
func ours(id, kind string, minutesAgo int, data object) []byte {
	at := time.Now().Add(-time.Duration(minutesAgo) * time.Minute).UTC()
	return encoded(object{"id": id, "type": kind, "occurred_at": at.Format(time.RFC3339Nano), "data": data})
}
