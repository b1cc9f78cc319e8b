package inbound

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/queries"
)

var foldNow = time.Date(2027, 1, 5, 10, 0, 0, 0, time.UTC)

// said is one event as the worker meets it: with its stamp.
type said struct {
	event Event
	stamp string
}

// world is the rows of one connection as Postgres would hold them: write.go's flow without a database.
type world struct {
	clients  map[string]queries.ClientForUpdateRow
	bookings map[string]queries.BookingForUpdateRow
	payments map[uuid.UUID]queries.PaymentsNamedRow
	names    map[string]uuid.UUID
	made     int64
}

func after(events []said) *world {
	w := &world{map[string]queries.ClientForUpdateRow{}, map[string]queries.BookingForUpdateRow{}, map[uuid.UUID]queries.PaymentsNamedRow{}, map[string]uuid.UUID{}, 0}
	for _, e := range events {
		w.apply(e)
	}
	return w
}

func (w *world) apply(e said) {
	if c := e.event.Client; c != nil {
		with := *c
		with.Deleted = lives(e.event.Type)
		w.clients[c.ExternalID] = FoldClient(w.clients[c.ExternalID], with, e.stamp)
	}
	if b := e.event.Booking; b != nil {
		w.bookings[b.ExternalID] = FoldBooking(w.bookings[b.ExternalID], *b, e.stamp)
	}
	if p := e.event.Payment; p != nil {
		w.pay(*p, e.stamp)
	}
}

func (w *world) pay(p Payment, stamp string) {
	known := map[uuid.UUID]bool{}
	for _, name := range p.Names {
		if id, ok := w.names[name]; ok {
			known[id] = true
		}
	}
	var rows []queries.PaymentsNamedRow
	for id := range known {
		rows = append(rows, w.payments[id])
	}
	slices.SortFunc(rows, func(a, b queries.PaymentsNamedRow) int { return a.CreatedAt.Compare(b.CreatedAt) })
	row, same := FoldPayment(rows, p, stamp)
	if len(rows) == 0 {
		w.made++
		row.ID, row.CreatedAt = uuid.New(), foldNow.Add(time.Duration(w.made))
	}
	w.payments[row.ID] = row
	for name, id := range w.names {
		if slices.Contains(same, id) {
			w.names[name] = row.ID
		}
	}
	for _, name := range p.Names {
		w.names[name] = row.ID
	}
	for _, id := range same {
		delete(w.payments, id)
	}
}

// paymentsByNames leaves out what only says when and as which row a payment was first written down.
func (w *world) paymentsByNames() map[string]queries.PaymentsNamedRow {
	names := map[uuid.UUID][]string{}
	for name, id := range w.names {
		names[id] = append(names[id], name)
	}
	out := map[string]queries.PaymentsNamedRow{}
	for id, row := range w.payments {
		slices.Sort(names[id])
		row.ID, row.CreatedAt = uuid.Nil, time.Time{}
		out[fmt.Sprint(names[id])] = row
	}
	return out
}

func (w *world) equal(other *world) bool {
	return reflect.DeepEqual(w.clients, other.clients) && reflect.DeepEqual(w.bookings, other.bookings) &&
		reflect.DeepEqual(w.paymentsByNames(), other.paymentsByNames())
}

// someEvents makes a season's worth of contradictions about two clients, two bookings and a few payments that may turn
// out to be fewer. pick(n) gives a number below n.
func someEvents(pick func(int) int) []said {
	events := make([]said, 3+pick(7))
	for i := range events {
		ev := Event{OccurredAt: foldNow.Add(time.Duration(pick(5)-3) * time.Minute)}
		switch pick(3) {
		case 0:
			ev.Type = []Type{ClientCreated, ClientUpdated, ClientDeleted}[pick(3)]
			ev.Client = &Client{ExternalID: one(pick, "c-1", "c-2"), Name: maybe(pick, "Anna", "Ann", ""), PartnerName: maybe(pick, "Tom", ""), Email: maybe(pick, "a@x.uk", "b@x.uk"), Phone: maybe(pick, "1", "2")}
		case 1:
			ev.Type = []Type{BookingCreated, BookingUpdated, BookingCancelled}[pick(3)]
			ev.Booking = someBooking(pick)
		default:
			ev.Type = []Type{PaymentCompleted, PaymentFailed, PaymentRefunded, BookingUpdated}[pick(4)]
			ev.Payment = somePayment(pick)
		}
		events[i] = said{ev, Stamp(ev, fmt.Sprintf("evt-%02d", i), foldNow.Add(time.Duration(i)*time.Second))}
	}
	return events
}

func someBooking(pick func(int) int) *Booking {
	b := &Booking{ExternalID: one(pick, "b-1", "b-2"), ClientExternalID: maybe(pick, "c-1", "c-2"), Title: maybe(pick, "Kay & Fry", "Fry & Kay"), Venue: maybe(pick, "Holm House", ""),
		Resource: maybe(pick, "Main"), Status: maybe(pick, queries.BookingStatusConfirmed, queries.BookingStatusHeld, queries.BookingStatusCancelled)}
	if day := pick(3); day > 0 {
		start := foldNow.AddDate(0, day, 0)
		b.When = &When{start, start.Add(10 * time.Hour), one(pick, "Europe/London", "Asia/Kathmandu")}
	}
	if worth := pick(3); worth > 0 {
		b.Value = &queries.Money{Minor: int64(worth) * 1000, Currency: one(pick, "GBP", "EUR")}
	}
	return b
}

func somePayment(pick func(int) int) *Payment {
	all := []string{"pi-1", "ch-1", "cs-1", "in-1"}
	from := pick(len(all))
	p := &Payment{Names: all[from:min(len(all), from+1+pick(2))], Status: one(pick, queries.AllPaymentStatusValues()...),
		BookingExternalID: one(pick, "", "b-1", "b-2"), PayerName: one(pick, "", "Anna", "Tom"), PayerEmail: one(pick, "", "a@x.uk"), Description: one(pick, "", "Deposit"),
		RefundTotalMinor: int64(pick(3)) * 500}
	if p.Status == queries.PaymentStatusCompleted || pick(2) == 0 { // only a completed payment must say how much
		p.Amount = queries.Money{Minor: int64(1+pick(3)) * 1000, Currency: one(pick, "GBP", "EUR")}
		p.PaidAt = foldNow.Add(-time.Duration(pick(3)) * time.Hour)
	}
	if p.Status == queries.PaymentStatusFailed {
		p.Failure = one(pick, "Declined.", "No funds.")
	}
	return p
}

func one[T any](pick func(int) int, from ...T) T { return from[pick(len(from))] }

func maybe[T any](pick func(int) int, from ...T) *T {
	if i := pick(len(from) + 1); i < len(from) {
		return &from[i]
	}
	return nil
}

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

func listed(events []said) (text string) {
	for _, e := range events {
		text += fmt.Sprintf("\n%s %s client %+v booking %+v payment %+v", e.stamp, e.event.Type, e.event.Client, e.event.Booking, e.event.Payment)
	}
	return text
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
