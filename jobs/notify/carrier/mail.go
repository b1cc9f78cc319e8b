package carrier

import (
	"net/mail"
	"strings"
)

const (
	subjectLimit = 400
	headerLimit  = 2000 // an unsubscribe link with its token
	addressLimit = 320
)

// fault is what keeps a mail from being handed over, before anything is sent; Fate is empty where there is none. Whoever
// could put a line break into a header could write headers of their own.
func (m Mail) fault() Outcome {
	refused := func(words string) Outcome { return Outcome{Fate: Refused, Code: "unfit", Words: words} }
	for what, value := range map[string]string{"address": m.To, "sender": m.From, "address for answers": m.ReplyTo, "subject": m.Subject} {
		if broken(value) {
			return refused("The e-mail was not sent: its " + what + " holds a line break.")
		}
	}
	for name, value := range m.Headers {
		if !mayCarry(name) || broken(value) || len(value) > headerLimit {
			return refused("The e-mail was not sent: a line of its head is not fit to be sent.")
		}
	}
	if len([]rune(m.Subject)) > subjectLimit {
		return refused("The e-mail was not sent: its subject is too long.")
	}
	if _, err := mail.ParseAddress(m.To); err != nil || len(m.To) > addressLimit {
		return refused("The e-mail was not sent: this is not an e-mail address.")
	}
	if _, err := mail.ParseAddress(m.ReplyTo); m.ReplyTo != "" && err != nil {
		return refused("The e-mail was not sent: the address for answers is not an e-mail address.")
	}
	if _, err := mail.ParseAddress(m.From); err != nil {
		return Outcome{Fate: Misconfigured, Code: "unfit", Words: "The e-mail was not sent: MAIL_FROM is not an e-mail address."}
	}
	return Outcome{}
}

func broken(value string) bool { return strings.ContainsAny(value, "\r\n\x00\u2028\u2029") }

// mayCarry: names of RFC 5322, but none that says who a mail is from and to, or how it is written.
func mayCarry(name string) bool {
	switch strings.ToLower(name) {
	case "", "from", "sender", "to", "cc", "bcc", "reply-to", "subject", "date", "message-id", "return-path", "mime-version":
		return false
	}
	if strings.HasPrefix(strings.ToLower(name), "content-") || len(name) > 76 {
		return false
	}
	return strings.IndexFunc(name, func(r rune) bool { return r < '!' || r > '~' || r == ':' }) < 0
}
