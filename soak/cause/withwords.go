package cause

import (
	"fmt"
	"slices"
	"strings"

	"soakmon/soak"
	"soakmon/soak/human"
)

// dirtyWords describe the dirty sessions of a kind.
var dirtyWords = map[string]string{
	"rst":           "connections that are reset",
	"silent":        "sessions whose client goes silent",
	"half_open":     "connections without any data",
	"abort":         "aborted sessions",
	"slow_reader":   "slow readers",
	"handshake_rst": "aborted handshakes",
	"stream_reset":  "streams that are reset",
	"bad_auth":      "wrong credentials",
}

// String names a kind for people.
func (k Kind) String() string {
	switch k.What {
	case soak.FollowsTime:
		return "time"
	case soak.FollowsSessions:
		return "new sessions of load " + k.Load
	case soak.FollowsFailed:
		return "failed operations of load " + k.Load
	case soak.FollowsDirty:
		words, ok := dirtyWords[k.Dirty]
		if !ok {
			words = "dirty sessions"
		}
		return fmt.Sprintf("%s (dirty %s of load %s)", words, k.Dirty, k.Load)
	}
	if k.Load == "" {
		return "operations of all loads"
	}
	return "operations of load " + k.Load
}

// each is the growth per event of a kind, with its interval.
func (k Kind) each(l Leak) string {
	if k.What == soak.FollowsTime {
		return fmt.Sprintf("%s (95 %% %s)", human.Growth(k.Each, l.Unit), human.Interval(k.Lo, k.Hi, l.Unit))
	}
	return amounts(l, "each", k.Each, k.Lo, k.Hi)
}

// amounts is the growth per event, with its interval.
func amounts(l Leak, one string, v, lo, hi soak.Float) string {
	number := func(v soak.Float) string { return fewDigits(float64(v)) }
	of := " " + thing(l.Metric)
	if l.Unit == "bytes" {
		number, of = func(v soak.Float) string { return human.Amount(v, l.Unit) }, ""
	}
	return fmt.Sprintf("%s%s %s (95 %% %s … %s)", number(v), of, one, number(lo), number(hi))
}

// fewDigits writes a number to the hundredth, or to three digits if it is small.
func fewDigits(v float64) string {
	if v > -0.1 && v < 0.1 {
		return fmt.Sprintf("%.3g", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// thing is the singular of what a metric counts.
func thing(metric string) string {
	f := soak.Family(metric)
	if f == "children" {
		return "child"
	}
	return strings.ReplaceAll(strings.TrimSuffix(f, "s"), "_", " ")
}

// words is the sentence about what a leak grows with.
func (w *With) words(l Leak, loads []soak.Workload) string {
	switch {
	case len(w.Named) == 2:
		return fmt.Sprintf("grows with %s: %s, and with %s: %s%s", w.Named[0], w.Named[0].each(l), w.Named[1], w.Named[1].each(l), w.not())
	case len(w.Named) == 1 && w.Only:
		return fmt.Sprintf("grows only with %s: %s", w.Named[0], w.Named[0].each(l))
	case len(w.Named) == 1 && w.AtRest == Ends:
		return fmt.Sprintf("grows with %s while the load runs: %s", w.Named[0], w.Named[0].each(l))
	case len(w.Named) == 1:
		return fmt.Sprintf("may grow with %s: %s, which would explain %s of the growth; there may be another cause", w.Named[0], w.Named[0].each(l), human.Percent(w.Named[0].Share))
	case len(w.Rivals) > 0 && w.oneLoad():
		var words []string
		for _, k := range w.Rivals {
			words = append(words, fmt.Sprintf("with %s: %s", k, k.each(l)))
		}
		return fmt.Sprintf("grows %s; these rise in step%s", strings.Join(words, ", or "), w.not())
	case len(w.Rivals) > 0:
		return fmt.Sprintf("grows with one of %s, which rose in step and cannot be distinguished%s%s", list(w.Rivals), advice(loads), w.not())
	}
	return "neither time nor any one or two activities of the load explain the growth"
}

// oneLoad reports whether all rivals belong to the same load.
func (w *With) oneLoad() bool {
	return !slices.ContainsFunc(w.Rivals, func(k Kind) bool { return k.Load == "" || k.Load != w.Rivals[0].Load })
}

// not lists the kinds that are ruled out.
func (w *With) not() string {
	if len(w.Not) == 0 {
		return ""
	}
	return "; not with " + list(w.Not)
}

// advice is how to distinguish kinds that rose in step.
func advice(loads []soak.Workload) string {
	varies := slices.ContainsFunc(loads, func(w soak.Workload) bool { return w.Vary.By > 0 })
	switch {
	case varies:
		return " (a longer run may help)"
	case len(loads) > 1:
		return " (vary the rate of a load with --vary 30%, or use --isolate)"
	}
	return " (vary the rate with --vary 30%)"
}

func list(kinds []Kind) string {
	words := make([]string, len(kinds))
	for i, k := range kinds {
		words[i] = k.String()
	}
	return strings.Join(words, ", ")
}
