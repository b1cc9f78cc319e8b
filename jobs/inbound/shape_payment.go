package inbound

import (
	"cmp"
	"strings"

	"github.com/wedsync/wedsync/queries"
)

func readPayment(p, data part, ev Event, d Defaults) *Payment {
	pay := &Payment{
		Names:             []string{p.needID("external_id", "without the payment's own id a repeat would be counted twice.")},
		Status:            paymentStatus(p, ev.Type),
		PaidAt:            p.instant("paid_at"),
		BookingExternalID: p.id("booking_external_id"),
		PayerName:         p.said("payer_name"),
		PayerEmail:        p.said("payer_email"),
		Description:       p.said("description"),
		Failure:           p.said("failure"),
	}
	if ev.Type == PaymentRefunded {
		pay.Refunds = []Refund{readRefund(p, data, ev, d)}
		return pay
	}
	if pay.PaidAt.IsZero() && pay.Status == queries.PaymentStatusCompleted {
		pay.PaidAt = ev.OccurredAt
	}
	amount, said := p.minor("amount")
	if !said && pay.Status == queries.PaymentStatusCompleted {
		p.fail(wrong("%s.amount is missing: a completed payment needs one, in pence/cents, e.g. 50000 for £500.00.", p.at))
	}
	if said || pay.Status == queries.PaymentStatusFailed {
		pay.Amount = queries.Money{Minor: amount, Currency: p.currency("currency", d.Currency)}
	}
	return pay
}

var paymentWords = map[string]queries.PaymentStatus{
	"completed": queries.PaymentStatusCompleted, "paid": queries.PaymentStatusCompleted, "succeeded": queries.PaymentStatusCompleted,
	"failed": queries.PaymentStatusFailed, "declined": queries.PaymentStatusFailed,
	"pending": queries.PaymentStatusPending, "processing": queries.PaymentStatusPending,
	"expected": queries.PaymentStatusExpected, "due": queries.PaymentStatusExpected, "scheduled": queries.PaymentStatusExpected,
}

// paymentStatus believes the type before the status field: senders fill the type by choosing an event, and leave the
// field as it was when their template was written.
func paymentStatus(p part, kind Type) queries.PaymentStatus {
	switch kind {
	case PaymentCompleted:
		return queries.PaymentStatusCompleted
	case PaymentFailed:
		return queries.PaymentStatusFailed
	case PaymentRefunded:
		return queries.PaymentStatusExpected
	}
	word := strings.ToLower(p.said("status"))
	status, known := paymentWords[word]
	if !known && word != "" {
		p.mustBe("status", "completed, failed, pending or expected")
	}
	if !known {
		return queries.PaymentStatusExpected
	}
	return status
}

// readRefund: two refunds of one payment may be of the same amount, so a refund without any id of its own cannot be told
// from its repeat.
func readRefund(p, data part, ev Event, d Defaults) Refund {
	r := Refund{ExternalID: p.id("refund_external_id"), Status: queries.RefundStatusSucceeded}
	from, name := p, "amount"
	if p.has("refund_amount") {
		name = "refund_amount"
	}
	if inner, said := data.sub("refund"); said {
		from, name = inner, "amount"
		r.ExternalID = cmp.Or(inner.id("external_id"), r.ExternalID)
		r.Status = refundStatus(inner)
	}
	if r.ExternalID = cmp.Or(r.ExternalID, ev.ID); r.ExternalID == "" {
		p.fail(wrong("data.refund.external_id is missing, and the event has no id either: without one a repeat would be refunded twice."))
	}
	amount, said := from.minor(name)
	if !said {
		p.fail(wrong("%s is missing: a refund needs its amount in pence/cents, e.g. 50000 for £500.00.", from.path(name)))
	}
	r.Amount = queries.Money{Minor: amount, Currency: from.currency("currency", cmp.Or(p.said("currency"), d.Currency))}
	return r
}

func refundStatus(p part) queries.RefundStatus {
	switch strings.ToLower(p.said("status")) {
	case "", "succeeded", "completed", "refunded":
		return queries.RefundStatusSucceeded
	case "pending", "requires_action", "processing":
		return queries.RefundStatusPending
	case "failed", "canceled", "cancelled":
		return queries.RefundStatusFailed
	}
	p.mustBe("status", "succeeded, pending or failed")
	return ""
}
