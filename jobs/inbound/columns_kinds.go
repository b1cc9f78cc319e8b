package inbound

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/wedsync/wedsync/queries"
)

// sheetWords are further ways to write a booking's state, as lists kept by hand have them.
var sheetWords = func() map[string]queries.BookingStatus {
	all := maps.Clone(bookingWords)
	for status, words := range map[queries.BookingStatus][]string{
		queries.BookingStatusConfirmed: {"active", "signed", "contracted", "contract signed", "deposit paid", "paid", "won", "complete", "completed", "fulfilled", "delivered", "yes"},
		queries.BookingStatusHeld:      {"provisional", "pencilled", "pencilled in", "reserved", "on hold", "pending"},
		queries.BookingStatusEnquiry:   {"new", "new enquiry", "new lead", "open", "prospect", "quoted", "proposal", "proposal sent", "quote sent"},
		queries.BookingStatusCancelled: {"lost", "declined", "dead", "closed lost", "withdrawn", "no"},
	} {
		for _, w := range words {
			all[w] = status
		}
	}
	return all
}()

func (r *rowReader) booking() map[string]any {
	day, end := r.when()
	b := map[string]any{"external_id": r.said(FieldReference), "title": r.said(FieldTitle), "start": day, "end": end,
		"venue": r.said(FieldVenue), "status": r.status()}
	if day != "" {
		b["timezone"] = r.d.Zone.String()
	}
	if minor, currency, said := r.money(FieldValue); said {
		b["value"] = map[string]any{"amount": minor, "currency": currency}
	}
	client := r.client()
	if b["external_id"] == "" {
		name := firstOf(r.name(), r.said(FieldTitle))
		if name == "" || day == "" {
			r.fail("This row has no reference, and without a name and a date together WedSync cannot tell it from others.")
		}
		b["external_id"] = r.known("booking", name, r.said(FieldPartner), strings.SplitN(day, "T", 2)[0])
	}
	return r.about(BookingUpdated, map[string]any{"booking": b, "client": client})
}

// when puts the date and the times of a row together. An end that is earlier than the start is after midnight.
func (r *rowReader) when() (start, end string) {
	at, hasTime, said := r.moment(FieldDate)
	if !said {
		if r.said(FieldReference) == "" && r.said(FieldDate) == "" {
			r.fail("This row has no date and no reference, so there is no day to keep.")
		}
		return "", ""
	}
	if since, ok := r.clockOf(FieldStart, at); ok {
		at, hasTime = since, true
	}
	if !hasTime {
		return at.Format(time.DateOnly), ""
	}
	const layout = "2006-01-02T15:04"
	until, ok := r.clockOf(FieldEnd, at)
	if !ok {
		return at.Format(layout), ""
	}
	if !until.After(at) {
		until = until.AddDate(0, 0, 1)
	}
	return at.Format(layout), until.Format(layout)
}

// clockOf is a time of day on the row's date, or a date with a time of its own.
func (r *rowReader) clockOf(f Field, day time.Time) (time.Time, bool) {
	text := r.said(f)
	if text == "" {
		return day, false
	}
	if since, ok := readTime(text); ok {
		y, m, d := day.Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Add(since), true
	}
	if isDay(text) {
		at, hasTime, said := r.moment(f)
		return at, hasTime && said
	}
	r.fail("%s holds %s, which WedSync does not read as a time. Write it as 14:00.", r.heading(f), shown(text))
	return day, false
}

func (r *rowReader) status() string {
	text := r.said(FieldStatus)
	if text == "" {
		return string(r.Assume)
	}
	status, known := sheetWords[word(text)]
	if !known {
		r.fail("%s holds %s. WedSync knows confirmed (or booked, completed), held (provisional), enquiry (lead, quoted) and cancelled (lost).", r.heading(FieldStatus), shown(text))
	}
	return string(status)
}

// money is an amount in whole units with its pence: "£1,250.00". A sign of pounds or euros says its currency.
func (r *rowReader) money(f Field) (minor int64, currency string, said bool) {
	text := r.said(f)
	if text == "" {
		return 0, "", false
	}
	currency = r.d.Currency
	switch code := r.said(FieldCurrency); {
	case code != "":
		var ok bool
		if currency, ok = queries.ParseCurrency(code); !ok {
			r.fail("%s holds %s, which is not a currency's three letters, such as GBP.", r.heading(FieldCurrency), shown(code))
			return 0, "", false
		}
	case strings.Contains(text, "£"):
		currency = "GBP"
	case strings.Contains(text, "€"):
		currency = "EUR"
	}
	if strings.HasPrefix(text, "-") || strings.HasPrefix(text, "−") || strings.HasPrefix(text, "(") {
		r.fail("%s holds %s. Amounts below nought (refunds, credits) are not imported, because a sheet does not say which payment they take back.", r.heading(f), shown(text))
		return 0, "", false
	}
	minor, ok := minorOf(withoutSign(text, currency), decimals(currency))
	if !ok || minor > maxMinor {
		r.fail("%s holds %s, which is not an amount in %s such as 1,250.00.", r.heading(f), shown(text), currency)
		return 0, "", false
	}
	return minor, currency, true
}

func (r *rowReader) payment() map[string]any {
	minor, currency, said := r.money(FieldAmount)
	if !said {
		r.fail("This row has no amount.")
	}
	at, hasTime, said := r.moment(FieldPaidOn)
	if !said {
		r.fail("This row has no date of payment, so nothing was paid yet as far as it says.")
	}
	kind := r.paid()
	p := map[string]any{"external_id": r.said(FieldPaymentID), "booking_external_id": r.said(FieldFor), "amount": minor, "currency": currency,
		"payer_name": r.name(), "payer_email": r.email(), "description": r.said(FieldTitle)}
	if p["external_id"] == "" {
		p["external_id"] = r.known("payment", r.said(FieldFor), r.name(), r.said(FieldEmail), at.Format(time.DateOnly), inWords(queries.Money{Minor: minor, Currency: currency}))
	}
	if !hasTime {
		at = at.Add(12 * time.Hour) // a day's noon is that day in every reader's zone nearby
	}
	p["paid_at"] = atVenue(at, r.d.Zone).UTC().Format(time.RFC3339)
	return r.about(kind, map[string]any{"payment": p})
}

// paid: what is only due, or went back, is not to be counted as money.
func (r *rowReader) paid() Type {
	text := word(r.said(FieldStatus))
	status, known := paymentWords[text]
	switch {
	case text == "" || status == queries.PaymentStatusCompleted || slices.Contains([]string{"received", "cleared", "complete", "settled", "posted"}, text):
		return PaymentCompleted
	case status == queries.PaymentStatusFailed:
		return PaymentFailed
	case known || slices.Contains([]string{"unpaid", "overdue", "outstanding", "future"}, text):
		r.fail("%s says %s: this payment is not made yet, so it is left out.", r.heading(FieldStatus), shown(text))
	default:
		r.fail("%s holds %s. WedSync knows paid (or received, completed) and failed.", r.heading(FieldStatus), shown(text))
	}
	return PaymentCompleted
}
