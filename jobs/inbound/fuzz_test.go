package inbound

import (
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/wedsync/wedsync/queries"
)

var fuzzNow = time.Unix(1_800_000_000, 0)

func FuzzVerifyStripe(f *testing.F) {
	f.Add("t=1700000000,"+stripeSignature, []byte(stripeBody), stripeSecret)
	f.Add("t=1,v1=,v0=x,,=", []byte{}, "")
	f.Fuzz(func(t *testing.T, header string, body []byte, secret string) {
		if err := VerifyStripe(header, body, []string{secret}, fuzzNow); err == nil && !strings.Contains(header, "v1=") {
			t.Errorf("%q was believed without a v1", header)
		}
		roundTrip(t, queries.ProviderStripe, SignStripe(secret, body, fuzzNow), body, secret)
	})
}

func FuzzVerifyWedSync(f *testing.F) {
	f.Add("sha256=00", "1800000000", []byte(`{}`), "s")
	f.Fuzz(func(t *testing.T, signature, stamp string, body []byte, secret string) {
		h := http.Header{"X-Wedsync-Signature": {signature}, "X-Wedsync-Timestamp": {stamp}}
		if err := VerifyWedSync(h, body, []string{secret}, fuzzNow); err == nil && !strings.HasPrefix(signature, "sha256=") {
			t.Errorf("%q was believed", signature)
		}
		roundTrip(t, queries.ProviderCustom, SignWedSync(secret, body, fuzzNow), body, secret)
	})
}

func FuzzVerifyStandard(f *testing.F) {
	f.Add("msg_1", "1800000000", "v1,AAAA v1a,x", []byte(`{}`), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	f.Fuzz(func(t *testing.T, id, stamp, signature string, body []byte, secret string) {
		h := http.Header{"Webhook-Id": {id}, "Webhook-Timestamp": {stamp}, "Webhook-Signature": {signature}}
		if err := VerifyStandard(h, body, []string{secret}, fuzzNow); err == nil && !strings.Contains(signature, "v1,") {
			t.Errorf("%q was believed", signature)
		}
		if len(standardKeys([]string{secret})) == 1 {
			roundTrip(t, queries.ProviderCustom, SignStandard(secret, "msg_1", body, fuzzNow), body, secret)
		}
	})
}

// roundTrip: what was signed is believed; a changed body, another secret and an old time are not.
func roundTrip(t *testing.T, provider queries.Provider, h http.Header, body []byte, secret string) {
	t.Helper()
	believed := func(body []byte, secret string, now time.Time) bool {
		_, err := Verify(provider, queries.SenderProofSigned, h, body, []string{"another", secret}, now)
		return err == nil
	}
	if secret == "" {
		if believed(body, secret, fuzzNow) {
			t.Error("an empty secret was believed")
		}
		return
	}
	if !believed(body, secret, fuzzNow) {
		t.Error("what was signed is not believed")
	}
	if believed(append(body[:len(body):len(body)], ' '), secret, fuzzNow) || believed(body, secret, fuzzNow.Add(301*time.Second)) {
		t.Error("a changed body or an old time was believed")
	}
}

func FuzzPeek(f *testing.F) {
	for _, x := range fixtures(f) {
		f.Add(x.contentType, "", x.body)
	}
	f.Add("", "\xff\x00", []byte("{\"id\":\"\\u0000\"}"))
	f.Fuzz(func(t *testing.T, contentType, id string, body []byte) {
		for _, provider := range queries.AllProviderValues() {
			h := http.Header{"Content-Type": {contentType}, "Webhook-Id": {id}}
			p := Peek(provider, h, body, fuzzNow)
			if p.EventID == "" || len(p.EventID) > maxID || len(p.EventType) > maxEventType {
				t.Errorf("out of bounds: %+v", p)
			}
			checkText(t, p.EventID, p.Also, p.EventType)
			if again := Peek(provider, h, body, fuzzNow); again != p {
				t.Errorf("%+v, then %+v", p, again)
			}
		}
	})
}

func FuzzReadStripe(f *testing.F) {
	for _, x := range fixtures(f) {
		if x.provider == queries.ProviderStripe {
			f.Add(x.body)
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		ev, err := ReadStripe(body, london(t))
		checkEvent(t, ev, err)
	})
}

func FuzzReadShape(f *testing.F) {
	for _, x := range fixtures(f) {
		if x.provider == queries.ProviderCustom || x.provider == queries.ProviderWedme {
			f.Add(x.body, x.contentType)
		}
	}
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		ev, err := ReadShape(body, contentType, london(t))
		checkEvent(t, ev, err)
	})
}

func FuzzReadTemplates(f *testing.F) {
	for _, x := range fixtures(f) {
		f.Add(x.body, x.contentType)
	}
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		for _, provider := range queries.AllProviderValues() {
			ev, err := Read(provider, contentType, body, london(t))
			checkEvent(t, ev, err)
		}
	})
}

func FuzzRedact(f *testing.F) {
	for _, x := range fixtures(f) {
		f.Add(x.contentType, x.body)
	}
	f.Add("", []byte(`{"secret":"hunter2-xyzzy"`))
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		text, _ := Redact(contentType, body)
		checkText(t, text)
		if len(text) > maxShown+len(cutShort) {
			t.Errorf("%d bytes are too many", len(text))
		}
	})
}

func checkText(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			t.Errorf("not text that Postgres takes: %q", text)
		}
	}
}

// checkEvent holds for whatever was read: words or an event, within the bounds that the tables rely on.
func checkEvent(t *testing.T, ev Event, err error) {
	t.Helper()
	if err != nil {
		if !isWords(err) || err.Error() == "" || len(err.Error()) > maxWords {
			t.Errorf("an error must be words: %T %v", err, err)
		}
		checkText(t, err.Error())
		return
	}
	checkText(t, string(golden(t, ev, nil)), ev.ID, string(ev.Type))
	if ev.Client == nil && ev.Booking == nil && ev.Payment == nil && ev.Invite == nil {
		t.Errorf("an event about nothing: %+v", ev)
	}
	if c := ev.Client; c != nil {
		checkID(t, c.ExternalID)
	}
	if i := ev.Invite; i != nil {
		checkID(t, i.ExternalID)
	}
	if b := ev.Booking; b != nil {
		checkID(t, b.ExternalID)
		if w := b.When; w != nil && (!w.End.After(w.Start) || w.End.Sub(w.Start) > longest || w.Zone == "" || w.Start.Location() != time.UTC) {
			t.Errorf("no such time: %+v", w)
		}
		if b.Status != nil && !b.Status.Valid() {
			t.Errorf("no such status: %q", *b.Status)
		}
		if b.Value != nil {
			checkMoney(t, *b.Value)
		}
	}
	if p := ev.Payment; p != nil {
		checkPayment(t, ev.Type, p)
	}
}

func checkPayment(t *testing.T, kind Type, p *Payment) {
	t.Helper()
	checkID(t, p.Names...)
	if len(p.Names) == 0 || !p.Status.Valid() || kind == PaymentCompleted && p.Status != queries.PaymentStatusCompleted {
		t.Errorf("%s: %+v", kind, p)
	}
	if p.Status == queries.PaymentStatusCompleted || p.Amount != (queries.Money{}) {
		checkMoney(t, p.Amount)
	}
	if p.RefundTotalMinor < 0 || p.RefundTotalMinor > maxMinor {
		t.Errorf("out of bounds: %d", p.RefundTotalMinor)
	}
	for _, r := range p.Refunds {
		checkID(t, r.ExternalID)
		checkMoney(t, r.Amount)
		if !r.Status.Valid() {
			t.Errorf("no such status: %q", r.Status)
		}
	}
}

func checkMoney(t *testing.T, m queries.Money) {
	t.Helper()
	if code, ok := queries.ParseCurrency(m.Currency); !ok || code != m.Currency || m.Minor < 0 || m.Minor > maxMinor {
		t.Errorf("no such money: %+v", m)
	}
}

func checkID(t *testing.T, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if !plainID(id) {
			t.Errorf("no such id: %q", id)
		}
	}
}
