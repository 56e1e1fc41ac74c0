package report

import (
	"fmt"
	"strings"

	"soakmon/soak"
)

// TargetText describes the target in a few words. The command of a target may
// contain secrets: pass the target of a redacted plan.
func TargetText(t soak.Target) string {
	switch {
	case len(t.Embedded) > 0:
		var leaks []string
		for _, l := range t.Leaks {
			leaks = append(leaks, l.Text)
		}
		text := builtIn(t.Embedded)
		if len(leaks) > 0 {
			text += ", with planted leaks: " + strings.Join(leaks, ", ")
		}
		return text
	case len(t.Command) > 0:
		return strings.Join(t.Command, " ")
	case t.PID != 0:
		return fmt.Sprintf("process %d", t.PID)
	case t.PIDFile != "":
		return "the process named in " + t.PIDFile
	}
	return "the process that listens on " + t.Listen
}

// builtIn names the embedded server: "the built-in tcp and ssh servers".
func builtIn(protocols []string) string {
	last := len(protocols) - 1
	if last == 0 {
		return "the built-in " + protocols[0] + " server"
	}
	return "the built-in " + strings.Join(protocols[:last], ", ") + " and " + protocols[last] + " servers"
}
