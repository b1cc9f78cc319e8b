package mail

import (
	"cmp"
	"strings"
	"unicode/utf8"
)

// Wording is a supplier's own words for a letter; what is empty is ours. {{couple}} and the like stand for what a letter is about.
type Wording struct{ Subject, Opening, Closing string }

const maxWording = 2000

// Variable is a word in braces that a letter fills in.
type Variable struct {
	Name    string // "couple": written {{couple}}
	Means   string
	Example string
	Without string // what stands there when we do not know it
}

var variables = map[string]Variable{
	"supplier": {"supplier", "Your business's name", "Wild Thyme Flowers", "Your supplier"},
	"couple":   {"couple", "The couple's names", "Anna Kay & Tom Fry", "both of you"},
	"name":     {"name", "The name of who reads it", "Anna", "there"},
	"title":    {"title", "What the booking is called", "Kay & Fry", "your booking"},
	"date":     {"date", "The date of the booking", "Sat 12 June 2027", "a date still to be set"},
	"time":     {"time", "When it begins, at the venue", "14:00", "a time still to be set"},
	"venue":    {"venue", "Where it is", "Holm House", "the venue"},
	"amount":   {"amount", "The amount, with its currency", "£500.00", "the amount"},
	"detail":   {"detail", "What it is for, what changed, or why it failed", "Deposit for the flowers", "no further details"},
	"system":   {"system", "The connected system", "Tave", "the other system"},
	"news":     {"news", "What happened, in our words: a whole sentence", "", ""},
}

// known are the variables of each kind, in the order of the page. "supplier", "name" and "news" are everywhere.
var known = map[Kind][]string{
	Booking: {"couple", "title", "date", "time", "venue", "amount", "detail"}, Payment: {"couple", "amount", "title", "date", "venue", "detail"},
	Refund: {"couple", "amount", "title", "date", "venue", "detail"}, FailedPayment: {"couple", "amount", "title", "date", "venue", "detail"},
	ClientChange: {"couple", "detail"}, Conflict: {"couple", "title", "date", "time", "venue", "detail"},
	Invite: {"couple", "date", "time", "venue"}, InviteReminder: {"couple", "date", "time", "venue"},
	WeddingWeek: {"couple", "title", "date", "time", "venue"}, WeddingDayChange: {"couple", "title", "date", "time", "venue", "detail"},
	Connection: {"system", "detail"},
}

// Variables are what a wording of this letter may name, each with an example.
func Variables(k Kind, a Audience) []Variable {
	if !k.Editable() {
		return nil
	}
	var all []Variable
	example := setting(Example(k), Brand{Name: variables["supplier"].Example}, Reader{Audience: a}, Links{})
	for _, name := range append([]string{"news", "supplier", "name"}, known[k]...) {
		v := variables[name]
		if a == Team {
			switch name {
			case "couple":
				v.Without = "your clients"
			case "title":
				v.Without = "the booking"
			}
		}
		if name == "news" {
			v.Example = example.written().opening
			v.Without = "never missing"
		}
		if name == "supplier" {
			v.Without = "never missing"
		}
		all = append(all, v)
	}
	return all
}

// values are what the variables stand for in one letter.
type values map[string]string

func (s scene) values(told words) values {
	all := values{}
	for _, v := range Variables(s.Kind, s.reader.Audience) {
		all[v.Name] = v.Without
	}
	set := func(name, value string) {
		if _, has := all[name]; has && value != "" {
			all[name] = value
		}
	}
	set("news", told.opening)
	all["supplier"] = s.ours()
	set("couple", s.Who)
	set("name", s.reader.Name)
	set("title", cmp.Or(s.Title, s.Who))
	set("date", s.day())
	if s.Starts != nil && !s.wholeDay() {
		set("time", s.Starts.Format("15:04"))
	}
	set("venue", s.Venue)
	set("amount", s.money(""))
	set("detail", s.Detail)
	set("system", s.Title)
	return all
}

// fill goes through the text once, so that a couple who call themselves {{amount}} stay who they are.
func (v values) fill(text string) string {
	var b strings.Builder
	for {
		open := strings.Index(text, "{{")
		if open < 0 {
			b.WriteString(text)
			return b.String()
		}
		length := strings.Index(text[open:], "}}")
		if length < 0 {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(text[:open])
		b.WriteString(v[strings.TrimSpace(text[open+2:open+length])]) // one that has gone since it was kept says nothing
		text = text[open+length+2:]
	}
}

// CheckWording is what is wrong with a wording, by field ("subject", "opening", "closing"), in words. Empty: it may be kept.
func CheckWording(k Kind, a Audience, w Wording) map[string]string {
	faults := map[string]string{}
	has := values{}
	for _, v := range Variables(k, a) {
		has[v.Name] = v.Example
	}
	for _, f := range []struct {
		field, text string
		max         int
	}{{"subject", w.Subject, maxLine}, {"opening", w.Opening, maxWording}, {"closing", w.Closing, maxWording}} {
		if fault := has.fault(f.text, f.max); fault != "" {
			faults[f.field] = fault
		}
	}
	if faults["subject"] == "" && w.Subject != "" && clean(has.fill(w.Subject), maxLine) == "" {
		faults["subject"] = "This subject would be empty. Write a few words, or leave the field empty for ours."
	}
	return faults
}

func (v values) fault(text string, max int) string {
	if n := utf8.RuneCountInString(text); n > max {
		return "This has " + count(n) + " characters; at most " + count(max) + " fit."
	}
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return "This holds characters that are no text. Type it anew."
	}
	for {
		open, shut := strings.Index(text, "{{"), strings.Index(text, "}}")
		switch {
		case open < 0 && shut < 0:
			return ""
		case open < 0 || shut >= 0 && shut < open:
			return "There is a }} without its {{. A word that we fill in is written {{couple}}, with two braces on each side."
		}
		length := strings.Index(text[open+2:], "}}")
		inner := text[open+2:]
		if length >= 0 {
			inner = inner[:length]
		}
		if length < 0 || strings.Contains(inner, "{{") {
			return "A {{ is not closed. A word that we fill in is written {{couple}}, with two braces on each side."
		}
		name := strings.TrimSpace(inner)
		if _, has := v[name]; !has {
			return "There is no {{" + clean(name, 40) + "}} here." + before(" Did you mean {{", after(v.nearest(name), "}}?"))
		}
		text = text[open+2+length+2:]
	}
}

// nearest is the variable that somebody most likely meant; empty if none is like it.
func (v values) nearest(name string) string {
	name = strings.ToLower(cut(name, 40))
	best, least := "", 1+max(1, utf8.RuneCountInString(name)/3)
	for _, other := range names {
		if _, has := v[other]; !has {
			continue
		}
		if d := distance(name, other); d < least {
			best, least = other, d
		}
	}
	return best
}

// names keep nearest the same from one day to the next.
var names = []string{"couple", "date", "time", "venue", "amount", "title", "detail", "supplier", "name", "system", "news"}

// distance is how many letters are to be changed, put in or left out.
func distance(a, b string) int {
	from, to := []rune(a), []rune(b)
	row := make([]int, len(to)+1)
	for j := range row {
		row[j] = j
	}
	for i, r := range from {
		diagonal := row[0]
		row[0] = i + 1
		for j, t := range to {
			step := diagonal
			if r != t {
				step++
			}
			diagonal = row[j+1]
			row[j+1] = min(step, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(to)]
}
