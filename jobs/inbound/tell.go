package inbound

import (
	"strings"

	"github.com/wedsync/wedsync/queries"
)

// What the activity feed tells of an event: only what changed something, so that the second of two events of one
// payment is not a second payment to the reader.

// activity is one entry of the feed. Amount is nil where there is none.
type activity struct {
	Kind, Who, What, Currency string
	AmountMinor               *int64
}

// tell takes an entry along into what the batch tells.
func (b *batch) tell(a activity, row queries.InLaneRow) {
	if a.Kind == "" {
		return
	}
	t := &b.told
	t.Ats, t.DeliveryIds = append(t.Ats, row.ReceivedAt), append(t.DeliveryIds, row.ID)
	t.Kinds, t.Whos, t.Whats, t.Currencies = append(t.Kinds, a.Kind), append(t.Whos, a.Who), append(t.Whats, a.What), append(t.Currencies, a.Currency)
	var amount int64
	if a.AmountMinor != nil {
		amount = *a.AmountMinor
	}
	t.Amounts, t.HasAmounts = append(t.Amounts, amount), append(t.HasAmounts, a.AmountMinor != nil)
}

func (w *writing) tellClient(before, after queries.ClientForUpdateRow, isNew bool) {
	switch {
	case after.Deleted && !before.Deleted:
		w.about.Kind = "client_deleted"
	case isNew:
		w.about.Kind = "client_new"
	case before.Name != after.Name || before.PartnerName != after.PartnerName || before.Email != after.Email || before.Phone != after.Phone:
		w.about.Kind = "client_changed"
	}
	w.about.Who = couple(after.Name, after.PartnerName)
}

func (w *writing) tellBooking(before, after queries.BookingForUpdateRow, isNew bool) {
	w.about.Kind = "" // the booking says more than the client that came with it
	switch {
	case after.Status == queries.BookingStatusCancelled && before.Status != after.Status:
		w.about.Kind = "booking_cancelled"
	case after.Status == queries.BookingStatusConfirmed && before.Status != after.Status:
		w.about.Kind = "booking_confirmed"
	case isNew:
		w.about.Kind = "booking_new"
	case before.Title != after.Title || before.Venue != after.Venue || changedDay(before, after):
		w.about.Kind = "booking_changed"
	}
	w.about.What = after.Title
	w.about.AmountMinor, w.about.Currency = after.ValueMinor, after.ValueCurrency
}

func changedDay(before, after queries.BookingForUpdateRow) bool {
	if before.StartsLocal == nil || after.StartsLocal == nil {
		return before.StartsLocal != after.StartsLocal
	}
	return !before.StartsLocal.Equal(*after.StartsLocal)
}

// payerName is who paid, in the words of the supplier's own records where their address is known.
func (w *writing) payerName(p queries.PaymentsNamedRow) string {
	if p.PayerEmail == "" {
		return firstOf(p.PayerName, w.about.Who)
	}
	return firstOf(w.known.couples[strings.ToLower(p.PayerEmail)], p.PayerName, w.about.Who, p.PayerEmail)
}

func (w *writing) tellPayment(rows []queries.PaymentsNamedRow, after queries.PaymentsNamedRow, payer string) {
	var status queries.PaymentStatus
	var refundedBefore int64
	for _, r := range rows {
		refundedBefore += r.RefundedMinor
		if settled(r.Status) > settled(status) {
			status = r.Status
		}
	}
	amount := after.AmountMinor
	w.about.Kind = ""
	switch {
	case w.ofDispute():
		w.tellDispute(after, payer)
		return
	case after.RefundedMinor > refundedBefore:
		w.about.Kind, amount = "payment_refunded", after.RefundedMinor-refundedBefore
	case after.Status == queries.PaymentStatusCompleted && status != after.Status:
		w.about.Kind = "payment_completed"
	case after.Status == queries.PaymentStatusFailed && status != after.Status:
		w.about.Kind = "payment_failed"
	case w.event.Type == PaymentRefunded && after.Status != queries.PaymentStatusCompleted:
		w.about.Kind = "refund_early"
	}
	w.about.Who, w.about.What = payer, firstOf(after.Failure, after.Description)
	w.about.AmountMinor, w.about.Currency = &amount, after.Currency
}

func (w *writing) ofDispute() bool {
	refunds := w.event.Payment.Refunds
	return len(refunds) == 1 && isDispute(refunds[0].ExternalID)
}

// tellDispute tells where a dispute begins and where it ends; between the two nothing is decided.
func (w *writing) tellDispute(after queries.PaymentsNamedRow, payer string) {
	said := w.event.Payment
	if said.Dispute == "" {
		return
	}
	switch said.Refunds[0].Status {
	case queries.RefundStatusSucceeded:
		w.about.Kind = "dispute_lost"
	case queries.RefundStatusFailed:
		w.about.Kind = "dispute_won"
	default:
		w.about.Kind = "payment_disputed"
	}
	amount := said.Refunds[0].Amount
	w.about.Who, w.about.What = payer, firstOf(said.Dispute, after.Description)
	w.about.AmountMinor, w.about.Currency = &amount.Minor, amount.Currency
}

// Couple is how two people are written together.
func Couple(name, partner string) string { return couple(name, partner) }

func couple(name, partner string) string {
	if partner == "" {
		return name
	}
	return strings.TrimSpace(name + " & " + partner)
}

func firstOf(words ...string) string {
	for _, w := range words {
		if w != "" {
			return w
		}
	}
	return ""
}
