// Package indent writes JSON that people may read: indented by two spaces, and
// without the HTML escapes that encoding/json adds by default.
package indent

import (
	"encoding/json"
	"io"
)

// JSON writes v as one indented JSON value and a newline.
func JSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
