package inbound_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/queries"
)

// trouble is a delivery that waits for a person.
func (n *node) trouble(t *testing.T, connection uuid.UUID, status string, body []byte) uuid.UUID {
	t.Helper()
	d := n.delivery(connection, body, time.Now())
	id := uuid.Must(uuid.NewV7())
	run(t, n.pool, `INSERT INTO webhook_logs (org_id, id, connection_id, provider, event_id, event_type, status, attempts, error, cause, received_at, content_type, proof, body)
		VALUES ($1, $2, $3, $4, $5, $6, $7::delivery_status, CASE $7 WHEN 'dead' THEN 10 WHEN 'quarantined' THEN 0 ELSE 1 END, 'in words', 'in words', $8, $9, 'test', $10)`,
		n.org, id, connection, d.Provider, d.Peeked.EventID, d.Peeked.EventType, status, d.ReceivedAt, d.ContentType, body)
	return id
}

// before is a season, worked and at rest: nobody writes while it is looked at.
func (n *node) before(t *testing.T) {
	t.Helper()
	j := worker(t, n.pool)
	if err := j.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	n.tell(t, n.crm, bookingOf("e-1", 60, "Kay & Fry", "2027-06-12", "confirmed", 250_000))
	n.tell(t, n.crm, ours("e-0", "wedme.client.invited", 50, object{"invite": object{"external_id": "i-1", "couple": "Anna & Tom", "email": "anna@example.com"}}))
	n.tell(t, n.stripe,
		stripeEvent("evt_1", "charge.failed", 30, object{"id": "ch_1", "object": "charge", "amount": 50_000, "currency": "gbp", "failure_message": "No funds."}),
		stripeEvent("evt_2", "charge.succeeded", 20, charge("ch_2", nil, 0)),
		stripeEvent("evt_3", "refund.created", 15, refund("re_1", "pending", nil, "ch_2", 300)))
	if err := j.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func bookingOf(id string, minutesAgo int, title, day, status string, value int) []byte {
	return ours(id, "booking.updated", minutesAgo, object{
		"client":  object{"external_id": "c-1", "name": "Anna " + title, "partner_name": "Tom Fry", "email": "anna@example.com", "phone": "+447700900123"},
		"booking": object{"external_id": "b-1", "title": title, "start": day + "T12:00:00+01:00", "end": day + "T23:00:00+01:00", "timezone": "Europe/London", "venue": "Holm House", "status": status, "value": object{"amount": value, "currency": "GBP"}}})
}

// everySort is trouble of every sort that may be run again.
func (n *node) everySort(t *testing.T) (all []uuid.UUID) {
	t.Helper()
	return []uuid.UUID{
		n.trouble(t, n.crm, "failed", bookingOf("e-2", 10, "Fry & Kay", "2027-06-19", "cancelled", 260_000)),
		n.trouble(t, n.crm, "dead", ours("e-3", "client.created", 9, object{"client": object{"external_id": "c-2", "name": "Bo", "phone": "1"}})),
		n.trouble(t, n.crm, "quarantined", paidInOurShape("e-4", "p-4", 700)),
		n.trouble(t, n.crm, "failed", paidInOurShape("e-5", "p-5", 666)), // the database will not have it
		n.trouble(t, n.crm, "failed", []byte(`{"id":"e-6","type":"payment.completed","data":{"payment":{"external_id":"p","amount":"500.00"}}}`)),
		n.trouble(t, n.crm, "ignored", ours("e-7", "contract.signed", 5, object{"booking": object{"external_id": "b-1"}})),
		n.trouble(t, n.crm, "failed", ours("e-8", "wedme.vendor.signup", 4, object{"invite": object{"external_id": "i-1", "couple": "Anna & Tom"}})),
		n.trouble(t, n.crm, "failed", ours("e-9", "wedme.client.invited", 3, object{"invite": object{"external_id": "i-2", "couple": "Bo & Cy", "email": "bo@example.com"}})),
		n.trouble(t, n.stripe, "failed", stripeEvent("evt_4", "payment_intent.succeeded", 10, intent("pi_1", "ch_2", "ch_1"))), // joins two rows
		n.trouble(t, n.stripe, "failed", stripeEvent("evt_5", "refund.updated", 5, refund("re_1", "succeeded", "pi_1", "ch_2", 300))),
	}
}

func (n *node) refuse666(t *testing.T) {
	t.Helper()
	run(t, n.pool, `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.amount_minor = 666 THEN RAISE 'not now' USING ERRCODE = '55000'; END IF; RETURN NEW; END $$`)
	run(t, n.pool, `CREATE TRIGGER refuse BEFORE INSERT ON payments FOR EACH ROW EXECUTE FUNCTION refuse()`)
}

// contents is every table's rows with the transaction that wrote each.
func (n *node) contents(t *testing.T) map[string]string {
	t.Helper()
	rows, err := n.pool.Query(t.Context(), "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, table := range tables {
		all[table] = ask[string](t, n.pool, "SELECT count(*) || ' ' || md5(coalesce(string_agg(t.xmin || t::text, E'\n' ORDER BY t::text), '')) FROM "+pgx.Identifier{table}.Sanitize()+" t")
	}
	return all
}

func TestARehearsalLeavesNothing(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.before(t)
	n.refuse666(t)
	ids := n.everySort(t)
	listener, err := pgx.ConnectConfig(t.Context(), n.pool.Config().ConnConfig.Copy())
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close(context.WithoutCancel(t.Context())) //nolint:errcheck // it only listens
	run := func(statement string) {
		if _, err := listener.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	for _, channel := range []string{"live", "river_insert", "river_control", "marker"} {
		run("LISTEN " + channel)
	}
	before := n.contents(t)
	got, err := inbound.Rehearse(t.Context(), n.pool, n.org, ids)
	if err != nil || len(got.Deliveries) != len(ids) {
		t.Fatalf("%d deliveries, %v", len(got.Deliveries), err)
	}
	run("NOTIFY marker")
	if heard, err := listener.WaitForNotification(t.Context()); err != nil || heard.Channel != "marker" {
		t.Errorf("somebody was woken: %+v, %v", heard, err)
	}
	for table, print := range n.contents(t) {
		if before[table] != print {
			t.Errorf("%s has changed: %s, now %s", table, before[table], print)
		}
	}
	if held := ask[int](t, n.pool, "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database WHERE d.datname = current_database() AND l.locktype = 'advisory'"); held != 0 {
		t.Errorf("%d lanes are still held", held)
	}
	if n := len(n.contents(t)); n < 15 {
		t.Errorf("only %d tables were looked at", n)
	}
}

func TestARehearsalComesTrue(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.before(t)
	n.refuse666(t)
	ids := n.everySort(t)
	rehearsal, err := inbound.Rehearse(t.Context(), n.pool, n.org, ids)
	if err != nil {
		t.Fatal(err)
	}
	before, told := n.values(t), n.told(t)
	n.again(t, ids)
	n.start(t)
	eventually(t, "all are settled", func() bool {
		return ask[int](t, n.pool, "SELECT count(*) FROM webhook_logs WHERE status = 'accepted'") == 0
	})

	var promised, kinds []string
	joined := 0
	for _, d := range rehearsal.Deliveries {
		fate := ask[string](t, n.pool, "SELECT status || ' ' || error || ' ' || (next_try_at IS NOT NULL) FROM webhook_logs WHERE id = $1", d.ID)
		if want := fmt.Sprintf("%s %s %t", d.Status, d.Words, !d.NextTryAt.IsZero()); fate != want {
			t.Errorf("%s: %s, rehearsed as %s", d.EventID, fate, want)
		}
		for _, c := range d.Changes {
			if c.What == "payment" && c.After == 1 {
				joined += c.Before.(int) - 1
				continue
			}
			promised = append(promised, fmt.Sprintf("%s %s: %s → %s", c.What, c.Field, plain(c.Before), plain(c.After)))
		}
		for _, m := range d.Messages {
			kinds = append(kinds, m.Told.Kind)
		}
	}
	var came []string
	after := n.values(t)
	gone := map[string]bool{}
	for key := range before {
		if rest, isPayment := strings.CutPrefix(key, "payment/"); isPayment && after[key] == "" && after["payment/"+strings.Split(rest, "/")[0]+"/how it stands"] == "" {
			gone[strings.Split(rest, "/")[0]] = true
		}
	}
	for key := range merged(before, after) {
		part := strings.Split(key, "/")
		if was, now := before[key], after[key]; was != now && !gone[part[1]] {
			came = append(came, fmt.Sprintf("%s %s: %s → %s", part[0], part[2], was, now))
		}
	}
	slices.Sort(promised)
	slices.Sort(came)
	if !slices.Equal(promised, came) {
		t.Errorf("rehearsed\n%s\n\ncame\n%s", strings.Join(promised, "\n"), strings.Join(came, "\n"))
	}
	if joined != 1 || len(gone) != 1 {
		t.Errorf("%d rows were to be joined, %d are gone", joined, len(gone))
	}
	slices.Sort(kinds)
	if now := without(n.told(t), told); !slices.Equal(kinds, now) {
		t.Errorf("told %v, rehearsed %v", now, kinds)
	}
	if len(promised) < 15 {
		t.Errorf("only %d fields: %v", len(promised), promised)
	}
}

// again runs deliveries again, as the page does.
func (n *node) again(t *testing.T, ids []uuid.UUID) {
	t.Helper()
	err := pgx.BeginFunc(t.Context(), n.pool, func(tx pgx.Tx) error {
		rows, err := queries.New(tx).ReopenChosen(t.Context(), queries.ReopenChosenParams{OrgID: n.org, Ids: ids})
		var lanes []inbound.Lane
		var count int64
		for _, row := range rows {
			lanes, count = append(lanes, inbound.Lane{OrgID: n.org, ConnectionID: row.ConnectionID}), count+row.Deliveries
		}
		if err != nil || count != int64(len(ids)) {
			return fmt.Errorf("%d of %d were reopened: %w", count, len(ids), err)
		}
		return inbound.Enter(t.Context(), tx, n.jobs.River, lanes)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// values is every field of every row that a delivery may change, as kind/row/field, read past the code under test.
func (n *node) values(t *testing.T) map[string]string {
	t.Helper()
	rows, err := n.pool.Query(t.Context(), `
		SELECT 'client/' || external_id || '/' || f, v FROM clients, LATERAL (VALUES ('name', name), ('partner''s name', partner_name), ('e-mail', email), ('phone', phone), ('removed', nullif(deleted::text, 'false'))) AS x(f, v) WHERE org_id = $1
		UNION ALL SELECT 'booking/' || external_id || '/' || f, v FROM bookings, LATERAL (VALUES ('title', title), ('client''s id', client_external_id), ('starts', to_char(starts_local, 'YYYY-MM-DD HH24:MI')),
			('ends', to_char(ends_local, 'YYYY-MM-DD HH24:MI')), ('time zone', timezone), ('venue', venue), ('team or room', resource), ('how it stands', status::text), ('value', value_minor || ' ' || value_currency)) AS x(f, v) WHERE org_id = $1
		UNION ALL SELECT 'payment/' || id || '/' || f, v FROM payments, LATERAL (VALUES ('how it stands', status::text), ('amount', amount_minor || ' ' || currency), ('paid at', to_char(paid_at AT TIME ZONE 'Europe/London', 'YYYY-MM-DD HH24:MI')),
			('booking''s id', booking_external_id), ('paid by', payer_name), ('payer''s e-mail', payer_email), ('what for', description), ('why it failed', failure), ('refunded', nullif(refunded_minor || ' ' || currency, '0 ' || currency))) AS x(f, v) WHERE org_id = $1
		UNION ALL SELECT 'refund/' || external_id || '/' || f, v FROM payment_refunds, LATERAL (VALUES ('how it stands', status::text), ('amount', amount_minor || ' ' || currency)) AS x(f, v) WHERE org_id = $1
		UNION ALL SELECT 'invite/' || external_id || '/' || f, v FROM vendor_invites, LATERAL (VALUES ('couple', couple), ('e-mail', email), ('accepted', CASE status WHEN 'accepted' THEN 'true' END)) AS x(f, v) WHERE org_id = $1`, n.org)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	var key string
	var value *string
	_, err = pgx.ForEachRow(rows, []any{&key, &value}, func() error {
		if value != nil && *value != "" {
			all[key] = *value
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func (n *node) told(t *testing.T) []string {
	t.Helper()
	return strings.Fields(ask[string](t, n.pool, "SELECT coalesce(string_agg(kind, ' ' ORDER BY kind), '') FROM activities WHERE org_id = $1", n.org))
}

func without(all, some []string) []string {
	left := slices.Clone(all)
	for _, s := range some {
		if i := slices.Index(left, s); i >= 0 {
			left = slices.Delete(left, i, i+1)
		}
	}
	return left
}

func merged(a, b map[string]string) map[string]string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// plain is a value as values reads it from the database.
func plain(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case queries.Money:
		return fmt.Sprint(v.Minor, " ", v.Currency)
	case time.Time:
		return v.Format("2006-01-02 15:04")
	default:
		return fmt.Sprint(v)
	}
}

func TestARehearsalKnowsNothingOfOthersDeliveries(t *testing.T) {
	t.Parallel()
	n, other := newNode(t), uuid.New()
	n.before(t)
	ids := n.everySort(t)
	got, err := inbound.Rehearse(t.Context(), n.pool, other, ids)
	if err != nil || len(got.Deliveries) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := inbound.Rehearse(t.Context(), n.pool, n.org, make([]uuid.UUID, inbound.MostRehearsed+1)); err == nil {
		t.Error("there is no bound")
	}
}

func TestWhatIsAppliedOrWaitsIsNotRehearsed(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.before(t)
	applied := ask[uuid.UUID](t, n.pool, "SELECT id FROM webhook_logs WHERE org_id = $1 AND event_id = 'e-1'", n.org)
	waiting := n.send(t, n.crm, paidInOurShape("e-9", "p-9", 100))[0].ID
	got, err := inbound.Rehearse(t.Context(), n.pool, n.org, []uuid.UUID{applied, waiting})
	if err != nil || len(got.Deliveries) != 2 || !got.Deliveries[0].Left || !got.Deliveries[1].Left || len(got.Deliveries[1].Changes) > 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

// Two hundred that were given up are run again, and the node that takes them dies: each is applied, and once. Their ten
// attempts of before do not count: they would be given up unread.
func TestCase11ASetOfTwoHundredIsRunAgainAndTheNodeDies(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	var ids []uuid.UUID
	for i := range 200 {
		ids = append(ids, n.trouble(t, n.crm, []string{"dead", "failed"}[i%2], paidInOurShape(fmt.Sprintf("e-%d", i), fmt.Sprintf("p-%d", i), 100)))
	}
	n.again(t, ids)
	n.workedBy(t, "a node that is dead")
	n.start(t)
	n.settle(t)
	if got := n.figures(t); got.Paid != 20_000 || got.Unread != 0 || n.payments(t) != 200 {
		t.Errorf("%+v in %d rows", got, n.payments(t))
	}
	once := ask[int](t, n.pool, `SELECT count(*) FROM webhook_logs w WHERE w.org_id = $1 AND w.status = 'applied'
		AND (SELECT count(*) FROM webhook_attempts a WHERE a.org_id = w.org_id AND a.delivery_id = w.id AND a.outcome = 'applied') = 1`, n.org)
	told := ask[int](t, n.pool, "SELECT count(*) FROM activities WHERE org_id = $1 AND kind = 'payment_completed'", n.org)
	if once != 200 || told != 200 {
		t.Errorf("%d were applied once, %d told", once, told)
	}
}

// What fails again after it was given up has its tries before it once more.
func TestWhatIsRunAgainHasAllItsTries(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.refuse666(t)
	id := n.trouble(t, n.crm, "dead", paidInOurShape("e-1", "p-1", 666))
	n.again(t, []uuid.UUID{id})
	n.start(t)
	eventually(t, "it is set aside", func() bool { return strings.HasPrefix(n.fate(t, id), "failed") })
	if wait := ask[float64](t, n.pool, "SELECT extract(epoch FROM next_try_at - now())::float8 FROM webhook_logs WHERE id = $1", id); wait > 20 {
		t.Errorf("its first try comes in %.0f s", wait)
	}
	run(t, n.pool, "DROP TRIGGER refuse ON payments")
	eventually(t, "it is applied", func() bool { return strings.HasPrefix(n.fate(t, id), "applied") })
}

// One press is bounded, and the next one takes the rest.
func TestASetIsReopenedUpToItsBound(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	for i := range 5 {
		n.trouble(t, n.crm, "failed", paidInOurShape(fmt.Sprintf("e-%d", i), fmt.Sprintf("p-%d", i), 100))
	}
	for press, want := range []int64{3, 2, 0} {
		rows, err := queries.New(n.pool).ReopenTrouble(t.Context(), queries.ReopenTroubleParams{OrgID: n.org, Most: 3})
		var got int64
		for _, row := range rows {
			got += row.Deliveries
		}
		if err != nil || got != want {
			t.Errorf("press %d reopened %d, want %d, %v", press+1, got, want, err)
		}
	}
}

// panics where a delivery's fate would be written, in the middle of a rehearsal.
type panics struct{}

func (panics) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	if strings.Contains(data.SQL, "name: SettleDeliveries") {
		panic("in the middle")
	}
	return ctx
}

func (panics) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func TestARehearsalThatPanicsOrRunsOutOfTimeLeavesNothing(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.before(t)
	ids := n.everySort(t)
	config := n.pool.Config()
	config.ConnConfig.Tracer = panics{}
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	before := n.contents(t)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("it did not panic")
			}
		}()
		_, err := inbound.Rehearse(t.Context(), pool, n.org, ids)
		t.Errorf("it ended: %v", err)
	}()
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := inbound.Rehearse(over, n.pool, n.org, ids); err == nil {
		t.Error("a rehearsal without time came to an end")
	}
	if after := n.contents(t); !maps.Equal(before, after) {
		t.Errorf("%v, now %v", before, after)
	}
	eventually(t, "the lane is free", func() bool {
		return ask[int](t, n.pool, "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database WHERE d.datname = current_database() AND l.locktype = 'advisory'") == 0
	})
	if held := pool.Stat().AcquiredConns(); held != 0 {
		t.Errorf("%d connections were not given back", held)
	}
}
