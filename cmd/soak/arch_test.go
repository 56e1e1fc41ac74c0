package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	repository = "../.."
	module     = "soakmon/"
)

// mayImport says for each package which of ours it may import; tests of a
// package may import more. A new package is a new line.
var mayImport = map[string][]string{
	"soak":          {},
	"soak/plan":     {"soak"},
	"soak/schedule": {"store"},
	"soak/fetch":    {},
	"soak/options":  {"soak"},
	"soak/load":     {"soak"},
	"soak/protocol": {"soak", "soak/load", "soak/options",
		"soak/protocol/datagram", "soak/protocol/hysteria", "soak/protocol/hysteria2", "soak/protocol/tuic",
		"soak/protocol/address", "soak/protocol/ech", "soak/protocol/reality", "soak/protocol/socks", "soak/protocol/tls13", "soak/protocol/trojan", "soak/protocol/vless"},

	"soak/protocol/address":   {},
	"soak/protocol/ech":       {},
	"soak/protocol/reality":   {},
	"soak/protocol/socks":     {"soak/protocol/address"},
	"soak/protocol/tls13":     {"soak/load"},
	"soak/protocol/trojan":    {"soak/protocol/address"},
	"soak/protocol/vless":     {"soak/protocol/address"},
	"soak/protocol/datagram":  {},
	"soak/protocol/wire":      {},
	"soak/protocol/hysteria":  {"soak/protocol/address", "soak/protocol/datagram", "soak/protocol/wire"},
	"soak/protocol/hysteria2": {"soak/protocol/datagram", "soak/protocol/wire"},
	"soak/protocol/tuic":      {"soak/protocol/address", "soak/protocol/datagram", "soak/protocol/wire"},

	"soak/relay":     {"soak"},
	"soak/procfs":    {},
	"soak/supervise": {"soak", "soak/fetch", "soak/procfs"},
	"soak/plant":     {"soak"},
	"soak/peer":      {"soak", "soak/plan", "soak/protocol/ech"},
	"soak/judge":     {"soak", "soak/human", "alerts", "alerts/detect"},
	"soak/attribute": {"soak"},
	"soak/cause":     {"soak", "soak/attribute", "soak/human", "profiles"},
	"soak/engine":    {"soak", "soak/human", "soak/judge", "probes", "profiles", "alerts", "alerts/detect"},
	"soak/control":   {"soak"},
	"soak/bench":     {"soak", "soak/load", "soak/human", "soak/indent", "store"},
	"soak/input":     {"soak", "soak/fetch"},
	"soak/output":    {"soak", "soak/fetch"},
	"soak/compare":   {"soak", "soak/human", "soak/indent", "soak/report"},
	"soak/human":     {},
	"soak/chart":     {"soak", "soak/judge"},
	"soak/report":    {"soak", "soak/indent", "soak/judge", "soak/cause", "soak/chart", "soak/human", "profiles", "alerts/detect"},
	"soak/web":       {"soak", "soak/chart", "soak/human", "soak/report", "soak/compare", "profiles"},
	"soak/terminal":  {"soak", "soak/human", "soak/engine"},
	"probes":         {"soak", "soak/fetch", "soak/procfs"},
	"profiles":       {"soak", "soak/fetch"},
	"store":          {"soak"},
	"alerts":         {"soak", "soak/human"},
	"alerts/detect":  {"soak", "soak/attribute", "soak/human"},
	"alerts/sink":    {"soak", "soak/fetch", "soak/human", "soak/options"},

	"soak/growth":   {"soak", "soak/cause", "soak/human", "soak/indent", "soak/judge", "soak/plan", "soak/runs", "profiles"},
	"soak/indent":   {},
	"soak/analysis": {"soak", "soak/human", "soak/indent", "soak/input", "soak/report", "alerts/detect"},
	"soak/runs":     {"soak/control", "soak/report", "alerts/detect", "store"},
	"soak/evidence": {"soak", "soak/cause", "soak/indent", "soak/report", "soak/runs", "profiles"},
	"soak/page":     {"soak", "soak/control", "soak/report", "soak/runs", "soak/supervise", "soak/web", "alerts/detect", "store"},
	"soak/selftest": {"soak", "soak/human", "soak/indent", "soak/plan", "soak/report", "soak/runs", "soak/supervise", "store"},
	"soak/runner": {"soak", "soak/compare", "soak/control", "soak/engine", "soak/judge", "soak/load", "soak/options", "soak/page", "soak/plan", "soak/plant",
		"soak/protocol", "soak/relay", "soak/report", "soak/runs", "soak/schedule", "soak/supervise", "alerts/detect", "alerts/sink", "probes", "profiles", "store"},
	"soak/bench/contender": {"soak", "soak/bench", "soak/load", "soak/options", "soak/peer", "soak/procfs", "soak/protocol", "soak/runner", "soak/supervise", "profiles"},

	"cmd/soak": {"*"},
}

// source is one Go file: its folder, whether it is a test, what it imports, and
// whether it has a package comment.
type source struct {
	file, folder string
	test         bool
	imports      []string
	comment      bool
}

func sources(t *testing.T) []source {
	t.Helper()
	var out []source
	err := filepath.WalkDir(repository, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			name := d.Name()
			if path != repository && (name == "testdata" || strings.HasPrefix(name, ".")) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		s, err := read(path)
		out = append(out, s)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 10 {
		t.Fatalf("only %d Go files found in %s", len(out), repository)
	}
	return out
}

func read(path string) (source, error) {
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly|parser.ParseComments)
	if err != nil {
		return source{}, err
	}
	rel, err := filepath.Rel(repository, path)
	if err != nil {
		return source{}, err
	}
	s := source{
		file: rel, folder: filepath.ToSlash(filepath.Dir(rel)), test: strings.HasSuffix(path, "_test.go"),
		comment: f.Doc != nil && len(strings.TrimSpace(f.Doc.Text())) > 0,
	}
	for _, spec := range f.Imports {
		s.imports = append(s.imports, importPath(spec))
	}
	return s, nil
}

func importPath(spec *ast.ImportSpec) string { return strings.Trim(spec.Path.Value, "`\"") }

func TestImports_Allowed(t *testing.T) {
	for _, s := range sources(t) {
		may, ok := mayImport[s.folder]
		if !ok {
			t.Errorf("%s: package %s is not in mayImport: add it to the table", s.file, s.folder)
			continue
		}
		for _, path := range s.imports {
			ours, is := strings.CutPrefix(path, module)
			if !is {
				continue
			}
			if ours == "cmd/soak" {
				t.Errorf("%s imports cmd/soak; nobody does", s.file)
			}
			if !s.test && !slices.Contains(may, ours) && !slices.Contains(may, "*") {
				t.Errorf("%s: %s may not import %s", s.file, s.folder, ours)
			}
		}
	}
}

func TestImports_TableIsComplete(t *testing.T) {
	for from, may := range mayImport {
		for _, to := range may {
			if _, ok := mayImport[to]; !ok && to != "*" {
				t.Errorf("%s may import %s, which is not in the table", from, to)
			}
		}
	}
}

func TestPackages_HaveComments(t *testing.T) {
	commented := map[string]bool{}
	for _, s := range sources(t) {
		if !s.test {
			commented[s.folder] = commented[s.folder] || s.comment
		}
	}
	for _, folder := range slices.Sorted(maps.Keys(commented)) {
		if !commented[folder] {
			t.Errorf("package %s has no package comment: say its job, its opinion, its limits", folder)
		}
	}
}

func TestFolders_TopLevel(t *testing.T) {
	entries, err := os.ReadDir(repository)
	if err != nil {
		t.Fatal(err)
	}
	allowed := []string{"alerts", "bin", "cmd", "docs", "probes", "profiles", "soak", "store"}
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") && !slices.Contains(allowed, e.Name()) {
			t.Errorf("folder %s does not belong at the top level", e.Name())
		}
	}
}

// The servers of this vendor are under the GPL: they run as separate programs and
// never become a part of this one.
func TestImports_NoGPL(t *testing.T) {
	const vendor = "github.com/sagernet/"
	for _, s := range sources(t) {
		for _, path := range s.imports {
			if strings.HasPrefix(path, vendor) {
				t.Errorf("%s imports %s", s.file, path)
			}
		}
	}
	b, err := os.ReadFile(filepath.Join(repository, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(b), vendor) {
		t.Errorf("go.mod names a module of %s", vendor)
	}
}
