package inbound_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/testdb"
	"github.com/wedsync/wedsync/views/mail"
)

// announced is a notice as a person hears of it.
type announced struct {
	ID                            uuid.UUID
	Kind, ClientExternalID, Email string
	Connection                    uuid.UUID
	Facts                         []byte
	Urgent                        bool
}

// announced is without what the clock tells: it may be Monday morning.
func (n *node) announced(t *testing.T) (all []announced) {
	t.Helper()
	rows, err := n.pool.Query(t.Context(), `SELECT id, kind, client_external_id, client_email AS email, connection_id AS connection, facts, urgent FROM notices
		WHERE org_id = $1 AND kind <> 'wedding_week' ORDER BY at, id`, n.org)
	if err != nil {
		t.Fatal(err)
	}
	if all, err = pgx.CollectRows(rows, pgx.RowToStructByName[announced]); err != nil {
		t.Fatal(err)
	}
	return all
}

func (a announced) news(t *testing.T) (n mail.News) {
	t.Helper()
	if err := json.Unmarshal(a.Facts, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// toldOf sends one after the other and gives what the last of them announced.
func (n *node) toldOf(t *testing.T, connection uuid.UUID, bodies ...[]byte) []announced {
	t.Helper()
	last := len(bodies) - 1
	n.tell(t, connection, bodies[:last]...)
	before := n.announced(t)
	n.tell(t, connection, bodies[last])
	return slices.DeleteFunc(n.announced(t), func(a announced) bool {
		return slices.ContainsFunc(before, func(b announced) bool { return b.ID == a.ID })
	})
}

func someClient(name string) object {
	return object{"external_id": "c-1", "name": name, "partner_name": "Tom Fry", "email": "Anna@Example.com", "phone": "+447700900123"}
}

// someBooking lasts ten hours from a moment on.
func someBooking(title, status string, start time.Time) object {
	zone, err := time.LoadLocation("Europe/Lisbon")
	if err != nil {
		panic(err) // it is in the binary
	}
	return object{"external_id": "b-1", "client_external_id": "c-1", "title": title, "start": start.In(zone).Format(time.RFC3339), "end": start.In(zone).Add(10 * time.Hour).Format(time.RFC3339), "timezone": "Europe/Lisbon",
		"venue": "Holm House", "status": status, "value": object{"amount": 250_000, "currency": "GBP"}}
}

func far() time.Time { return time.Now().AddDate(0, 6, 0).Truncate(24 * time.Hour).Add(12 * time.Hour) }

func TestEveryKindIsAnnounced(t *testing.T) {
	t.Parallel()
	n := newNode(t).start(t)
	client := func(id, kind string, minutes int, name string) []byte {
		return ours(id, kind, minutes, object{"client": someClient(name)})
	}
	booking := func(id string, minutes int, title, status string) []byte {
		return ours(id, "booking.updated", minutes, object{"client": someClient("Anna"), "booking": someBooking(title, status, far())})
	}
	invite := object{"invite": object{"external_id": "i-1", "couple": "Bo & Kim", "email": "bo@example.com"}}
	intent, charged := intent("pi_1", "ch_1"), charge("ch_1", "pi_1", 12_000)
	delete(charged, "billing_details") // Stripe's refund need not say again who paid
	failed := object{"id": "ch_9", "object": "charge", "amount": 50_000, "currency": "gbp", "failure_message": "No funds.", "receipt_email": "anna@example.com"}
	minor := func(v int64) *int64 { return &v }
	start, end := far(), far().Add(10*time.Hour)
	zone, err := time.LoadLocation("Europe/Lisbon")
	if err != nil {
		t.Fatal(err)
	}
	wall := func(at time.Time) *time.Time {
		at = at.In(zone)
		at = time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), 0, 0, time.UTC)
		return &at
	}
	booked := func(what, title string) mail.News {
		return mail.News{Kind: mail.Booking, What: what, Who: "Anna & Tom Fry", Title: title, AmountMinor: minor(250_000), Currency: "GBP",
			Starts: wall(start), Ends: wall(end), Zone: "Europe/Lisbon", Venue: "Holm House", Path: "/app/weddings"}
	}
	money := func(kind mail.Kind, what, who, detail string, amount int64) mail.News {
		return mail.News{Kind: kind, What: what, Who: who, Detail: detail, AmountMinor: minor(amount), Currency: "GBP", Path: "/app/payments"}
	}
	known := "Anna & Tom Fry" // by the address, as the supplier has them
	tests := []struct {
		connection uuid.UUID
		bodies     [][]byte
		want       mail.News
		client     string
		email      string
	}{
		{n.crm, [][]byte{client("c1", "client.created", 90, "Ann")}, mail.News{Kind: mail.ClientChange, What: "client_new", Who: "Ann & Tom Fry", Path: "/app/clients"}, "c-1", ""},
		{n.crm, [][]byte{client("c2", "client.updated", 80, "Anna")}, mail.News{Kind: mail.ClientChange, What: "client_changed", Who: "Anna & Tom Fry", Path: "/app/clients"}, "c-1", ""},
		{n.crm, [][]byte{booking("b1", 70, "Kay & Fry", "held")}, booked("booking_new", "Kay & Fry"), "c-1", ""},
		{n.crm, [][]byte{booking("b2", 60, "Kay & Fry", "confirmed")}, booked("booking_confirmed", "Kay & Fry"), "c-1", ""},
		{n.crm, [][]byte{booking("b3", 50, "Fry & Kay", "confirmed")}, booked("booking_changed", "Fry & Kay"), "c-1", ""},
		{n.crm, [][]byte{booking("b4", 40, "Fry & Kay", "cancelled")}, booked("booking_cancelled", "Fry & Kay"), "c-1", ""},
		{n.stripe, [][]byte{stripeEvent("p1", "payment_intent.succeeded", 30, intent)}, money(mail.Payment, "payment_completed", known, "", 50_000), "", "anna@example.com"},
		{n.stripe, [][]byte{stripeEvent("p2", "charge.refunded", 25, charged)}, money(mail.Refund, "payment_refunded", known, "", 12_000), "", "anna@example.com"},
		{n.stripe, [][]byte{disputing("d1", "created", "needs_response", 20, 30_000)}, money(mail.FailedPayment, "payment_disputed", known, "", 30_000), "", "anna@example.com"},
		{n.stripe, [][]byte{disputing("d2", "closed", "won", 19, 30_000)}, money(mail.Payment, "dispute_won", known, "", 30_000), "", "anna@example.com"},
		{n.stripe, [][]byte{stripeEvent("d3", "charge.dispute.closed", 18, dispute("dp_2", "lost", 15_000))}, money(mail.FailedPayment, "dispute_lost", known, "", 15_000), "", "anna@example.com"},
		{n.stripe, [][]byte{stripeEvent("p3", "charge.failed", 15, failed)}, money(mail.FailedPayment, "payment_failed", known, "No funds.", 50_000), "", "anna@example.com"},
		{n.stripe, [][]byte{stripeEvent("p4", "refund.created", 12, refund("re_1", "succeeded", "pi_7", "ch_7", 300))}, mail.News{Kind: mail.Refund, What: "refund_early", AmountMinor: minor(300), Currency: "GBP", Path: "/app/payments"}, "", ""},
		{n.crm, [][]byte{ours("i1", "wedme.client.invited", 10, invite)}, mail.News{Kind: mail.Invite, What: "wedme.client.invited", Who: "Bo & Kim", Path: "/app"}, "", ""},
		{n.crm, [][]byte{ours("i2", "wedme.vendor.signup", 9, invite)}, mail.News{Kind: mail.Invite, What: "wedme.vendor.signup", Who: "Bo & Kim", Path: "/app"}, "", ""},
		{n.crm, [][]byte{client("c3", "client.deleted", 5, "Anna")}, mail.News{Kind: mail.ClientChange, What: "client_deleted", Who: "Anna & Tom Fry", Path: "/app/clients"}, "c-1", ""},
	}
	seen := map[string]bool{}
	for _, tt := range tests {
		seen[tt.want.What] = true
		began := time.Now().Add(-time.Second)
		got := n.toldOf(t, tt.connection, tt.bodies...)
		if len(got) != 1 {
			t.Errorf("%s: %d notices %+v", tt.want.What, len(got), got)
			continue
		}
		a, news := got[0], got[0].news(t)
		if news.At.Before(began) || news.At.After(time.Now()) {
			t.Errorf("%s: it happened at %v", tt.want.What, news.At)
		}
		if tt.want.What == "payment_disputed" || strings.HasPrefix(tt.want.What, "dispute_") {
			tt.want.Detail = news.Detail // in Stripe's words, which another test reads
		}
		news.At = time.Time{}
		if said, want := asJSON(t, news), asJSON(t, tt.want); said != want || a.Kind != string(tt.want.Kind) {
			t.Errorf("%s: %s\n%s\nwant\n%s", tt.want.What, a.Kind, said, want)
		}
		if a.Connection != tt.connection || a.ClientExternalID != tt.client || !strings.EqualFold(a.Email, tt.email) || a.Urgent {
			t.Errorf("%s: %+v", tt.want.What, a)
		}
	}
	for kind := range inbound.Letters {
		if !seen[kind] {
			t.Errorf("%s has no case", kind)
		}
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// What changes near a wedding day wakes people by other rules than what changes in a year.
func TestAChangeNearAWeddingIsAnother(t *testing.T) {
	t.Parallel()
	n := newNode(t).start(t)
	day, now := 24*time.Hour, time.Now()
	for i, tt := range []struct {
		what      string
		from, to  time.Duration // the booking's start before and after, from now
		status    string
		kind      mail.Kind
		announced string
	}{
		{"six days before", 6 * day, 6 * day, "confirmed", mail.WeddingDayChange, "booking_changed"},
		{"cancelled six days before", 6 * day, 6 * day, "cancelled", mail.WeddingDayChange, "booking_cancelled"},
		{"eight days before", 8 * day, 8 * day, "confirmed", mail.Booking, "booking_changed"},
		{"long over", -9 * day, -9 * day, "confirmed", mail.Booking, "booking_changed"},
		{"over since an hour", -11 * time.Hour, -11 * time.Hour, "cancelled", mail.Booking, "booking_cancelled"},
		{"while it is under way", -2 * time.Hour, -2 * time.Hour, "confirmed", mail.WeddingDayChange, "booking_changed"},
		{"put off from the day after tomorrow", 2 * day, 60 * day, "confirmed", mail.WeddingDayChange, "booking_changed"},
		{"brought forward", 60 * day, 3 * day, "confirmed", mail.WeddingDayChange, "booking_changed"},
		{"moved out of the past", -30 * day, 30 * day, "confirmed", mail.Booking, "booking_changed"},
	} {
		id := fmt.Sprintf("b-%d", i)
		before, after := someBooking("Kay & Fry", "held", now.Add(tt.from)), someBooking("Fry & Kay", tt.status, now.Add(tt.to))
		before["external_id"], after["external_id"], before["status"] = id, id, "confirmed"
		got := n.toldOf(t, n.crm, ours(id+"-1", "booking.created", 9, object{"booking": before}), ours(id+"-2", "booking.updated", 8, object{"booking": after}))
		if len(got) != 1 || got[0].Kind != string(tt.kind) || got[0].news(t).What != tt.announced {
			t.Errorf("%s: %+v", tt.what, got)
			continue
		}
		news := got[0].news(t)
		words := mail.SMS(news, mail.Brand{Name: "Kay Photography"}, "https://wedsync.example/app/weddings")
		said := ""
		switch {
		case tt.kind == mail.Booking:
			said = ""
		case tt.status == "cancelled":
			said = "It was cancelled"
		case tt.from != tt.to:
			said = "It now begins on "
		default:
			said = "It is now called Fry & Kay"
		}
		if !strings.HasPrefix(news.Detail, said) || (said == "") != (news.Detail == "") || tt.kind != mail.Booking && !strings.Contains(words, said[4:]) {
			t.Errorf("%s: %q, by SMS %q", tt.what, news.Detail, words)
		}
	}
}

func TestWhatNobodyIsToldOf(t *testing.T) {
	t.Parallel()
	n := newNode(t).start(t)
	source := func(t *testing.T, id string, source queries.DeliverySource, received time.Time, happened int) {
		t.Helper()
		d := n.delivery(n.crm, ours(id, "client.created", happened, object{"client": object{"external_id": id, "name": "Anna"}}), received)
		d.Source = source
		if _, err := n.door.Accept(t.Context(), []inbound.Delivery{d}); err != nil {
			t.Fatal(err)
		}
		n.settle(t)
	}
	const day = 24 * 60
	for _, tt := range []struct {
		what     string
		source   queries.DeliverySource
		received time.Duration
		happened int // minutes ago
		told     bool
	}{
		{"a call", queries.DeliverySourceHook, 0, 1, true},
		{"a call about long ago: whose clock is wrong is told of all the same", queries.DeliverySourceHook, 0, 400 * day, true},
		{"a test", queries.DeliverySourceTest, 0, 1, false},
		{"an import", queries.DeliverySourceImport, 0, 1, false},
		{"what waited for two days", queries.DeliverySourceHook, -2 * 24 * time.Hour, 3 * day, true},
		{"what waited for three days", queries.DeliverySourceHook, -3*24*time.Hour - time.Minute, 4 * day, false},
		{"what a look into their books found new", queries.DeliverySourcePoll, 0, 60, true},
		{"the first look into their books", queries.DeliverySourcePoll, 0, 400 * day, false},
		{"a gap that was read again", queries.DeliverySourceReadback, 0, 2 * day, true},
		{"an old gap that was read again", queries.DeliverySourceReadback, 0, 5 * day, false},
	} {
		before := len(n.announced(t))
		source(t, "x-"+uuid.NewString(), tt.source, time.Now().Add(tt.received), tt.happened)
		if got := len(n.announced(t)) - before; got != map[bool]int{true: 1}[tt.told] {
			t.Errorf("%s: %d notices", tt.what, got)
		}
	}
	// And what changes nothing: the same payment by another event.
	before := len(n.announced(t))
	n.tell(t, n.stripe, threeOfOnePayment()...)
	if got := len(n.announced(t)) - before; got != 1 {
		t.Errorf("one payment, told by three events, is %d notices", got)
	}
}

// What is applied again tells nothing again: after a crash, after a failure that passed, and by "Run again".
func TestWhatIsAppliedAgainIsNotAnnouncedAgain(t *testing.T) {
	t.Parallel()
	n := newNode(t).start(t)
	id := n.tell(t, n.crm, ours("e-1", "client.created", 5, object{"client": someClient("Anna")}))
	first := n.announced(t)
	if len(first) != 1 {
		t.Fatalf("%+v", first)
	}
	// As after a crash of the database that undid the rows and the delivery's fate, but not the notice: it left first.
	for range 2 {
		run(t, n.pool, "DELETE FROM clients WHERE org_id = $1", n.org)
		run(t, n.pool, "UPDATE webhook_logs SET status = 'failed', attempts = 1, forgiven = 0 WHERE id = $1", id)
		if reopened, err := queries.New(n.pool).ReopenDelivery(t.Context(), queries.ReopenDeliveryParams{OrgID: n.org, ID: id}); err != nil || len(reopened) != 1 {
			t.Fatalf("%v, %v", reopened, err)
		}
		n.enter(t, n.crm)
		n.settle(t)
		if name := ask[string](t, n.pool, "SELECT name FROM clients WHERE org_id = $1", n.org); name != "Anna" {
			t.Errorf("it was not applied again: %q", name)
		}
	}
	if again := n.announced(t); len(again) != 1 || again[0].ID != first[0].ID {
		t.Errorf("%+v", again)
	}
	if rows := ask[int](t, n.pool, "SELECT count(*) FROM notification_logs WHERE org_id = $1 AND channel = 'in_app'", n.org); rows != 1 {
		t.Errorf("the owner was told %d times", rows)
	}
	// A transaction that is taken back takes its notices along.
	n.refuse(t, "40001")
	failing := n.send(t, n.crm, ours("e-2", "client.created", 4, object{"client": object{"external_id": "c-2", "name": "Bo"}}))[0].ID
	eventually(t, "the attempt is told", func() bool { return n.fate(t, failing) == "failed 1: failed" })
	if got := len(n.announced(t)); got != 1 {
		t.Errorf("%d notices of what was not applied", got-1)
	}
	run(t, n.pool, "DROP TRIGGER refuse ON activities")
	n.settle(t)
	if got := len(n.announced(t)); got != 2 {
		t.Errorf("%d notices of what was applied at the second try", got-1)
	}
}

func TestARehearsalAnnouncesNothing(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.before(t)
	before, jobs := len(n.announced(t)), ask[int](t, n.pool, "SELECT count(*) FROM river_job")
	ids := n.everySort(t)
	if r, err := inbound.Rehearse(t.Context(), n.pool, n.org, ids); err != nil || len(r.Deliveries) != len(ids) {
		t.Fatalf("%+v, %v", r, err)
	}
	if got := len(n.announced(t)); got != before || before == 0 {
		t.Errorf("%d notices, before it %d", got, before)
	}
	if got := ask[int](t, n.pool, "SELECT count(*) FROM river_job"); got != jobs {
		t.Errorf("%d jobs, before it %d", got, jobs)
	}
}

func TestABatchIsAnnouncedAtOnce(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	var bodies [][]byte
	for i := range 100 {
		bodies = append(bodies, ours(fmt.Sprintf("e-%d", i), "client.created", 5, object{"client": object{"external_id": fmt.Sprintf("c-%d", i), "name": "Anna"}}))
	}
	n.send(t, n.crm, bodies...)
	n.start(t).settle(t)
	if notices := len(n.announced(t)); notices != 100 {
		t.Errorf("%d notices", notices)
	}
	const fanOuts = " FROM river_job WHERE kind = 'fan_out' AND args->>'org_id' = $1"
	jobs, named := ask[int](t, n.pool, "SELECT count(*)"+fanOuts, n.org.String()), ask[int](t, n.pool, "SELECT coalesce(sum(jsonb_array_length(args->'notice_ids')), 0)::int"+fanOuts, n.org.String())
	if jobs != 1 || named != 100 {
		t.Errorf("%d fan-outs name %d notices", jobs, named)
	}
}

// A little news for a few people is told in the transaction of what happened; for many, and while there is much of it, there
// is a job, and news that cannot be told there costs nothing of what it tells of. Each case has a node of its own, since a
// node remembers when an organisation last had news.
func TestAFewAreToldInTheTransactionItself(t *testing.T) {
	t.Parallel()
	for what, tt := range map[string]struct {
		members       int
		refused       bool // by the database, while the transaction runs
		jobs, inboxes int
	}{
		"an owner alone": {jobs: 0, inboxes: 1}, "twenty-six people": {members: 25, jobs: 1, inboxes: 26}, "telling fails": {refused: true, jobs: 1, inboxes: 1},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			n := newNode(t)
			inbox := func() int {
				return ask[int](t, n.pool, "SELECT count(*) FROM notification_logs WHERE org_id = $1 AND channel = 'in_app'", n.org)
			}
			for range tt.members {
				testdb.Member(t, n.pool, n.org, queries.RoleStaff)
			}
			if tt.refused {
				run(t, n.pool, "CREATE FUNCTION refuse_telling() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$")
				run(t, n.pool, "CREATE TRIGGER refuse BEFORE INSERT ON notification_logs FOR EACH ROW EXECUTE FUNCTION refuse_telling()")
			}
			n.start(t)
			n.tell(t, n.crm, ours("e-1", "client.created", 5, object{"client": object{"external_id": "c-1", "name": "Anna"}}))
			if name := ask[string](t, n.pool, "SELECT name FROM clients WHERE org_id = $1", n.org); name != "Anna" {
				t.Errorf("the client is %q", name)
			}
			if jobs := ask[int](t, n.pool, "SELECT count(*) FROM river_job WHERE kind = 'fan_out' AND args->>'org_id' = $1", n.org.String()); jobs != tt.jobs {
				t.Errorf("%d fan-outs, want %d", jobs, tt.jobs)
			}
			if tt.refused {
				run(t, n.pool, "DROP TRIGGER refuse ON notification_logs")
			}
			eventually(t, "everybody is told", func() bool { return inbox() == tt.inboxes })
		})
	}
}
