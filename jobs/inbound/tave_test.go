package inbound_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/queries"
)

func TestABellIsReadBackIntoABooking(t *testing.T) {
	t.Parallel()
	s := started(t)
	job := s.vsco.NewJob(theDay, "booked", 2500, s.later())
	bell := s.bell(t, target(job))
	if got := s.stands(t, bell); got != "applied: " {
		t.Errorf("the bell: %s", got)
	}
	if got := s.booking(t, job); !strings.HasPrefix(got, "2027-06-12 confirmed of ") || strings.HasSuffix(got, "nobody") {
		t.Errorf("the booking: %s", got)
	}
	if n := ask[int](t, s.pool, `SELECT count(*) FROM webhook_attempts WHERE org_id = $1 AND delivery_id = $2 AND outcome = 'applied'`, s.org, bell); n != 1 {
		t.Errorf("%d attempts", n)
	}
	// The clock finds the same version, and a second bell too: one delivery.
	s.poll(t)
	s.bell(t, `{"event":"job.created","id":"`+job+`"}`)
	if got := s.readBack(t); len(got) != 1 {
		t.Errorf("stored %q", got)
	}
}

// What a bell says is never believed: whoever knows the address can make us look, and nothing else.
func TestAForgedBellChangesNothing(t *testing.T) {
	t.Parallel()
	s := started(t)
	job := s.vsco.NewJob(theDay, "booked", 2500, s.later())
	s.bell(t, target(job))
	before := s.booking(t, job)
	forged := s.bell(t, `{"event":"job.created","id":"`+job+`","stage":"lead","eventDate":"2030-01-01","closed":true,"totalRevenue":1}`)
	if got := s.booking(t, job); got != before || s.stands(t, forged) != "applied: " {
		t.Errorf("%s, before %s; %s", got, before, s.stands(t, forged))
	}
	foreign := s.bell(t, target("01h35ccwymj5ctckp8px1azhg6"))
	if got := s.stands(t, foreign); !strings.Contains(got, "failed: Tave has no record 01h35ccwymj5ctckp8px1azhg6 for this connection's API key") {
		t.Errorf("another studio's record: %s", got)
	}
	if next := ask[*time.Time](t, s.pool, `SELECT next_try_at FROM webhook_logs WHERE org_id = $1 AND id = $2`, s.org, foreign); next != nil {
		t.Error("it is tried again, for ever")
	}
}

func TestABellWithoutARecordPolls(t *testing.T) {
	t.Parallel()
	s := started(t)
	job := s.vsco.NewJob(theDay, "lead", 0, s.later())
	bell := s.bell(t, `{"hello":"there"}`)
	if got := s.booking(t, job); !strings.HasPrefix(got, "2027-06-12 enquiry 0") || !strings.HasPrefix(s.stands(t, bell), "ignored: Tave rang without naming") {
		t.Errorf("%s; %s", got, s.stands(t, bell))
	}
}

func TestEachKindOfRecordIsFoundByItsIDAlone(t *testing.T) {
	t.Parallel()
	s := started(t)
	job := s.vsco.NewJob(theDay, "lead", 0, s.later())
	payment := s.vsco.Add("payment", map[string]any{"jobId": job, "status": "posted", "amount": 0, "refundedAmount": 0, "received": "2026-12-02"}, s.later())
	contact := s.vsco.Add("address-book", map[string]any{"kind": "person", "firstName": "Ida", "lastName": "Holm", "email": "ida@example.com"}, s.later())
	order := s.vsco.Add("order", map[string]any{"jobId": job, "status": "open", "bookedOn": "2026-12-01"}, s.later())
	s.vsco.Change("job", job, map[string]any{"stage": "booked"}, s.later())
	for _, id := range []string{payment, contact, order} {
		if got := s.stands(t, s.bell(t, target(id))); got != "applied: " {
			t.Errorf("%s: %s", id, got)
		}
	}
	if n := ask[int](t, s.pool, `SELECT (SELECT count(*) FROM payments WHERE org_id = $1 AND connection_id = $2) + (SELECT count(*) FROM clients WHERE org_id = $1 AND connection_id = $2 AND name = 'Ida Holm')`, s.org, s.tave); n != 2 {
		t.Errorf("%d of a payment and a client", n)
	}
	if got := s.booking(t, job); !strings.HasPrefix(got, "2027-06-12 confirmed") {
		t.Errorf("an order brings its job: %s", got)
	}
}

func TestTheClockFindsMovedDatesAndCancellations(t *testing.T) {
	t.Parallel()
	s := started(t)
	moved, off := s.vsco.NewJob(theDay, "booked", 0, s.later()), s.vsco.NewJob(theDay, "booked", 0, s.later())
	s.poll(t)
	s.vsco.Change("job", moved, map[string]any{"eventDate": "2027-09-04"}, s.later())
	s.vsco.Change("job", off, map[string]any{"closed": true, "closedReasonName": "Client cancelled"}, s.later())
	s.poll(t)
	if a, b := s.booking(t, moved), s.booking(t, off); !strings.HasPrefix(a, "2027-09-04 confirmed") || !strings.HasPrefix(b, "2027-06-12 cancelled") {
		t.Errorf("%s; %s", a, b)
	}
	stored := s.readBack(t)
	asked := len(s.vsco.Asked())
	s.poll(t)
	if again := s.readBack(t); !slices.Equal(stored, again) || len(stored) != 4 {
		t.Errorf("polling again stored %q", again)
	}
	if more := s.vsco.Asked()[asked:]; slices.ContainsFunc(more, func(q string) bool { return strings.Contains(q, "job-contact") }) {
		t.Errorf("it asked again for what it has: %q", more)
	}
	if s.trouble(t) != "" {
		t.Errorf("trouble: %s", s.trouble(t))
	}
}

// Many pages, the newest first; what is stored is stored from the oldest on, and the mark stands at the newest.
func TestTheFirstReadingTakesEveryPageAndGoesOnAfterAPause(t *testing.T) {
	t.Parallel()
	s := newStudio(t)
	const many = 230 // five pages, of which one go takes four
	for range many {
		s.vsco.Add("job", map[string]any{"title": "A job", "stage": "lead", "eventDate": "2027-06-12", "totalRevenue": 0}, s.later())
	}
	s.start(t)
	eventually(t, "everything is read", func() bool {
		return ask[int](t, s.pool, `SELECT count(*) FROM webhook_logs WHERE org_id = $1 AND proof = 'readback' AND status = 'applied'`, s.org) == many
	})
	s.calm(t)
	mark := ask[time.Time](t, s.pool, `SELECT jobs_seen FROM readbacks WHERE org_id = $1 AND connection_id = $2`, s.org, s.tave)
	if !mark.Equal(s.seen) {
		t.Errorf("the mark is %v, the newest %v", mark, s.seen)
	}
	if n := ask[int](t, s.pool, `SELECT count(*) FROM river_job WHERE kind = 'tave_poll' AND args->'scan' IS NOT NULL`); n != 1 {
		t.Errorf("%d jobs went on", n)
	}
}

// A 429 in the middle of the first reading: what was read is kept, nothing is read twice, and nothing is missing at the end.
func TestAQuotaPausesTheReading(t *testing.T) {
	t.Parallel()
	s := newStudio(t)
	for range 45 {
		s.vsco.NewJob(theDay, "lead", 0, s.later())
	}
	s.vsco.FailAfter(70, http.StatusTooManyRequests, "7")
	s.start(t)
	s.calm(t)
	if got := s.trouble(t); got != "Tave asks WedSync to slow down." {
		t.Fatalf("trouble: %q", got)
	}
	wait := ask[float64](t, s.pool, `SELECT extract(epoch FROM next_poll_at - now())::float8 FROM readbacks WHERE org_id = $1 AND connection_id = $2`, s.org, s.tave)
	kept := len(s.readBack(t))
	if wait < 1 || wait > 30 || kept != 22 { // three questions, then three for each job: the twenty-third is cut short
		t.Errorf("next in %v s, %d kept", wait, kept)
	}
	if mark := ask[*time.Time](t, s.pool, `SELECT jobs_seen FROM readbacks WHERE org_id = $1 AND connection_id = $2`, s.org, s.tave); mark != nil {
		t.Errorf("the mark moved on to %v before everything was durable", mark)
	}
	run(t, s.pool, `DELETE FROM breakers`)
	s.poll(t)
	if got := s.readBack(t); len(got) != 45 || s.trouble(t) != "" {
		t.Errorf("%d kept, trouble %q", len(got), s.trouble(t))
	}
}

func TestARefusedKeyStopsPollingUntilItIsReplaced(t *testing.T) {
	t.Parallel()
	s := started(t)
	s.vsco.Rekey("another-key")
	job := s.vsco.NewJob(theDay, "booked", 0, s.later())
	bell := s.bell(t, target(job))
	if got := s.stands(t, bell); !strings.HasPrefix(got, "failed: Tave refused the API key") {
		t.Errorf("the bell: %s", got)
	}
	if got := s.trouble(t); !strings.HasPrefix(got, "Tave refused the API key") {
		t.Errorf("trouble: %s", got)
	}
	if _, err := s.jobs.River.Insert(t.Context(), inbound.TaveDueArgs{}, nil); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the clock has looked", func() bool {
		return ask[int](t, s.pool, `SELECT count(*) FROM river_job WHERE kind = 'tave_due' AND state IN ('available', 'running', 'pending', 'scheduled')`) == 0
	})
	asked := len(s.vsco.Asked())
	s.calm(t)
	if more := s.vsco.Asked()[asked:]; len(more) > 0 {
		t.Errorf("it goes on asking: %q", more)
	}
	s.key(t, "another-key")
	s.calm(t)
	if got := s.booking(t, job); !strings.HasPrefix(got, "2027-06-12 confirmed") || s.trouble(t) != "" {
		t.Errorf("with a new key: %s, trouble %q", got, s.trouble(t))
	}
}

func TestABellWaitsForAServerThatIsDown(t *testing.T) {
	t.Parallel()
	s := started(t)
	job := s.vsco.NewJob(theDay, "booked", 0, s.later())
	s.vsco.Fail(http.StatusServiceUnavailable, "30", 1)
	bell := s.bell(t, target(job)) // calm: it is asleep
	if got := s.stands(t, bell); got != "failed: Tave does not answer at the moment. WedSync tries again by itself." {
		t.Errorf("meanwhile: %s", got)
	}
	if next := ask[*time.Time](t, s.pool, `SELECT next_try_at FROM webhook_logs WHERE org_id = $1 AND id = $2`, s.org, bell); next == nil || time.Until(*next) > time.Minute {
		t.Errorf("next try at %v", next)
	}
	if got := s.booking(t, job); got != "none" {
		t.Errorf("meanwhile: %s", got)
	}
	run(t, s.pool, `UPDATE river_job SET scheduled_at = now() WHERE kind = 'tave_read'`)
	eventually(t, "the bell is answered", func() bool { return s.stands(t, bell) == "applied: " })
	s.calm(t)
	if got := s.booking(t, job); !strings.HasPrefix(got, "2027-06-12 confirmed") {
		t.Errorf("afterwards: %s", got)
	}
	if next := ask[*time.Time](t, s.pool, `SELECT next_try_at FROM webhook_logs WHERE org_id = $1 AND id = $2`, s.org, bell); next != nil {
		t.Error("it still says that it is tried again")
	}
}

// Two changes in one second bear one stamp. The first reading must not hide the second.
func TestAChangeInTheSameSecondIsNotLost(t *testing.T) {
	t.Parallel()
	s := started(t)
	now := time.Now()
	job := s.vsco.NewJob(theDay, "lead", 0, now)
	s.bell(t, target(job))
	s.vsco.Change("job", job, map[string]any{"stage": "booked", "eventDate": "2027-09-04"}, now)
	eventually(t, "the second is over", func() bool { return time.Since(now) > 3*time.Second })
	s.poll(t)
	if got := s.booking(t, job); !strings.HasPrefix(got, "2027-09-04 confirmed") {
		t.Errorf("%s out of %q", got, s.readBack(t))
	}
}

// A payment waits for somebody to say what Tave's numbers mean; its job does not.
func TestAmountsWaitForTheirUnit(t *testing.T) {
	t.Parallel()
	s := started(t)
	job := s.vsco.NewJob(theDay, "booked", 2500, s.later())
	payment := s.vsco.Add("payment", map[string]any{"jobId": job, "status": "posted", "amount": 200, "refundedAmount": 0, "received": "2026-12-02"}, s.later())
	s.poll(t)
	fate := ask[string](t, s.pool, `SELECT status || ': ' || error FROM webhook_logs WHERE org_id = $1 AND event_id LIKE 'payment/' || $2 || '@%'`, s.org, payment)
	if fate != "failed: WedSync does not know yet whether Tave's 200 means 2.00 GBP or 200.00 GBP: say so on the connection's page, then run this again." {
		t.Errorf("the payment: %s", fate)
	}
	if got := s.booking(t, job); !strings.HasPrefix(got, "2027-06-12 confirmed of ") {
		t.Errorf("the job: %s", got)
	}
	for unit, want := range map[queries.MoneyUnit]int64{queries.MoneyUnitMinor: 200, queries.MoneyUnitMajor: 20_000} {
		body := ask[[]byte](t, s.pool, `SELECT body FROM webhook_logs WHERE org_id = $1 AND event_id LIKE 'payment/' || $2 || '@%'`, s.org, payment)
		ev, err := inbound.Read(queries.ProviderTave, "application/json", body, inbound.Defaults{Zone: time.UTC, Currency: "GBP", Unit: unit})
		if err != nil || ev.Payment.Amount.Minor != want {
			t.Errorf("%s: %v %v", unit, ev.Payment, err)
		}
	}
	if err := s.jobs.Tave.SetUnit(t.Context(), s.jobs.River, s.org, s.tave, nil, queries.MoneyUnitMajor); err != nil {
		t.Fatal(err)
	}
	s.calm(t)
	if n := ask[int](t, s.pool, `SELECT min(attempts) FROM webhook_logs WHERE org_id = $1 AND proof = 'readback'`, s.org); n != 2 {
		t.Errorf("what has money in it was not read again: %d attempts", n)
	}
}

func TestKeysAreResealed(t *testing.T) {
	t.Parallel()
	s := newStudio(t)
	run(t, s.pool, `DELETE FROM connections WHERE token_sealed = 'not sealed' AND id <> $1`, s.tave)
	sealed, err := s.jobs.Tave.Box.Seal([]byte("a token"), s.org.String()+"/"+s.tave.String())
	if err != nil {
		t.Fatal(err)
	}
	run(t, s.pool, `UPDATE connections SET token_sealed = $1`, sealed)
	before := ask[[]byte](t, s.pool, `SELECT key_sealed FROM readbacks`)
	if _, err := s.jobs.Tave.Box.Rotate(); err != nil {
		t.Fatal(err)
	}
	if n, err := inbound.Reseal(t.Context(), s.pool, s.jobs.Tave.Box); err != nil || n != 2 {
		t.Errorf("%d resealed: %v", n, err)
	}
	if slices.Equal(before, ask[[]byte](t, s.pool, `SELECT key_sealed FROM readbacks`)) {
		t.Error("the key is sealed as before")
	}
	s.start(t)
	s.calm(t)
	if s.trouble(t) != "" || len(s.vsco.Asked()) == 0 {
		t.Errorf("the key does not open any more: %s", s.trouble(t))
	}
}

// A unit that was chosen wrongly is put right: what was read in it no longer counts as newer than the same record read anew.
func TestAnotherUnitGivesWayToTheSameRecords(t *testing.T) {
	t.Parallel()
	s := newStudio(t)
	set := func(unit queries.MoneyUnit) {
		if err := s.jobs.Tave.SetUnit(t.Context(), s.jobs.River, s.org, s.tave, nil, unit); err != nil {
			t.Fatal(err)
		}
	}
	set(queries.MoneyUnitMinor)
	run(t, s.pool, `INSERT INTO bookings (org_id, connection_id, external_id, title, value_minor, value_currency, stamps)
		VALUES ($1, $2, 'b', 'Kay & Fry', 2500, 'GBP', '{"title":"2026#1#x","value":"2026#1#x"}')`, s.org, s.tave)
	run(t, s.pool, `INSERT INTO payments (org_id, connection_id, status, amount_minor, currency, refund_total_minor, stamps)
		VALUES ($1, $2, 'completed', 200, 'GBP', 50, '{"amount":"3#2026#1#x","booking":"2026#1#x"}')`, s.org, s.tave)
	stamps := func() string {
		return ask[string](t, s.pool, `SELECT (SELECT stamps::text FROM bookings WHERE org_id = $1 AND external_id = 'b') || ' ' ||
			(SELECT stamps::text || ' ' || refund_total_minor FROM payments WHERE org_id = $1 AND connection_id = $2)`, s.org, s.tave)
	}
	before := stamps()
	if set(queries.MoneyUnitMinor); stamps() != before {
		t.Errorf("the same unit again: %s", stamps())
	}
	if set(queries.MoneyUnitMajor); stamps() != `{"title": "2026#1#x"} {"booking": "2026#1#x"} 0` {
		t.Errorf("another unit: %s", stamps())
	}
	if n := ask[int](t, s.pool, `SELECT count(*) FROM bookings WHERE external_id = 'b-decoy' AND title = 'Decoy Wedding'`); n != 1 {
		t.Error("somebody else's booking is gone")
	}
}

// A poll that still asked with the old key must not stop the new one.
func TestARefusalOfTheOldKeyDoesNotStopTheNewOne(t *testing.T) {
	t.Parallel()
	s := newStudio(t)
	old := ask[[]byte](t, s.pool, `SELECT key_sealed FROM readbacks`)
	s.key(t, "another")
	stop := queries.StopPollingParams{OrgID: s.org, ConnectionID: s.tave, KeySealed: old, Next: time.Now().AddDate(1, 0, 0), Trouble: "refused"}
	if err := queries.New(s.pool).StopPolling(t.Context(), stop); err != nil || s.trouble(t) != "" {
		t.Errorf("%v, trouble %q", err, s.trouble(t))
	}
}

// A unit reopens what waits for a retry or was given up as well: it waits in its lane then, with all its tries before it.
func TestAnotherUnitReopensWhatWaitsForARetry(t *testing.T) {
	t.Parallel()
	s := newStudio(t)
	for i, as := range []string{"'failed', attempts = 3, next_try_at = now() + interval '1 hour'", "'dead', attempts = 10, error = 'x', cause = 'x'"} {
		id := uuid.Must(uuid.NewV7())
		run(t, s.pool, `INSERT INTO webhook_logs (org_id, id, connection_id, provider, event_id, event_type, received_at, content_type, proof, body, source)
			VALUES ($1, $2, $3, 'tave', $4, 'tave.job', now(), 'application/json', 'readback', '{}', 'poll')`, s.org, id, s.tave, fmt.Sprintf("job/%d@x", i))
		run(t, s.pool, "UPDATE webhook_logs SET status = "+as+" WHERE id = $1", id)
	}
	if err := s.jobs.Tave.SetUnit(t.Context(), s.jobs.River, s.org, s.tave, nil, queries.MoneyUnitMajor); err != nil {
		t.Fatal(err)
	}
	if n := ask[int](t, s.pool, "SELECT count(*) FROM webhook_logs WHERE connection_id = $1 AND status = 'accepted' AND next_try_at IS NULL AND cause = '' AND forgiven = attempts", s.tave); n != 2 {
		t.Errorf("%d of 2 wait in their lane with all their tries before them", n)
	}
	s.start(t)
	s.calm(t)
}

// The door writes everybody's deliveries in one transaction: it must not wait for somebody who chooses a unit.
func TestTheDoorDoesNotWaitForAUnit(t *testing.T) {
	t.Parallel()
	s := newStudio(t)
	choosing, err := s.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer choosing.Rollback(t.Context()) //nolint:errcheck // the only end that it has
	if _, err := queries.New(choosing).MoneyUnitForUpdate(t.Context(), queries.MoneyUnitForUpdateParams{OrgID: s.org, ID: s.tave}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if _, err := s.door.Accept(ctx, []inbound.Delivery{s.delivery(s.tave, []byte("{}"), time.Now())}); err != nil {
		t.Error(err)
	}
}

// Two bells about one record ring with the same words, and the record may have changed between them: a repeat of a bell is
// a reason to look again. What was vouched for and repeats itself is a double.
func TestABellThatRingsAgainIsNoDouble(t *testing.T) {
	t.Parallel()
	body, at := []byte(`{"targetId":"01jf8zk7q2m4n6p8r0s2t4v6w8"}`), time.Date(2027, 6, 12, 10, 0, 0, 0, time.UTC)
	name := func(proof string, after time.Duration, h http.Header) string {
		h.Set("Content-Type", "application/json")
		d := inbound.Delivery{Provider: queries.ProviderTave, ContentType: "application/json", Proof: proof, Body: body, ReceivedAt: at.Add(after)}
		p := inbound.Arrivals(d, h)[0].Peeked
		return p.EventID + p.Also
	}
	if name(inbound.ProofDoorbell, 0, http.Header{}) == name(inbound.ProofDoorbell, time.Minute, http.Header{}) {
		t.Error("the second bell is taken for the first")
	}
	if name(inbound.ProofDoorbell, 0, http.Header{}) != name(inbound.ProofDoorbell, time.Millisecond, http.Header{}) {
		t.Error("two at once are two")
	}
	if name("wedsync", 0, http.Header{}) != name("wedsync", time.Minute, http.Header{}) {
		t.Error("a delivery that repeats itself is taken for another")
	}
	if id := (http.Header{"Webhook-Id": {"m-1"}}); name(inbound.ProofDoorbell, 0, id) != name(inbound.ProofDoorbell, time.Minute, id) {
		t.Error("a bell with an id of its own is not known by it")
	}
}
