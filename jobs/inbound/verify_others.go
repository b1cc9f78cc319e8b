package inbound

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// VerifyWedSync checks X-WedSync-Signature: sha256=<hex hmac of the raw body>. With X-WedSync-Timestamp the signed text is
// <ts>.<body> and the time must be near ours on either side: unlike Stripe's, such a sender may sign once and post later.
func VerifyWedSync(h http.Header, body []byte, secrets []string, now time.Time) error {
	header := h.Get("X-WedSync-Signature")
	if header == "" {
		return ErrMissingSignature
	}
	digits, found := strings.CutPrefix(header, "sha256=")
	signature, err := hex.DecodeString(digits[:min(len(digits), maxSignatureHeader)])
	if !found || err != nil {
		return ErrBadSignature
	}
	stamp := h.Get("X-WedSync-Timestamp")
	if stamp == "" && len(h.Values("X-WedSync-Timestamp")) == 0 {
		if stampInBody.Match(body) || !anySigned(literalKeys(secrets), [][]byte{signature}, body) {
			return ErrBadSignature
		}
		return nil
	}
	if !anySigned(literalKeys(secrets), [][]byte{signature}, []byte(stamp), []byte("."), body) {
		return ErrBadSignature
	}
	return near(stamp, now)
}

// stampInBody sees through a replay: take a delivery signed over <ts>.<body> (or Standard's <id>.<ts>.<body>, where one
// secret serves both), put what stood before the body into it, and without a timestamp header the old signature would be
// good for ever. No JSON object and no form that we read starts like that.
var stampInBody = regexp.MustCompile(`^(?:[^.{\["=&\s]{1,256}\.)?[0-9]{9,11}\.`)

// VerifyStandard checks the three headers of Standard Webhooks (github.com/standard-webhooks/standard-webhooks, spec):
// webhook-signature holds space-separated <version>,<base64> over <id>.<timestamp>.<body>; only v1 is symmetric.
func VerifyStandard(h http.Header, body []byte, secrets []string, now time.Time) error {
	id, stamp, header := h.Get("Webhook-Id"), h.Get("Webhook-Timestamp"), h.Get("Webhook-Signature")
	if header == "" {
		return ErrMissingSignature
	}
	// A dot in the id would let <id>.<ts> be cut at another place under the same signature.
	if id == "" || stamp == "" || strings.Contains(id, ".") || len(id)+len(stamp)+len(header) > maxSignatureHeader {
		return ErrBadSignature
	}
	var signatures [][]byte
	for candidate := range strings.FieldsSeq(header) {
		if text, isV1 := strings.CutPrefix(candidate, "v1,"); isV1 {
			if signature, err := base64.StdEncoding.DecodeString(text); err == nil {
				signatures = append(signatures, signature)
			}
		}
	}
	if len(signatures) > maxSignatures ||
		!anySigned(standardKeys(secrets), signatures, []byte(id), []byte("."), []byte(stamp), []byte("."), body) {
		return ErrBadSignature
	}
	return near(stamp, now)
}

// standardKeys decodes as the spec says (base64 behind whsec_); a secret of another making is used as it is written,
// so that one secret serves a sender who can only do plain HMAC.
func standardKeys(secrets []string) (keys [][]byte) {
	for _, secret := range secrets {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
		if err != nil {
			key = []byte(secret)
		}
		if len(key) > 0 {
			keys = append(keys, key)
		}
	}
	return keys
}

// near is asked only after the signature holds, so that a stale answer tells a stranger nothing.
func near(stamp string, now time.Time) error {
	seconds, ok := parseUnix(stamp)
	if !ok {
		return ErrBadSignature
	}
	if age := now.Sub(time.Unix(seconds, 0)); age > tolerance || age < -tolerance {
		return ErrStale
	}
	return nil
}

// verifyStaticKey is for no-code senders that can add a header (or a Basic password) but cannot compute: Zapier, Make.
func verifyStaticKey(h http.Header, _ []byte, secrets []string, _ time.Time) error {
	key := h.Get("X-WedSync-Key")
	if key == "" {
		_, key, _ = (&http.Request{Header: h}).BasicAuth()
	}
	if key == "" {
		return ErrMissingSignature
	}
	// Hashing first makes both sides the same length, so the comparison does not tell how long the secret is.
	got, matched := sha256.Sum256([]byte(key)), 0
	for _, secret := range secrets {
		if want := sha256.Sum256([]byte(secret)); secret != "" {
			matched |= subtle.ConstantTimeCompare(want[:], got[:])
		}
	}
	if matched != 1 {
		return ErrBadSignature
	}
	return nil
}
