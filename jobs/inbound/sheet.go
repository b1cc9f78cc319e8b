package inbound

import (
	"fmt"
	"strings"
)

// What a sheet may be. The largest export of a long life in weddings has some thousand rows.
const (
	MostSheetBytes = 20 << 20
	MostSheetRows  = 50_000
	mostColumns    = 100
	mostCell       = 4_000
	mostHeading    = 80
	mostTitleLines = 20 // lines above the headings: a name, a date, "All shoots, 2027"
)

// Sheet is one table that a supplier saved or exported themselves: its headings, and its rows as text.
type Sheet struct {
	Format    string // "CSV", or "HTML" for a saved page
	Encoding  string
	Delimiter string // of a CSV
	Header    []string
	Rows      []SheetRow
}

// SheetRow is one line. Its fault is its own: the lines around it are read all the same.
type SheetRow struct {
	Line  int      `json:"line"` // in the file; in a page, counted from the top of its table
	Cells []string `json:"cells"`
	Width int      `json:"width,omitempty"` // how many cells the line really has, where those are fewer than the headings
	Fault string   `json:"fault,omitempty"`
}

// ReadSheet takes what was uploaded. Its error is always a WrongShape: words about the file as a whole.
func ReadSheet(name, contentType string, raw []byte) (Sheet, error) {
	if len(raw) > MostSheetBytes {
		return Sheet{}, wrong("This file is larger than 20 MB. Export fewer columns or a shorter time at once, and import the parts one after the other.")
	}
	if err := notASheet(raw); err != nil {
		return Sheet{}, err
	}
	text, encoding, err := sheetText(contentType, raw)
	if err != nil {
		return Sheet{}, err
	}
	var g gathered
	s := Sheet{Format: "CSV", Encoding: encoding}
	if looksHTML(name, contentType, text) {
		s.Format = "HTML"
		err = g.page(text)
	} else {
		s.Delimiter, err = g.csv(text)
	}
	if err == nil {
		err = g.fits()
	}
	if err != nil {
		return Sheet{}, err
	}
	s.Header, s.Rows = g.table()
	if len(s.Rows) == 0 {
		return Sheet{}, wrong("This sheet has headings and no rows below them, so there is nothing to import.")
	}
	return s, nil
}

// gathered are the lines that say anything, as they are found.
type gathered struct {
	rows  []SheetRow
	count int
	wide  int // the widest line
}

func (g *gathered) add(line int, cells []string, fault string) {
	width := len(cells)
	for i, c := range cells {
		if cells[i] = cell(c); len(cells[i]) > mostCell && fault == "" {
			fault = fmt.Sprintf("A cell of this line is longer than %d characters, so the line is left out. A quotation mark that is never closed is the usual cause.", mostCell)
		}
		cells[i] = clip(cells[i], mostCell)
	}
	for len(cells) > 0 && cells[len(cells)-1] == "" {
		cells = cells[:len(cells)-1]
	}
	if len(cells) == 0 {
		return
	}
	g.count++
	g.wide = max(g.wide, len(cells))
	if g.count <= MostSheetRows+mostTitleLines+1 && g.wide <= mostColumns { // the rest is only counted
		g.rows = append(g.rows, SheetRow{Line: line, Cells: cells, Width: width, Fault: fault})
	}
}

// cell is one line of text. A no-break space is a space to everybody but a computer.
func cell(text string) string {
	return clean(strings.ReplaceAll(text, "\u00a0", " "))
}

func (g *gathered) fits() error {
	switch {
	case g.count == 0:
		return wrong("There is nothing in this file. Export it again, and look into it before you upload it.")
	case g.wide > mostColumns:
		return wrong("This sheet has lines of %d cells; WedSync reads up to %d columns. Export only the columns that matter here: names, dates, venues, amounts.", g.wide, mostColumns)
	}
	at, _ := g.headings()
	if rows := g.count - at; rows > MostSheetRows {
		return wrong("This sheet has %d rows; WedSync takes %d at a time. Split it, by year for example, and import the parts one after the other.", rows, MostSheetRows)
	}
	return nil
}

// table sets the headings apart and holds every line to them.
func (g *gathered) table() ([]string, []SheetRow) {
	at, header := g.headings()
	rows := g.rows[at:]
	all := make([]SheetRow, 0, len(rows))
	for _, r := range rows {
		if isHeading(r.Cells, header) { // printed again at the top of each page
			continue
		}
		if len(r.Cells) > len(header) && r.Fault == "" {
			r.Fault = fmt.Sprintf("This line has %d cells and there are %d headings, so its values would stand in the wrong columns.", len(r.Cells), len(header))
		}
		if r.Width >= len(header) {
			r.Width = 0
		}
		for len(r.Cells) < len(header) {
			r.Cells = append(r.Cells, "")
		}
		all = append(all, r)
	}
	return header, all
}

func isHeading(cells, header []string) bool {
	for i, c := range cells {
		if i >= len(header) || clip(c, mostHeading) != header[i] {
			return false
		}
	}
	return true
}

// headings finds the first line that is about as wide as the rows are: what stands above it is a title. A line that
// holds a date, an address or an amount is a row already, and then the sheet has no headings.
func (g *gathered) headings() (firstRow int, header []string) {
	usual := g.usualWidth()
	at := 0
	for i, r := range g.rows[:min(len(g.rows), mostTitleLines)] {
		if filled(r.Cells)*5 >= usual*3 {
			at = i
			break
		}
	}
	header = make([]string, max(usual, len(g.rows[at].Cells)))
	isRow := false
	for _, c := range g.rows[at].Cells {
		isRow = isRow || isValue(c)
	}
	if !isRow {
		copy(header, g.rows[at].Cells)
		at++
	}
	return at, namedApart(header)
}

// isValue: nobody calls a column 12/06/2027.
func isValue(text string) bool {
	_, isDay := readDay(text)
	_, isAmount := minorOf(strings.Trim(text, "£€$ "), 2)
	return isDay || isAmount || strings.Contains(text, "@")
}

// usualWidth is the width that most of the first lines have, the wider of two as common.
func (g *gathered) usualWidth() int {
	seen := map[int]int{}
	usual := 0
	for _, r := range g.rows[:min(len(g.rows), 60)] {
		w := len(r.Cells)
		seen[w]++
		if seen[w] > seen[usual] || seen[w] == seen[usual] && w > usual {
			usual = w
		}
	}
	return usual
}

func filled(cells []string) (n int) {
	for _, c := range cells {
		if c != "" {
			n++
		}
	}
	return n
}

// namedApart: a person chooses by these names, so each has one, and no two are alike.
func namedApart(header []string) []string {
	taken := map[string]bool{}
	for i, name := range header {
		name = clip(name, mostHeading)
		if name == "" {
			name = fmt.Sprintf("Column %d", i+1)
		}
		for base, n := name, 2; taken[name]; n++ {
			name = fmt.Sprintf("%s (%d)", base, n)
		}
		taken[name], header[i] = true, name
	}
	return header
}
