package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/stripe/stripe-go/v85/webhook"
)

// sender is Stripe, as Stripe's own library signs.
type sender struct{ url, secret, id string }

type receipt struct{ ID, Status string }

func (s sender) post(ctx context.Context, body []byte) (int, receipt, error) {
	signed := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: body, Secret: s.secret})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(signed.Payload))
	if err != nil {
		return 0, receipt{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Stripe-Signature", signed.Header)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, receipt{}, err
	}
	defer res.Body.Close()
	var answer receipt
	err = json.NewDecoder(res.Body).Decode(&answer)
	return res.StatusCode, answer, err
}

// send insists on 202.
func (s sender) send(t testing.TB, body []byte) receipt {
	t.Helper()
	status, answer, err := s.post(soon(t), body)
	if err != nil || status != http.StatusAccepted {
		t.Fatalf("the delivery was answered by %d %+v %v, want 202", status, answer, err)
	}
	return answer
}

type object = map[string]any

func stripeEvent(id, kind string, data object) []byte {
	raw, err := json.Marshal(object{"id": id, "object": "event", "type": kind, "created": 1_790_000_000, "livemode": false,
		"api_version": "2026-08-26.dahlia", "data": object{"object": data}})
	if err != nil {
		panic(err) // made of strings and numbers
	}
	return raw
}

// paid is the nth payment, of so many pence.
func paid(n, pence int) []byte {
	return stripeEvent(fmt.Sprintf("evt_paid_%d", n), "payment_intent.succeeded", object{"id": fmt.Sprintf("pi_%d", n), "object": "payment_intent",
		"amount": pence, "amount_received": pence, "currency": "gbp", "status": "succeeded", "created": 1_790_000_000,
		"latest_charge": fmt.Sprintf("ch_%d", n), "description": "Deposit", "receipt_email": "anna@example.com"})
}

// charged tells the same payment by its charge, with so much of it refunded by now.
func charged(n, pence, refunded int) []byte {
	kind := "charge.succeeded"
	if refunded > 0 {
		kind = "charge.refunded"
	}
	return stripeEvent(fmt.Sprintf("evt_%s_%d", kind, n), kind, object{"id": fmt.Sprintf("ch_%d", n), "object": "charge", "payment_intent": fmt.Sprintf("pi_%d", n),
		"amount": pence, "amount_captured": pence, "amount_refunded": refunded, "refunded": false, "paid": true, "status": "succeeded", "currency": "gbp", "created": 1_790_000_000})
}
