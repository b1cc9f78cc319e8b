package inbound_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/testdb"
)

func paidInOurShape(id, payment string, minor int) []byte {
	return ours(id, "payment.completed", 5, object{"payment": object{"external_id": payment, "amount": minor, "currency": "GBP"}})
}

// refuse makes every write of a payment fail with this SQLSTATE until the test says otherwise.
func (n *node) refuse(t *testing.T, sqlstate string) {
	t.Helper()
	run(t, n.pool, `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not now' USING ERRCODE = '`+sqlstate+`'; END $$`)
	run(t, n.pool, `CREATE TRIGGER refuse AFTER INSERT OR UPDATE ON activities FOR EACH ROW EXECUTE FUNCTION refuse()`)
}

func TestEveryFate(t *testing.T) {
	t.Parallel()
	n := newNode(t).start(t)
	tests := []struct {
		what        string
		connection  uuid.UUID
		body, fate  string
		words, kind string
	}{
		{"applied", n.crm, string(paidInOurShape("e-1", "p-1", 500)), "applied 1: applied", "", "payment.completed"},
		{"ignored", n.stripe, string(stripeEvent("evt-2", "customer.tax_id.created", 0, object{"id": "txi"})), "ignored 1: ignored", "does not use events of type", "customer.tax_id.created"},
		{"wrong shape", n.crm, `{"id":"e-3","type":"payment.completed","data":{"payment":{"external_id":"p-3","amount":"500.00"}}}`, "failed 1: failed", "amount", "payment.completed"},
		{"no JSON at all", n.crm, `{"id":`, "failed 1: failed", "JSON", ""},
		{"nothing of what the type is about", n.crm, `{"id":"e-5","type":"booking.created","data":{}}`, "failed 1: failed", "data.booking is missing", "booking.created"},
	}
	for _, tt := range tests {
		id := n.tell(t, tt.connection, []byte(tt.body))
		if got := n.fate(t, id); got != tt.fate {
			t.Errorf("%s: %s", tt.what, got)
		}
		row, err := queries.New(n.pool).DeliveryByID(t.Context(), queries.DeliveryByIDParams{OrgID: n.org, ID: id})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(row.Error, tt.words) || (row.Error == "") != (tt.words == "") || row.EventType != tt.kind || string(row.Body) != tt.body {
			t.Errorf("%s: %q, %q", tt.what, row.EventType, row.Error)
		}
		if applied := row.AppliedAt != nil; applied != (row.Status == queries.DeliveryStatusApplied) || applied != (row.Normalised != nil) {
			t.Errorf("%s: applied at %v, normalised %s", tt.what, row.AppliedAt, row.Normalised)
		}
	}
	if got := n.figures(t); got != (figures{Paid: 500, Unread: 3}) {
		t.Errorf("%+v", got)
	}
}

func TestWhatMayPassIsTriedAgainAndLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	n := newNode(t).start(t)
	n.refuse(t, "40001")
	id := n.send(t, n.crm, paidInOurShape("e-1", "p-1", 500))[0].ID
	eventually(t, "the attempt is told", func() bool { return n.fate(t, id) == "failed 1: failed" })
	for _, table := range []string{"payments", "payment_names", "activities"} {
		if left := ask[int](t, n.pool, "SELECT count(*) FROM "+table+" WHERE org_id = $1", n.org); left != 0 {
			t.Errorf("%d %s were left behind", left, table)
		}
	}
	words := ask[string](t, n.pool, "SELECT error FROM webhook_logs WHERE id = $1", id)
	if !strings.Contains(words, "tries again by itself") || strings.Contains(words, "not now") {
		t.Errorf("%q", words)
	}
	run(t, n.pool, "DROP TRIGGER refuse ON activities")
	n.settle(t)
	if got := n.fate(t, id); got != "applied 2: failed, applied" {
		t.Error(got)
	}
	if got := n.figures(t); got != (figures{Paid: 500}) {
		t.Errorf("%+v", got)
	}
	if words := ask[string](t, n.pool, "SELECT error FROM webhook_logs WHERE id = $1", id); words != "" {
		t.Errorf("applied, and still says %q", words)
	}
}

func TestWhatWasTriedTooOftenIsDeadAndMayRunAgain(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.refuse(t, "40001")
	id := n.send(t, n.crm, paidInOurShape("e-1", "p-1", 500))[0].ID
	run(t, n.pool, "UPDATE webhook_logs SET attempts = 9")
	n.start(t).settle(t)
	if got := n.fate(t, id); got != "dead 10: dead" {
		t.Error(got)
	}
	run(t, n.pool, "DROP TRIGGER refuse ON activities")
	for _, org := range []uuid.UUID{testdb.Org(t, n.pool).ID, uuid.New()} {
		if theirs, err := queries.New(n.pool).ReopenDelivery(t.Context(), queries.ReopenDeliveryParams{OrgID: org, ID: id}); err != nil || len(theirs) != 0 {
			t.Errorf("another organisation reopened it: %v, %v", theirs, err)
		}
	}
	reopened, err := queries.New(n.pool).ReopenDelivery(t.Context(), queries.ReopenDeliveryParams{OrgID: n.org, ID: id})
	if err != nil || len(reopened) != 1 {
		t.Fatalf("%v, %v", reopened, err)
	}
	n.enter(t, n.crm)
	n.settle(t)
	if got := n.fate(t, id); got != "applied 11: dead, applied" {
		t.Error(got)
	}
	again, err := queries.New(n.pool).ReopenDelivery(t.Context(), queries.ReopenDeliveryParams{OrgID: n.org, ID: id})
	if err != nil || len(again) != 0 {
		t.Errorf("an applied delivery may run again: %v, %v", again, err)
	}
}

// What Postgres refuses once it refuses always: no retry, and words.
func TestAValueThatDoesNotFitFailsAtOnce(t *testing.T) {
	t.Parallel()
	n := newNode(t).start(t)
	n.refuse(t, "22003")
	id := n.tell(t, n.crm, paidInOurShape("e-1", "p-1", 500))
	if got := n.fate(t, id); got != "failed 1: failed" {
		t.Error(got)
	}
	if retries := ask[int](t, n.pool, "SELECT count(*) FROM river_job WHERE kind = 'apply_delivery'"); retries != 0 {
		t.Errorf("%d retries of what will never fit", retries)
	}
}

// A run that failed beside one that succeeded must not take its success back.
func TestALateFailureDoesNotUndoWhatWasApplied(t *testing.T) {
	t.Parallel()
	n := newNode(t).start(t)
	id := n.tell(t, n.crm, paidInOurShape("e-1", "p-1", 500))
	inbound.SetAsideForTest(t, n.pool, inbound.Lane{OrgID: n.org, ConnectionID: n.crm}, id)
	n.applied(t, id)
}

func TestOneEventIsOneDeliveryPerConnection(t *testing.T) {
	t.Parallel()
	n := newNode(t).start(t)
	other := testdb.Connection(t, n.pool, n.org, queries.ProviderCustom)
	body := paidInOurShape("e-1", "p-1", 500)
	first := n.send(t, n.crm, body)[0]
	again := n.send(t, n.crm, body, body)
	if first.Duplicate || !again[0].Duplicate || !again[1].Duplicate || again[0].ID != first.ID || again[1].ID != first.ID {
		t.Errorf("%v, then %v", first, again)
	}
	if elsewhere := n.send(t, other, body)[0]; elsewhere.Duplicate || elsewhere.ID == first.ID {
		t.Error("the same id on another connection is another event")
	}
	n.settle(t)
	if got := n.figures(t); got.Paid != 1000 {
		t.Errorf("%+v: two connections' payments of one name are two", got)
	}
}

func TestOneEventFromManyAtOnceIsOne(t *testing.T) {
	t.Parallel()
	n := newNode(t).start(t)
	body := paidInOurShape("e-1", "p-1", 500)
	receipts := make([]inbound.Receipt, 24)
	var all sync.WaitGroup
	for i := range receipts {
		all.Go(func() {
			got, err := n.door.Accept(t.Context(), []inbound.Delivery{n.delivery(n.crm, body, time.Now())})
			if err != nil {
				t.Error(err)
				return
			}
			receipts[i] = got[0]
		})
	}
	all.Wait()
	fresh := 0
	for _, r := range receipts {
		if r.ID != receipts[0].ID {
			t.Errorf("another id: %s", r.ID)
		}
		if !r.Duplicate {
			fresh++
		}
	}
	n.settle(t)
	if got := n.figures(t); fresh != 1 || got.Paid != 500 {
		t.Errorf("%d were taken for new, %+v", fresh, got)
	}
	n.applied(t, receipts[0].ID)
}

func TestDeliveriesWithoutIDsAreKnownByTheirBodyForADay(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	body := []byte(`{"event":"new_lead","name":"Anna Kay","email":"a@example.com"}`)
	sameInOtherWords := []byte("{\"email\":\"a@example.com\",  \"name\":\"Anna Kay\",\n\"event\":\"new_lead\"}")
	midnight := time.Date(2026, 10, 3, 0, 0, 0, 0, time.UTC)
	tests := []struct {
		what      string
		body      []byte
		at        time.Time
		duplicate bool
	}{
		{"just before midnight", body, midnight.Add(-time.Second), false},
		{"at once again", body, midnight.Add(-time.Second), true},
		{"just after midnight", body, midnight.Add(time.Second), true},
		{"written in another order", sameInOtherWords, midnight.Add(time.Hour), true},
		{"another body", []byte(`{"event":"new_lead","name":"Zofia"}`), midnight.Add(time.Second), false},
		{"nearly a day later", body, midnight.Add(24*time.Hour - 2*time.Second), true},
		{"more than a day later", body, midnight.Add(24*time.Hour + time.Minute), false},
		{"and that one again", body, midnight.Add(24*time.Hour + 2*time.Minute), true},
	}
	for _, tt := range tests {
		d := n.delivery(n.crm, tt.body, tt.at)
		d.Peeked = inbound.Peek(d.Provider, http.Header{"Content-Type": {"application/json"}}, tt.body, tt.at)
		receipts, err := n.door.Accept(t.Context(), []inbound.Delivery{d})
		if err != nil {
			t.Fatal(err)
		}
		if receipts[0].Duplicate != tt.duplicate {
			t.Errorf("%s: duplicate is %t", tt.what, receipts[0].Duplicate)
		}
	}
	if rows := ask[int](t, n.pool, "SELECT count(*) FROM webhook_logs WHERE org_id = $1", n.org); rows != 3 {
		t.Errorf("%d rows", rows)
	}
}
