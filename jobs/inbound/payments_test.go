package inbound_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wedsync/wedsync/jobs/inbound"
)

func intent(names ...any) object {
	return object{"id": names[0], "object": "payment_intent", "amount": 50_000, "amount_received": 50_000, "currency": "gbp", "status": "succeeded",
		"latest_charge": names[1], "receipt_email": "anna@example.com", "metadata": object{"booking": "b-7"}, "charges": object{"data": []any{object{"id": names[len(names)-1]}}}}
}

func charge(id string, intent any, refunded int) object {
	return object{"id": id, "object": "charge", "payment_intent": intent, "amount": 50_000, "amount_captured": 50_000, "amount_refunded": refunded, "captured": true,
		"paid": true, "status": "succeeded", "currency": "gbp", "created": time.Now().Add(-time.Hour).Unix(), "billing_details": object{"name": "Anna Kay"}}
}

func refund(id, status string, intent, charge any, amount int) object {
	return object{"id": id, "object": "refund", "amount": amount, "currency": "gbp", "status": status, "payment_intent": intent, "charge": charge}
}

// threeOfOnePayment are what Stripe sends for one paid checkout.
func threeOfOnePayment() [][]byte {
	session := object{"id": "cs_1", "object": "checkout.session", "mode": "payment", "payment_intent": "pi_1", "payment_status": "paid", "status": "complete",
		"amount_total": 50_000, "currency": "gbp", "customer_details": object{"name": "Anna Kay", "email": "anna@example.com"}}
	return [][]byte{
		stripeEvent("evt_1", "payment_intent.succeeded", 9, intent("pi_1", "ch_1")),
		stripeEvent("evt_2", "charge.succeeded", 9, charge("ch_1", "pi_1", 0)),
		stripeEvent("evt_3", "checkout.session.completed", 8, session),
	}
}

func (n *node) payments(t *testing.T) int {
	t.Helper()
	return ask[int](t, n.pool, "SELECT count(*) FROM payments WHERE org_id = $1", n.org)
}

func TestThreeEventsOfOnePaymentCountOnceInAnyOrder(t *testing.T) {
	t.Parallel()
	for _, order := range [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			n := newNode(t).start(t)
			bodies := threeOfOnePayment()
			for _, i := range order {
				n.applied(t, n.tell(t, n.stripe, bodies[i]))
			}
			if got := n.figures(t); got.Paid != 50_000 || n.payments(t) != 1 {
				t.Errorf("%v: %+v in %d rows", order, got, n.payments(t))
			}
			if told := ask[int](t, n.pool, "SELECT count(*) FROM activities WHERE org_id = $1 AND kind = 'payment_completed'", n.org); told != 1 {
				t.Errorf("%v: told %d times", order, told)
			}
		})
	}
}

func TestThreeEventsOfOnePaymentCountOnceWhenTheyComeAtOnceFromMany(t *testing.T) {
	t.Parallel()
	n := newNode(t).start(t)
	var all sync.WaitGroup
	for i := range 30 {
		body := threeOfOnePayment()[i%3]
		all.Go(func() {
			if _, err := n.door.Accept(t.Context(), []inbound.Delivery{n.delivery(n.stripe, body, time.Now())}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	n.settle(t)
	if got := n.figures(t); got.Paid != 50_000 || n.payments(t) != 1 {
		t.Errorf("%+v in %d rows", got, n.payments(t))
	}
	if rows := ask[int](t, n.pool, "SELECT count(*) FROM webhook_logs WHERE org_id = $1 AND status = 'applied'", n.org); rows != 3 {
		t.Errorf("%d deliveries", rows)
	}
}

func TestAnotherCurrencyIsKeptAndNotAddedUp(t *testing.T) {
	t.Parallel()
	n := newNode(t).start(t)
	euros := intent("pi_2", "ch_2")
	euros["currency"] = "eur"
	n.tell(t, n.stripe, stripeEvent("evt_1", "payment_intent.succeeded", 9, intent("pi_1", "ch_1")))
	n.applied(t, n.tell(t, n.stripe, stripeEvent("evt_2", "payment_intent.succeeded", 9, euros)))
	if got := n.figures(t); got.Paid != 50_000 || n.payments(t) != 2 {
		t.Errorf("%+v in %d rows", got, n.payments(t))
	}
	if kept := ask[int64](t, n.pool, "SELECT amount_minor FROM payments WHERE org_id = $1 AND currency = 'EUR'", n.org); kept != 50_000 {
		t.Errorf("%d euro cents", kept)
	}
}

func TestARefundBeforeItsPaymentIsKeptAndCountsOnceThePaymentComes(t *testing.T) {
	t.Parallel()
	n := newNode(t).start(t)
	n.applied(t, n.tell(t, n.stripe, stripeEvent("evt_1", "refund.created", 5, refund("re_1", "succeeded", "pi_1", nil, 12_000))))
	if got := n.figures(t); got.Paid != 0 || got.Refunded != 0 || n.payments(t) != 1 {
		t.Errorf("before: %+v", got)
	}
	if kind := ask[string](t, n.pool, "SELECT kind FROM activities WHERE org_id = $1", n.org); kind != "refund_early" {
		t.Errorf("told as %s", kind)
	}
	n.applied(t, n.tell(t, n.stripe, stripeEvent("evt_2", "payment_intent.succeeded", 9, intent("pi_1", "ch_1"))))
	if got := n.figures(t); got.Paid != 50_000 || got.Refunded != 12_000 {
		t.Errorf("after: %+v", got)
	}
}

// A charge's running total and single refunds are two sources of one truth.
func TestRefundsAreCountedOnceWhoeverTellsOfThem(t *testing.T) {
	t.Parallel()
	total := func(id string, minutes, amount int) []byte {
		return stripeEvent(id, "charge.refunded", minutes, charge("ch_1", "pi_1", amount))
	}
	single := func(event, id, status string, minutes, amount int) []byte {
		return stripeEvent(event, "refund.updated", minutes, refund(id, status, "pi_1", "ch_1", amount))
	}
	tests := []struct {
		what  string
		sent  [][]byte
		count int64
	}{
		{"a total", [][]byte{total("a", 5, 200)}, 200},
		{"totals that grow", [][]byte{total("a", 5, 200), total("b", 4, 500)}, 500},
		{"a single one", [][]byte{single("a", "re_1", "succeeded", 5, 200)}, 200},
		{"two of the same size", [][]byte{single("a", "re_1", "succeeded", 5, 200), single("b", "re_2", "succeeded", 4, 200)}, 400},
		{"a total and the single one in it", [][]byte{total("a", 5, 200), single("b", "re_1", "succeeded", 5, 200)}, 200},
		{"a total of two, one of them told", [][]byte{total("a", 5, 500), single("b", "re_1", "succeeded", 5, 200)}, 500},
		{"one that waits", [][]byte{single("a", "re_1", "pending", 5, 200)}, 0},
		{"one that failed after its total", [][]byte{total("a", 5, 200), single("b", "re_1", "succeeded", 5, 200), single("c", "re_1", "failed", 1, 200)}, 0},
		{"one failed, one not", [][]byte{total("a", 5, 500), single("b", "re_1", "failed", 1, 200), single("c", "re_2", "succeeded", 4, 300)}, 300},
		{"never more than was paid", [][]byte{single("a", "re_1", "succeeded", 5, 40_000), single("b", "re_2", "succeeded", 5, 40_000)}, 50_000},
	}
	n := newNode(t).start(t)
	n.tell(t, n.stripe, stripeEvent("paid", "payment_intent.succeeded", 9, intent("pi_1", "ch_1")))
	for seed, tt := range tests {
		for range 3 {
			run(t, n.pool, "DELETE FROM payment_refunds WHERE org_id = $1", n.org)
			run(t, n.pool, "UPDATE payments SET refund_total_minor = 0, refunded_minor = 0 WHERE org_id = $1", n.org)
			run(t, n.pool, "DELETE FROM webhook_logs WHERE org_id = $1", n.org)
			mixed := slices.Clone(tt.sent)
			rand.New(rand.NewPCG(uint64(seed), 1)).Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
			n.tell(t, n.stripe, mixed...)
			if got := n.figures(t); got.Refunded != tt.count || got.Paid != 50_000 || n.payments(t) != 1 {
				t.Errorf("%s: %+v", tt.what, got)
			}
		}
	}
}

// Charges without their intent, a checkout, and refunds of each: nobody knows that they are one until an event says so.
func TestThreeRowsAreJoinedByTheEventThatTiesThem(t *testing.T) {
	t.Parallel()
	n := newNode(t).start(t)
	n.tell(t, n.stripe,
		stripeEvent("evt_1", "charge.failed", 30, object{"id": "ch_1", "object": "charge", "amount": 50_000, "currency": "gbp", "failure_message": "No funds."}),
		stripeEvent("evt_2", "charge.succeeded", 20, charge("ch_2", nil, 0)),
		stripeEvent("evt_3", "refund.created", 15, refund("re_1", "pending", nil, "ch_2", 300)),
		stripeEvent("evt_4", "refund.updated", 14, refund("re_1", "succeeded", "pi_1", nil, 300)))
	if n.payments(t) != 3 {
		t.Fatalf("%d rows before", n.payments(t))
	}
	n.applied(t, n.tell(t, n.stripe, stripeEvent("evt_5", "payment_intent.succeeded", 10, intent("pi_1", "ch_2", "ch_1"))))
	if got := n.figures(t); got.Paid != 50_000 || got.Refunded != 300 || n.payments(t) != 1 {
		t.Errorf("%+v in %d rows", got, n.payments(t))
	}
	names := ask[string](t, n.pool, "SELECT string_agg(name, ' ' ORDER BY name) FROM payment_names WHERE org_id = $1", n.org)
	if names != "ch_1 ch_2 pi_1" {
		t.Error(names)
	}
	if refunds := ask[string](t, n.pool, "SELECT string_agg(external_id || ' ' || status, ', ') FROM payment_refunds WHERE org_id = $1", n.org); refunds != "re_1 succeeded" {
		t.Error(refunds)
	}
}

// Two events that share no name may still be about one row. The lane makes the second wait for the first.
func TestTwoEventsOfOneRowUnderDifferentNamesBothCount(t *testing.T) {
	t.Parallel()
	n := newNode(t).start(t)
	failed := object{"id": "pi_1", "object": "payment_intent", "amount": 50_000, "currency": "gbp", "latest_charge": "ch_1"}
	n.tell(t, n.stripe, stripeEvent("evt_1", "payment_intent.payment_failed", 30, failed))
	tx, err := n.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(t.Context()) //nolint:errcheck // after a commit
	if _, err := tx.Exec(t.Context(), "SELECT 1 FROM payments WHERE org_id = $1 FOR UPDATE", n.org); err != nil {
		t.Fatal(err)
	}
	for _, body := range [][]byte{
		stripeEvent("evt_2", "charge.succeeded", 20, charge("ch_1", nil, 0)),
		stripeEvent("evt_3", "refund.created", 10, refund("re_1", "succeeded", "pi_1", nil, 300)),
	} {
		n.send(t, n.stripe, body)
		eventually(t, "it waits in the queue for the row", func() bool {
			return ask[int](t, n.pool, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") == 1
		})
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	n.settle(t)
	if got := n.figures(t); got.Paid != 50_000 || got.Refunded != 300 || n.payments(t) != 1 {
		t.Errorf("%+v in %d rows", got, n.payments(t))
	}
}

func TestAPaymentIsToldByTheNameTheSupplierKnows(t *testing.T) {
	t.Parallel()
	n := newNode(t).start(t)
	n.tell(t, n.crm, ours("e-1", "client.created", 9, object{"client": object{"external_id": "c-1", "name": "Anna Kay", "partner_name": "Tom Fry", "email": "ANNA@example.com"}}))
	n.tell(t, n.stripe, stripeEvent("evt_1", "payment_intent.succeeded", 5, intent("pi_1", "ch_1")))
	who := ask[string](t, n.pool, "SELECT who FROM activities WHERE org_id = $1 AND kind = 'payment_completed'", n.org)
	if who != "Anna Kay & Tom Fry" || strings.Contains(who, "@") {
		t.Errorf("told as %q", who)
	}
}
