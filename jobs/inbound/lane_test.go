package inbound_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/testdb"
)

// Doors and drains race for the moment at which a lane is found empty. Nothing may be left behind in it: what is, would
// wait for tidy, and that is minutes later.
func TestNothingIsLeftInALaneThatIsFoundEmpty(t *testing.T) {
	t.Parallel()
	n := newNode(t).start(t)
	start(t, worker(t, n.pool))
	var all sync.WaitGroup
	for client := range 8 {
		all.Go(func() {
			for i := range 60 {
				body := paidInOurShape(fmt.Sprintf("e-%d-%d", client, i), fmt.Sprintf("p-%d-%d", client, i), 100)
				if _, err := n.door.Accept(t.Context(), []inbound.Delivery{n.delivery(n.crm, body, time.Now())}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	n.settle(t)
	if got := n.figures(t); got.Paid != 48_000 || got.Waiting != 0 {
		t.Errorf("%+v", got)
	}
	if queued := ask[int](t, n.pool, "SELECT count(*) FROM lanes WHERE queued"); queued != 0 {
		t.Errorf("%d lanes are queued with nobody coming", queued)
	}
	if twice := ask[int](t, n.pool, "SELECT count(*) FROM webhook_logs WHERE org_id = $1 AND attempts <> 1", n.org); twice != 0 {
		t.Errorf("%d were tried more than once", twice)
	}
}

// Storms take turns: a neighbour's one delivery does not wait for the end of somebody's three thousand.
func TestAStormOfOneDoesNotDelayAnother(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	neighbour := testdb.Org(t, n.pool).ID
	theirs := testdb.Connection(t, n.pool, neighbour, queries.ProviderCustom)
	var storm [][]byte
	for i := range 3000 {
		storm = append(storm, paidInOurShape(fmt.Sprintf("e-%d", i), fmt.Sprintf("p-%d", i), 100))
	}
	n.send(t, n.crm, storm...)
	n.start(t)
	one := n.delivery(theirs, paidInOurShape("e-1", "p-1", 700), time.Now())
	one.OrgID = neighbour
	receipts, err := n.door.Accept(t.Context(), []inbound.Delivery{one})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the neighbour's delivery is applied", func() bool {
		return ask[string](t, n.pool, "SELECT status::text FROM webhook_logs WHERE id = $1", receipts[0].ID) == "applied"
	})
	if left := ask[int](t, n.pool, "SELECT count(*) FROM webhook_logs WHERE org_id = $1 AND status = 'accepted'", n.org); left < 1000 {
		t.Errorf("only %d of the storm were left when the neighbour's turn came", left)
	}
	n.settle(t)
	if got := n.figures(t); got.Paid != 300_000 {
		t.Errorf("%+v", got)
	}
}

// One delivery that cannot be saved is set aside with a retry of its own, and holds nothing up.
func TestADeliveryThatFailsIsSetAsideAndTheLaneGoesOn(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	run(t, n.pool, `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.amount_minor = 666 THEN RAISE 'not now' USING ERRCODE = '55000'; END IF; RETURN NEW; END $$`)
	run(t, n.pool, `CREATE TRIGGER refuse BEFORE INSERT ON payments FOR EACH ROW EXECUTE FUNCTION refuse()`)
	var bodies [][]byte
	for i := range 40 {
		amount := 100
		if i == 17 {
			amount = 666
		}
		bodies = append(bodies, paidInOurShape(fmt.Sprintf("e-%d", i), fmt.Sprintf("p-%d", i), amount))
	}
	receipts := n.send(t, n.crm, bodies...)
	n.start(t)
	poison := receipts[17].ID
	eventually(t, "the others are applied", func() bool {
		return ask[int](t, n.pool, "SELECT count(*) FROM webhook_logs WHERE status = 'applied'") == 39
	})
	eventually(t, "the one is set aside", func() bool { return strings.HasPrefix(n.fate(t, poison), "failed") })
	wait := ask[float64](t, n.pool, `SELECT extract(epoch FROM j.scheduled_at - w.next_try_at)::float8 FROM webhook_logs w
		JOIN river_job j ON j.kind = 'apply_delivery' AND j.args @> jsonb_build_object('delivery_id', w.id) WHERE w.id = $1 ORDER BY j.id DESC LIMIT 1`, poison)
	if wait < -0.001 || wait > 0.001 {
		t.Errorf("the page's next try and the queue's are %.3f s apart", wait)
	}
	run(t, n.pool, "DROP TRIGGER refuse ON payments")
	eventually(t, "it is applied by its own retry", func() bool { return strings.HasPrefix(n.fate(t, poison), "applied") })
	if got := n.figures(t); got.Paid != 39*100+666 || got.Unread != 0 || got.Waiting != 0 {
		t.Errorf("%+v", got)
	}
}

func TestBackoffGrowsAndIsTheSameForTheSameDelivery(t *testing.T) {
	t.Parallel()
	id, other := uuid.MustParse("0193e8b4-0000-7000-8000-000000000001"), uuid.MustParse("0193e8b4-0000-7000-8000-000000000002")
	now := time.Date(2027, 6, 12, 15, 55, 0, 0, time.UTC)
	for attempts, want := range map[int]time.Duration{1: time.Second, 2: 16 * time.Second, 5: 625 * time.Second, 9: 6561 * time.Second} {
		got := inbound.Backoff(id, attempts)
		if got < want*9/10 || got > want*11/10 || got != inbound.Backoff(id, attempts) {
			t.Errorf("after %d: %s", attempts, got)
		}
		if got == inbound.Backoff(other, attempts) {
			t.Errorf("after %d: two deliveries come back at one moment", attempts)
		}
	}
	next := now.Add(inbound.Backoff(id, 3))
	all := inbound.Schedule(id, 3, next)
	if len(all) != inbound.MaxAttempts-3 || !all[0].Equal(next) || !all[1].Equal(next.Add(inbound.Backoff(id, 4))) {
		t.Errorf("%v", all)
	}
	if left := inbound.Schedule(id, inbound.MaxAttempts, now); len(left) != 0 {
		t.Errorf("what is given up has %d tries left", len(left))
	}
}

func TestTheOldSecretClosesAfterTwentyCleanDeliveries(t *testing.T) {
	t.Parallel()
	n := newNode(t).start(t)
	secrets := map[string]uuid.UUID{}
	for i, name := range []string{"old", "new"} {
		secrets[name] = uuid.New()
		run(t, n.pool, "INSERT INTO connection_secrets (org_id, connection_id, id, sealed, created_at) VALUES ($1, $2, $3, '', now() - make_interval(days => $4))", n.org, n.crm, secrets[name], 2-i)
	}
	sent := 0
	send := func(count int, secret string) {
		for range count {
			sent++
			d := n.delivery(n.crm, paidInOurShape(fmt.Sprintf("e-%d", sent), fmt.Sprintf("p-%d", sent), 100), time.Now())
			id := secrets[secret]
			d.SecretID = &id
			if _, err := n.door.Accept(t.Context(), []inbound.Delivery{d}); err != nil {
				t.Fatal(err)
			}
		}
		n.settle(t)
	}
	live := func() int {
		return ask[int](t, n.pool, "SELECT count(*) FROM connection_secrets WHERE connection_id = $1 AND (expires_at IS NULL OR expires_at > now())", n.crm)
	}
	send(inbound.CleanEnough-1, "new")
	send(1, "old")
	send(inbound.CleanEnough-1, "new")
	if live() != 2 {
		t.Fatal("the old secret was closed although it was used a moment ago")
	}
	if used := ask[bool](t, n.pool, "SELECT last_used_at IS NOT NULL FROM connection_secrets WHERE id = $1", secrets["old"]); !used {
		t.Error("nobody knows when the old secret was last used")
	}
	send(1, "new")
	if live() != 1 {
		t.Error("the old secret was not closed")
	}
	if told := ask[int](t, n.pool, "SELECT count(*) FROM audit_log WHERE org_id = $1 AND action = 'connection.secret_closed'", n.org); told != 1 {
		t.Errorf("closed, and told %d times", told)
	}
}

// A secret that is made while a batch is under way is newer than what the batch takes for the newest. Whoever was shown it a
// moment ago must not find it closed.
func TestASecretMadeDuringABatchIsNotClosedByIt(t *testing.T) {
	t.Parallel()
	n := newNode(t).start(t)
	secrets := []uuid.UUID{uuid.New(), uuid.New(), uuid.New()}
	add := func(i int) {
		run(t, n.pool, "INSERT INTO connection_secrets (org_id, connection_id, id, sealed, clean, created_at) VALUES ($1, $2, $3, '', $4, now() - make_interval(days => $5))",
			n.org, n.crm, secrets[i], []int{0, inbound.CleanEnough - 1, 0}[i], 2-i)
	}
	add(0)
	add(1)
	n.tell(t, n.crm, paidInOurShape("e-0", "p-0", 100))
	held, err := n.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer held.Rollback(t.Context()) //nolint:errcheck // after a commit
	if _, err := held.Exec(t.Context(), "SELECT 1 FROM payments WHERE org_id = $1 FOR UPDATE", n.org); err != nil {
		t.Fatal(err)
	}
	d := n.delivery(n.crm, paidInOurShape("e-1", "p-0", 200), time.Now())
	d.SecretID = &secrets[1]
	if _, err := n.door.Accept(t.Context(), []inbound.Delivery{d}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the drain hangs on the row", func() bool {
		return ask[int](t, n.pool, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND wait_event = 'transactionid'") == 1
	})
	add(2)
	if err := held.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	n.settle(t)
	for i, want := range []bool{true, false, false} {
		if closed := ask[bool](t, n.pool, "SELECT expires_at IS NOT NULL FROM connection_secrets WHERE id = $1", secrets[i]); closed != want {
			t.Errorf("secret %d is closed: %t", i, closed)
		}
	}
}

// What is set aside at its first try has come all the same: it counts for what usually comes, and for the secret that it
// was signed with.
func TestWhatIsSetAsideAtFirstHasStillArrived(t *testing.T) {
	t.Parallel()
	n := newNode(t).start(t)
	older, newest := uuid.New(), uuid.New()
	for i, id := range []uuid.UUID{older, newest} {
		run(t, n.pool, "INSERT INTO connection_secrets (org_id, connection_id, id, sealed, clean, created_at) VALUES ($1, $2, $3, '', $4, now() - make_interval(days => $5))", n.org, n.crm, id, 7*i, 2-i)
	}
	n.refuse(t, "40001")
	d := n.delivery(n.crm, paidInOurShape("e-1", "p-1", 500), time.Now())
	d.SecretID = &older
	receipts, err := n.door.Accept(t.Context(), []inbound.Delivery{d})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is set aside", func() bool { return n.fate(t, receipts[0].ID) == "failed 1: failed" })
	stands := func() string {
		return ask[string](t, n.pool, `SELECT (SELECT coalesce(sum(arrived), 0) FROM connection_days WHERE connection_id = $1) || ' arrived, ' ||
			(SELECT clean FROM connection_secrets WHERE id = $2) || ' clean, used ' || (SELECT last_used_at IS NOT NULL FROM connection_secrets WHERE id = $3)`, n.crm, newest, older)
	}
	if got := stands(); got != "1 arrived, 0 clean, used true" {
		t.Errorf("set aside: %s", got)
	}
	run(t, n.pool, "DROP TRIGGER refuse ON activities")
	n.settle(t)
	if got := stands(); got != "1 arrived, 0 clean, used true" {
		t.Errorf("applied by its retry: %s", got)
	}
}

// A connection may have been made by a node that does not know of lanes yet, while the nodes change over one by one.
func TestAConnectionOfAnOlderNodeHasItsLane(t *testing.T) {
	t.Parallel()
	n := newNode(t).start(t)
	id := uuid.New()
	run(t, n.pool, "INSERT INTO connections (org_id, id, provider, token_sha256, token_sealed) VALUES ($1, $2, 'custom', uuid_send($2), '')", n.org, id)
	n.applied(t, n.tell(t, id, paidInOurShape("e-1", "p-1", 500)))
}

// Retries of one tenant wait for its lane, however many there are. They must not sit on the workers that drain the others.
func TestRetriesOfOneDoNotDelayAnother(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	held, err := n.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer held.Rollback(t.Context()) //nolint:errcheck // the only end that it has
	if _, err := held.Exec(t.Context(), "SELECT pg_advisory_xact_lock(89, $1::int)", int32(binary.BigEndian.Uint32(n.crm[12:]))); err != nil {
		t.Fatal(err)
	}
	var bodies [][]byte
	for i := range 20 {
		bodies = append(bodies, paidInOurShape(fmt.Sprintf("e-%d", i), fmt.Sprintf("p-%d", i), 100))
	}
	for _, r := range n.send(t, n.crm, bodies...) {
		if _, err := n.jobs.River.Insert(t.Context(), inbound.ApplyArgs{OrgID: n.org, DeliveryID: r.ID}, nil); err != nil {
			t.Fatal(err)
		}
	}
	run(t, n.pool, "UPDATE webhook_logs SET status = 'failed', attempts = 1, next_try_at = now() WHERE connection_id = $1", n.crm)
	n.start(t)
	eventually(t, "the retries wait for the lane", func() bool {
		return ask[int](t, n.pool, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND wait_event = 'advisory'") > 1
	})
	neighbour := n.send(t, n.stripe, threeOfOnePayment()...)
	eventually(t, "the neighbour's are applied", func() bool { return n.fate(t, neighbour[2].ID) == "applied 1: applied" })
	if err := held.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the retries are done", func() bool { return n.figures(t).Waiting == 0 })
	if got := n.figures(t); got.Paid != 20*100+50_000 {
		t.Errorf("%+v", got)
	}
}

func TestClean(t *testing.T) {
	t.Parallel()
	older, newest := uuid.New(), uuid.New()
	for _, c := range []struct {
		what    string
		before  int
		vouched []*uuid.UUID
		want    int
	}{
		{"nothing new", 7, nil, 7},
		{"grows", 7, []*uuid.UUID{&newest, &newest}, 9},
		{"begins anew", 7, []*uuid.UUID{&newest, &older, &newest}, 1},
		{"ends with the old one", 7, []*uuid.UUID{&newest, &older}, 0},
		{"what we fetched says nothing", 7, []*uuid.UUID{nil, &newest, nil}, 8},
	} {
		if got := inbound.Clean(c.before, newest, c.vouched); got != c.want {
			t.Errorf("%s: %d, want %d", c.what, got, c.want)
		}
	}
}
