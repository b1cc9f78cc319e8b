package inbound

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"time"

	"github.com/wedsync/wedsync/queries"
)

// Sign makes the headers that Verify accepts from this provider: for the demo's stand-ins and for tests.
func Sign(provider queries.Provider, secret string, body []byte, now time.Time) http.Header {
	if provider == queries.ProviderStripe {
		return SignStripe(secret, body, now)
	}
	return SignWedSync(secret, body, now)
}

// SignStripe signs as Stripe does: see VerifyStripe.
func SignStripe(secret string, body []byte, now time.Time) http.Header {
	ts := strconv.FormatInt(now.Unix(), 10)
	signature := hex.EncodeToString(mac([]byte(secret), []byte(ts), []byte("."), body))
	return http.Header{"Stripe-Signature": {"t=" + ts + ",v1=" + signature}}
}

// SignWedSync signs as our own senders do, with the timestamp that bounds replays: see VerifyWedSync.
func SignWedSync(secret string, body []byte, now time.Time) http.Header {
	ts := strconv.FormatInt(now.Unix(), 10)
	h := http.Header{}
	h.Set("X-WedSync-Timestamp", ts)
	h.Set("X-WedSync-Signature", "sha256="+hex.EncodeToString(mac([]byte(secret), []byte(ts), []byte("."), body)))
	return h
}

// SignStandard signs as Standard Webhooks do, for a message of this id: see VerifyStandard.
func SignStandard(secret, id string, body []byte, now time.Time) http.Header {
	ts := strconv.FormatInt(now.Unix(), 10)
	var key []byte
	if keys := standardKeys([]string{secret}); len(keys) > 0 {
		key = keys[0]
	}
	h := http.Header{}
	h.Set("Webhook-Id", id)
	h.Set("Webhook-Timestamp", ts)
	h.Set("Webhook-Signature", "v1,"+base64.StdEncoding.EncodeToString(mac(key, []byte(id+"."+ts+"."), body)))
	return h
}

func mac(key []byte, message ...[]byte) []byte {
	m := hmac.New(sha256.New, key)
	for _, piece := range message {
		m.Write(piece)
	}
	return m.Sum(nil)
}
