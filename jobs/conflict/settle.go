package conflict

import (
	"maps"
	"slices"
)

// Settle compares two sides with what both last agreed on, field by field. What only one side changed is taken over, unless
// the strategy asks about everything that the other side changed; what both changed alike is agreed.
func Settle(base, local, remote Fields, of func(field string) Strategy) Settled {
	s := Settled{Fields: Fields{}}
	for _, field := range names(base, local, remote) {
		s.field(field, base[field], local[field], remote[field], of(field))
	}
	return s
}

func names(all ...Fields) []string {
	seen := Fields{}
	for _, fields := range all {
		maps.Copy(seen, fields)
	}
	return slices.Sorted(maps.Keys(seen))
}

func (s *Settled) field(name, base, local, remote string, strategy Strategy) {
	switch {
	case local == remote:
		s.Fields[name] = local
	case remote == base: // only we changed it
		s.ours(name, local)
	case strategy == RemoteWins, strategy == Merge && local == base:
		s.Fields[name] = remote
		s.Theirs = append(s.Theirs, name)
	case strategy == LocalWins:
		s.ours(name, local)
	default:
		s.Fields[name] = local
		s.Clashes = append(s.Clashes, Clash{name, base, local, remote})
	}
}

func (s *Settled) ours(name, local string) {
	s.Fields[name] = local
	s.Ours = append(s.Ours, name)
}
