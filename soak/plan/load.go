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

// maxSize is the maximum size of a plan file in bytes. The YAML parser needs
// quadratic time for nested brackets.
const maxSize = 64 << 10

// InFolder is the name of the plan in a folder that is given as a plan.
const InFolder = "plan.yaml"

// stdin is the file name of a plan that came through standard input.
const stdin = "<stdin>"

// Load reads the plan at path ("-" is standard input, a folder its plan.yaml),
// fills in its defaults and checks it. The error is [Errors] with every error in
// the plan, or another error if the file cannot be read.
func Load(path string) (soak.Plan, error) {
	p, src, err := LoadSource(path)
	return p, src.Complete(&p, err)
}

// Complete fills in the defaults of a plan that [LoadSource] returned together
// with the error readErr, and checks it. The error includes readErr.
func (s Source) Complete(p *soak.Plan, readErr error) error {
	var wrong, more Errors
	if readErr != nil && !errors.As(readErr, &wrong) {
		return readErr
	}
	err := s.Locate(Complete(p))
	if err != nil && !errors.As(err, &more) {
		return err
	}
	return append(wrong, wrong.unrelated(more)...).orNil()
}

// unrelated removes from more the errors that only follow from these.
func (e Errors) unrelated(more Errors) Errors {
	return slices.DeleteFunc(more, func(m Error) bool {
		return slices.ContainsFunc(e, func(first Error) bool {
			return m.follows(first)
		})
	})
}

// follows reports whether a check depends on a field that could not be read.
func (e Error) follows(first Error) bool {
	for _, needed := range append(e.needs, e.Field) {
		for _, unread := range append(first.needs, first.Field) {
			if within(needed, unread) {
				return true
			}
		}
	}
	return false
}

// LoadSource reads the plan at path ("-" is standard input) like [Parse], and also
// returns the positions of its fields.
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

// Parse reads a plan without filling in defaults. The name of its file appears in
// errors, and file: values are relative to it. The error is [Errors].
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
