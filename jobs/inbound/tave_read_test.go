package inbound

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/jobs/outside"
	"github.com/wedsync/wedsync/queries"
)

const anID, another = "01h35ccwymj5ctckp8px1azhg6", "01h35ccwymj5ctckp8px1azhg7"

func TestRung(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ body, kind, id string }{
		{`{"targetId":"` + anID + `"}`, "", anID}, // what the vendor says it sends
		{`{"data":{"targetId":"` + anID + `"}}`, "", anID},
		{`[{"targetId":"` + strings.ToUpper(anID) + `"}]`, "", anID},
		{`targetId=` + anID, "", anID},
		{`{"event":"payment.created","targetId":"` + anID + `"}`, "payment", anID},
		{`{"event":"payment.created","id":"` + anID + `","jobId":"` + another + `"}`, "payment", anID},
		{`{"event":"Order Booked","order":{"id":"` + anID + `","jobId":"` + another + `"}}`, "order", anID},
		{`{"type":"job.created","payload":{"id":"` + anID + `"}}`, "job", anID},
		{`{"id":"` + anID + `","jobId":"` + another + `"}`, "", anID},
		{`{"jobId":"` + anID + `"}`, "job", anID},
		{`{"contactId":"` + anID + `"}`, "contact", anID},
		{`{"jobId":"` + anID + `","paymentId":"` + another + `"}`, "", ""}, // which of the two?
		{`{"event":"gallery.created","targetId":"` + anID + `"}`, "", anID},
		{`{"targetId":"../studio/me"}`, "", ""},
		{`{"targetId":"` + anID + `/../x"}`, "", ""},
		{`{"targetId":"01h35ccwymj5ctckp8px1azhgu"}`, "", ""}, // u is not in the alphabet
		{`{"targetId":12}`, "", ""},
		{`{}`, "", ""}, {``, "", ""}, {`nonsense`, "", ""}, {`{"targetId":null}`, "", ""},
	} {
		contentType := "application/json"
		if strings.HasPrefix(c.body, "targetId=") {
			contentType = "application/x-www-form-urlencoded"
		}
		kind, id, ok := Rung([]byte(c.body), contentType)
		if kind != c.kind || id != c.id || ok != (c.id != "") {
			t.Errorf("%s: %q %q %v", c.body, kind, id, ok)
		}
	}
}

// Whatever rings, nothing but an id gets into an address.
func FuzzRung(f *testing.F) {
	f.Add([]byte(`{"event":"payment.created","data":{"targetId":"`+anID+`"}}`), "application/json")
	f.Add([]byte(`payload={"jobId":"`+anID+`"}`), "application/x-www-form-urlencoded")
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		kind, id, ok := Rung(body, contentType)
		if ok != ulid.MatchString(id) || kind != "" && tavePath[kind] == "" {
			t.Errorf("%q %q %v", kind, id, ok)
		}
	})
}

func envelope(kind, record string) []byte {
	return fmt.Appendf(nil, `{"wedsync":"tave.%s","%s":%s,"studio":{"currencyCode":"GBP","timezone":"America/New_York"}}`, kind, kind, record)
}

func TestTaveMoneyIsOnlyReadInAUnitThatSomebodySaid(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		number         string
		unit           queries.MoneyUnit
		want           int64
		payment, value bool // is it read as each?
	}{
		{"200", queries.MoneyUnitMinor, 200, true, true},
		{"200", queries.MoneyUnitMajor, 20_000, true, true},
		{"200.5", queries.MoneyUnitMajor, 20_050, true, true},
		{"200.5", queries.MoneyUnitMinor, 0, false, false},
		{"200", "", 0, false, false},
		{"0", "", 0, true, true},
		{"-200", queries.MoneyUnitMinor, 0, false, false},
		{`"200"`, queries.MoneyUnitMinor, 0, false, false},
		{"1e3", queries.MoneyUnitMinor, 0, false, false},
		{"99999999999999999", queries.MoneyUnitMajor, 0, false, false},
	} {
		d := london(t)
		d.Unit = c.unit
		ev, err := Read(queries.ProviderTave, "application/json", envelope("payment", `{"id":"`+anID+`","status":"posted","amount":`+c.number+`}`), d)
		if (err == nil) != c.payment || err == nil && ev.Payment.Amount.Minor != c.want {
			t.Errorf("payment of %s in %q: %v %v", c.number, c.unit, ev.Payment, err)
		}
		ev, err = Read(queries.ProviderTave, "application/json", envelope("job", `{"id":"`+anID+`","stage":"booked","totalRevenue":`+c.number+`}`), d)
		if err != nil || (ev.Booking.Value != nil) != c.value || c.value && ev.Booking.Value.Minor != c.want {
			t.Errorf("job of %s in %q: %v %v", c.number, c.unit, ev.Booking, err)
		}
	}
	d := london(t)
	ev, err := Read(queries.ProviderTave, "application/json", []byte(`{"wedsync":"tave.payment","payment":{"id":"`+anID+`","amount":200},"studio":{"currencyCode":"JPY"}}`), d)
	if err != nil || ev.Payment.Amount != (queries.Money{Minor: 200, Currency: "JPY"}) {
		t.Errorf("yen have no smaller coin: %v %v", ev.Payment, err)
	}
}

func TestTaveRefunds(t *testing.T) {
	t.Parallel()
	d := london(t)
	d.Unit = queries.MoneyUnitMajor
	ev, err := Read(queries.ProviderTave, "application/json", envelope("payment", `{"id":"`+anID+`","status":"posted","amount":500,"refundedAmount":120,"received":"2026-12-02",
		"refunds":[{"id":"`+another+`","amount":100,"status":"posted"},{"id":"r2","amount":20,"status":"failed"}]}`), d)
	if err != nil || ev.Type != PaymentRefunded || ev.Payment.Status != queries.PaymentStatusCompleted || ev.Payment.RefundTotalMinor != 12_000 {
		t.Fatalf("%+v %v", ev, err)
	}
	if r := ev.Payment.Refunds; len(r) != 2 || r[0] != (Refund{another, queries.RefundStatusSucceeded, queries.Money{Minor: 10_000, Currency: "GBP"}}) || r[1].Status != queries.RefundStatusFailed {
		t.Errorf("%+v", r)
	}
	if want := time.Date(2026, 12, 2, 5, 0, 0, 0, time.UTC); !ev.Payment.PaidAt.Equal(want) {
		t.Errorf("paid at %v: midnight is New York's", ev.Payment.PaidAt)
	}
	ev, err = Read(queries.ProviderTave, "application/json", envelope("payment", `{"id":"`+anID+`","status":"failed","amount":500}`), d)
	if err != nil || ev.Type != PaymentFailed || ev.Payment.Status != queries.PaymentStatusFailed {
		t.Errorf("%+v %v", ev, err)
	}
}

func TestWhatAClosedJobMeans(t *testing.T) {
	t.Parallel()
	const enquiry, confirmed, cancelled = queries.BookingStatusEnquiry, queries.BookingStatusConfirmed, queries.BookingStatusCancelled
	for job, want := range map[string]queries.BookingStatus{
		`"stage":"lead"`:               enquiry,
		`"stage":"booked"`:             confirmed,
		`"stage":"fulfillment"`:        confirmed,
		`"stage":"completed"`:          confirmed,
		`"stage":"lead","closed":true`: cancelled,
		`"stage":"lead","closed":true,"eventDate":"2026-01-01","closedDate":"2026-02-01"`: cancelled,
		`"stage":"booked","closed":true`:                                                                                   cancelled,
		`"stage":"booked","closed":true,"closedReasonName":"Client cancelled"`:                                             cancelled,
		`"stage":"booked","closed":true,"closedReasonName":"Not completed"`:                                                cancelled,
		`"stage":"booked","closed":true,"closedReasonName":"Job Completed"`:                                                confirmed,
		`"stage":"completed","closed":true,"closedReasonName":"Client cancelled"`:                                          confirmed,
		`"stage":"booked","closed":true,"completedDate":"2026-02-01"`:                                                      confirmed,
		`"stage":"booked","closed":true,"eventDate":"2026-01-01","closedDate":"2026-02-01"`:                                confirmed,
		`"stage":"booked","closed":true,"eventDate":"2026-03-01","closedDate":"2026-02-01"`:                                cancelled,
		`"stage":"booked","closed":true,"eventDate":"2026-01-01","closedDate":"2026-02-01","closedReasonName":"Postponed"`: cancelled,
	} {
		ev, err := Read(queries.ProviderTave, "application/json", envelope("job", `{"id":"`+anID+`",`+job+`}`), london(t))
		if err != nil || *ev.Booking.Status != want || (ev.Type == BookingCancelled) != (want == cancelled) {
			t.Errorf("%s: %+v %v", job, ev.Booking, err)
		}
	}
	ev, err := Read(queries.ProviderTave, "application/json", envelope("job", `{"id":"`+anID+`","stage":"archived"}`), london(t))
	if err != nil || ev.Booking.Status != nil {
		t.Errorf("a stage that nobody knows: %+v %v", ev.Booking, err)
	}
}

// Only Tave's deliveries are read as envelopes, and a broken one fails in words.
func TestEnvelopesOfOthersAndBrokenOnes(t *testing.T) {
	t.Parallel()
	if _, err := Read(queries.ProviderCustom, "application/json", envelope("job", `{"id":"`+anID+`"}`), london(t)); err == nil {
		t.Error("a custom sender's envelope was read")
	}
	for _, body := range []string{`{"wedsync":"tave.job"}`, `{"wedsync":"tave.job","job":[]}`, `{"wedsync":"tave.payment","payment":{"amount":0}}`, `{"wedsync":"tave.order","order":{"bookedOn":"2026-01-01"}}`,
		`{"wedsync":"tave.job","job":{"id":"` + anID + `","eventDate":"someday"}}`, `{"wedsync":7}`, `{"wedsync":{}}`} {
		_, err := Read(queries.ProviderTave, "application/json", []byte(body), london(t))
		if golden(t, Event{}, err); err == nil {
			t.Errorf("%s was read", body)
		}
	}
}

func TestNamesOfVersions(t *testing.T) {
	t.Parallel()
	record := taveRecord{ID: anID, Modified: "2026-12-02T09:00:00Z"}
	settled := versionOf("job", record, []byte("a"))
	record.early = true
	early, other := versionOf("job", record, []byte("a")), versionOf("job", record, []byte("b"))
	if settled.EventID != "job/"+anID+"@2026-12-02T09:00:00Z" || settled.Also != early.EventID || early.Also != "" || early.EventID == other.EventID {
		t.Errorf("%+v %+v %+v", settled, early, other)
	}
	// Of two versions of one second the settled one is later, also by name, which is what decides between equal stamps.
	if early.EventID >= settled.EventID || other.EventID >= settled.EventID {
		t.Errorf("%s is not before %s", early.EventID, settled.EventID)
	}
	record.Modified = "yesterday"
	if v := versionOf("job", record, []byte("a")); v == versionOf("job", record, []byte("b")) || v.Also != "" {
		t.Errorf("%+v", v)
	}
}

func pageOf(total, pages int, stamps ...string) taveList {
	var l taveList
	l.Meta.TotalItems, l.Meta.TotalPages = total, pages
	for _, s := range stamps {
		l.Items = append(l.Items, taveRecord{ID: anID, Modified: "2026-12-02T09:" + s + ":00Z"})
	}
	return l
}

func TestAWalkThroughPages(t *testing.T) {
	t.Parallel()
	minute := func(m int) time.Time { return time.Date(2026, 12, 2, 9, m, 0, 0, time.UTC) }
	for name, c := range map[string]struct {
		scan taveScan
		list taveList
		done bool
		page int
		news int
	}{
		"to the end":               {taveScan{Page: 1}, pageOf(3, 2, "50", "40"), false, 2, 2},
		"the last page":            {taveScan{Page: 2, Total: 3}, pageOf(3, 2, "30"), true, 2, 1},
		"what was followed before": {taveScan{Page: 1, Until: minute(45)}, pageOf(90, 2, "50", "40"), true, 1, 1},
		"the mark itself":          {taveScan{Page: 1, Until: minute(40)}, pageOf(90, 2, "50", "40"), false, 2, 2},
		"a page out of order":      {taveScan{Page: 1, Until: minute(45)}, pageOf(90, 2, "40", "50", "30"), false, 2, 1},
		"deleted on the way":       {taveScan{Page: 3, Total: 90}, pageOf(89, 4, "30"), false, 2, 1},
		"nothing":                  {taveScan{Page: 1}, pageOf(0, 0), true, 1, 0},
		"without end":              {taveScan{Page: mostPages, Total: 9}, pageOf(9, 9000, "30"), true, mostPages, 1},
	} {
		news := c.scan.take(c.list)
		if done := c.scan.turn(c.list); done != c.done || c.scan.Page != c.page || len(news) != c.news {
			t.Errorf("%s: done %v, page %d, news %d", name, done, c.scan.Page, len(news))
		}
	}
	scan := taveScan{Page: 1, Newest: minute(45)}
	if scan.take(pageOf(2, 1, "50", "40")); !scan.Newest.Equal(minute(50)) {
		t.Errorf("the newest is %v", scan.Newest)
	}
	if news := (&taveScan{Until: minute(45)}).take(taveList{Items: []taveRecord{{ID: anID, Modified: "?"}}}); len(news) != 1 {
		t.Error("a record without a stamp was passed over")
	}
}

func TestFateOfABell(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 12, 2, 9, 0, 0, 0, time.UTC)
	a := TaveReadArgs{OrgID: uuid.New(), Record: "job", ID: anID}
	for _, c := range []struct {
		err    error
		age    time.Duration
		status queries.DeliveryStatus
		words  string
		next   time.Duration // 0: none
	}{
		{nil, 0, "applied", "", 0},
		{errNoRecord, 0, "failed", "another studio's", 0},
		{ErrKeyRefused, 0, "failed", "API Integrations", 0},
		{ErrNoKey, 0, "failed", "There is no API key", 0},
		{&outside.Refused{Status: 422}, 0, "failed", "status 422", 0},
		{&outside.Later{Status: 429, After: 40 * time.Second}, 0, "failed", "slow down", 40 * time.Second},
		{&outside.Later{Status: 429, After: 99 * time.Hour}, 0, "failed", "slow down", 24 * time.Hour},
		{&outside.Later{Status: 503}, 0, "failed", "tries again", 5 * time.Second},
		{&outside.Later{Status: 503}, time.Minute, "failed", "tries again", 30 * time.Second},
		{&outside.Later{Status: 503}, 5 * time.Hour, "failed", "tries again", 15 * time.Minute},
		{&outside.Later{}, 25 * time.Hour, "dead", "Nothing is lost", 0},
		{&outside.Open{Until: now.Add(time.Minute)}, 0, "failed", "tries again", time.Minute},
		{outside.ErrPrivate, 0, "failed", "", 0},
		{taveError{"Tave's answer makes no sense"}, 0, "failed", "makes no sense.", 0},
	} {
		f, known := bellFate(a, c.err, c.age, now)
		if !known || f.status != c.status || !strings.Contains(f.words, c.words) || (f.next == nil) != (c.next == 0) || f.next != nil && f.next.Sub(now) != c.next {
			t.Errorf("%v after %v: %+v", c.err, c.age, f)
		}
	}
	if _, known := bellFate(a, context.DeadlineExceeded, 0, now); known {
		t.Error("our own trouble was laid at Tave's door")
	}
}

func TestWhoMayRing(t *testing.T) {
	t.Parallel()
	now := time.Now()
	body, secret := []byte(`{"targetId":"`+anID+`"}`), []string{"a secret of sixteen"}
	for _, provider := range queries.AllProviderValues() {
		name, err := Verify(provider, queries.SenderProofDoorbell, nil, body, secret, now)
		if (err == nil) != (provider == queries.ProviderTave) || err == nil && name != ProofDoorbell {
			t.Errorf("%s: %s %v", provider, name, err)
		}
		if _, err := Verify(provider, queries.SenderProofSigned, nil, body, secret, now); !errors.Is(err, ErrMissingSignature) {
			t.Errorf("%s without a bell: %v", provider, err)
		}
	}
	right := Sign(queries.ProviderTave, secret[0], body, now)
	if name, err := Verify(queries.ProviderTave, queries.SenderProofDoorbell, right, body, secret, now); err != nil || name != "wedsync" {
		t.Errorf("signed beside a bell: %s %v", name, err)
	}
	if _, err := Verify(queries.ProviderTave, queries.SenderProofDoorbell, right, append(body, ' '), secret, now); !errors.Is(err, ErrBadSignature) {
		t.Errorf("a wrong signature was taken for a bell: %v", err)
	}
}

func TestRecordsAreKeptAsTheyCame(t *testing.T) {
	t.Parallel()
	var l taveList
	raw := `{"items":[{"id":"` + anID + `","modified":"2026-12-02T09:00:00Z","odd":1.10}],"meta":{"totalPages":1}}`
	if err := json.Unmarshal([]byte(raw), &l); err != nil || string(l.Items[0].raw) != `{"id":"`+anID+`","modified":"2026-12-02T09:00:00Z","odd":1.10}` {
		t.Errorf("%s %v", l.Items[0].raw, err)
	}
	if number, _ := l.Items[0].part().fields["odd"].(json.Number); number != "1.10" {
		t.Errorf("%s", number)
	}
}
