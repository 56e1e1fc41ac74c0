package detect

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"testing"

	"soakmon/soak"
)

var (
	limitFactor = flag.Float64("factor", limitRoom, "growth that is added, as a factor of the stated limit")
	freshNoises = flag.Int("fresh", 5, "series with fresh noise for each that is clean")
)

// noLimit are the clean classes to which growth cannot be added as it is: what
// falls by itself, restarts, and cumulative counters.
var noLimit = []string{"falling", "restarts_marked", "restarts_unmarked", "counter", "counter_resets"}

// withGrowth makes the k-th series of a clean class with the same parameters, the
// noise drawn anew, and growth per hour added.
func withGrowth(m maker, seed uint64, k int, noise uint64, perHour float64) labelled {
	g := newGen(m.class, seed, k)
	g.fresh = rand.New(rand.NewPCG(seed+noise, hashOf(m.class, k)))
	l := generateWith(m, g, k)
	l.slope = perHour
	whole := !slices.ContainsFunc(l.series.Value, func(v float64) bool { return v != math.Trunc(v) })
	quantum := l.series.Metric.Quantum
	if quantum == 0 && whole {
		quantum = 1
	}
	for i, at := range l.series.At {
		if m.class == "zeros" && l.series.Value[i] == 0 { // no reading
			continue
		}
		growth := perHour * at.Hours()
		if quantum > 0 {
			growth = quantum * math.Floor(growth/quantum)
		}
		l.series.Value[i] += growth
	}
	return l
}

// TestEval_LimitHolds adds growth by 1.25 of the stated limit to series like
// those that were clean: it must not be clean again. Run with -eval.
func TestEval_LimitHolds(t *testing.T) {
	if !*eval {
		t.Skip("the long evaluation runs with -eval")
	}
	wanted := regexp.MustCompile(*kindsWanted)
	fmt.Printf("%-20s %6s %6s %22s %s\n", fmt.Sprintf("%.3g x limit", *limitFactor), "clean", "fresh", "leak, clean, unsure", "clean")
	var all tally
	for _, m := range cleanMakers {
		if !wanted.MatchString(m.class) || slices.Contains(noLimit, m.class) {
			continue
		}
		stated, again := limitOf(m)
		fmt.Printf("%-20s %6d %6d %8d %6d %6d %s\n", m.class, stated, again.n(), again.leak, again.clean, again.unsure, share(again.clean, again.n()))
		all.add(again)
	}
	fmt.Printf("%-20s %6s %6d %8d %6d %6d %s\n", "all", "", all.n(), all.leak, all.clean, all.unsure, share(all.clean, all.n()))
}

// limitOf counts the series of a class that are clean, and what is said when
// growth by a factor of their limit is added to the same kind.
func limitOf(m maker) (stated int, again tally) {
	for k := range *perClass {
		k += *firstOfKind
		l := withGrowth(m, *seed, k, 0, 0)
		q := l.question()
		q.Final = true
		first := Judge{}.Judge(q)
		limit := float64(first.MinDetectable)
		if first.State != soak.Clean || math.IsNaN(limit) {
			continue
		}
		stated++
		for i := range *freshNoises {
			grown := withGrowth(m, *seed, k, uint64(i+1), *limitFactor*limit)
			v := Judge{}.Judge(grown.question())
			again.count(grown, v)
			if *verbose && v.State == soak.Clean {
				fmt.Printf("  WRONG limit: -run TestEval_LimitHolds -kind '^%s$' -seed %d -first %d -per-class 1: noise %d with %.4g/h is clean, %.4g/h was the limit; now slope %.4g [%.4g, %.4g], limit %.4g: %s\n",
					m.class, *seed, k, i+1, grown.slope, limit, v.Slope, v.Lo, v.Hi, v.MinDetectable, v.Reason)
			}
		}
	}
	return stated, again
}
