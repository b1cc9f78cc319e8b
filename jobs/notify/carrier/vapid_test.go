package carrier

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/json"
	"math/big"
	"strings"
	"testing"
	"time"
)

var vapidNoon = time.Date(2027, 6, 12, 12, 0, 0, 0, time.UTC)

func newKey(t testing.TB) Key {
	t.Helper()
	k, err := ParseVAPIDKey(NewVAPIDKey())
	if err != nil {
		t.Fatal(err)
	}
	return k
}

type claims struct {
	Aud, Sub string
	Exp      int64
}

// verified reads an Authorization header as a push service does.
func verified(t testing.TB, header string) (claims, string) {
	t.Helper()
	var c claims
	text, public, ok := strings.Cut(strings.TrimPrefix(header, "vapid t="), ", k=")
	parts := strings.Split(text, ".")
	if !ok || len(parts) != 3 || string(b64(t, parts[0])) != `{"typ":"JWT","alg":"ES256"}` {
		t.Fatalf("%q", header)
	}
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), b64(t, public))
	if err != nil {
		t.Fatal(err)
	}
	sum, signature := sha256.Sum256([]byte(parts[0]+"."+parts[1])), b64(t, parts[2])
	if len(signature) != 64 || !ecdsa.Verify(key, sum[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])) {
		t.Fatal("the signature is not the key's")
	}
	if err := json.Unmarshal(b64(t, parts[1]), &c); err != nil {
		t.Fatal(err)
	}
	return c, public
}

func TestAuthorizationIsSignedAndKept(t *testing.T) {
	t.Parallel()
	k := newKey(t)
	at := func(audience string, now time.Time) string {
		t.Helper()
		header, err := k.authorization(audience, "mailto:post@wedsync.test", now)
		if err != nil {
			t.Fatal(err)
		}
		return header
	}
	first := at("https://push.example", vapidNoon)
	if c, public := verified(t, first); c != (claims{"https://push.example", "mailto:post@wedsync.test", vapidNoon.Add(12 * time.Hour).Unix()}) || public != k.Public() {
		t.Errorf("%+v", c)
	}
	if at("https://push.example", vapidNoon.Add(6*time.Hour-time.Second)) != first {
		t.Error("made anew while it was good")
	}
	if c, _ := verified(t, at("https://push.example", vapidNoon.Add(6*time.Hour))); c.Exp != vapidNoon.Add(18*time.Hour).Unix() {
		t.Error("an old one was used again")
	}
	if c, _ := verified(t, at("https://other.example:8443", vapidNoon)); c.Aud != "https://other.example:8443" {
		t.Errorf("%+v", c)
	}
	for i := range 2 * maxTokens {
		at("https://"+strings.Repeat("x", i+1)+".example", vapidNoon)
	}
	if n := len(k.tokens.all); n > maxTokens {
		t.Errorf("%d are kept", n)
	}
}

func TestParseVAPIDKey(t *testing.T) {
	t.Parallel()
	good := "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
	const public = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
	for _, text := range []string{good, " " + good + "=\n", strings.NewReplacer("-", "+", "_", "/").Replace(good)} {
		if k, err := ParseVAPIDKey(text); err != nil || k.Public() != public {
			t.Errorf("%q: %s, %v", text, k.public, err)
		}
	}
	for _, text := range []string{"", "x", good[:42], good + "AA", strings.Repeat("A", 43), strings.Repeat("_", 43), "ä" + good} {
		if _, err := ParseVAPIDKey(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}
