package views

import (
	"time"

	"github.com/wedsync/wedsync/queries"
)

// suppression is what is said of a reason for leaving an address alone.
type suppression struct {
	email, sms string // what follows the name: "Anna Kay's e-mail" … or "Anna Kay" …
	person     bool   // the sentence is about the person, not about their address
	help       string // what helps; where the supplier may lift it, what to make sure of first
	lift       bool
}

// suppressions has every reason that the table takes.
var suppressions = map[string]suppression{
	"bounced": {"has bounced since", "has not taken our messages since", false,
		"Ask for another address, or say that it works again once they have mended it.", true},
	"invalid": {"was found not to exist on", "was found to take no messages on", false,
		"Look for a slip of the pen, or say that it works again if it is right.", true},
	"complained": {"told their mail provider that our letters are unwanted, on", "told their network that our messages are unwanted, on", true,
		"Only they can take that back, with their mail provider. Ask how they would rather hear from you.", false},
	"stopped": {"asked not to be written to, on", "replied STOP on", true,
		"Only they can take that back, by replying START.", false},
	"unsubscribed": {"asked not to be written to, on", "asked not to be written to, on", true,
		"Only they can take that back, by the link in the last letter they had.", false},
}

// SuppressionWords say whom our messages do not reach, since when and why: "Anna Kay's e-mail has bounced since 3 May: no such
// mailbox". now carries the reader's clock.
func SuppressionWords(who string, ch queries.Channel, why string, since time.Time, detail string, now time.Time) string {
	s, ok := suppressions[why]
	said, thing := s.email, "e-mail"
	if ch == queries.ChannelSms {
		said, thing = s.sms, "number"
	}
	if !ok {
		said = "is left alone since"
	}
	who = orElse("Somebody", who)
	if !s.person {
		who = possessive(who) + " " + thing
	}
	return who + " " + said + " " + dayOf(now, since) + joined(": ", detail)
}

// MayLift says whether a supplier can say that the address works again.
func MayLift(why string) bool { return suppressions[why].lift }

func possessive(who string) string {
	if who[len(who)-1] == 's' {
		return who + "'"
	}
	return who + "'s"
}
