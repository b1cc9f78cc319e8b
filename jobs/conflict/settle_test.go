package conflict

import (
	"fmt"
	"maps"
	"slices"
	"testing"
)

func always(s Strategy) func(string) Strategy { return func(string) Strategy { return s } }

func TestEachStrategyWithEachWayToChange(t *testing.T) {
	t.Parallel()
	const none = "-" // the field is not there
	const ours, theirs, asked = "ours", "theirs", "asked"
	for _, c := range []struct {
		name, base, local, remote string
		value                     string
		want                      map[Strategy]string // what is done, where it is something
	}{
		{"nobody changed", "a", "a", "a", "a", nil},
		{"only local", "a", "b", "a", "b", map[Strategy]string{LocalWins: ours, RemoteWins: ours, Merge: ours, Manual: ours}},
		{"only remote", "a", "a", "b", "", map[Strategy]string{LocalWins: ours, RemoteWins: theirs, Merge: theirs, Manual: asked}},
		{"both, the same", "a", "b", "b", "b", nil},
		{"both, differently", "a", "b", "c", "", map[Strategy]string{LocalWins: ours, RemoteWins: theirs, Merge: asked, Manual: asked}},
		{"local removed it", "a", none, "a", "", map[Strategy]string{LocalWins: ours, RemoteWins: ours, Merge: ours, Manual: ours}},
		{"remote removed it", "a", "a", none, "", map[Strategy]string{LocalWins: ours, RemoteWins: theirs, Merge: theirs, Manual: asked}},
		{"both removed it", "a", none, none, "", nil},
		{"local removed, remote changed", "a", none, "b", "", map[Strategy]string{LocalWins: ours, RemoteWins: theirs, Merge: asked, Manual: asked}},
		{"remote removed, local changed", "a", "b", none, "", map[Strategy]string{LocalWins: ours, RemoteWins: theirs, Merge: asked, Manual: asked}},
		{"local added it", none, "b", none, "b", map[Strategy]string{LocalWins: ours, RemoteWins: ours, Merge: ours, Manual: ours}},
		{"remote added it", none, none, "b", "", map[Strategy]string{LocalWins: ours, RemoteWins: theirs, Merge: theirs, Manual: asked}},
		{"both added the same", none, "b", "b", "b", nil},
		{"both added their own", none, "b", "c", "", map[Strategy]string{LocalWins: ours, RemoteWins: theirs, Merge: asked, Manual: asked}},
		{"missing is empty", none, "", none, "", nil},
	} {
		side := func(value string) Fields {
			if value == none {
				return Fields{"other": "same"}
			}
			return Fields{"title": value, "other": "same"}
		}
		for _, strategy := range append(Strategies(), "", "no such") {
			base, local, remote := side(c.base), side(c.local), side(c.remote)
			s := Settle(base, local, remote, always(strategy))
			as := strategy
			if !strategy.Known() {
				as = Merge // asks
			}
			value, got := local["title"], ""
			switch {
			case len(s.Clashes) == 1:
				got = asked
				if want := (Clash{"title", base["title"], local["title"], remote["title"]}); s.Clashes[0] != want {
					t.Errorf("%s, %s: %+v", c.name, strategy, s.Clashes)
				}
			case slices.Equal(s.Theirs, []string{"title"}):
				got, value = theirs, remote["title"]
			case slices.Equal(s.Ours, []string{"title"}):
				got = ours
			}
			if got != c.want[as] || s.Fields["title"] != value || s.Fields["other"] != "same" || len(s.Clashes)+len(s.Ours)+len(s.Theirs) > 1 || c.value != "" && value != c.value {
				t.Errorf("%s, %s: %q with %+v, want %q", c.name, strategy, got, s, c.want[as])
			}
		}
	}
}

func TestEachFieldHasItsOwnStrategy(t *testing.T) {
	t.Parallel()
	s := Settle(Fields{"title": "a", "when": "1", "venue": "x", "notes": ""}, Fields{"title": "b", "when": "2", "venue": "y"}, Fields{"title": "c", "when": "3", "venue": "z", "notes": "n"},
		func(field string) Strategy {
			return map[string]Strategy{"title": RemoteWins, "when": LocalWins, "notes": Manual}[field]
		})
	want := Fields{"title": "c", "when": "2", "venue": "y", "notes": ""}
	if !maps.Equal(s.Fields, want) || fmt.Sprint(s.Ours, s.Theirs, s.Clashes) != "[when] [title] [{notes   n} {venue x y z}]" {
		t.Errorf("%+v", s)
	}
	if s := Settle(Fields{"a": "1"}, Fields{"a": "2"}, Fields{"a": "3"}, nil); len(s.Clashes) != 1 {
		t.Errorf("no strategy asks: %+v", s)
	}
	if s := Settle(nil, nil, nil, nil); s.Fields == nil || len(s.Fields)+len(s.Clashes)+len(s.Ours)+len(s.Theirs) != 0 {
		t.Errorf("nothing at all: %+v", s)
	}
}

// What holds whatever the values and the strategies: one bit says whether a field is there, the rest what it holds.
func FuzzSettle(f *testing.F) {
	f.Add("abc", "abd", "xbc", uint8(0))
	f.Add("", "aa", "bb", uint8(0b11011000))
	f.Add("aaaa", "", "abab", uint8(0b01010111))
	f.Fuzz(func(t *testing.T, b, l, r string, strategies uint8) {
		base, local, remote := fields(b), fields(l), fields(r)
		of := func(field string) Strategy { return Strategies()[(strategies>>(2*(int(field[1]-'0')%4)))&3] }
		s := Settle(base, local, remote, of)

		clashes := map[string]Clash{}
		for _, c := range s.Clashes {
			clashes[c.Field] = c
		}
		for _, field := range fieldsOf(base, local, remote, s.Fields) {
			got, clash := s.Fields[field], clashes[field]
			_, asked := clashes[field]
			for side, value := range map[string]string{"local": local[field], "remote": remote[field]} {
				if value == got || value == base[field] {
					continue // it is what came of it, or was given up by the other side's change
				}
				overridden := side == "local" && of(field) == RemoteWins || side == "remote" && of(field) == LocalWins
				if !overridden && (!asked || clash.Local != value && clash.Remote != value) {
					t.Errorf("%s: the %s value %q was lost: %+v", field, side, value, s)
				}
			}
			if asked && clash != (Clash{field, base[field], local[field], remote[field]}) {
				t.Errorf("%+v", clash)
			}
			if got != local[field] && got != remote[field] {
				t.Errorf("%s: %q was said by nobody", field, got)
			}
			if !asked && slices.Contains(s.Ours, field) != (got != remote[field]) || slices.Contains(s.Theirs, field) != (got != local[field]) {
				t.Errorf("%s: who has to be written is wrong: %+v", field, s)
			}
		}

		// Both sides written, there is nothing left but what is asked about.
		left := maps.Clone(s.Fields)
		for field := range clashes {
			left[field] = remote[field]
		}
		again := Settle(s.Agreed(base), s.Fields, left, of)
		if len(again.Ours)+len(again.Theirs) != 0 || !slices.Equal(again.Clashes, s.Clashes) || !maps.Equal(again.Fields, s.Fields) {
			t.Errorf("settling again: %+v after %+v", again, s)
		}

		// Which side is called local makes no difference to what only one of them changed, nor to what is asked.
		merged, mirrored := Settle(base, local, remote, always(Merge)), Settle(base, remote, local, always(Merge))
		if !slices.Equal(merged.Ours, mirrored.Theirs) || !slices.Equal(merged.Theirs, mirrored.Ours) || len(merged.Clashes) != len(mirrored.Clashes) {
			t.Errorf("%+v mirrored is %+v", merged, mirrored)
		}
		for i, c := range merged.Clashes {
			m := mirrored.Clashes[i]
			if c.Field != m.Field || c.Local != m.Remote || c.Remote != m.Local {
				t.Errorf("%+v mirrored is %+v", c, m)
			}
		}
		for field, value := range merged.Fields {
			if !slices.ContainsFunc(merged.Clashes, func(c Clash) bool { return c.Field == field }) && mirrored.Fields[field] != value {
				t.Errorf("%s: %q mirrored is %q", field, value, mirrored.Fields[field])
			}
		}
	})
}

func fields(text string) Fields {
	f := Fields{}
	for i, c := range []byte(text[:min(len(text), 10)]) {
		if c&1 == 1 {
			f[fmt.Sprintf("f%d", i)] = string(c>>1&3 + 'a')
		}
		if c == 'Z' {
			f[fmt.Sprintf("f%d", i)] = ""
		}
	}
	return f
}
