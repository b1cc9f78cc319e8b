package inbound

import (
	"encoding/json"
	"strings"
)

const (
	maxMinor = 1_000_000_000_000 // ten thousand million pounds: a larger amount is a mistake or an attack on a sum
	maxID    = 255
	maxText  = 500
)

// part is one object of a document. Its getters remember the first fault instead of returning it, so that a reader
// is a straight list of fields and asks once, at its end.
type part struct {
	at     string // as a person would write it: data.payment
	fields map[string]any
	fault  *error
	strict bool // a sender of our own shape is told of what is wrong with a text; a provider's oddity is passed over
}

func newPart(at string, fields map[string]any, strict bool) part {
	return part{at: at, fields: fields, fault: new(error), strict: strict}
}

func (p part) err() error { return *p.fault }

func (p part) path(name string) string {
	if p.at == "" {
		return name
	}
	return p.at + "." + name
}

func (p part) fail(err error) {
	if *p.fault == nil {
		*p.fault = err
	}
}

func (p part) mustBe(name, what string) {
	p.fail(wrong("%s must be %s; it was %s.", p.path(name), what, shown(p.fields[name])))
}

// has is false for null too: no-code senders write null for what they have no value for.
func (p part) has(name string) bool { return p.fields[name] != nil }

// sub is an inner object; an absent one has no fields, so that what is asked of it is simply not said.
func (p part) sub(name string) (inner part, said bool) {
	inner = part{at: p.path(name), fault: p.fault, strict: p.strict}
	inner.fields, said = p.fields[name].(map[string]any)
	if !said && p.has(name) && p.strict {
		p.mustBe(name, "an object with fields of its own")
	}
	return inner, said
}

// list is the objects of an inner list, bare or in Stripe's wrapping {"object":"list","data":[…]}.
func (p part) list(name string) (parts []part) {
	inner, wrapped := p.fields[name].(map[string]any)
	values, _ := p.fields[name].([]any)
	if wrapped {
		values, _ = inner["data"].([]any)
	}
	for _, value := range values[:min(len(values), 100)] {
		if fields, isObject := value.(map[string]any); isObject {
			parts = append(parts, part{at: p.path(name), fields: fields, fault: p.fault, strict: p.strict})
		}
	}
	return parts
}

// text is nil when not said. Numbers pass as they are written: a phone number often comes as one.
func (p part) text(name string) *string {
	var text string
	switch v := p.fields[name].(type) {
	case nil:
		return nil
	case string:
		text = v
	case formText:
		text = string(v)
	case json.Number:
		text = v.String()
	default:
		if p.strict {
			p.mustBe(name, "text")
		}
		return nil
	}
	if p.strict && strings.ContainsRune(text, 0) {
		p.fail(wrong("%s holds a NUL character, which no name has. Check how the sender encodes its text.", p.path(name)))
	}
	text = clip(clean(text), maxText)
	return &text
}

// said is the text, or nothing.
func (p part) said(name string) string {
	if text := p.text(name); text != nil {
		return *text
	}
	return ""
}
