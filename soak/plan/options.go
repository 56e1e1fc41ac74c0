package plan

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"soakmon/soak"
)

// options keeps a plug-in's block as JSON with the line of each key.
func (r *reader) options(o *soak.Options) set {
	return func(n ast.Node, field string) {
		if entries, ok := r.entries(n, field); ok {
			r.setOptions(o, entries, field)
		}
	}
}

func (r *reader) setOptions(o *soak.Options, entries []entry, field string) {
	block := &optionBlock{reader: r, field: field, line: map[string]int{"": r.source.at[field].line}}
	data, err := json.Marshal(block.object(entries, ""))
	if err != nil {
		r.fail(field, "invalid options: %v", err)
		return
	}
	*o = soak.Options{JSON: data, File: r.source.file, Line: block.line}
}

// optionBlock converts one block of options into plain values and records the line
// of each. Paths are relative to the block.
type optionBlock struct {
	*reader
	field string
	line  map[string]int
}

func (b *optionBlock) object(entries []entry, path string) map[string]any {
	values := make(map[string]any, len(entries))
	for _, e := range entries {
		at := join(path, e.key)
		b.line[at] = e.at.line
		values[e.key] = b.value(e.value, at)
	}
	return values
}

func (b *optionBlock) value(n ast.Node, path string) any {
	field := join(b.field, path)
	n = b.resolve(n, field)
	switch v := n.(type) {
	case nil, *ast.NullNode:
		return nil
	case ast.MapNode:
		entries, _ := b.entries(n, field)
		return b.object(entries, path)
	case *ast.SequenceNode:
		values := make([]any, len(v.Values))
		for i, item := range v.Values {
			b.source.at[index(field, i)] = nodeAt(item)
			b.line[index(path, i)] = nodeAt(item).line
			values[i] = b.value(item, index(path, i))
		}
		return values
	case *ast.IntegerNode:
		return v.Value
	case *ast.FloatNode:
		return v.Value
	case *ast.BoolNode:
		return v.Value
	case *ast.InfinityNode, *ast.NanNode:
		b.fail(field, "invalid value: use a finite number")
		return nil
	default:
		text, _ := b.text(n, field)
		return b.reveal(text, field)
	}
}

// ParseOptions reads the KEY=VALUE pairs of a command line as a plan does: a value
// is YAML. It also returns the secrets that ${NAME} and file: brought in.
func ParseOptions(pairs []string) (o soak.Options, secrets []string, err error) {
	text := "load:\n- options:\n"
	for _, pair := range pairs {
		key, value, ok := strings.Cut(pair, "=")
		if !ok || key == "" || strings.ContainsAny(pair, "\r\n") {
			return o, nil, fmt.Errorf("invalid option %q: use KEY=VALUE on one line", key)
		}
		text += "    " + strconv.Quote(key) + ": " + value + "\n"
	}
	p, err := Parse("--option", []byte(text))
	if err != nil {
		return o, nil, err
	}
	o = p.Load[0].Options
	o.File, o.Line = "", nil // the lines are those of text above
	return o, p.Secrets, nil
}
