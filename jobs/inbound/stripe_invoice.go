package inbound

import (
	"cmp"
	"time"

	"github.com/wedsync/wedsync/queries"
)

func checkoutCompleted(e stripeEvent) (Event, error) {
	switch status := e.object.said("payment_status"); status {
	case "paid":
		return checkoutPaid(e)
	case "no_payment_required":
		return Event{}, ignored("This checkout needed no payment, so there is nothing to count.")
	case "unpaid":
		// A bank debit: completed means only that the payer has filled in the form.
		return Event{}, ignored("The checkout is complete but not paid yet; it will be counted when the bank confirms it.")
	default:
		return Event{}, wrong("data.object.payment_status must be paid, unpaid or no_payment_required; it was %s.", shown(e.object.fields["payment_status"]))
	}
}

func checkoutPaid(e stripeEvent) (Event, error) {
	if total, said := e.object.minor("amount_total"); said && total == 0 {
		return Event{}, ignored("This checkout came to 0, so there is nothing to count.")
	}
	// A subscription's checkout knows its invoice but not its intent: counted here, under a name that the intent's own
	// event does not share, it would be counted twice.
	if e.object.ref("payment_intent") == "" && e.object.ref("invoice") != "" {
		return Event{}, ignored("This checkout is of an invoice; it will be counted when its payment arrives (payment_intent.succeeded).")
	}
	p := checkout(e)
	p.Status = queries.PaymentStatusCompleted
	return Event{Type: PaymentCompleted, Payment: p}, nil
}

func checkoutFailed(e stripeEvent) (Event, error) {
	p := checkout(e)
	p.Status, p.PaidAt = queries.PaymentStatusFailed, time.Time{}
	p.Failure = "The bank did not confirm the payment of this checkout."
	return Event{Type: PaymentFailed, Payment: p}, nil
}

func checkoutExpired(stripeEvent) (Event, error) {
	return Event{}, ignored("The payer did not finish this checkout in time; nothing was paid.")
}

func checkout(e stripeEvent) *Payment {
	payer, _ := e.object.sub("customer_details")
	booking := e.object.booking()
	if reference := e.object.said("client_reference_id"); booking == "" && plainID(reference) {
		booking = reference
	}
	return &Payment{
		Names:             names(e.object.ref("payment_intent"), e.object.needID("id", "a checkout always has one.")),
		Amount:            e.object.money("amount_total"),
		PaidAt:            firstTime(e.at, e.object.unix("created")),
		BookingExternalID: booking,
		PayerName:         payer.said("name"),
		PayerEmail:        cmp.Or(payer.said("email"), e.object.said("customer_email")),
	}
}

// invoicePaid: one invoice may be paid in instalments, each an intent of its own, so the invoice's id must never be a
// second name of an intent: it would make two payments one. It is a name only where there is nothing else to go by.
func invoicePaid(e stripeEvent) (Event, error) {
	o := e.object
	// Until 2025-03-31 amount_paid left out what was paid elsewhere, so a cash invoice says 0 there.
	due, _ := o.minor("amount_due")
	if outside, _ := o.truth("paid_out_of_band"); outside && due > 0 {
		return Event{Type: PaymentCompleted, Payment: invoice(e, names(o.needID("id", "an invoice always has one.")), "amount_paid", "amount_due")}, nil
	}
	if paid, said := o.minor("amount_paid"); said && paid == 0 {
		return Event{}, ignored("This invoice came to 0, or was paid from credit, so no money came in.")
	}
	known := invoiceNames(o)
	if len(known) == 0 {
		// Since 2025-03-31 an invoice paid in cash looks just like one paid by card: nothing in it tells them apart, so
		// counting it here would count every card payment twice.
		return Event{}, ignored("This invoice does not name the one payment that paid it; it is counted when its payment arrives (payment_intent.succeeded, or invoice_payment.paid, which alone tells of an invoice that was paid outside Stripe).")
	}
	return Event{Type: PaymentCompleted, Payment: invoice(e, known, "amount_paid")}, nil
}

// invoiceNames are of its one payment: on top until API version 2025-03-31, under payments since, if expanded there
// (Stripe, docs.stripe.com/changelog/basil/2025-03-31/add-support-for-multiple-partial-payments-on-invoices).
// Several payments have no one name, and each comes by itself.
func invoiceNames(o part) []string {
	if old := names(o.ref("payment_intent"), o.ref("charge")); len(old) > 0 {
		return old
	}
	list, _ := o.sub("payments")
	if more, _ := list.truth("has_more"); more {
		return nil
	}
	var known []string
	for _, row := range o.list("payments") {
		if status := row.said("status"); status == "" || status == "paid" {
			if known != nil {
				return nil
			}
			known = invoicePaymentNames(row)
		}
	}
	return known
}

// invoicePaymentNames: money that came outside Stripe is a payment record (Stripe, docs.stripe.com/api/invoice-payment/object).
// The row's own inpay_ id is of this one payment, unlike the invoice's.
func invoicePaymentNames(row part) []string {
	by, _ := row.sub("payment")
	return names(by.ref("payment_intent"), by.ref("charge"), by.ref("payment_record"), row.id("id"))
}

func invoice(e stripeEvent, known []string, amounts ...string) *Payment {
	o := e.object
	when, _ := o.sub("status_transitions")
	p := &Payment{
		Names:             known,
		Status:            queries.PaymentStatusCompleted,
		Amount:            o.money(amounts...),
		PaidAt:            firstTime(when.unix("paid_at"), e.at, o.unix("created")),
		BookingExternalID: o.booking(),
		PayerName:         o.said("customer_name"),
		PayerEmail:        o.said("customer_email"),
		Description:       o.said("description"),
	}
	if number := o.said("number"); number != "" && p.Description == "" {
		p.Description = "Invoice " + number
	}
	return p
}

func invoiceFailed(e stripeEvent) (Event, error) {
	known := invoiceNames(e.object)
	if len(known) == 0 {
		return Event{}, ignored("This invoice does not say which payment failed; payment_intent.payment_failed tells it.")
	}
	p := invoice(e, known, "amount_due")
	p.Status, p.PaidAt = queries.PaymentStatusFailed, time.Time{}
	p.Failure = "Stripe could not collect this invoice."
	return Event{Type: PaymentFailed, Payment: p}, nil
}

func invoiceNeedsPayer(stripeEvent) (Event, error) {
	return Event{}, ignored("The payer has to confirm this invoice's payment with their bank; it will be counted when it succeeds.")
}

// severalPayments is the API version since which an invoice may be paid in parts, and no longer says paid_out_of_band.
const severalPayments = "2025-03-31"

// invoicePaymentPaid ties one payment to its invoice (Stripe, docs.stripe.com/api/invoice-payment/object).
func invoicePaymentPaid(e stripeEvent) (Event, error) {
	e.object.needID("id", "an invoice payment always has one.")
	by, _ := e.object.sub("payment")
	if by.ref("payment_record") != "" && e.version != "" && e.version < severalPayments {
		return Event{}, ignored("This was paid outside Stripe; in this endpoint's API version its invoice.paid says so, and it is counted there.")
	}
	return Event{Type: PaymentCompleted, Payment: invoice(e, invoicePaymentNames(e.object), "amount_paid")}, nil
}
