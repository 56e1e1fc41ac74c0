package plan

import (
	"errors"
	"fmt"
	"soakmon/soak"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// scalar reads a single value through one of the Parse functions.
func scalar[T any](r *reader, into *T, parse func(string) (T, error)) set {
	return func(n ast.Node, field string) {
		text, ok := r.text(n, field)
		if !ok {
			return
		}
		expanded, values, err := expand(text)
		if err != nil {
			r.fail(field, "%v", err)
			return
		}
		v, err := parse(expanded)
		switch {
		case err != nil && len(values) > 0: // its text may quote a secret
			r.fail(field, "invalid value %s: check the variables in it", text)
		case err != nil:
			r.fail(field, "%v", err)
		default:
			*into = v
		}
	}
}

// word reads a name. Variables in it are not treated as secrets.
func (r *reader) word(into *string) set {
	return scalar(r, into, func(text string) (string, error) {
		if text == "" {
			return "", errors.New("empty value: set one or remove the key")
		}
		return text, nil
	})
}

// words reads a list of names, or names joined by commas.
func (r *reader) words(into *soak.Protocols) set {
	return func(n ast.Node, field string) {
		if _, isList := r.resolve(n, field).(*ast.SequenceNode); !isList {
			var joined string
			if r.word(&joined)(n, field); joined != "" {
				*into = strings.Split(joined, ",")
			}
			return
		}
		sequence(r, (*[]string)(into), r.word)(n, field)
	}
}

// secret reads a text that may contain secrets.
func (r *reader) secret(into *string) set {
	return func(n ast.Node, field string) {
		if text, ok := r.text(n, field); ok {
			*into = r.reveal(text, field)
		}
	}
}

// sequence reads a list of items of one kind.
func sequence[T any](r *reader, into *[]T, item func(*T) set) set {
	return func(n ast.Node, field string) {
		nodes := r.items(n, field)
		*into = make([]T, len(nodes))
		for i, node := range nodes {
			item(&(*into)[i])(node, index(field, i))
		}
	}
}

// dict reads a block whose keys the plan chooses.
func dict[T any](r *reader, into *map[string]T, item func(*T) set) set {
	return func(n ast.Node, field string) {
		entries, _ := r.entries(n, field)
		*into = make(map[string]T, len(entries))
		for _, e := range entries {
			var v T
			item(&v)(e.value, join(field, e.key))
			(*into)[e.key] = v
		}
	}
}

// above0 refuses an explicit zero for keys whose zero means "not set".
func above0[T ~int | ~int64 | ~float64](parse func(string) (T, error)) func(string) (T, error) {
	return func(text string) (T, error) {
		v, err := parse(text)
		if err == nil && v <= 0 {
			return 0, fmt.Errorf("invalid value %s: use a value above 0, or remove the key for the default", text)
		}
		return v, err
	}
}

// oneOf accepts the given words.
func oneOf[T ~string](words ...T) func(string) (T, error) {
	return func(text string) (T, error) {
		known := make([]string, len(words))
		for i, w := range words {
			if text == string(w) {
				return w, nil
			}
			known[i] = string(w)
		}
		return "", fmt.Errorf("invalid value %q: use %s", text, choice(text, known))
	}
}
