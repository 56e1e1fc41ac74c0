package sink

import (
	"fmt"
	"math"

	"soakmon/soak"
	"soakmon/soak/human"
)

// message is an alert as JSON: names are stable, unknown numbers are null.
type message struct {
	soak.Alert
	Text string `json:"text"` // one sentence for people
}

func messageOf(a soak.Alert) message { return message{Alert: a, Text: sentence(a)} }

// sentence describes an alert in one sentence: `FIRING (critical): fds of the target (run
// nightly): grows …; now 1234`.
func sentence(a soak.Alert) string {
	state := map[soak.AlertState]string{soak.Firing: "FIRING", soak.Resolved: "resolved", soak.Pending: "pending"}[a.State]
	text := fmt.Sprintf("%s (%s): %s of the %s in run %s", state, a.Severity, a.Metric, a.Process, a.Run)
	if a.Reason != "" {
		text += ": " + a.Reason
	}
	if !math.IsNaN(float64(a.Last)) {
		text += "; now " + amount(a.Last, a.Unit)
	}
	return text
}

// amount writes a value with its unit. Counts are exact.
func amount(value soak.Float, unit string) string {
	v := float64(value)
	if (unit == "" || unit == "count") && v == math.Trunc(v) && math.Abs(v) < 1<<53 {
		return human.Integer(int64(v))
	}
	return human.Amount(v, unit)
}
