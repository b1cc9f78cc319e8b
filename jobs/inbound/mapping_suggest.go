package inbound

import (
	"maps"
	"slices"
	"strings"

	"github.com/wedsync/wedsync/queries"
)

// likely are the names by which a field is often called: the templates' own lists.
var likely = []struct {
	Target
	names []string
}{
	{"event.id", []string{"event_id", "webhook_id", "delivery_id"}},
	{"event.occurred_at", []string{"occurred_at", "event_time", "sent_at", "updated_at"}}, // never created_at: every later change would look as old
	{"client.external_id", append(slices.Clone(clients), "client_external_id")},
	{"client.name", clientNames},
	{"client.partner_name", partnerNames},
	{"client.email", emails},
	{"client.phone", phones},
	{"booking.external_id", slices.Concat([]string{"booking_external_id"}, projects, []string{"jobId"})},
	{"booking.title", titles},
	{"booking.start", starts},
	{"booking.end", ends},
	{"booking.timezone", zones},
	{"booking.venue", venues},
	{"booking.status", []string{"booking_status", "project_status", "job_status"}}, // a bare status may hold any word of the sender's own
	{"booking.value", totals},
	{"booking.currency", currencies},
	{"payment.external_id", append(slices.Clone(payments), "payment_external_id")},
	{"payment.booking_external_id", paidFor},
	{"payment.amount", amounts},
	{"payment.currency", currencies},
	{"payment.paid_at", paidDates},
	{"payment.payer_name", clientNames},
	{"payment.payer_email", emails},
	{"refund.external_id", []string{"refund_id", "refund_external_id"}},
	{"refund.amount", []string{"refund_amount", "amount_refunded"}},
}

// Suggest is a first guess from the names of a delivery's fields. A body of our own shape says its amounts in pence.
func Suggest(doc map[string]any) Mapping {
	leaves, _ := Tree(doc)
	m := Mapping{Fields: map[Target]Source{}, Unit: queries.MoneyUnitMajor}
	if isOurShape(doc) {
		m.Unit = queries.MoneyUnitMinor
	}
	for _, field := range likely {
		if path := likeliest(leaves, field.names); path != "" {
			m.Fields[field.Target] = Source{Path: path}
		}
	}
	m.Kind.Path = likeliest(leaves, kinds)
	return m.Knowing(doc)
}

// Completed fills what this guess leaves open with another's.
func (m Mapping) Completed(by Mapping) Mapping {
	fields := maps.Clone(by.Fields)
	maps.Copy(fields, m.Fields)
	m.Fields = fields
	if m.Kind.Path == "" {
		m.Kind = by.Kind
	}
	return m
}

// Knowing adds the delivery's word for what happened, with what it most likely means, if the reading has not heard it yet.
func (m Mapping) Knowing(doc map[string]any) Mapping {
	said := m.Kind.Word(doc)
	if _, known := m.Kind.Words[WordKey(said)]; said == "" || known || len(m.Kind.Words) >= maxMappedWords {
		return m
	}
	words := map[string]Happening{WordKey(said): happeningOf(said)}
	for key, means := range m.Kind.Words {
		words[key] = means
	}
	m.Kind.Words = words
	return m
}

// likeliest takes the names in their order, and of two fields of one name the one nearer the top. A field is also known by
// its group's name before its own: contact.email is a contact_email.
func likeliest(leaves []Leaf, names []string) string {
	for _, name := range names {
		best := Leaf{}
		for _, leaf := range leaves {
			if leaf.Type != "nothing" && slices.Contains(calledBy(leaf.Path), joinedUp(name)) && (best.Path == "" || leaf.Depth < best.Depth) {
				best = leaf
			}
		}
		if best.Path != "" {
			return best.Path
		}
	}
	return ""
}

func calledBy(path string) []string {
	steps, _ := parsePath(path)
	var names []string
	for _, s := range steps {
		if !s.inList {
			names = append(names, joinedUp(s.name))
		}
	}
	if len(names) == 0 || steps[len(steps)-1].inList {
		return nil
	}
	last := names[len(names)-1]
	if len(names) > 1 {
		return []string{last, names[len(names)-2] + last}
	}
	return []string{last}
}

// joinedUp writes eventDate and event_date the same.
func joinedUp(name string) string { return strings.ReplaceAll(word(name), " ", "") }
