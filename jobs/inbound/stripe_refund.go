package inbound

import (
	"github.com/wedsync/wedsync/queries"
)

// chargeRefunded also says that the payment was made, which matters when it overtakes payment_intent.succeeded. It fires
// for partial refunds too; amount_refunded is a running total (Stripe, docs.stripe.com/api/charges/object).
func chargeRefunded(e stripeEvent) (Event, error) {
	if held(e.object) {
		return Event{}, ignored("An authorisation was let go; no money had moved.")
	}
	p := charge(e)
	p.Status = queries.PaymentStatusCompleted
	p.Amount = e.object.money("amount_captured", "amount")
	total, _ := e.object.minor("amount_refunded")
	p.RefundTotalMinor = e.object.isoMinor("amount_refunded", total, p.Amount.Currency)
	// Since API version 2022-11-15 the list is no longer there by itself (Stripe, docs.stripe.com/changelog/2022-11-15).
	for _, r := range e.object.list("refunds") {
		p.Refunds = append(p.Refunds, stripeRefund(r, ""))
	}
	return Event{Type: PaymentRefunded, Payment: p}, nil
}

// refundChanged may come before anything is known of the payment itself, so it says no more of it than that it exists.
func refundChanged(e stripeEvent) (Event, error) {
	known := names(e.object.ref("payment_intent"), e.object.ref("charge"))
	if len(known) == 0 {
		return Event{}, ignored("This refund is of no payment or charge (it may be of a customer's credit balance), so there is nothing to take it from.")
	}
	return Event{Type: PaymentRefunded, Payment: &Payment{
		Names:   known,
		Status:  queries.PaymentStatusExpected,
		Refunds: []Refund{stripeRefund(e.object, e.kind)},
	}}, nil
}

func stripeRefund(r part, kind string) Refund {
	refund := Refund{
		ExternalID: r.needID("id", "a refund always has one."),
		Status:     queries.RefundStatusSucceeded, // a refund without a status, as very old versions had it, was simply made
		Amount:     r.money("amount"),
	}
	switch r.said("status") {
	case "pending", "requires_action":
		refund.Status = queries.RefundStatusPending
	case "failed", "canceled":
		refund.Status = queries.RefundStatusFailed
	}
	if kind == "refund.failed" {
		refund.Status = queries.RefundStatusFailed
	}
	return refund
}
