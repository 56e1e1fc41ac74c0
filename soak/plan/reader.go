package plan

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// The bounds of a plan whose aliases are expanded.
const (
	maxNodes = 100_000
	maxPath  = 1000 // bytes of a field's path
)

// reader walks a YAML tree and collects its errors.
type reader struct {
	dir     string // file: values are relative to it
	source  Source
	anchors map[string]ast.Node
	nodes   int
	errs    Errors
	secrets []string
}

// set reads a node into a value of the plan; field is the node's path.
type set func(n ast.Node, field string)

// keys are the keys that an object may have.
type keys map[string]set

// entry is one key of an object.
type entry struct {
	key   string
	at    position
	value ast.Node
}

func (r *reader) fail(field, format string, args ...any) {
	r.errs = append(r.errs, r.source.place(Error{Field: field, Reason: fmt.Sprintf(format, args...)}))
}

// document returns the root of the only document, or nil after an error.
func (r *reader) document(data []byte) ast.Node {
	if len(data) > maxSize {
		r.fail("", "the plan is larger than %d KiB: is it the right file?", maxSize>>10)
		return nil
	}
	file, err := parseYAML(data)
	var syntax yaml.Error
	switch {
	case errors.As(err, &syntax):
		r.source.at[""] = tokenAt(syntax.GetToken())
		r.fail("", "invalid YAML: %s", syntax.GetMessage())
		return nil
	case err != nil:
		r.fail("", "invalid YAML: %v", err)
		return nil
	case len(file.Docs) > 1 && file.Docs[1].Body != nil:
		r.source.at[""] = nodeAt(file.Docs[1].Body)
		r.fail("", "a second plan begins here: write one plan per file")
		return nil
	case len(file.Docs) == 0 || file.Docs[0].Body == nil || file.Docs[0].Body.Type() == ast.CommentType:
		r.fail("", "the plan is empty: create one with `soak init`")
		return nil
	}
	root := file.Docs[0].Body
	r.anchors = map[string]ast.Node{}
	ast.Walk(r, root)
	r.source.at[""] = nodeAt(root)
	return root
}

// parseYAML converts a panic of the parser into an error.
func parseYAML(data []byte) (file *ast.File, err error) {
	defer func() {
		if crash := recover(); crash != nil {
			err = fmt.Errorf("the parser failed: %v", crash)
		}
	}()
	return parser.ParseBytes(data, 0, parser.AllowDuplicateMapKey())
}

// Visit records anchors, for [ast.Walk].
func (r *reader) Visit(n ast.Node) ast.Visitor {
	if a, ok := n.(*ast.AnchorNode); ok {
		r.anchors[a.Name.GetToken().Value] = a.Value
	}
	return r
}

// resolve follows aliases, anchors and tags to a value. It returns nil once the
// plan has too many nodes.
func (r *reader) resolve(n ast.Node, field string) ast.Node {
	for {
		if r.nodes > maxNodes {
			return nil
		}
		if r.nodes++; r.nodes > maxNodes || len(field) > maxPath {
			r.nodes = maxNodes + 1
			r.fail(field[:min(len(field), 40)], "the plan expands to too many values here: do not nest aliases")
			return nil
		}
		switch v := n.(type) {
		case *ast.AnchorNode:
			n = v.Value
		case *ast.TagNode:
			n = v.Value
		case *ast.AliasNode:
			name := v.Value.GetToken().Value
			anchor, ok := r.anchors[name]
			if !ok {
				r.fail(field, "unknown anchor &%s: define it or remove the alias", name)
				return nil
			}
			n = anchor
		default:
			return n
		}
	}
}

// object reads the known keys and refuses all others.
func (r *reader) object(known keys) set {
	return func(n ast.Node, field string) {
		entries, _ := r.entries(n, field)
		for _, e := range entries {
			at := join(field, e.key)
			if read, ok := known[e.key]; ok {
				if !isNull(e.value) {
					read(e.value, at)
				}
				continue
			}
			r.unknown(field, e.key, slices.Sorted(maps.Keys(known)))
		}
	}
}

func (r *reader) unknown(field, key string, known []string) {
	near := Nearest(key, known)
	if near == "" {
		r.fail(join(field, key), "unknown key: use %s", alternatives(known))
		return
	}
	r.fail(join(field, key), "unknown key: did you mean %q?", near)
	last := &r.errs[len(r.errs)-1]
	last.needs = append(last.needs, join(field, near))
}

// entries returns the keys of an object in their order, with merge keys resolved,
// and records their positions.
func (r *reader) entries(n ast.Node, field string) (found []entry, ok bool) {
	n = r.resolve(n, field)
	object, ok := n.(ast.MapNode)
	switch {
	case n == nil:
		return nil, false
	case !ok:
		r.fail(field, "invalid value: use a block of `key: value` lines")
		return nil, false
	}
	own := map[string]bool{}
	var merged []entry
	for it := object.MapRange(); it.Next(); {
		if it.Key().IsMergeKey() {
			more, _ := r.entries(it.Value(), field)
			merged = append(merged, more...)
			continue
		}
		e := entry{key: it.Key().GetToken().Value, at: tokenAt(it.Key().GetToken()), value: it.Value()}
		r.source.at[join(field, e.key)] = e.at
		if own[e.key] {
			r.fail(join(field, e.key), "duplicate key: keep one")
			continue
		}
		own[e.key] = true
		found = append(found, e)
	}
	for _, e := range merged {
		if !own[e.key] {
			own[e.key] = true
			r.source.at[join(field, e.key)] = e.at
			found = append(found, e)
		}
	}
	return found, true
}

// items returns the elements of a list; a single value is a list of one.
func (r *reader) items(n ast.Node, field string) []ast.Node {
	switch v := r.resolve(n, field).(type) {
	case *ast.SequenceNode:
		for i, item := range v.Values {
			r.source.at[index(field, i)] = nodeAt(item)
		}
		return v.Values
	case ast.MapNode:
		r.fail(field, "invalid value: use a list, each element beginning with `- `")
		return nil
	case nil:
		return nil
	default:
		r.source.at[index(field, 0)] = nodeAt(v)
		return []ast.Node{v}
	}
}

// text returns a single value as written, before ${NAME} is replaced.
func (r *reader) text(n ast.Node, field string) (string, bool) {
	switch v := r.resolve(n, field).(type) {
	case nil:
		return "", false
	case *ast.StringNode:
		return v.Value, true
	case *ast.LiteralNode:
		return v.Value.Value, true
	case *ast.IntegerNode:
		return fmt.Sprint(v.Value), true // 10_000 and 0x10 are numbers as well
	case *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return v.GetToken().Value, true
	case *ast.NullNode:
		r.fail(field, "missing value: set one or remove the key")
	default:
		r.fail(field, "invalid value: use a single value, not a list or a block")
	}
	return "", false
}
