package mail

import (
	"strings"
	"unicode/utf8"
)

const columns = 78 // RFC 5322 asks for no more

// Text is the letter for who reads plain text: no line is longer than 78 columns but a link's, which has its own.
func (l Letter) Text() string {
	var p pages
	p.say(strings.ToUpper(l.From))
	if l.For != "" {
		p.more("for " + l.For)
	}
	p.say(l.Heading)
	if l.Figure != "" {
		p.say("    " + l.Figure)
	}
	for _, text := range l.Paragraphs {
		p.say(text)
	}
	p.facts(l.Facts)
	for _, g := range l.Groups {
		p.group(g)
	}
	if l.Button != nil {
		p.say(l.Button.Label + ":")
		p.link(l.Button.Href)
	}
	for i, text := range strings.Split(l.Closing, "\n") {
		if i == 0 {
			p.say(text)
		} else {
			p.more(text)
		}
	}
	p.say(l.Signature)
	p.say("-- ")
	p.more(l.Footer)
	if l.Unsubscribe != "" {
		p.more("To stop letters like this one:")
		p.link(l.Unsubscribe)
	}
	return p.b.String()
}

// pages gathers the lines of a text.
type pages struct{ b strings.Builder }

// say begins a paragraph; an empty one is none.
func (p *pages) say(text string) {
	if text == "" {
		return
	}
	if p.b.Len() > 0 {
		p.b.WriteByte('\n')
	}
	p.more(text)
}

// more goes on in the next line.
func (p *pages) more(text string) {
	if text == "-- " { // what mail programs take for the end of a letter; its space counts
		p.b.WriteString("-- \n")
		return
	}
	for _, line := range wrapped(text, columns) {
		p.b.WriteString(line + "\n")
	}
}

func (p *pages) link(href string) { p.b.WriteString(href + "\n") }

func (p *pages) facts(facts []Fact) {
	wide := 0
	for _, f := range facts {
		wide = max(wide, utf8.RuneCountInString(f.Term))
	}
	for i, f := range facts {
		if i == 0 {
			p.b.WriteByte('\n')
		}
		for j, line := range wrapped(f.Text, columns-wide-4) {
			term := f.Term
			if j > 0 {
				term = ""
			}
			p.b.WriteString("  " + term + strings.Repeat(" ", wide-utf8.RuneCountInString(term)+2) + line + "\n")
		}
	}
}

func (p *pages) group(g Group) {
	p.say(g.Title)
	if g.Title == "" {
		p.b.WriteByte('\n')
	}
	for _, e := range g.Entries {
		for i, line := range wrapped(e.Title, columns-2) {
			p.b.WriteString([]string{"- ", "  "}[min(i, 1)] + line + "\n")
		}
		for _, line := range wrapped(e.Body, columns-2) {
			p.b.WriteString("  " + line + "\n")
		}
	}
	if g.More != "" {
		p.more("- " + g.More)
	}
}

// wrapped breaks a text at its spaces, and within a word only where the word is longer than a line.
func wrapped(text string, wide int) (all []string) {
	indent := text[:len(text)-len(strings.TrimLeft(text, " "))]
	line, used := indent, len(indent)
	flush := func() {
		if strings.TrimSpace(line) != "" {
			all = append(all, line)
		}
		line, used = indent, len(indent)
	}
	for _, word := range strings.Fields(text) {
		if used > len(indent) && used+1+width(word) > wide {
			flush()
		}
		if used > len(indent) {
			line, used = line+" ", used+1
		}
		for _, r := range word {
			if used+columnsOf(r) > wide {
				flush()
			}
			line, used = line+string(r), used+columnsOf(r)
		}
	}
	flush()
	return all
}

func width(s string) (n int) {
	for _, r := range s {
		n += columnsOf(r)
	}
	return n
}

// columnsOf: emoji and the letters of East Asia are two columns wide.
func columnsOf(r rune) int {
	if r >= 0x1100 && (r <= 0x115f || r >= 0x2e80 && r <= 0xa4cf || r >= 0xac00 && r <= 0xd7a3 || r >= 0xf900 && r <= 0xfaff || r >= 0xfe30 && r <= 0xfe6f ||
		r >= 0xff00 && r <= 0xff60 || r >= 0xffe0 && r <= 0xffe6 || r >= 0x1f300 && r <= 0x1faff || r >= 0x20000 && r <= 0x3fffd) {
		return 2
	}
	return 1
}
