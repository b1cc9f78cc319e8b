package inbound

import (
	"errors"
	"strings"
	"testing"

	"github.com/wedsync/wedsync/queries"
)

func TestReadShapeWords(t *testing.T) {
	t.Parallel()
	payment := func(fields string) string {
		return `{"id":"e","type":"payment.completed","data":{"payment":{"external_id":"p",` + fields + `}}}`
	}
	booking := func(fields string) string {
		return `{"id":"e","type":"booking.created","data":{"booking":{"external_id":"b",` + fields + `}}}`
	}
	for _, c := range []struct{ body, words string }{
		{payment(`"amount":"500.00"`), `data.payment.amount must be a whole number of pence/cents, e.g. 50000 for £500.00; it was "500.00".`},
		{payment(`"amount":500.5`), "data.payment.amount must be a whole number"},
		{payment(`"amount":5e4`), "data.payment.amount must be a whole number"},
		{payment(`"amount":{}`), "it was an object"},
		{payment(`"amount":true`), "it was true"},
		{payment(`"amount":-1`), "data.payment.amount must be between 0"},
		{payment(`"amount":1000000000001`), "data.payment.amount must be between 0"},
		{payment(`"amount":99999999999999999999999999`), "data.payment.amount must be a whole number"},
		{payment(`"currency":"GBP"`), "data.payment.amount is missing"},
		{payment(`"amount":1,"currency":"pounds"`), "data.payment.currency must be a currency code"},
		{payment(`"amount":1,"paid_at":"yesterday"`), "data.payment.paid_at must be a time with its offset"},
		{payment(`"amount":1,"amount":2`), `The field "amount" is written twice`},
		{payment(`"amount":1,"payer_name":["x"]`), "data.payment.payer_name must be text; it was a list."},
		{`{"type":"payment.completed","data":{"payment":{"amount":1}}}`, "data.payment.external_id is missing"},
		{`{"type":"payment.completed","data":{"payment":{"external_id":{},"amount":1}}}`, "data.payment.external_id must be an id"},
		{`{"type":"payment.completed","data":{"payment":{"external_id":"` + strings.Repeat("x", 256) + `","amount":1}}}`, "at most 255"},
		{`{"type":"payment.completed","data":{"payment":{"external_id":"a\u0007b","amount":1}}}`, "without control characters"},
		{`{"type":"payment.completed","data":{"payment":"p-3"}}`, "data.payment must be an object"},
		{`{"type":"payment.completed","data":{}}`, "data.payment is missing: an event of type payment.completed is about it."},
		{`{"type":"payment.completed","data":"x"}`, "data must be an object"},
		{`{"type":"payment.completed"}`, "data is missing"},
		{`{"type":"payment.completed","Data":{"payment":{}}}`, "data is missing"},
		{`{"data":{}}`, "type is missing"},
		{`{"type":7,"data":{"client":{}}}`, `does not use events of type "7"`},
		{`{"id":"e","type":"payment.refunded","data":{"payment":{"external_id":"p"}}}`, "data.payment.amount is missing"},
		{`{"type":"payment.refunded","data":{"payment":{"external_id":"p","amount":1}}}`, "data.refund.external_id is missing"},
		{`{"id":"e","type":"payment.refunded","data":{"payment":{"external_id":"p"},"refund":{"amount":1,"status":"maybe"}}}`, "data.refund.status must be"},
		{booking(`"status":"perhaps"`), `data.booking.status must be confirmed (or booked), held (hold, tentative), enquiry (inquiry, lead) or cancelled; it was "perhaps".`},
		{booking(`"value":{"amount":"1"}`), "data.booking.value.amount must be a whole number"},
		{booking(`"value":250000`), "data.booking.value must be an object"},
		{booking(`"start":"12/06/2027"`), "data.booking.start must be a date (2027-06-12)"},
		{booking(`"start":"2027-02-30"`), "data.booking.start must be a date"},
		{booking(`"start":"0202-06-12"`), "data.booking.start must be a date"},
		{booking(`"start":20270612`), "data.booking.start must be a date"},
		{booking(`"start":"2027-06-12","timezone":"Europe/Atlantis"`), `data.booking.timezone must be a time zone's IANA name, such as Europe/London or America/New_York; it was "Europe/Atlantis".`},
		{booking(`"start":"2027-06-12","timezone":"Local"`), "data.booking.timezone must be"},
		{booking(`"start":"2027-06-12","timezone":"../../etc/passwd"`), "data.booking.timezone must be"},
		{booking(`"start":"2027-06-12T12:00","end":"2027-06-12T11:00"`), "data.booking.end (\"2027-06-12T11:00\") is before its start"},
		{booking(`"start":"2027-06-12","end":"2028-06-12"`), "lasts longer than 31 days"},
		{booking(`"end":"2027-06-12"`), "data.booking.start is missing although there is an end"},
		{booking(`"title":"a\u0000b"`), "data.booking.title holds a NUL character"},
		{`{"type":"booking.created","data":{"booking":{}}}`, "data.booking.external_id is missing"},
		{`{"type":"client.created","data":{"client":{"name":"Anna"}}}`, "data.client.external_id is missing, and so is an e-mail address"},
		{`{"type":"client.created","data":{"client":{"external_id":"c","deleted":"no"}}}`, "data.client.deleted must be true or false"},
		{`{"type":"wedme.client.invited","data":{}}`, "data.invite is missing"},
		{`{"type":"wedme.vendor.signup","data":{"invite":{"couple":"A & T"}}}`, "data.invite.external_id is missing"},
		{`{"type":"calendar.event.created","data":{"booking":{"title":"x"}}}`, "data.booking.external_id is missing"},
		{`{"type":"contract.signed","data":{"client":{}}}`, `WedSync does not use events of type "contract.signed"; kept.`},
		{`{"type":"booking.created","occurred_at":"2027-01-05","data":{"booking":{"external_id":"b"}}}`, "occurred_at must be a time with its offset"},
		{`[]`, "a list of 0 things"},
		{`[{},{}]`, "a list of 2 things, and WedSync takes up to 200 events at once"},
		{`"x"`, "not an object"},
		{`{"a":`, "ends in the middle"},
		{``, "ends in the middle"},
		{`{"a" 1}`, "not valid JSON (near character"},
		{`{} {}`, "more than one JSON document"},
		{strings.Repeat(`{"a":`, 100), "nested more than 64 levels"},
		{`{"a":"` + strings.Repeat("x", 1<<20) + `"}`, "larger than 1 MiB"},
	} {
		_, err := ReadShape([]byte(c.body), "application/json", london(t))
		if err == nil || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%.120s\n got %v\nwant %s", c.body, err, c.words)
		}
	}
}

func TestReadShapeWhen(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ start, end, zone, want string }{
		{"2027-06-12T12:00:00+01:00", "2027-06-12T23:00:00+01:00", "Europe/London", "06-12 12:00 → 06-12 23:00 Europe/London"},
		{"2027-06-12T12:00:00Z", "", "America/New_York", "06-12 08:00 → 06-13 00:00 America/New_York"},
		{"2027-06-12T12:00", "2027-06-12T18:30", "Asia/Kathmandu", "06-12 12:00 → 06-12 18:30 Asia/Kathmandu"},
		{"2027-06-12 12:00:00", "2027-06-13 01:00", "", "06-12 12:00 → 06-13 01:00 Europe/London"},
		{"2027-06-12", "", "", "06-12 00:00 → 06-13 00:00 Europe/London"},
		{"2027-06-12", "2027-06-13", "", "06-12 00:00 → 06-14 00:00 Europe/London"},
		{"2027-06-12T12:00", "2027-06-12", "", "06-12 12:00 → 06-13 00:00 Europe/London"},
		{"2027-06-12T12:00", "2027-06-12T12:00", "", "06-12 12:00 → 06-13 00:00 Europe/London"},
		{"2027-06-12T00:00", "2027-06-12T00:00", "", "06-12 00:00 → 06-13 00:00 Europe/London"},
		// The day on which the clocks go forward: 01:30 is not there, and is 02:30.
		{"2027-03-28T01:30", "2027-03-28T03:00", "", "03-28 02:30 → 03-28 03:00 Europe/London"},
		// The day on which they go back: a quarter to two BST to a quarter past one GMT is half an hour.
		{"2027-10-31T01:45:00+01:00", "2027-10-31T01:15:00Z", "", "10-31 01:45 → 10-31 02:15 Europe/London"},
		{"2027-10-30T22:00", "2027-10-31T04:00", "", "10-30 22:00 → 10-31 04:00 Europe/London"},
		// São Paulo's summer began at a midnight that was not there.
		{"2018-11-04", "", "America/Sao_Paulo", "11-04 01:00 → 11-05 00:00 America/Sao_Paulo"},
		{"2018-11-03T12:00", "", "America/Sao_Paulo", "11-03 12:00 → 11-04 01:00 America/Sao_Paulo"},
		{"2027-06-12T12:00:00.999+10:30", "2027-06-12T18:00:00+10:30", "Australia/Lord_Howe", "06-12 12:00 → 06-12 18:00 Australia/Lord_Howe"},
	} {
		body := `{"type":"booking.created","data":{"booking":{"external_id":"b","start":"` + c.start + `","end":"` + c.end + `","timezone":"` + c.zone + `"}}}`
		ev, err := ReadShape([]byte(body), "", london(t))
		if err != nil || ev.Booking.When == nil {
			t.Errorf("%s: %v", body, err)
			continue
		}
		w := ev.Booking.When
		if got := w.Start.Format("01-02 15:04") + " → " + w.End.Format("01-02 15:04") + " " + w.Zone; got != c.want {
			t.Errorf("%s – %s %s: got %s, want %s", c.start, c.end, c.zone, got, c.want)
		}
	}
}

func TestReadShapeSaidOrNot(t *testing.T) {
	t.Parallel()
	ev, err := ReadShape([]byte("\xef\xbb\xbf"+`{"type":"client.updated","data":{"client":{"external_id":7,"name":"  Anna\nKay\u0001 ","phone":447700900123,"email":"","partner_name":null}}}`), "text/plain", london(t))
	if err != nil {
		t.Fatal(err)
	}
	c := ev.Client
	if c.ExternalID != "7" || *c.Name != "Anna Kay" || *c.Phone != "447700900123" || c.Email == nil || *c.Email != "" || c.PartnerName != nil {
		t.Errorf("an empty text empties, null and absence say nothing: %+v", c)
	}
	long := `{"type":"client.updated","data":{"client":{"external_id":"c","name":"` + strings.Repeat("é", 400) + `"}}}`
	if ev, err := ReadShape([]byte(long), "", london(t)); err != nil || len(*ev.Client.Name) != 500 {
		t.Errorf("a long name is cut between characters: %v", err)
	}
}

func TestReadShapeForms(t *testing.T) {
	t.Parallel()
	const form = "application/x-www-form-urlencoded"
	for _, c := range []struct{ body, want string }{
		{"type=payment.completed&data.payment.external_id=p&data.payment.amount=500", ""},
		{"type=payment.completed&data[payment][external_id]=p&data[payment][amount]=500", ""},
		{`{"type":"payment.completed","data":{"payment":{"external_id":"p","amount":500}}}`, ""}, // curl -d
		{"type=payment.completed&data.payment.external_id=p&data.payment.amount=5.00", "must be a whole number"},
		{"type=payment.completed&data.payment.external_id=p&data.payment.amount=", "must be a whole number"},
		{"a=1&a=2", "sent 2 times"},
		{"data=1&data.payment.external_id=p", "both a value and a group"},
		{"data.a=1&data[a]=2", "both a value and a group"},
		{"a.b.c.d.e.f.g.h.i=1", "nested too deep"},
		{"a=%zz", "could not be read"},
		{"payload=%7B", "ends in the middle"},
	} {
		_, err := ReadShape([]byte(c.body), form, london(t))
		if (c.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.body, err, c.want)
		}
	}
}

func TestReadTemplateWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		provider queries.Provider
		body     string
		want     string
	}{
		{"custom", `{"name":"Anna"}`, "none of the fields event_type, type, event, trigger"},
		{"custom", `{"type":"booking.created","name":"Anna"}`, "The booking's own id is missing"},
		{"custom", `{"type":"booking_created","booking_id":1}`, ""},
		{"custom", `{"type":"payment.refunded","payment_id":"p","refund_id":"r","amount":"20.00"}`, ""},
		{"custom", `{"type":"payment.refunded","payment_id":"p","amount":"20.00"}`, "The refund's own id is missing"},
		{"honeybook", `{"type":"Payment Received","payment_id":"p","amount":"$500"}`, "amount must be an amount in GBP such as 1,250.00"},
		{"honeybook", `{"type":"Payment Received","payment_id":"p","amount":"1.250,00"}`, "amount must be an amount in GBP"},
		{"honeybook", `{"type":"Payment Received","payment_id":"p"}`, "The payment's amount is missing"},
		{"honeybook", `{"type":"New Client","client_name":"Anna"}`, "client.external_id is missing, and so is an e-mail"},
		{"honeybook", `{"type":{"a":1}}`, "type must be text"},
		{"honeybook", `{"event_type":"","type":"New Client","email":"a@b.example"}`, ""},
		{"tave", `{"event":"payment.created","id":"p","amount":500,"status":"failed"}`, ""},
		{"tave", `{"event":"payment.created","id":"p","amount":500,"status":"pending"}`, "not made yet"},
		{"wedme", `{"type":"wedme.client.invited","email":"a@b.example","name":"Anna"}`, ""},
	} {
		_, err := Read(c.provider, "application/json", []byte(c.body), london(t))
		if (c.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %s: got %v, want %q", c.provider, c.body, err, c.want)
		}
	}
}

func TestMinorOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, currency string
		want           int64 // -1: refused
	}{
		{"1,250.00", "GBP", 125000}, {"1250", "GBP", 125000}, {"0.29", "GBP", 29}, {"1250.5", "GBP", 125050}, {"10.5000", "GBP", 1050},
		{"£1,250.00", "GBP", 125000}, {"€ 5", "EUR", 500}, {"$5", "AUD", 500}, {"5 GBP", "GBP", 500}, {"1,000,000", "JPY", 1000000}, {"1.234", "KWD", 1234},
		{"4503599627370497.01", "GBP", -1}, {"90071992547409.93", "GBP", 9007199254740993}, // a float would make it …992
		{"10.505", "GBP", -1}, {"5.5", "JPY", -1}, {"$5", "GBP", -1}, {"1,25", "GBP", -1}, {"12,50.00", "GBP", -1}, {"1.250,00", "EUR", -1},
		{"-5", "GBP", -1}, {"+5", "GBP", -1}, {"1e3", "GBP", -1}, {"5.", "GBP", -1}, {".5", "GBP", -1}, {"", "GBP", -1}, {"٥", "GBP", -1},
	} {
		got, ok := minorOf(withoutSign(c.text, c.currency), decimals(c.currency))
		if !ok {
			got = -1
		}
		if got != c.want {
			t.Errorf("%q in %s: got %d, want %d", c.text, c.currency, got, c.want)
		}
	}
}

// Whatever stands wherever, the answer is an event or words, and never a crash.
func TestWrongTypesAtEveryLevel(t *testing.T) {
	t.Parallel()
	d := london(t)
	for _, f := range fixtures(t) {
		doc, err := document(f.contentType, f.body)
		if err != nil {
			t.Fatal(f.path, err)
		}
		t.Run(f.path, func(t *testing.T) {
			t.Parallel()
			eachPlace(doc, func(at string) {
				ev, err := Read(f.provider, "application/json", canonical(doc, nil), d)
				checkEvent(t, ev, err)
				if t.Failed() {
					t.Fatalf("with %s spoilt", at)
				}
			})
		})
	}
}

// eachPlace puts every kind of wrong value at every place in turn.
func eachPlace(object map[string]any, try func(at string)) {
	for name, was := range object {
		for _, spoilt := range []any{nil, true, "", "\x00", -1, 1e300, "500.00", map[string]any{}, []any{}, []any{nil, map[string]any{"id": 1}}} {
			object[name] = spoilt
			try(name)
		}
		object[name] = was
		if inner, isObject := was.(map[string]any); isObject {
			eachPlace(inner, func(at string) { try(name + "." + at) })
		}
	}
}

func isWords(err error) bool {
	_, isIgnored := errors.AsType[Ignored](err)
	_, isWrong := errors.AsType[WrongShape](err)
	return isIgnored || isWrong
}
