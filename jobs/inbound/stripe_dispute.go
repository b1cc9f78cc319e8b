package inbound

import (
	"cmp"
	"strings"

	"github.com/wedsync/wedsync/queries"
)

// disputed: a dispute is a refund that the payer's bank asks for, so it is kept as one, under its own id. While it is
// open the money may still come back, so it waits; lost, it counts; won, it never was. (Stripe,
// docs.stripe.com/api/disputes/object.)
func disputed(e stripeEvent) (Event, error) {
	known := names(e.object.ref("payment_intent"), e.object.ref("charge"))
	if len(known) == 0 {
		return Event{}, ignored("This dispute names no payment or charge, so there is nothing to take it from. Look at it in Stripe.")
	}
	refund := Refund{
		ExternalID: disputeID(e.object.needID("id", "a dispute always has one.")),
		Status:     disputeStands(e),
		Amount:     e.object.money("amount"),
	}
	p := &Payment{Names: known, Status: queries.PaymentStatusExpected, Refunds: []Refund{refund}}
	// Stripe tells of one dispute five times and more; its opening and its end are news.
	open := refund.Status == queries.RefundStatusPending
	if opens, ends := e.kind == "charge.dispute.created", e.kind == "charge.dispute.closed"; opens && open || ends && !open {
		p.Dispute = cmp.Or(word(e.object.said("reason")), "no reason given")
	}
	return Event{Type: PaymentRefunded, Payment: p}, nil
}

// disputeStands believes the status before the type. An event carries the dispute as it stood then, so events of one
// second agree whichever is read last; and part of a lost dispute's money may be "reinstated" where the payment had been
// refunded in part before, which does not make it won.
func disputeStands(e stripeEvent) queries.RefundStatus {
	switch e.object.said("status") {
	case "lost":
		return queries.RefundStatusSucceeded
	case "won", "warning_closed", "prevented": // prevented: what was given back for it comes as a refund of its own
		return queries.RefundStatusFailed
	}
	if e.kind == "charge.dispute.funds_reinstated" {
		return queries.RefundStatusFailed
	}
	return queries.RefundStatusPending
}

// disputeID is Stripe's, du_… or dp_… in older ones. RecountRefunds tells by these beginnings which rows are no part of a
// charge's running total of refunds, so an id that had another one is given it.
func disputeID(id string) string {
	if id == "" || isDispute(id) {
		return id
	}
	if plainID("du_" + id) {
		return "du_" + id
	}
	return "du_" + hashOf([]byte(id)) // never cut: two disputes must not become one by it
}

func isDispute(refundID string) bool {
	return strings.HasPrefix(refundID, "du_") || strings.HasPrefix(refundID, "dp_")
}
