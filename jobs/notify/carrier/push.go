package carrier

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/wedsync/wedsync/jobs/outside"
)

// WebPush hands notes to the push services of browsers.
type WebPush struct {
	Door    *outside.Door
	Key     Key
	Subject string // mailto: or https:, whom a push service may ask
}

const (
	// MaxPush is the largest payload. The standard's 4 kB shrink on the way through some services.
	MaxPush = 2000
	// maxTTL is what Mozilla allows, less a day.
	maxTTL       = 29 * 24 * time.Hour
	pushDeadline = 10 * time.Second
	pushAnswer   = 16 << 10
)

// Send hands one note over. A push service knows no idempotency: what may have been taken is never sent again.
func (p WebPush) Send(ctx context.Context, n Note) Outcome {
	req, refused := p.request(ctx, n, time.Now())
	if req == nil {
		return refused
	}
	answer, err := p.Door.Do(ctx, outside.Call{OrgID: n.OrgID, Shared: true, Peer: PushPeer(n.Endpoint), Purpose: "push a notification", Typed: true,
		Deadline: pushDeadline, Limit: pushAnswer}, req)
	return judgePush(answer, err)
}

// PushPeer names the breaker of an endpoint's push service, which all organisations share.
func PushPeer(endpoint string) string {
	u, err := url.Parse(endpoint)
	if err != nil {
		return "push:"
	}
	return "push:" + strings.ToLower(u.Hostname())
}

// request is a note on its way out, or why it never leaves.
func (p WebPush) request(ctx context.Context, n Note, now time.Time) (*http.Request, Outcome) {
	if len(n.Payload) > MaxPush {
		return nil, Outcome{Fate: Refused, Code: "too_large", Words: "The notification is " + strconv.Itoa(len(n.Payload)) + " bytes; a browser is sent at most " + strconv.Itoa(MaxPush)}
	}
	body, err := encrypt(n.Payload, n.P256dh, n.Auth)
	if err != nil || len(n.Auth) != 16 {
		return nil, Outcome{Fate: Refused, Code: "bad_keys", Words: "The keys that this browser gave are not keys", Suppress: "invalid"}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, n.Endpoint, bytes.NewReader(body))
	if err != nil || req.URL.Host == "" {
		return nil, Outcome{Fate: Refused, Code: "bad_endpoint", Words: "The address that this browser gave is not an address", Suppress: "invalid"}
	}
	proof, err := p.Key.authorization(req.URL.Scheme+"://"+req.URL.Host, p.Subject, now)
	if err != nil {
		return nil, Outcome{Fate: Later, Err: err}
	}
	for name, value := range map[string]string{
		"Authorization": proof, "Content-Encoding": "aes128gcm", "Content-Type": "application/octet-stream", "User-Agent": "WedSync",
		"TTL": strconv.Itoa(int(min(max(n.TTL, 0), maxTTL) / time.Second)), "Urgency": urgency(n.Urgency),
	} {
		req.Header.Set(name, value)
	}
	if n.Topic != "" {
		req.Header.Set("Topic", Topic(n.Topic))
	}
	return req, Outcome{}
}

func urgency(wanted string) string {
	switch wanted {
	case "very-low", "low", "high":
		return wanted
	default:
		return "normal"
	}
}

// Topic is what the header takes: at most 32 characters, of which hex is what every service understands. Other names become
// their hash.
func Topic(name string) string {
	if len(name) <= 32 && strings.Trim(name, "0123456789abcdef") == "" {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:16])
}

// judgePush says what an answer means.
func judgePush(answer outside.Answer, err error) Outcome {
	var open *outside.Open
	var refused *outside.Refused
	var later *outside.Later
	switch {
	case err == nil, errors.Is(err, outside.ErrTooLarge):
		return Outcome{Fate: Accepted, Code: strconv.Itoa(answer.Status), Words: "The push service took it", Ref: reference(answer.Header.Get("Location"))}
	case errors.As(err, &open):
		return Outcome{Fate: Closed, Until: open.Until, Words: err.Error()}
	case errors.Is(err, outside.ErrPrivate):
		return Outcome{Fate: Refused, Code: "private", Words: err.Error(), Suppress: "invalid"}
	case errors.As(err, &refused):
		return refusedPush(refused)
	case errors.As(err, &later) && later.Status != 0: // an answer says that it was not taken
		return Outcome{Fate: Later, Code: strconv.Itoa(later.Status), Words: err.Error(), After: later.After}
	case errors.As(err, &later):
		return silent(later)
	default:
		return Outcome{Fate: Later, Err: err} // our database, before anything was sent
	}
}

func refusedPush(r *outside.Refused) Outcome {
	o := Outcome{Fate: Refused, Code: strconv.Itoa(r.Status), Words: r.Error()}
	switch r.Status {
	case 0:
		o.Code, o.Suppress = "bad_endpoint", "invalid"
	case http.StatusNotFound, http.StatusGone:
		o.Suppress, o.Words = "gone", "This browser is no longer subscribed: its push service answered "+o.Code
	case http.StatusUnauthorized, http.StatusForbidden:
		o.Fate = Misconfigured
	}
	return o
}

func silent(l *outside.Later) Outcome {
	o := Outcome{Fate: Later, Code: "network", Words: l.Error()}
	if l.Sent { // the request had begun to leave, so that silence proves nothing
		o.Fate = Ambiguous
	}
	if errors.Is(l.Err, context.Canceled) {
		o.Err = l.Err
	}
	return o
}

// reference is the push service's name for the message, as far as it fits.
func reference(location string) string {
	return location[:min(len(location), 500)]
}
