package main

import (
	"fmt"
	"go/format"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"soakmon/soak/plan"
	"soakmon/soak/protocol"
)

// documents are the files for readers, by their path in the repository.
func documents(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(repository, "docs", "*.md"))
	if err != nil || len(files) < 5 {
		t.Fatalf("%d files in docs, %v", len(files), err)
	}
	for _, name := range []string{"README.md", "CONTRIBUTING.md", "CHANGELOG.md"} {
		files = append(files, filepath.Join(repository, name))
	}
	texts := map[string]string{}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		rel, err := filepath.Rel(repository, file)
		if err != nil {
			t.Fatal(err)
		}
		texts[filepath.ToSlash(rel)] = string(b)
	}
	return texts
}

var span = regexp.MustCompile("`([^`]+)`")

// code lists the code in a document: the lines of its blocks and its spans.
func code(text string) (code []string) {
	fenced := false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "```"):
			fenced = !fenced
		case fenced || strings.HasPrefix(line, "    "):
			code = append(code, line)
		default:
			for _, m := range span.FindAllStringSubmatch(line, -1) {
				code = append(code, m[1])
			}
		}
	}
	return code
}

// cells are the code spans in the first two cells of each row of the tables in a
// section, values in parentheses left out.
func cells(t *testing.T, text, section string) (rows [][2][]string) {
	t.Helper()
	_, text, found := strings.Cut(text, "\n"+section+"\n")
	if !found {
		t.Fatalf("there is no section %q", section)
	}
	level := strings.Repeat("#", strings.Count(section, "#")) + " "
	values := regexp.MustCompile(`\([^)]*\)`)
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, level) {
			break
		}
		columns := strings.Split(strings.ReplaceAll(line, `\|`, ""), "|")
		if len(columns) < 4 {
			continue
		}
		var row [2][]string
		for i := range row {
			for _, m := range span.FindAllStringSubmatch(values.ReplaceAllString(columns[i+1], ""), -1) {
				row[i] = append(row[i], m[1])
			}
		}
		if len(row[0]) > 0 {
			rows = append(rows, row)
		}
	}
	return rows
}

var (
	commandLine = regexp.MustCompile(`(?:^|[ $/])soak ([a-z][a-z-]*)((?: [^#&|]*)?)`)
	longFlag    = regexp.MustCompile(`(?:^| )--([a-z][a-z-]*)`)
)

func hasFlag(cmd *cobra.Command, name string) bool {
	return name == "help" || cmd.Flags().Lookup(name) != nil
}

func TestDocs_CommandsAndFlagsExist(t *testing.T) {
	root := rootCommand(streams{})
	commands, flags := 0, 0
	for file, text := range documents(t) {
		for _, line := range code(text) {
			if strings.HasPrefix(line, "--") {
				name := longFlag.FindStringSubmatch(line)[1]
				flags++
				if !slices.ContainsFunc(root.Commands(), func(c *cobra.Command) bool { return hasFlag(c, name) }) {
					t.Errorf("%s: no command has the flag of %q", file, line)
				}
				continue
			}
			for _, m := range commandLine.FindAllStringSubmatch(line, -1) {
				cmd, _, err := root.Find([]string{m[1]})
				commands++
				if err != nil {
					t.Errorf("%s: %q: %v", file, line, err)
					continue
				}
				ours, _, _ := strings.Cut(m[2], " -- ")
				for _, f := range longFlag.FindAllStringSubmatch(ours, -1) {
					flags++
					if !hasFlag(cmd, f[1]) {
						t.Errorf("%s: %q: soak %s has no flag --%s", file, line, m[1], f[1])
					}
				}
			}
		}
	}
	if commands < 30 || flags < 15 {
		t.Errorf("found only %d commands and %d flags", commands, flags)
	}
}

func TestDocs_ReadmeListsEveryCommand(t *testing.T) {
	var listed, known []string
	for _, row := range cells(t, documents(t)["README.md"], "## Commands") {
		listed = append(listed, strings.Fields(row[0][0])[1])
	}
	for _, cmd := range rootCommand(streams{}).Commands() {
		if !cmd.Hidden && cmd.Name() != "help" && cmd.Name() != "completion" {
			known = append(known, cmd.Name())
		}
	}
	sameNames(t, "README.md, commands", listed, known)
}

// sameNames compares two sets of names.
func sameNames(t *testing.T, what string, got, want []string) {
	t.Helper()
	for _, name := range want {
		if !slices.Contains(got, name) {
			t.Errorf("%s: %s is missing", what, name)
		}
	}
	for i, name := range got {
		if !slices.Contains(want, name) {
			t.Errorf("%s: %s does not exist", what, name)
		}
		if slices.Contains(got[:i], name) {
			t.Errorf("%s: %s is listed twice", what, name)
		}
	}
}

func TestDocs_MakeTargetsExist(t *testing.T) {
	makefile, err := os.ReadFile(filepath.Join(repository, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for file, text := range documents(t) {
		for _, line := range code(text) {
			for _, m := range regexp.MustCompile(`(?:^|[ (])make ([a-z][a-z-]*)`).FindAllStringSubmatch(line, -1) {
				found++
				if !regexp.MustCompile(`(?m)^` + m[1] + `:`).Match(makefile) {
					t.Errorf("%s: the Makefile has no target %s", file, m[1])
				}
			}
		}
	}
	if found < 5 {
		t.Errorf("found only %d make targets", found)
	}
}

// The template shows every key of a plan, which package plan tests.
func TestDocs_PlanListsEveryKey(t *testing.T) {
	text := regexp.MustCompile(`#[=:] `).ReplaceAllString(string(plan.Template()), "")
	var template map[string]any
	if err := yaml.Unmarshal([]byte(text), &template); err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	planKeys("", template, known)
	var listed []string
	for _, row := range cells(t, documents(t)["docs/plan.md"], "## Keys") {
		listed = append(listed, row[0][0])
	}
	sameNames(t, "docs/plan.md", listed, slices.Collect(maps.Keys(known)))
}

// planKeys collects the paths of keys that are the plan's, not the user's.
func planKeys(path string, value any, keys map[string]bool) {
	users := []string{"target.env", "target.limits", "load.dirty", "load.options", "tolerance", "bench", "sinks.headers"}
	switch value := value.(type) {
	case map[string]any:
		if slices.Contains(users, path) {
			break
		}
		for key, v := range value {
			planKeys(strings.TrimPrefix(path+"."+key, "."), v, keys)
		}
		return
	case []any:
		if len(value) > 0 {
			if _, ok := value[0].(map[string]any); ok {
				for _, v := range value {
					planKeys(path, v, keys)
				}
				return
			}
		}
	}
	keys[path] = true
}

func TestDocs_ProtocolsListOptionsAndDirtyKinds(t *testing.T) {
	text := documents(t)["docs/protocols.md"]
	var listed []string
	for _, row := range cells(t, text, "## Options of each protocol") {
		name := row[0][0]
		listed = append(listed, name)
		p, ok := protocol.Lookup(name)
		if !ok {
			continue // sameNames reports it
		}
		var options []string
		for _, o := range p.Options {
			options = append(options, o.Name)
		}
		sameNames(t, "docs/protocols.md, options of "+name, row[1], options)
	}
	sameNames(t, "docs/protocols.md", listed, protocol.Names())

	kinds := map[string][]string{}
	for _, row := range cells(t, text, "## Dirty sessions") {
		for _, name := range row[0] {
			if _, ok := protocol.Lookup(name); ok {
				kinds[name] = row[1]
			}
		}
	}
	for name, listed := range kinds {
		if i := slices.Index(listed, "tcp"); i >= 0 { // those of tcp
			listed = append(slices.Clone(kinds["tcp"]), listed[i+1:]...)
		}
		if p, _ := protocol.Lookup(name); name != "http" { // a remark on rst follows
			sameNames(t, "docs/protocols.md, dirty kinds of "+name, listed, p.Dirty)
		}
	}
	sameNames(t, "docs/protocols.md, dirty kinds", slices.Collect(maps.Keys(kinds)), protocol.Names())
}

var saveAs = regexp.MustCompile("Save it as `([^`]+)`:\n\n```go\n((?s:.*?))```\n")

func TestDocs_LinksAndPathsResolve(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#]+)`)
	path := regexp.MustCompile(`^(?:cmd|soak|probes|profiles|store|alerts|docs|\.ci)/[\w./-]+$`)
	for file, text := range documents(t) {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(repository, filepath.Dir(file), m[1])); err != nil {
				t.Errorf("%s: broken link: %v", file, err)
			}
		}
		var examples []string
		for _, m := range saveAs.FindAllStringSubmatch(text, -1) {
			examples = append(examples, m[1])
		}
		for _, c := range code(text) {
			if !path.MatchString(c) || slices.Contains(examples, c) {
				continue
			}
			if _, err := os.Stat(filepath.Join(repository, c)); err != nil {
				t.Errorf("%s: %v", file, err)
			}
		}
	}
}

func TestDocs_ArchitectureListsEveryPackage(t *testing.T) {
	var listed, known []string
	for _, row := range cells(t, documents(t)["docs/architecture.md"], "## Packages") {
		listed = append(listed, row[0]...)
	}
	for name := range mayImport {
		if !strings.HasPrefix(name, "soak/protocol/") {
			known = append(known, name)
		}
	}
	sameNames(t, "docs/architecture.md", listed, known)
}

func TestDocs_WorkedExamplesAreFormatted(t *testing.T) {
	examples := saveAs.FindAllStringSubmatch(documents(t)["CONTRIBUTING.md"], -1)
	if len(examples) < 3 {
		t.Errorf("found only %d worked examples", len(examples))
	}
	for _, m := range examples {
		if got, err := format.Source([]byte(m[2])); err != nil || string(got) != m[2] {
			t.Errorf("%s: not formatted by gofmt (%v)", m[1], err)
		}
		if _, err := os.Stat(filepath.Join(repository, filepath.Dir(m[1]))); err != nil {
			t.Error(fmt.Errorf("%s: %w", m[1], err))
		}
	}
}

// A license that nobody looked at may forbid the use, so every module has a line.
func TestNotice_NamesEveryModule(t *testing.T) {
	notice, err := os.ReadFile(filepath.Join(repository, "NOTICE"))
	if err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile(filepath.Join(repository, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	modules := regexp.MustCompile(`(?m)^\t(\S+) v`).FindAllSubmatch(mod, -1)
	if len(modules) < 50 {
		t.Fatalf("%d modules in go.mod", len(modules))
	}
	for _, m := range modules {
		if !regexp.MustCompile(`(?m)^  ` + regexp.QuoteMeta(string(m[1])) + ` `).Match(notice) {
			t.Errorf("NOTICE does not name %s with its license", m[1])
		}
	}
}
