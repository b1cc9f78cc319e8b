package inbound_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/queries"
)

func sheet(rows int, wrong ...int) string {
	var b strings.Builder
	b.WriteString("Ref,Client,E-mail,Wedding date,Status\n")
	for i := range rows {
		day := "2027-06-12"
		for _, w := range wrong {
			if w == i {
				day = "soon"
			}
		}
		fmt.Fprintf(&b, "B-%d,Client %d,c%d@example.com,%s,booked\n", i, i, i, day)
	}
	return b.String()
}

// keep uploads a sheet and saves our guess at its columns as the supplier's own reading.
func (n *node) keep(t *testing.T, text string, again bool) uuid.UUID {
	t.Helper()
	s, err := inbound.ReadSheet("list.csv", "text/csv", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	d := inbound.Defaults{Zone: time.UTC, Currency: "GBP"}
	id, err := inbound.KeepSheet(t.Context(), n.pool, inbound.Upload{OrgID: n.org, ConnectionID: n.crm, Filename: "list.csv", Raw: []byte(text)}, s, d)
	if err != nil {
		t.Fatal(err)
	}
	if err := inbound.MapSheet(t.Context(), n.pool, n.org, id, inbound.Reading{Columns: inbound.Guess(s.Header, s.Rows), Again: again, Looked: true}, d); err != nil {
		t.Fatal(err)
	}
	return id
}

func (n *node) begin(t *testing.T, id uuid.UUID, resume bool) error {
	t.Helper()
	return inbound.BeginImport(t.Context(), n.pool, n.jobs.River, n.waker(), n.org, id, nil, resume, time.Now())
}

func (n *node) waker() *queries.Waker { return queries.NewWaker(queries.New(n.pool), nil) }

func (n *node) stands(t *testing.T, id uuid.UUID) string {
	t.Helper()
	return ask[string](t, n.pool, "SELECT status || ' at ' || next_row || ': ' || taken || ' taken, ' || duplicates || ' doubles, ' || faulty || ' faulty' FROM imports WHERE id = $1", id)
}

func (n *node) ends(t *testing.T, id uuid.UUID, want string) {
	t.Helper()
	got := ""
	eventually(t, "the import comes to an end", func() bool { got = n.stands(t, id); return !strings.HasPrefix(got, "running") })
	if got != want {
		t.Errorf("%s, want %s", got, want)
	}
	n.settle(t)
}

func (n *node) bookings(t *testing.T) int {
	t.Helper()
	return ask[int](t, n.pool, "SELECT count(*) FROM bookings WHERE org_id = $1", n.org)
}

func TestAnImportBringsEveryRowOnce(t *testing.T) {
	t.Parallel()
	n := newNode(t).start(t)
	id := n.keep(t, sheet(2600, 7, 1999), false)
	if before := n.bookings(t); before != 0 || ask[int](t, n.pool, "SELECT count(*) FROM webhook_logs WHERE org_id = $1", n.org) != 0 {
		t.Error("something was written before the start")
	}
	if got := n.stands(t, id); got != "mapped at 0: 0 taken, 0 doubles, 2 faulty" {
		t.Error(got)
	}
	if err := n.begin(t, id, false); err != nil {
		t.Fatal(err)
	}
	if err := n.begin(t, id, false); !errors.Is(err, pgx.ErrNoRows) {
		t.Errorf("a second press: %v", err)
	}
	n.ends(t, id, "done at 2600: 2598 taken, 0 doubles, 2 faulty")
	if got := n.bookings(t); got != 2598 {
		t.Errorf("%d bookings", got)
	}
	if got := ask[string](t, n.pool, "SELECT string_agg(line || ' ' || reason, '; ' ORDER BY line) FROM import_faults WHERE import_id = $1", id); !strings.HasPrefix(got, "9 “Wedding date” holds") || !strings.Contains(got, "; 2001 ") {
		t.Error(got)
	}
	if got := ask[int](t, n.pool, "SELECT count(*) FROM webhook_logs WHERE import_id = $1 AND source = 'import' AND proof = 'import' AND event_type = 'import.booking' AND status = 'applied'", id); got != 2598 {
		t.Errorf("%d deliveries say where they come from", got)
	}
	twice := n.keep(t, sheet(2600, 7, 1999), false)
	if err := n.begin(t, twice, false); err != nil {
		t.Fatal(err)
	}
	n.ends(t, twice, "done at 2600: 0 taken, 2598 doubles, 2 faulty")
	once := n.keep(t, sheet(10), true)
	if err := n.begin(t, once, false); err != nil {
		t.Fatal(err)
	}
	n.ends(t, once, "done at 10: 10 taken, 0 doubles, 0 faulty")
	if got := n.bookings(t); got != 2599 { // row 7 is mended in the last one
		t.Errorf("%d bookings", got)
	}
}

// Of two rows about one booking the lower one wins, and what a hook said after the import wins over both.
func TestTheLowerRowWins(t *testing.T) {
	t.Parallel()
	n := newNode(t).start(t)
	var b strings.Builder
	b.WriteString("Ref,Client,Wedding date,Venue\n")
	for i := range 40 {
		fmt.Fprintf(&b, "B-1,Anna,2027-06-12,Venue %d\n", i)
	}
	id := n.keep(t, b.String(), false)
	if err := n.begin(t, id, false); err != nil {
		t.Fatal(err)
	}
	n.ends(t, id, "done at 40: 40 taken, 0 doubles, 0 faulty")
	if got := ask[string](t, n.pool, "SELECT venue FROM bookings WHERE org_id = $1", n.org); got != "Venue 39" {
		t.Error(got)
	}
}

// The worker dies between a batch that is stored and its checkpoint; the job runs again and every row is there once.
func TestAnImportThatIsKilledHalfWayGoesOnAtItsCheckpoint(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	id := n.keep(t, sheet(2600), false)
	run(t, n.pool, `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.next_row = 1500 THEN RAISE 'killed' USING ERRCODE = '40001'; END IF; RETURN NEW; END $$`)
	run(t, n.pool, `CREATE TRIGGER refuse BEFORE UPDATE ON imports FOR EACH ROW EXECUTE FUNCTION refuse()`)
	if err := n.begin(t, id, false); err != nil {
		t.Fatal(err)
	}
	n.start(t)
	eventually(t, "the job fails behind a stored batch", func() bool {
		return ask[int](t, n.pool, "SELECT count(*) FROM river_job WHERE kind = 'import_rows' AND state IN ('retryable', 'available') AND attempt > 0") == 1
	})
	if got := n.stands(t, id); got != "running at 1000: 1000 taken, 0 doubles, 0 faulty" {
		t.Error(got)
	}
	if stored := ask[int](t, n.pool, "SELECT count(*) FROM webhook_logs WHERE import_id = $1", id); stored != 1500 {
		t.Errorf("%d are stored, and the checkpoint is behind them", stored)
	}
	run(t, n.pool, "DROP TRIGGER refuse ON imports")
	run(t, n.pool, "UPDATE river_job SET state = 'available', scheduled_at = now() WHERE kind = 'import_rows' AND state = 'retryable'")
	n.ends(t, id, "done at 2600: 2600 taken, 0 doubles, 0 faulty")
	if got := n.bookings(t); got != 2600 {
		t.Errorf("%d bookings", got)
	}
}

func TestAnImportThatCannotGoOnSaysSoAndMayBeResumed(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	id := n.keep(t, sheet(700), false)
	run(t, n.pool, `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.import_id IS NOT NULL THEN RAISE 'no' USING ERRCODE = '22003'; END IF; RETURN NEW; END $$`)
	run(t, n.pool, `CREATE TRIGGER refuse BEFORE INSERT ON webhook_logs FOR EACH ROW EXECUTE FUNCTION refuse()`)
	if err := n.begin(t, id, false); err != nil {
		t.Fatal(err)
	}
	n.start(t)
	n.ends(t, id, "failed at 0: 0 taken, 0 doubles, 0 faulty")
	if words := ask[string](t, n.pool, "SELECT error FROM imports WHERE id = $1", id); !strings.Contains(words, "press Resume") {
		t.Error(words)
	}
	run(t, n.pool, "DROP TRIGGER refuse ON webhook_logs")
	if err := n.begin(t, id, true); err != nil {
		t.Fatal(err)
	}
	n.ends(t, id, "done at 700: 700 taken, 0 doubles, 0 faulty")
}

// Cancelled before a batch, it stores no more; resumed, it goes on where it stood, and the job of the run before does nothing.
func TestACancelledImportStopsAndMayBeResumed(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	id := n.keep(t, sheet(5000), false)
	if err := n.begin(t, id, false); err != nil {
		t.Fatal(err)
	}
	// The second checkpoint is also where somebody presses Cancel.
	run(t, n.pool, `CREATE FUNCTION press() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.next_row = 1000 AND NEW.run = 1 THEN NEW.status = 'cancelled'; END IF; RETURN NEW; END $$`)
	run(t, n.pool, `CREATE TRIGGER press BEFORE UPDATE ON imports FOR EACH ROW EXECUTE FUNCTION press()`)
	n.start(t)
	n.ends(t, id, "cancelled at 1000: 1000 taken, 0 doubles, 0 faulty")
	eventually(t, "its job ends", func() bool {
		return ask[int](t, n.pool, "SELECT count(*) FROM river_job WHERE kind = 'import_rows' AND state <> 'completed'") == 0
	})
	if got := n.bookings(t); got != 1000 {
		t.Errorf("%d bookings: what was stored stays, and no more comes", got)
	}
	if err := inbound.StopImport(t.Context(), n.pool, n.waker(), n.org, id, queries.ImportStatusCancelled, "", time.Now()); err != nil {
		t.Error(err)
	}
	if err := n.begin(t, id, true); err != nil {
		t.Fatal(err)
	}
	if _, err := n.jobs.River.Insert(t.Context(), inbound.ImportArgs{OrgID: n.org, ImportID: id, Run: 1}, nil); err != nil {
		t.Fatal(err)
	}
	n.ends(t, id, "done at 5000: 5000 taken, 0 doubles, 0 faulty")
	if got := n.bookings(t); got != 5000 {
		t.Errorf("%d bookings", got)
	}
	if jobs := ask[int](t, n.pool, "SELECT count(*) FROM river_job WHERE kind = 'import_rows'"); jobs != 4 {
		t.Errorf("%d jobs: one for the first run, one stray, and 4000 rows take two turns", jobs)
	}
}

func TestAFileIsForgottenAndWhatItBroughtStays(t *testing.T) {
	t.Parallel()
	n := newNode(t).start(t)
	id, fresh := n.keep(t, sheet(3), false), n.keep(t, sheet(4), false)
	if err := n.begin(t, id, false); err != nil {
		t.Fatal(err)
	}
	n.ends(t, id, "done at 3: 3 taken, 0 doubles, 0 faulty")
	run(t, n.pool, "UPDATE imports SET created_at = now() - interval '31 days', finished_at = now() - interval '31 days' WHERE id = $1", id)
	if gone, err := queries.New(n.pool).AllOrgsForgetSheets(t.Context(), time.Now().AddDate(0, 0, -30)); err != nil || gone != 1 {
		t.Errorf("%d, %v", gone, err)
	}
	left := ask[string](t, n.pool, "SELECT string_agg((raw IS NOT NULL) || ' ' || (SELECT count(*) FROM import_chunks c WHERE c.import_id = i.id), ', ' ORDER BY id) FROM imports i WHERE id IN ($1, $2)", id, fresh)
	if left != "false 0, true 1" || n.bookings(t) != 3 {
		t.Error(left, n.bookings(t))
	}
	if err := n.begin(t, id, true); !errors.Is(err, pgx.ErrNoRows) {
		t.Errorf("there is nothing to resume: %v", err)
	}
}

// A row is in our own shape, whatever its connection's sender writes and however the supplier has that read; and rows
// that a person brings are no sign of life of the sender.
func TestARowIsNotReadByTheSendersMapping(t *testing.T) {
	t.Parallel()
	n := newNode(t).start(t)
	run(t, n.pool, `INSERT INTO mappings (org_id, connection_id, version, spec) VALUES ($1, $2, 1, '{}')`, n.org, n.crm)
	run(t, n.pool, `UPDATE connections SET mapping_version = 1 WHERE org_id = $1 AND id = $2`, n.org, n.crm)
	id := n.keep(t, sheet(3), false)
	if err := n.begin(t, id, false); err != nil {
		t.Fatal(err)
	}
	n.ends(t, id, "done at 3: 3 taken, 0 doubles, 0 faulty")
	if n.bookings(t) != 3 {
		t.Error(ask[string](t, n.pool, "SELECT string_agg(error, '; ') FROM webhook_logs WHERE import_id = $1", id))
	}
	if arrived := ask[int](t, n.pool, "SELECT coalesce(sum(arrived), 0)::int FROM connection_days WHERE connection_id = $1", n.crm); arrived != 0 {
		t.Errorf("%d are counted as the sender's", arrived)
	}
}
