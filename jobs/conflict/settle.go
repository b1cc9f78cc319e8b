package conflict

import (
	"maps"
	"slices"
)

// Strategies are all there are, in the order in which a person is offered them.
func Strategies() []Strategy { return []Strategy{Merge, LocalWins, RemoteWins, Manual} }

// Known tells whether it is one of them.
func (s Strategy) Known() bool { return slices.Contains(Strategies(), s) }

// Settle compares two sides with what they last agreed on, field by field; of names each field's strategy. A field that a side does
// not have is an empty one. Any strategy that is not known, and none, is Merge: it asks rather than overrides.
func Settle(base, local, remote Fields, of func(field string) Strategy) Settled {
	s := Settled{Fields: Fields{}}
	for _, field := range fieldsOf(base, local, remote) {
		strategy := Merge
		if of != nil {
			strategy = of(field)
		}
		value, clash := settle(base[field], local[field], remote[field], strategy)
		s.Fields[field] = value
		switch {
		case clash:
			s.Clashes = append(s.Clashes, Clash{Field: field, Base: base[field], Local: local[field], Remote: remote[field]})
			continue
		case value != remote[field]:
			s.Ours = append(s.Ours, field)
		}
		if value != local[field] {
			s.Theirs = append(s.Theirs, field)
		}
	}
	return s
}

func settle(base, local, remote string, strategy Strategy) (value string, clash bool) {
	switch {
	case local == remote, remote == base:
		return local, false
	case strategy == Manual:
		return local, true
	case strategy == LocalWins: // also over what only they changed: who chose it wants nothing from there
		return local, false
	case local == base:
		return remote, false
	case strategy == RemoteWins:
		return remote, false
	}
	return local, true
}

// Agreed is the base for the next time, once both sides hold what was settled. What clashes stays as it was: nobody agreed.
func (s Settled) Agreed(base Fields) Fields {
	agreed := maps.Clone(s.Fields)
	for _, clash := range s.Clashes {
		if was, had := base[clash.Field]; had {
			agreed[clash.Field] = was
		} else {
			delete(agreed, clash.Field)
		}
	}
	return agreed
}

func fieldsOf(sides ...Fields) []string {
	all := Fields{}
	for _, side := range sides {
		maps.Copy(all, side)
	}
	return slices.Sorted(maps.Keys(all))
}
