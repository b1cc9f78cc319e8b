package inbound

import (
	"strconv"
	"strings"

	"github.com/PuerkitoBio/goquery"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// mostPageCells bounds the tree of a page: a cell takes a hundred times the memory of the four bytes that ask for it.
const mostPageCells = 1_000_000

// page takes the largest table of a saved page. Menus and the layout around it are often tables too, and smaller.
func (g *gathered) page(text string) error {
	kept, err := tablesOf(text)
	if err != nil {
		return err
	}
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(kept))
	if err != nil {
		return wrong("This page is nested so deeply that WedSync will not read it. Export the list as CSV instead.")
	}
	var largest *goquery.Selection
	most := 0
	doc.Find("table").Each(func(_ int, table *goquery.Selection) {
		if size := ownCells(table); size > most {
			largest, most = table, size
		}
	})
	if largest == nil {
		return wrong("There is no table in this page. Open the list in your browser so that you see its rows, choose Save page as, and upload that; or export the list as CSV. Pages that draw their list by script cannot be saved that way.")
	}
	g.rowsOf(largest)
	return nil
}

var structure = map[atom.Atom]bool{atom.Table: true, atom.Thead: true, atom.Tbody: true, atom.Tfoot: true, atom.Tr: true, atom.Td: true, atom.Th: true}

// inline parts stand within a word: 12<sup>th</sup>, <b>£</b>1,250.
var inline = map[atom.Atom]bool{atom.A: true, atom.Abbr: true, atom.B: true, atom.Em: true, atom.Font: true, atom.I: true, atom.Small: true, atom.Span: true,
	atom.Strong: true, atom.Sub: true, atom.Sup: true, atom.Time: true, atom.U: true}

// tablesOf leaves of a page what makes its tables, and the text. Everything else is where pages are hostile: scripts, and
// formatting that a browser's rules repeat in every paragraph, so that a small page makes a huge tree.
func tablesOf(text string) (string, error) {
	var out strings.Builder
	tokens, cells, silent := html.NewTokenizer(strings.NewReader(text)), 0, atom.Atom(0)
	for kind := tokens.Next(); kind != html.ErrorToken; kind = tokens.Next() {
		switch token := tokens.Token(); kind {
		case html.TextToken:
			if silent == 0 {
				out.WriteString(html.EscapeString(token.Data))
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			switch {
			case silent != 0:
			case structure[token.DataAtom]:
				out.WriteString(opened(token))
			case unread(token.DataAtom) && kind == html.StartTagToken:
				silent = token.DataAtom
			case !inline[token.DataAtom]:
				out.WriteByte(' ')
			}
			if token.DataAtom == atom.Td || token.DataAtom == atom.Th {
				cells++
			}
		case html.EndTagToken:
			switch {
			case silent != 0 && token.DataAtom == silent:
				silent = 0
			case silent == 0 && structure[token.DataAtom]:
				out.WriteString("</" + token.Data + ">")
			case silent == 0 && !inline[token.DataAtom]:
				out.WriteByte(' ')
			}
		}
		if cells > mostPageCells {
			return "", wrong("The tables of this page have more than %d cells. Export the list as CSV, or save it in parts.", mostPageCells)
		}
	}
	return out.String(), nil
}

// unread: what stands inside these is not on the page that a person sees.
func unread(a atom.Atom) bool {
	switch a {
	case atom.Script, atom.Style, atom.Template, atom.Noscript, atom.Title, atom.Select, atom.Textarea, atom.Svg, atom.Iframe:
		return true
	}
	return false
}

func opened(token html.Token) string {
	tag := "<" + token.Data
	for _, a := range token.Attr {
		if n, err := strconv.Atoi(strings.TrimSpace(a.Val)); err == nil && (a.Key == "colspan" || a.Key == "rowspan") {
			tag += " " + a.Key + `="` + strconv.Itoa(n) + `"`
		}
	}
	return tag + ">"
}

// ownRows are a table's rows and not those of a table inside one of its cells.
func ownRows(table *goquery.Selection) *goquery.Selection {
	rows := table.ChildrenFiltered("tr")
	return table.ChildrenFiltered("thead").ChildrenFiltered("tr").AddSelection(rows).
		AddSelection(table.ChildrenFiltered("tbody").ChildrenFiltered("tr")).AddSelection(table.ChildrenFiltered("tfoot").ChildrenFiltered("tr"))
}

func ownCells(table *goquery.Selection) int {
	return ownRows(table).ChildrenFiltered("td, th").Length()
}

// rowsOf lays cells that span columns or rows out as a person sees them: the value in its first column, and again in
// each row that it stands beside.
func (g *gathered) rowsOf(table *goquery.Selection) {
	type hanging struct {
		text string
		left int
	}
	down := map[int]hanging{}
	ownRows(table).Each(func(i int, row *goquery.Selection) {
		var cells []string
		hang := func() {
			for h := down[len(cells)]; h.left > 0; h = down[len(cells)] {
				down[len(cells)] = hanging{h.text, h.left - 1}
				cells = append(cells, h.text)
			}
		}
		row.ChildrenFiltered("td, th").Each(func(_ int, td *goquery.Selection) {
			hang()
			if len(cells) > mostColumns {
				return // too wide already, which is said of the whole sheet
			}
			text := ownText(td.Nodes[0])
			if below := span(td, "rowspan") - 1; below > 0 {
				down[len(cells)] = hanging{text, below}
			}
			cells = append(cells, text)
			for range min(span(td, "colspan"), mostColumns+1) - 1 {
				cells = append(cells, "")
			}
		})
		hang()
		g.add(i+1, cells, "")
	})
}

func span(td *goquery.Selection, name string) int {
	n, err := strconv.Atoi(td.AttrOr(name, "1"))
	if err != nil {
		return 1
	}
	return max(1, min(n, 1000))
}

// ownText is a cell's text without that of a table inside it: that one has rows of its own.
func ownText(n *html.Node) string {
	var out strings.Builder
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type == html.TextNode {
			out.WriteString(c.Data + " ")
		}
	}
	return strings.Join(strings.Fields(out.String()), " ")
}
