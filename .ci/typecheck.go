// Command typecheck checks that the repository, its tests included, compiles on
// other systems. It reads sources only, and is much faster than a build for each
// system, which would first have to compile the standard library.
//
// Usage: go run .ci/typecheck.go SYSTEM...
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A pkg is a package as go list describes it.
type pkg struct {
	ImportPath, Dir, Name string
	GoFiles               []string
	ImportMap             map[string]string
	Module                *struct {
		Main      bool
		GoVersion string
	}
	Error *struct{ Err string }
}

func main() {
	failed := false
	for _, system := range os.Args[1:] {
		problems, err := check(system)
		if err != nil {
			fmt.Fprintf(os.Stderr, "typecheck %s: %v\n", system, err)
			os.Exit(2)
		}
		for _, p := range problems {
			fmt.Printf("%s: %v\n", system, p)
			failed = true
		}
	}
	if failed {
		os.Exit(1)
	}
}

func check(system string) (problems []error, err error) {
	packages, err := list(system)
	if err != nil {
		return nil, err
	}
	files := token.NewFileSet()
	done := map[string]*types.Package{"unsafe": types.Unsafe}
	for _, p := range packages { // a package follows those that it imports
		if p.ImportPath == "unsafe" || strings.HasSuffix(p.ImportPath, ".test") {
			continue
		}
		own := p.Module != nil && p.Module.Main
		if own && p.Error != nil {
			problems = append(problems, errors.New(p.Error.Err))
		}
		var syntax []*ast.File
		for _, name := range p.GoFiles {
			f, err := parser.ParseFile(files, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				return nil, err
			}
			syntax = append(syntax, f)
		}
		config := types.Config{
			IgnoreFuncBodies: !own,
			FakeImportC:      true,
			Sizes:            types.SizesFor("gc", "amd64"),
			Importer: importer(func(path string) (*types.Package, error) {
				if to := p.ImportMap[path]; to != "" {
					path = to
				}
				if done[path] == nil {
					return nil, fmt.Errorf("no package %s", path)
				}
				return done[path], nil
			}),
			Error: func(err error) {
				if own {
					problems = append(problems, err)
				}
			},
		}
		if p.Module != nil && p.Module.GoVersion != "" {
			config.GoVersion = "go" + p.Module.GoVersion
		}
		done[p.ImportPath], _ = config.Check(p.ImportPath, files, syntax, nil) // Error has noted what is wrong
	}
	return problems, nil
}

type importer func(path string) (*types.Package, error)

func (i importer) Import(path string) (*types.Package, error) { return i(path) }

// list lists the packages of the repository with their tests, and all that they
// import, as they are on another system.
func list(system string) ([]pkg, error) {
	cmd := exec.Command("go", "list", "-e", "-deps", "-test", "-json=ImportPath,Dir,Name,GoFiles,ImportMap,Module,Error", "./...")
	cmd.Env = append(os.Environ(), "GOOS="+system, "GOARCH=amd64", "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	var all []pkg
	for d := json.NewDecoder(out); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, cmd.Wait()
}
