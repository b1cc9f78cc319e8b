package inbound

import (
	"slices"
	"strings"

	"github.com/wedsync/wedsync/queries"
)

// The flat field names commonly seen: snake case from no-code senders (providers.md §2.2), camel case from Táve's API.
var (
	clientNames  = []string{"client_name", "contact_name", "name", "full_name"}
	partnerNames = []string{"partner_name", "spouse_name"}
	emails       = []string{"client_email", "contact_email", "email"}
	phones       = []string{"client_phone", "contact_phone", "phone"}
	titles       = []string{"project_name", "job_name", "booking_name", "shoot_name", "title", "name", "client_name", "contact_name"}
	starts       = []string{"start", "start_time", "event_date", "wedding_date", "project_date", "eventDate", "date"}
	ends         = []string{"end", "end_time", "event_end"}
	zones        = []string{"timezone", "time_zone"}
	venues       = []string{"venue", "location", "event_location"}
	stages       = []string{"status", "stage", "project_status", "job_status"}
	totals       = []string{"project_total", "booking_total", "totalRevenue", "invoice_total", "total"}
	amounts      = []string{"payment_amount", "amount", "invoice_total", "total"}
	currencies   = []string{"currency", "currency_code"}
	paidDates    = []string{"paid_at", "payment_date", "received"}
	paidFor      = []string{"project_id", "job_id", "booking_id", "shoot_id", "jobId"}
)

// readTemplate reads a flat body by a vendor's words, with the same readers that judge our own shape, so that a rule
// about times or ids exists once. Our own type words work with flat fields too.
func readTemplate(t Template, doc map[string]any, d Defaults) (Event, error) {
	p := newPart("", doc, true)
	said := p.first(t.kind)
	if said == "" && p.err() == nil {
		return Event{}, wrong("WedSync cannot tell what happened: the body has none of the fields %s. "+
			"Add one to the sender, for example event_type = \"booking.created\".", strings.Join(t.kind, ", "))
	}
	means, known := t.words[word(said)]
	if i := slices.IndexFunc(Types, func(ours Type) bool { return word(string(ours)) == word(said) }); i >= 0 {
		means, known = meaning{Type: Types[i]}, true
	}
	if !known && p.err() == nil {
		return Event{}, unused(said)
	}
	ev, err := readFlat(t, means, p, d)
	if p.err() != nil {
		return Event{}, p.err()
	}
	return ev, err
}

func readFlat(t Template, means meaning, p part, d Defaults) (Event, error) {
	ev := Event{Type: means.Type}
	about, _, _ := strings.Cut(string(means.Type), ".")
	client := flatClient(t, about, p)
	if about == "wedme" {
		ev.Invite = readInvite(p.with("", map[string]any{"client": client.fields}), means.Type)
		return ev, nil
	}
	if about == "client" || client.has("external_id") || client.has("email") {
		ev.Client = readClient(client, means.Type)
	}
	switch about {
	case "booking", "calendar":
		ev.Booking = flatBooking(t, means, p, d)
		if ev.Client != nil {
			ev.Booking.ClientExternalID = &ev.Client.ExternalID
		}
	case "payment":
		return flatPayment(t, ev, p, d)
	}
	return ev, nil
}

func flatClient(t Template, about string, p part) part {
	ids := t.clientID
	if about == "client" {
		ids = append(slices.Clone(ids), "id") // an event about a client has the client's own id on top
	}
	fields := map[string]any{}
	p.copy(fields, "external_id", ids)
	p.copy(fields, "name", clientNames)
	p.copy(fields, "partner_name", partnerNames)
	p.copy(fields, "email", emails)
	p.copy(fields, "phone", phones)
	return p.with("client", fields)
}

func flatBooking(t Template, means meaning, p part, d Defaults) *Booking {
	fields := map[string]any{}
	p.copy(fields, "external_id", t.bookingID)
	p.copy(fields, "title", titles)
	p.copy(fields, "start", starts)
	p.copy(fields, "end", ends)
	p.copy(fields, "timezone", zones)
	p.copy(fields, "venue", venues)
	p.insist(t.bookingID, "The booking's own id is missing, by which a later change finds it.")
	b := readBooking(p.with("booking", fields), means.Type, d)
	if means.status != "" {
		b.Status = &means.status
	}
	// Where the event only says that there is a project now, its stage says more.
	stage, known := bookingWords[word(p.first(stages))]
	if known && (b.Status == nil || means == enquiry) {
		b.Status = &stage
	}
	if name, there := p.where(totals); there {
		if value, said := p.major(name, p.flatCurrency(d)); said {
			b.Value = &value
		}
	}
	return b
}

func flatPayment(t Template, ev Event, p part, d Defaults) (Event, error) {
	var err error
	if ev.Type, err = asPaid(ev.Type, word(p.first(stages))); err != nil {
		return Event{}, err
	}
	pay := &Payment{
		Names:       names(p.id(p.insist(t.paymentID, "The payment's own id is missing; without it a repeat would be counted twice."))),
		Status:      paymentStatus(p, ev.Type),
		PayerName:   p.first(clientNames),
		PayerEmail:  p.first(emails),
		Description: p.first(titles),
	}
	if name, there := p.where(paidFor); there {
		pay.BookingExternalID = p.id(name)
	}
	if name, there := p.where(paidDates); there {
		if at, _, said := p.clock(name, p.zone("timezone", d)); said {
			pay.PaidAt = at.UTC()
		}
	}
	amount, _ := p.major(p.insist(amounts, "The payment's amount is missing."), p.flatCurrency(d))
	if ev.Type == PaymentRefunded {
		id := p.id(p.insist([]string{"refund_id"}, "The refund's own id is missing; without it a repeat would be refunded twice."))
		pay.Refunds = []Refund{{ExternalID: id, Status: queries.RefundStatusSucceeded, Amount: amount}}
	} else {
		pay.Amount = amount
	}
	ev.Payment = pay
	return ev, nil
}

// asPaid believes a status that says a payment was not made: Táve lists payments that are only planned, as future.
func asPaid(kind Type, status string) (Type, error) {
	planned := []string{"future", "confirmed future", "pending", "scheduled", "due", "unpaid"}
	switch {
	case status == "failed" || status == "declined":
		return PaymentFailed, nil
	case kind == PaymentCompleted && slices.Contains(planned, status):
		return kind, ignored("This payment is not made yet (its status is %s), so nothing is counted; kept.", shown(status))
	}
	return kind, nil
}
