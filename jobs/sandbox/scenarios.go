package sandbox

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/wedsync/wedsync/queries"
)

// Scenarios are the buttons of the sandbox. Those of our own shape are sent by every provider that is not Stripe.
func Scenarios() []Scenario {
	all := []Scenario{
		{"stripe_paid", "A couple pays £500", "payment_intent.succeeded", queries.ProviderStripe, stripePaid},
		{"stripe_charge", "The same payment, told again", "charge.succeeded: another event, the same money, counted once", queries.ProviderStripe, stripeCharge},
		{"stripe_refund", "£120 of it goes back", "charge.refunded", queries.ProviderStripe, stripeRefund},
		{"stripe_failed", "A card is refused", "payment_intent.payment_failed", queries.ProviderStripe, stripeFailed},
		{"stripe_euro", "A payment in euros", "Listed, and not added to pounds", queries.ProviderStripe, stripeEuro},
		{"stripe_unknown", "An event nobody uses", "Kept, shown, not used", queries.ProviderStripe, stripeUnknown},
	}
	for _, p := range []queries.Provider{queries.ProviderTave, queries.ProviderHoneybook, queries.ProviderLightblue,
		queries.ProviderStudioninja, queries.ProviderShootq, queries.ProviderCustom} {
		all = append(all,
			Scenario{string(p) + "_booking", "A booking is confirmed", "booking.created", p, booked},
			Scenario{string(p) + "_client", "A new client", "client.created", p, newClient})
	}
	for _, s := range Suppliers { // by the system that a season's bookings came from
		all = append(all, Scenario{string(s.Providers[1]) + "_moved", "A wedding this week moves by an hour", "booking.updated, so near to the day: by SMS, push and e-mail", s.Providers[1], moved})
	}
	return append(all,
		Scenario{"custom_wrong", "Money in the wrong form", "Could not be read: the page says why, and it can be run again", queries.ProviderCustom, wrongShape},
		Scenario{"wedme_invited", "A couple invites you", "wedme.client.invited", queries.ProviderWedme, invited},
		Scenario{"wedme_signup", "You accept", "wedme.vendor.signup", queries.ProviderWedme, accepted})
}

func stripePaid(w *World, org string, n int, now time.Time) []byte {
	w.paid[org] = n
	return stripePayment("payment_intent.succeeded", fmt.Sprintf("evt_sandbox_%d", n), n, 50_000, "gbp", now)
}

func stripeCharge(w *World, org string, n int, now time.Time) []byte {
	return encode(event(fmt.Sprintf("evt_sandbox_%d", n), "charge.succeeded", now, charge(w.latest(org, n), now, 0)))
}

func stripeRefund(w *World, org string, n int, now time.Time) []byte {
	return encode(event(fmt.Sprintf("evt_sandbox_%d", n), "charge.refunded", now, charge(w.latest(org, n), now, 12_000)))
}

func stripeFailed(_ *World, _ string, n int, now time.Time) []byte {
	intent := intent(n, 50_000, "gbp", now)
	intent["status"], intent["amount_received"] = "requires_payment_method", 0
	intent["last_payment_error"] = object{"type": "card_error", "code": "card_declined", "decline_code": "insufficient_funds", "message": "Your card has insufficient funds."}
	return encode(event(fmt.Sprintf("evt_sandbox_%d", n), "payment_intent.payment_failed", now, intent))
}

func stripeEuro(_ *World, _ string, n int, now time.Time) []byte {
	return stripePayment("payment_intent.succeeded", fmt.Sprintf("evt_sandbox_%d", n), n, 80_000, "eur", now)
}

func stripeUnknown(_ *World, _ string, n int, now time.Time) []byte {
	return encode(event(fmt.Sprintf("evt_sandbox_%d", n), "customer.tax_id.created", now, object{"id": "txi_1", "object": "tax_id"}))
}

func booked(_ *World, _ string, n int, now time.Time) []byte {
	day := nextSaturday(now.AddDate(0, 0, 7+n%20*7))
	return bookingBody(fmt.Sprintf("sandbox-%d", n), "booking.created", n, day, 13, "confirmed", now)
}

func newClient(_ *World, _ string, n int, now time.Time) []byte {
	a, b := names(n)
	return encode(object{"id": fmt.Sprintf("sandbox-%d", n), "type": "client.created", "occurred_at": now.UTC().Format(time.RFC3339Nano),
		"data": object{"client": client(n, a, b)}})
}

func wrongShape(_ *World, _ string, n int, now time.Time) []byte {
	return encode(object{"id": fmt.Sprintf("sandbox-%d", n), "type": "payment.completed", "occurred_at": now.UTC().Format(time.RFC3339Nano),
		"data": object{"payment": object{"external_id": fmt.Sprintf("p-%d", n), "amount": "500.00", "currency": "GBP", "status": "completed"}}})
}

func invited(w *World, org string, n int, now time.Time) []byte {
	w.paid["invite "+org] = n
	return invite("wedme.client.invited", n, n, now)
}

func accepted(w *World, org string, n int, now time.Time) []byte {
	return invite("wedme.vendor.signup", w.latest("invite "+org, n), n, now)
}

// latest is the number of what was sent before, or a new one when nothing was: a refund may come before its payment.
func (w *World) latest(what string, n int) int {
	if before, ok := w.paid[what]; ok {
		return before
	}
	w.paid[what] = n
	return n
}

type object = map[string]any

func encode(o object) []byte {
	raw, err := json.MarshalIndent(o, "", "  ")
	if err != nil {
		panic(err) // made of strings and numbers above
	}
	return raw
}
