package carrier

import (
	"crypto/ecdh"
	"strings"

	"github.com/wedsync/wedsync/jobs/outside"
)

// Subscription is where a browser is reached, and the keys that only it can open.
type Subscription struct {
	Endpoint     string
	P256dh, Auth []byte
}

// fault is what is wrong with a subscription, in a sentence for a person.
type fault string

func (f fault) Error() string { return string(f) }

const maxEndpoint = 1000 // the longest that browsers give are about 700

// ParseSubscription judges what a browser posted; an error is in words. What the endpoint's name leads to is judged when it
// is dialled.
func ParseSubscription(endpoint, p256dh, auth string, allowPrivate bool) (Subscription, error) {
	endpoint = strings.TrimSpace(endpoint)
	if len(endpoint) > maxEndpoint {
		return Subscription{}, fault("The address for notifications that your browser gave is longer than any that WedSync knows.")
	}
	if strings.ContainsFunc(endpoint, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return Subscription{}, fault("The address for notifications that your browser gave has letters that no address has.")
	}
	u, err := outside.CheckURL(endpoint, allowPrivate)
	if err != nil {
		return Subscription{}, fault("The address for notifications that your browser gave cannot be used: " + err.Error())
	}
	if u.Fragment != "" {
		return Subscription{}, fault("The address for notifications that your browser gave cannot be used: it points inside a page.")
	}
	s := Subscription{Endpoint: endpoint}
	if s.P256dh, err = unbase64(p256dh); err == nil {
		_, err = ecdh.P256().NewPublicKey(s.P256dh) // also sees that the point is on the curve
	}
	if err != nil {
		return Subscription{}, fault("The key that your browser gave (p256dh) is not a key.")
	}
	if s.Auth, err = unbase64(auth); err != nil || len(s.Auth) != 16 {
		return Subscription{}, fault("The secret that your browser gave (auth) has to be 16 bytes.")
	}
	return s, nil
}
