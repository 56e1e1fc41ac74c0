package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
)

// ordinaryWords are words of package soak's vocabulary that a file uses in another
// meaning. A new line needs a reason.
var ordinaryWords = map[string][]string{
	"alerts/sink/message.go":      {"resolved", "pending"},         // words of a message
	"soak/bench/round.go":         {"connect", "both", "sessions"}, // figures of a bench
	"soak/cause/withwords.go":     {"time"},                        // a noun in a sentence
	"soak/chart/layout.go":        {"operations", "failed"},        // titles of charts
	"soak/chart/marks.go":         {"gap"},                         // the label of a shade
	"soak/growth/growth.go":       {"start"},                       // a value of --base
	"soak/peer/singbox.go":        {"error"},                       // a log level
	"soak/peer/singbox_client.go": {"error"},                       // a log level
	"soak/peer/xray.go":           {"error"},                       // a log level
	"soak/peer/xray_client.go":    {"error"},                       // a log level
}

// vocabulary collects the string constants that package soak declares in a file.
func vocabulary(t *testing.T, file string) (words []string) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(repository, "soak", file), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.CONST {
			continue
		}
		for _, s := range g.Specs {
			for _, v := range s.(*ast.ValueSpec).Values {
				words = append(words, stringsIn(v)...)
			}
		}
	}
	return words
}

// stringsIn is the value of an expression that is a string literal, or nothing.
func stringsIn(e ast.Expr) []string {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return nil
	}
	value, err := strconv.Unquote(lit.Value)
	if err != nil {
		return nil
	}
	return []string{value}
}

// asValue calls report for each string literal that a file compares, assigns, returns,
// converts to a type of package soak, or puts into a field. Literals that are arguments
// (labels of metrics, names of flags), keys or constants are ignored.
func asValue(f *ast.File, report func(e ast.Expr, value string)) {
	each := func(all ...ast.Expr) {
		for _, e := range all {
			for _, value := range stringsIn(e) {
				report(e, value)
			}
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BinaryExpr:
			if n.Op == token.EQL || n.Op == token.NEQ {
				each(n.X, n.Y)
			}
		case *ast.CaseClause:
			each(n.List...)
		case *ast.AssignStmt:
			each(n.Rhs...)
		case *ast.ReturnStmt:
			each(n.Results...)
		case *ast.KeyValueExpr:
			each(n.Value)
		case *ast.CallExpr:
			if fun, ok := n.Fun.(*ast.SelectorExpr); ok && len(n.Args) == 1 {
				if pkg, ok := fun.X.(*ast.Ident); ok && pkg.Name == "soak" {
					each(n.Args...)
				}
			}
		}
		return true
	})
}

// Phases, ends, orders and the other words of package soak have typed constants. A
// copied literal goes unnoticed when the constant changes.
func TestVocabulary_NoCopies(t *testing.T) {
	var words []string
	for _, file := range []string{"vocabulary.go", "verdict.go", "alert.go"} {
		words = append(words, vocabulary(t, file)...)
	}
	if !slices.Contains(words, "steady") || !slices.Contains(words, "firing") || !slices.Contains(words, "inconclusive") {
		t.Fatalf("the vocabulary is incomplete: %q", words)
	}
	used := map[string]bool{}
	for _, s := range sources(t) {
		if s.test || s.folder == "soak" {
			continue
		}
		files := token.NewFileSet()
		f, err := parser.ParseFile(files, filepath.Join(repository, s.file), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		asValue(f, func(e ast.Expr, value string) {
			switch {
			case !slices.Contains(words, value):
			case slices.Contains(ordinaryWords[s.file], value):
				used[s.file+" "+value] = true
			default:
				t.Errorf("%s:%d: %q is a word of package soak: use its constant", s.file, files.Position(e.Pos()).Line, value)
			}
		})
	}
	for file, all := range ordinaryWords {
		for _, word := range all {
			if !used[file+" "+word] {
				t.Errorf("ordinaryWords lists %q in %s, which does not use it: delete it", word, file)
			}
		}
	}
}
