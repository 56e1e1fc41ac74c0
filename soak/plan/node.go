package plan

import (
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

func isNull(n ast.Node) bool {
	_, null := n.(*ast.NullNode)
	return null || n == nil
}

// nodeAt returns the position of a node's first character. The token of a mapping
// is its first colon, so the position of its first key is used.
func nodeAt(n ast.Node) position {
	switch v := n.(type) {
	case *ast.MappingNode:
		if len(v.Values) > 0 && !v.IsFlowStyle {
			return nodeAt(v.Values[0].Key)
		}
	case *ast.MappingValueNode:
		return nodeAt(v.Key)
	}
	return tokenAt(n.GetToken())
}

func tokenAt(t *token.Token) position {
	if t == nil || t.Position == nil {
		return position{}
	}
	return position{t.Position.Line, t.Position.Column}
}

func join(field, key string) string {
	if field == "" {
		return key
	}
	return field + "." + key
}

func index(field string, i int) string { return field + "[" + strconv.Itoa(i) + "]" }

func list(words []string) string { return strings.Join(words, ", ") }

// alternatives writes "a", "a or b", "a, b or c".
func alternatives(words []string) string {
	if len(words) < 2 {
		return list(words)
	}
	last := len(words) - 1
	return list(words[:last]) + " or " + words[last]
}
