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

// The bounds of what aliases of aliases may grow to.
const (
	maxNodes = 100_000
	maxPath  = 1000 // bytes of a field's path
)

// reader walks a YAML tree and gathers everything that is wrong with it.
type reader struct {
	dir     string // that file: values are relative to
	source  Source
	anchors map[string]ast.Node
	nodes   int
	errs    Errors
	secrets []string
}

// set reads a node into a place that it knows; field is the node's path.
type set func(n ast.Node, field string)

// keys are what an object may hold.
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

// document gives the root of the only document, or nil after an error.
func (r *reader) document(data []byte) ast.Node {
	if len(data) > maxSize {
		r.fail("", "this is larger than %d KiB; is it a plan?", maxSize>>10)
		return nil
	}
	file, err := parseYAML(data)
	var syntax yaml.Error
	switch {
	case errors.As(err, &syntax):
		r.source.at[""] = tokenAt(syntax.GetToken())
		r.fail("", "%s", syntax.GetMessage())
		return nil
	case err != nil:
		r.fail("", "no valid YAML: %v", err)
		return nil
	case len(file.Docs) > 1 && file.Docs[1].Body != nil:
		r.source.at[""] = nodeAt(file.Docs[1].Body)
		r.fail("", "a second plan begins here; write one plan a file")
		return nil
	case len(file.Docs) == 0 || file.Docs[0].Body == nil || file.Docs[0].Body.Type() == ast.CommentType:
		r.fail("", "the plan is empty; `soak init` writes one to start from")
		return nil
	}
	root := file.Docs[0].Body
	r.anchors = map[string]ast.Node{}
	ast.Walk(r, root)
	r.source.at[""] = nodeAt(root)
	return root
}

// parseYAML turns a crash of the parser into an error.
func parseYAML(data []byte) (file *ast.File, err error) {
	defer func() {
		if crash := recover(); crash != nil {
			err = fmt.Errorf("the parser gave up: %v", crash)
		}
	}()
	return parser.ParseBytes(data, 0, parser.AllowDuplicateMapKey())
}

// Visit notes anchors, for [ast.Walk].
func (r *reader) Visit(n ast.Node) ast.Visitor {
	if a, ok := n.(*ast.AnchorNode); ok {
		r.anchors[a.Name.GetToken().Value] = a.Value
	}
	return r
}

// resolve follows aliases and looks through anchors and tags. It gives nil
// once the plan has too many nodes.
func (r *reader) resolve(n ast.Node, field string) ast.Node {
	for {
		if r.nodes > maxNodes {
			return nil
		}
		if r.nodes++; r.nodes > maxNodes || len(field) > maxPath {
			r.nodes = maxNodes + 1
			r.fail(field[:min(len(field), 40)], "the plan grows beyond all bounds here; do not nest aliases")
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
				r.fail(field, "there is no anchor &%s", name)
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
	hint := didYouMean(key, known)
	if hint == "" {
		hint = "; known here: " + list(known)
	}
	r.fail(join(field, key), "unknown key%s", hint)
	if near := nearest(key, known); near != "" {
		last := &r.errs[len(r.errs)-1]
		last.needs = append(last.needs, join(field, near))
	}
}

// entries gives the keys of an object in their order, merge keys resolved, and
// notes where each stands.
func (r *reader) entries(n ast.Node, field string) (found []entry, ok bool) {
	n = r.resolve(n, field)
	object, ok := n.(ast.MapNode)
	switch {
	case n == nil:
		return nil, false
	case !ok:
		r.fail(field, "this must be a block of `key: value` lines")
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
			r.fail(join(field, e.key), "this key is here twice; keep one")
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

// items gives the elements of a list; a single value counts as a list of one.
func (r *reader) items(n ast.Node, field string) []ast.Node {
	switch v := r.resolve(n, field).(type) {
	case *ast.SequenceNode:
		for i, item := range v.Values {
			r.source.at[index(field, i)] = nodeAt(item)
		}
		return v.Values
	case ast.MapNode:
		r.fail(field, "this must be a list; begin each element with `- `")
		return nil
	case nil:
		return nil
	default:
		r.source.at[index(field, 0)] = nodeAt(v)
		return []ast.Node{v}
	}
}

// text gives a single value as it was written, ${NAME} not yet replaced.
func (r *reader) text(n ast.Node, field string) (string, bool) {
	switch v := r.resolve(n, field).(type) {
	case nil:
		return "", false
	case *ast.StringNode:
		return v.Value, true
	case *ast.LiteralNode:
		return v.Value.Value, true
	case *ast.IntegerNode:
		return fmt.Sprint(v.Value), true // 10_000 and 0x10 are numbers, too
	case *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return v.GetToken().Value, true
	case *ast.NullNode:
		r.fail(field, "this must have a value")
	default:
		r.fail(field, "this must be a single value, not a list or a block")
	}
	return "", false
}
