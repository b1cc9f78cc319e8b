package inbound

import (
	"context"
	"encoding/json"
	"time"

	"github.com/wedsync/wedsync/queries"
)

// importing is one batch of rows on its way to being durable.
type importing struct {
	deliveries []Delivery
	lines      []int32 // of the rows that cannot be read
	reasons    []string
}

// batchOf makes deliveries of rows, each a microsecond after the one above it: of two rows about one booking the lower
// one wins, as in the sheet.
func batchOf(args ImportArgs, row queries.LockImportRow, rows []SheetRow, now time.Time) (b importing, err error) {
	c, err := columnsFrom(row.Kind, row.Header, row.Columns, row.DayFirst)
	if err != nil {
		return b, err
	}
	d := defaults(queries.LaneSetupRow{Timezone: row.Timezone, Currency: row.Currency}, nil)
	again := ""
	if row.Again {
		again = args.ImportID.String()
	}
	for n, r := range rows {
		body, _, err := c.Delivery(r, d)
		if err != nil {
			b.lines, b.reasons = append(b.lines, int32(r.Line)), append(b.reasons, err.Error())
			continue
		}
		b.deliveries = append(b.deliveries, Delivery{
			OrgID: args.OrgID, ConnectionID: row.ConnectionID, Provider: row.Provider,
			Peeked:      Peeked{EventID: RowEventID(body, again), EventType: importTypes[row.Kind]},
			ContentType: "application/json", Proof: "import", Body: body, ReceivedAt: now.Add(time.Duration(n) * time.Microsecond),
			Source: queries.DeliverySourceImport, ImportID: &args.ImportID,
		})
	}
	return b, nil
}

var importTypes = map[queries.SheetKind]string{
	queries.SheetKindBookings: "import.booking", queries.SheetKindClients: "import.client", queries.SheetKindPayments: "import.payment",
}

// accept leaves out what is known already. The door would know it too, but looks up the first of each double by itself,
// and a list that is brought again is nothing but doubles.
func (b *importing) accept(ctx context.Context, q *queries.Queries, door *Door) error {
	if len(b.deliveries) == 0 {
		return nil
	}
	params := queries.KnownDeliveriesParams{OrgID: b.deliveries[0].OrgID, ConnectionID: b.deliveries[0].ConnectionID}
	for _, d := range b.deliveries {
		params.EventIds = append(params.EventIds, d.Peeked.EventID)
	}
	known, err := q.KnownDeliveries(ctx, params)
	if err != nil {
		return err
	}
	seen := make(map[string]bool, len(known))
	for _, id := range known {
		seen[id] = true
	}
	fresh := b.deliveries[:0]
	for _, d := range b.deliveries {
		if !seen[d.Peeked.EventID] {
			seen[d.Peeked.EventID] = true // two rows of one batch that say the same
			fresh = append(fresh, d)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	_, err = door.Accept(ctx, fresh)
	return err
}

func columnsFrom(kind queries.SheetKind, header []string, stored []byte, dayFirst *bool) (Columns, error) {
	c := Columns{Kind: kind, Header: header, DayFirst: dayFirst}
	err := json.Unmarshal(stored, &c)
	return c.within(len(header)), err
}

// Try reads every row as the import would, and writes nothing.
func (c Columns) Try(rows []SheetRow, d Defaults) (lines []int32, reasons []string) {
	for _, r := range rows {
		if _, _, err := c.Delivery(r, d); err != nil {
			lines, reasons = append(lines, int32(r.Line)), append(reasons, err.Error())
		}
	}
	return lines, reasons
}
