package profiles

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// Frame is one call in a stack.
type Frame struct {
	Function string // "net/http.(*conn).serve"; "" without symbols
	File     string
	Line     int
}

// Stack is the calls of a stack from the innermost, which allocates or waits, to
// the outermost.
type Stack []Frame

// String is the frame's function and line: "main.keep (keep.go:12)".
func (f Frame) String() string {
	if f.File == "" {
		return f.Function
	}
	return fmt.Sprintf("%s (%s)", f.Function, f.Place())
}

// Place is the file, without its directory, and the line: "keep.go:12".
func (f Frame) Place() string { return fmt.Sprintf("%s:%d", path.Base(f.File), f.Line) }

// Package is the import path of the function's package, "" without symbols.
func (f Frame) Package() string {
	slash := strings.LastIndexByte(f.Function, '/') + 1
	name, _, _ := strings.Cut(f.Function[slash:], ".")
	return f.Function[:slash] + name
}

// Culprit is the frame to look at first: the innermost one of the program itself,
// outside the standard library and the modules that it depends on. In a stack without
// such a frame it is the innermost one outside the standard library, and in one of the
// standard library alone the innermost one outside the runtime and the packages that
// only help their callers.
func (s Stack) Culprit() Frame {
	for _, f := range s {
		if f.own() {
			return f
		}
	}
	for _, among := range [][]string{standard, helpers, {"runtime"}} {
		for _, f := range s {
			if f.Function != "" && !within(f.Package(), among) {
				return f
			}
		}
	}
	if len(s) == 0 {
		return Frame{}
	}
	return s[len(s)-1]
}

// own reports whether a frame belongs to the program itself. main.main does not count:
// all that a library does before the program ends may be below it.
func (f Frame) own() bool {
	return f.File != "" && f.Function != "main.main" && f.Package() != "" && !within(f.Package(), standard) && !f.dependency()
}

// dependency reports whether a frame belongs to a module in the module cache, in which
// a version follows the path (https://go.dev/ref/mod#module-cache), or to a vendored
// one.
func (f Frame) dependency() bool {
	return strings.Contains(f.File, "@v") || strings.Contains(f.File, "/vendor/")
}

// Has reports whether the stack passes through a function of that name.
func (s Stack) Has(function string) bool {
	return slices.ContainsFunc(s, func(f Frame) bool { return f.Function == function })
}

// within reports whether the first element of an import path is one of names.
func within(pkg string, names []string) bool {
	first, _, _ := strings.Cut(pkg, "/")
	return slices.Contains(names, first)
}

// standard are the first elements of import paths of the standard library of
// Go 1.26. A path of a module has a dot in its first element, or is one word
// that is not in this list.
var standard = []string{
	"archive", "bufio", "bytes", "cmp", "compress", "container", "context", "crypto", "database", "debug", "embed",
	"encoding", "errors", "expvar", "flag", "fmt", "go", "hash", "html", "image", "index", "internal", "io", "iter",
	"log", "maps", "math", "mime", "net", "os", "path", "plugin", "reflect", "regexp", "runtime", "simd", "slices",
	"sort", "strconv", "strings", "structs", "sync", "syscall", "testing", "text", "time", "unicode", "unique",
	"unsafe", "vendor", "weak",
}

// helpers are those of them that only help their callers.
var helpers = []string{
	"bufio", "bytes", "container", "context", "encoding", "errors", "fmt", "internal", "io", "maps", "reflect", "runtime",
	"slices", "sort", "strconv", "strings", "sync", "syscall", "unique", "unsafe", "weak",
}
