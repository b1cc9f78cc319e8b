package inbound

import (
	"fmt"

	"github.com/wedsync/wedsync/queries"
)

// UnitNotSaid is why a payment of Tave's waits: a wrong amount is worse than a late one.
const UnitNotSaid = "WedSync does not know yet whether Tave's %s means %s or %s: say so on the connection's page, then run this again."

func readTavePayment(p part, d Defaults) (Event, error) {
	record, _ := p.sub("payment")
	ev := Event{Type: PaymentCompleted, OccurredAt: modified(record)}
	pay := &Payment{
		Names:             names(record.needID("id", "a payment always has one.")),
		Status:            queries.PaymentStatusCompleted,
		BookingExternalID: record.id("jobId"),
		Description:       record.said("memo"),
	}
	switch status := record.said("status"); status {
	case "posted", "": // posted is the schema's default
		at, _, said := record.clock("received", d.Zone)
		if pay.PaidAt = taveTime(record.said("created")); said {
			pay.PaidAt = at.UTC()
		}
	case "failed":
		ev.Type, pay.Status = PaymentFailed, queries.PaymentStatusFailed
		pay.Failure = "The payment did not go through. Tave does not say why."
	case "future", "confirmed-future", "pending":
		return Event{}, ignored("This payment is %s, so nothing is counted yet; it is read again when Tave changes it.",
			map[string]string{"future": "only planned", "confirmed-future": "planned and confirmed", "pending": "on its way"}[status])
	default:
		return Event{}, ignored("WedSync does not know Tave's payment status %s, so nothing is counted; kept.", shown(status))
	}
	if ev.Payment = pay; record.err() != nil {
		return Event{}, record.err()
	}
	var err error
	if pay.Amount, err = taveMoney(record, "amount", d); err != nil {
		return Event{}, err
	}
	return ev, taveRefunds(&ev, record, d)
}

// taveRefunds: refunds are payments of their own, listed in the one that they take from, which also has their total (schema).
func taveRefunds(ev *Event, record part, d Defaults) error {
	total, err := taveMoney(record, "refundedAmount", d)
	if err != nil {
		return err
	}
	for _, r := range record.list("refunds") {
		amount, err := taveMoney(r, "amount", d)
		if err != nil {
			return err
		}
		refund := Refund{ExternalID: r.needID("id", "a refund always has one."), Status: queries.RefundStatusSucceeded, Amount: amount}
		switch r.said("status") {
		case "failed":
			refund.Status = queries.RefundStatusFailed
		case "pending", "future", "confirmed-future":
			refund.Status = queries.RefundStatusPending
		}
		ev.Payment.Refunds = append(ev.Payment.Refunds, refund)
	}
	if ev.Payment.RefundTotalMinor = total.Minor; total.Minor > 0 || len(ev.Payment.Refunds) > 0 {
		ev.Type = PaymentRefunded
	}
	return nil
}

// taveMoney is an amount that has to be right. One that is not there is nought.
func taveMoney(record part, name string, d Defaults) (queries.Money, error) {
	if !record.has(name) {
		return queries.Money{Currency: d.Currency}, nil
	}
	money, ok := taveAmount(record, name, d)
	number := fmt.Sprint(record.fields[name])
	switch {
	case ok && money.Minor >= 0:
		return money, nil
	case d.Unit == "":
		small, large := inBothUnits(number, d.Currency)
		return money, wrong(UnitNotSaid, clip(clean(number), 20), small, large)
	}
	return money, wrong("%s must be a whole number, as Tave's published format says; it was %s.", record.path(name), shown(record.fields[name]))
}

// inBothUnits writes one of Tave's numbers as pence and as pounds, for the person who knows which is right.
func inBothUnits(number, currency string) (small, large string) {
	words := func(decimals int) string {
		minor, ok := minorOf(number, decimals)
		if !ok {
			return "something else"
		}
		return inWords(queries.Money{Minor: minor, Currency: currency})
	}
	return words(0), words(decimals(currency))
}
