package plan

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"soakmon/soak"
)

// maxSize of a plan file in bytes; the YAML parser takes quadratic time on
// nested brackets.
const maxSize = 64 << 10

// InFolder is the name of the plan that a folder stands for.
const InFolder = "plan.yaml"

// stdin is the file name of a plan that came through standard input.
const stdin = "<stdin>"

// Load reads the plan at path ("-" is standard input, a folder its plan.yaml), fills its defaults and
// checks it. What is wrong comes back as [Errors], all of it at once; a file
// that cannot be read as another error.
func Load(path string) (soak.Plan, error) {
	p, src, err := LoadSource(path)
	var wrong Errors
	if err != nil && !errors.As(err, &wrong) {
		return p, err
	}
	err = src.Locate(Complete(&p))
	var more Errors
	if err != nil && !errors.As(err, &more) {
		return p, err
	}
	return p, append(wrong, wrong.unrelated(more)...).orNil()
}

// unrelated leaves out of more what only follows from these errors.
func (e Errors) unrelated(more Errors) Errors {
	return slices.DeleteFunc(more, func(m Error) bool {
		return slices.ContainsFunc(e, func(first Error) bool {
			return m.follows(first)
		})
	})
}

// follows tells whether a check looked at something that could not be read.
func (e Error) follows(first Error) bool {
	for _, looked := range append(e.needs, e.Field) {
		for _, unread := range append(first.needs, first.Field) {
			if within(looked, unread) {
				return true
			}
		}
	}
	return false
}

// LoadSource reads the plan at path ("-" is standard input) like [Parse], and
// tells where its fields stand.
func LoadSource(path string) (soak.Plan, Source, error) {
	name, in := path, os.Stdin
	if path == "-" {
		name = stdin
	} else {
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			path = filepath.Join(path, InFolder)
			name = path
		}
		f, err := os.Open(path)
		if err != nil {
			return New(), Source{}, fmt.Errorf("cannot read the plan: %w", err)
		}
		defer f.Close()
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, maxSize+1))
	if err != nil {
		return New(), Source{}, fmt.Errorf("cannot read the plan %s: %w", name, err)
	}
	return read(name, data)
}

// Parse reads a plan without filling in defaults; name is its file's name, for
// errors and for file: values that are relative to it. The error is [Errors].
func Parse(name string, data []byte) (soak.Plan, error) {
	p, _, err := read(name, data)
	return p, err
}

func read(name string, data []byte) (soak.Plan, Source, error) {
	r := &reader{dir: filepath.Dir(name), source: Source{file: name, at: map[string]position{}}}
	p := New()
	p.File = name
	if root := r.document(data); root != nil {
		r.plan(&p)(root, "")
	}
	slices.Sort(r.secrets)
	p.Secrets = slices.Compact(r.secrets)
	return p, r.source, r.errs.orNil()
}
