package inbound

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

const (
	maxLeaves = 500
	maxLeaf   = 80
)

// Leaf is one value of a delivery, with the path that a reading names it by.
type Leaf struct {
	Path  string
	Depth int
	Label string // its own name, for a tree
	Shown string // the value, short enough for a list; secrets are hidden
	Type  string // text, number, yes or no, nothing
}

// Tree are a document's values by name, and how many are left out: beyond five hundred, too deep, or named so that no path
// can name them.
func Tree(doc map[string]any) (leaves []Leaf, left int) {
	t := tree{}
	t.group(doc, nil, false)
	return t.leaves, t.left
}

type tree struct {
	leaves []Leaf
	left   int
}

func (t *tree) group(group map[string]any, at []step, secret bool) {
	for _, name := range slices.Sorted(maps.Keys(group)) {
		t.value(group[name], append(slices.Clip(at), step{name: name}), secret || looksSecret(name))
	}
}

func (t *tree) value(value any, at []step, secret bool) {
	switch v := value.(type) {
	case map[string]any:
		t.group(v, at, secret)
		return
	case []any:
		for i, inner := range v {
			t.value(inner, append(slices.Clip(at), step{place: i, inList: true}), secret)
		}
		return
	}
	path := pathOf(at)
	if _, ok := parsePath(path); !ok || len(t.leaves) == maxLeaves {
		t.left++
		return
	}
	t.leaves = append(t.leaves, Leaf{Path: path, Depth: len(at), Label: pathOf(at[len(at)-1:]), Shown: leafShown(value, secret), Type: leafType(value)})
}

func leafShown(value any, secret bool) string {
	switch v := value.(type) {
	case nil:
		return "nothing"
	case bool:
		if v {
			return "yes"
		}
		return "no"
	}
	text := leafText(value)
	switch {
	case secret || isCard(value) || isCard(text):
		return hidden
	case strings.TrimSpace(text) == "":
		return "empty"
	case len(text) > maxLeaf:
		return clip(clean(text), maxLeaf) + "…"
	}
	return clean(text)
}

func leafText(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case formText:
		return string(v)
	case json.Number:
		return v.String()
	}
	return ""
}

func leafType(value any) string {
	switch value.(type) {
	case nil:
		return "nothing"
	case bool:
		return "yes or no"
	case json.Number:
		return "number"
	}
	return "text"
}
