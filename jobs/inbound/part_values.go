package inbound

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/wedsync/wedsync/queries"
)

// id is "" when not said. It is never cut or cleaned: two things must not become one by it.
func (p part) id(name string) string {
	var id string
	switch v := p.fields[name].(type) {
	case nil:
		return ""
	case string:
		id = strings.TrimSpace(v)
	case formText:
		id = strings.TrimSpace(string(v))
	case json.Number:
		id = v.String()
	default:
		p.mustBe(name, "an id: text or a whole number")
		return ""
	}
	if id != "" && !plainID(id) {
		p.mustBe(name, "an id of at most 255 characters, without control characters")
		return ""
	}
	return id
}

// needID is an id without which the thing cannot be told from another.
func (p part) needID(name, why string) string {
	id := p.id(name)
	if id == "" {
		p.fail(wrong("%s is missing: %s", p.path(name), why))
	}
	return id
}

func plainID(id string) bool {
	return id != "" && len(id) <= maxID && utf8.ValidString(id) &&
		!strings.ContainsFunc(id, func(r rune) bool { return unicode.IsControl(r) || r == utf8.RuneError })
}

// ref is the id of another object, which Stripe sends bare or, where its owner asked for it, expanded in full.
func (p part) ref(name string) string {
	if expanded, isObject := p.fields[name].(map[string]any); isObject {
		return part{at: p.path(name), fields: expanded, fault: p.fault}.id("id")
	}
	return p.id(name)
}

func (p part) truth(name string) (value, said bool) {
	switch v := p.fields[name].(type) {
	case nil:
		return false, false
	case bool:
		return v, true
	case formText:
		if b, err := strconv.ParseBool(string(v)); err == nil {
			return b, true
		}
	}
	if p.strict {
		p.mustBe(name, "true or false")
	}
	return false, false
}

// minor is an amount in minor units. Text and fractions are refused, not guessed at: "500.00" read as 500 would be wrong
// a hundredfold.
func (p part) minor(name string) (amount int64, said bool) {
	if !p.has(name) {
		return 0, false
	}
	var digits string
	switch v := p.fields[name].(type) {
	case json.Number:
		digits = v.String()
	case formText:
		digits = strings.TrimSpace(string(v))
	}
	amount, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || digits[0] == '+' {
		p.mustBe(name, "a whole number of pence/cents, e.g. 50000 for £500.00")
		return 0, false
	}
	if amount < 0 || amount > maxMinor {
		p.mustBe(name, "between 0 and 1000000000000 pence/cents")
		return 0, false
	}
	return amount, true
}

// currency falls back on the organisation's where the sender may leave it out.
func (p part) currency(name, otherwise string) string {
	code := p.said(name)
	if code == "" {
		code = otherwise
	}
	currency, ok := queries.ParseCurrency(code)
	if !ok {
		p.mustBe(name, "a currency code of three letters, such as GBP")
	}
	return currency
}
