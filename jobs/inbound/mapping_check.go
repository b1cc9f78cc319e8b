package inbound

import (
	"slices"
	"strings"

	"github.com/wedsync/wedsync/queries"
)

const (
	maxMappedWords = 60
	maxFixedText   = 100
)

// needed are the fields without which an event of a kind is refused: one of each group.
var needed = []struct {
	kinds []Happening // nil: all that are about it
	about string
	anyOf []Target
	why   string
}{
	{nil, "client", []Target{"client.external_id", "client.email"}, "Choose the client's own id, or the e-mail address: without one of them a client is not known again."},
	{nil, "wedme", []Target{"client.external_id", "client.email"}, "Choose the client's own id, or the e-mail address: it says whose invitation it is."},
	{nil, "booking", []Target{"booking.external_id"}, "Choose the booking's own id: a later change finds the booking by it."},
	{nil, "calendar", []Target{"booking.external_id"}, "Choose the booking's own id: a later change finds the booking by it."},
	{nil, "payment", []Target{"payment.external_id"}, "Choose the payment's own id: without it a repeat would be counted twice."},
	{[]Happening{"payment.completed"}, "payment", []Target{"payment.amount"}, "Choose where the amount stands: a payment that was made needs one."},
	{[]Happening{"payment.refunded"}, "payment", []Target{"refund.external_id", "event.id"}, "Choose the refund's own id, or the event's: without one of them a repeat would be given back twice."},
	{[]Happening{"payment.refunded"}, "payment", []Target{"refund.amount", "payment.amount"}, "Choose where the amount given back stands."},
}

// Faults are why a reading cannot be kept, in words, by the field that each is about: a Target, "kind", "unit", or "" for
// the reading as a whole.
func (m Mapping) Faults() map[string]string {
	faults := map[string]string{}
	say := func(wrong bool, field, words string) {
		if wrong && faults[field] == "" {
			faults[field] = words
		}
	}
	m.kindFaults(say)
	paths, amounts := 0, false
	for target, source := range m.Fields {
		field, known := ourField(target)
		_, readable := parsePath(source.Path)
		say(source.Path != "" && !readable, string(target), "This is no path: it is at most 200 characters long and 16 levels deep, such as client.name or items[0].total.")
		say(!known || source.Text != "" && !field.Fixed, string(target), "This field takes no fixed text.")
		if source.Text != "" {
			fault := fixedFault(target, source.Text)
			say(fault != "", string(target), fault)
		}
		if source.Path != "" {
			paths++
			amounts = amounts || strings.HasSuffix(string(target), ".amount") || target == "booking.value"
		}
	}
	say(paths == 0, "", "Nothing is chosen yet. Choose at least one field of the delivery for one of ours.")
	say(amounts && !m.Unit.Valid(), "unit", "Say what the sender's amounts mean: a figure that is read wrongly is wrong a hundredfold.")
	for _, happening := range m.happenings() {
		for _, need := range needed {
			if need.about == happening.about() && (need.kinds == nil || slices.Contains(need.kinds, happening)) {
				say(!m.maps(need.anyOf), string(need.anyOf[0]), need.why)
			}
		}
	}
	return faults
}

func (m Mapping) kindFaults(say func(wrong bool, field, words string)) {
	k := m.Kind
	_, readable := parsePath(k.Path)
	say(k.Fixed == "" && k.Path == "", "kind", "Choose the field that says what happened, or what every delivery means.")
	say(k.Fixed != "" && !k.Fixed.Valid(), "kind", "Choose what it means from the list.")
	say(k.Path != "" && !readable, "kind", "This is no path: it is at most 200 characters long and 16 levels deep, such as event.type.")
	say(len(k.Words) > maxMappedWords, "kind", "These are more than 60 words. Choose a field that says what happened, not one that differs with every delivery.")
	for text, means := range k.Words {
		say(len(text) > maxEventType || means != "" && !means.Valid(), "kind", "Choose what each word means from the list.")
	}
	say(k.Fixed == "" && k.Path != "" && len(m.happenings()) == 0, "kind", "Say what at least one of the words means.")
}

// happenings are those that a delivery may turn out to be by this reading.
func (m Mapping) happenings() (all []Happening) {
	if m.Kind.Fixed != "" {
		return []Happening{m.Kind.Fixed}
	}
	for _, known := range Happenings {
		for _, means := range m.Kind.Words {
			if means == known.Happening && !slices.Contains(all, means) {
				all = append(all, means)
			}
		}
	}
	return all
}

func (m Mapping) maps(anyOf []Target) bool {
	return slices.ContainsFunc(anyOf, func(t Target) bool { return m.Fields[t].Path != "" })
}

// fixedFault asks the readers themselves whether the text would do.
func fixedFault(target Target, text string) string {
	p := newPart("", map[string]any{"timezone": text, "status": text}, true)
	switch {
	case len(text) > maxFixedText || clean(text) != text:
		return "A fixed text is one line of at most 100 characters."
	case strings.HasSuffix(string(target), ".currency"):
		if _, ok := queries.ParseCurrency(text); !ok {
			return "A currency is a code of three letters, such as GBP."
		}
	case target == "booking.timezone":
		if p.zone("timezone", Defaults{}) == nil {
			return "A time zone is written as Europe/London or America/New_York."
		}
	case target == "booking.status":
		if bookingStatus(p, ""); p.err() != nil {
			return "It stands as confirmed, held, enquiry or cancelled."
		}
	}
	return ""
}
