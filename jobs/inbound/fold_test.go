package inbound

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/queries"
)

// said is one event as the worker meets it: with its stamp.

// world is the rows of one connection as Postgres would hold them: write.go's flow without a database.

// paymentsByNames leaves out what only says when and as which row a payment was first written down.

// someEvents makes a season's worth of contradictions about two clients, two bookings and a few payments that may turn

// out to be fewer. pick(n) gives a number below n.

// checkFold holds for any set of events: every order, with any of them repeated, ends in the same rows.

func checkFold(t *testing.T, events []said, pick func(int) int, times int) {
	t.Helper()
	want := after(events)
	for range times {
		mixed := slices.Clone(events)
		for range pick(4) {
			mixed = append(mixed, one(pick, events...))
		}
		for i := len(mixed) - 1; i > 0; i-- {
			j := pick(i + 1)
			mixed[i], mixed[j] = mixed[j], mixed[i]
		}
		if got := after(mixed); !got.equal(want) {
			t.Fatalf("another order, another end:\n%+v\n%+v\n%+v\nwant\n%+v\n%+v\n%+v\nevents %s", got.clients, got.bookings, got.paymentsByNames(),
				want.clients, want.bookings, want.paymentsByNames(), listed(mixed))
		}
	}
}

func TestAnyOrderAndAnyRepetitionEndsInTheSameRows(t *testing.T) {
	t.Parallel()
	for seed := range uint64(400) {
		pick := rand.New(rand.NewPCG(seed, 17)).IntN
		checkFold(t, someEvents(pick), pick, 15)
	}
}

func FuzzFold(f *testing.F) {
	f.Add([]byte("a season of contradictions"))
	f.Add([]byte{7, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 0, 1, 0, 3, 1, 3, 2, 0})
	f.Fuzz(func(t *testing.T, choices []byte) {
		pick := func(n int) int {
			if len(choices) == 0 {
				return 0
			}
			first := choices[0]
			choices = choices[1:]
			return int(first) % n
		}
		events := someEvents(pick)
		checkFold(t, events, rand.New(rand.NewPCG(uint64(len(choices)), 1)).IntN, 20)
	})
}

func TestACompletedPaymentNeverBecomesFailed(t *testing.T) {
	t.Parallel()
	for seed := range uint64(500) {
		w, paid := after(nil), map[string]bool{}
		for _, e := range someEvents(rand.New(rand.NewPCG(seed, 4)).IntN) {
			w.apply(e)
			for name, id := range w.names {
				status := w.payments[id].Status
				if paid[name] && status != queries.PaymentStatusCompleted {
					t.Fatalf("seed %d: %s was completed and is %s", seed, name, status)
				}
				paid[name] = paid[name] || status == queries.PaymentStatusCompleted
			}
		}
	}
}

func TestFoldPaymentJoins(t *testing.T) {
	t.Parallel()
	row := func(id byte, status queries.PaymentStatus, minor, total int64, stamp, payer string) queries.PaymentsNamedRow {
		r := queries.PaymentsNamedRow{ID: uuid.UUID{id}, RefundTotalMinor: total, Stamps: queries.Stamps{}}
		p := Payment{Status: status, RefundTotalMinor: total, PayerName: payer}
		if minor > 0 {
			p.Amount = queries.Money{Minor: minor, Currency: "GBP"}
		}
		return afterEvent(r, p, stamp)
	}
	const expected, failed, completed = queries.PaymentStatusExpected, queries.PaymentStatusFailed, queries.PaymentStatusCompleted
	mention := Payment{Names: []string{"pi", "ch"}, Status: expected}
	tests := []struct {
		what   string
		rows   []queries.PaymentsNamedRow
		status queries.PaymentStatus
		minor  int64
		total  int64
		payer  string
	}{
		{"nothing known", nil, expected, 0, 0, ""},
		{"one row stays itself", []queries.PaymentsNamedRow{row(1, completed, 500, 20, "a", "Anna")}, completed, 500, 20, "Anna"},
		{"the same money twice is once", []queries.PaymentsNamedRow{row(1, completed, 500, 0, "a", ""), row(2, completed, 500, 0, "b", "Tom")}, completed, 500, 0, "Tom"},
		{"failed and completed is completed", []queries.PaymentsNamedRow{row(1, failed, 900, 0, "b", ""), row(2, completed, 500, 0, "a", "")}, completed, 500, 0, ""},
		{"completed and failed too", []queries.PaymentsNamedRow{row(1, completed, 500, 0, "a", ""), row(2, failed, 900, 0, "b", "")}, completed, 500, 0, ""},
		{"the later amount of one state", []queries.PaymentsNamedRow{row(1, completed, 500, 0, "b", ""), row(2, completed, 900, 0, "a", "")}, completed, 500, 0, ""},
		{"the higher total, the newer name", []queries.PaymentsNamedRow{row(1, expected, 0, 70, "c", "Anna"), row(2, completed, 500, 90, "a", "Tom"), row(3, expected, 0, 10, "b", "")}, completed, 500, 90, "Anna"},
	}
	for _, tt := range tests {
		before := slices.Clone(tt.rows)
		got, same := FoldPayment(tt.rows, mention, "0")
		if got.Status != tt.status || got.AmountMinor != tt.minor || got.RefundTotalMinor != tt.total || got.PayerName != tt.payer {
			t.Errorf("%s: %+v", tt.what, got)
		}
		if len(same) != max(0, len(tt.rows)-1) || len(tt.rows) > 0 && got.ID != tt.rows[0].ID {
			t.Errorf("%s: kept %s, dropped %v", tt.what, got.ID, same)
		}
		if !reflect.DeepEqual(before, tt.rows) {
			t.Errorf("%s: the caller's rows were changed", tt.what)
		}
	}
}

// A peer's clock is an hour ahead: for that hour it must not silently win over everybody else.

func TestCase17APeersClockAnHourAheadNeverSilentlyWins(t *testing.T) {
	t.Parallel()
	title := func(text string, occurred, received time.Time) said {
		ev := Event{Type: BookingUpdated, OccurredAt: occurred, Booking: &Booking{ExternalID: "b", Title: &text}}
		return said{ev, Stamp(ev, text, received)}
	}
	fast := title("fast clock", foldNow.Add(time.Hour), foldNow)
	tests := []struct {
		what string
		then said
		want string
	}{
		{"a true event a second later", title("true", foldNow.Add(time.Second), foldNow.Add(time.Second)), "true"},
		{"an event without a time, later", title("timeless", time.Time{}, foldNow.Add(time.Second)), "timeless"},
		{"one that happened before, and came late", title("late", foldNow.Add(-time.Second), foldNow.Add(time.Hour)), "fast clock"},
		{"the fast peer again, a second later", title("fast again", foldNow.Add(time.Hour), foldNow.Add(time.Second)), "fast again"},
		{"two fast peers: who came later", title("faster", foldNow.Add(9*time.Hour), foldNow.Add(-time.Second)), "fast clock"},
	}
	for _, tt := range tests {
		for _, order := range [][]said{{fast, tt.then}, {tt.then, fast}} {
			if got := after(order).bookings["b"].Title; got != tt.want {
				t.Errorf("%s: %q, want %q", tt.what, got, tt.want)
			}
		}
	}
}

func TestStampsHaveOneOrder(t *testing.T) {
	t.Parallel()
	ev := func(kind Type, seconds int) Event {
		return Event{Type: kind, OccurredAt: foldNow.Add(time.Duration(seconds) * time.Second)}
	}
	ordered := []string{
		Stamp(ev(BookingCancelled, -9), "z", foldNow), Stamp(ev(BookingCreated, -5), "b", foldNow), Stamp(ev(BookingUpdated, -5), "a", foldNow),
		Stamp(ev(BookingUpdated, -5), "b", foldNow), Stamp(ev(BookingCancelled, -5), "a", foldNow), Stamp(ev(BookingCreated, -4), "a", foldNow),
		Stamp(Event{Type: BookingCreated}, "a", foldNow), Stamp(ev(ClientDeleted, 3600), "a", foldNow),
	}
	if !slices.IsSorted(ordered) {
		t.Errorf("out of order: %q", ordered)
	}
	zone := time.FixedZone("", -5*3600)
	if a, b := Stamp(Event{OccurredAt: foldNow.In(zone)}, "x", foldNow), Stamp(Event{OccurredAt: foldNow}, "x", foldNow.In(zone)); a != b {
		t.Errorf("a zone changed a stamp: %s, %s", a, b)
	}
}
