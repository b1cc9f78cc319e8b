package inbound

import (
	"strings"
	"testing"
	"time"

	"github.com/wedsync/wedsync/queries"
)

func TestDatesAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ text, days, months string }{
		{"2027-06-12", "2027-06-12", "2027-06-12"}, {"2027/6/2", "2027-06-02", "2027-06-02"}, {"2027-06-12T14:00", "2027-06-12", "2027-06-12"},
		{"12/06/2027", "2027-06-12", "2027-12-06"}, {"12.6.27", "2027-06-12", "2027-12-06"}, {"12-06-2027 14:00", "2027-06-12", "2027-12-06"},
		{"25/06/2027", "2027-06-25", ""}, {"06/25/2027", "", "2027-06-25"}, {"Sat 12/06/2027", "2027-06-12", "2027-12-06"},
		{"12 June 2027", "2027-06-12", "2027-06-12"}, {"12-Jun-27", "2027-06-12", "2027-06-12"}, {"12th of June, 2027", "2027-06-12", "2027-06-12"},
		{"June 12th, 2027", "2027-06-12", "2027-06-12"}, {"Saturday, June 12, 2027", "2027-06-12", "2027-06-12"}, {"3 Sept 2027", "2027-09-03", "2027-09-03"},
		{"29/02/2028", "2028-02-29", ""}, {"29/02/2027", "", ""}, {"31 June 2027", "", ""}, {"32/13/2027", "", ""}, {"12/06/202", "", ""}, {"46550", "", ""},
		{"12 marquee 2027", "", ""}, {"0/0/2027", "", ""}, {"12/06/0027", "", ""}, {"", "", ""}, {"tomorrow", "", ""}, {"2027-13-01", "", ""},
	} {
		d, ok := readDay(tt.text)
		for dayFirst, want := range map[bool]string{true: tt.days, false: tt.months} {
			got := ""
			if at, fits := d.day(dayFirst); ok && fits {
				got = at.Format(time.DateOnly)
			}
			if got != want {
				t.Errorf("%q, day first %t: %q, want %q", tt.text, dayFirst, got, want)
			}
		}
	}
}

func TestTimesAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"14:00": "14h0m0s", "2pm": "14h0m0s", "2.30 PM": "14h30m0s", "12am": "0s", "12 p.m.": "12h0m0s", "at 9:05": "9h5m0s", "09:05:59": "9h5m0s",
		"14": "", "25:00": "", "12:60": "", "13pm": "", "noon": "", "": "", "1:00:": ""} {
		since, ok := readTime(text)
		if got := since.String(); ok != (want != "") || ok && got != want {
			t.Errorf("%q: %s, %t, want %q", text, got, ok, want)
		}
	}
}

func sheetOf(t *testing.T, kind queries.SheetKind, heading string, lines ...string) (Columns, []SheetRow) {
	t.Helper()
	s, err := ReadSheet("x.csv", "", []byte(heading+"\n"+strings.Join(lines, "\n")+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	return GuessAs(kind, s.Header, s.Rows), s.Rows
}

// One date that can only be read one way settles the whole column; without one the supplier is asked, never a default taken.
func TestTheOrderOfDatesIsOfTheWholeSheet(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		dates   string
		order   DateOrder
		decided bool
		first   string // the first date, once the supplier has said that days come first
	}{
		{"12/06/2027 25/06/2027", DatesDay, true, "2027-06-12"},
		{"12/06/2027 06/25/2027", DatesMonth, true, "2027-12-06"},
		{"12/06/2027 11/07/2027", DatesAsk, false, "2027-06-12"},
		{"12/06/2027 25/06/2027 06/25/2027", DatesDiffer, false, "2027-06-12"},
		{"06/06/2027 2027-06-12", DatesClear, true, "2027-06-06"},
		{"TBC", DatesClear, true, ""},
	} {
		var lines []string
		for i, date := range strings.Fields(tt.dates) {
			lines = append(lines, "Anna "+string(rune('A'+i))+","+date)
		}
		c, rows := sheetOf(t, queries.SheetKindBookings, "Name,Wedding date", lines...)
		order := c.Order(rows)
		if c.DayFirst = order.Decided(); order != tt.order || (c.DayFirst != nil) != tt.decided {
			t.Errorf("%s: %s, decided %t", tt.dates, order, c.DayFirst != nil)
		}
		if c.DayFirst == nil {
			if _, _, err := c.Delivery(rows[0], london(t)); err == nil || !strings.Contains(err.Error(), "day from its month") {
				t.Errorf("%s: nobody was asked: %v", tt.dates, err)
			}
			yes := true
			c.DayFirst = &yes
		}
		_, ev, err := c.Delivery(rows[0], london(t))
		got := ""
		if err == nil {
			got = ev.Booking.When.Start.Format(time.DateOnly)
		}
		if got != tt.first {
			t.Errorf("%s: %s, %v", tt.dates, got, err)
		}
		if tt.order == DatesDiffer { // 06/25 is a mistake where days come first: it is not turned round
			if _, _, err := c.Delivery(rows[2], london(t)); err == nil {
				t.Error("a date was turned round")
			}
		}
	}
}

func TestAmountsAreWholeUnitsWithTheirPence(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`"£1,250.00"`: "1250.00 GBP", "1250": "1250.00 GBP", "€80.5": "80.50 EUR", "GBP 10": "10.00 GBP", "0": "0.00 GBP", "": "", "TBC": "", "$5": "fault", `"1.250,00"`: "fault",
		"-5": "fault", "(5)": "fault", "1e9": "fault", "5.001": "fault", "=1+1": "fault", "£": "fault", "99999999999999": "fault",
	} {
		c, rows := sheetOf(t, queries.SheetKindBookings, "Name,Date,Price", "Anna,2027-06-12,"+text)
		_, ev, err := c.Delivery(rows[0], london(t))
		got := ""
		switch {
		case err != nil:
			got = "fault"
		case ev.Booking.Value != nil:
			got = inWords(*ev.Booking.Value)
		}
		if got != want {
			t.Errorf("%s: %s, want %q (%v)", text, got, want, err)
		}
	}
	c, rows := sheetOf(t, queries.SheetKindBookings, "Name,Date,Price,Currency", "Anna,2027-06-12,1200,JPY", "Mei,2027-06-12,5,pounds")
	if _, ev, err := c.Delivery(rows[0], london(t)); err != nil || ev.Booking.Value.Minor != 1200 {
		t.Error(ev, err)
	}
	if _, _, err := c.Delivery(rows[1], london(t)); err == nil {
		t.Error("pounds is no code")
	}
}

// The same row is the same event in whatever file it comes, and a changed row is another; a row without a reference is
// known by who and when.
func TestARowIsKnownAgain(t *testing.T) {
	t.Parallel()
	id := func(heading, line string) (event, booking string) {
		c, rows := sheetOf(t, queries.SheetKindBookings, heading, line)
		c.DayFirst = c.Order(rows).Decided()
		body, ev, err := c.Delivery(rows[0], london(t))
		if err != nil {
			t.Fatal(err)
		}
		return RowEventID(body, ""), ev.Booking.ExternalID
	}
	event, booking := id("Name,Wedding date,Venue", "Anna Kay,25/06/2027,Holm House")
	if e, b := id("Notes,Venue,Wedding date,Client", "call back,Holm House,25 June 2027,Anna Kay"); e != event || b != booking {
		t.Error("columns in another order make another row")
	}
	if e, b := id("Name,Wedding date,Venue", "anna  KAY,25/06/2027,Kew"); e == event || b != booking {
		t.Error("a changed venue is the same booking and another event")
	}
	if _, b := id("Name,Wedding date,Venue", "Anna Kay,26/06/2027,Holm House"); b == booking {
		t.Error("another day is another booking")
	}
	if e, _ := id("Name,Wedding date,Venue,Ref", "Anna Kay,25/06/2027,Holm House,B-1"); e == event {
		t.Error("a reference is part of what is said")
	}
	if RowEventID([]byte("a"), "") == RowEventID([]byte("a"), "again") || len(event) > maxID {
		t.Error("an import that wants every row applied again has keys of its own")
	}
}

func TestWhatARowDoesNotSayChangesNothing(t *testing.T) {
	t.Parallel()
	c, rows := sheetOf(t, queries.SheetKindBookings, "Ref,Name,Wedding date,Venue,Status", "B-1,Anna,2027-06-12,,", "B-2,Anna,,n/a,lost")
	_, ev, err := c.Delivery(rows[0], london(t))
	if err != nil || ev.Booking.Venue != nil || ev.Booking.Status != nil || ev.Client.Email != nil || ev.Booking.Value != nil {
		t.Errorf("%+v, %v", ev.Booking, err)
	}
	c.Assume = queries.BookingStatusConfirmed
	if _, ev, err = c.Delivery(rows[0], london(t)); err != nil || *ev.Booking.Status != queries.BookingStatusConfirmed {
		t.Errorf("%+v, %v", ev.Booking, err)
	}
	if _, ev, err = c.Delivery(rows[1], london(t)); err != nil || ev.Booking.When != nil || ev.Booking.Venue != nil || *ev.Booking.Status != queries.BookingStatusCancelled {
		t.Errorf("%+v, %v", ev.Booking, err)
	}
}

func TestAStartNeedsWhatMakesARow(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		kind    queries.SheetKind
		heading string
		missing int
	}{
		{queries.SheetKindBookings, "Foo,Bar", 2}, {queries.SheetKindBookings, "Name,Bar", 1}, {queries.SheetKindBookings, "Name,Wedding date", 0},
		{queries.SheetKindClients, "Foo,Bar", 1}, {queries.SheetKindClients, "Surname,Bar", 0},
		{queries.SheetKindPayments, "Foo,Bar", 2}, {queries.SheetKindPayments, "Amount,Date", 0},
	} {
		c, _ := sheetOf(t, tt.kind, tt.heading, "x,y")
		if got := c.Missing(); len(got) != tt.missing {
			t.Errorf("%s %s: %v", tt.kind, tt.heading, got)
		}
	}
	picked := Choose(queries.SheetKindClients, []string{"A", "B"}, func(f Field) (int, bool) {
		return map[Field]int{FieldEmail: 7, FieldPhone: -1, FieldClient: 1}[f], true
	})
	if len(picked.Of) != 5 || picked.Of[FieldClient] != 1 {
		t.Errorf("%v: a form may point outside the sheet", picked.Of)
	}
}
