package plan

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"soakmon/soak"
)

// optionFlag is the flag whose values are KEY=VALUE options of a protocol.
const optionFlag = "--option"

// reference is an option that names where its value is: a variable or a file.
var reference = regexp.MustCompile(`^(\$\{\w+\}|file:.*)$`)

// RedactArgs returns the words of a command line of soak without secrets, by the
// same rules as [Redact] uses for the plan p that was made from it. A word that
// names the variable or the file of a secret stays as it is.
func RedactArgs(p soak.Plan, args []string) []string {
	r := redactor{scrub: Scrub(p)}
	words := make([]any, len(args))
	for i, a := range args {
		words[i] = a
	}
	words = r.command(words)
	out := slices.Clone(args)
	dash := slices.Index(args, "--")
	for i, w := range words {
		out[i] = w.(string)
		if i > 0 && args[i-1] == optionFlag && (dash < 0 || i < dash) {
			out[i] = r.option(args[i])
		}
	}
	return out
}

// option redacts a KEY=VALUE, whose value is YAML and may have keys of its own.
func (r redactor) option(pair string) string {
	key, value, _ := strings.Cut(pair, "=")
	if reference.MatchString(value) {
		return pair
	}
	o, _, err := ParseOptions([]string{pair})
	if err != nil {
		return key + "=" + redacted
	}
	var tree map[string]any
	d := json.NewDecoder(bytes.NewReader(o.JSON))
	d.UseNumber()
	if err := d.Decode(&tree); err != nil {
		return key + "=" + redacted
	}
	before, err := json.Marshal(tree[key])
	if err != nil {
		return key + "=" + redacted
	}
	clean := r.value(key, tree[key], true)
	after, err := json.Marshal(clean)
	switch {
	case err != nil:
		return key + "=" + redacted
	case bytes.Equal(before, after):
		return pair
	}
	if text, ok := clean.(string); ok {
		return key + "=" + text
	}
	return key + "=" + string(after)
}
