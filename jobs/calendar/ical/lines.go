package ical

import (
	"bytes"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// line is a property as it is written: its name and its parameters' names in upper case.
type line struct {
	name   string
	params []param
	value  string
}

type param struct{ name, value string }

func (l line) param(name string) string {
	for _, p := range l.params {
		if p.name == name {
			return p.value
		}
	}
	return ""
}

// longestLine is what is read of one line; pictures are written into calendars too.
const longestLine = 64 << 10

// unfold gives the logical lines of a file. What begins with a blank belongs to the line before, as RFC 5545 has it; so does what
// cannot begin a property, since many an export breaks long text without the blank.
func unfold(body []byte, most int) []string {
	body = plainText(body)
	if bytes.IndexByte(body, '\n') < 0 {
		body = bytes.ReplaceAll(body, []byte("\r"), []byte("\n")) // of old Macs
	}
	var lines []string
	var now []byte
	flush := func() {
		if len(bytes.TrimSpace(now)) > 0 {
			lines = append(lines, harmless(now))
		}
		now = nil
	}
	for len(body) > 0 {
		raw, rest, _ := bytes.Cut(body, []byte("\n"))
		body = rest
		raw = bytes.TrimSuffix(raw, []byte("\r"))
		switch {
		case len(raw) == 0:
			continue
		case (raw[0] == ' ' || raw[0] == '\t') && now != nil:
			raw = raw[1:]
		case begins(raw) || now == nil || folded(raw, rest):
			flush()
		case brackets(now): // nothing can be more of these
			continue
		default:
			raw = append([]byte(`\n`), raw...)
		}
		if room := most - len(now); len(raw) > room {
			raw = raw[:max(room, 0)]
		}
		now = append(now, raw...)
	}
	flush()
	return lines
}

// begins tells whether a property may start here: a name, and then what follows a name.
func begins(raw []byte) bool {
	for i, c := range raw {
		switch {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.':
		default:
			return i > 0 && (c == ':' || c == ';')
		}
	}
	return false
}

// folded tells whether this is a property's name that was broken within.
func folded(raw, rest []byte) bool {
	return len(rest) > 0 && rest[0] == ' ' && bytes.IndexFunc(raw, func(r rune) bool { return (r < 'A' || r > 'Z') && r != '-' }) < 0
}

func brackets(now []byte) bool {
	return len(now) >= 4 && (bytes.EqualFold(now[:4], []byte("END:")) || len(now) >= 6 && bytes.EqualFold(now[:6], []byte("BEGIN:")))
}

// plainText takes a byte order mark away, and what Windows calls Unicode to UTF-8.
func plainText(body []byte) []byte {
	wide := func(high, low int) []byte {
		units := make([]uint16, 0, len(body)/2)
		for i := 2; i+1 < len(body); i += 2 {
			units = append(units, uint16(body[i+high])<<8|uint16(body[i+low]))
		}
		return []byte(string(utf16.Decode(units)))
	}
	switch {
	case bytes.HasPrefix(body, []byte{0xFE, 0xFF}):
		return wide(0, 1)
	case bytes.HasPrefix(body, []byte{0xFF, 0xFE}):
		return wide(1, 0)
	}
	return bytes.TrimPrefix(body, []byte("\xEF\xBB\xBF"))
}

// harmless makes text of bytes: those that are no UTF-8 are taken for Latin-1, which they mostly are; control characters go.
func harmless(raw []byte) string {
	var out strings.Builder
	for len(raw) > 0 {
		r, size := utf8.DecodeRune(raw)
		if r == utf8.RuneError && size == 1 {
			r = rune(raw[0])
		}
		raw = raw[size:]
		if r >= ' ' && r != 0x7F && !(r >= 0x80 && r < 0xA0) || r == '\t' {
			out.WriteRune(r)
		}
	}
	return out.String()
}

// parse takes a line apart: NAME;PARAM=VALUE;PARAM="a:b":value. Without a colon it is nothing.
func parse(text string) (line, bool) {
	quoted, from := false, 0
	var pieces []string
	for i := range len(text) {
		switch c := text[i]; {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == ';':
			pieces, from = append(pieces, text[from:i]), i+1
		case c == ':':
			return assemble(append(pieces, text[from:i]), text[i+1:]), true
		}
	}
	// A quote that is never closed: the first colon it is, then.
	name, value, found := strings.Cut(strings.ReplaceAll(text, `"`, ""), ":")
	return assemble(strings.Split(name, ";"), value), found
}

func assemble(pieces []string, value string) line {
	l := line{name: strings.ToUpper(strings.TrimSpace(pieces[0])), value: value}
	for _, piece := range pieces[1:] {
		name, value, _ := strings.Cut(piece, "=")
		l.params = append(l.params, param{strings.ToUpper(strings.TrimSpace(name)), strings.Trim(strings.TrimSpace(value), `"`)})
	}
	return l
}

// unescape reads TEXT; a backslash that escapes nothing stays.
func unescape(text string) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			out.WriteByte(text[i])
			continue
		}
		i++
		switch c := text[i]; c {
		case 'n', 'N':
			out.WriteByte('\n')
		case '\\', ';', ',', '"', ':':
			out.WriteByte(c)
		default:
			out.WriteByte('\\')
			out.WriteByte(c)
		}
	}
	return out.String()
}

var escaper = strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\r\n", `\n`, "\n", `\n`, "\r", `\n`)

func escape(text string) string { return escaper.Replace(text) }

// upTo cuts text at so many bytes, on the border of a rune.
func upTo(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}

// number reads digits alone; what is none or too great is 0.
func number(text string) int {
	if len(text) > 9 {
		return 0
	}
	n := 0
	for _, c := range text {
		if c < '0' || c > '9' {
			return 0
		}
		n = n*10 + int(c-'0')
	}
	return n
}
