package views

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views/ui"
)

// testEvent is outbound.TestType; a test in web holds the two together.
const testEvent = "wedsync.test"

// EventWords is one of our events as people say it.
func EventWords(eventType string) string {
	switch eventType {
	case "booking.created":
		return "A new booking"
	case "booking.updated":
		return "A booking has changed"
	case "booking.cancelled":
		return "A booking was cancelled"
	case "client.created":
		return "A new client"
	case "client.updated":
		return "A client's details have changed"
	case "client.deleted":
		return "A client was removed"
	case "payment.completed":
		return "A payment came in"
	case "payment.failed":
		return "A payment failed"
	case "payment.refunded":
		return "A payment was refunded"
	case "calendar.event.created":
		return "A new date in the calendar"
	case "calendar.event.updated":
		return "A date in the calendar has changed"
	case "wedme.client.invited":
		return "A couple invited you on WedMe"
	case "wedme.vendor.signup":
		return "You accepted an invitation on WedMe"
	case testEvent:
		return "A test"
	default:
		return eventType
	}
}

func eventsWanted(types []string) string {
	if len(types) == 0 {
		return "Everything that happens"
	}
	words := make([]string, len(types))
	for i, t := range types {
		words[i] = EventWords(t)
	}
	return strings.Join(words, " · ")
}

// endpointState says in a word or two how an endpoint is.
func endpointState(off bool, why string, failures int32, sent bool) (string, ui.Tone) {
	switch {
	case off && why != "":
		return "Switched off", ui.Bad
	case off:
		return "Paused", ui.Warn
	case failures > 0:
		return "Does not take messages", ui.Warn
	case !sent:
		return "Ready", ui.Neutral
	default:
		return "Working", ui.Good
	}
}

// held: no try is planned, because the endpoint is switched off. A test goes out all the same.
func held(nextTry, disabled *time.Time, eventType string) bool {
	return nextTry == nil || disabled != nil && eventType != testEvent
}

func messageWords(s queries.MessageStatus, attempts int32, held bool) (string, ui.Tone) {
	switch {
	case s == queries.MessageStatusDelivered:
		return "Delivered", ui.Good
	case s == queries.MessageStatusFailed:
		return "Given up", ui.Bad
	case held:
		return "Held", ui.Neutral
	case attempts > 0:
		return "Will be tried again", ui.Warn
	default:
		return "On its way", ui.Neutral
	}
}

func messageFilter(s queries.MessageStatus) string {
	switch s {
	case queries.MessageStatusDelivered:
		return "Delivered"
	case queries.MessageStatusFailed:
		return "Given up"
	default:
		return "Waiting or held"
	}
}

// answered is what the other side said to one try, and how long it took.
func answered(a queries.MessageAttemptsRow) string {
	took := fmt.Sprintf("after %.1f seconds", float64(a.TookMs)/1000)
	if a.Status == nil {
		return "No answer, " + took
	}
	if text := http.StatusText(int(*a.Status)); text != "" {
		return fmt.Sprintf("%d (%s), %s", *a.Status, text, took)
	}
	return fmt.Sprintf("%d, %s", *a.Status, took)
}
