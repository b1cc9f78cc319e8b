package inbound

import (
	"slices"
	"strings"

	"github.com/wedsync/wedsync/queries"
)

// Target names one of our fields.
type Target string

// OurField is a field that a reading may fill.
type OurField struct {
	Target
	Group string
	Label string
	Hint  string
	Fixed bool     // one text may stand for every delivery: never for an id, by which things are told apart
	For   []string // what the events are about that use it: client, booking, calendar, payment, wedme
	at    string   // where our own shape has it
}

// OurFields are all of them, in the order in which a person would fill them in.
var OurFields = []OurField{
	{"event.id", "The event", "The event's own id", "Differs with every delivery", false, everyKind, "id"},
	{"event.occurred_at", "The event", "When it happened", "Leave it out if there is none: then it is when it arrived", false, everyKind, "occurred_at"},
	{"client.external_id", "The client", "Client's own id", "Left out, the e-mail address stands in", false, everyKind, ""},
	{"client.name", "The client", "Name", "", false, everyKind, ""},
	{"client.surname", "The client", "Surname, where it comes apart", "", false, everyKind, ""},
	{"client.partner_name", "The client", "Partner's name", "", false, everyKind, ""},
	{"client.email", "The client", "E-mail", "", false, everyKind, ""},
	{"client.phone", "The client", "Telephone", "", false, everyKind, ""},
	{"booking.external_id", "The booking", "Booking's own id", "By which a later change finds it", false, bookings, ""},
	{"booking.title", "The booking", "Title", "", false, bookings, ""},
	{"booking.date", "The booking", "Day, where only its date counts", "The wedding day; start and end may then be times alone", false, bookings, ""},
	{"booking.start", "The booking", "Start", "", false, bookings, ""},
	{"booking.end", "The booking", "End", "", false, bookings, ""},
	{"booking.timezone", "The booking", "Time zone", "Left out: your own", true, bookings, ""},
	{"booking.venue", "The booking", "Venue", "", true, bookings, ""},
	{"booking.resource", "The booking", "Who or what is booked", "", true, bookings, ""},
	{"booking.status", "The booking", "How it stands", "confirmed, held, enquiry or cancelled", true, bookings, ""},
	{"booking.value", "The booking", "Worth", "", false, bookings, "data.booking.value.amount"},
	{"booking.currency", "The booking", "Currency", "Left out: your own", true, bookings, "data.booking.value.currency"},
	{"payment.external_id", "The payment", "Payment's own id", "Without it a repeat would be counted twice. Not the invoice's: it may be paid in parts", false, payment, ""},
	{"payment.booking_external_id", "The payment", "Id of its booking", "", false, payment, ""},
	{"payment.amount", "The payment", "Amount", "", false, payment, ""},
	{"payment.currency", "The payment", "Currency", "Left out: your own", true, payment, ""},
	{"payment.paid_at", "The payment", "Paid on", "", false, payment, ""},
	{"payment.status", "The payment", "How it stands", "What is failed or only planned is not counted", false, payment, ""},
	{"payment.payer_name", "The payment", "Who paid", "", false, payment, ""},
	{"payment.payer_email", "The payment", "Payer's e-mail", "", false, payment, ""},
	{"payment.description", "The payment", "What for", "", true, payment, ""},
	{"refund.external_id", "The refund", "Refund's own id", "", false, payment, ""},
	{"refund.amount", "The refund", "Amount given back", "Left out: the payment's amount field", false, payment, ""},
}

var (
	everyKind = []string{"client", "booking", "calendar", "payment", "wedme"}
	bookings  = []string{"booking", "calendar"}
	payment   = []string{"payment"}
)

// place is where our own shape has the field, as its readers write it.
func (f OurField) place() string {
	if f.at != "" {
		return f.at
	}
	return "data." + string(f.Target)
}

func ourField(t Target) (OurField, bool) {
	i := slices.IndexFunc(OurFields, func(f OurField) bool { return f.Target == t })
	if i < 0 {
		return OurField{}, false
	}
	return OurFields[i], true
}

// Happening is what a word of the sender's means: one of our types, where need be with the state that the booking is then
// in ("booking.updated confirmed").
type Happening string

// Happenings are all there are, with the words in which a page offers them.
var Happenings = []struct {
	Happening
	Label string
}{
	{"client.created", "A new client"},
	{"client.updated", "A client's details have changed"},
	{"client.deleted", "A client was removed"},
	{"booking.created", "A new enquiry or booking"},
	{"booking.updated confirmed", "A booking is confirmed"},
	{"booking.updated", "A booking has changed"},
	{"booking.cancelled", "A booking is cancelled"},
	{"payment.completed", "A payment was made"},
	{"payment.failed", "A payment failed"},
	{"payment.refunded", "A payment was given back"},
	{"calendar.event.created", "A date in the calendar is new"},
	{"calendar.event.updated", "A date in the calendar has changed"},
	{"wedme.client.invited", "A couple invites you"},
	{"wedme.vendor.signup", "You accepted a couple's invitation"},
}

// Valid is true for what the pages offer.
func (h Happening) Valid() bool { return h.Label() != "" }

// Label is the happening in plain words.
func (h Happening) Label() string {
	for _, known := range Happenings {
		if known.Happening == h {
			return known.Label
		}
	}
	return ""
}

// HappeningOf is what an event turned out to be.
func HappeningOf(ev Event) Happening {
	if b := ev.Booking; b != nil && b.Status != nil {
		if h := Happening(string(ev.Type) + " " + string(*b.Status)); h.Valid() {
			return h
		}
	}
	return Happening(ev.Type)
}

func (h Happening) split() (Type, queries.BookingStatus) {
	kind, status, _ := strings.Cut(string(h), " ")
	return Type(kind), queries.BookingStatus(status)
}

func (h Happening) about() string {
	about, _, _ := strings.Cut(string(h), ".")
	return about
}

// happeningOf is what a word means by the words that the templates of all vendors know, and by our own types' names.
func happeningOf(text string) Happening {
	for _, known := range Happenings {
		if word(string(known.Happening)) == word(text) {
			return known.Happening
		}
	}
	for _, provider := range queries.AllProviderValues() {
		means, known := TemplateOf(provider).words[word(text)]
		switch {
		case known && means == booked:
			return "booking.updated confirmed"
		case known:
			return Happening(means.Type)
		}
	}
	return ""
}
