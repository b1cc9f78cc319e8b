package ui

import (
	"strings"

	"github.com/a-h/templ"
)

// Input is one question of a form. Only Name and Label are needed.
type Input struct {
	Name, Label, Value string
	Type               string // text (if empty), email, password, tel, url, search, number, date, time, datetime-local, textarea
	ID                 string // Name, if empty
	Hint, Error        string
	Autocomplete       string
	Placeholder        string
	Optional           bool // says so in the label; else the browser asks for a value
	Checked            bool // of a Checkbox
	Autofocus          bool
	Disabled           bool
	Rows               int      // of a textarea
	Options            []Option // of Select and Choices
	Attrs              templ.Attributes
}

// Option is one answer of a Select or of Choices.
type Option struct {
	Value, Label, Hint string
}

// Fault is something wrong with a form, said beside its field and in the summary above the form.
// Field is the id of the field; empty if the fault is of the form as a whole.
type Fault struct {
	Field, Message string
}

func (in Input) id() string {
	if in.ID != "" {
		return in.ID
	}
	return strings.NewReplacer("[", "-", "]", "", ".", "-").Replace(in.Name)
}

func (in Input) describedBy() string {
	var ids []string
	if in.Hint != "" {
		ids = append(ids, in.id()+"-hint")
	}
	if in.Error != "" {
		ids = append(ids, in.id()+"-error")
	}
	return strings.Join(ids, " ")
}

// control is what input, select and textarea have in common.
func (in Input) control(class string) templ.Attributes {
	a := templ.Attributes{"id": in.id(), "name": in.Name, "class": class}
	set := func(key, value string) {
		if value != "" {
			a[key] = value
		}
	}
	set("aria-describedby", in.describedBy())
	set("autocomplete", in.Autocomplete)
	set("placeholder", in.Placeholder)
	if in.Error != "" {
		a["aria-invalid"] = "true"
	}
	a["required"], a["autofocus"], a["disabled"] = !in.Optional, in.Autofocus, in.Disabled
	return attrs(a, in.Attrs)
}

func (in Input) kind() string {
	if in.Type == "" {
		return "text"
	}
	return in.Type
}

func (in Input) rows() int {
	if in.Rows == 0 {
		return 4
	}
	return in.Rows
}
