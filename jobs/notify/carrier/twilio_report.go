package carrier

import (
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// CallbackQuery is what a status callback's address carries, so that it finds its notification.
func CallbackQuery(org, notification uuid.UUID) string {
	return url.Values{"n": {notification.String()}, "o": {org.String()}}.Encode()
}

// twilioStatuses is their ladder on ours. Others are kept and change nothing.
var twilioStatuses = map[string]string{
	"queued": "accepted", "accepted": "accepted", "scheduled": "accepted", "sending": "accepted", "sent": "accepted", "partially_delivered": "accepted",
	"delivered": "delivered", "read": "seen", "undelivered": "failed", "failed": "failed", "canceled": "failed",
}

var messageSID = regexp.MustCompile(`^(SM|MM)[0-9a-fA-F]{32}$`)

// ReadTwilioReport reads a status callback that was verified: its form, and the query of its address.
func ReadTwilioReport(form, query url.Values) (Report, error) {
	sid, status := first(form, "MessageSid", "SmsSid"), first(form, "MessageStatus", "SmsStatus")
	if !messageSID.MatchString(sid) || status == "" || len(status) > idLimit {
		return Report{}, fmt.Errorf("%w: it names no message or no status", ErrReport)
	}
	r := Report{NotificationID: parseID(query.Get("n")), OrgID: parseID(query.Get("o")), Ref: sid, Type: plain(status, idLimit),
		Status: twilioStatuses[status], Address: plain(form.Get("To"), addressLimit)}
	r.ID = sid + ":" + r.Type // each is told once, and again when we did not answer
	if r.Status != "failed" {
		return r, nil
	}
	r.Detail = "The message was not sent."
	if status == "canceled" {
		r.Detail = "The message was cancelled."
	}
	if code, err := strconv.Atoi(form.Get("ErrorCode")); err == nil && code > 0 {
		why := twilioCode(code)
		r.Detail, r.Suppress = fmt.Sprintf("%s (%d).", why.words, code), why.suppress
		if _, known := twilioCodes[code]; !known {
			r.Detail = why.words + "."
		}
	}
	return r, nil
}

// ReplyKind is what an answer to a text message asks for.
type ReplyKind string

const (
	ReplyStop  ReplyKind = "stop"
	ReplyStart ReplyKind = "start"
	ReplyHelp  ReplyKind = "help"
	ReplyOther ReplyKind = "other"
)

// Reply is a text message that somebody sent to our number.
type Reply struct {
	ID, From, To, Body string // ID is the same when it is sent again
	Kind               ReplyKind
}

var optWords = map[string]ReplyKind{
	"STOP": ReplyStop, "STOPALL": ReplyStop, "UNSUBSCRIBE": ReplyStop, "CANCEL": ReplyStop, "END": ReplyStop, "QUIT": ReplyStop, "REVOKE": ReplyStop, "OPTOUT": ReplyStop,
	"START": ReplyStart, "YES": ReplyStart, "UNSTOP": ReplyStart, "HELP": ReplyHelp, "INFO": ReplyHelp,
}

const bodyLimit = 1600

// ReadReply reads the form of an incoming message that was verified. What Twilio itself made of it goes before the words.
func ReadReply(form url.Values) Reply {
	r := Reply{ID: plain(first(form, "MessageSid", "SmsSid"), idLimit), From: plain(form.Get("From"), addressLimit), To: plain(form.Get("To"), addressLimit),
		Body: plain(form.Get("Body"), bodyLimit), Kind: ReplyOther}
	switch strings.ToUpper(strings.TrimSpace(form.Get("OptOutType"))) {
	case "STOP":
		r.Kind = ReplyStop
	case "START":
		r.Kind = ReplyStart
	case "HELP":
		r.Kind = ReplyHelp
	default:
		word := strings.ToUpper(strings.Trim(r.Body, " .!\"'"))
		if kind, ok := optWords[strings.NewReplacer(" ", "", "-", "").Replace(word)]; ok {
			r.Kind = kind
		}
	}
	return r
}

func first(form url.Values, names ...string) string {
	for _, name := range names {
		if v := form.Get(name); v != "" {
			return v
		}
	}
	return ""
}
