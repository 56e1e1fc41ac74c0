// Command prose checks the English of this repository: the comments, strings and
// test names of its Go files, and the lines of its documents, scripts, plans and
// pages. It prints one line for each phrase that prose.txt forbids, with the
// suggested words, and exits 1 if it printed any.
//
// Usage, in the root of the repository: go run .ci/prose.go [PATH...]
//
// Without a path it checks every file that git tracks, and also reports
// exceptions that no longer excuse anything.
package main

import (
	"bufio"
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

const listFile = ".ci/prose.txt"

func main() {
	list, err := readList(listFile)
	if err != nil {
		fail(err)
	}
	files, err := tracked(os.Args[1:])
	if err != nil {
		fail(err)
	}
	c := checker{list: list, declared: map[string]map[string]bool{}}
	for _, file := range files {
		if err := c.check(file); err != nil {
			fail(err)
		}
	}
	if len(os.Args) == 1 {
		c.unusedExceptions()
	}
	for _, line := range c.found {
		fmt.Println(line)
	}
	if len(c.found) > 0 {
		fmt.Printf("%d phrases to rewrite in %d files (patterns and exceptions: %s)\n", len(c.found), len(c.files), listFile)
		os.Exit(1)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "prose:", err)
	os.Exit(2)
}

// A rule is one forbidden pattern.
type rule struct {
	pattern *regexp.Regexp
	fine    []*regexp.Regexp // a match inside a match of one of these is not reported
	write   string           // the suggestion
}

// An exception excuses matches in one file inside a text.
type exception struct {
	line       int
	file, text string
	used       bool
}

type list struct {
	rules      []rule
	exceptions []exception
}

// readList reads prose.txt; its head describes the format.
func readList(name string) (*list, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var l list
	in := bufio.NewScanner(f)
	for n := 1; in.Scan(); n++ {
		if err := l.add(in.Text(), n); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, n, err)
		}
	}
	return &l, in.Err()
}

func (l *list) add(line string, n int) error {
	word, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimSpace(rest)
	switch {
	case strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#"):
		return nil
	case word == "not":
		pattern, write, ok := strings.Cut(rest, " => ")
		re, err := regexp.Compile("(?i)" + strings.TrimSpace(pattern))
		if !ok || err != nil {
			return fmt.Errorf("want: not REGEXP => SUGGESTION (%v)", err)
		}
		l.rules = append(l.rules, rule{pattern: re, write: strings.TrimSpace(write)})
		return nil
	case word == "but":
		re, err := regexp.Compile("(?i)" + rest)
		if len(l.rules) == 0 || err != nil {
			return fmt.Errorf("want: but REGEXP, after a line with not (%v)", err)
		}
		last := &l.rules[len(l.rules)-1]
		last.fine = append(last.fine, re)
		return nil
	case word == "except":
		parts := strings.Split(rest, " | ")
		if len(parts) != 3 {
			return fmt.Errorf("want: except FILE | TEXT | REASON")
		}
		l.exceptions = append(l.exceptions, exception{line: n, file: parts[0], text: strings.ToLower(parts[1])})
		return nil
	}
	return fmt.Errorf("unknown line %q: it starts with not, but, except or #", line)
}

// tracked lists the files to check: all that git tracks or would track, or
// those under paths.
func tracked(paths []string) ([]string, error) {
	args := append([]string{"ls-files", "--cached", "--others", "--exclude-standard", "--"}, paths...)
	out, err := exec.Command("git", args...).Output()
	if err != nil {
		return nil, fmt.Errorf("git ls-files: %w", err)
	}
	files := strings.Fields(string(out))
	slices.Sort(files)
	return slices.Compact(files), nil
}

type checker struct {
	list     *list
	declared map[string]map[string]bool // by folder: the names that its Go files declare, in lower case
	found    []string
	files    map[string]bool
}

func (c *checker) report(file string, line int, phrase, write string) {
	if c.files == nil {
		c.files = map[string]bool{}
	}
	c.files[file] = true
	c.found = append(c.found, fmt.Sprintf("%s:%d: %s -> %s", file, line, phrase, write))
}

func (c *checker) check(file string) error {
	content, err := os.ReadFile(file)
	if os.IsNotExist(err) {
		return nil // deleted and not yet committed
	}
	if err != nil {
		return err
	}
	if file == listFile {
		return nil
	}
	switch filepath.Ext(file) {
	case ".go":
		return c.goFile(file, content)
	case ".md", ".sh", ".yaml", ".yml", ".html", ".tmpl", ".js", ".css":
		if strings.Contains(file, "testdata/") {
			return nil // what the code writes is checked in the code
		}
	case ".txt":
		if !strings.Contains(file, "testdata/script/") {
			return nil
		}
	default:
		script := strings.HasPrefix(string(content), "#!")
		if filepath.Base(file) != "Makefile" && !script {
			return nil
		}
	}
	c.text(file, prose{text: string(content), line: 1}.paragraphs())
	return nil
}

// A prose is a text and the line that it starts on.
type prose struct {
	text string
	line int
}

// mark is what begins lines of comments, quotes, lists and cells.
var mark = regexp.MustCompile(`^[\s#>*|-]+|^\s*//+\s*`)

// paragraphs splits a text at its empty lines, and joins the lines of each
// paragraph so that phrases are found across line breaks.
func (p prose) paragraphs() []lines {
	var all []lines
	var now lines
	n := p.line
	for line := range strings.SplitSeq(p.text, "\n") {
		line = strings.TrimSpace(mark.ReplaceAllString(line, ""))
		if line == "" {
			if now.text != "" {
				all = append(all, now)
			}
			now = lines{}
		} else {
			now.add(line, n)
		}
		n++
	}
	if now.text != "" {
		all = append(all, now)
	}
	return all
}

// lines is a paragraph on one line; at holds where each of its lines starts.
type lines struct {
	text string
	at   []start
}

type start struct{ offset, line int }

func (l *lines) add(text string, line int) {
	if l.text != "" {
		l.text += " "
	}
	l.at = append(l.at, start{len(l.text), line})
	l.text += text
}

func (l *lines) lineOf(offset int) int {
	line := 0
	for _, s := range l.at {
		if s.offset <= offset {
			line = s.line
		}
	}
	return line
}

// text checks paragraphs of one file.
func (c *checker) text(file string, paragraphs []lines) {
	for _, p := range paragraphs {
		for _, r := range c.list.rules {
			for _, span := range r.pattern.FindAllStringIndex(p.text, -1) {
				if r.isFine(p.text, span) || c.excused(file, p.text, span) {
					continue
				}
				c.report(file, p.lineOf(span[0]), strings.TrimSpace(p.text[span[0]:span[1]]), r.write)
			}
		}
	}
}

func (r rule) isFine(text string, span []int) bool {
	for _, fine := range r.fine {
		for _, f := range fine.FindAllStringIndex(text, -1) {
			if f[0] <= span[0] && span[1] <= f[1] {
				return true
			}
		}
	}
	return false
}

func (c *checker) excused(file, text string, span []int) bool {
	text = strings.ToLower(text)
	for i := range c.list.exceptions {
		e := &c.list.exceptions[i]
		if ok, _ := filepath.Match(e.file, file); !ok {
			continue
		}
		for from := 0; ; {
			at := strings.Index(text[from:], e.text)
			if at < 0 {
				break
			}
			if from+at <= span[0] && span[1] <= from+at+len(e.text) {
				e.used = true
				return true
			}
			from += at + 1
		}
	}
	return false
}

func (c *checker) unusedExceptions() {
	for _, e := range c.list.exceptions {
		if !e.used {
			c.report(listFile, e.line, "exception for "+e.file, "remove it: the text is gone")
		}
	}
}

// goFile checks the comments, strings and test names of a Go file.
func (c *checker) goFile(file string, content []byte) error {
	files := token.NewFileSet()
	tree, err := parser.ParseFile(files, file, content, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	line := func(pos token.Pos) int { return files.PositionFor(pos, false).Line }
	for _, group := range tree.Comments {
		var text strings.Builder
		for i, comment := range group.List {
			if i > 0 {
				text.WriteString("\n")
			}
			text.WriteString(words(comment.Text))
		}
		c.text(file, prose{text.String(), line(group.Pos())}.paragraphs())
	}
	for _, s := range stringsOf(tree) {
		var all lines
		for _, lit := range s {
			text, err := strconv.Unquote(lit.Value)
			if err != nil {
				continue
			}
			if strings.HasPrefix(lit.Value, "`") { // its lines are lines of the file
				c.text(file, prose{text, line(lit.Pos())}.paragraphs())
				continue
			}
			all.add(strings.TrimSpace(text), line(lit.Pos()))
		}
		c.text(file, []lines{all})
	}
	if strings.HasSuffix(file, "_test.go") {
		return c.testNames(file, tree, line)
	}
	return nil
}

// words is the text of a comment without its marks; directives are empty.
func words(comment string) string {
	if strings.HasPrefix(comment, "//go:") {
		return ""
	}
	comment = strings.TrimPrefix(comment, "//")
	return strings.TrimSuffix(strings.TrimPrefix(comment, "/*"), "*/")
}

// stringsOf lists the string literals of a file; those joined with + are one
// text. Paths of imports and tags of fields are left out.
func stringsOf(tree *ast.File) [][]*ast.BasicLit {
	var all [][]*ast.BasicLit
	var walk func(ast.Node) bool
	walk = func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.Field:
			for _, part := range []ast.Node{n.Type} {
				ast.Inspect(part, walk)
			}
			return false
		case *ast.BinaryExpr:
			if n.Op == token.ADD {
				var joined []*ast.BasicLit
				for _, term := range terms(n) {
					if lit, ok := term.(*ast.BasicLit); ok && lit.Kind == token.STRING {
						joined = append(joined, lit)
					} else {
						ast.Inspect(term, walk)
					}
				}
				all = append(all, joined)
				return false
			}
		case *ast.BasicLit:
			if n.Kind == token.STRING {
				all = append(all, []*ast.BasicLit{n})
			}
		}
		return true
	}
	ast.Inspect(tree, walk)
	return all
}

func terms(e ast.Expr) []ast.Expr {
	if b, ok := e.(*ast.BinaryExpr); ok && b.Op == token.ADD {
		return append(terms(b.X), terms(b.Y)...)
	}
	return []ast.Expr{e}
}

var (
	testName = regexp.MustCompile(`^(Test|Benchmark|Fuzz)([A-Z0-9]\w*)$`)
	nameForm = regexp.MustCompile(`^[A-Z0-9][A-Za-z0-9]*(_[A-Z0-9][A-Za-z0-9]*)*$`)
	// a name with one of these words is a sentence
	function = regexp.MustCompile(`^(A|An|The|Is|Are|Was|Has|Have|Its|That|What|Who|Whose|Which|And|Or|Not|No|Of|To|It|They|Be|For|When|Where|Does|May|Must|Can|Cannot|Nothing|Every|All|One)$`)
)

const (
	maxUnitWords = 4
	maxCaseWords = 7
)

// testNames checks that each test is called TestUnit or TestUnit_Case, where
// the unit is a name that its folder declares, or a short name instead of a
// sentence.
func (c *checker) testNames(file string, tree *ast.File, line func(token.Pos) int) error {
	declared, err := c.names(filepath.Dir(file))
	if err != nil {
		return err
	}
	for _, d := range tree.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Recv != nil || f.Name.Name == "TestMain" {
			continue
		}
		m := testName.FindStringSubmatch(f.Name.Name)
		if m == nil {
			continue
		}
		at := line(f.Pos())
		if !nameForm.MatchString(m[2]) {
			c.report(file, at, f.Name.Name, m[1]+"Unit_Case, both in CamelCase")
			continue
		}
		unit, cases, _ := strings.Cut(m[2], "_")
		unitWords, caseWords := camel(unit), camel(strings.ReplaceAll(cases, "_", ""))
		switch {
		case declared[strings.ToLower(unit)]:
		case len(unitWords) > maxUnitWords || slices.ContainsFunc(unitWords, function.MatchString):
			c.report(file, at, f.Name.Name, m[1]+"Unit_Case, where Unit is the function, type or command under test")
			continue
		}
		if len(caseWords) > maxCaseWords {
			c.report(file, at, f.Name.Name, fmt.Sprintf("a case of at most %d words", maxCaseWords))
			continue
		}
		var all lines
		all.add(strings.Join(append(unitWords, caseWords...), " "), at)
		c.text(file, []lines{all})
	}
	return nil
}

// camel splits a name in CamelCase into its words.
func camel(name string) []string {
	var words []string
	runes := []rune(name)
	from := 0
	for i := 1; i < len(runes); i++ {
		upper := unicode.IsUpper(runes[i])
		afterLower := !unicode.IsUpper(runes[i-1])
		beforeLower := i+1 < len(runes) && unicode.IsLower(runes[i+1])
		if upper && (afterLower || beforeLower) {
			words = append(words, string(runes[from:i]))
			from = i
		}
	}
	if from < len(runes) {
		words = append(words, string(runes[from:]))
	}
	return words
}

// names lists what the Go files of a folder declare, in lower case: functions,
// types, variables, constants, and methods with and without their type.
func (c *checker) names(dir string) (map[string]bool, error) {
	if c.declared[dir] != nil {
		return c.declared[dir], nil
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for _, file := range files {
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, d := range tree.Decls {
			maps.Copy(names, namesOf(d))
		}
	}
	c.declared[dir] = names
	return names, nil
}

func namesOf(d ast.Decl) map[string]bool {
	names := map[string]bool{}
	add := func(s string) { names[strings.ToLower(s)] = true }
	switch d := d.(type) {
	case *ast.FuncDecl:
		if testName.MatchString(d.Name.Name) {
			break
		}
		add(d.Name.Name)
		if d.Recv != nil {
			add(receiver(d.Recv.List[0].Type) + d.Name.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				add(s.Name.Name)
			case *ast.ValueSpec:
				for _, n := range s.Names {
					add(n.Name)
				}
			}
		}
	}
	return names
}

func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.IndexListExpr:
		return receiver(e.X)
	case *ast.Ident:
		return cmp.Or(e.Name, "")
	}
	return ""
}
