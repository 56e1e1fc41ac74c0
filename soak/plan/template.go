package plan

import (
	_ "embed"
	"slices"
)

//go:embed template.yaml
var template []byte

// Template gives the commented plan that `soak init` writes. It loads as it is,
// drives the embedded server, and shows every key: a line that begins with `#=`
// sets a default, one that begins with `#:` is an example.
func Template() []byte { return slices.Clone(template) }
