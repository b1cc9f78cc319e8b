package views

import (
	"strings"
	"testing"

	"github.com/wedsync/wedsync/queries"
)

func TestEveryGuideIsWhole(t *testing.T) {
	t.Parallel()
	for _, p := range queries.AllProviderValues() {
		g := guideOf(p)
		if g == nil {
			t.Errorf("%s has no guide", p)
			continue
		}
		if g.Brings == "" || len(g.There) == 0 || len(g.Events) == 0 || g.Sure == "" || len(g.First) < 2 || g.Example == "" || g.ExampleSays == "" {
			t.Errorf("%s: something is missing", p)
		}
		if cannotSign(p) && g.NoCode == "" {
			t.Errorf("%s cannot sign, and nobody says what can send for it", p)
		}
		for _, e := range g.Events {
			if len(e.Names) == 0 || e.Does == "" || p != queries.ProviderStripe && e.Fields == "" {
				t.Errorf("%s: %v says too little", p, e.Names)
			}
		}
		for _, proof := range queries.AllSenderProofValues() {
			for _, text := range append(append(append(stepsOf(p, proof), zapierSteps(g, proof)...), makeSteps(g, proof)...), g.Sure, g.ExampleSays) {
				if strings.Count(text, "`")%2 != 0 || !strings.ContainsAny(text[len(text)-1:], ".:") {
					t.Errorf("%s %s: %q is not a whole sentence", p, proof, text)
				}
			}
		}
	}
	if guideOf("nobody") != nil || GuideExample("nobody") != "" || GuideLead("nobody") != "" || GuideEvents("nobody") != nil {
		t.Error("a provider that does not exist has a guide")
	}
}

// Two guides that say the same of what they bring were copied, and one of them is wrong.
func TestGuidesAreTheirOwn(t *testing.T) {
	t.Parallel()
	seen := map[string]queries.Provider{}
	for _, p := range queries.AllProviderValues() {
		for _, text := range []string{guideOf(p).Brings, guideOf(p).Sure, guideOf(p).Example} {
			if other, twice := seen[text]; twice {
				t.Errorf("%s says what %s says: %q", p, other, text)
			}
			seen[text] = p
		}
	}
}

func TestPieces(t *testing.T) {
	t.Parallel()
	got := pieces("post `a.b` to `c`")
	want := []piece{{"post ", false}, {"a.b", true}, {" to ", false}, {"c", true}}
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%+v, want %+v", got[i], want[i])
		}
	}
	if pieces("") != nil {
		t.Error("nothing has pieces")
	}
}
