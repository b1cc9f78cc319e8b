package inbound

import (
	"encoding/csv"
	"errors"
	"io"
	"strings"
)

// csv reads strictly first, because a forgiving reader takes everything up to the next quotation mark for one cell. Only
// where the strict one gives up (5" prints) is the forgiving one asked, and then a cell with a line break in it is
// suspected of having swallowed the lines after it.
func (g *gathered) csv(text string) (delimiter string, err error) {
	if !strings.Contains(text, "\n") {
		text = strings.ReplaceAll(text, "\r", "\n") // lines as old Macs end them
	}
	comma, text := delimiterOf(text)
	if !g.records(text, comma, false) {
		*g = gathered{}
		g.records(text, comma, true)
	}
	return string(comma), nil
}

func (g *gathered) records(text string, comma rune, forgiving bool) bool {
	r := csv.NewReader(strings.NewReader(text))
	r.Comma, r.FieldsPerRecord, r.LazyQuotes = comma, -1, forgiving
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return true
		}
		if err != nil {
			return false
		}
		line, _ := r.FieldPos(0)
		fault := ""
		for _, c := range record {
			if forgiving && strings.ContainsAny(c, "\n") {
				fault = "A quotation mark in this line is not closed, so it runs into the lines after it. All of them are left out: mend the quotation mark and import the file again."
			}
		}
		g.add(line, record, fault)
	}
}

// delimiterOf takes the character that parts the most lines into the same number of cells. Excel's own hint, a first
// line "sep=;", is believed and dropped.
func delimiterOf(text string) (rune, string) {
	first, rest, _ := strings.Cut(text, "\n")
	if hint, ok := strings.CutPrefix(strings.TrimSpace(first), "sep="); ok && len(hint) == 1 && strings.Contains(",;|\t", hint) {
		return rune(hint[0]), "\n" + rest // the line still counts, so that the numbers of lines stay true
	}
	best, bestLines, bestCells := ',', 0, 0
	for _, candidate := range []rune{',', ';', '\t', '|'} {
		lines, cells := regularity(text, candidate)
		if lines > bestLines || lines == bestLines && cells > bestCells {
			best, bestLines, bestCells = candidate, lines, cells
		}
	}
	return best, text
}

// regularity is how many of the first lines have the commonest number of this character outside quotes, and that number.
func regularity(text string, candidate rune) (lines, cells int) {
	seen := map[int]int{}
	quoted, n, looked := false, 0, 0
	for _, r := range text[:min(len(text), 64<<10)] {
		switch {
		case r == '"':
			quoted = !quoted
		case r == candidate && !quoted:
			n++
		case r == '\n' && !quoted:
			if n > 0 {
				seen[n]++
			}
			n = 0
			looked++
		}
		if looked == 50 {
			break
		}
	}
	if n > 0 {
		seen[n]++
	}
	for count, of := range seen {
		if of > lines || of == lines && count > cells {
			lines, cells = of, count
		}
	}
	return lines, cells
}
