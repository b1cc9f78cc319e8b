package inbound

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/wedsync/wedsync/queries"
)

func stripePayment(t *testing.T, file string) *Payment {
	t.Helper()
	body, err := os.ReadFile("testdata/stripe/" + file + ".json")
	if err != nil {
		t.Fatal(err)
	}
	ev, err := ReadStripe(body, Defaults{})
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return ev.Payment
}

// The second key against doubles: whatever pair of a payment's events comes first, they share a name.
func TestStripeEventsOfOnePaymentShareAName(t *testing.T) {
	t.Parallel()
	one := []string{"payment_intent.succeeded", "payment_intent.succeeded.expanded", "payment_intent.succeeded.2020", "payment_intent.payment_failed",
		"charge.succeeded", "charge.captured", "charge.failed", "charge.refunded", "refund.created", "refund.failed", "charge.refund.updated",
		"checkout.session.completed", "checkout.session.async_payment_succeeded"}
	for _, a := range one {
		for _, b := range one {
			if !share(stripePayment(t, a).Names, stripePayment(t, b).Names) {
				t.Errorf("%s and %s are one payment but share no name", a, b)
			}
		}
	}
	if !share(stripePayment(t, "invoice.paid.2022").Names, stripePayment(t, "invoice.paid.expanded").Names) {
		t.Error("an invoice's two shapes must name the same payment")
	}
}

// And its opposite: an invoice's instalments are payments of their own.
func TestStripeInstalmentsShareNoName(t *testing.T) {
	t.Parallel()
	for _, pair := range [][2]string{
		{"invoice_payment.paid", "invoice_payment.paid.charge"},
		{"invoice_payment.paid", "invoice.paid.cash"},
		{"invoice.paid.2022", "invoice.paid.cash"},
		{"payment_intent.succeeded", "invoice_payment.paid"},
	} {
		if share(stripePayment(t, pair[0]).Names, stripePayment(t, pair[1]).Names) {
			t.Errorf("%s and %s are two payments but share a name", pair[0], pair[1])
		}
	}
}

func share(a, b []string) bool {
	return slices.ContainsFunc(a, func(name string) bool { return slices.Contains(b, name) })
}

func TestReadStripeWords(t *testing.T) {
	t.Parallel()
	event := func(kind, object string) string {
		return `{"id":"evt_1","object":"event","type":"` + kind + `","created":1798452000,"data":{"object":` + object + `}}`
	}
	for _, c := range []struct{ body, words string }{
		{`{"id":"evt_1","object":"v2.core.event","type":"v1.billing.meter.error_report_triggered"}`, `object is "v2.core.event" instead of "event"`},
		{`{"id":"evt_1"}`, "object is null"},
		{`{"id":"evt_1","object":"event","type":"charge.failed","data":{}}`, "data.object is missing"},
		{`{"id":"evt_1","object":"event","type":"charge.failed","data":{"object":[]}}`, "data.object is missing"},
		{event("customer.created", `{}`), `WedSync does not use events of type "customer.created"; kept.`},
		{event("payment_intent.succeeded", `{}`), "data.object.id is missing"},
		{event("payment_intent.succeeded", `{"id":{}}`), "data.object.id must be an id"},
		{event("payment_intent.succeeded", `{"id":"pi_1","currency":"gbp"}`), "data.object.amount is missing or 0"},
		{event("payment_intent.succeeded", `{"id":"pi_1","amount":"5","currency":"gbp"}`), "data.object.amount must be a whole number"},
		{event("payment_intent.succeeded", `{"id":"pi_1","amount":-5,"currency":"gbp"}`), "data.object.amount must be between 0"},
		{event("payment_intent.succeeded", `{"id":"pi_1","amount":9223372036854775808,"currency":"gbp"}`), "data.object.amount must be a whole number"},
		{event("payment_intent.succeeded", `{"id":"pi_1","amount":5}`), "data.object.currency must be a currency code"},
		{event("payment_intent.succeeded", `{"id":"pi_1","amount":5,"currency":"pound"}`), "data.object.currency must be a currency code"},
		{event("payment_intent.succeeded", `{"id":"pi_1","id":"pi_2","amount":5,"currency":"gbp"}`), `"id" is written twice`},
		{event("payment_intent.succeeded", `{"ID":"pi_1","amount":5,"currency":"gbp"}`), "data.object.id is missing"},
		{event("checkout.session.completed", `{"id":"cs_1","payment_status":"maybe"}`), `data.object.payment_status must be`},
		{event("refund.created", `{"id":"re_1","charge":"ch_1","amount":0,"currency":"gbp"}`), "data.object.amount is missing or 0"},
		{event("charge.refunded", `{"id":"ch_1","amount":5,"amount_refunded":"5","currency":"gbp"}`), "data.object.amount_refunded must be"},
		{event("charge.refunded", `{"id":"ch_1","amount":5,"currency":"gbp","refunds":{"data":[{"amount":5,"currency":"gbp"}]}}`), "data.object.refunds.id is missing"},
		{`object=event`, "not valid JSON"},
		{strings.Repeat("[", 1000), "nested more than 64"},
	} {
		_, err := ReadStripe([]byte(c.body), Defaults{})
		if err == nil || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%.120s\n got %v\nwant %s", c.body, err, c.words)
		}
	}
}

func BenchmarkPeekStripe(b *testing.B) {
	body, err := os.ReadFile("testdata/stripe/payment_intent.succeeded.json")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		Peek("stripe", nil, body, fuzzNow)
	}
}

// A Connect platform's endpoint hears of every account; the connection counts the one that the supplier named.
func TestStripeCountsOneAccountWhereOneIsNamed(t *testing.T) {
	t.Parallel()
	body := func(account string) []byte {
		return []byte(`{"id":"evt_1","object":"event","type":"payment_intent.succeeded",` + account + `"created":1798452000,"data":{"object":{"id":"pi_1","amount":5,"currency":"gbp"}}}`)
	}
	for _, c := range []struct{ ours, said, words string }{
		{"", "", ""},
		{"", `"account":"acct_1",`, ""},
		{"acct_1", `"account":"acct_1",`, ""},
		{"acct_1", `"account":"acct_2",`, `of the Stripe account "acct_2", and this connection counts only "acct_1"`},
		{"acct_1", ``, `names no account, so it is of the platform's own, and this connection counts only "acct_1"`},
		{"acct_1", `"account":null,`, `names no account`},
		{"acct_1", `"account":["acct_1"],`, `names no account`},
	} {
		ev, err := ReadStripe(body(c.said), Defaults{Account: c.ours})
		_, isIgnored := err.(Ignored)
		if c.words == "" && (err != nil || ev.Account != strings.Trim(strings.TrimPrefix(c.said, `"account":`), `",`)) ||
			c.words != "" && (!isIgnored || !strings.Contains(err.Error(), c.words)) {
			t.Errorf("ours %q, theirs %s: %+v, %v", c.ours, c.said, ev, err)
		}
	}
}

// Test mode has endpoints, and secrets, of its own: its events count like any other's, and say what they are.
func TestStripeSaysWhatIsOfTestMode(t *testing.T) {
	t.Parallel()
	for mode, want := range map[string]bool{`"livemode":false,`: true, `"livemode":true,`: false, ``: false} {
		ev, err := ReadStripe([]byte(`{"id":"evt_1","object":"event","type":"payment_intent.succeeded",`+mode+`"data":{"object":{"id":"pi_1","amount":5,"currency":"gbp"}}}`), Defaults{})
		if err != nil || ev.Test != want {
			t.Errorf("%q: %+v, %v", mode, ev, err)
		}
	}
}

// Stripe's smallest unit is not everywhere ISO 4217's, which our figures are written in.
func TestStripeAmountsAreInTheCurrencysOwnSmallestUnit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		currency string
		sent     string
		want     int64
		words    string // as a page would write it
	}{
		{"gbp", "50000", 50_000, "500.00 GBP"}, {"jpy", "88000", 88_000, "88000 JPY"}, {"krw", "5", 5, "5 KRW"},
		{"kwd", "250750", 250_750, "250.750 KWD"}, {"isk", "8800000", 88_000, "88000 ISK"}, {"ugx", "500", 5, "5 UGX"}, {"mga", "2500", 250_000, "2500.00 MGA"},
	} {
		ev, err := ReadStripe([]byte(`{"id":"e","object":"event","type":"payment_intent.succeeded","data":{"object":{"id":"pi_1","amount":`+c.sent+`,"currency":"`+c.currency+`"}}}`), Defaults{})
		if err != nil || ev.Payment.Amount.Minor != c.want || inWords(ev.Payment.Amount) != c.words {
			t.Errorf("%s %s: %+v, %v", c.sent, c.currency, ev.Payment, err)
		}
	}
}

func TestATestIsKnownWhateverTheProvider(t *testing.T) {
	t.Parallel()
	for _, provider := range queries.AllProviderValues() {
		for _, contentType := range []string{"application/json", "text/plain"} {
			_, err := Read(provider, contentType, []byte(`{"object":"event","type":"wedsync.test"}`), Defaults{Account: "acct_1"})
			if err != (Ignored{testArrived}) {
				t.Errorf("%s: %v", provider, err)
			}
		}
	}
}
