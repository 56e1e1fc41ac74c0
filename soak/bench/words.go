package bench

import (
	"fmt"
	"math"
	"strings"

	"soakmon/soak"
	"soakmon/soak/human"
)

// spread writes how far the interval reaches from its median, as benchstat
// does.
func spread(e Estimate) string {
	switch {
	case e.N == 0:
		return ""
	case !e.Interval() || e.Median == 0:
		return " ±∞"
	}
	most := max(e.Hi-e.Median, e.Median-e.Lo) / soak.Float(math.Abs(float64(e.Median)))
	return fmt.Sprintf(" ±%.0f%%", 100*float64(most))
}

func cell(e Estimate, unit string) string { return human.Column(e.Median, unit) + spread(e) }

func times(e *Estimate) string {
	if e == nil || e.N == 0 {
		return ""
	}
	return human.Column(e.Median, "") + "×" + spread(*e)
}

// describeTarget says in a line what was asked and what was found.
func describeTarget(t Target) string {
	k, _ := kindOf(t.Figure)
	what, unit, suffix := k.Title, k.Unit, ""
	if t.Figure == "echo_p95" || t.Figure == "connect_p95" {
		what = strings.TrimSuffix(t.Figure, "_p95") + " p95"
	}
	if t.Of == "ratio" {
		unit, suffix = "", "× direct TCP"
	}
	relation, bound := "≥", t.AtLeast
	if t.AtMost > 0 {
		relation, bound = "≤", t.AtMost
	}
	found := human.Unknown
	if t.N > 0 {
		found = human.Column(t.Median, unit) + suffix
		if t.Interval() {
			found += fmt.Sprintf(" (%s … %s)", human.Column(t.Lo, unit), human.Column(t.Hi, unit))
		}
	}
	return fmt.Sprintf("%s %s %s%s: %s: %s, %s", what, relation, human.Column(bound, unit), suffix, t.Verdict, found, t.Reason)
}

func describeTrial(t Trial) string {
	s := strings.ReplaceAll(t.Name, "_", " ") + ": " + human.Column(t.Value, t.Unit)
	switch {
	case t.AtLeast > 0:
		s += fmt.Sprintf(", target more than %s: %s", human.Column(t.AtLeast, t.Unit), t.Verdict)
	case t.AtMost > 0:
		s += fmt.Sprintf(", target less than %s: %s", human.Column(t.AtMost, t.Unit), t.Verdict)
	}
	if !isNaN(t.P50) {
		s += fmt.Sprintf("; %s echoes on all at once, p50 %s, p99 %s, %s a session", human.Column(t.Rate, rate),
			human.Column(t.P50, seconds), human.Column(t.P99, seconds), human.Column(t.Memory, bytesUnit))
	}
	if t.Missing != "" {
		s += "; " + t.Missing
	}
	return s
}

// describeConditions names the network that was measured through.
func describeConditions(c *soak.Conditions) string {
	if c == nil {
		return "bare loopback"
	}
	return c.String()
}
