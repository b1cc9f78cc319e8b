package web

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/wedsync/wedsync"

// house is the order of the house: an import goes down this list, never up. (The top-level words first, each with the
// rooms inside it; static is a leaf that anyone may use.)
var house = []string{
	"", // main
	"web", "web/live",
	"jobs/sandbox", // above jobs: for tests and the demo
	"jobs", "jobs/inbound", "jobs/wedme", "jobs/weddingday", "jobs/calendar", "jobs/calendar/booking", "jobs/calendar/remote", "jobs/calendar/ical", "jobs/notify", "jobs/notify/carrier", "jobs/outbound", "jobs/outside", "jobs/conflict",
	"views", "views/mail", "views/ui",
	"queries/testdb/with", "queries/testdb", // for tests and the Makefile
	"queries", "queries/seal", "queries/localpg",
	"migrations",
	"static/tests", "static",
}

// onlyFor names the packages that not everybody above them may import.
var onlyFor = map[string][]string{
	"queries/testdb":  {"queries/testdb/with"},
	"jobs/sandbox":    {"", "web"}, // the demo
	"queries/localpg": {"", "queries/testdb"},
	"web/live":        {"web"},
	"web":             {""},
}

// leaves import nothing of ours.
var leaves = []string{"jobs/conflict", "queries/seal", "queries/localpg", "migrations", "static"}

type listed struct {
	ImportPath string
	Imports    []string // of the product, not of its tests
}

// packages are all of the module's, by their path inside it.
func packages(t *testing.T) map[string]listed {
	t.Helper()
	list := exec.Command("go", "list", "-json=ImportPath,Imports", "./...")
	list.Dir = ".."
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	all := map[string]listed{}
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all[inModule(p.ImportPath)] = p
	}
}

func inModule(importPath string) string {
	return strings.TrimPrefix(strings.TrimPrefix(importPath, module), "/")
}

// faults are what a package's imports break.
func faults(name string, imports []string) (all []string) {
	place := slices.Index(house, name)
	if place < 0 {
		return []string{name + " has no place in the house: give it one in house.md, and here"}
	}
	for _, full := range imports {
		if full != module && !strings.HasPrefix(full, module+"/") {
			if name == "jobs/conflict" && strings.Contains(strings.SplitN(full, "/", 2)[0], ".") {
				all = append(all, name+" imports "+full+": it knows the standard library only")
			}
			continue
		}
		other := inModule(full)
		allowed, limited := onlyFor[other]
		switch {
		case slices.Contains(leaves, name):
			all = append(all, name+" is a leaf and imports "+other)
		case slices.Index(house, other) <= place:
			all = append(all, name+" imports "+other+": upward")
		case limited && !slices.Contains(allowed, name):
			all = append(all, name+" imports "+other+", which is for "+strings.Join(allowed, ", ")+" only")
		}
	}
	return all
}

func TestAnImportGoesDownTheHouseNeverUp(t *testing.T) {
	t.Parallel()
	all := packages(t)
	for _, name := range []string{"", "web", "jobs", "jobs/inbound", "views", "queries", "migrations", "static"} {
		if _, there := all[name]; !there {
			t.Fatalf("go list does not know %q", path.Join(module, name))
		}
	}
	for name, p := range all {
		for _, fault := range faults(name, p.Imports) {
			t.Error(fault)
		}
	}
}

func TestTheImportRuleSeesWhatItForbids(t *testing.T) {
	t.Parallel()
	tests := []struct {
		from, to string
		fine     bool
	}{
		{"", "web", true}, {"web", "jobs", true}, {"jobs", "jobs/inbound", true}, {"jobs/inbound", "queries", true}, {"views", "static", true}, {"web", "jobs/sandbox", true},
		{"", "queries/localpg", true}, {"queries/testdb", "queries/localpg", true}, {"queries/testdb", "migrations", true}, {"jobs/calendar", "jobs/conflict", true},
		{"queries", "views", false}, {"jobs/inbound", "jobs", false}, {"jobs", "web", false}, {"views/ui", "views", false}, {"migrations", "queries", false}, {"jobs/outside", "jobs/notify", false},
		{"jobs", "jobs/sandbox", false}, {"web", "queries/testdb", false}, {"jobs", "queries/testdb", false}, {"web", "queries/localpg", false}, {"static", "queries", false},
		{"jobs/conflict", "queries", false}, {"queries/seal", "migrations", false}, {"web/live", "jobs/sandbox", false}, {"jobs", "queries/unheard-of", false}, {"utils", "queries", false},
	}
	for _, tt := range tests {
		if fine := len(faults(tt.from, []string{path.Join(module, tt.to)})) == 0; fine != tt.fine {
			t.Errorf("%q imports %q: fine is %t", tt.from, tt.to, fine)
		}
	}
	if len(faults("jobs/conflict", []string{"slices", "github.com/google/uuid"})) != 1 {
		t.Error("conflict may import more than the standard library")
	}
}
