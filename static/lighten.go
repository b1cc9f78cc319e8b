package static

import "strings"

// Lighten takes comments, and the white space that means nothing, out of a script of ours; names and texts stay as they are.
// A line's end stays where it may end a statement. It asks that no text in backquotes runs over several lines; the tests
// see to that.
func Lighten(js []byte) []byte {
	l := lightener{src: string(js)}
	for l.at < len(l.src) {
		l.step()
	}
	return append([]byte(strings.TrimLeft(l.out.String(), "\n")), '\n')
}

type lightener struct {
	src  string
	at   int
	out  strings.Builder
	last byte // written last; 0: nothing yet
	gap  byte // white space since then: a blank, a line's end, or none
}

func (l *lightener) step() {
	rest := l.src[l.at:]
	switch c := rest[0]; {
	case c == '\n':
		l.gap = '\n'
		l.at++
	case c == ' ', c == '\t', c == '\r':
		if l.gap == 0 {
			l.gap = ' '
		}
		l.at++
	case strings.HasPrefix(rest, "//"):
		l.at += until(rest, "\n")
	case strings.HasPrefix(rest, "/*"):
		l.at += until(rest, "*/") + len("*/")
	case c == '\'', c == '"', c == '`':
		l.write(text(rest))
	case c == '/' && l.beginsValue():
		l.write(expression(rest))
	default:
		l.write(rest[:1])
	}
}

// write puts a token down, with what has to stand before it.
func (l *lightener) write(token string) {
	switch first := token[0]; {
	case l.gap == '\n' && l.last != 0 && !strings.ContainsRune("{([,;=&|?:", rune(l.last)) && !strings.ContainsRune(")]},.?:&|=", rune(first)):
		l.out.WriteByte('\n')
	case l.gap != 0 && (named(l.last) && named(first) || l.last == first && strings.ContainsRune("+-/", rune(first))):
		l.out.WriteByte(' ')
	}
	l.out.WriteString(token)
	l.last, l.gap = token[len(token)-1], 0
	l.at += len(token)
}

// named: a character of names and numbers, of which two run together.
func named(c byte) bool {
	return c == '_' || c == '$' || c == '#' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// beginsValue says that a value stands here, so that a slash begins a regular expression and divides nothing.
func (l *lightener) beginsValue() bool {
	return l.last == 0 || strings.ContainsRune("({[,;=:?!&|>+-*", rune(l.last)) || strings.HasSuffix(l.out.String(), "return")
}

// text is a text in quotes, whole.
func text(s string) string {
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\':
			i++
		case s[i] == s[0]:
			return s[:i+1]
		case s[0] == '`' && strings.HasPrefix(s[i:], "${"):
			i += inserted(s[i:])
		}
	}
	panic("static: a text in a script does not end")
}

// inserted is how far the ${…} in a text reaches, up to its last brace.
func inserted(s string) int {
	for depth, i := 0, 1; i < len(s); i++ {
		switch s[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i
			}
		case '\'', '"', '`':
			i += len(text(s[i:])) - 1
		}
	}
	panic("static: a ${ in a script does not end")
}

// expression is a regular expression, whole but for its flags.
func expression(s string) string {
	class := false
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\':
			i++
		case s[i] == '[', s[i] == ']':
			class = s[i] == '['
		case s[i] == '/' && !class:
			return s[:i+1]
		}
	}
	panic("static: a regular expression in a script does not end")
}

func until(s, end string) int {
	if i := strings.Index(s, end); i >= 0 {
		return i
	}
	return len(s)
}
