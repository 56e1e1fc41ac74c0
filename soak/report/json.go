package report

import (
	"io"

	"soakmon/soak/indent"
)

// JSON writes the report as one indented JSON value.
func JSON(w io.Writer, r Report) error { return indent.JSON(w, r) }
