package inbound

import (
	"encoding/json"
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/wedsync/wedsync/queries"
)

const formType = "application/x-www-form-urlencoded"

// always is a reading of one kind, from target=path pairs; "=text" is a fixed text.
func always(h Happening, unit queries.MoneyUnit, pairs ...string) Mapping {
	m := Mapping{Version: 3, Kind: Kind{Fixed: h}, Fields: map[Target]Source{}, Unit: unit}
	for _, pair := range pairs {
		target, path, _ := strings.Cut(pair, "=")
		if text, fixed := strings.CutPrefix(path, "="); fixed {
			m.Fields[Target(target)] = Source{Text: text}
		} else {
			m.Fields[Target(target)] = Source{Path: path}
		}
	}
	return m
}

func mapped(t testing.TB, m Mapping, contentType, body string) (Event, error) {
	t.Helper()
	d := london(t)
	d.Mapping = &m
	return Read(queries.ProviderCustom, contentType, []byte(body), d)
}

func TestEveryTargetIsFilled(t *testing.T) {
	t.Parallel()
	booking := func(pairs ...string) Mapping {
		return always("booking.updated", "major", append(pairs, "booking.external_id=id")...)
	}
	pay := func(h Happening, pairs ...string) Mapping {
		return always(h, "major", append(pairs, "payment.external_id=id", "payment.amount=sum")...)
	}
	tests := []struct {
		m          Mapping
		body, want string // want is part of the event's JSON
	}{
		{always("client.updated", "", "event.id=e", "client.external_id=id"), `{"e":7,"id":"c"}`, `"id":"7","client":{"external_id":"c"}`},
		{always("client.updated", "", "event.occurred_at=at", "client.external_id=id"), `{"at":"2027-06-01 10:00","id":"c"}`, `"occurred_at":"2027-06-01T09:00:00Z"`},
		{always("client.updated", "", "client.external_id=id"), `{"id":12345678901234567890}`, `"external_id":"12345678901234567890"`},
		{always("client.updated", "", "client.email=a.b.mail"), `{"a":{"b":{"mail":"A@Example.com"}}}`, `"external_id":"email:a@example.com","email":"A@Example.com"`},
		{always("client.updated", "", "client.email=m", "client.name=n", "client.surname=s"), `{"m":"a@x.uk","n":"Zoë","s":"Ó Súilleabháin"}`, `"name":"Zoë Ó Súilleabháin"`},
		{always("client.updated", "", "client.email=m", "client.surname=s"), `{"m":"a@x.uk","s":"Kay"}`, `"name":"Kay"`},
		{always("client.updated", "", "client.email=m", "client.partner_name=p"), `{"m":"a@x.uk","p":"花子"}`, `"partner_name":"花子"`},
		{always("client.updated", "", "client.email=m", "client.phone=p"), `{"m":"a@x.uk","p":447700900123}`, `"phone":"447700900123"`},
		{always("client.updated", "", "client.email=m", "client.phone=p"), `{"m":"a@x.uk","p":null}`, `"email":"a@x.uk"}`}, // null changes nothing
		{always("client.updated", "", "client.email=m", "client.name=n"), `{"m":"a@x.uk","n":" "}`, `"email":"a@x.uk"}`},   // nor does what a form left empty
		{booking("booking.title=t"), `{"id":"b","t":"Kay & Fry"}`, `"title":"Kay \u0026 Fry"`},
		{booking("booking.start=s", "booking.end=e"), `{"id":"b","s":"2027-06-12T12:00","e":"2027-06-12T23:00:00+01:00"}`, `"start":"2027-06-12T12:00:00Z","end":"2027-06-12T23:00:00Z","zone":"Europe/London"`},
		{booking("booking.date=d"), `{"id":"b","d":"2027-06-12T00:00:00Z"}`, `"start":"2027-06-12T00:00:00Z","end":"2027-06-13T00:00:00Z"`},
		{booking("booking.date=d", "booking.start=s", "booking.end=e"), `{"id":"b","d":"2027-06-12","s":"18:00","e":"01:30"}`, `"start":"2027-06-12T18:00:00Z","end":"2027-06-13T01:30:00Z"`},
		{booking("booking.start=s", "booking.timezone==Asia/Tokyo"), `{"id":"b","s":"2027-06-12"}`, `"zone":"Asia/Tokyo"`},
		{booking("booking.start=s", "booking.timezone=z"), `{"id":"b","s":"2027-06-12","z":"America/New_York"}`, `"zone":"America/New_York"`},
		{booking("booking.venue==Holm House"), `{"id":"b"}`, `"venue":"Holm House"`},
		{booking("booking.resource=r"), `{"id":"b","r":"Barn"}`, `"resource":"Barn"`},
		{booking("booking.status=s"), `{"id":"b","s":"Booked"}`, `"status":"confirmed"`},
		{booking("booking.value=v", "booking.currency=c"), `{"id":"b","v":"€1,250.00","c":"eur"}`, `"value":{"minor":125000,"currency":"EUR"}`},
		{booking("booking.value=v"), `{"id":"b","v":1250.5}`, `"value":{"minor":125050,"currency":"GBP"}`},
		{always("booking.updated confirmed", "minor", "booking.external_id=id", "booking.value=v"), `{"id":"b","v":"250000"}`, `"status":"confirmed","value":{"minor":250000,"currency":"GBP"}`},
		{always("calendar.event.updated", "", "booking.external_id=id", "booking.venue=v"), `{"id":"b","v":"Holm"}`, `"venue":"Holm"`},
		{pay("payment.completed"), `{"id":"p","sum":"£500"}`, `"names":["p"],"status":"completed","amount":{"minor":50000,"currency":"GBP"}`},
		{pay("payment.completed", "payment.currency==JPY"), `{"id":"p","sum":"1,250"}`, `"amount":{"minor":1250,"currency":"JPY"}`},
		{pay("payment.completed", "payment.booking_external_id=b"), `{"id":"p","sum":1,"b":7}`, `"booking_external_id":"7"`},
		{pay("payment.completed", "payment.paid_at=d"), `{"id":"p","sum":1,"d":"2027-06-01"}`, `"paid_at":"2027-05-31T23:00:00Z"`},
		{pay("payment.completed", "payment.status=s"), `{"id":"p","sum":1,"s":"Declined"}`, `"status":"failed"`},
		{pay("payment.completed", "payment.payer_name=n", "payment.payer_email=e", "payment.description=d"), `{"id":"p","sum":1,"n":"Tom","e":"t@x.uk","d":"Deposit"}`, `"payer_name":"Tom","payer_email":"t@x.uk","description":"Deposit"`},
		{pay("payment.failed"), `{"id":"p","sum":1}`, `"status":"failed"`},
		{pay("payment.refunded", "refund.external_id=r"), `{"id":"p","sum":"20.00","r":"r1"}`, `"refunds":[{"external_id":"r1","status":"succeeded","amount":{"minor":2000,"currency":"GBP"}}]`},
		{pay("payment.refunded", "event.id=r", "refund.amount=back"), `{"id":"p","sum":"20.00","r":"r1","back":"5"}`, `"external_id":"r1","status":"succeeded","amount":{"minor":500`},
		{always("wedme.client.invited", "", "client.email=m", "client.name=n"), `{"m":"a@x.uk","n":"Anna"}`, `"invite":{"external_id":"email:a@x.uk","couple":"Anna","email":"a@x.uk","accepted":false}`},
	}
	filled := map[Target]bool{}
	for _, tt := range tests {
		ev, err := mapped(t, tt.m, "application/json", tt.body)
		got, _ := json.Marshal(ev)
		if err != nil || !strings.Contains(string(got), tt.want) {
			t.Errorf("%v of %s: %s, %v\nwant %s", tt.m.Fields, tt.body, got, err, tt.want)
		}
		for target := range tt.m.Fields {
			filled[target] = true
		}
	}
	for _, f := range OurFields {
		if !filled[f.Target] {
			t.Errorf("%s is filled by no test", f.Target)
		}
	}
}

func TestAMappingReadsOddDocuments(t *testing.T) {
	t.Parallel()
	m := always("client.updated", "", "client.email=m")
	at := func(path string) Mapping { return always("client.updated", "", "client.email="+path) }
	tests := []struct {
		what        string
		m           Mapping
		contentType string
		body        string
	}{
		{"a form", m, formType, "m=a%40x.uk&other="},
		{"a form in PHP's way", at("data.client.m"), formType, "data[client][m]=a%40x.uk"},
		{"JSON in a form", m, formType, "payload=%7B%22m%22%3A%22a%40x.uk%22%7D"},
		{"JSON called text", m, "text/plain", `{"m":"a@x.uk"}`},
		{"a list of one event", m, "application/json", `[{"m":"a@x.uk"}]`},
		{"a list inside", at("to[1].m"), "application/json", `{"to":[null,{"m":"a@x.uk"}]}`},
		{"a list in a list", at("to[0][1]"), "application/json", `{"to":[["b",  "a@x.uk"]]}`},
		{"a dot in a name", at(`"a.b".m`), "application/json", `{"a.b":{"m":"a@x.uk"}}`},
		{"brackets in a name", at(`"to[0]"`), "application/json", `{"to[0]":"a@x.uk"}`},
		{"a quote in a name", at(`x."sa\"id"`), "application/json", `{"x":{"sa\"id":"a@x.uk"}}`},
		{"an empty name", at(`x.""`), "application/json", `{"x":{"":"a@x.uk"}}`},
		{"a name of many words", at("E-mail der Braut"), "application/json", `{"E-mail der Braut":"a@x.uk"}`},
		{"a name in Japanese", at("顧客.メール"), "application/json", `{"顧客":{"メール":"a@x.uk"}}`},
	}
	for _, tt := range tests {
		ev, err := mapped(t, tt.m, tt.contentType, tt.body)
		if err != nil || ev.Client == nil || *ev.Client.Email != "a@x.uk" {
			t.Errorf("%s: %+v, %v", tt.what, ev.Client, err)
		}
	}
}

func TestWhyAMappingCannotRead(t *testing.T) {
	t.Parallel()
	worded := Mapping{Version: 3, Kind: Kind{Path: "type", Words: map[string]Happening{"paid": "payment.completed", "seen": ""}},
		Fields: map[Target]Source{"payment.external_id": {Path: "pay.id"}, "payment.amount": {Path: "pay.sum"}}, Unit: "major"}
	booking := always("booking.updated", "major", "booking.external_id=id", "booking.start=s", "booking.end=e", "booking.value=v", "booking.timezone=z", "booking.date=d", "event.occurred_at=at")
	tests := []struct {
		m       Mapping
		body    string
		want    []string
		ignored bool
	}{
		{worded, `{"other":1}`, []string{"Reading 3 found none of its fields in this delivery: the sender writes it differently now."}, false},
		{worded, `{"pay":{"id":"p"}}`, []string{"what happened at type", "no word there"}, false},
		{worded, `{"type":{"a":1},"pay":{"id":"p"}}`, []string{"no word there"}, false},
		{worded, `{"type":"seen","pay":{"id":"p"}}`, []string{"does not use", `"seen"`}, true},
		{worded, `{"type":"Invoice Sent","pay":{"id":"p"}}`, []string{"has not been told", `"Invoice Sent"`}, false},
		{worded, `{"type":"Paid"}`, []string{"Payment's own id (payment.external_id) from pay.id", "nothing there"}, false},
		{worded, `{"type":"Paid","pay":{"id":"p"}}`, []string{"Amount (payment.amount) from pay.sum", "nothing there"}, false},
		{worded, `{"type":"Paid","pay":{"id":"p","sum":"1.250,00"}}`, []string{"(payment.amount) from pay.sum", `"1.250,00"`, "such as 1,250.00"}, false},
		{worded, `{"type":"Paid","pay":{"id":"p","sum":"€500"}}`, []string{"from pay.sum", "GBP"}, false},
		{worded, `{"type":"Paid","pay":{"id":"p","sum":{"a":1}}}`, []string{"from pay.sum", "an object"}, false},
		{worded, `{"type":"Paid","pay":{"id":["p"],"sum":1}}`, []string{"from pay.id", "a list"}, false},
		{worded, `{"type":"payment.refunded","pay":{"id":"p","sum":1}}`, []string{"refund", "says nothing about", "(refund.external_id)"}, false},
		{always("payment.completed", "minor", "payment.external_id=id", "payment.amount=v"), `{"id":"p","v":"500.00"}`, []string{"from v", "pence/cents"}, false},
		{always("payment.completed", "", "payment.external_id=id", "payment.amount=v"), `{"id":"p","v":500}`, []string{"from v", "nobody has said"}, false},
		{always("payment.completed", "major", "payment.external_id=id", "payment.amount=v", "payment.status=s"), `{"id":"p","v":500,"s":"future"}`, []string{"not made yet"}, true},
		{booking, `{"id":"b","s":"12/06/2027"}`, []string{"Start (booking.start) from s", `"12/06/2027"`}, false},
		{booking, `{"id":"b","s":"2027-06-12","e":"2027-06-09"}`, []string{"End (booking.end) from e", "before its start"}, false},
		{booking, `{"id":"b","v":"lots"}`, []string{"Worth (booking.value) from v"}, false},
		{booking, `{"id":"b","z":"GMT+1"}`, []string{"Time zone (booking.timezone) from z"}, false},
		{booking, `{"id":"b","d":"June 12"}`, []string{"(booking.date) from d"}, false},
		{booking, `{"id":"b","at":"2027-06-12"}`, []string{"When it happened (event.occurred_at) from at", "time of day"}, false},
		{booking, `{"s":"2027-06-12"}`, []string{"Booking's own id (booking.external_id) from id", "nothing there"}, false},
		{always("booking.updated", "", "booking.external_id=id", "booking.status==Stage 3"), `{"id":"b"}`, []string{"always writes", `"Stage 3"`, "(booking.status)"}, false},
		{always("client.updated", "", "client.email=m", "client.name=n"), `{"n":"Anna"}`, []string{"from m", "nothing there"}, false},
	}
	for _, tt := range tests {
		ev, err := mapped(t, tt.m, "application/json", tt.body)
		_, isIgnored := err.(Ignored)
		if err == nil || isIgnored != tt.ignored {
			t.Errorf("%s: %+v, %v", tt.body, ev, err)
			continue
		}
		for _, want := range tt.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q does not say %q", tt.body, err, want)
			}
		}
	}
}

func TestOurOwnShapeNeedsNoMapping(t *testing.T) {
	t.Parallel()
	m := Mapping{Version: 1, Kind: Kind{Path: "type", Words: map[string]Happening{"x": "client.created"}}, Fields: map[Target]Source{"client.email": {Path: "mail"}}}
	ev, err := mapped(t, m, "application/json", `{"type":"client.created","data":{"client":{"external_id":"c"}}}`)
	if err != nil || ev.Client == nil || ev.Client.ExternalID != "c" {
		t.Errorf("%+v, %v", ev, err)
	}
	body := []byte(`{"id":"evt_1","type":"nothing.we.know","data":{"object":{}},"mail":"a@x.uk"}`)
	d := london(t)
	d.Mapping = &m
	without, errWithout := Read(queries.ProviderStripe, "application/json", body, london(t))
	with, errWith := Read(queries.ProviderStripe, "application/json", body, d)
	if !reflect.DeepEqual(with, without) || !reflect.DeepEqual(errWith, errWithout) {
		t.Errorf("Stripe is read by a mapping: %+v, %v", with, errWith)
	}
}

// A payment's "id" must not become a booking of that name, nor a failed payment's client vanish.
func TestAMappingReadsOnlyWhatTheKindIsAbout(t *testing.T) {
	t.Parallel()
	m := Mapping{Kind: Kind{Path: "t", Words: map[string]Happening{"paid": "payment.completed", "booked": "booking.updated confirmed"}}, Unit: "major",
		Fields: map[Target]Source{"booking.external_id": {Path: "id"}, "payment.external_id": {Path: "id"}, "payment.amount": {Path: "v"}, "booking.value": {Path: "v"}, "client.email": {Path: "m"}}}
	paid, err := mapped(t, m, "application/json", `{"t":"PAID","id":"1","v":"2","m":"a@x.uk"}`)
	if err != nil || paid.Booking != nil || paid.Payment == nil || paid.Client == nil {
		t.Errorf("%+v, %v", paid, err)
	}
	confirmed, err := mapped(t, m, "application/json", `{"t":"booked","id":"1","v":"2"}`)
	if err != nil || confirmed.Payment != nil || confirmed.Client != nil || *confirmed.Booking.Status != queries.BookingStatusConfirmed {
		t.Errorf("%+v, %v", confirmed, err)
	}
}

func TestWhyAMappingCannotBeKept(t *testing.T) {
	t.Parallel()
	good := always("payment.completed", "major", "payment.external_id=id", "payment.amount=v")
	if faults := good.Faults(); len(faults) > 0 {
		t.Error(faults)
	}
	change := func(f func(m *Mapping)) Mapping {
		m := good
		m.Fields = maps.Clone(good.Fields)
		f(&m)
		return m
	}
	many := map[string]Happening{}
	for i := range 61 {
		many["w"+strings.Repeat("x", i)] = "client.created"
	}
	tests := []struct {
		m     Mapping
		field string
	}{
		{Mapping{}, ""}, {Mapping{}, "kind"},
		{change(func(m *Mapping) { m.Unit = "" }), "unit"}, {change(func(m *Mapping) { m.Unit = "pence" }), "unit"},
		{change(func(m *Mapping) { m.Kind.Fixed = "payment.imagined" }), "kind"},
		{change(func(m *Mapping) { m.Kind = Kind{Path: "a[", Words: map[string]Happening{"a": "client.created"}} }), "kind"},
		{change(func(m *Mapping) { m.Kind = Kind{Path: "a", Words: map[string]Happening{"a": ""}} }), "kind"},
		{change(func(m *Mapping) { m.Kind = Kind{Path: "a", Words: map[string]Happening{"a": "x"}} }), "kind"},
		{change(func(m *Mapping) { m.Kind = Kind{Path: "a", Words: many} }), "kind"},
		{change(func(m *Mapping) { delete(m.Fields, "payment.external_id") }), "payment.external_id"},
		{change(func(m *Mapping) { delete(m.Fields, "payment.amount") }), "payment.amount"},
		{change(func(m *Mapping) { m.Kind.Fixed = "payment.refunded" }), "refund.external_id"},
		{change(func(m *Mapping) { m.Kind.Fixed = "booking.created" }), "booking.external_id"},
		{change(func(m *Mapping) { m.Kind.Fixed = "calendar.event.created" }), "booking.external_id"},
		{change(func(m *Mapping) { m.Kind.Fixed = "client.created" }), "client.external_id"},
		{change(func(m *Mapping) { m.Kind.Fixed = "wedme.vendor.signup" }), "client.external_id"},
		{change(func(m *Mapping) { m.Fields["payment.external_id"] = Source{Text: "always-1"} }), "payment.external_id"},
		{change(func(m *Mapping) { m.Fields["payment.nonsense"] = Source{Path: "a"} }), "payment.nonsense"},
		{change(func(m *Mapping) { m.Fields["payment.paid_at"] = Source{Path: strings.Repeat("a", 201)} }), "payment.paid_at"},
		{change(func(m *Mapping) { m.Fields["payment.paid_at"] = Source{Path: "a" + strings.Repeat(".a", 16)} }), "payment.paid_at"},
		{change(func(m *Mapping) { m.Fields["payment.paid_at"] = Source{Path: "a\x00"} }), "payment.paid_at"},
		{change(func(m *Mapping) { m.Fields["payment.currency"] = Source{Text: "pounds"} }), "payment.currency"},
		{change(func(m *Mapping) { m.Fields["booking.timezone"] = Source{Text: "London"} }), "booking.timezone"},
		{change(func(m *Mapping) { m.Fields["booking.status"] = Source{Text: "Stage 3"} }), "booking.status"},
		{change(func(m *Mapping) { m.Fields["booking.venue"] = Source{Text: strings.Repeat("x", 101)} }), "booking.venue"},
	}
	for i, tt := range tests {
		if tt.m.Faults()[tt.field] == "" {
			t.Errorf("%d: %+v: nothing is said of %q: %v", i, tt.m, tt.field, tt.m.Faults())
		}
	}
	for _, need := range needed {
		for _, target := range need.anyOf {
			if _, known := ourField(target); !known {
				t.Errorf("%s is needed, and no field of ours", target)
			}
		}
	}
}

func TestAMappingComesBackFromItsJSON(t *testing.T) {
	t.Parallel()
	want := Mapping{Kind: Kind{Path: `a."b.c"[0]`, Words: map[string]Happening{"paid": "payment.completed", "seen": ""}},
		Fields: map[Target]Source{"payment.amount": {Path: `"sa\"id"`, Text: "x"}, "payment.currency": {Path: "c", Text: "GBP"}}, Unit: "major"}
	spec, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got Mapping
	if err := json.Unmarshal(spec, &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%s: %+v, %v", spec, got, err)
	}
}

// What every vendor's template reads is suggested well enough that at least the same kind of event comes out of most of it,
// and nothing breaks.
func TestSuggestOnEveryFixture(t *testing.T) {
	t.Parallel()
	same, all := 0, 0
	for _, f := range fixtures(t) {
		doc, err := document(f.contentType, f.body)
		if err != nil || f.provider == queries.ProviderStripe {
			continue
		}
		m, d := Suggest(doc), london(t)
		want, errWant := Read(f.provider, f.contentType, f.body, d)
		d.Mapping = &m
		got, err := Read(f.provider, f.contentType, f.body, d)
		checkEvent(t, got, err)
		if errWant != nil {
			continue
		}
		all++
		if err == nil && got.Type == want.Type {
			same++
		} else {
			t.Logf("%s: %s, %v", f.path, got.Type, err)
		}
	}
	if same*10 < all*7 {
		t.Errorf("only %d of %d fixtures are read by what is suggested", same, all)
	}
}

func TestTreeShowsWhatCameAndHidesSecrets(t *testing.T) {
	t.Parallel()
	doc, err := document("", []byte(`{"b":{"api_key":{"inner":"hush"},"n":12.50,"ok":true,"no":null},"a.b":["x",{"c":""}],"card":"4242 4242 4242 4242","long":"`+strings.Repeat("é", 90)+`","e":{},"l":[],"n\u0000":1}`))
	if err != nil {
		t.Fatal(err)
	}
	leaves, left := Tree(doc)
	var got []string
	for _, l := range leaves {
		got = append(got, l.Path+"="+l.Shown+" "+l.Type)
		if _, found := find(doc, l.Path); !found {
			t.Errorf("nothing is at %s", l.Path)
		}
	}
	want := []string{`"a.b"[0]=x text`, `"a.b"[1].c=empty text`, `b.api_key.inner=••• text`, `b.n=12.50 number`, `b.no=nothing nothing`, `b.ok=yes yes or no`, `card=••• text`, "long=" + strings.Repeat("é", 40) + "… text"}
	if !reflect.DeepEqual(got, want) || left != 1 {
		t.Errorf("%d left out, %q", left, got)
	}
	wide := map[string]any{"l": make([]any, 700)}
	if leaves, left := Tree(wide); len(leaves) != 500 || left != 200 {
		t.Errorf("%d, %d left out", len(leaves), left)
	}
	deep := map[string]any{"x": 1}
	for range 60 {
		deep = map[string]any{"x": deep}
	}
	if leaves, left := Tree(deep); len(leaves) != 0 || left != 1 {
		t.Errorf("%d, %d left out", len(leaves), left)
	}
}

func FuzzMapping(f *testing.F) {
	for _, x := range fixtures(f) {
		f.Add(x.contentType, x.body, "data.items[0].\"a.b\"", []byte(`{"kind":{"fixed":"booking.created"},"fields":{"booking.external_id":{"path":"id"}},"unit":"major"}`))
	}
	f.Add("", []byte(`{"a":[{"b":"12:00"}]}`), `a[0].b`, []byte(`{"kind":{"fixed":"payment.refunded"},"fields":{"payment.amount":{"path":"a"},"booking.date":{"path":"a[0].b"}}}`))
	f.Fuzz(func(t *testing.T, contentType string, body []byte, path string, spec []byte) {
		if steps, ok := parsePath(path); ok {
			if again, ok := parsePath(pathOf(steps)); len(steps) > maxPathDepth || len(pathOf(steps)) <= maxPath && (!ok || !reflect.DeepEqual(again, steps)) {
				t.Errorf("%q: %v, then %v", path, steps, again)
			}
		}
		doc, err := document(contentType, body)
		if err != nil {
			return
		}
		leaves, _ := Tree(doc)
		for _, l := range leaves {
			if _, found := find(doc, l.Path); !found {
				t.Errorf("nothing is at %q", l.Path)
			}
			checkText(t, l.Path, l.Shown)
		}
		given, d := Mapping{}, london(t)
		_ = json.Unmarshal(spec, &given)
		given.Faults()
		for _, m := range []Mapping{Suggest(doc), given} {
			m.Fields = maps.Clone(m.Fields)
			if m.Fields == nil {
				m.Fields = map[Target]Source{}
			}
			for _, target := range []Target{"client.name", "booking.date", "booking.value", "payment.amount"} {
				if _, there := m.Fields[target]; !there {
					m.Fields[target] = Source{Path: path}
				}
			}
			d.Mapping = &m
			ev, err := Read(queries.ProviderCustom, contentType, body, d)
			checkEvent(t, ev, err)
		}
	})
}

func TestTimeOfDay(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{"14:30": 14*time.Hour + 30*time.Minute, " 00:00:01": time.Second, "2027-06-12": -1, "25:00": -1, "": -1} {
		got, ok := timeOfDay(text)
		if ok != (want >= 0) || ok && got != want {
			t.Errorf("%q: %s, %t", text, got, ok)
		}
	}
}
