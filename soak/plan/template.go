package plan

import (
	_ "embed"
	"slices"
)

//go:embed template.yaml
var template []byte

// Template returns the commented plan that `soak init` writes. It is a valid plan
// that drives the embedded server, and it shows every key: a line that begins with
// `#=` sets a default, one that begins with `#:` is an example.
func Template() []byte { return slices.Clone(template) }
