package sink

import (
	"fmt"
	"math"
	"time"

	"soakmon/soak"
	"soakmon/soak/human"
)

// message is an alert as JSON: names are stable, unknown numbers are null.
type message struct {
	ID       uint64          `json:"id"`
	Run      string          `json:"run"`
	Rule     string          `json:"rule"`
	Severity string          `json:"severity"`
	State    soak.AlertState `json:"state"`
	Process  string          `json:"process"`
	Metric   string          `json:"metric"`
	Unit     string          `json:"unit"`
	Since    time.Time       `json:"since"`
	At       time.Time       `json:"at"`
	Slope    soak.Float      `json:"slope_per_hour"`
	Lo       soak.Float      `json:"slope_low"`
	Hi       soak.Float      `json:"slope_high"`
	Last     soak.Float      `json:"last"`
	Reason   string          `json:"reason"`
	Text     string          `json:"text"` // one sentence for people
}

func messageOf(a soak.Alert) message {
	return message{
		ID: a.ID, Run: a.Run, Rule: a.Rule, Severity: a.Severity, State: a.State,
		Process: a.Process, Metric: a.Metric, Unit: a.Unit, Since: a.Since, At: a.At,
		Slope: soak.Float(a.Slope), Lo: soak.Float(a.Lo), Hi: soak.Float(a.Hi), Last: soak.Float(a.Last),
		Reason: a.Reason, Text: sentence(a),
	}
}

// sentence describes an alert in one sentence: `FIRING (critical): fds of the target (run
// nightly): grows …; now 1234`.
func sentence(a soak.Alert) string {
	state := map[soak.AlertState]string{soak.Firing: "FIRING", soak.Resolved: "resolved", soak.Pending: "pending"}[a.State]
	text := fmt.Sprintf("%s (%s): %s of the %s in run %s", state, a.Severity, a.Metric, a.Process, a.Run)
	if a.Reason != "" {
		text += ": " + a.Reason
	}
	if !math.IsNaN(a.Last) {
		text += "; now " + amount(a.Last, a.Unit)
	}
	return text
}

// amount writes a value with its unit. Counts are exact.
func amount(v float64, unit string) string {
	if (unit == "" || unit == "count") && v == math.Trunc(v) && math.Abs(v) < 1<<53 {
		return human.Integer(int64(v))
	}
	return human.Amount(v, unit)
}
