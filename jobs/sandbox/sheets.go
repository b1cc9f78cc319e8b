package sandbox

import _ "embed" // the made-up lists

// SheetCSV and SheetHTML are lists such as a supplier might export from Light Blue, or save from its pages. Both are made
// up, the headings too: Light Blue has not told anybody what it calls its columns.
var (
	//go:embed sheets/lightblue.csv
	SheetCSV []byte
	//go:embed sheets/lightblue.html
	SheetHTML []byte
)
