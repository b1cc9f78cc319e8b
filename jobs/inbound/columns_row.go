package inbound

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"

	"github.com/wedsync/wedsync/queries"
)

// Delivery makes one row into a body of our own shape (contract, "Normalised event types"), as if a system had posted
// it, and gives what the body will be read as. Its error is always a WrongShape: words about this row.
func (c Columns) Delivery(row SheetRow, d Defaults) (body []byte, ev Event, err error) {
	if row.Fault != "" {
		return nil, Event{}, WrongShape{row.Fault}
	}
	r := &rowReader{Columns: c, row: row, d: Defaults{Zone: d.Zone, Currency: d.Currency}}
	if r.d.Zone == nil {
		r.d.Zone = time.UTC
	}
	var doc map[string]any
	switch c.Kind {
	case queries.SheetKindClients:
		doc = r.about(ClientUpdated, map[string]any{"client": r.client()})
	case queries.SheetKindPayments:
		doc = r.payment()
	default:
		doc = r.booking()
	}
	if r.fault != nil {
		return nil, Event{}, r.fault
	}
	if body, err = json.Marshal(doc); err != nil {
		return nil, Event{}, wrong("This row cannot be written down (%v).", err)
	}
	ev, err = ReadShape(body, "application/json", r.d)
	return body, ev, err
}

// RowEventID is a row's key against doubles: the same row read the same way is the same event, in whatever file it comes.
// With an import to name, it is that import's own, for a supplier who wants every row applied again.
func RowEventID(body []byte, again string) string {
	sum := sha256.Sum256(append(append([]byte{}, body...), again...))
	return "row:" + hex.EncodeToString(sum[:])
}

// rowReader remembers the first fault of a row, like part.
type rowReader struct {
	Columns
	row   SheetRow
	d     Defaults
	fault error
}

func (r *rowReader) fail(format string, a ...any) {
	if r.fault == nil {
		r.fault = wrong(format, a...)
	}
}

func (r *rowReader) heading(f Field) string {
	if i := r.Of[f]; i < len(r.Header) {
		return "“" + r.Header[i] + "”"
	}
	return string(f)
}

// said is a cell's text; what people write for nothing is nothing.
func (r *rowReader) said(f Field) string {
	i, mapped := r.Of[f]
	if !mapped || i >= len(r.row.Cells) {
		return ""
	}
	if r.row.Width > 0 && i >= r.row.Width {
		r.fail("This line ends after %d cells, before the column %s. A line break inside a cell is the usual cause.", r.row.Width, r.heading(f))
		return ""
	}
	if isNothing(r.row.Cells[i]) {
		return ""
	}
	return r.row.Cells[i]
}

// about drops what was not said: an empty text in our shape empties the field, and an empty cell says nothing.
func (r *rowReader) about(kind Type, parts map[string]any) map[string]any {
	for name, p := range parts {
		fields, _ := p.(map[string]any)
		for field, value := range fields {
			if value == "" {
				delete(fields, field)
			}
		}
		if len(fields) == 0 {
			delete(parts, name)
		}
	}
	return map[string]any{"type": string(kind), "data": parts}
}

func (r *rowReader) name() string {
	if name := r.said(FieldClient); name != "" {
		return name
	}
	return strings.TrimSpace(r.said(FieldFirst) + " " + r.said(FieldLast))
}

// email is the first address of the cell.
func (r *rowReader) email() string {
	text := r.said(FieldEmail)
	for _, one := range strings.FieldsFunc(text, func(c rune) bool { return c == ',' || c == ';' || c == ' ' }) {
		if strings.Contains(one, "@") {
			return one
		}
	}
	if text != "" {
		r.fail("%s holds %s, which is not an e-mail address.", r.heading(FieldEmail), shown(text))
	}
	return ""
}

// client is known by its id, else by its address, else by its name: two exports of one list must meet.
func (r *rowReader) client() map[string]any {
	c := map[string]any{"external_id": r.said(FieldClientID), "name": r.name(), "partner_name": r.said(FieldPartner), "email": r.email(), "phone": r.said(FieldPhone)}
	if c["name"] == "" && c["email"] == "" {
		if r.Kind == queries.SheetKindClients {
			r.fail("This row has neither a name nor an e-mail address, so there is nobody in it.")
		}
		return nil
	}
	if c["external_id"] == "" && c["email"] == "" {
		c["external_id"] = r.known("client", r.name(), r.said(FieldPartner))
	}
	return c
}

// known stands in for an id that the sheet does not have.
func (r *rowReader) known(parts ...string) string {
	for i, p := range parts {
		parts[i] = strings.Join(strings.Fields(strings.ToLower(p)), " ")
	}
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return "sheet:" + hex.EncodeToString(sum[:12])
}

// moment reads a cell as a date, with the time of day that may follow it. An offset, where one stands, is obeyed.
func (r *rowReader) moment(f Field) (at time.Time, hasTime, said bool) {
	text := r.said(f)
	if text == "" {
		return at, false, false
	}
	if exact, wholeDay, ok := parseClock(strings.Replace(strings.ToUpper(text), " ", "T", 1), r.d.Zone); ok && !wholeDay && sane(exact) {
		return wall(exact), true, true
	}
	d, ok := readDay(text)
	if !ok {
		r.fail("%s holds %s, which WedSync does not read as a date. Write it as 2027-06-12 or 12 June 2027.", r.heading(f), shown(text))
		return at, false, false
	}
	if at, ok = r.inOrder(d); !ok {
		r.fail("%s holds %s, and WedSync cannot tell its day from its month. Choose above how the dates are written.", r.heading(f), shown(text))
		return at, false, false
	}
	if d.rest == "" {
		return at, false, true
	}
	since, ok := readTime(d.rest)
	if !ok {
		r.fail("%s holds %s, and WedSync does not read what stands after the date as a time.", r.heading(f), shown(text))
	}
	return at.Add(since), ok, ok
}

// inOrder never turns a date round because it would fit the other way: in a column of days first, 06/25 is a mistake.
func (r *rowReader) inOrder(d dayRead) (time.Time, bool) {
	if d.unsure && r.DayFirst == nil && d.first != d.second {
		asDay, isDay := d.day(true)
		asMonth, isMonth := d.day(false)
		if isDay && isMonth {
			return time.Time{}, false
		}
		if isDay {
			return asDay, true
		}
		return asMonth, isMonth
	}
	return d.day(r.DayFirst == nil || *r.DayFirst)
}
