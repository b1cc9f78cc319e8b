package views

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/queries"
)

var (
	soon  = time.Date(2027, 5, 15, 0, 0, 0, 0, time.UTC)
	later = time.Date(2027, 6, 12, 0, 0, 0, 0, time.UTC)
	late  = "It came with a genuine signature, but late."
)

var troubleRows = []queries.TroubleGroupsRow{
	{ConnectionID: one, Provider: queries.ProviderTave, Cause: "The amount must be <whole>.", WeddingOn: &soon, Deliveries: 2, Oldest: noon.Add(-time.Hour), Newest: noon.Add(-time.Minute)},
	{ConnectionID: two, Provider: queries.ProviderCustom, Cause: "The amount must be <whole>.", WeddingOn: &soon, Deliveries: 1, Oldest: noon.Add(-2 * time.Hour), Newest: noon},
	{ConnectionID: two, Provider: queries.ProviderCustom, Cause: late, Aside: true, WeddingOn: &later, Deliveries: 1, Oldest: noon, Newest: noon},
	{ConnectionID: one, Provider: queries.ProviderTave, Cause: "The amount must be <whole>.", Deliveries: 4, Oldest: noon, Newest: noon},
	{ConnectionID: one, Provider: queries.ProviderTave, Deliveries: 1, Oldest: noon, Newest: noon},
}

var repairs = RepairsView{Now: noon, MayRun: true, Groups: troubleRows,
	List: []queries.TroubleDeliveriesRow{{ID: one, Provider: queries.ProviderTave, EventType: "payment.completed", Status: queries.DeliveryStatusFailed, Error: "It was <500.00>.", ReceivedAt: noon, WeddingOn: &soon},
		{ID: two, Provider: queries.ProviderCustom, Status: queries.DeliveryStatusQuarantined, Error: late, ReceivedAt: noon}},
	Retried: []RetriedView{{Row: queries.RetriedDeliveriesRow{ID: one, Provider: queries.ProviderStripe, Attempts: 14, Forgiven: 10, AllOfThem: 3, WeddingOn: &later},
		Schedule: []time.Time{noon.Add(2 * time.Minute), noon.Add(6 * time.Minute)}}}}

var rehearsal = RehearsalView{Now: noon, Of: 213, Filter: &RepairFilter{Connection: &one}, Back: "/app/repairs", Deliveries: []RehearsedView{
	{ID: one, Provider: queries.ProviderStripe, EventID: "evt_1", ReceivedAt: noon, WeddingOn: &soon, Status: queries.DeliveryStatusApplied,
		Changes: []ChangeView{{"payment", "Kay <& Fry>", "amount", nil, queries.Money{Minor: 50_000, Currency: "GBP"}}, {"booking", "Kay & Fry", "starts", day, day.AddDate(0, 0, 7)},
			{"booking", "Kay & Fry", "how it stands", queries.BookingStatusHeld, queries.BookingStatusCancelled}, {"payment", "Kay", "how it stands", nil, queries.PaymentStatusCompleted},
			{"refund", "re_1", "how it stands", queries.RefundStatusPending, queries.RefundStatusSucceeded}, {"client", "Kay", "removed", nil, true}, {"payment", "Kay", "entries that turn out to be one payment", 2, 1}},
		Messages: []NoticeView{{Channel: "feed", Told: &queries.LatestActivitiesRow{Kind: "payment_completed", Who: "Kay", AmountMinor: ptr(int64(50_000)), Currency: "GBP"}}, {Channel: "E-mail", To: "a@example.com", Words: "Thank you."}}},
	{ID: two, Provider: queries.ProviderCustom, ReceivedAt: noon, Status: queries.DeliveryStatusFailed, Words: "The amount is missing."},
	{ID: two, Provider: queries.ProviderCustom, ReceivedAt: noon, Status: queries.DeliveryStatusApplied, Left: true},
	{ID: two, Provider: queries.ProviderCustom, ReceivedAt: noon, Status: queries.DeliveryStatusApplied},
}}

func TestTroubleIsGroupedByCauseAndThenByWedding(t *testing.T) {
	t.Parallel()
	got := ""
	for _, g := range repairs.troubles() {
		got += fmt.Sprintf("%s %t %d %v %s %s:", g.Cause, g.Aside, g.Deliveries, g.Providers, g.Oldest.Format("15:04"), g.Newest.Format("15:04"))
		for _, d := range g.Days {
			got += fmt.Sprintf(" %s %d;", dayWords(d.On), d.Deliveries)
		}
		got += "\n"
	}
	want := `The amount must be <whole>. false 7 [Tave Your own system] 10:00 12:00: Sat 15 May 2027 3; No date known 4;
It came with a genuine signature, but late. true 1 [Your own system] 12:00 12:00: Sat 12 June 2027 1;
 false 1 [Tave] 12:00 12:00: No date known 1;
`
	if got != want {
		t.Errorf("%s", got)
	}
}

func TestAFilterTakesWhatItNames(t *testing.T) {
	t.Parallel()
	cause, none, no, yes := "The amount must be <whole>.", "", false, true
	for _, c := range []struct {
		filter RepairFilter
		count  int64
		query  string
	}{
		{RepairFilter{}, 9, ""},
		{RepairFilter{Aside: &no}, 8, "aside=false"},
		{RepairFilter{Aside: &yes}, 1, "aside=true"},
		{RepairFilter{Cause: &cause, WeddingOn: &soon}, 3, "cause=The+amount+must+be+%3Cwhole%3E.&wedding=2027-05-15"},
		{RepairFilter{Cause: &none}, 1, "cause=-"}, // nothing said is a reason too, and not every reason
		{RepairFilter{Undated: true}, 5, "wedding=none"},
		{RepairFilter{Connection: &two, WeddingOn: &later}, 1, "connection=" + two.String() + "&wedding=2027-06-12"},
		{RepairFilter{Connection: &uuid.Nil}, 0, "connection=" + uuid.Nil.String()},
	} {
		if got := c.filter.Count(troubleRows); got != c.count {
			t.Errorf("%s: %d, want %d", c.query, got, c.count)
		}
		if got := c.filter.Values().Encode(); got != c.query {
			t.Errorf("%s, want %s", got, c.query)
		}
	}
}

func TestTheScheduleIsSaidAsItIsKept(t *testing.T) {
	t.Parallel()
	at := func(minutes ...int) (all []time.Time) {
		for _, m := range minutes {
			all = append(all, noon.Add(time.Duration(m)*time.Minute))
		}
		return all
	}
	for _, c := range []struct {
		tries    int
		schedule []time.Time
		want     string
	}{
		{10, nil, ""},
		{9, at(2), "Next try 12:02, the last one; then it is given up."},
		{4, at(2, 6, 17, 40, 90, 200), "Next try 12:02, then about 12:06, 12:17, 12:40 …; given up after 10."},
		{8, at(-1, 800), "The next try is due now, then about Sat 15 May 2027, 01:20; given up after 10."},
	} {
		if got := scheduleWords(noon, c.tries, c.schedule); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

func TestADeliveryThatIsTriedAgainNeedsNobody(t *testing.T) {
	t.Parallel()
	if words, _ := standsWords(queries.DeliveryStatusFailed, &noon); words != "Tried again by itself" {
		t.Error(words)
	}
	if words, _ := standsWords(queries.DeliveryStatusFailed, nil); words != "Could not be read" {
		t.Error(words)
	}
}

// A value without words would stand on the page as an empty cell.
func TestEveryValueHasWords(t *testing.T) {
	t.Parallel()
	values := []any{nil, "x", true, 2, queries.Money{Minor: 1, Currency: "GBP"}, noon}
	for _, s := range queries.AllBookingStatusValues() {
		values = append(values, s)
	}
	for _, s := range queries.AllPaymentStatusValues() {
		values = append(values, s)
	}
	for _, s := range queries.AllRefundStatusValues() {
		values = append(values, s)
	}
	for _, v := range values {
		if valueWords(v) == "" {
			t.Errorf("%T %v has no words", v, v)
		}
	}
	var said []string
	for _, s := range queries.AllDeliverySourceValues() {
		said = append(said, sourceWords(s))
	}
	slices.Sort(said)
	if len(slices.Compact(said)) != len(queries.AllDeliverySourceValues()) {
		t.Errorf("two ways in say the same: %v", said)
	}
}
