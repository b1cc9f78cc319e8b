package inbound

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

func redactForm(body string) (string, bool) {
	fields, err := url.ParseQuery(body)
	if err != nil {
		return "", false
	}
	var names []string
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	var out strings.Builder
	for _, name := range names {
		for _, value := range fields[name] {
			if pretty, ok := redactJSON([]byte(value)); ok && strings.HasPrefix(pretty, "{") {
				value = pretty
			}
			if looksSecret(name) || isCard(value) {
				value = hidden
			}
			out.WriteString(printable(name+": "+value) + "\n")
		}
	}
	return shortened(out.String()), true
}

// assigned finds name=value and "name": "value" in a body that is no whole JSON or form.
var assigned = regexp.MustCompile(`([A-Za-z][A-Za-z0-9_-]*)("?\s*[:=]\s*)("[^"]*"?|[^\s,;&"}]+)`)

func redactText(body string) string {
	return shortened(assigned.ReplaceAllStringFunc(printable(body), func(found string) string {
		piece := assigned.FindStringSubmatch(found)
		if looksSecret(piece[1]) || isCard(strings.Trim(piece[3], `"`)) {
			return piece[1] + piece[2] + hidden
		}
		return found
	}))
}

// printable keeps line breaks: this is a body, not a name.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
}

func shortened(text string) string {
	if len(text) <= maxShown {
		return text
	}
	return clip(text, maxShown) + cutShort
}
