package views

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/wedsync/wedsync/queries"
)

// toldKinds reads the code that writes the feed: every text that is assigned to an activity's Kind, and for the kinds
// that are an event's own type every type of that part.
func toldKinds(t *testing.T) map[string]bool {
	t.Helper()
	paths, err := filepath.Glob("../jobs/inbound/*.go")
	above, _ := filepath.Glob("../jobs/*.go") // the sweep tells of silence
	paths = append(paths, above...)
	if err != nil || len(paths) == 0 {
		t.Fatalf("where is inbound? %v", err)
	}
	kinds := map[string]bool{}
	for _, path := range paths {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.AssignStmt:
				for i, left := range n.Lhs {
					if to, ok := left.(*ast.SelectorExpr); ok && to.Sel.Name == "Kind" && i < len(n.Rhs) {
						addText(kinds, n.Rhs[i])
					}
				}
			case *ast.KeyValueExpr:
				if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Kind" {
					addText(kinds, n.Value)
				}
			case *ast.ValueSpec:
				if of, ok := n.Type.(*ast.Ident); ok && of.Name == "Type" && strings.HasPrefix(n.Names[0].Name, "WedMe") {
					addText(kinds, n.Values[0])
				}
			}
			return true
		})
	}
	delete(kinds, "")
	return kinds
}

func addText(kinds map[string]bool, e ast.Expr) {
	if literal, ok := e.(*ast.BasicLit); ok && literal.Kind == token.STRING {
		text, _ := strconv.Unquote(literal.Value)
		kinds[text] = true
	}
}

func TestEveryKindOfActivityHasWords(t *testing.T) {
	t.Parallel()
	kinds := toldKinds(t)
	if len(kinds) < 15 || !kinds["payment_refunded"] || !kinds["connection_silent"] || !kinds["wedme.vendor.signup"] {
		t.Fatalf("only %v were found", kinds)
	}
	amount := int64(50_000)
	for kind := range kinds {
		full := queries.LatestActivitiesRow{Kind: kind, Who: "Anna & Tom", What: "Kay & Fry", AmountMinor: &amount, Currency: "GBP"}
		bare := queries.LatestActivitiesRow{Kind: kind}
		if isPayment(kind) {
			bare.AmountMinor, bare.Currency = &amount, "GBP" // the readers refuse a payment without
		}
		for _, row := range []queries.LatestActivitiesRow{full, bare} {
			icon, _, sentence := activityWords(row)
			if icon == "" || strings.TrimSpace(sentence) == "" || strings.Contains(sentence, "  ") || strings.HasPrefix(sentence, " ") {
				t.Errorf("%s: icon %q, %q", kind, icon, sentence)
			}
		}
	}
	if icon, _, sentence := activityWords(queries.LatestActivitiesRow{Kind: "no such kind"}); icon != "" || sentence != "" {
		t.Error("a kind that nobody writes has words")
	}
}
