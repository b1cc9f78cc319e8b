package inbound_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/wedsync/wedsync/jobs/inbound"
	"github.com/wedsync/wedsync/views/mail"
)

// toldElsewhere are kinds of the feed that come from no delivery: jobs/silence announces them.
var toldElsewhere = []string{"connection_back", "connection_silent"}

// literals are the strings in a node of the syntax.
func literals(node ast.Node) (all []string) {
	ast.Inspect(node, func(n ast.Node) bool {
		if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
			if text, err := strconv.Unquote(l.Value); err == nil && text != "" {
				all = append(all, text)
			}
		}
		return true
	})
	return all
}

// kindsInTheFeed are all that the feed has words for, and all that inbound writes into it.
func kindsInTheFeed(t *testing.T) []string {
	t.Helper()
	kinds := map[string]bool{}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(files, "../../views/words.go") {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if strings.HasSuffix(name, "words.go") && n.Name.Name == "activityWords" {
					ast.Inspect(n, func(n ast.Node) bool {
						if c, ok := n.(*ast.CaseClause); ok {
							for _, e := range c.List {
								for _, kind := range literals(e) {
									kinds[kind] = true
								}
							}
						}
						return true
					})
				}
			case *ast.AssignStmt:
				for i, left := range n.Lhs {
					if s, ok := left.(*ast.SelectorExpr); ok && s.Sel.Name == "Kind" && i < len(n.Rhs) {
						if on, ok := s.X.(*ast.SelectorExpr); ok && on.Sel.Name == "about" {
							for _, kind := range literals(n.Rhs[i]) {
								kinds[kind] = true
							}
						}
					}
				}
			}
			return true
		})
	}
	return slices.Sorted(maps.Keys(kinds))
}

func TestEveryKindOfTheFeedHasALetterOrAReason(t *testing.T) {
	t.Parallel()
	kinds := kindsInTheFeed(t)
	if len(kinds) < 18 {
		t.Fatalf("only %v were found", kinds)
	}
	for _, kind := range kinds {
		letter, told := inbound.Letters[kind]
		if told == slices.Contains(toldElsewhere, kind) {
			t.Errorf("%s: is it told of, or does it stand among those that are not?", kind)
		}
		if told && !slices.Contains(mail.Whats[letter], kind) {
			t.Errorf("%s: the letter %q has no words for it", kind, letter)
		}
	}
	for kind := range inbound.Letters {
		if !slices.Contains(kinds, kind) {
			t.Errorf("%s: the feed does not know it", kind)
		}
	}
}
