package inbound

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A path is typed by a person or came with a form, and is walked for every delivery: both are bounded.
const (
	maxPath      = 200
	maxPathDepth = 16
	maxListPlace = 9999
)

// step goes one level into a document: by a name, or by a place in a list when inList.
type step struct {
	name   string
	place  int
	inList bool
}

// parsePath reads data.items[0].name; a name that holds a dot, a bracket or a quote stands in quotes: data."a.b".
func parsePath(text string) (steps []step, ok bool) {
	if text == "" || len(text) > maxPath || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
		return nil, false
	}
	for rest := "." + text; rest != ""; {
		if len(steps) == maxPathDepth {
			return nil, false
		}
		var next step
		switch rest[0] {
		case '.':
			next, rest, ok = nameStep(rest[1:])
		case '[':
			next, rest, ok = listStep(rest[1:])
		default:
			ok = false
		}
		if !ok {
			return nil, false
		}
		steps = append(steps, next)
	}
	return steps, true
}

func nameStep(rest string) (next step, after string, ok bool) {
	if strings.HasPrefix(rest, `"`) {
		return quotedStep(rest[1:])
	}
	end := strings.IndexAny(rest, `.[]"`)
	if end < 0 {
		end = len(rest)
	}
	return step{name: rest[:end]}, rest[end:], plainName(rest[:end])
}

func quotedStep(rest string) (next step, after string, ok bool) {
	var name strings.Builder
	for i := 0; i < len(rest); i++ {
		switch {
		case rest[i] == '"':
			return step{name: name.String()}, rest[i+1:], true
		case rest[i] == '\\' && i+1 < len(rest):
			i++
		}
		name.WriteByte(rest[i])
	}
	return next, "", false
}

func listStep(rest string) (next step, after string, ok bool) {
	digits, after, closed := strings.Cut(rest, "]")
	place, err := strconv.Atoi(digits)
	ok = closed && err == nil && place >= 0 && place <= maxListPlace && strconv.Itoa(place) == digits
	return step{place: place, inList: true}, after, ok
}

func plainName(name string) bool {
	return name != "" && !strings.ContainsAny(name, `.[]"\`) && strings.TrimSpace(name) == name
}

// pathOf writes what parsePath reads.
func pathOf(steps []step) string {
	var path strings.Builder
	for i, s := range steps {
		switch {
		case s.inList:
			path.WriteString("[" + strconv.Itoa(s.place) + "]")
			continue
		case i > 0:
			path.WriteByte('.')
		}
		if plainName(s.name) {
			path.WriteString(s.name)
		} else {
			path.WriteString(`"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s.name) + `"`)
		}
	}
	return path.String()
}

// find is also true for what is there and null: the sender still writes that field.
func find(doc map[string]any, path string) (value any, found bool) {
	steps, ok := parsePath(path)
	if !ok {
		return nil, false
	}
	value = doc
	for _, s := range steps {
		if s.inList {
			list, isList := value.([]any)
			if !isList || s.place >= len(list) {
				return nil, false
			}
			value = list[s.place]
			continue
		}
		group, _ := value.(map[string]any)
		if value, found = group[s.name]; !found {
			return nil, false
		}
	}
	return value, true
}
