package inbound

import (
	"slices"
	"strings"

	"github.com/wedsync/wedsync/queries"
)

// Field is one of our fields that a column of a sheet may fill.
type Field string

const (
	FieldClientID  Field = "client_id"
	FieldClient    Field = "client"
	FieldFirst     Field = "first_name"
	FieldLast      Field = "last_name"
	FieldPartner   Field = "partner"
	FieldEmail     Field = "email"
	FieldPhone     Field = "phone"
	FieldReference Field = "reference"
	FieldTitle     Field = "title"
	FieldDate      Field = "date"
	FieldStart     Field = "start"
	FieldEnd       Field = "end"
	FieldVenue     Field = "venue"
	FieldStatus    Field = "status"
	FieldValue     Field = "value"
	FieldCurrency  Field = "currency"
	FieldPaymentID Field = "payment_id"
	FieldAmount    Field = "amount"
	FieldPaidOn    Field = "paid_on"
	FieldFor       Field = "for"
)

// FieldsOf are the fields of a sheet of this kind, in the order in which a person looks for them.
func FieldsOf(kind queries.SheetKind) []Field {
	switch kind {
	case queries.SheetKindClients:
		return []Field{FieldClientID, FieldClient, FieldFirst, FieldLast, FieldPartner, FieldEmail, FieldPhone}
	case queries.SheetKindPayments:
		return []Field{FieldPaymentID, FieldAmount, FieldCurrency, FieldPaidOn, FieldFor, FieldStatus, FieldClient, FieldFirst, FieldLast, FieldEmail, FieldTitle}
	default:
		return []Field{FieldReference, FieldDate, FieldStart, FieldEnd, FieldTitle, FieldClientID, FieldClient, FieldFirst, FieldLast, FieldPartner,
			FieldEmail, FieldPhone, FieldVenue, FieldStatus, FieldValue, FieldCurrency}
	}
}

// Columns say which column of a sheet fills which field, and how what stands there is read.
type Columns struct {
	Kind     queries.SheetKind     `json:"-"`
	DayFirst *bool                 `json:"-"` // 12/06 is the 12th of June; nil: nobody has said, and it matters only where the dates do not tell
	Header   []string              `json:"-"` // to name a column in a fault
	Of       map[Field]int         `json:"of"`
	Assume   queries.BookingStatus `json:"assume,omitempty"` // of a booking whose row says no status
}

// Missing are the fields without which no row of the sheet can be read; any one of a group is enough.
func (c Columns) Missing() (groups [][]Field) {
	need := map[queries.SheetKind][][]Field{
		queries.SheetKindBookings: {{FieldDate}, {FieldClient, FieldFirst, FieldLast, FieldTitle}},
		queries.SheetKindClients:  {{FieldClient, FieldFirst, FieldLast, FieldEmail}},
		queries.SheetKindPayments: {{FieldAmount}, {FieldPaidOn}},
	}
	for _, group := range need[c.Kind] {
		if !slices.ContainsFunc(group, c.has) {
			groups = append(groups, group)
		}
	}
	return groups
}

func (c Columns) has(f Field) bool {
	_, mapped := c.Of[f]
	return mapped
}

// within drops what points outside the sheet or is no field of its kind: the mapping comes from a form.
func (c Columns) within(width int) Columns {
	fields := FieldsOf(c.Kind)
	of := map[Field]int{}
	for f, i := range c.Of {
		if i >= 0 && i < width && slices.Contains(fields, f) {
			of[f] = i
		}
	}
	c.Of = of
	return c
}

// Choose makes columns of what a person picked, one of their headings for each field.
func Choose(kind queries.SheetKind, header []string, picked func(Field) (column int, ok bool)) Columns {
	c := Columns{Kind: kind, Header: header, Of: map[Field]int{}}
	for _, f := range FieldsOf(kind) {
		if i, ok := picked(f); ok {
			c.Of[f] = i
		}
	}
	return c.within(len(header))
}

// nothing is how people write that they have nothing to write.
var nothing = []string{"-", "–", "—", "n/a", "na", "none", "tbc", "tba", "tbd", "null", "?"}

func isNothing(text string) bool { return slices.Contains(nothing, strings.ToLower(text)) }
