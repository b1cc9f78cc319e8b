package inbound_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/queries"
)

// workedBy makes the waiting job look as a node leaves it that took it and died, or lives on.
func (n *node) workedBy(t *testing.T, node string) {
	t.Helper()
	run(t, n.pool, "UPDATE river_job SET state = 'running', attempt = 1, finalized_at = NULL, attempted_at = greatest(now() - interval '1 minute', pg_postmaster_start_time()), attempted_by = ARRAY[$1] WHERE kind = 'drain_lane'", node)
}

// The claim (the row that makes a repeat a duplicate) and the work are two transactions. A crash in between must end in
// the work being done, and never in "duplicate, skipped" for good.
func TestCase11CrashBetweenClaimAndWork(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	body := paidInOurShape("e-1", "p-1", 500)
	first := n.send(t, n.crm, body)[0]
	n.workedBy(t, "a node that is dead")
	if again := n.send(t, n.crm, body)[0]; !again.Duplicate || again.ID != first.ID {
		t.Fatalf("the sender's retry: %+v", again)
	}
	began := time.Now()
	n.start(t)
	eventually(t, "somebody else does the work", func() bool { return n.fate(t, first.ID) == "applied 1: applied" })
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
	n.settle(t)
	if again := n.send(t, n.crm, body)[0]; !again.Duplicate || again.ID != first.ID {
		t.Errorf("afterwards: %+v", again)
	}
	if got := n.figures(t); got.Paid != 500 || n.payments(t) != 1 {
		t.Errorf("%+v in %d rows", got, n.payments(t))
	}
}

// The same crash on the way out: the work was committed, and whoever takes the job over finds it done.
func TestCase11AJobThatRunsAgainFindsItsWorkDone(t *testing.T) {
	t.Parallel()
	n := newNode(t).start(t)
	id := n.tell(t, n.crm, paidInOurShape("e-1", "p-1", 500))
	for range 3 {
		if _, err := n.jobs.River.Insert(t.Context(), inbound.ApplyArgs{OrgID: n.org, DeliveryID: id}, nil); err != nil {
			t.Fatal(err)
		}
	}
	n.settle(t)
	n.applied(t, id)
	if got := n.figures(t); got.Paid != 500 {
		t.Errorf("%+v", got)
	}
	if told := ask[int](t, n.pool, "SELECT count(*) FROM activities WHERE org_id = $1", n.org); told != 1 {
		t.Errorf("told %d times", told)
	}
}

func TestALivingNodesJobIsNotTakenFromIt(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	alive, err := pgx.ConnectConfig(t.Context(), n.pool.Config().ConnConfig.Copy())
	if err != nil {
		t.Fatal(err)
	}
	defer alive.Close(t.Context())
	if err := queries.HoldPresence(t.Context(), alive, "a node that lives"); err != nil {
		t.Fatal(err)
	}
	n.send(t, n.crm, paidInOurShape("e-1", "p-1", 500))
	n.workedBy(t, "a node that lives")
	look := func() int64 {
		conn, err := n.pool.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Release()
		taken, err := queries.AllOrgsReclaimJobs(t.Context(), conn.Conn(), "another node")
		if err != nil {
			t.Fatal(err)
		}
		return taken
	}
	if taken := look(); taken != 0 {
		t.Errorf("%d jobs were taken from a living node", taken)
	}
	alive.Close(t.Context())
	eventually(t, "the job is taken over once the node is dead", func() bool { return look() == 1 })
}

// Two nodes on one database share the work and do none of it twice.
func TestTwoNodesDoEachDeliveryOnce(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	start(t, worker(t, n.pool))
	n.start(t)
	for i := range 60 {
		n.send(t, n.crm, paidInOurShape(fmt.Sprintf("e-%d", i), fmt.Sprintf("p-%d", i), 100))
	}
	n.settle(t)
	if got := n.figures(t); got.Paid != 6000 {
		t.Errorf("%+v", got)
	}
	if twice := ask[int](t, n.pool, "SELECT count(*) FROM webhook_logs WHERE org_id = $1 AND (status <> 'applied' OR attempts <> 1)", n.org); twice != 0 {
		t.Errorf("%d were not applied at the first attempt", twice)
	}
}

// A lost job is not a lost delivery: the row is the truth, and the hand that worked it is replaced.
func TestADeliveryWithoutAJobGetsAnother(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	lost := n.send(t, n.crm, paidInOurShape("e-1", "p-1", 500))[0].ID
	run(t, n.pool, "DELETE FROM river_job WHERE kind = 'drain_lane'")
	run(t, n.pool, "UPDATE webhook_logs SET waiting_since = now() - interval '3 minutes' WHERE status = 'accepted'")
	n.start(t)
	eventually(t, "the lost one is applied", func() bool { return n.fate(t, lost) == "applied 1: applied" })
}

// So is a retry that was lost.
func TestADeliveryThatWasSetAsideAndLostItsRetryGetsAnother(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	lost := n.send(t, n.crm, paidInOurShape("e-1", "p-1", 500))[0].ID
	run(t, n.pool, "DELETE FROM river_job WHERE kind = 'drain_lane'")
	run(t, n.pool, "UPDATE webhook_logs SET status = 'failed', attempts = 1, next_try_at = now() - interval '3 minutes'")
	n.start(t)
	eventually(t, "it is applied", func() bool { return n.fate(t, lost) == "applied 2: applied" })
}

// A delivery that ends every process which touches it is given up at last, and does not take its lane with it.
func TestCase12ADeliveryThatKillsItsNodeEachTimeIsGivenUp(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	killer, next := n.send(t, n.crm, paidInOurShape("e-1", "p-1", 500))[0].ID, n.send(t, n.crm, paidInOurShape("e-2", "p-2", 700))[0].ID
	// As ten dead processes leave it: each counted its try and was not heard of again.
	run(t, n.pool, "UPDATE webhook_logs SET attempts = 10 WHERE id = $1", killer)
	n.workedBy(t, "a node that is dead")
	n.start(t)
	eventually(t, "the lane goes on", func() bool { return n.fate(t, next) == "applied 1: applied" })
	n.settle(t)
	if got := n.fate(t, killer); !strings.HasPrefix(got, "dead 11") {
		t.Error(got)
	}
	if got := n.figures(t); got.Paid != 700 || got.Unread != 1 {
		t.Errorf("%+v", got)
	}
}

// So is one that was set aside first, and ends its process in its own retries: those would be handed on for ever.
func TestCase12ARetryThatKillsItsNodeEachTimeIsGivenUp(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	killer := n.send(t, n.crm, paidInOurShape("e-1", "p-1", 500))[0].ID
	run(t, n.pool, "DELETE FROM river_job WHERE kind = 'drain_lane'")
	run(t, n.pool, "UPDATE webhook_logs SET status = 'failed', attempts = 10, next_try_at = now() - interval '3 minutes' WHERE id = $1", killer)
	n.start(t)
	eventually(t, "it is given up", func() bool { return strings.HasPrefix(n.fate(t, killer), "dead 11") })
	if got := n.figures(t); got.Paid != 0 || got.Unread != 1 {
		t.Errorf("%+v", got)
	}
}

// A job that kills its node every time is not handed on for ever.
func TestCase12AJobThatKillsItsNodeIsNotReclaimedForEver(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.send(t, n.crm, paidInOurShape("e-1", "p-1", 500))
	n.workedBy(t, "a node that is dead")
	run(t, n.pool, "UPDATE river_job SET attempt = max_attempts WHERE kind = 'drain_lane'")
	conn, err := n.pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	if back, err := queries.AllOrgsReclaimJobs(t.Context(), conn.Conn(), "me"); err != nil || back != 0 {
		t.Errorf("%d came back, %v", back, err)
	}
}

// A drain that takes longer than anybody waits for is handed to another node. The two must not overlap: the second one
// waits for the first, and finds its work done.
func TestCase12ADrainThatIsHandedOnTooSoonDoesNotOverlap(t *testing.T) {
	t.Parallel()
	n := newNode(t).start(t)
	n.tell(t, n.crm, paidInOurShape("e-0", "p-1", 100))
	held, err := n.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer held.Rollback(t.Context()) //nolint:errcheck // after a commit
	if _, err := held.Exec(t.Context(), "SELECT 1 FROM payments WHERE org_id = $1 FOR UPDATE", n.org); err != nil {
		t.Fatal(err)
	}
	slow := n.send(t, n.crm, paidInOurShape("e-1", "p-1", 200))[0].ID
	waiting := func(kind string) bool {
		return ask[int](t, n.pool, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND wait_event = $1", kind) == 1
	}
	eventually(t, "the drain hangs on the row", func() bool { return waiting("transactionid") })
	// As rescue does it, while the first still lives.
	run(t, n.pool, "UPDATE river_job SET state = 'available', attempted_at = NULL WHERE kind = 'drain_lane' AND state = 'running'")
	eventually(t, "the second waits for the lane", func() bool { return waiting("advisory") })
	if err := held.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	n.settle(t)
	n.applied(t, slow)
	if got := n.figures(t); got.Paid != 200 || n.payments(t) != 1 {
		t.Errorf("%+v", got)
	}
}
