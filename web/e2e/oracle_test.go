package e2e

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stripe/stripe-go/v85/webhook"

	"github.com/wedsync/wedsync/jobs/inbound"
)

// The senders' own libraries are the oracles: what they take we take, and what they refuse we refuse. Where we are
// stricter, the case says so. Times keep two seconds away from the limit, since the libraries read the clock themselves.

const stripeSecret = "whsec_oracle"

var stripeBody = []byte(`{"id":"evt_oracle","object":"event"}`)

func v1(at time.Time, body []byte, secret string) string {
	return "v1=" + hex.EncodeToString(webhook.ComputeSignature(at, body, secret))
}

func TestStripeOracle(t *testing.T) {
	t.Parallel()
	now := time.Now()
	at := func(d time.Duration) (time.Time, string) { return now.Add(d), fmt.Sprintf("t=%d", now.Add(d).Unix()) }
	signed := func(d time.Duration) string {
		moment, stamp := at(d)
		return stamp + "," + v1(moment, stripeBody, stripeSecret)
	}
	_, t0 := at(0)
	good, wrong := v1(now, stripeBody, stripeSecret), v1(now, stripeBody, "whsec_other")
	for _, c := range []struct {
		name, header, secret string
		stricter             bool
	}{
		{"signed by Stripe's library", webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: stripeBody, Secret: stripeSecret}).Header, stripeSecret, false},
		{"signature before time", good + "," + t0, stripeSecret, false},
		{"several v1, the last is right", t0 + "," + wrong + "," + wrong + "," + good, stripeSecret, false},
		{"several v1, none is right", t0 + "," + wrong + "," + wrong, stripeSecret, false},
		{"v0 beside v1", t0 + ",v0=00," + good, stripeSecret, false},
		{"only v0", t0 + "," + strings.Replace(good, "v1", "v0", 1), stripeSecret, false},
		{"298 s old", signed(-298 * time.Second), stripeSecret, false},
		{"302 s old", signed(-302 * time.Second), stripeSecret, false},
		{"an hour ahead", signed(time.Hour), stripeSecret, false},
		{"wrong secret", t0 + "," + good, "whsec_other", false},
		{"capital hex", t0 + "," + strings.ToUpper(good[:3]) + good[3:], stripeSecret, false},
		{"capital digits", t0 + ",v1=" + strings.ToUpper(good[3:]), stripeSecret, false},
		{"blank after the comma", t0 + ", " + good, stripeSecret, false},
		{"no time", good, stripeSecret, false},
		{"time is no number", "t=now," + good, stripeSecret, false},
		{"two times", "t=1," + t0 + "," + good, stripeSecret, false},
		{"two times, the wrong one last", t0 + "," + good + ",t=1", stripeSecret, false},
		{"plus before the time", "t=+" + t0[2:] + "," + good, stripeSecret, false},
		{"zero before the time", "t=0" + t0[2:] + "," + good, stripeSecret, false},
		{"not hex beside the right one", t0 + ",v1=zz," + good, stripeSecret, false},
		{"cut short", t0 + "," + good[:len(good)-2], stripeSecret, false},
		{"a part without =", t0 + "," + good + ",x", stripeSecret, false},
		{"a part with two =", t0 + "," + good + ",x=y=z", stripeSecret, false},
		{"comma at the end", t0 + "," + good + ",", stripeSecret, false},
		{"empty", "", stripeSecret, false},
		{"empty secret", t0 + "," + v1(now, stripeBody, ""), "", true},
		{"33 signatures", t0 + "," + strings.Repeat(wrong+",", 32) + good, stripeSecret, true},
	} {
		agree(t, c.name, c.stricter, webhook.ValidatePayload(stripeBody, c.header, c.secret), inbound.VerifyStripe(c.header, stripeBody, []string{c.secret}, time.Now()))
	}
}

// agree also holds stricter to its word: the oracle takes it, we do not.
func agree(t *testing.T, name string, stricter bool, theirs, ours error) {
	t.Helper()
	if stricter {
		if theirs != nil || ours == nil {
			t.Errorf("%s: we say to be stricter; theirs: %v, ours: %v", name, theirs, ours)
		}
		return
	}
	if (theirs == nil) != (ours == nil) {
		t.Errorf("%s: theirs: %v, ours: %v", name, theirs, ours)
	}
}

// TestStripeOracleOnScraps makes headers of good and bad parts in any order and number.
func TestStripeOracleOnScraps(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 13))
	now := time.Now()
	var scraps []string
	for _, d := range []time.Duration{0, -time.Minute, -298 * time.Second, -302 * time.Second, -time.Hour, time.Hour} {
		moment := now.Add(d)
		scraps = append(scraps, fmt.Sprintf("t=%d", moment.Unix()), v1(moment, stripeBody, stripeSecret))
	}
	scraps = append(scraps, v1(now, stripeBody, "whsec_other"), v1(now, stripeBody[1:], stripeSecret), "v0=00", "v1=", "v1=zz", "t=", "x=1", "", "t", " t=1", "t=9999999999", "v2=aa")
	accepted := 0
	for range 20_000 {
		var parts []string
		for range 1 + r.IntN(5) {
			parts = append(parts, scraps[r.IntN(len(scraps))])
		}
		header := strings.Join(parts, ",")
		if r.IntN(4) == 0 {
			header = bent(r, header)
		}
		theirs, ours := webhook.ValidatePayload(stripeBody, header, stripeSecret), inbound.VerifyStripe(header, stripeBody, []string{stripeSecret}, time.Now())
		if theirs == nil {
			accepted++
		}
		if (theirs == nil) != (ours == nil) {
			t.Fatalf("seed %d: %q: theirs: %v, ours: %v", seed, header, theirs, ours)
		}
	}
	if accepted < 100 {
		t.Errorf("only %d of the headers were good: the test did not test", accepted)
	}
}

// bent changes one byte.
func bent(r *rand.Rand, header string) string {
	if header == "" {
		return "="
	}
	b := []byte(header)
	b[r.IntN(len(b))] = "0123456789abcdefv=t, ."[r.IntN(22)]
	return string(b)
}

func TestStripeOracleWhileASecretIsRolled(t *testing.T) {
	t.Parallel()
	live := []string{"whsec_old", "whsec_new"}
	for _, secret := range append(slices.Clone(live), "whsec_other") {
		header := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: stripeBody, Secret: secret}).Header
		theirs := webhook.ValidatePayload(stripeBody, header, live[0])
		if second := webhook.ValidatePayload(stripeBody, header, live[1]); theirs != nil {
			theirs = second
		}
		agree(t, "signed with "+secret, false, theirs, inbound.VerifyStripe(header, stripeBody, live, time.Now()))
	}
}

func TestStandardWebhooksOracle(t *testing.T) {
	t.Parallel()
	const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	body := []byte(`{"id":"evt-1"}`)
	oracle := must(standardwebhooks.NewWebhook(secret))(t)
	other := must(standardwebhooks.NewWebhook("whsec_" + "AAAA9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))(t)
	now := time.Now()
	sign := func(by *standardwebhooks.Webhook, id string, d time.Duration) string {
		return must(by.Sign(id, now.Add(d), body))(t)
	}
	good, wrong := sign(oracle, "msg_1", 0), sign(other, "msg_1", 0)
	for _, c := range []struct {
		name, id   string
		age        time.Duration
		signatures string
		stricter   bool
	}{
		{"signed by the library", "msg_1", 0, good, false},
		{"298 s old", "msg_1", -298 * time.Second, sign(oracle, "msg_1", -298*time.Second), false},
		{"302 s old", "msg_1", -302 * time.Second, sign(oracle, "msg_1", -302*time.Second), false},
		{"298 s ahead", "msg_1", 298 * time.Second, sign(oracle, "msg_1", 298*time.Second), false},
		{"302 s ahead", "msg_1", 302 * time.Second, sign(oracle, "msg_1", 302*time.Second), false},
		{"several, the last is right", "msg_1", 0, wrong + " v1a,xx " + good, false},
		{"several, none is right", "msg_1", 0, wrong + " " + wrong, false},
		{"two blanks between", "msg_1", 0, wrong + "  " + good, false},
		{"another id", "msg_2", 0, good, false},
		{"another time", "msg_1", time.Second, good, false},
		{"another version", "msg_1", 0, "v2" + good[2:], false},
		{"no version", "msg_1", 0, good[3:], false},
		{"no id", "", 0, good, false},
		{"no signature", "msg_1", 0, "", false},
		{"cut short", "msg_1", 0, good[:len(good)-3], false},
		{"a dot in the id", "msg.1", 0, sign(oracle, "msg.1", 0), true},
		{"something behind the signature", "msg_1", 0, good + ",x", true},
	} {
		h := http.Header{}
		h.Set("webhook-id", c.id)
		h.Set("webhook-timestamp", fmt.Sprint(now.Add(c.age).Unix()))
		h.Set("webhook-signature", c.signatures)
		agree(t, c.name, c.stricter, oracle.Verify(body, h), inbound.VerifyStandard(h, body, []string{secret}, time.Now()))
	}
}
