package inbound

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/wedsync/wedsync/queries"
)

// The vector was made with stripe-go's webhook package (providers.md §0).
const (
	stripeSecret    = "whsec_test_secret"
	stripeBody      = `{"id":"evt_test_webhook","object":"event"}`
	stripeSignature = "v1=d95c6b7477fbd7e9f90b1b0ef5f9c7ac25abca5382460e0d988c2b2a5b71b990"
)

var stripeTime = time.Unix(1700000000, 0)

func TestVerifyStripe(t *testing.T) {
	t.Parallel()
	good := "t=1700000000," + stripeSignature
	zeros := "v1=" + strings.Repeat("0", 64)
	huge := fmt.Sprintf("t=%d,%s", int64(1)<<41, stripeSignature)
	rolled := []string{"whsec_old", stripeSecret}
	for _, c := range []struct {
		name, header, body string
		secrets            []string
		late               time.Duration
		want               error
	}{
		{"official vector", good, stripeBody, []string{stripeSecret}, 0, nil},
		{"rolled, new second", good, stripeBody, rolled, 0, nil},
		{"rolled, two signatures", "t=1700000000," + zeros + "," + stripeSignature, stripeBody, rolled, 0, nil},
		{"other schemes are ignored", good + ",v0=abc,v2=", stripeBody, rolled, 0, nil},
		{"last second of tolerance", good, stripeBody, rolled, 300 * time.Second, nil},
		{"just stale", good, stripeBody, rolled, 300*time.Second + time.Nanosecond, ErrStale},
		{"from the future", good, stripeBody, rolled, -24 * time.Hour, nil},
		{"stale and wrong is wrong", good, "{}", rolled, time.Hour, ErrBadSignature},
		{"body changed by a blank", good, stripeBody + " ", rolled, 0, ErrBadSignature},
		{"wrong secret", good, stripeBody, []string{"whsec_other"}, 0, ErrBadSignature},
		{"secret without its prefix", good, stripeBody, []string{"test_secret"}, 0, ErrBadSignature},
		{"no secret at all", good, stripeBody, nil, 0, ErrBadSignature},
		{"missing", "", stripeBody, rolled, 0, ErrMissingSignature},
		{"only v0", "t=1700000000,v0" + stripeSignature[2:], stripeBody, rolled, 0, ErrBadSignature},
		{"no time", stripeSignature, stripeBody, rolled, 0, ErrBadSignature},
		{"two times, last counts", "t=1," + good, stripeBody, rolled, 0, nil},
		{"time is no number", "t=now," + stripeSignature, stripeBody, rolled, 0, ErrBadSignature},
		{"negative time", "t=-1," + stripeSignature, stripeBody, rolled, 0, ErrBadSignature},
		{"time beyond sense", huge, stripeBody, rolled, 0, ErrBadSignature},
		{"not hex", "t=1700000000,v1=zz", stripeBody, rolled, 0, ErrBadSignature},
		{"cut short", good[:len(good)-2], stripeBody, rolled, 0, ErrBadSignature},
		{"a part without =", good + ",x", stripeBody, rolled, 0, ErrBadSignature},
		{"32 signatures", "t=1700000000," + strings.Repeat(zeros+",", 31) + stripeSignature, stripeBody, rolled, 0, nil},
		{"33 signatures", "t=1700000000," + strings.Repeat(zeros+",", 32) + stripeSignature, stripeBody, rolled, 0, ErrBadSignature},
		{"a megabyte of header", strings.Repeat(good+",", 10000), stripeBody, rolled, 0, ErrBadSignature},
		{"signed with nothing", SignStripe("", []byte(stripeBody), stripeTime).Get("Stripe-Signature"), stripeBody, []string{""}, 0, ErrBadSignature},
	} {
		if got := VerifyStripe(c.header, []byte(c.body), c.secrets, stripeTime.Add(c.late)); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

func header(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

func TestVerifyWedSync(t *testing.T) {
	t.Parallel()
	now, body, secrets := time.Unix(1_800_000_000, 0), []byte(`{"id":"evt-1"}`), []string{"old", "new"}
	stamped := SignWedSync("new", body, now)
	bare := header("X-WedSync-Signature", fmt.Sprintf("sha256=%x", mac([]byte("new"), body)))
	noStamp := header("X-WedSync-Signature", stamped.Get("X-WedSync-Signature"))
	for _, c := range []struct {
		name string
		h    http.Header
		body string
		late time.Duration
		want error
	}{
		{"stamped", stamped, string(body), 0, nil},
		{"300 s late", stamped, string(body), 300 * time.Second, nil},
		{"301 s late", stamped, string(body), 301 * time.Second, ErrStale},
		{"301 s early", stamped, string(body), -301 * time.Second, ErrStale},
		{"stamp taken off", noStamp, string(body), 0, ErrBadSignature},
		{"stamp moved into the body", noStamp, "1800000000." + string(body), time.Hour, ErrBadSignature},
		{"standard's message in the body", header("X-WedSync-Signature", fmt.Sprintf("sha256=%x", mac([]byte("new"), []byte("msg_1.1800000000.a=1")))), "msg_1.1800000000.a=1", 0, ErrBadSignature},
		{"no stamp", bare, string(body), 1000 * time.Hour, nil},
		{"stamp put on", header("X-WedSync-Signature", bare.Get("X-WedSync-Signature"), "X-WedSync-Timestamp", "1800000000"), string(body), 0, ErrBadSignature},
		{"stamp empty", header("X-WedSync-Signature", bare.Get("X-WedSync-Signature"), "X-WedSync-Timestamp", ""), string(body), 0, ErrBadSignature},
		{"stamp no number", header("X-WedSync-Signature", fmt.Sprintf("sha256=%x", mac([]byte("new"), []byte("x."), body)), "X-WedSync-Timestamp", "x"), string(body), 0, ErrBadSignature},
		{"capital hex", header("X-WedSync-Signature", "sha256="+strings.ToUpper(bare.Get("X-WedSync-Signature")[7:])), string(body), 0, nil},
		{"other hash", header("X-WedSync-Signature", "sha1="+bare.Get("X-WedSync-Signature")[7:]), string(body), 0, ErrBadSignature},
		{"not hex", header("X-WedSync-Signature", "sha256=zz"), string(body), 0, ErrBadSignature},
		{"empty digest", header("X-WedSync-Signature", "sha256="), string(body), 0, ErrBadSignature},
		{"a megabyte", header("X-WedSync-Signature", "sha256="+strings.Repeat("00", 1<<19)), string(body), 0, ErrBadSignature},
		{"changed body", stamped, string(body) + " ", 0, ErrBadSignature},
		{"missing", http.Header{}, string(body), 0, ErrMissingSignature},
	} {
		if got := VerifyWedSync(c.h, []byte(c.body), secrets, now.Add(c.late)); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

func TestVerifyStandard(t *testing.T) {
	t.Parallel()
	// Svix's own published vector (providers.md §0).
	const secret, id, ts, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", `{"test": 2432232314}`
	const signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
	now := time.Unix(1614265330, 0)
	set := func(id, ts, signature string) http.Header {
		return header("webhook-id", id, "webhook-timestamp", ts, "webhook-signature", signature)
	}
	dotted := SignStandard(secret, "a.1", []byte(body), now)
	for _, c := range []struct {
		name    string
		h       http.Header
		secrets []string
		late    time.Duration
		want    error
	}{
		{"official vector", set(id, ts, signature), []string{secret}, 0, nil},
		{"rolled", set(id, ts, signature), []string{"whsec_" + base64.StdEncoding.EncodeToString([]byte("old")), secret}, 0, nil},
		{"several signatures", set(id, ts, "v1,AAAA v1a,xyz "+signature), []string{secret}, 0, nil},
		{"without the prefix", set(id, ts, signature), []string{strings.TrimPrefix(secret, "whsec_")}, 0, nil},
		{"a secret that is not base64", SignStandard("correct horse!", id, []byte(body), now), []string{"correct horse!"}, 0, nil},
		{"stale", set(id, ts, signature), []string{secret}, 301 * time.Second, ErrStale},
		{"early", set(id, ts, signature), []string{secret}, -301 * time.Second, ErrStale},
		{"another id", set("msg_2", ts, signature), []string{secret}, 0, ErrBadSignature},
		{"no id", set("", ts, signature), []string{secret}, 0, ErrBadSignature},
		{"no time", set(id, "", signature), []string{secret}, 0, ErrBadSignature},
		{"a dot in the id", dotted, []string{secret}, 0, ErrBadSignature},
		{"no version", set(id, ts, signature[3:]), []string{secret}, 0, ErrBadSignature},
		{"too many", set(id, ts, strings.Repeat("v1,AAAA ", 33)+signature), []string{secret}, 0, ErrBadSignature},
		{"an empty key", SignStandard("whsec_", id, []byte(body), now), []string{"whsec_"}, 0, ErrBadSignature},
		{"missing", http.Header{}, []string{secret}, 0, ErrMissingSignature},
	} {
		if got := VerifyStandard(c.h, []byte(body), c.secrets, now.Add(c.late)); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	now, body, secret := time.Unix(1_800_000_000, 0), []byte(`{}`), "s3cret"
	const signed, key = queries.SenderProofSigned, queries.SenderProofStaticKey
	static, wrongKey := header("X-WedSync-Key", secret), header("X-WedSync-Key", "s3cre")
	basic := header("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("wedsync:"+secret)))
	strange := header("X-WedSync-Key", secret, "webhook-signature", "v1,AAAA") // a relay's own signature beside our key
	for _, c := range []struct {
		name     string
		provider queries.Provider
		proof    queries.SenderProof
		h        http.Header
		scheme   string
		want     error
	}{
		{"stripe", "stripe", signed, SignStripe(secret, body, now), "stripe", nil},
		{"stripe keeps its scheme", "stripe", key, SignStripe(secret, body, now), "stripe", nil},
		{"stripe by static key", "stripe", key, static, "", ErrMissingSignature},
		{"stripe by our scheme", "stripe", signed, SignWedSync(secret, body, now), "", ErrMissingSignature},
		{"ours", "tave", signed, SignWedSync(secret, body, now), "wedsync", nil},
		{"standard", "custom", signed, SignStandard(secret, "m1", body, now), "standard", nil},
		{"stripe's scheme from another", "custom", signed, SignStripe(secret, body, now), "", ErrMissingSignature},
		{"static key where it is allowed", "honeybook", key, static, "static_key", nil},
		{"basic password", "honeybook", key, basic, "static_key", nil},
		{"stronger is welcome", "honeybook", key, SignWedSync(secret, body, now), "wedsync", nil},
		{"a stranger's signature beside the key", "honeybook", key, strange, "static_key", nil},
		{"static key where it is not", "honeybook", signed, static, "", ErrMissingSignature},
		{"wrong key", "honeybook", key, wrongKey, "", ErrBadSignature},
		{"nothing", "honeybook", key, http.Header{}, "", ErrMissingSignature},
		{"no headers at all", "honeybook", key, nil, "", ErrMissingSignature},
		{"stale", "tave", signed, SignWedSync(secret, body, now.Add(-time.Hour)), "wedsync", ErrStale},
		{"unknown provider", "acme", signed, SignWedSync(secret, body, now), "", ErrMissingSignature},
		{"unknown proof", "tave", "none", SignWedSync(secret, body, now), "", ErrMissingSignature},
		{"no proof", "tave", "", SignWedSync(secret, body, now), "", ErrMissingSignature},
	} {
		scheme, err := Verify(c.provider, c.proof, c.h, body, []string{"old", secret}, now)
		if scheme != c.scheme || !errors.Is(err, c.want) {
			t.Errorf("%s: got %q, %v; want %q, %v", c.name, scheme, err, c.scheme, c.want)
		}
	}
	if _, err := Verify("custom", key, header("X-WedSync-Key", ""), body, []string{""}, now); err == nil {
		t.Error("an empty secret must not match an empty key")
	}
	for _, provider := range queries.AllProviderValues() {
		if _, err := Verify(provider, signed, Sign(provider, secret, body, now), body, []string{secret}, now); err != nil {
			t.Errorf("%s: what Sign signs must verify: %v", provider, err)
		}
	}
}

// A bell that anybody may ring says nothing about a secret: twenty of them must not close the one that signs beside them.
func TestABellIsVouchedForByNoSecret(t *testing.T) {
	t.Parallel()
	secrets, body, now := []string{"new", "old"}, []byte(`{"targetId":"x"}`), time.Now()
	which := func(h http.Header) int {
		if _, err := Verify(queries.ProviderTave, queries.SenderProofDoorbell, h, body, secrets, now); err != nil {
			t.Error(err)
		}
		return WhichSecret(queries.ProviderTave, queries.SenderProofDoorbell, h, body, secrets, now)
	}
	if got := which(http.Header{}); got != -1 {
		t.Errorf("a bell is vouched for by secret %d", got)
	}
	for i, secret := range secrets {
		if got := which(Sign(queries.ProviderTave, secret, body, now)); got != i {
			t.Errorf("signed with secret %d, vouched for by %d", i, got)
		}
	}
}
