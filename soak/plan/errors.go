package plan

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"soakmon/soak"
)

// Error is one thing that is wrong with a plan.
type Error struct {
	File   string // "" where the plan was no file
	Line   int    // from 1; 0 where the field stands in no file
	Column int    // from 1; 0 as Line
	Field  string // dotted path: "load[0].rate"; "" is the whole plan
	Reason string // what was wrong; what to do

	needs []string // further fields that the check looked at
}

// Error gives `file:line: field: reason`, without the parts that are not known.
func (e Error) Error() string {
	var b strings.Builder
	if e.File != "" {
		b.WriteString(e.File)
		if e.Line > 0 {
			fmt.Fprintf(&b, ":%d", e.Line)
		}
		b.WriteString(": ")
	}
	if e.Field != "" {
		b.WriteString(e.Field + ": ")
	}
	return b.String() + e.Reason
}

// Errors is everything that is wrong with a plan, sorted by line.
type Errors []Error

// Error gives one line for each.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, one := range e {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// orNil sorts by line and field; no errors are no error.
func (e Errors) orNil() error {
	if len(e) == 0 {
		return nil
	}
	slices.SortStableFunc(e, func(a, b Error) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), strings.Compare(a.Field, b.Field))
	})
	return e
}

// Source is where the fields of a plan stand in its file. The zero value knows
// no position and leaves errors as they are.
type Source struct {
	file string
	at   map[string]position
}

type position struct{ line, column int }

// Errorf gives an [Error] at a field, for what only others can check: the cron
// spec, the names of protocols and metrics. The field is a dotted path such as
// "schedule" or "load[1].protocol".
func (s Source) Errorf(field, format string, args ...any) error {
	return s.place(Error{Field: field, Reason: fmt.Sprintf(format, args...)})
}

// Locate adds file and line to the [Errors] of [Complete]; other errors are
// given back as they are.
func (s Source) Locate(err error) error {
	var list Errors
	if !errors.As(err, &list) {
		return err
	}
	placed := make(Errors, len(list))
	for i, e := range list {
		placed[i] = s.place(e)
	}
	return placed.orNil()
}

// place looks for the field, or else for the nearest block around it.
func (s Source) place(e Error) Error {
	e.File = s.file
	for field := e.Field; ; field = parent(field) {
		if at, ok := s.at[field]; ok {
			e.Line, e.Column = at.line, at.column
			return e
		}
		if field == "" {
			return e
		}
	}
}

// parent of "load[0].rate" is "load[0]", of that "load", of that "".
func parent(field string) string {
	return field[:max(0, strings.LastIndexAny(field, ".["))]
}

// within tells whether field is block or a part of it.
func within(field, block string) bool {
	rest, ok := strings.CutPrefix(field, block)
	return ok && (rest == "" || block == "" || rest[0] == '.' || rest[0] == '[')
}

// Unset stands, between [Parse] and [Complete], for a value that the plan does
// not set where zero has a meaning: warmup, rest.every, rest.for, rest.settle,
// profiles.every and requests_per_session.
const Unset = -1

// New gives a plan in which nothing is set: what [Parse] starts from, and what
// a command without a plan file fills from its flags before [Complete].
func New() soak.Plan {
	return soak.Plan{
		Warmup:   Unset,
		Target:   soak.Target{Tree: true},
		Rest:     soak.Rest{Every: Unset, For: Unset, Settle: Unset},
		Profiles: soak.Profiles{Every: Unset},
	}
}
