package inbound

import (
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
	d := defaults(queries.LaneSetupRow{Timezone: row.Timezone, Currency: row.Currency})
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
