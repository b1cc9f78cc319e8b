package inbound_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/testdb"
)

// theFeed of an organisation, by which delivery told it.
const theFeed = `SELECT coalesce(string_agg(concat_ws(' | ', w.event_id, a.kind, a.who, a.what, a.amount_minor, a.currency), E'\n' ORDER BY w.event_id, a.kind), '')
	FROM activities a JOIN webhook_logs w ON w.org_id = a.org_id AND w.id = a.delivery_id WHERE a.org_id = $1`

// alley is an organisation with one connection, fed with a list of deliveries in batches of chosen sizes.
type alley struct {
	org, connection uuid.UUID
	provider        queries.Provider
	bodies          [][]byte
}

func (n *node) alley(t *testing.T, p queries.Provider, bodies [][]byte) *alley {
	t.Helper()
	org := testdb.Org(t, n.pool).ID
	return &alley{org, testdb.Connection(t, n.pool, org, p), p, bodies}
}

// next are the next deliveries, or what is left of them.
func (a *alley) next(n *node, count int) (all []inbound.Delivery) {
	for _, body := range a.bodies[:min(count, len(a.bodies))] {
		d := n.delivery(n.crm, body, time.Now())
		if a.provider == queries.ProviderStripe {
			d = n.delivery(n.stripe, body, time.Now())
		}
		d.OrgID, d.ConnectionID = a.org, a.connection
		all = append(all, d)
	}
	a.bodies = a.bodies[len(all):]
	return all
}

// someOurs is what a CRM might say of two clients, two bookings and two payments, in no order at all.
func someOurs(r *rand.Rand) (bodies [][]byte) {
	for i := range 8 + r.IntN(10) {
		c, b, p := 1+r.IntN(2), 1+r.IntN(2), 1+r.IntN(2)
		client := object{"external_id": fmt.Sprintf("c-%d", c), "name": pick(r, "Anna Kay", "Anne Kay"), "partner_name": pick(r, "", "Tom Fry"), "email": fmt.Sprintf("%s%d@example.com", pick(r, "a", "b"), c)}
		booking := object{"external_id": fmt.Sprintf("b-%d", b), "title": pick(r, "Kay", "Kay & Fry"), "start": pick(r, "2027-06-12T12:00", "2027-06-19T12:00"),
			"timezone": "Europe/London", "status": pick(r, "held", "confirmed"), "value": object{"amount": pick(r, 250_000, 260_000), "currency": "GBP"}}
		payment := object{"external_id": fmt.Sprintf("p-%d", p), "amount": pick(r, 50_000, 60_000), "currency": "GBP", "paid_at": "2026-10-01T10:00:00Z",
			"payer_email": fmt.Sprintf("%s%d@example.com", pick(r, "a", "b"), c), "booking_external_id": pick(r, "b-1", "b-2")}
		kind := pick(r, "client.created", "client.updated", "client.deleted", "booking.created", "booking.updated", "booking.cancelled",
			"payment.completed", "payment.completed", "payment.failed", "payment.refunded", "payment.refunded")
		data := object{}
		switch kind[:6] {
		case "client":
			data["client"] = client
		case "bookin":
			data["booking"] = booking
			if r.IntN(2) == 0 {
				data["client"] = client
			}
		default:
			data["payment"] = payment
			if kind == "payment.refunded" {
				data["refund"] = object{"external_id": fmt.Sprintf("r-%d", r.IntN(3)), "amount": pick(r, 10_000, 20_000), "status": pick(r, "succeeded", "pending", "failed")}
			}
		}
		bodies = append(bodies, ours(fmt.Sprintf("e-%02d", i), kind, 5+r.IntN(20), data))
	}
	return bodies
}

// someStripe are events of two payments, some of which only a later one shows to be the same.
func someStripe(r *rand.Rand) (bodies [][]byte) {
	for i := range 8 + r.IntN(10) {
		p := 1 + r.IntN(2)
		pi, ch, cs := fmt.Sprintf("pi_%d", p), fmt.Sprintf("ch_%d", p), fmt.Sprintf("cs_%d", p)
		session := object{"id": cs, "object": "checkout.session", "mode": "payment", "payment_intent": pi, "payment_status": "paid", "status": "complete",
			"amount_total": 50_000, "currency": "gbp", "customer_details": object{"name": "Anna Kay", "email": "anna@example.com"}}
		id, at := fmt.Sprintf("evt_%02d", i), 5+r.IntN(20)
		bodies = append(bodies, pick(r,
			stripeEvent(id, "payment_intent.succeeded", at, intent(pi, ch)),
			stripeEvent(id, "charge.succeeded", at, charge(ch, pick[any](r, pi, nil), 0)),
			stripeEvent(id, "checkout.session.completed", at, session),
			stripeEvent(id, "charge.refunded", at, charge(ch, pi, pick(r, 10_000, 30_000))),
			stripeEvent(id, "refund.created", at, refund(fmt.Sprintf("re_%d", r.IntN(3)), pick(r, "succeeded", "pending", "failed"), pick[any](r, pi, nil), ch, 10_000)),
		))
	}
	return bodies
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// However the same deliveries fall into batches, they end in the same rows, and in the same order of arrival they tell the
// same: what a batch keeps in mind of its rows must be what the rows would have said. In another order of arrival they end
// in the same rows still.
func TestAnySplitIntoBatchesEndsInTheSameRows(t *testing.T) {
	t.Parallel()
	n := newNode(t).start(t)
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 0))
	for trial := range 6 {
		provider, bodies := queries.ProviderCustom, someOurs(r)
		if trial%2 == 1 {
			provider, bodies = queries.ProviderStripe, someStripe(r)
		}
		shuffled := slices.Clone(bodies)
		r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		var alleys []*alley
		for i := range 12 {
			list := bodies
			if i >= 8 {
				list = shuffled
			}
			alleys = append(alleys, n.alley(t, provider, list))
		}
		for round := 0; slices.ContainsFunc(alleys, func(a *alley) bool { return len(a.bodies) > 0 }); round++ {
			var all []inbound.Delivery
			for i, a := range alleys {
				size := 1 + r.IntN(7)
				switch i {
				case 0: // one at a time, by which the others are judged
					size = 1
				case 1, 8: // all at once
					size = len(bodies)
				}
				all = append(all, a.next(n, size)...)
			}
			if _, err := n.door.Accept(t.Context(), all); err != nil {
				t.Fatal(err)
			}
			n.settle(t)
		}
		first := alleys[0]
		rows, feed := ask[string](t, n.pool, theRows, first.org, first.connection), ask[string](t, n.pool, theFeed, first.org)
		for i, a := range alleys[1:] {
			if got := ask[string](t, n.pool, theRows, a.org, a.connection); got != rows {
				t.Fatalf("seed %d, trial %d, split %d:\n%s\nwant\n%s\nof\n%s", seed, trial, i+1, got, rows, slices.Concat(bodies...))
			}
			if got := ask[string](t, n.pool, theFeed, a.org); i+1 < 8 && got != feed {
				t.Fatalf("seed %d, trial %d, split %d tells\n%s\nwant\n%s\nof\n%s", seed, trial, i+1, got, feed, slices.Concat(bodies...))
			}
		}
	}
	if left := ask[string](t, n.pool, "SELECT coalesce(string_agg(DISTINCT error, ' '), '') FROM webhook_logs WHERE status IN ('accepted', 'failed', 'dead')"); left != "" {
		t.Errorf("not applied: %s", left)
	}
}
