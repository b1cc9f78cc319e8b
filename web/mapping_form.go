package web

import (
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/queries"
)

const maxWordRows = 100

// mappingForm is the reading that the form says. unheard: another field was chosen for what happened, so the words that
// came with the form are not that field's, and nobody has said yet what those mean.
func mappingForm(c echo.Context) (m inbound.Mapping, unheard bool, err error) {
	form, err := c.FormParams()
	if err != nil {
		return m, false, echo.ErrBadRequest
	}
	said := func(name string) string { return strings.TrimSpace(form.Get(name)) }
	m.Unit = queries.MoneyUnit(said("unit"))
	m.Fields = map[inbound.Target]inbound.Source{}
	for _, f := range inbound.OurFields {
		source := inbound.Source{Path: said("path." + string(f.Target)), Text: said("text." + string(f.Target))}
		if source != (inbound.Source{}) {
			m.Fields[f.Target] = source
		}
	}
	m.Kind = inbound.Kind{Fixed: inbound.Happening(said("kind.fixed")), Path: said("kind.path")}
	if m.Kind.Fixed != "" {
		m.Kind.Path = ""
		return m, false, nil
	}
	if unheard = m.Kind.Path != "" && m.Kind.Path != said("words.of"); unheard {
		return m, true, nil
	}
	m.Kind.Words = meant(form["word"], form["means"])
	return m, false, nil
}

// meant pairs the words with what was chosen for them; the form writes one after the other.
func meant(words, means []string) map[string]inbound.Happening {
	all := map[string]inbound.Happening{}
	for i := range min(len(words), len(means), maxWordRows) {
		if key := inbound.WordKey(words[i]); key != "" {
			all[key] = inbound.Happening(means[i])
		}
	}
	return all
}
