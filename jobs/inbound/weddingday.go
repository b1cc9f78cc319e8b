package inbound

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// dayWords are the field names under which senders write the day of a wedding, ours first.
var dayWords = append([]string{"starts_local"}, starts...)

// weddingDay is the day that an event is about, as YYYY-MM-DD; empty when it does not say.
func weddingDay(ev Event) string {
	if ev.Booking == nil || ev.Booking.When == nil {
		return ""
	}
	return ev.Booking.When.Start.Format(time.DateOnly)
}

// guessedDay looks through a body that could not be read for the day it is about: what cannot be applied is mended in the
// order of the weddings it affects. A guess, and only ever used for that.
func guessedDay(contentType string, body []byte) string {
	doc, err := document(contentType, body)
	if err != nil {
		return ""
	}
	return dayIn(doc, 0)
}

func dayIn(value any, depth int) string {
	object, isObject := value.(map[string]any)
	if !isObject || depth > 6 {
		return ""
	}
	for _, name := range dayWords {
		if day := dayOf(object[name]); day != "" {
			return day
		}
	}
	names := make([]string, 0, len(object))
	for name := range object {
		names = append(names, name)
	}
	slices.Sort(names) // the same answer each time
	for _, name := range names {
		if day := dayIn(object[name], depth+1); day != "" {
			return day
		}
	}
	return ""
}

func dayOf(value any) string {
	var text string
	switch v := value.(type) {
	case string:
		text = v
	case formText:
		text = string(v)
	case json.Number:
		return ""
	}
	text, _, _ = strings.Cut(strings.TrimSpace(text), "T")
	text, _, _ = strings.Cut(text, " ")
	day, err := time.Parse(time.DateOnly, text)
	if err != nil || !sane(day) {
		return ""
	}
	return text
}

// bookingNamed is the booking that an unreadable body says it belongs to: its day may be known from before.
func bookingNamed(contentType string, body []byte) string {
	doc, err := document(contentType, body)
	if err != nil {
		return ""
	}
	data, _ := doc["data"].(map[string]any)
	payment, _ := data["payment"].(map[string]any)
	booking, _ := data["booking"].(map[string]any)
	for _, candidate := range []any{payment["booking_external_id"], booking["external_id"]} {
		if id, isText := candidate.(string); isText && plainID(id) {
			return id
		}
	}
	return part{fields: doc, fault: new(error)}.first(paidFor)
}
