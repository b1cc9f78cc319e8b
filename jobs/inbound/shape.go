package inbound

import (
	"slices"
	"strings"
	"time"

	"github.com/wedsync/wedsync/queries"
)

// Types are all normalised event types of the contract.
var Types = []Type{
	BookingCreated, BookingUpdated, BookingCancelled,
	ClientCreated, ClientUpdated, ClientDeleted,
	PaymentCompleted, PaymentFailed, PaymentRefunded,
	CalendarEventCreated, CalendarEventUpdated,
	WedMeClientInvited, WedMeVendorSignup,
}

// Read turns a stored delivery into one of our events: by the supplier's own reading where there is one (never Stripe's,
// whose format is confirmed), else as our own shape or by the provider's template. Its error is always an Ignored or a WrongShape.
func Read(provider queries.Provider, contentType string, body []byte, d Defaults) (Event, error) {
	if provider == queries.ProviderStripe {
		return ReadStripe(body, d)
	}
	doc, err := document(contentType, body)
	if err != nil {
		return Event{}, err
	}
	if isTest(doc) {
		return Event{}, ignored(testArrived)
	}
	if d.Mapping != nil {
		return readMapped(*d.Mapping, doc, d)
	}
	if isOurShape(doc) {
		return readShape(doc, d)
	}
	return readTemplate(TemplateOf(provider), doc, d)
}

// ReadShape reads our own shape: see the contract, "Normalised event types".
func ReadShape(body []byte, contentType string, d Defaults) (Event, error) {
	doc, err := document(contentType, body)
	if err != nil {
		return Event{}, err
	}
	return readShape(doc, d)
}

// isOurShape asks for a type of ours, or for one of our parts under data: another vendor's envelope may well have a
// type and a data of its own.
func isOurShape(doc map[string]any) bool {
	p := newPart("", doc, false)
	kind := Type(p.said("type"))
	if slices.Contains(Types, kind) {
		return p.has("data")
	}
	data, _ := p.sub("data")
	ours := false
	for _, name := range []string{"client", "booking", "payment", "refund", "invite"} {
		_, isObject := data.fields[name].(map[string]any)
		ours = ours || isObject
	}
	return ours && kind != ""
}

func readShape(doc map[string]any, d Defaults) (Event, error) {
	p := newPart("", doc, true)
	ev := Event{Type: Type(p.said("type")), ID: p.id("id")}
	if ev.Type == "" {
		return Event{}, wrong("type is missing: it says what happened, for example \"booking.created\" or \"payment.completed\".")
	}
	if !slices.Contains(Types, ev.Type) {
		return Event{}, unused(string(ev.Type))
	}
	ev.OccurredAt = p.instant("occurred_at")
	data, said := p.sub("data")
	if !said {
		p.fail(wrong("data is missing: it holds the client, the booking or the payment that the event is about."))
	}
	readParts(&ev, data, d)
	if p.err() != nil {
		return Event{}, p.err()
	}
	if ev.Client == nil && ev.Booking == nil && ev.Payment == nil && ev.Invite == nil {
		return Event{}, ignored("The calendar event says nothing of a booking (there is no data.booking), so there is nothing to change; kept.")
	}
	return ev, nil
}

// readParts takes every part that is there, and insists on the one that the type is about.
func readParts(ev *Event, data part, d Defaults) {
	about, _, _ := strings.Cut(string(ev.Type), ".")
	if about == "wedme" {
		// The couple of an invitation is not yet this supplier's client, so the client part only tells whose it is.
		ev.Invite = readInvite(data, ev.Type)
		return
	}
	if _, said := data.sub(about); !said && about != "calendar" {
		data.fail(wrong("data.%s is missing: an event of type %s is about it.", about, ev.Type))
	}
	if inner, said := data.sub("client"); said {
		ev.Client = readClient(inner, ev.Type)
	}
	if inner, said := data.sub("booking"); said {
		ev.Booking = readBooking(inner, ev.Type, d)
	}
	if inner, said := data.sub("payment"); said {
		ev.Payment = readPayment(inner, data, *ev, d)
	}
	if ev.Client != nil && ev.Booking != nil && ev.Booking.ClientExternalID == nil {
		ev.Booking.ClientExternalID = &ev.Client.ExternalID
	}
	if ev.Booking != nil && ev.Payment != nil && ev.Payment.BookingExternalID == "" {
		ev.Payment.BookingExternalID = ev.Booking.ExternalID
	}
}

// instant is a moment of the world, so it must say its offset; zero when not said.
func (p part) instant(name string) time.Time {
	text := p.said(name)
	if text == "" {
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || !sane(at) {
		p.mustBe(name, "a time with its offset, such as 2027-01-05T10:00:00Z, between 1970 and 2199")
		return time.Time{}
	}
	return at.UTC()
}

func unused(kind string) error {
	return ignored("WedSync does not use events of type %s; kept.", shown(kind))
}
