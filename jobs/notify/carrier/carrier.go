// Package carrier takes notifications away: e-mail by Resend or an SMTP server, text messages by Twilio, push by a browser's
// own service. It hides their wire, their codes and their words; what comes back is the fate of one hand-over, or what a
// callback reports. It talks through outside.Door, keeps nothing, and knows nothing of tiers, preferences or tables.
// jobs/notify imports it, and what reads callbacks.
package carrier

import (
	"context"
	"errors"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/jobs/outside"
)

// Fate is what became of a hand-over.
type Fate string

const (
	Accepted      Fate = "accepted"
	Refused       Fate = "refused"       // this address, or this message, will never be taken
	Misconfigured Fate = "misconfigured" // the carrier serves us nothing: a bad key, a bad sender, a quota of ours (After says until when)
	Later         Fate = "later"         // certainly not taken; may be tried again
	Closed        Fate = "closed"        // the breaker is open, nothing was sent
	Ambiguous     Fate = "ambiguous"     // may have been taken
)

// What is wrong with an address that is to be left alone.
const (
	Bounced    = "bounced"
	Complained = "complained"
	Stopped    = "stopped"
	Invalid    = "invalid"
	Gone       = "gone"
)

// Outcome is how a hand-over went.
type Outcome struct {
	Fate     Fate
	Ref      string        // the carrier's id
	Code     string        // the carrier's, for the log and the timeline
	Words    string        // for people
	After    time.Duration // Later, Ambiguous, Misconfigured: when to ask again; 0: it did not say
	Until    time.Time     // Closed
	Suppress string        // one of the words above: the address is to be left alone
	Err      error         // a fault of our own: the database, a context that ended. Beside it the fate still holds
}

// Mail is one e-mail to one person.
type Mail struct {
	OrgID, ID                              uuid.UUID // ID is the notification's: idempotency key, tag, Message-ID
	From, To, ReplyTo, Subject, HTML, Text string
	Headers                                map[string]string
}

// Text is one text message.
type Text struct {
	OrgID, ID          uuid.UUID
	To, Body, Callback string // To in E.164; Callback is the whole address of the status callback, with CallbackQuery
}

// Note is one push message.
type Note struct {
	OrgID, ID      uuid.UUID
	Endpoint       string
	P256dh, Auth   []byte
	Payload        []byte
	TTL            time.Duration
	Urgency, Topic string
}

// Report is what a carrier's callback says. A type that changes nothing has no status.
type Report struct {
	ID             string    // the same when it is sent again
	NotificationID uuid.UUID // nil: the carrier's id has to find it
	OrgID          uuid.UUID
	Ref            string
	Status         string    // one of notification_status
	Type           string    // the carrier's word
	Detail         string    // for people
	At             time.Time // zero: it does not say
	Address        string
	Suppress       string
}

// unanswered is the fate of a call whose answer we do not have.
func unanswered(err error) Outcome {
	var open *outside.Open
	var later *outside.Later
	var refused *outside.Refused
	switch {
	case errors.As(err, &open):
		return Outcome{Fate: Closed, Words: open.Error(), Until: open.Until}
	case errors.As(err, &later):
		out := Outcome{Fate: Later, Words: later.Error(), After: later.After}
		if later.Sent {
			out.Fate = Ambiguous
		}
		if errors.Is(err, context.Canceled) {
			out.Err = err
		}
		return out
	case errors.As(err, &refused), errors.Is(err, outside.ErrPrivate):
		return Outcome{Fate: Misconfigured, Words: err.Error()} // the address that the operator gave
	default:
		return Outcome{Fate: Later, Words: "WedSync could not ask: the fault is its own", Err: err} // admit failed: nothing was sent
	}
}

// plain makes a carrier's text fit for a row and a page: one line, valid, bounded.
func plain(s string, limit int) string {
	if len(s) > 4*limit {
		s = s[:4*limit]
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError, r == 0:
			return -1
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) > limit {
		s = string([]rune(s)[:limit-1]) + "…"
	}
	return s
}

const (
	idLimit    = 200
	wordsLimit = 500
)
