// Package ui holds the parts that pages and mails are built from: buttons, fields, tables, figures, charts, and the way
// money and dates are written.
//
// It hides the markup and the class names behind each part, what screen readers need to hear, and all geometry of the charts.
// Its parts get the values they show and fetch nothing; a part that speaks of "ago" gets now as a value.
//
// It imports templ and the standard library only. views and views/mail import it; nothing else should.
package ui

import (
	"maps"
	"strings"
	"unicode"

	"github.com/a-h/templ"
)

// Tone says how something stands. It colours badges, notices, steps and lines below figures; words carry the meaning too.
type Tone string

const (
	Neutral Tone = "neutral"
	Accent  Tone = "accent"
	Good    Tone = "good"
	Warn    Tone = "warn"
	Bad     Tone = "bad"
)

func (t Tone) class() string {
	if t == "" {
		t = Neutral
	}
	return "tone-" + string(t)
}

// attrs lays what the caller asks for over what the part has by itself; classes add up.
func attrs(own templ.Attributes, more ...templ.Attributes) templ.Attributes {
	all := maps.Clone(own)
	for _, m := range more {
		for k, v := range m {
			if k == "class" && all[k] != nil {
				v = all[k].(string) + " " + v.(string)
			}
			all[k] = v
		}
	}
	return all
}

// Initials are the monogram of a person or a couple: "Anna & Tom" → "A&T", "Wilhelmina Grace Hall" → "WH".
func Initials(name string) string {
	if a, b, ok := couple(name); ok {
		return first(a) + "&" + first(b)
	}
	words := strings.Fields(name)
	if len(words) == 0 {
		return "·"
	}
	if len(words) == 1 {
		return first(words[0])
	}
	return first(words[0]) + first(words[len(words)-1])
}

func couple(name string) (a, b string, ok bool) {
	for _, sep := range []string{"&", " and ", " + "} {
		if a, b, ok = strings.Cut(name, sep); ok && strings.TrimSpace(a) != "" && strings.TrimSpace(b) != "" {
			return a, b, true
		}
	}
	return "", "", false
}

func first(s string) string {
	for _, r := range s {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return string(unicode.ToUpper(r))
		}
	}
	return "·"
}
