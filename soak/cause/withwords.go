package cause

import (
	"fmt"
	"slices"
	"strings"

	"soakmon/soak"
	"soakmon/soak/human"
)

// dirtyWords are the dirty sessions of a kind.
var dirtyWords = map[string]string{
	"rst":           "connections that are reset",
	"silent":        "sessions whose peer falls silent",
	"half_open":     "connections on which nothing is said",
	"abort":         "aborted sessions",
	"slow_reader":   "slow readers",
	"handshake_rst": "aborted handshakes",
	"stream_reset":  "streams that are reset",
	"bad_auth":      "wrong credentials",
}

// String names a kind.
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

// each is how much a kind makes a leak grow by, with its interval.
func (k Kind) each(l Leak) string {
	if k.What == soak.FollowsTime {
		return fmt.Sprintf("%s (95 %% %s)", human.Growth(k.Each, l.Unit), human.Interval(k.Lo, k.Hi, l.Unit))
	}
	return amounts(l, "each", k.Each, k.Lo, k.Hi)
}

// amounts is how much of a leak one of something makes, with its interval.
func amounts(l Leak, one string, v, lo, hi soak.Float) string {
	number := func(v soak.Float) string { return fewDigits(float64(v)) }
	of := " " + thing(l.Metric)
	if l.Unit == "bytes" {
		number, of = func(v soak.Float) string { return human.Amount(v, l.Unit) }, ""
	}
	return fmt.Sprintf("%s%s %s (95 %% %s … %s)", number(v), of, one, number(lo), number(hi))
}

// fewDigits shows a number to the hundredth, or to three digits where it is small.
func fewDigits(v float64) string {
	if v > -0.1 && v < 0.1 {
		return fmt.Sprintf("%.3g", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// thing is what a count counts, one of it.
func thing(metric string) string {
	f := soak.Family(metric)
	if f == "children" {
		return "child"
	}
	return strings.ReplaceAll(strings.TrimSuffix(f, "s"), "_", " ")
}

// words is the sentence of what a leak grows with.
func (w *With) words(l Leak, loads []soak.Workload) string {
	switch {
	case len(w.Named) == 2:
		return fmt.Sprintf("grows with %s: %s, and with %s: %s%s", w.Named[0], w.Named[0].each(l), w.Named[1], w.Named[1].each(l), w.not())
	case len(w.Named) == 1 && w.Only:
		return fmt.Sprintf("grows only with %s: %s", w.Named[0], w.Named[0].each(l))
	case len(w.Named) == 1:
		return fmt.Sprintf("may grow with %s: %s, which would explain %s of it; whether something else has a part in it cannot be told", w.Named[0], w.Named[0].each(l), human.Percent(w.Named[0].Share))
	case len(w.Rivals) > 0 && w.oneLoad():
		var words []string
		for _, k := range w.Rivals {
			words = append(words, fmt.Sprintf("with %s: %s", k, k.each(l)))
		}
		return fmt.Sprintf("grows %s; these go together%s", strings.Join(words, ", or "), w.not())
	case len(w.Rivals) > 0:
		return fmt.Sprintf("grows with one of %s: they went in constant proportions, or nearly, and cannot be told apart%s%s", list(w.Rivals), advice(loads), w.not())
	}
	return "no single thing that the load did explains it, nor do two together, nor time"
}

// oneLoad reports whether all rivals are of the same load.
func (w *With) oneLoad() bool {
	return !slices.ContainsFunc(w.Rivals, func(k Kind) bool { return k.Load == "" || k.Load != w.Rivals[0].Load })
}

// not tells with what it does not grow.
func (w *With) not() string {
	if len(w.Not) == 0 {
		return ""
	}
	return "; not with " + list(w.Not)
}

// advice is what would tell apart what went in constant proportions.
func advice(loads []soak.Workload) string {
	varies := slices.ContainsFunc(loads, func(w soak.Workload) bool { return w.Vary.By > 0 })
	switch {
	case varies:
		return " (a longer run may tell)"
	case len(loads) > 1:
		return " (`vary:` of a load would tell, or --isolate)"
	}
	return " (`vary:` of the load would tell)"
}

func list(kinds []Kind) string {
	words := make([]string, len(kinds))
	for i, k := range kinds {
		words[i] = k.String()
	}
	return strings.Join(words, ", ")
}
