package inbound

import (
	"cmp"
	"fmt"
	"time"

	"github.com/wedsync/wedsync/queries"
)

// intentNames: every charge is of one intent, so an intent's charges are safe as further names of it. Before API version
// 2022-11-15 they came as a list instead of latest_charge (Stripe, docs.stripe.com/changelog/2022-11-15).
func intentNames(o part) []string {
	all := []string{o.needID("id", "an intent always has one."), o.ref("latest_charge")}
	for _, charge := range o.list("charges") {
		all = append(all, charge.id("id"))
	}
	return names(all...)
}

func intentSucceeded(e stripeEvent) (Event, error) {
	charge, _ := e.object.sub("latest_charge")
	payer, _ := charge.sub("billing_details")
	return Event{Type: PaymentCompleted, Payment: &Payment{
		Names:  intentNames(e.object),
		Status: queries.PaymentStatusCompleted,
		Amount: e.object.money("amount_received", "amount"),
		// An intent is created when the payer opens the form, which may be days before; the event says when it was paid.
		PaidAt:            firstTime(e.at, e.object.unix("created")),
		BookingExternalID: e.object.booking(),
		PayerName:         payer.said("name"),
		PayerEmail:        cmp.Or(e.object.said("receipt_email"), payer.said("email")),
		Description:       e.object.said("description"),
	}}, nil
}

func intentFailed(e stripeEvent) (Event, error) {
	cause, _ := e.object.sub("last_payment_error")
	return Event{Type: PaymentFailed, Payment: &Payment{
		Names:             names(append(intentNames(e.object), cause.ref("charge"))...),
		Status:            queries.PaymentStatusFailed,
		Amount:            e.object.money("amount"),
		BookingExternalID: e.object.booking(),
		PayerEmail:        e.object.said("receipt_email"),
		Description:       e.object.said("description"),
		Failure:           failure(cause.said("message"), cmp.Or(cause.said("decline_code"), cause.said("code"))),
	}}, nil
}

// intentOnItsWay: nothing has been paid and nothing is lost, so no figure and no row would change; each of these is
// followed by succeeded or payment_failed, or by nothing when the payer gave up.
func intentOnItsWay(e stripeEvent) (Event, error) {
	switch e.kind {
	case "payment_intent.processing":
		return Event{}, ignored("The bank is still processing this payment; it will be counted when the bank confirms it.")
	case "payment_intent.requires_action":
		return Event{}, ignored("The payer has to confirm this payment with their bank; it will be counted when it succeeds.")
	}
	return Event{}, ignored("This payment was given up before anything was paid.")
}

// charge is what every charge event says of its payment, whatever happened to it.
func charge(e stripeEvent) *Payment {
	payer, _ := e.object.sub("billing_details")
	return &Payment{
		Names:             names(e.object.ref("payment_intent"), e.object.needID("id", "a charge always has one.")),
		PaidAt:            firstTime(e.object.unix("created"), e.at),
		BookingExternalID: e.object.booking(),
		PayerName:         payer.said("name"),
		PayerEmail:        cmp.Or(payer.said("email"), e.object.said("receipt_email")),
		Description:       e.object.said("description"),
	}
}

func chargeSucceeded(e stripeEvent) (Event, error) {
	if held(e.object) {
		return Event{}, ignored("The card was only authorised; the payment will be counted when it is captured.")
	}
	p := charge(e)
	p.Status = queries.PaymentStatusCompleted
	p.Amount = e.object.money("amount_captured", "amount")
	return Event{Type: PaymentCompleted, Payment: p}, nil
}

func chargeFailed(e stripeEvent) (Event, error) {
	p := charge(e)
	p.Status, p.PaidAt = queries.PaymentStatusFailed, time.Time{}
	p.Amount = e.object.money("amount")
	p.Failure = failure(e.object.said("failure_message"), e.object.said("failure_code"))
	return Event{Type: PaymentFailed, Payment: p}, nil
}

// held: an authorised but uncaptured charge "succeeds" as well, and letting it go "refunds" it; no money moved either time.
func held(o part) bool {
	captured, said := o.truth("captured")
	return said && !captured
}

func failure(message, code string) string {
	if message == "" {
		message = "The payment did not go through."
	}
	if code == "" {
		return message
	}
	return fmt.Sprintf("%s (%s)", message, code)
}

func firstTime(times ...time.Time) time.Time {
	for _, t := range times {
		if !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}
