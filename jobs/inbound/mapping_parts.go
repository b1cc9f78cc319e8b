package inbound

import (
	"strconv"
	"strings"
	"time"

	"github.com/wedsync/wedsync/queries"
)

// The parts of our own shape out of a reading's values. p has the values by our fields' names, so a fault that is found here
// names the field as one found by the shape's readers does.

func (p part) group(about string) map[string]any {
	fields := map[string]any{}
	for name, value := range p.fields {
		if inner, ours := strings.CutPrefix(name, about+"."); ours {
			fields[inner] = value
		}
	}
	return fields
}

func (p part) mappedClient() map[string]any {
	client := p.group("client")
	if surname := p.said("client.surname"); surname != "" {
		client["name"] = strings.TrimSpace(p.said("client.name") + " " + surname)
	}
	delete(client, "surname")
	return client
}

func (m Mapping) mappedBooking(p part, d Defaults) map[string]any {
	p.splitDay()
	booking := p.group("booking")
	delete(booking, "value")
	delete(booking, "currency")
	delete(booking, "date")
	if amount := m.amount(p, "booking.value", "booking.currency", d); amount != nil {
		booking["value"] = map[string]any{"amount": amount, "currency": p.fields["booking.currency"]}
	}
	return booking
}

func (m Mapping) mappedPayment(p part, zone *time.Location, d Defaults) map[string]any {
	payment := p.group("payment")
	delete(payment, "status") // the event's type has it already
	payment["amount"] = m.amount(p, "payment.amount", "payment.currency", d)
	payment["paid_at"] = p.moment("payment.paid_at", zone, true)
	return payment
}

// mappedRefund: a sender that has one field for amounts writes the refund's there too.
func (m Mapping) mappedRefund(p part, d Defaults) map[string]any {
	name := "refund.amount"
	if !p.has(name) {
		name = "payment.amount"
	}
	return map[string]any{"external_id": p.fields["refund.external_id"], "amount": m.amount(p, name, "payment.currency", d)}
}

// amount is in minor units; nil when none was said. Text that is all digits is a number to a no-code sender.
func (m Mapping) amount(p part, name, currencyName string, d Defaults) any {
	if !p.has(name) {
		return nil
	}
	unit := m.Unit
	if unit == "" {
		unit = d.Unit
	}
	switch unit {
	case queries.MoneyUnitMinor:
		if text, isText := p.fields[name].(string); isText {
			return formText(text)
		}
		return p.fields[name]
	case queries.MoneyUnitMajor:
		money, said := p.major(name, p.currency(currencyName, d.Currency))
		if said {
			return formText(strconv.FormatInt(money.Minor, 10))
		}
		return nil
	}
	p.fail(wrong("%s is an amount, and nobody has said yet whether 1250 means £1,250 or £12.50.", name))
	return nil
}

// moment gives a time the zone of the clock that it was read off. Only where dateWill does a date alone do: events are put
// in order by when they happened, and a whole day is no order.
func (p part) moment(name string, zone *time.Location, dateWill bool) any {
	if !p.has(name) || zone == nil {
		return nil
	}
	at, wholeDay, said := p.clock(name, zone)
	switch {
	case !said:
		return nil
	case wholeDay && !dateWill:
		p.mustBe(name, "a date with its time of day, such as 2027-01-05T10:00:00Z")
		return nil
	}
	return at.Format(time.RFC3339)
}

// splitDay puts a day and times of that day together. An end before the start is after midnight.
func (p part) splitDay() {
	if !p.has("booking.date") {
		return
	}
	text := p.said("booking.date")
	day, err := time.Parse(time.DateOnly, text[:min(len(text), 10)])
	if err != nil {
		p.mustBe("booking.date", "a date such as 2027-06-12")
		return
	}
	start, startsAt := timeOfDay(p.said("booking.start"))
	end, endsAt := timeOfDay(p.said("booking.end"))
	switch {
	case startsAt:
		p.fields["booking.start"] = day.Add(start).Format("2006-01-02T15:04:05")
	case !p.has("booking.start"):
		p.fields["booking.start"] = day.Format(time.DateOnly)
	}
	if !endsAt {
		return
	}
	if startsAt && end < start {
		day = day.AddDate(0, 0, 1)
	}
	p.fields["booking.end"] = day.Add(end).Format("2006-01-02T15:04:05")
}

func timeOfDay(text string) (since time.Duration, ok bool) {
	for _, layout := range []string{"15:04", "15:04:05"} {
		if at, err := time.Parse(layout, strings.TrimSpace(text)); err == nil {
			return at.Sub(time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)), true
		}
	}
	return 0, false
}
