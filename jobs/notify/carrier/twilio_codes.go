package carrier

import (
	"net/http"
	"strconv"
	"time"

	"github.com/twilio/twilio-go/client"

	"github.com/wedsync/wedsync/jobs/outside"
)

// ruling is what one of Twilio's codes means to us.
type ruling struct {
	fate     Fate
	suppress string
	after    time.Duration
	words    string
}

// twilioCodes: providers.md §7.5. The 3xxxx come in callbacks, when the message has been taken long ago.
var twilioCodes = map[int]ruling{
	20003: {Misconfigured, "", 0, "Twilio does not let WedSync in"},
	20429: {Later, "", 0, "Twilio was asked too often"},
	21211: {Refused, Invalid, 0, "This is not a phone number"},
	21212: {Misconfigured, "", 0, "The number that WedSync sends from is not one"},
	21606: {Misconfigured, "", 0, "The number that WedSync sends from cannot send text messages"},
	21408: {Misconfigured, "", 0, "Text messages to this country are not switched on at Twilio"},
	21608: {Misconfigured, "", 0, "WedSync's account at Twilio is on trial and may not write to this number"},
	21610: {Refused, Stopped, 0, "The recipient answered STOP and gets no text messages until they answer START"},
	21614: {Refused, Invalid, 0, "This is not a mobile number"},
	21617: {Refused, "", 0, "The text message is too long"},
	30001: {Later, "", time.Minute, "Too many text messages were waiting at Twilio"},
	30002: {Misconfigured, "", 0, "WedSync's account at Twilio is suspended"},
	30003: {Later, "", 5 * time.Minute, "The phone could not be reached: it may be off"},
	30004: {Refused, "", 0, "The message was blocked"},
	30005: {Refused, Invalid, 0, "No phone has this number"},
	30006: {Refused, Invalid, 0, "This is a landline, or its network cannot be reached"},
	30007: {Refused, "", 0, "The phone network filtered the message out"},
	30008: {Later, "", 5 * time.Minute, "The phone network did not say why"},
	30034: {Misconfigured, "", 0, "WedSync's number is not registered for the United States"},
}

func twilioCode(code int) ruling {
	if r, known := twilioCodes[code]; known {
		return r
	}
	return ruling{fate: Refused, words: "Twilio could not send the message (" + strconv.Itoa(code) + ")"}
}

func (r ruling) sentence(theirs string) string { return sentence(r.words, theirs) }

// twilioRefusal is what an answer means that is not a message: by its code where we know it, else by its status. There is no
// key, so a fault of Twilio's own may have come after it took the message.
func twilioRefusal(status int, rest *client.TwilioRestError, later *outside.Later) Outcome {
	out := Outcome{Code: restCode(rest)}
	var theirs string
	if out.Code == "" {
		out.Code = strconv.Itoa(status)
	}
	if rest != nil {
		theirs = rest.Message
	}
	if later != nil {
		out.After = later.After
	}
	r, known := ruling{}, false
	if rest != nil {
		r, known = twilioCodes[rest.Code]
	}
	switch {
	case status >= 500, status == http.StatusRequestTimeout:
		r = ruling{fate: Ambiguous, words: "Twilio has a fault of its own"}
	case known:
	case status == http.StatusTooManyRequests, status == http.StatusTooEarly:
		r = twilioCodes[20429]
	case status < 400, status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusNotFound, status == http.StatusMethodNotAllowed:
		r = twilioCodes[20003]
	default:
		r = ruling{fate: Refused, words: "Twilio refused the message"}
	}
	out.Fate, out.Suppress, out.After, out.Words = r.fate, r.suppress, max(out.After, r.after), r.sentence(theirs)
	return out
}
