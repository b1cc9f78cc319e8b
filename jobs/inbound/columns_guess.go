package inbound

import (
	"slices"
	"strings"
	"unicode"

	"github.com/wedsync/wedsync/queries"
)

// The headings that photographers' systems and spreadsheets use. None is confirmed by a vendor: Light Blue, Studio Ninja
// and HoneyBook publish no list of what they export, so these are guesses for a person to check, and the page says so.
var headings = map[queries.SheetKind][]heading{
	queries.SheetKindBookings: append([]heading{
		{FieldReference, []string{"booking id", "booking reference", "booking ref", "reference", "shoot id", "shoot reference", "job id", "job number", "project id", "record id", "ref", "id"}},
		{FieldDate, []string{"wedding date", "event date", "shoot date", "date of wedding", "main shoot date", "job date", "project date", "session date", "date", "start date"}},
		{FieldStart, []string{"start time", "shoot start time", "start", "time", "from", "arrival time"}},
		{FieldEnd, []string{"end time", "shoot end time", "finish time", "end", "finish", "until", "to"}},
		{FieldTitle, []string{"title", "shoot name", "shoot title", "job name", "project name", "event name", "booking name", "shoot", "project", "job", "event"}},
		{FieldVenue, []string{"venue", "wedding venue", "reception venue", "ceremony venue", "location", "event location", "shoot location", "place"}},
		{FieldStatus, []string{"status", "shoot status", "job status", "project status", "booking status", "stage", "project stage", "workflow status"}},
		{FieldValue, []string{"value", "total", "total price", "price", "booking total", "project value", "job value", "invoice total", "sale total", "package price", "fee", "amount"}},
		{FieldCurrency, []string{"currency", "currency code"}},
	}, people...),
	queries.SheetKindClients: append([]heading{{FieldClientID, []string{"id", "record id", "reference"}}}, people...),
	queries.SheetKindPayments: {
		{FieldPaymentID, []string{"payment id", "payment reference", "payment ref", "transaction id", "transaction reference", "receipt number", "reference", "ref", "id"}},
		{FieldAmount, []string{"amount paid", "payment amount", "amount received", "paid amount", "amount", "paid", "total", "gross"}},
		{FieldPaidOn, []string{"payment date", "date paid", "paid on", "paid date", "date received", "received", "transaction date", "paid at", "date"}},
		{FieldFor, []string{"booking id", "booking reference", "booking ref", "shoot id", "shoot reference", "job id", "job number", "project id", "booking", "shoot", "job", "project"}},
		{FieldStatus, []string{"payment status", "status", "state"}},
		{FieldCurrency, []string{"currency", "currency code"}},
		{FieldClient, []string{"client name", "client", "payer", "paid by", "customer name", "customer", "contact name", "contact", "name", "full name"}},
		{FieldFirst, []string{"first name", "client first name"}},
		{FieldLast, []string{"last name", "surname", "client last name"}},
		{FieldEmail, []string{"e mail", "email", "email address", "client email", "payer email", "customer email"}},
		{FieldTitle, []string{"description", "payment for", "details", "memo", "item"}},
	},
}

var people = []heading{
	{FieldClientID, []string{"client id", "contact id", "customer id"}},
	{FieldClient, []string{"client name", "client", "clients", "contact name", "contact", "primary client", "client 1", "client 1 name", "customer name", "customer", "couple", "full name", "bride", "name", "names"}},
	{FieldFirst, []string{"first name", "client first name", "forename", "given name"}},
	{FieldLast, []string{"last name", "surname", "client last name", "family name"}},
	{FieldPartner, []string{"partner", "partner name", "partner s name", "second client", "client 2", "client 2 name", "spouse", "spouse name", "fiance", "groom", "other half"}},
	{FieldEmail, []string{"e mail", "email", "email address", "client email", "contact email", "primary email", "e mail address"}},
	{FieldPhone, []string{"phone", "telephone", "mobile", "mobile phone", "phone number", "client phone", "contact phone", "cell phone", "tel"}},
}

type heading struct {
	field Field
	names []string
}

// Guess suggests what a sheet is and which column is what, by its headings, and by its values where those say nothing.
func Guess(header []string, rows []SheetRow) Columns {
	return GuessAs(guessKind(header, rows), header, rows)
}

// GuessAs suggests the columns of a sheet whose kind is known.
func GuessAs(kind queries.SheetKind, header []string, rows []SheetRow) Columns {
	c := Columns{Kind: kind, Header: header, Of: map[Field]int{}}
	taken := map[int]bool{}
	for _, h := range headings[kind] {
		if i := named(header, taken, h.names); i >= 0 && !c.has(h.field) {
			c.Of[h.field], taken[i] = i, true
		}
	}
	for _, v := range byValue(kind) {
		if c.has(v.field) {
			continue
		}
		for i := range header {
			if !taken[i] && mostly(rows, i, v.is) {
				c.Of[v.field], taken[i] = i, true
				break
			}
		}
	}
	if c.has(FieldClient) { // a whole name says what its halves say
		delete(c.Of, FieldFirst)
		delete(c.Of, FieldLast)
	}
	return c
}

func guessKind(header []string, rows []SheetRow) queries.SheetKind {
	is := func(names ...string) bool { return named(header, nil, names) >= 0 }
	dated := slices.ContainsFunc(allColumns(header), func(i int) bool { return mostly(rows, i, isDay) })
	switch {
	case is("payment id", "payment reference", "transaction id", "payment date", "date paid", "paid on", "amount paid", "payment amount", "payment status"):
		return queries.SheetKindPayments
	case dated || is("wedding date", "event date", "shoot date", "venue", "shoot", "job name", "project name", "shoot name"):
		return queries.SheetKindBookings
	default:
		return queries.SheetKindClients
	}
}

func allColumns(header []string) []int {
	all := make([]int, len(header))
	for i := range all {
		all[i] = i
	}
	return all
}

// named is the first heading that is one of the names, the names in their order; -1 for none.
func named(header []string, taken map[int]bool, names []string) int {
	for _, name := range names {
		for i, h := range header {
			if !taken[i] && plainHeading(h) == name {
				return i
			}
		}
	}
	return -1
}

// plainHeading: "E-mail:" and "e_mail" are "e mail".
func plainHeading(text string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), " ")
}

type byItsValue struct {
	field Field
	is    func(string) bool
}

func byValue(kind queries.SheetKind) []byItsValue {
	isEmail := func(text string) bool { return strings.Contains(text, "@") }
	switch kind {
	case queries.SheetKindPayments:
		return []byItsValue{{FieldEmail, isEmail}, {FieldPaidOn, isDay}}
	case queries.SheetKindBookings:
		return []byItsValue{{FieldEmail, isEmail}, {FieldDate, isDay}, {FieldPhone, isPhone}}
	default:
		return []byItsValue{{FieldEmail, isEmail}, {FieldPhone, isPhone}}
	}
}

func isDay(text string) bool {
	_, ok := readDay(text)
	return ok
}

func isPhone(text string) bool {
	digits := 0
	for _, r := range text {
		switch {
		case unicode.IsDigit(r):
			digits++
		case !strings.ContainsRune("+-() .", r):
			return false
		}
	}
	return digits >= 9 && digits <= 15
}

// mostly asks the first rows that have anything there.
func mostly(rows []SheetRow, column int, is func(string) bool) bool {
	seen, are := 0, 0
	for _, r := range rows[:min(len(rows), 50)] {
		if column < len(r.Cells) && r.Cells[column] != "" {
			seen++
			if is(r.Cells[column]) {
				are++
			}
		}
	}
	return seen > 0 && are*10 >= seen*8
}
