package inbound

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/queries"
)

// known is what the events of a batch are about, as it stands: read once for all of them, and kept up as they are folded
// in, so that the second event of a booking sees what the first one made of it.
type known struct {
	clients  map[string]queries.ClientForUpdateRow
	bookings map[string]queries.BookingForUpdateRow
	payments map[uuid.UUID]queries.PaymentsNamedRow
	named    map[string]uuid.UUID // which payment goes by a name
	couples  map[string]string    // by e-mail address, in small letters
}

// learn reads it. Nobody else writes these rows before the batch ends, since it holds the lane.
func (b *batch) learn(ctx context.Context, events []Event) (*known, error) {
	k := &known{map[string]queries.ClientForUpdateRow{}, map[string]queries.BookingForUpdateRow{}, map[uuid.UUID]queries.PaymentsNamedRow{}, map[string]uuid.UUID{}, map[string]string{}}
	var clients, bookings, names, addresses []string
	for _, ev := range events {
		if ev.Client != nil {
			clients = append(clients, ev.Client.ExternalID)
		}
		if ev.Booking != nil {
			bookings = append(bookings, ev.Booking.ExternalID)
		}
		if ev.Payment != nil {
			names, addresses = append(names, ev.Payment.Names...), append(addresses, strings.ToLower(ev.Payment.PayerEmail))
		}
	}
	for _, read := range []func() error{
		func() error { return b.learnClients(ctx, k, each(clients)) },
		func() error { return b.learnBookings(ctx, k, each(bookings)) },
		func() error { return b.learnPayments(ctx, k, each(names), addresses) },
	} {
		if err := read(); err != nil {
			return nil, fmt.Errorf("what a batch is about: %w", err)
		}
	}
	return k, nil
}

// each sorts and drops what is said twice, or not at all.
func each(words []string) []string {
	slices.Sort(words)
	words = slices.Compact(words)
	if len(words) > 0 && words[0] == "" {
		words = words[1:]
	}
	return words
}

func (b *batch) learnClients(ctx context.Context, k *known, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	rows, err := b.q.ClientForUpdate(ctx, queries.ClientForUpdateParams{OrgID: b.lane.OrgID, ConnectionID: b.lane.ConnectionID, ExternalIds: ids})
	for _, row := range rows {
		k.clients[row.ExternalID] = row
	}
	return err
}

func (b *batch) learnBookings(ctx context.Context, k *known, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	rows, err := b.q.BookingForUpdate(ctx, queries.BookingForUpdateParams{OrgID: b.lane.OrgID, ConnectionID: b.lane.ConnectionID, ExternalIds: ids})
	for _, row := range rows {
		k.bookings[row.ExternalID] = row
	}
	return err
}

func (b *batch) learnPayments(ctx context.Context, k *known, names, addresses []string) error {
	if len(names) == 0 {
		return nil
	}
	rows, err := b.q.PaymentsNamed(ctx, queries.PaymentsNamedParams{OrgID: b.lane.OrgID, ConnectionID: b.lane.ConnectionID, Names: names})
	if err != nil {
		return err
	}
	for _, row := range rows {
		k.payments[row.ID] = row
		for _, name := range row.Names {
			k.named[name] = row.ID
		}
		addresses = append(addresses, strings.ToLower(row.PayerEmail))
	}
	if addresses = each(addresses); len(addresses) == 0 {
		return nil
	}
	couples, err := b.q.ClientByEmail(ctx, queries.ClientByEmailParams{OrgID: b.lane.OrgID, Addresses: addresses})
	for _, c := range couples {
		k.couples[c.Address] = couple(c.Name, c.PartnerName)
	}
	return err
}

// paymentsNamed gives the payments that go by any of these names, oldest first.
func (k *known) paymentsNamed(names []string) (rows []queries.PaymentsNamedRow) {
	seen := map[uuid.UUID]bool{}
	for _, name := range names {
		if id, known := k.named[name]; known && !seen[id] {
			seen[id] = true
			rows = append(rows, k.payments[id])
		}
	}
	slices.SortFunc(rows, func(a, b queries.PaymentsNamedRow) int {
		if byAge := a.CreatedAt.Compare(b.CreatedAt); byAge != 0 {
			return byAge
		}
		return strings.Compare(a.ID.String(), b.ID.String())
	})
	return rows
}

// pay keeps a folded payment, in the place of those that turned out to be the same.
func (k *known) pay(row queries.PaymentsNamedRow, names []string, same []uuid.UUID) {
	k.payments[row.ID] = row
	for name, id := range k.named {
		if slices.Contains(same, id) {
			k.named[name] = row.ID
		}
	}
	for _, name := range names {
		k.named[name] = row.ID
	}
	for _, id := range same {
		delete(k.payments, id)
	}
}

// meet keeps a folded client; a payment of the same batch may be theirs, and one that went or changed its address is
// nobody's any more.
func (k *known) meet(before, after queries.ClientForUpdateRow) {
	k.clients[after.ExternalID] = after
	was, is := strings.ToLower(before.Email), strings.ToLower(after.Email)
	if (is != was || after.Deleted) && k.couples[was] == couple(before.Name, before.PartnerName) {
		delete(k.couples, was)
	}
	if is != "" && !after.Deleted {
		k.couples[is] = couple(after.Name, after.PartnerName)
	}
}
