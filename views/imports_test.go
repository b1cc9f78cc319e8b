package views

import "github.com/wedsync/wedsync/queries"

var (
	sheetRow = queries.ImportByIDRow{ID: one, ConnectionID: two, Provider: queries.ProviderLightblue, Filename: "shoots.csv", Format: "CSV", Encoding: "UTF-8", Delimiter: ",", Kept: true,
		Kind: queries.SheetKindBookings, Rows: 2600, Status: queries.ImportStatusUploaded, Faulty: 2, CreatedAt: noon}
	sheetFaults = []queries.ImportFaultsRow{{Line: 9, Reason: "“Wedding date” holds \"soon\"."}}
	sheetSample = SheetPreview{Heads: []string{"Booking", "Client"}, Rows: []SheetPreviewRow{{Line: 2, Cells: []string{"Kay <& Fry>", ""}}, {Line: 9, Fault: "No date."}}}
)

func sheetAt(s queries.ImportStatus, next int32) queries.ImportByIDRow {
	row := sheetRow
	row.Status, row.NextRow, row.Taken, row.Duplicates, row.Error = s, next, next-3, 1, "It could not go on."
	return row
}
