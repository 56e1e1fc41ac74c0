package detect

import (
	"fmt"
	"math"
	"regexp"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"soakmon/soak"
)

// A stoppedRun is a run of one series that may end at the first look that decides it.
type stoppedRun struct {
	label   labelled
	stopped time.Duration // 0: at the planned end
	length  time.Duration
	end     soak.Verdict // at the end that it had
	whole   soak.Verdict // at the planned end
}

// watchUntilDecided judges a series as a run until decided does. Where whole is set,
// it also judges what the planned duration would have shown.
func watchUntilDecided(l labelled, whole bool) (r stoppedRun) {
	s := l.series
	r.label, r.length = l, s.At[len(s.At)-1]
	until := func(n, look int) soak.Question {
		part := s
		part.At, part.Value = s.At[:n], s.Value[:n]
		part.Breaks = slices.DeleteFunc(slices.Clone(s.Breaks), func(at time.Duration) bool { return at > s.At[n-1] })
		return soak.Question{Series: part, Limit: math.NaN(), Look: look, Family: 20, Phases: []soak.Phase{{Name: soak.PhaseSteady, To: 2 * r.length, Rate: 1}}}
	}
	atLooks(s, func(n int) bool {
		q := until(n, Looks(s.At[n-1]))
		q.Planned, q.Stop = r.length, true
		if 2*s.At[n-1] < r.length || !MayEnd(Judge{}.Judge(q), s.At[n-1], r.length) {
			return true
		}
		q.Planned, q.Stop = 0, false
		r.stopped, r.end = s.At[n-1], Judge{}.Judge(q)
		return false
	})
	if r.stopped == 0 || whole {
		r.whole = Judge{}.Judge(until(len(s.At), Looks(r.length)))
	}
	if r.stopped == 0 {
		r.end = r.whole
	}
	return r
}

// missed reports whether the run was stopped as clean although the whole of it is a
// leak that began before the end of the stopped one.
func (r stoppedRun) missed() bool {
	return r.end.State == soak.Clean && r.whole.State == soak.Leaking && r.whole.Since < r.stopped
}

// A quiet series is decided early, and one whose growth would be visible only at the
// end of the planned time is not decided before.
func TestJudge_StopsWhereTheWholeIsDecided(t *testing.T) {
	t.Parallel()
	of := func(sd, growth float64) labelled {
		return generate(maker{"quiet", growth > 0, func(g *gen) (float64, float64) {
			g.fill(func(int, float64) float64 { return 1000 })
			g.white(sd)
			return g.line(growth, 0), sd
		}}, 11, 2)
	}
	if r := watchUntilDecided(of(0.1, 0), false); r.end.State != soak.Clean || r.stopped == 0 || 3*r.stopped > 2*r.length {
		t.Errorf("quiet: %s after %v of %v", r.end.State, r.stopped, r.length)
	}
	// In half of the run, 60 of 1,000 are hardly more than the noise.
	if r := watchUntilDecided(of(40, 120), false); r.end.State == soak.Clean {
		t.Errorf("growth: clean after %v of %v: %s", r.stopped, r.length, r.end.Reason)
	}
	if r := watchUntilDecided(of(1, 120), false); r.end.State != soak.Leaking || r.stopped == 0 {
		t.Errorf("plain growth: %s after %v of %v", r.end.State, r.stopped, r.length)
	}
}

// A look that is clean need not be one at which a run may end.
func TestJudge_StopAsksForMoreThanClean(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name        string
		share       float64 // of the planned 6 h
		sd          float64 // of noise about 1,000
		plain, stop soak.State
	}{
		{"quiet, before half of the planned time", 0.4, 1, soak.Clean, soak.Inconclusive},
		{"quiet, after it", 0.6, 1, soak.Clean, soak.Clean},
		{"noise that excludes growth so far, not over the planned time", 0.6, 150, soak.Clean, soak.Inconclusive},
	} {
		s := generate(maker{"noise", false, func(g *gen) (float64, float64) {
			g.fill(func(int, float64) float64 { return 1000 })
			g.white(c.sd)
			return 0, c.sd
		}}, 11, 2).series
		planned := 6 * time.Hour
		n := int(c.share * float64(len(s.At)))
		s.At, s.Value = s.At[:n], s.Value[:n]
		q := soak.Question{Series: s, Limit: math.NaN(), Look: Looks(s.At[n-1]), Family: 20, Planned: planned, Phases: []soak.Phase{{Name: soak.PhaseSteady, To: planned, Rate: 1}}}
		plain := Judge{}.Judge(q)
		q.Stop = true
		if stop := (Judge{}).Judge(q); plain.State != c.plain || stop.State != c.stop {
			t.Errorf("%s: %s (%s), to stop %s (%s)", c.name, plain.State, plain.Reason, stop.State, stop.Reason)
		}
	}
}

func TestMayEnd_SeesAsMuchAsIsLeft(t *testing.T) {
	const h = time.Hour
	leak := func(since, full time.Duration) soak.Verdict {
		return soak.Verdict{State: soak.Leaking, Since: since, Exhaustion: soak.Exhaustion{At: full}}
	}
	for _, c := range []struct {
		name string
		v    soak.Verdict
		now  time.Duration // of 8 h
		want bool
	}{
		{"clean", soak.Verdict{State: soak.Clean}, 5 * h, true},
		{"inconclusive", soak.Verdict{State: soak.Inconclusive}, 7 * h, false},
		{"growth from the beginning", leak(0, 0), 5 * h, true},
		{"its last quarter might be flat", leak(0, 0), 4 * h, false},
		{"growth that began late", leak(4*h, 0), 6 * h, false},
		{"growth that reaches its limit", leak(0, 7*h), 3 * h, true},
		{"growth that reaches it after the end", leak(0, 9*h), 3 * h, false},
	} {
		if got := MayEnd(c.v, c.now, 8*h); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// TestEval_UntilDecided compares runs until decided with those of the planned length.
// Run with -eval.
func TestEval_UntilDecided(t *testing.T) {
	if !*eval {
		t.Skip("the long evaluation runs with -eval")
	}
	wanted := regexp.MustCompile(*liveClasses)
	for _, set := range []struct {
		name   string
		makers []maker
	}{{"leaking", leakMakers}, {"clean", cleanMakers}, {"either", eitherMakers}} {
		var sum stopTally
		for _, m := range set.makers {
			if wanted.MatchString(m.class) {
				one := stopClass(m, *perClass)
				fmt.Printf("%-24s %v\n", m.class, one)
				sum.add(one)
			}
		}
		fmt.Printf("%-24s %v\n\n", "all "+set.name, sum)
	}
}

// stopTally counts runs until decided, and the verdicts of the planned length.
type stopTally struct {
	runs, stopped  int
	length         float64 // of them all, in planned lengths
	end, whole     map[soak.State]int
	missed, unborn int // stopped as clean, and the whole is a leak: one that began before the end, or after it
	small          int // of those missed: with less growth than the limit that the stopped run states
}

// String lists the counts.
func (t stopTally) String() string {
	three := func(m map[soak.State]int) string {
		return fmt.Sprintf("%4d leak %4d clean %4d open", m[soak.Leaking], m[soak.Clean], m[soak.Inconclusive])
	}
	return fmt.Sprintf("%5d runs, %5d stopped, mean length %.2f: %s; whole: %s; missed %d (%d below the limit), began later %d",
		t.runs, t.stopped, t.length/float64(max(1, t.runs)), three(t.end), three(t.whole), t.missed, t.small, t.unborn)
}

func (t *stopTally) add(o stopTally) {
	t.runs, t.stopped, t.length = t.runs+o.runs, t.stopped+o.stopped, t.length+o.length
	t.missed, t.small, t.unborn = t.missed+o.missed, t.small+o.small, t.unborn+o.unborn
	if t.end == nil {
		t.end, t.whole = map[soak.State]int{}, map[soak.State]int{}
	}
	for _, s := range []soak.State{soak.Leaking, soak.Clean, soak.Inconclusive} {
		t.end[s] += o.end[s]
		t.whole[s] += o.whole[s]
	}
}

func stopClass(m maker, n int) (t stopTally) {
	var mu sync.Mutex
	var all sync.WaitGroup
	var next atomic.Int64
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for k := int(next.Add(1)) - 1; k < n; k = int(next.Add(1)) - 1 {
				r := watchUntilDecided(generate(m, *seed, k), true)
				mu.Lock()
				t.add(r.tally())
				mu.Unlock()
				if *verbose && (m.leak && r.end.State == soak.Clean || !m.leak && r.end.State == soak.Leaking) {
					fmt.Printf("   %s/%d stopped at %v of %v, true %.4g, limit %.4g, whole %s since %v: %s\n", m.class, k, r.stopped, r.length, r.label.slope, r.end.MinDetectable, r.whole.State, r.whole.Since, r.end.Reason)
				}
			}
		})
	}
	all.Wait()
	return t
}

func (r stoppedRun) tally() stopTally {
	t := stopTally{runs: 1, length: 1, end: map[soak.State]int{r.end.State: 1}, whole: map[soak.State]int{r.whole.State: 1}}
	if r.stopped > 0 {
		t.stopped, t.length = 1, r.stopped.Hours()/r.length.Hours()
		switch {
		case r.missed():
			t.missed = 1
			if r.label.slope < float64(r.end.MinDetectable) {
				t.small = 1
			}
		case r.end.State == soak.Clean && r.whole.State == soak.Leaking:
			t.unborn = 1
		}
	}
	return t
}
