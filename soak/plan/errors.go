package plan

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"soakmon/soak"
)

// Error is one error in a plan.
type Error struct {
	File   string // "" if the plan did not come from a file
	Line   int    // from 1; 0 if the field is not in a file
	Column int    // from 1; 0 if the field is not in a file
	Field  string // dotted path: "load[0].rate"; "" is the whole plan
	Reason string // what is wrong and what to do

	needs []string // other fields that the check depends on
}

// Error returns `file:line: field: reason`, without the parts that are unknown.
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

// Errors is every error in a plan, sorted by line.
type Errors []Error

// Error returns one line for each.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, one := range e {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// orNil sorts by line and field, and returns nil if there are no errors.
func (e Errors) orNil() error {
	if len(e) == 0 {
		return nil
	}
	slices.SortStableFunc(e, func(a, b Error) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), strings.Compare(a.Field, b.Field))
	})
	return e
}

// Source holds the positions of a plan's fields in its file. The zero value holds
// none and does not change errors.
type Source struct {
	file string
	at   map[string]position
}

type position struct{ line, column int }

// Errorf returns an [Error] at a field, for checks that belong to other packages:
// of cron specs and of the names of protocols and metrics. The field is a dotted
// path such as "schedule" or "load[1].protocol".
func (s Source) Errorf(field, format string, args ...any) error {
	return s.place(Error{Field: field, Reason: fmt.Sprintf(format, args...)})
}

// Locate adds file and line to the [Errors] of [Complete]. It returns other errors
// unchanged.
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

// place adds the position of the field, or else of the innermost block around it.
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

// within reports whether field is block or a part of it.
func within(field, block string) bool {
	rest, ok := strings.CutPrefix(field, block)
	return ok && (rest == "" || block == "" || rest[0] == '.' || rest[0] == '[')
}

// Unset marks, between [Parse] and [Complete], a value that the plan does not set
// if zero has a meaning: warmup, rest.every, rest.for, rest.settle,
// profiles.every, max_loss and requests_per_session.
const Unset = -1

// New returns a plan in which nothing is set. [Parse] starts from it, and so does
// a command without a plan file, which applies its flags before [Complete].
func New() soak.Plan {
	return soak.Plan{
		Warmup:   Unset,
		Target:   soak.Target{Tree: true},
		Rest:     soak.Rest{Every: Unset, For: Unset, Settle: Unset},
		Profiles: soak.Profiles{Every: Unset},
	}
}
