package views

// ArrivalWords say what a delivery tells of. Stripe has a dozen names for what a supplier calls by three; a name that
// neither we nor Stripe gave is shown as it came.
func ArrivalWords(eventType string) string {
	switch eventType {
	case "":
		return "Type not given"
	case "payment_intent.succeeded", "charge.succeeded", "charge.captured":
		return EventWords("payment.completed")
	case "payment_intent.payment_failed", "charge.failed", "checkout.session.async_payment_failed":
		return EventWords("payment.failed")
	case "checkout.session.completed", "checkout.session.async_payment_succeeded":
		return "A checkout was completed"
	case "invoice.paid", "invoice_payment.paid":
		return "An invoice was paid"
	case "invoice.payment_failed":
		return "An invoice could not be paid"
	case "charge.refunded":
		return EventWords("payment.refunded")
	case "refund.created", "refund.updated", "charge.refund.updated":
		return "News of a refund"
	case "refund.failed":
		return "A refund failed"
	case "charge.dispute.created":
		return "A payment is disputed"
	case "charge.dispute.closed", "charge.dispute.updated", "charge.dispute.funds_reinstated", "charge.dispute.funds_withdrawn":
		return "News of a disputed payment"
	default:
		return EventWords(eventType)
	}
}
