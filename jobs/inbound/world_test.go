package inbound

import (
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/queries"
)

var foldNow = time.Date(2027, 1, 5, 10, 0, 0, 0, time.UTC)

type said struct {
	event Event
	stamp string
}

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

func listed(events []said) (text string) {
	for _, e := range events {
		text += fmt.Sprintf("\n%s %s client %+v booking %+v payment %+v", e.stamp, e.event.Type, e.event.Client, e.event.Booking, e.event.Payment)
	}
	return text
}
