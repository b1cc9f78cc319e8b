package inbound

import (
	"net/http"
	"time"
)

// VerifySvix is VerifyStandard for who signs with Svix, as Resend does: the same signature under their own names, or under
// the standard's. The id is the delivery's, and stays the same when it is sent again.
func VerifySvix(h http.Header, body []byte, secrets []string, now time.Time) (id string, err error) {
	standard := http.Header{}
	for _, prefix := range []string{"Webhook-", "Svix-"} {
		if h.Get(prefix+"Id") == "" || h.Get(prefix+"Timestamp") == "" || h.Get(prefix+"Signature") == "" {
			continue // theirs only if they are whole
		}
		for _, name := range []string{"Id", "Timestamp", "Signature"} {
			standard.Set("Webhook-"+name, h.Get(prefix+name))
		}
	}
	return standard.Get("Webhook-Id"), VerifyStandard(standard, body, secrets, now)
}
