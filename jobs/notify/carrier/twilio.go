package carrier

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/twilio/twilio-go/client"
	api "github.com/twilio/twilio-go/rest/api/v2010"

	"github.com/wedsync/wedsync/jobs/outside"
)

// Twilio sends text messages by the HTTP interface of Twilio (https://api.twilio.com), through their own library.
type Twilio struct {
	Door             *outside.Door
	SID, Token, From string // From is a number, a sender's name, or a messaging service (MG…)
	URL              string
}

const (
	twilioSend = 64 << 10
	twilioList = 4 << 20 // a page of a hundred messages
	twilioPage = 100
)

// Send hands one text message over. Twilio knows no key: an ambiguous try is never made again, but looked up by Find, or
// settled by the callback.
func (t Twilio) Send(ctx context.Context, m Text) Outcome {
	if out := m.fault(); out.Fate != "" {
		return out
	}
	params := (&api.CreateMessageParams{}).SetTo(m.To).SetBody(m.Body)
	if service.MatchString(t.From) {
		params.SetMessagingServiceSid(t.From)
	} else {
		params.SetFrom(t.From)
	}
	if m.Callback != "" {
		params.SetStatusCallback(m.Callback)
	}
	line, err := t.line(ctx, m, "send a text message", twilioSend)
	if err != nil {
		return Outcome{Fate: Misconfigured, Words: "TWILIO_URL is not a whole address.", Err: err}
	}
	message, err := line.service(t).CreateMessage(params)
	return line.outcome(message, err)
}

// Find looks for messages that may be one which may have been taken since then: the same words to the same number, the newest
// first. Where there is none, fault says why not; nothing found proves nothing, since a message that still waits at Twilio has
// no date to be found by.
func (t Twilio) Find(ctx context.Context, m Text, since time.Time) (found []Outcome, fault Outcome) {
	params := (&api.ListMessageParams{}).SetTo(m.To).SetDateSentAfter(since.UTC().Truncate(time.Second)).SetPageSize(twilioPage)
	line, err := t.line(ctx, m, "look for a text message", twilioList)
	if err != nil {
		return nil, Outcome{Fate: Misconfigured, Words: "TWILIO_URL is not a whole address.", Err: err}
	}
	page, err := line.service(t).PageMessage(params, "", "")
	if err != nil || line.answer.Status/100 != 2 {
		return nil, line.outcome(nil, err)
	}
	for _, one := range page.Messages {
		if said(one.To) == m.To && strings.TrimSpace(said(one.Body)) == strings.TrimSpace(m.Body) && strings.HasPrefix(said(one.Direction), "outbound") {
			found = append(found, taken(&one))
		}
	}
	return found, Outcome{Fate: Ambiguous, Words: "Twilio does not show this message."}
}

// Verify checks a callback's signature with Twilio's own validator, over the public address that it called, query and all.
func (t Twilio) Verify(publicURL string, form url.Values, signature string) bool {
	if t.Token == "" || signature == "" {
		return false
	}
	params := make(map[string]string, len(form))
	for name := range form {
		params[name] = form.Get(name) // of what is repeated only the first is signed, and only the first is read
	}
	validator := client.NewRequestValidator(t.Token)
	return validator.Validate(publicURL, params, signature)
}

// fault is what keeps a text from being handed over, before anything is sent.
func (m Text) fault() Outcome {
	switch n := utf8.RuneCountInString(m.Body); {
	case !e164.MatchString(m.To):
		return Outcome{Fate: Refused, Code: "unfit", Words: "The text message was not sent: this is not a whole phone number, with its country.", Suppress: Invalid}
	case n == 0, n > bodyLimit, !utf8.ValidString(m.Body), strings.ContainsRune(m.Body, 0):
		return Outcome{Fate: Refused, Code: "unfit", Words: "The text message was not sent: it is empty or too long."}
	}
	return Outcome{}
}

var e164 = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)

var service = regexp.MustCompile(`^MG[0-9a-fA-F]{32}$`)

// line is the transport of one call: it leads to the configured address, through the door, within the caller's context. Their
// library forgets an answer's head and hides errors behind errors of its own, so both are kept here.
type line struct {
	ctx    context.Context
	door   *outside.Door
	call   outside.Call
	base   *url.URL
	called bool
	answer outside.Answer
	err    error
}

func (t Twilio) line(ctx context.Context, m Text, purpose string, limit int64) (*line, error) {
	base, err := url.Parse(t.URL)
	if err != nil || base.Host == "" {
		return nil, errors.Join(errors.New("no host"), err)
	}
	return &line{ctx: ctx, door: t.Door, base: base, call: outside.Call{OrgID: m.OrgID, Peer: "twilio", Shared: true, Purpose: purpose, Limit: limit}}, nil
}

func (l *line) service(t Twilio) *api.ApiService {
	c := &client.Client{Credentials: client.NewCredentials(t.SID, t.Token), HTTPClient: &http.Client{Transport: l,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	c.SetAccountSid(t.SID)
	return api.NewApiServiceWithClient(c)
}

// RoundTrip makes one call and no second one: a message that may have been taken is not sent again.
func (l *line) RoundTrip(theirs *http.Request) (*http.Response, error) {
	if l.called {
		return nil, errors.New("one call is all that was asked for")
	}
	l.called = true
	req := theirs.Clone(l.ctx)
	req.Host, req.URL.Scheme, req.URL.Host = "", l.base.Scheme, l.base.Host
	req.URL.Path = strings.TrimSuffix(l.base.Path, "/") + req.URL.Path
	l.answer, l.err = l.door.Do(l.ctx, l.call, req)
	if l.answer.Status == 0 {
		return nil, l.err
	}
	return &http.Response{Status: http.StatusText(l.answer.Status), StatusCode: l.answer.Status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: l.answer.Header, Body: io.NopCloser(bytes.NewReader(l.answer.Body)), ContentLength: int64(len(l.answer.Body)), Request: theirs}, nil
}

// outcome reads what came back from the line itself, and from their library what it made of it.
func (l *line) outcome(message *api.ApiV2010Message, err error) Outcome {
	var rest *client.TwilioRestError
	errors.As(err, &rest)
	switch {
	case !l.called: // their library keeps back what its own rules forbid, such as a token that has a blank
		return Outcome{Fate: Misconfigured, Code: restCode(rest), Words: "TWILIO_ACCOUNT_SID or TWILIO_AUTH_TOKEN is not one."}
	case l.answer.Status == 0:
		return unanswered(l.err)
	case l.answer.Status/100 == 2 && message != nil && said(message.Sid) != "":
		return taken(message)
	case l.answer.Status/100 == 2:
		return Outcome{Fate: Ambiguous, Code: strconv.Itoa(l.answer.Status), Words: "Twilio answered something that is not a message."}
	}
	var later *outside.Later
	errors.As(l.err, &later)
	return twilioRefusal(l.answer.Status, rest, later)
}

// taken is a message that Twilio has, whatever it could do with it.
func taken(message *api.ApiV2010Message) Outcome {
	out := Outcome{Fate: Accepted, Ref: plain(said(message.Sid), idLimit), Code: plain(said(message.Status), idLimit)}
	if status := said(message.Status); (status == "failed" || status == "undelivered" || status == "canceled") && message.ErrorCode != nil {
		r := twilioCode(*message.ErrorCode)
		return Outcome{Fate: r.fate, Ref: out.Ref, Code: strconv.Itoa(*message.ErrorCode), Words: r.sentence(said(message.ErrorMessage)), After: r.after, Suppress: r.suppress}
	}
	return out
}

func restCode(e *client.TwilioRestError) string {
	if e == nil || e.Code == 0 {
		return ""
	}
	return strconv.Itoa(e.Code)
}

func said(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}
