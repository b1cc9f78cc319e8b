package inbound

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wedsync/wedsync/queries"
)

var update = flag.Bool("update", false, "write the golden files anew")

type fixture struct {
	provider    queries.Provider
	path        string // without its ending
	contentType string
	body        []byte
}

func fixtures(t testing.TB) (all []fixture) {
	t.Helper()
	paths, _ := filepath.Glob("testdata/*/*")
	for _, path := range paths {
		provider := queries.Provider(filepath.Base(filepath.Dir(path)))
		if !provider.Valid() || strings.HasSuffix(path, ".golden.json") {
			continue // testdata/fuzz is the fuzzer's
		}
		body, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		contentType := "application/json"
		if filepath.Ext(path) == ".form" {
			contentType, body = "application/x-www-form-urlencoded", bytes.TrimSpace(body)
		}
		all = append(all, fixture{provider, strings.TrimSuffix(path, filepath.Ext(path)), contentType, body})
	}
	return all
}

func london(t testing.TB) Defaults {
	t.Helper()
	zone, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	return Defaults{Zone: zone, Currency: "GBP"}
}

// golden is what a reader made of a delivery: the event, or the words why there is none.
func golden(t testing.TB, ev Event, err error) []byte {
	t.Helper()
	var result any = ev
	if reason, is := errors.AsType[Ignored](err); is {
		result = map[string]string{"ignored": reason.Reason}
	} else if reason, is := errors.AsType[WrongShape](err); is {
		result = map[string]string{"wrong_shape": reason.Reason}
	} else if err != nil {
		t.Fatalf("a reader's error must be Ignored or WrongShape, not %T: %v", err, err)
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(result); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestFixtures(t *testing.T) {
	t.Parallel()
	for _, f := range fixtures(t) {
		ev, err := Read(f.provider, f.contentType, f.body, london(t))
		got, path := golden(t, ev, err), f.path+".golden.json"
		if f.contentType != "application/json" {
			path = f.path + ".form.golden.json"
		}
		if *update {
			if err := os.WriteFile(path, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s:\n%s\nwant (go test -run TestFixtures -update writes it):\n%s", path, got, want)
		}
	}
}

// A new provider, a new type or a new Stripe reader without a fixture fails here.
func TestNothingIsWithoutAFixture(t *testing.T) {
	t.Parallel()
	read := map[queries.Provider]map[Type]bool{}
	stripe := map[string]bool{}
	words := map[string]bool{}
	for _, f := range fixtures(t) {
		ev, err := Read(f.provider, f.contentType, f.body, london(t))
		if read[f.provider] == nil {
			read[f.provider] = map[Type]bool{}
		}
		if err == nil {
			read[f.provider][ev.Type] = true
		}
		doc, _ := document(f.contentType, f.body)
		kind := newPart("", doc, false).said("type")
		stripe[kind] = stripe[kind] || f.provider == queries.ProviderStripe
		words[word(newPart("", doc, false).first(kinds))] = true
	}
	for _, provider := range queries.AllProviderValues() {
		if len(read[provider]) == 0 {
			t.Errorf("provider %s has no fixture that becomes an event", provider)
		}
		if TemplateOf(provider).Confirmed {
			t.Errorf("%s: no vendor has confirmed a template's field names", provider)
		}
	}
	for _, kind := range Types {
		if !slices.ContainsFunc(queries.AllProviderValues(), func(p queries.Provider) bool { return read[p][kind] }) {
			t.Errorf("type %s has no fixture", kind)
		}
	}
	for kind := range stripeReaders {
		if !stripe[kind] {
			t.Errorf("Stripe's %s has no fixture", kind)
		}
	}
	for _, provider := range []queries.Provider{queries.ProviderTave, queries.ProviderHoneybook} {
		for vendorWord := range templates[provider].words {
			if !words[vendorWord] {
				t.Errorf("%s: %q has no fixture", provider, vendorWord)
			}
		}
	}
}
