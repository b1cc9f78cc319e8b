package inbound

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/wedsync/wedsync/queries"
)

// readAs is all that an import makes of a file: the sheet, our guess at it, and each row as it would be read.
type readAs struct {
	Sheet  Sheet
	Kind   queries.SheetKind
	Fields map[Field]string
	Dates  DateOrder
	Rows   []string
}

func whole(t testing.TB, s Sheet) readAs {
	t.Helper()
	c := Guess(s.Header, s.Rows)
	got := readAs{Sheet: s, Kind: c.Kind, Dates: c.Order(s.Rows), Fields: map[Field]string{}}
	c.DayFirst = got.Dates.Decided()
	for f, i := range c.Of {
		got.Fields[f] = s.Header[i]
	}
	for _, r := range s.Rows {
		body, _, err := c.Delivery(r, london(t))
		if err != nil {
			body = []byte("left out: " + err.Error())
		}
		got.Rows = append(got.Rows, fmt.Sprintf("%d %s", r.Line, body))
	}
	return got
}

func TestSheetsAreReadAsTheyWereLookedAt(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/sheets/*.*")
	if err != nil || len(files) < 10 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, ".golden.json") {
			continue
		}
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s, err := ReadSheet(filepath.Base(file), "", raw)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		var got bytes.Buffer
		out := json.NewEncoder(&got)
		out.SetEscapeHTML(false)
		out.SetIndent("", "  ")
		if err := out.Encode(whole(t, s)); err != nil {
			t.Fatal(err)
		}
		if *update {
			if err := os.WriteFile(file+".golden.json", got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file + ".golden.json")
		if err != nil || got.String() != string(want) {
			t.Errorf("%s is read differently (go test -update writes it): %v\n%s", file, err, got.String())
		}
	}
}

func TestFilesThatAreNoSheetAreRefusedInWords(t *testing.T) {
	t.Parallel()
	rows := func(n int) string { return "Name,E-mail\n" + strings.Repeat("Anna,a@example.com\n", n) }
	for _, tt := range []struct{ what, name, raw, words string }{
		{"a workbook", "x.xlsx", "PK\x03\x04rest", "CSV UTF-8"},
		{"an old workbook", "x.xls", "\xd0\xcf\x11\xe0rest", "CSV UTF-8"},
		{"a PDF", "x.csv", "%PDF-1.7", "PDF"},
		{"a picture", "x.csv", "\x89PNG\r\n", "picture"},
		{"a packed file", "x.csv", "\x1f\x8b\x08", "Unpack"},
		{"nothing", "x.csv", "", "nothing in this file"},
		{"blanks", "x.csv", " , ,\n,,\n", "nothing in this file"},
		{"headings alone", "x.csv", "Name,E-mail\n", "no rows below"},
		{"a page without a table", "x.html", "<html><body><p>Hello</p>", "no table in this page"},
		{"a page called by its type", "x", "hello", ""},
		{"UTF-8 that was damaged", "x.csv", "Name,Town\nZoë,Chloë\nÉva,\xff\n", "encoding"},
		{"half of UTF-16", "x.csv", "\xff\xfeN\x00a\x00m", "encoding"},
		{"lone surrogates", "x.csv", "\xff\xfe\x00\xd8\x00\xd8\n\x00", "encoding"},
		{"bytes that Windows does not have", "x.csv", "Name\nZo\x81\n", "encoding"},
		{"binary", "x.csv", strings.Repeat("\x00\x01\x02a", 100), "encoding"},
		{"UTF-16 without a mark", "x.csv", strings.Repeat("a\x00", 100), "encoding"},
		{"one row too many", "x.csv", rows(MostSheetRows + 1), "50001 rows"},
		{"many rows too many", "x.csv", rows(3 * MostSheetRows), "150000 rows"},
		{"too wide", "x.csv", strings.Repeat("a,", 100) + "b\n1\n", "101 cells"},
		{"too wide further down", "x.csv", rows(10) + strings.Repeat("a,", 200) + "b\n", "201 cells"},
		{"too large", "x.csv", strings.Repeat("a", MostSheetBytes+1), "20 MB"},
		{"too many cells", "x.html", "<table><tr>" + strings.Repeat("<td>", mostPageCells+1), "cells"},
		{"too wide by spans", "x.html", "<table><tr>" + strings.Repeat("<td colspan=1000>x", 1000), "no rows below"},
	} {
		contentType := ""
		if tt.words == "" {
			contentType, tt.words = "text/html; charset=utf-8", "no table in this page"
		}
		_, err := ReadSheet(tt.name, contentType, []byte(tt.raw))
		if err == nil || !isWords(err) || !strings.Contains(err.Error(), tt.words) {
			t.Errorf("%s: %v", tt.what, err)
		}
	}
}

func TestAsManyRowsAsPromised(t *testing.T) {
	t.Parallel()
	s, err := ReadSheet("x.csv", "", []byte("My clients\n\nName,E-mail\n"+strings.Repeat("Anna,a@example.com\n", MostSheetRows)))
	if err != nil || len(s.Rows) != MostSheetRows || s.Rows[0].Line != 4 || s.Rows[MostSheetRows-1].Line != MostSheetRows+3 {
		t.Errorf("%v, %d rows", err, len(s.Rows))
	}
}

// A page's formatting may be repeated by the rules of HTML until it fills the memory; nesting may be without end.
func TestHostilePagesEndSoonAndInWordsOrRows(t *testing.T) {
	t.Parallel()
	var unique strings.Builder
	for i := range 400 {
		fmt.Fprintf(&unique, "<b class=x%d>", i)
	}
	for what, page := range map[string]string{
		"formatting in every paragraph": unique.String() + strings.Repeat("<p>", 200_000) + "<table><tr><td>Name<tr><td>Anna</table>",
		"tables in tables":              strings.Repeat("<table><tr><td>", 100_000),
		"rows hanging down":             "<table>" + strings.Repeat("<tr><td rowspan=65534>Name<td rowspan=99999999999999>x", 2000),
		"a script that never ends":      "<table><tr><td>Name<tr><td>Anna</table><script><table>",
		"attributes":                    "<table " + strings.Repeat("a=1 ", 200_000) + "><tr><td>Name<tr><td>Anna</table>",
		"entities":                      "<table><tr><td>Name<tr><td>" + strings.Repeat("&amp;lt;&#0;&#xd800;", 1000) + "</table>",
	} {
		began := time.Now()
		s, err := ReadSheet("x.html", "", []byte(page))
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("%s: took %s", what, took)
		}
		if err != nil && !isWords(err) {
			t.Errorf("%s: %v", what, err)
		}
		checkSheet(t, s, err)
	}
}

func checkSheet(t *testing.T, s Sheet, err error) {
	t.Helper()
	if err != nil {
		if !isWords(err) || err.Error() == "" {
			t.Errorf("an error must be words: %T %v", err, err)
		}
		return
	}
	if len(s.Header) == 0 || len(s.Header) > mostColumns || len(s.Rows) == 0 || len(s.Rows) > MostSheetRows {
		t.Errorf("%d headings, %d rows", len(s.Header), len(s.Rows))
	}
	seen := map[string]bool{}
	for _, h := range s.Header {
		if h == "" || seen[h] {
			t.Errorf("heading %q", h)
		}
		seen[h] = true
		checkText(t, h)
	}
	for _, r := range s.Rows {
		checkText(t, append(r.Cells, r.Fault)...)
		if r.Line < 1 || len(r.Cells) < len(s.Header) {
			t.Errorf("%+v", r)
		}
	}
}

func FuzzReadSheet(f *testing.F) {
	files, _ := filepath.Glob("testdata/sheets/*.*")
	for _, file := range files {
		if raw, err := os.ReadFile(file); err == nil && !strings.HasSuffix(file, ".json") {
			f.Add(filepath.Base(file), "", raw)
		}
	}
	f.Add("x", "text/html", []byte("<table><tr><td rowspan=9 colspan=9>a<td>b<tr><td>c"))
	f.Add("x.csv", "", []byte("\"a\n\"\"b\",\"\r;\x00"))
	f.Fuzz(func(t *testing.T, name, contentType string, raw []byte) {
		s, err := ReadSheet(name, contentType, raw)
		checkSheet(t, s, err)
		if err != nil {
			return
		}
		for _, kind := range queries.AllSheetKindValues() {
			c := GuessAs(kind, s.Header, s.Rows)
			c.DayFirst = c.Order(s.Rows).Decided()
			for _, r := range s.Rows {
				body, ev, err := c.Delivery(r, london(t))
				if err == nil && (len(body) == 0 || !utf8.Valid(body) || bytes.Contains(body, []byte(`\u0000`))) {
					t.Errorf("%q", body)
				}
				checkEvent(t, ev, err)
			}
		}
	})
}
