package inbound

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// wrong and ignored are the only makers of reasons, so that whatever a sender put into a name or a value,
// the row that keeps the reason stays valid text (Postgres refuses NUL) and of a readable length.
func wrong(format string, a ...any) error   { return WrongShape{words(fmt.Sprintf(format, a...))} }
func ignored(format string, a ...any) error { return Ignored{words(fmt.Sprintf(format, a...))} }

func words(text string) string { return clip(clean(text), maxWords) }

// shown quotes what a sender wrote, short enough to stand in a sentence.
func shown(value any) string {
	switch v := value.(type) {
	case map[string]any:
		return "an object"
	case []any:
		return "a list"
	case nil:
		return "null"
	case json.Number:
		return clip(clean(v.String()), 60)
	case bool:
		return fmt.Sprint(v)
	default:
		return "\"" + clip(clean(fmt.Sprint(v)), 60) + "\""
	}
}

// clean makes one line of valid text: a line break inside a name is a space, other control characters are nothing.
func clean(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			return ' '
		case unicode.IsControl(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	return strings.TrimSpace(text)
}

// clip cuts at a rune, never inside one.
func clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return strings.TrimSpace(text[:most])
}
