package inbound

import (
	"time"

	"github.com/wedsync/wedsync/queries"
)

// stripeEvent is Stripe's snapshot envelope (Stripe, docs.stripe.com/api/events/object).
type stripeEvent struct {
	id      string
	kind    string
	at      time.Time
	version string // the API version that shaped the object; each begins with its date
	object  part
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
// (Stripe, docs.stripe.com/webhooks). Stripe always says the currency, so the defaults have nothing to fill but whose
// events count.
func ReadStripe(body []byte, d Defaults) (Event, error) {
	doc, err := jsonDocument(body)
	if err != nil {
		return Event{}, err
	}
	p := newPart("", doc, false)
	if isTest(doc) {
		return Event{}, ignored(testArrived)
	}
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
	account := p.said("account")
	if d.Account != "" && account != d.Account {
		return Event{}, anotherAccount(account, d.Account)
	}
	read, known := stripeReaders[p.said("type")]
	if !known {
		return Event{}, unused(p.said("type"))
	}
	e := stripeEvent{id: p.id("id"), kind: p.said("type"), at: p.unix("created"), version: p.said("api_version"), object: object}
	ev, err := read(e)
	if p.err() != nil {
		return Event{}, p.err()
	}
	if err != nil {
		return Event{}, err
	}
	ev.ID, ev.OccurredAt, ev.Account = e.id, e.at, account
	// Counted all the same: an endpoint of test mode has a secret of its own, and the supplier chose to give us that one.
	live, said := p.truth("livemode")
	ev.Test = said && !live
	return ev, nil
}

// anotherAccount: a Connect platform's endpoint hears of every account that is connected to it, and of its own.
func anotherAccount(account, ours string) error {
	if account == "" {
		return ignored("This event names no account, so it is of the platform's own, and this connection counts only %s; kept.", shown(ours))
	}
	return ignored("This event is of the Stripe account %s, and this connection counts only %s; kept.", shown(account), shown(ours))
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
			currency := p.currency("currency", "")
			return queries.Money{Minor: p.isoMinor(name, amount, currency), Currency: currency}
		}
	}
	p.fail(wrong("%s is missing or 0: Stripe always sends it, so something on the way has changed the body.", p.path(names[len(names)-1])))
	return queries.Money{}
}

// isoMinor turns Stripe's smallest unit into ISO 4217's, which all our figures are in. They are the same but for the króna
// and the shilling, which Stripe goes on writing with two decimals, and the ariary, which it writes with none (Stripe,
// docs.stripe.com/currencies, "zero-decimal" and "special cases").
func (p part) isoMinor(name string, amount int64, currency string) int64 {
	switch currency {
	case "ISK", "UGX":
		return amount / 100
	case "MGA":
		if amount *= 100; amount > maxMinor {
			p.mustBe(name, "at most 1000000000000 in the currency's smallest unit")
			return 0
		}
	}
	return amount
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
