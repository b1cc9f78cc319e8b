package inbound_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/queries"
	"github.com/wedsync/wedsync/queries/testdb"
)

// theRows of a connection, without what only says when and as which row something was first written down.
const theRows = `
	SELECT string_agg(r, E'\n' ORDER BY r) FROM (
		SELECT 'client ' || (to_jsonb(c) - '{org_id,id,connection_id,created_at,updated_at}'::text[])::text AS r FROM clients c WHERE org_id = $1 AND connection_id = $2
		UNION ALL SELECT 'booking ' || (to_jsonb(b) - '{org_id,id,connection_id,created_at,updated_at}'::text[])::text FROM bookings b WHERE org_id = $1 AND connection_id = $2
		UNION ALL SELECT 'payment ' || (to_jsonb(p) - '{org_id,id,connection_id,created_at,updated_at}'::text[])::text ||
			(SELECT string_agg(n.name, ' ' ORDER BY n.name) FROM payment_names n WHERE n.org_id = $1 AND n.payment_id = p.id) ||
			coalesce((SELECT string_agg((to_jsonb(f) - '{org_id,payment_id}'::text[])::text, ' ' ORDER BY f.external_id) FROM payment_refunds f WHERE f.org_id = $1 AND f.payment_id = p.id), '')
			FROM payments p WHERE org_id = $1 AND connection_id = $2) rows(r)`

// aStory is what a CRM says of one booking, its client and their money, oldest first.
func aStory() [][]byte {
	client := func(name, partner string) object {
		return object{"external_id": "c-1", "name": name, "partner_name": partner}
	}
	booking := func(title, day, status string) object {
		return object{"external_id": "b-1", "title": title, "start": day + "T12:00", "timezone": "Europe/London", "status": status, "value": object{"amount": 250_000, "currency": "GBP"}}
	}
	payment := object{"external_id": "p-1", "amount": 50_000, "currency": "GBP"}
	return [][]byte{
		ours("e-1", "booking.created", 50, object{"client": client("Anna Kay", ""), "booking": booking("Kay", "2027-06-12", "held")}),
		ours("e-2", "booking.updated", 40, object{"client": client("Anna Kay", "Tom Fry"), "booking": booking("Kay & Fry", "2027-06-19", "confirmed"), "payment": object{"external_id": "p-1", "status": "pending"}}),
		ours("e-3", "booking.cancelled", 30, object{"booking": booking("Kay & Fry", "2027-06-19", "confirmed")}),
		ours("e-4", "payment.completed", 20, object{"payment": payment}),
		ours("e-5", "payment.refunded", 10, object{"payment": payment, "refund": object{"external_id": "r-1", "amount": 20_000}}),
	}
}

func permutations(n int) (all [][]int) {
	if n == 0 {
		return [][]int{nil}
	}
	for _, shorter := range permutations(n - 1) {
		for at := range n {
			all = append(all, append(append(append([]int{}, shorter[:at]...), n-1), shorter[at:]...))
		}
	}
	return all
}

// Every order of arrival, through the door and the worker: a connection for each order, a round for each place in it.
func TestOlderStateNeverOverwritesNewerInAnyOrderOfArrival(t *testing.T) {
	t.Parallel()
	n := newNode(t).start(t)
	story, orders := aStory(), permutations(5)
	connections := make([]uuid.UUID, len(orders))
	for i := range connections {
		connections[i] = testdb.Connection(t, n.pool, n.org, queries.ProviderCustom)
	}
	for round := range story {
		var batch []inbound.Delivery
		for i, order := range orders {
			batch = append(batch, n.delivery(connections[i], story[order[round]], time.Now()))
		}
		if _, err := n.door.Accept(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
		n.settle(t)
	}
	want := ask[string](t, n.pool, theRows, n.org, connections[0])
	for _, part := range []string{`"title": "Kay & Fry"`, `"status": "cancelled"`, `2027-06-19`, `"partner_name": "Tom Fry"`, `"status": "completed"`, `"refunded_minor": 20000`} {
		if !strings.Contains(want, part) {
			t.Errorf("no %s in\n%s", part, want)
		}
	}
	for i, order := range orders {
		if got := ask[string](t, n.pool, theRows, n.org, connections[i]); got != want {
			t.Fatalf("%v:\n%s\nwant\n%s", order, got, want)
		}
	}
	if left := ask[int](t, n.pool, "SELECT count(*) FROM webhook_logs WHERE org_id = $1 AND status <> 'applied'", n.org); left != 0 {
		t.Errorf("%d were not applied", left)
	}
}

func TestTheWholeStoryAtOnceEndsInTheSameRows(t *testing.T) {
	t.Parallel()
	n := newNode(t).start(t)
	story := aStory()
	n.tell(t, n.crm, story...)
	want := ask[string](t, n.pool, theRows, n.org, n.crm)
	for range 20 {
		connection := testdb.Connection(t, n.pool, n.org, queries.ProviderCustom)
		n.send(t, connection, append(story, story...)...)
		n.settle(t)
		if got := ask[string](t, n.pool, theRows, n.org, connection); got != want {
			t.Fatalf("%s\nwant\n%s", got, want)
		}
	}
}

func TestALateUpdateDoesNotRaiseADeletedClient(t *testing.T) {
	t.Parallel()
	client := object{"client": object{"external_id": "c-1", "name": "Anna Kay", "email": "a@example.com"}}
	renamed := object{"client": object{"external_id": "c-1", "name": "Anna Fry"}}
	created, updated, deleted := ours("e-1", "client.created", 30, client), ours("e-2", "client.updated", 20, renamed), ours("e-3", "client.deleted", 10, client)
	for _, order := range permutations(3) {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			n := newNode(t).start(t)
			for _, i := range order {
				n.applied(t, n.tell(t, n.crm, [][]byte{created, updated, deleted}[i]))
			}
			// Even one that happened after the removal only changes the words on the stone.
			n.tell(t, n.crm, ours("e-4", "client.updated", 0, renamed))
			if got := n.figures(t); got.Clients != 0 {
				t.Errorf("%v: %+v", order, got)
			}
			n.tell(t, n.crm, ours("e-5", "client.created", 0, client))
			if got := n.figures(t); got.Clients != 1 {
				t.Errorf("%v: created anew: %+v", order, got)
			}
		})
	}
}

// Events of one list that do not say when they happened, happened in the order in which they stand, also where their ids
// would sort otherwise (a request's tenth event before its second).
func TestTheLastOfAListWins(t *testing.T) {
	t.Parallel()
	n := newNode(t).start(t)
	for _, id := range []string{"", "request-1"} {
		connection := testdb.Connection(t, n.pool, n.org, queries.ProviderCustom)
		var list []object
		for i := range 12 {
			list = append(list, object{"type": "booking.updated", "data": object{"booking": object{"external_id": "b-1", "title": fmt.Sprintf("Title %d", i+1)}}})
		}
		body, err := json.Marshal(list)
		if err != nil {
			t.Fatal(err)
		}
		h := http.Header{"Content-Type": {"application/json"}}
		if id != "" {
			h.Set("Idempotency-Key", id)
		}
		arrived := inbound.Arrivals(n.delivery(connection, body, time.Now()), h)
		if _, err := n.door.Accept(t.Context(), arrived); err != nil || len(arrived) != 12 {
			t.Fatalf("%d arrived, %v", len(arrived), err)
		}
		n.settle(t)
		if got := ask[string](t, n.pool, "SELECT title FROM bookings WHERE connection_id = $1", connection); got != "Title 12" {
			t.Errorf("id %q: %s won", id, got)
		}
	}
}
