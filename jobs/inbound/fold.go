package inbound

import (
	"fmt"
	"maps"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/queries"
)

// Folding is last-writer-wins, field by field: the same events in any order, any number of times, end in the same row.

// FoldClient gives the row after the event.
func FoldClient(row queries.ClientForUpdateRow, c Client, stamp string) queries.ClientForUpdateRow {
	row.Stamps = copied(row.Stamps)
	set(&row.Name, c.Name, row.Stamps, "name", stamp)
	set(&row.PartnerName, c.PartnerName, row.Stamps, "partner_name", stamp)
	set(&row.Email, c.Email, row.Stamps, "email", stamp)
	set(&row.Phone, c.Phone, row.Stamps, "phone", stamp)
	set(&row.Deleted, c.Deleted, row.Stamps, "deleted", stamp)
	return row
}

// FoldBooking gives the row after the event. When is one field: a start from one event and an end from another could
// make a day that nobody asked for.
func FoldBooking(row queries.BookingForUpdateRow, b Booking, stamp string) queries.BookingForUpdateRow {
	row.Stamps = copied(row.Stamps)
	if b.ClientExternalID != nil && newer(row.Stamps, "client", stamp) {
		row.ClientExternalID = b.ClientExternalID
	}
	set(&row.Title, b.Title, row.Stamps, "title", stamp)
	if b.When != nil && newer(row.Stamps, "when", stamp) {
		row.StartsLocal, row.EndsLocal, row.Timezone = &b.When.Start, &b.When.End, b.When.Zone
	}
	set(&row.Venue, b.Venue, row.Stamps, "venue", stamp)
	set(&row.Resource, b.Resource, row.Stamps, "resource", stamp)
	set(&row.Status, b.Status, row.Stamps, "status", stamp)
	if b.Value != nil && newer(row.Stamps, "value", stamp) {
		row.ValueMinor, row.ValueCurrency = &b.Value.Minor, b.Value.Currency
	}
	return row
}

// FoldPayment gives the payment after the event, out of every row that already goes by one of its names (oldest first;
// none at all for a new one), and the rows that turned out to be the same payment and have to go.
func FoldPayment(rows []queries.PaymentsNamedRow, p Payment, stamp string) (queries.PaymentsNamedRow, []uuid.UUID) {
	var row queries.PaymentsNamedRow
	var same []uuid.UUID
	if len(rows) > 0 {
		row = rows[0]
	}
	row.Stamps = copied(row.Stamps)
	for i := 1; i < len(rows); i++ {
		same = append(same, rows[i].ID)
		row = joined(row, rows[i])
	}
	return afterEvent(row, p, stamp), same
}

// afterEvent never steps back: a payment that was completed cannot have failed, whatever arrives late. The amount goes by
// the same rule, for itself: the newest word of the furthest state that says one.
func afterEvent(row queries.PaymentsNamedRow, p Payment, stamp string) queries.PaymentsNamedRow {
	row = further(row, p.Status)
	if p.Amount.Currency != "" && newer(row.Stamps, "amount", fmt.Sprintf("%d#%s", settled(p.Status), stamp)) {
		row.AmountMinor, row.Currency = p.Amount.Minor, p.Amount.Currency
		row.PaidAt = moment(p)
		row.Failure = p.Failure
	}
	row.RefundTotalMinor = max(row.RefundTotalMinor, p.RefundTotalMinor)
	fill(&row.BookingExternalID, p.BookingExternalID, row.Stamps, "booking", stamp)
	fill(&row.PayerName, p.PayerName, row.Stamps, "payer_name", stamp)
	fill(&row.PayerEmail, p.PayerEmail, row.Stamps, "payer_email", stamp)
	fill(&row.Description, p.Description, row.Stamps, "description", stamp)
	return row
}

func further(row queries.PaymentsNamedRow, s queries.PaymentStatus) queries.PaymentsNamedRow {
	if settled(s) > settled(row.Status) || row.Status == "" {
		row.Status = s
	}
	return row
}

// joined puts what another row knows of the same payment into this one, as if its events had come here.
func joined(row, other queries.PaymentsNamedRow) queries.PaymentsNamedRow {
	row = further(row, other.Status)
	if newer(row.Stamps, "amount", other.Stamps["amount"]) {
		row.AmountMinor, row.Currency, row.PaidAt, row.Failure = other.AmountMinor, other.Currency, other.PaidAt, other.Failure
	}
	row.RefundTotalMinor = max(row.RefundTotalMinor, other.RefundTotalMinor)
	fill(&row.BookingExternalID, other.BookingExternalID, row.Stamps, "booking", other.Stamps["booking"])
	fill(&row.PayerName, other.PayerName, row.Stamps, "payer_name", other.Stamps["payer_name"])
	fill(&row.PayerEmail, other.PayerEmail, row.Stamps, "payer_email", other.Stamps["payer_email"])
	fill(&row.Description, other.Description, row.Stamps, "description", other.Stamps["description"])
	return row
}

func settled(s queries.PaymentStatus) int {
	switch s {
	case queries.PaymentStatusCompleted:
		return 3
	case queries.PaymentStatusFailed:
		return 2
	case queries.PaymentStatusPending:
		return 1
	default:
		return 0
	}
}

func moment(p Payment) *time.Time {
	if p.PaidAt.IsZero() {
		return nil
	}
	at := p.PaidAt.UTC()
	return &at
}

// copied keeps the rule pure: the caller's row still holds what it held before.
func copied(s queries.Stamps) queries.Stamps {
	if s == nil {
		return queries.Stamps{}
	}
	return maps.Clone(s)
}
