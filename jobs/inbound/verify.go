package inbound

import (
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/wedsync/wedsync/queries"
)

// Why a delivery is not believed. The words are read by the supplier on the deliveries page and by whoever sends.
var (
	ErrMissingSignature = errors.New("the delivery carried no signature, so WedSync cannot tell who sent it; " +
		"give the sender this connection's secret")
	ErrBadSignature = errors.New("the signature does not match any secret of this connection; " +
		"copy the secret again, and make sure that nothing between the sender and WedSync rewrites the body")
	ErrStale = errors.New("the signature is genuine but its time is more than five minutes from ours, as a replay would be; " +
		"it is kept aside for the supplier to accept; set the sender's clock, or send the delivery again")
)

const (
	// Stripe's libraries and Standard Webhooks both default to five minutes.
	tolerance = 300 * time.Second

	// Anybody may call the door, so what they make us parse is bounded before it is parsed. Honest senders carry one
	// signature per live secret, which is two while a secret is rolled.
	maxSignatureHeader = 8 << 10
	maxSignatures      = 32
)

type scheme struct {
	name   string
	verify func(h http.Header, body []byte, secrets []string, now time.Time) error
}

var (
	stripeOnly = []scheme{{"stripe", func(h http.Header, body []byte, secrets []string, now time.Time) error {
		return VerifyStripe(h.Get("Stripe-Signature"), body, secrets, now)
	}}}
	signed = []scheme{{"wedsync", VerifyWedSync}, {"standard", VerifyStandard}}
	keyed  = append(signed[:len(signed):len(signed)], scheme{"static_key", verifyStaticKey})
	belled = append(keyed[:len(keyed):len(keyed)], scheme{ProofDoorbell, verifyNothing})
)

// Verify says which scheme vouches for a delivery, also for one that is only too old (ErrStale). secrets are all that are live for its connection: two while one is rolled.
func Verify(provider queries.Provider, proof queries.SenderProof, h http.Header, body []byte, secrets []string, now time.Time) (string, error) {
	failure := ErrMissingSignature
	for _, s := range schemesOf(provider, proof) {
		err := s.verify(h, body, secrets, now)
		if err == nil || errors.Is(err, ErrStale) {
			return s.name, err
		}
		if !errors.Is(err, ErrMissingSignature) && errors.Is(failure, ErrMissingSignature) {
			failure = err
		}
	}
	return "", failure
}

// WhichSecret says which of the live secrets vouches for what Verify believed, or would but for its time. While a secret is
// rolled this tells when the old one was last used. A bell is let in without any: -1.
func WhichSecret(provider queries.Provider, proof queries.SenderProof, h http.Header, body []byte, secrets []string, now time.Time) int {
	for i := range secrets {
		scheme, err := Verify(provider, proof, h, body, secrets[i:i+1], now)
		if scheme != ProofDoorbell && (err == nil || errors.Is(err, ErrStale)) {
			return i
		}
	}
	return -1
}

// schemesOf fails closed: a provider or a proof that this version does not know is given no way in.
func schemesOf(provider queries.Provider, proof queries.SenderProof) []scheme {
	switch {
	case !provider.Valid() || !proof.Valid():
		return nil
	case provider == queries.ProviderStripe:
		return stripeOnly // Stripe always signs, so a weaker proof would only be of use to somebody else
	case proof == queries.SenderProofStaticKey:
		return keyed
	case proof == queries.SenderProofDoorbell:
		if provider != queries.ProviderTave {
			return nil // nobody else's records are read back, so a bell would be believed
		}
		return belled
	default:
		return signed
	}
}

// verifyNothing lets a bell in that anybody may ring: it is never read, only answered by reading back. Whoever shows a
// proof means to be believed, so a wrong one is refused rather than taken for a bell.
func verifyNothing(h http.Header, _ []byte, _ []string, _ time.Time) error {
	for _, name := range []string{"X-WedSync-Signature", "X-WedSync-Key", "Webhook-Signature"} {
		if h.Get(name) != "" {
			return ErrBadSignature
		}
	}
	return nil
}

// VerifyStripe checks Stripe-Signature: t=<unix>,v1=<hex>[,v1=…][,v0=…]. The key is the literal secret, whsec_ and all,
// and every scheme but v1 is ignored: v0 is a fake value on test events (Stripe, docs.stripe.com/webhooks).
func VerifyStripe(header string, body []byte, secrets []string, now time.Time) error {
	if header == "" {
		return ErrMissingSignature
	}
	sentAt, signatures, ok := parseStripeHeader(header)
	if !ok {
		return ErrBadSignature
	}
	// stripe-go signs the number it parsed, not the text it was sent; so do we, to accept exactly what it accepts.
	message := [][]byte{strconv.AppendInt(nil, sentAt, 10), []byte("."), body}
	if !anySigned(literalKeys(secrets), signatures, message...) {
		return ErrBadSignature
	}
	// A time in the future passes, as it does in stripe-go: it is inside the signature, so only Stripe can have written it,
	// and our own slow clock must not turn a payment away. Every retry is signed afresh, so age is never Stripe's fault.
	if now.Sub(time.Unix(sentAt, 0)) > tolerance {
		return ErrStale
	}
	return nil
}

func parseStripeHeader(header string) (sentAt int64, signatures [][]byte, ok bool) {
	if len(header) > maxSignatureHeader {
		return 0, nil, false
	}
	for pair := range strings.SplitSeq(header, ",") {
		name, value, found := strings.Cut(pair, "=")
		if !found || strings.Contains(value, "=") {
			return 0, nil, false
		}
		switch name {
		case "t":
			if sentAt, ok = parseUnix(value); !ok {
				return 0, nil, false
			}
		case "v1":
			if signature, err := hex.DecodeString(value); err == nil {
				signatures = append(signatures, signature)
			}
		}
	}
	return sentAt, signatures, ok && len(signatures) <= maxSignatures
}

// parseUnix refuses seconds beyond what time can subtract without overflow: year 36812 is far enough.
func parseUnix(text string) (seconds int64, ok bool) {
	seconds, err := strconv.ParseInt(text, 10, 64)
	return seconds, err == nil && seconds >= 0 && seconds < 1<<40
}

// anySigned takes the same time whichever secret or signature matches, and whether one does.
func anySigned(keys, signatures [][]byte, message ...[]byte) bool {
	matched := 0
	for _, key := range keys {
		want := mac(key, message...)
		for _, got := range signatures {
			matched |= subtle.ConstantTimeCompare(want, got)
		}
	}
	return matched == 1
}

// literalKeys drops empty secrets: anybody can sign with an empty key.
func literalKeys(secrets []string) (keys [][]byte) {
	for _, secret := range secrets {
		if secret != "" {
			keys = append(keys, []byte(secret))
		}
	}
	return keys
}
