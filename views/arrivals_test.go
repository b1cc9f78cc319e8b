package views

import "testing"

func TestArrivalWords(t *testing.T) {
	for eventType, want := range map[string]string{
		"": "Type not given", "payment_intent.succeeded": "A payment came in", "invoice.payment_failed": "An invoice could not be paid", "refund.created": "News of a refund",
		"charge.dispute.created": "A payment is disputed", "booking.created": "A new booking", "shoot_moved": "shoot_moved",
	} {
		if got := ArrivalWords(eventType); got != want {
			t.Errorf("%q: %q, want %q", eventType, got, want)
		}
	}
}
