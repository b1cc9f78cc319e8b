package carrier

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/wedsync/wedsync/jobs/outside"
)

// Resend sends e-mail by the HTTP interface of Resend (https://api.resend.com).
type Resend struct {
	Door     *outside.Door
	Key, URL string
}

// resendLimit is more than any answer of theirs to one e-mail.
const resendLimit = 64 << 10

type resendMail struct {
	From    string            `json:"from"`
	To      []string          `json:"to"`
	ReplyTo string            `json:"reply_to,omitempty"`
	Subject string            `json:"subject"`
	HTML    string            `json:"html,omitempty"`
	Text    string            `json:"text,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	Tags    []resendTag       `json:"tags"`
}

type resendTag struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Send hands one mail over. The key is the notification's id, so an ambiguous try may be made again, with the same mail,
// for 24 hours.
func (r Resend) Send(ctx context.Context, m Mail) Outcome {
	if out := m.fault(); out.Fate != "" {
		return out
	}
	req, err := r.request(ctx, m)
	if err != nil {
		return Outcome{Fate: Misconfigured, Words: "RESEND_URL is not a whole address.", Err: err}
	}
	answer, err := r.Door.Do(ctx, outside.Call{OrgID: m.OrgID, Peer: "resend", Shared: true, Purpose: "send an e-mail", Limit: resendLimit}, req)
	if answer.Status == 0 {
		return unanswered(err)
	}
	return resendOutcome(answer, time.Now())
}

func (r Resend) request(ctx context.Context, m Mail) (*http.Request, error) {
	body, err := json.Marshal(resendMail{From: m.From, To: []string{m.To}, ReplyTo: m.ReplyTo, Subject: m.Subject, HTML: m.HTML, Text: m.Text, Headers: m.Headers,
		Tags: []resendTag{{"notification_id", m.ID.String()}, {"org_id", m.OrgID.String()}}})
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(r.URL, "/")+"/emails", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+r.Key)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", m.ID.String())
	req.Header.Set("User-Agent", "WedSync") // they refuse calls without one
	return req, nil
}

// resendOutcome is what an answer means, by its status and the name that its body gives.
func resendOutcome(a outside.Answer, now time.Time) Outcome {
	var said struct {
		ID      string `json:"id"`
		Name    string `json:"name"`
		Message string `json:"message"`
	}
	json.Unmarshal(a.Body, &said) //nolint:errcheck // what cannot be read says nothing, and the status stays
	if a.Status/100 == 2 {
		return Outcome{Fate: Accepted, Ref: plain(said.ID, idLimit)} // without an id too: the callback brings ours
	}
	out := Outcome{Code: plain(said.Name, idLimit), After: resendPause(a.Header, now)}
	if out.Code == "" {
		out.Code = strconv.Itoa(a.Status)
	}
	var words string
	switch {
	case a.Status == http.StatusTooManyRequests:
		out.Fate, words = Later, "Resend takes so many a second, and this one has to wait"
		if strings.HasSuffix(said.Name, "_quota_exceeded") {
			out.Fate, words, out.After = Misconfigured, "WedSync has used up what Resend sends for it", max(out.After, quotaReset(said.Name, now))
		}
	case a.Status == http.StatusTooEarly:
		out.Fate, words = Later, "Resend cannot take it yet"
	case a.Status == http.StatusConflict:
		// Another try under this key is on its way, or was taken with other words. Either way it may arrive.
		out.Fate, words = Ambiguous, "Resend has this e-mail already, or is taking it now"
	case a.Status >= 500, a.Status == http.StatusRequestTimeout:
		out.Fate, words = Ambiguous, "Resend has a fault of its own"
	case a.Status < 400, a.Status == http.StatusUnauthorized, a.Status == http.StatusForbidden, a.Status == http.StatusNotFound, a.Status == http.StatusMethodNotAllowed:
		out.Fate, words = Misconfigured, "Resend does not let WedSync in, or not with this sender"
	default:
		out.Fate, out.Suppress, words = resendRefusal(said.Name, said.Message)
	}
	out.Words = fmt.Sprintf("%s (%d %s)", words, a.Status, out.Code)
	if said.Message != "" {
		out.Words += ": " + plain(said.Message, wordsLimit)
	}
	return out
}

// resendRefusal tells what is wrong with us from what is wrong with this mail. One name, validation_error, covers both; its
// message names the field.
func resendRefusal(name, message string) (f Fate, suppress, words string) {
	switch {
	case name == "invalid_from_address", strings.Contains(message, "`from`"), name == "invalid_idempotency_key", name == "invalid_access", name == "missing_api_key", name == "restricted_api_key", name == "invalid_api_key":
		return Misconfigured, "", "Resend does not take mail that is sent like this"
	case name == "validation_error" && strings.Contains(message, "`to`"):
		return Refused, Invalid, "Resend says that this is not an e-mail address"
	default:
		return Refused, "", "Resend refused this e-mail"
	}
}

// resendPause is how long they ask to wait; the latter header is theirs.
func resendPause(h http.Header, now time.Time) time.Duration {
	for _, name := range []string{"Retry-After", "Ratelimit-Reset"} {
		if seconds, err := strconv.ParseUint(strings.TrimSpace(h.Get(name)), 10, 31); err == nil {
			return min(time.Duration(seconds)*time.Second, 31*24*time.Hour)
		}
		if at, err := http.ParseTime(h.Get(name)); err == nil {
			return min(max(at.Sub(now), 0), time.Hour)
		}
	}
	return 0
}

// quotaReset is when a day's or a month's quota begins anew.
func quotaReset(name string, now time.Time) time.Duration {
	now = now.UTC()
	if strings.HasPrefix(name, "monthly") {
		return time.Date(now.Year(), now.Month()+1, 1, 0, 0, 0, 0, time.UTC).Sub(now)
	}
	return time.Date(now.Year(), now.Month(), now.Day()+1, 0, 0, 0, 0, time.UTC).Sub(now)
}
