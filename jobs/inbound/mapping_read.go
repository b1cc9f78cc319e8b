package inbound

import (
	"errors"
	"strings"
)

const lookAgain = "The delivery is kept: change the reading, then run it again."

// readMapped reads by the supplier's own reading. What it finds nothing of may still be of our own shape, which needs none.
func readMapped(m Mapping, doc map[string]any, d Defaults) (Event, error) {
	if !m.finds(doc) {
		if isOurShape(doc) {
			return readShape(doc, d)
		}
		return Event{}, wrong("%s found none of its fields in this delivery: the sender writes it differently now. "+
			"The delivery is kept; look at the reading, then run it again.", m.name())
	}
	happening, err := m.happened(doc)
	if err != nil {
		return Event{}, err
	}
	shape, err := m.shape(doc, happening, d)
	if err != nil {
		return Event{}, m.explain(err, doc)
	}
	ev, err := readShape(shape, d)
	if err != nil {
		return Event{}, m.explain(err, doc)
	}
	return ev, nil
}

func (m Mapping) happened(doc map[string]any) (Happening, error) {
	if m.Kind.Fixed != "" {
		return m.Kind.Fixed, nil
	}
	if m.Kind.Path == "" {
		return "", wrong("%s does not say yet which field tells what happened. %s", m.name(), lookAgain)
	}
	said := m.Kind.Word(doc)
	if said == "" {
		return "", wrong("%s looks for what happened at %s, and this delivery has no word there. %s", m.name(), clip(m.Kind.Path, 80), lookAgain)
	}
	means, known := m.Kind.Words[WordKey(said)]
	switch {
	case known && means == "":
		return "", ignored("%s does not use deliveries whose %s is %s; kept.", m.name(), clip(m.Kind.Path, 80), shown(said))
	case known:
		return means, nil
	}
	// Our own words for it need no telling. Any other was never asked about: to pass it over in silence would lose it.
	if ours := happeningOf(said); ours.Valid() && WordKey(string(ours)) == WordKey(said) {
		return ours, nil
	}
	return "", wrong("%s has not been told what %s means (at %s). The delivery is kept: say it on the reading's page, then run it again.",
		m.name(), shown(said), clip(m.Kind.Path, 80))
}

// shape is a document of our own, with the parts that an event of this kind is read for: a sender that calls every id "id"
// would otherwise have a booking named after its payment.
func (m Mapping) shape(doc map[string]any, happening Happening, d Defaults) (map[string]any, error) {
	values := map[string]any{}
	for target, source := range m.Fields {
		if value := source.of(doc); value != nil {
			values[string(target)] = value
		}
	}
	p := newPart("", values, true)
	kind, status := happening.split()
	about := happening.about()
	zone := p.zone("booking.timezone", d)
	if about == "payment" {
		var err error
		if kind, err = asPaid(kind, word(p.said("payment.status"))); err != nil {
			return nil, err
		}
	}
	data := map[string]any{}
	client := p.mappedClient()
	if about == "client" || about == "wedme" || client["external_id"] != nil || client["email"] != nil {
		data["client"] = client
	}
	switch about {
	case "booking", "calendar":
		data["booking"] = m.mappedBooking(p, d)
		if status != "" {
			data["booking"].(map[string]any)["status"] = string(status)
		}
	case "payment":
		data["payment"] = m.mappedPayment(p, zone, d)
		if kind == PaymentRefunded {
			data["refund"] = m.mappedRefund(p, d)
		}
	}
	shape := map[string]any{"type": string(kind), "data": data, "id": values["event.id"], "occurred_at": p.moment("event.occurred_at", zone, false)}
	return shape, p.err()
}

// explain says of a reader's fault which path of the sender's filled which field of ours.
func (m Mapping) explain(err error, doc map[string]any) error {
	fault, is := errors.AsType[WrongShape](err)
	if !is {
		return err
	}
	field, reason, known := blamed(fault.Reason)
	if !known {
		return wrong("%s: %s", m.name(), fault.Reason)
	}
	source := m.Fields[field.Target]
	if source == (Source{}) {
		source = m.Fields[map[Target]Target{"booking.start": "booking.date", "refund.amount": "payment.amount", "client.external_id": "client.email"}[field.Target]]
	}
	ours := field.Label + " (" + string(field.Target) + ")"
	switch value, _ := find(doc, source.Path); {
	case source == (Source{}):
		return wrong("%s says nothing about %s, and an event of this kind needs it. %s", m.name(), ours, lookAgain)
	case source.Path == "":
		return wrong("%s always writes %s into %s, which cannot be. %s", m.name(), shown(source.Text), ours, reason)
	case blank(value) && source.Text == "":
		return wrong("%s takes %s from %s, and this delivery has nothing there. %s", m.name(), ours, clip(source.Path, 80), lookAgain)
	}
	return wrong("%s takes %s from %s. %s", m.name(), ours, clip(source.Path, 80), reason)
}

// blamed is the field whose place the reason begins with, and the reason without that place.
func blamed(reason string) (field OurField, rest string, known bool) {
	for _, f := range OurFields {
		for _, place := range []string{f.place(), string(f.Target)} {
			if rest, found := strings.CutPrefix(reason, place+" "); found {
				return f, "It " + rest, true
			}
		}
	}
	return OurField{}, reason, false
}
