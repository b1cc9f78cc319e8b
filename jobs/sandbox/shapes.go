package sandbox

import (
	"fmt"
	"time"
)

// The fields of Stripe's objects are those of providers' published schemas, as far as we read them.

func event(id, kind string, now time.Time, data object) object {
	return object{"id": id, "object": "event", "type": kind, "created": now.Unix(), "livemode": false, "api_version": "2026-08-26.dahlia",
		"pending_webhooks": 1, "request": object{"id": nil, "idempotency_key": nil}, "data": object{"object": data}}
}

func stripePayment(kind, id string, n int, amount int64, currency string, at time.Time) []byte {
	return encode(event(id, kind, at, intent(n, amount, currency, at)))
}

func intent(n int, amount int64, currency string, at time.Time) object {
	a, _ := names(n)
	return object{"id": fmt.Sprintf("pi_sandbox_%d", n), "object": "payment_intent", "amount": amount, "amount_received": amount, "currency": currency,
		"status": "succeeded", "created": at.Unix(), "latest_charge": fmt.Sprintf("ch_sandbox_%d", n), "customer": nil,
		"receipt_email": address(a, n), "description": "Deposit", "metadata": object{"booking": fmt.Sprintf("b-%d", n)}}
}

func charge(n int, at time.Time, refunded int64) object {
	a, b := names(n)
	return object{"id": fmt.Sprintf("ch_sandbox_%d", n), "object": "charge", "payment_intent": fmt.Sprintf("pi_sandbox_%d", n), "amount": 50_000,
		"amount_captured": 50_000, "amount_refunded": refunded, "refunded": false, "paid": true, "status": "succeeded", "currency": "gbp", "created": at.Unix(),
		"billing_details": object{"name": a + " & " + b, "email": address(a, n)}}
}

func bookingBody(id, kind string, n int, day time.Time, hour int, status string, at time.Time) []byte {
	a, b := names(n)
	start := time.Date(day.Year(), day.Month(), day.Day(), hour, 0, 0, 0, london)
	return encode(object{"id": id, "type": kind, "occurred_at": at.UTC().Format(time.RFC3339Nano), "data": object{
		"client": client(n, a, b),
		"booking": object{"external_id": fmt.Sprintf("b-%d", n), "title": a + " & " + b, "start": start.Format(time.RFC3339), "end": start.Add(10 * time.Hour).Format(time.RFC3339),
			"timezone": "Europe/London", "venue": venues[n/3%len(venues)], "status": status, "value": object{"amount": 180_000 + n%9*35_000, "currency": "GBP"}},
	}})
}

func client(n int, a, b string) object {
	return object{"external_id": fmt.Sprintf("c-%d", n), "name": a, "partner_name": b, "email": address(a, n), "phone": fmt.Sprintf("+447700900%03d", n%1000)}
}

func invite(kind string, which, n int, at time.Time) []byte {
	a, b := names(which)
	return encode(object{"id": fmt.Sprintf("sandbox-%d", n), "type": kind, "occurred_at": at.UTC().Format(time.RFC3339Nano),
		"data": object{"invite": object{"external_id": fmt.Sprintf("i-%d", which), "couple": a + " & " + b, "email": address(a, which)}}})
}

var london = func() *time.Location {
	zone, err := time.LoadLocation("Europe/London")
	if err != nil {
		panic(err) // main carries the zone data with it
	}
	return zone
}()

var (
	ones = []string{"Anna Kay", "Priya Shah", "Niamh O’Connor", "Zofia Kowal", "Grace Adeyemi", "Elin Lindqvist", "Mei Chen", "Rosa Delgado",
		"Isla MacLeod", "Amara Okafor", "Hannah Levy", "Sofia Rossi", "Freya Holm", "Leila Haddad", "Wilhelmina Featherstonehaugh-Cholmondeley", "Chloé Martin"}
	others = []string{"Tom Fry", "Dev Patel", "Sean Byrne", "Jakub Novák", "Daniel Mensah", "Oskar Berg", "Liam Turner", "Marco Ruiz",
		"Callum Fraser", "David Cole", "Ben Stern", "Luca Bianchi", "Noah Winther", "Omar Said", "Maximilian von Hohenzollern"}
	venues = []string{"Holm House", "The Orangery, Kew", "Barley Barn", "St Mary’s, Rye", "Larkfield Manor", "The Boathouse, Henley", "Glen Tilt Lodge"}
)

// names are a couple's; the two lists have lengths without a common factor, so it takes long until a couple comes again.
func names(n int) (string, string) { return ones[n%len(ones)], others[n%len(others)] }

// address is an address of their own: two couples may share a name, and then not an inbox.
func address(name string, n int) string {
	local := ""
	for _, r := range name {
		switch {
		case r >= 'a' && r <= 'z':
			local += string(r)
		case r >= 'A' && r <= 'Z':
			local += string(r + 'a' - 'A')
		}
	}
	return fmt.Sprintf("%s.%d@example.com", local, n)
}

func nextSaturday(t time.Time) time.Time {
	return t.AddDate(0, 0, (int(time.Saturday)-int(t.Weekday())+7)%7)
}
