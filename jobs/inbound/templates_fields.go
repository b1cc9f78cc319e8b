package inbound

import (
	"strings"
	"unicode"
)

func (p part) flatCurrency(d Defaults) string {
	if name, there := p.where(currencies); there {
		return p.currency(name, d.Currency)
	}
	return p.currency("currency", d.Currency)
}

func (p part) with(at string, fields map[string]any) part {
	return part{at: at, fields: fields, fault: p.fault, strict: p.strict}
}

// where is the first of these fields that holds anything: no-code senders send every field of their form, empty or not.
func (p part) where(candidates []string) (name string, there bool) {
	for _, name := range candidates {
		switch v := p.fields[name].(type) {
		case string:
			there = strings.TrimSpace(v) != ""
		case formText:
			there = strings.TrimSpace(string(v)) != ""
		default:
			there = v != nil
		}
		if there {
			return name, true
		}
	}
	return "", false
}

func (p part) first(candidates []string) string {
	name, _ := p.where(candidates)
	return p.said(name)
}

func (p part) insist(candidates []string, why string) (name string) {
	name, there := p.where(candidates)
	if !there {
		p.fail(wrong("%s The body has none of these fields: %s. Add one to the sender.", why, strings.Join(candidates, ", ")))
	}
	return name
}

func (p part) copy(into map[string]any, name string, candidates []string) {
	if from, there := p.where(candidates); there {
		into[name] = p.fields[from]
	}
}

// word writes "Payment Received", payment_received and payment.received the same.
func word(text string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}), " ")
}
