package inbound

import (
	"time"

	"github.com/wedsync/wedsync/queries"
)

// stripeEvent is Stripe's snapshot envelope (Stripe, docs.stripe.com/api/events/object). Its `account` is not read yet:
// a connection is one account's, and Connect would bring many.
type stripeEvent struct {
	id     string
	kind   string
	at     time.Time
	object part
}

// stripeReaders: one card payment comes as up to four of these (intent, charge, checkout, invoice). Each reader names the
// payment by its intent where it knows it, so that all four are one payment; see each for the names that would not be.
var stripeReaders = map[string]func(stripeEvent) (Event, error){
	"payment_intent.succeeded":       intentSucceeded,
	"payment_intent.payment_failed":  intentFailed,
	"payment_intent.processing":      intentOnItsWay,
	"payment_intent.requires_action": intentOnItsWay,
	"payment_intent.canceled":        intentOnItsWay,

	"charge.succeeded": chargeSucceeded,
	"charge.captured":  chargeSucceeded,
	"charge.failed":    chargeFailed,
	"charge.refunded":  chargeRefunded,

	"refund.created":        refundChanged,
	"refund.updated":        refundChanged,
	"refund.failed":         refundChanged,
	"charge.refund.updated": refundChanged,

	"charge.dispute.created":          disputed,
	"charge.dispute.updated":          disputed,
	"charge.dispute.closed":           disputed,
	"charge.dispute.funds_withdrawn":  disputed,
	"charge.dispute.funds_reinstated": disputed,

	"checkout.session.completed":               checkoutCompleted,
	"checkout.session.async_payment_succeeded": checkoutPaid,
	"checkout.session.async_payment_failed":    checkoutFailed,
	"checkout.session.expired":                 checkoutExpired,

	"invoice.paid":                    invoicePaid,
	"invoice.payment_failed":          invoiceFailed,
	"invoice.payment_action_required": invoiceNeedsPayer,
	"invoice_payment.paid":            invoicePaymentPaid,
}

// ReadStripe reads a snapshot event of any API version: its shape follows the version of the endpoint, never ours
// (Stripe, docs.stripe.com/webhooks). Stripe always says the currency, so the defaults have nothing to fill.
func ReadStripe(body []byte, _ Defaults) (Event, error) {
	doc, err := jsonDocument(body)
	if err != nil {
		return Event{}, err
	}
	p := newPart("", doc, false)
	if object := p.said("object"); object != "event" {
		return Event{}, wrong("This is not a Stripe event: object is %s instead of \"event\". "+
			"In Stripe, add the endpoint with snapshot payloads, not thin ones.", shown(doc["object"]))
	}
	object, said := p.sub("data")
	if said {
		object, said = object.sub("object")
	}
	if !said {
		return Event{}, wrong("data.object is missing: Stripe always sends it, so something on the way has changed the body.")
	}
	read, known := stripeReaders[p.said("type")]
	if !known {
		return Event{}, unused(p.said("type"))
	}
	e := stripeEvent{id: p.id("id"), kind: p.said("type"), at: p.unix("created"), object: object}
	ev, err := read(e)
	if p.err() != nil {
		return Event{}, p.err()
	}
	if err != nil {
		return Event{}, err
	}
	ev.ID, ev.OccurredAt = e.id, e.at
	return ev, nil
}

// unix is zero when not said, or when nobody can mean it.
func (p part) unix(name string) time.Time {
	seconds, ok := parseUnix(p.said(name))
	if at := time.Unix(seconds, 0).UTC(); ok && seconds > 0 && sane(at) {
		return at
	}
	return time.Time{}
}

// money is the first of these amounts that is more than nothing: older API versions lack the more exact ones.
func (p part) money(names ...string) queries.Money {
	for _, name := range names {
		if amount, _ := p.minor(name); amount > 0 {
			return queries.Money{Minor: amount, Currency: p.currency("currency", "")}
		}
	}
	p.fail(wrong("%s is missing or 0: Stripe always sends it, so something on the way has changed the body.", p.path(names[len(names)-1])))
	return queries.Money{}
}

// booking is what the supplier put on the payment to tie it to a booking. A value that cannot be an id ties nothing.
func (p part) booking() string {
	metadata, _ := p.sub("metadata")
	for _, name := range []string{"booking_external_id", "booking"} {
		if id := metadata.said(name); plainID(id) {
			return id
		}
	}
	return ""
}

// names keeps what is known, in the order given, each once.
func names(known ...string) []string {
	out := []string{}
	for _, name := range known {
		seen := name == ""
		for _, other := range out {
			seen = seen || other == name
		}
		if !seen {
			out = append(out, name)
		}
	}
	return out
}
