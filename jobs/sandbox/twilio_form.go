package sandbox

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

var (
	e164             = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	messagingService = regexp.MustCompile(`^MG[0-9a-fA-F]{32}$`)
)

// twilioNumbers are the numbers that Twilio documents for its test credentials: what sending to each is answered.
var twilioNumbers = map[string]twilioFault{
	"+15005550001": {400, 21211, "Invalid 'To' Phone Number: +15005550001"},
	"+15005550002": {400, 21612, "The 'To' phone number: +15005550002, is not currently reachable using the 'From' phone number via SMS"},
	"+15005550003": {400, 21408, "Permission to send an SMS has not been enabled for the region indicated by the 'To' number: +15005550003"},
	"+15005550004": {400, 21610, "Attempt to send to unsubscribed recipient"},
	"+15005550009": {400, 21614, "To number: +15005550009, is not a mobile number"},
}

// twilioReasons are what the codes of failed messages mean.
var twilioReasons = map[int]string{
	30003: "Unreachable destination handset", 30004: "Message blocked", 30005: "Unknown destination handset", 30007: "Message filtered",
}

// fault is the first thing that is wrong with a message, in Twilio's words.
func (t *Twilio) fault(form url.Values) *twilioFault {
	to, from, body := form.Get("To"), form.Get("From"), form.Get("Body")
	known, isKnown := twilioNumbers[to]
	switch {
	case to == "":
		return &twilioFault{400, 21604, "A 'To' phone number is required."}
	case from == "" && form.Get("MessagingServiceSid") == "":
		return &twilioFault{400, 21603, "A 'From' phone number is required."}
	case from == "" && !messagingService.MatchString(form.Get("MessagingServiceSid")):
		return &twilioFault{400, 21701, "The Messaging Service does not exist."}
	case body == "":
		return &twilioFault{400, 21602, "Message body is required."}
	case utf8.RuneCountInString(body) > 1600:
		return &twilioFault{400, 21617, "The concatenated message body exceeds the 1600 character limit"}
	case !e164.MatchString(to):
		return &twilioFault{400, 21211, "Invalid 'To' Phone Number: " + to}
	case from != "" && !e164.MatchString(from):
		return &twilioFault{400, 21212, "Invalid From Number (caller ID): " + from}
	case from != "" && from != t.From:
		return &twilioFault{400, 21606, "The 'From' phone number provided (" + from + ") is not a valid message-capable Twilio phone number for this destination."}
	case isKnown:
		return &known
	case t.hasStopped(to):
		return &twilioFault{400, 21610, "Attempt to send to unsubscribed recipient"}
	}
	return t.termsFault(form)
}

// termsFault is about what may be said beside the message. A callback may lead nowhere but to us: the demo's keys are in
// the source for all to read.
func (t *Twilio) termsFault(form url.Values) *twilioFault {
	if callback := form.Get("StatusCallback"); callback != "" {
		u, err := url.Parse(callback)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || strings.Contains(u.Hostname(), "_") ||
			t.Base != nil && (u.Scheme != t.Base.Scheme || u.Host != t.Base.Host) {
			return &twilioFault{400, 21609, "The StatusCallback URL " + callback + " is not a valid URL."}
		}
	}
	if text := form.Get("ValidityPeriod"); text != "" {
		if n, err := strconv.Atoi(text); err != nil || n < 1 || n > 36_000 {
			return &twilioFault{400, 21624, "The ValidityPeriod must be between 1 and 36000 seconds."}
		}
	}
	return nil
}

// gsm7 is the alphabet of which 160 fit into a message; the second part counts twice.
const (
	gsm7     = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	gsm7Wide = "\f^{}\\[~]|€"
)

// segments is how many messages a text is sent in.
func segments(text string) int {
	units := 0
	for _, r := range text {
		switch {
		case strings.ContainsRune(gsm7, r):
			units++
		case strings.ContainsRune(gsm7Wide, r):
			units += 2
		default:
			return parts(len(utf16.Encode([]rune(text))), 70, 67)
		}
	}
	return parts(units, 160, 153)
}

func parts(units, whole, part int) int {
	if units <= whole {
		return 1
	}
	return (units + part - 1) / part
}
