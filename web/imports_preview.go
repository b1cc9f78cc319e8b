package web

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/views"
	"github.com/wedsync/wedsync/views/ui"
)

var fieldLabels = map[inbound.Field]string{
	inbound.FieldClientID: "Client’s reference", inbound.FieldClient: "Client’s name", inbound.FieldFirst: "First name", inbound.FieldLast: "Last name",
	inbound.FieldPartner: "Partner’s name", inbound.FieldEmail: "E-mail", inbound.FieldPhone: "Telephone", inbound.FieldReference: "Booking’s reference",
	inbound.FieldTitle: "Title", inbound.FieldDate: "Wedding date", inbound.FieldStart: "Starts at", inbound.FieldEnd: "Ends at", inbound.FieldVenue: "Venue",
	inbound.FieldStatus: "Status", inbound.FieldValue: "Value", inbound.FieldCurrency: "Currency", inbound.FieldPaymentID: "Payment’s reference",
	inbound.FieldAmount: "Amount", inbound.FieldPaidOn: "Paid on", inbound.FieldFor: "For which booking",
}

var fieldHints = map[inbound.Field]string{
	inbound.FieldReference: "What later changes find the booking by. Without one, the name and the date together.",
	inbound.FieldPaymentID: "Without one, two payments of one amount on one day by one payer are taken for one.",
	inbound.FieldFor:       "The reference of the booking, as this connection knows it.",
}

// columnSelects are one question per field of ours, each answer with what stands in that column.
func columnSelects(c inbound.Columns, rows []inbound.SheetRow) []ui.Input {
	options := []ui.Option{{Value: "", Label: "Not in this list"}}
	for i, heading := range c.Header {
		options = append(options, ui.Option{Value: strconv.Itoa(i), Label: heading + example(rows, i)})
	}
	var all []ui.Input
	for _, f := range inbound.FieldsOf(c.Kind) {
		in := ui.Input{Name: "column." + string(f), Label: fieldLabels[f], Hint: fieldHints[f], Optional: true, Options: options}
		if i, mapped := c.Of[f]; mapped {
			in.Value = strconv.Itoa(i)
		}
		all = append(all, in)
	}
	return all
}

func example(rows []inbound.SheetRow, column int) string {
	for _, r := range rows {
		if column < len(r.Cells) && r.Cells[column] != "" {
			text := []rune(r.Cells[column])
			if len(text) > 30 {
				text = append(text[:30], '…')
			}
			return " (" + string(text) + ")"
		}
	}
	return " (empty)"
}

func columnPicked(value string) (int, bool) {
	i, err := strconv.Atoi(value)
	return i, err == nil
}

// neededWords say what no row can be read without.
func neededWords(c inbound.Columns, dates bool) (all []string) {
	for _, group := range c.Missing() {
		var names []string
		for _, f := range group {
			names = append(names, fieldLabels[f])
		}
		all = append(all, "Choose the column that holds: "+strings.Join(names, " or ")+".")
	}
	if dates {
		all = append(all, "Say how the dates are written: the day first, or the month.")
	}
	return all
}

// previewOf reads the rows as the import would, and writes them as a person would say them.
func previewOf(c inbound.Columns, rows []inbound.SheetRow, d inbound.Defaults) views.SheetPreview {
	p := views.SheetPreview{Heads: map[queries.SheetKind][]string{
		queries.SheetKindBookings: {"Booking", "Client", "When", "Venue", "Status", "Value"},
		queries.SheetKindClients:  {"Name", "Partner", "E-mail", "Telephone"},
		queries.SheetKindPayments: {"Payment", "Amount", "Paid on", "By", "For"},
	}[c.Kind]}
	for _, r := range rows {
		row := views.SheetPreviewRow{Line: r.Line}
		if _, ev, err := c.Delivery(r, d); err != nil {
			row.Fault = err.Error()
		} else {
			row.Cells = cellsOf(ev, d.Zone)
		}
		p.Rows = append(p.Rows, row)
	}
	return p
}

func cellsOf(ev inbound.Event, zone *time.Location) []string {
	switch {
	case ev.Payment != nil:
		pay := ev.Payment
		amount := ui.Money(pay.Amount.Minor, pay.Amount.Currency)
		if pay.Status == queries.PaymentStatusFailed {
			amount += ", failed"
		}
		return []string{shortID(pay.Names[0]), amount, ui.Day(pay.PaidAt.In(zone)), cmp.Or(pay.PayerName, pay.PayerEmail), pay.BookingExternalID}
	case ev.Booking != nil:
		return bookingCells(ev)
	case ev.Client != nil:
		c := ev.Client
		return []string{text(c.Name), text(c.PartnerName), text(c.Email), text(c.Phone)}
	}
	return nil
}

func bookingCells(ev inbound.Event) []string {
	b := ev.Booking
	cells := []string{cmp.Or(text(b.Title), shortID(b.ExternalID)), "", "", text(b.Venue), "", ""}
	if c := ev.Client; c != nil {
		cells[1] = strings.Trim(text(c.Name)+" & "+text(c.PartnerName), " &")
	}
	if w := b.When; w != nil {
		cells[2] = ui.DayTime(w.Start)
		if w.Start.Hour() == 0 && w.End.Equal(w.Start.AddDate(0, 0, 1)) {
			cells[2] = ui.Day(w.Start)
		}
	}
	if b.Status != nil {
		cells[4] = views.BookingStatusName(*b.Status)
	}
	if b.Value != nil {
		cells[5] = ui.Money(b.Value.Minor, b.Value.Currency)
	}
	return cells
}

// shortID leaves out the ids that WedSync made up: they say nothing to anybody.
func shortID(id string) string {
	if strings.HasPrefix(id, "sheet:") {
		return ""
	}
	return id
}
