package inbound_test

import (
	"math/rand/v2"
	"testing"
	"time"
)

func dispute(id, status string, amount int) object {
	return object{"id": id, "object": "dispute", "amount": amount, "currency": "gbp", "status": status, "reason": "product_not_received", "payment_intent": "pi_1", "charge": "ch_1"}
}

// disputing is one event of the dispute du_1; the later ones happened later, whatever order they come in.
func disputing(event, kind, status string, minutes, amount int) []byte {
	return stripeEvent(event, "charge.dispute."+kind, minutes, dispute("du_1", status, amount))
}

func TestADisputeCountsOnceItIsLostAndNeverBesideARefundOfTheSameMoney(t *testing.T) {
	t.Parallel()
	opened := func() []byte { return disputing("d1", "created", "needs_response", 50, 50_000) }
	taken := func() []byte { return disputing("d2", "funds_withdrawn", "needs_response", 50, 50_000) }
	reviewed := func() []byte { return disputing("d3", "updated", "under_review", 40, 50_000) }
	total := func(minutes, amount int) []byte {
		return stripeEvent("r1", "charge.refunded", minutes, charge("ch_1", "pi_1", amount))
	}
	tests := []struct {
		what  string
		sent  [][]byte
		count int64
	}{
		{"it is open", [][]byte{opened(), taken(), reviewed()}, 0},
		{"it is lost", [][]byte{opened(), taken(), reviewed(), disputing("d4", "closed", "lost", 5, 50_000)}, 50_000},
		{"it is won", [][]byte{opened(), taken(), disputing("d4", "closed", "won", 5, 50_000), disputing("d5", "funds_reinstated", "won", 5, 50_000)}, 0},
		{"an inquiry that came to nothing", [][]byte{disputing("d1", "created", "warning_needs_response", 50, 50_000), disputing("d4", "closed", "warning_closed", 5, 50_000)}, 0},
		{"only its end is told", [][]byte{disputing("d4", "closed", "lost", 5, 12_000)}, 12_000},
		{"the money came back, nobody has decided", [][]byte{taken(), disputing("d5", "funds_reinstated", "under_review", 5, 50_000)}, 0},
		{"opened and lost within a second", [][]byte{disputing("d9", "created", "needs_response", 5, 50_000), disputing("d1", "closed", "lost", 5, 50_000)}, 50_000},
		{"refunded in part while it is open", [][]byte{total(60, 20_000), opened(), taken()}, 20_000},
		{"refunded in part, then lost", [][]byte{total(60, 20_000), opened(), disputing("d4", "closed", "lost", 5, 30_000)}, 50_000},
		{"a smaller refund, a smaller loss", [][]byte{total(60, 10_000), opened(), disputing("d4", "closed", "lost", 5, 30_000)}, 40_000},
		{"lost over all of it after a refund: never more than was paid", [][]byte{total(60, 20_000), opened(), disputing("d4", "closed", "lost", 5, 50_000)}, 50_000},
		{"the same refund told twice over, and a dispute won", [][]byte{total(60, 20_000),
			stripeEvent("r2", "refund.created", 60, refund("re_1", "succeeded", "pi_1", "ch_1", 20_000)), opened(), disputing("d4", "closed", "won", 5, 50_000)}, 20_000},
		{"two disputes of one payment", [][]byte{disputing("d4", "closed", "lost", 5, 10_000), stripeEvent("d6", "charge.dispute.closed", 4, dispute("dp_2", "lost", 15_000))}, 25_000},
	}
	for i, tt := range tests {
		t.Run(tt.what, func(t *testing.T) {
			t.Parallel()
			for _, order := range []string{"as it happened", "the other way round", "shuffled"} {
				n := newNode(t).start(t)
				sent := append([][]byte{stripeEvent("p1", "payment_intent.succeeded", 90, intent("pi_1", "ch_1"))}, tt.sent...)
				rearrange(order, sent, uint64(i))
				n.tell(t, n.stripe, sent...)
				if got := n.figures(t); got.Refunded != tt.count || got.Paid != 50_000 || n.payments(t) != 1 {
					t.Errorf("%s: %+v in %d rows, want %d refunded", order, got, n.payments(t), tt.count)
				}
			}
		})
	}
}

func rearrange(order string, sent [][]byte, seed uint64) {
	switch order {
	case "the other way round":
		for i, j := 0, len(sent)-1; i < j; i, j = i+1, j-1 {
			sent[i], sent[j] = sent[j], sent[i]
		}
	case "shuffled":
		rand.New(rand.NewPCG(seed, 7)).Shuffle(len(sent), func(i, j int) { sent[i], sent[j] = sent[j], sent[i] })
	}
}

func TestADisputeIsToldWhereItBeginsAndWhereItEnds(t *testing.T) {
	t.Parallel()
	for status, end := range map[string]string{"lost": "dispute_lost", "won": "dispute_won"} {
		t.Run(status, func(t *testing.T) {
			t.Parallel()
			n := newNode(t).start(t)
			n.tell(t, n.stripe, stripeEvent("p1", "payment_intent.succeeded", 90, intent("pi_1", "ch_1")),
				disputing("d1", "created", "needs_response", 50, 30_000), disputing("d2", "funds_withdrawn", "needs_response", 50, 30_000),
				disputing("d3", "updated", "under_review", 40, 30_000), disputing("d4", "closed", status, 5, 30_000), disputing("d5", "funds_reinstated", status, 5, 30_000))
			told := ask[string](t, n.pool, "SELECT string_agg(kind || ' ' || amount_minor || ' ' || what, ', ' ORDER BY at, id) FROM activities WHERE org_id = $1", n.org)
			want := "payment_completed 50000 , payment_disputed 30000 product not received, " + end + " 30000 product not received"
			if told != want {
				t.Errorf("%s\nwant %s", told, want)
			}
		})
	}
}

// A cash invoice under a newer API version, from both events that may tell of it, beside a card payment of its rest.
func TestACashInvoiceIsCountedOnce(t *testing.T) {
	t.Parallel()
	n := newNode(t).start(t)
	row := func(id string, payment object) object {
		return object{"id": id, "object": "invoice_payment", "amount_paid": 60_000, "amount_requested": 60_000, "currency": "gbp", "created": time.Now().Unix(), "status": "paid", "payment": payment}
	}
	cash, card := row("inpay_1", object{"type": "payment_record", "payment_record": "pr_1"}), row("inpay_2", object{"type": "payment_intent", "payment_intent": "pi_1"})
	invoice := func(id string, paid int, rows ...any) object {
		return object{"id": id, "object": "invoice", "amount_due": paid, "amount_paid": paid, "currency": "gbp", "payments": object{"object": "list", "data": rows, "has_more": false}}
	}
	bare := object{"id": "in_1", "object": "invoice", "amount_due": 120_000, "amount_paid": 120_000, "currency": "gbp"}
	fifty := intent("pi_1", "ch_1")
	fifty["amount"], fifty["amount_received"] = 60_000, 60_000
	n.tell(t, n.stripe,
		stripeEvent("e1", "invoice_payment.paid", 9, cash), stripeEvent("e2", "invoice.paid", 9, invoice("in_2", 60_000, cash)),
		stripeEvent("e3", "invoice.paid", 9, bare), stripeEvent("e4", "invoice.paid", 9, invoice("in_1", 120_000, cash, card)),
		stripeEvent("e5", "payment_intent.succeeded", 9, fifty), stripeEvent("e6", "invoice_payment.paid", 9, card))
	if got := n.figures(t); got.Paid != 120_000 || n.payments(t) != 2 {
		t.Errorf("%+v in %d rows", got, n.payments(t))
	}
}
