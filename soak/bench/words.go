package bench

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"soakmon/soak"
)

const unknown = "–"

// amount writes a value with its unit, with three significant figures.
func amount(v float64, unit string) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return unknown
	}
	switch unit {
	case perSecond:
		return figure(v/1e6) + " MB/s"
	case seconds:
		return duration(v)
	case rate:
		return figure(v) + "/s"
	case perGB:
		return figure(v) + " s/GB"
	case bytesUnit:
		return size(v)
	default:
		return figure(v)
	}
}

func duration(v float64) string {
	switch {
	case math.Abs(v) < 1e-3:
		return figure(v*1e6) + " µs"
	case math.Abs(v) < 1:
		return figure(v*1e3) + " ms"
	default:
		return figure(v) + " s"
	}
}

func size(v float64) string {
	if math.Abs(v) < 1<<20 {
		return figure(v/(1<<10)) + " KiB"
	}
	return figure(v/(1<<20)) + " MiB"
}

// figure writes a number with three significant figures, and all before the
// point.
func figure(v float64) string {
	if v == 0 {
		return "0"
	}
	decimals := 2 - int(math.Floor(math.Log10(math.Abs(v))))
	s := strconv.FormatFloat(v, 'f', min(max(decimals, 0), 6), 64)
	return group(s)
}

// group sets commas between thousands.
func group(s string) string {
	whole, rest, point := strings.Cut(s, ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if point {
		whole += "." + rest
	}
	return sign + whole
}

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

func cell(e Estimate, unit string) string { return amount(float64(e.Median), unit) + spread(e) }

func times(e *Estimate) string {
	if e == nil || e.N == 0 {
		return ""
	}
	return figure(float64(e.Median)) + "×" + spread(*e)
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
	found := unknown
	if t.N > 0 {
		found = amount(float64(t.Median), unit) + suffix
		if t.Interval() {
			found += fmt.Sprintf(" (%s … %s)", amount(float64(t.Lo), unit), amount(float64(t.Hi), unit))
		}
	}
	return fmt.Sprintf("%s %s %s%s: %s: %s, %s", what, relation, amount(float64(bound), unit), suffix, t.Verdict, found, t.Reason)
}

func describeTrial(t Trial) string {
	s := strings.ReplaceAll(t.Name, "_", " ") + ": " + amount(float64(t.Value), t.Unit)
	switch {
	case t.AtLeast > 0:
		s += fmt.Sprintf(", target more than %s: %s", amount(float64(t.AtLeast), t.Unit), t.Verdict)
	case t.AtMost > 0:
		s += fmt.Sprintf(", target less than %s: %s", amount(float64(t.AtMost), t.Unit), t.Verdict)
	}
	if !isNaN(t.P50) {
		s += fmt.Sprintf("; %s echoes on all at once, p50 %s, p99 %s, %s a session", amount(float64(t.Rate), rate),
			amount(float64(t.P50), seconds), amount(float64(t.P99), seconds), amount(float64(t.Memory), bytesUnit))
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
