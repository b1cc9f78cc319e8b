package inbound

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/wedsync/wedsync/queries"
)

// Mapping is a supplier's own reading of what a sender writes: which path of the body fills which of our fields. It makes a
// document of our own shape, which the readers of that shape then judge, so that a rule about times, ids and money exists
// once.
type Mapping struct {
	Version int               `json:"-"` // counts from 1 within a connection; 0: not kept yet
	Kind    Kind              `json:"kind"`
	Fields  map[Target]Source `json:"fields"`
	Unit    queries.MoneyUnit `json:"unit,omitempty"` // what the sender's bare amounts mean
}

// Kind says what happened: always the same thing, or what the word at a path means.
type Kind struct {
	Fixed Happening            `json:"fixed,omitempty"`
	Path  string               `json:"path,omitempty"`
	Words map[string]Happening `json:"words,omitempty"` // by WordKey; an empty one is kept and not used, as the supplier chose
}

// Source is where a field's value stands, or the text that stands in where there is none.
type Source struct {
	Path string `json:"path,omitempty"`
	Text string `json:"text,omitempty"`
}

// LoadMapping is nil for version 0, which is the provider's default reading.
func LoadMapping(ctx context.Context, q *queries.Queries, org, connection uuid.UUID, version int) (*Mapping, error) {
	if version == 0 {
		return nil, nil
	}
	spec, err := q.MappingSpec(ctx, queries.MappingSpecParams{OrgID: org, ConnectionID: connection, Version: int32(version)})
	if err != nil {
		return nil, fmt.Errorf("reading %d: %w", version, err)
	}
	m := &Mapping{}
	if err := json.Unmarshal(spec, m); err != nil {
		return nil, fmt.Errorf("reading %d: %w", version, err)
	}
	m.Version = version
	return m, nil
}

func (m Mapping) name() string {
	if m.Version == 0 {
		return "This reading"
	}
	return fmt.Sprintf("Reading %d", m.Version)
}

// of is nil where the delivery holds nothing. No-code senders send every field of their form, empty or not, so what is
// blank was not said.
func (s Source) of(doc map[string]any) any {
	value, _ := find(doc, s.Path)
	if !blank(value) {
		return value
	}
	if s.Text != "" {
		return s.Text
	}
	return nil
}

func blank(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case string:
		return strings.TrimSpace(v) == ""
	case formText:
		return strings.TrimSpace(string(v)) == ""
	}
	return false
}

// finds says whether the sender still writes anything that the reading knows. The word for what happened alone does not
// count in a body of our own shape: "type" stands in half of all bodies.
func (m Mapping) finds(doc map[string]any) bool {
	for _, source := range m.Fields {
		if _, found := find(doc, source.Path); found {
			return true
		}
	}
	_, found := find(doc, m.Kind.Path)
	return found && !isOurShape(doc)
}

// WordKey writes "Payment Received", payment_received and payment.received the same.
func WordKey(text string) string { return cmp.Or(word(text), clean(text)) }

// Word is the delivery's word for what happened; empty if it has none.
func (k Kind) Word(doc map[string]any) string {
	value, _ := find(doc, k.Path)
	return clip(strings.TrimSpace(newPart("", map[string]any{"word": value}, false).said("word")), maxEventType)
}
