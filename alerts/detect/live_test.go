package detect

import (
	"flag"
	"fmt"
	"math"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"soakmon/soak"
)

// A liveRun is what the looks of a run say of one series, from the one on that first
// calls it a leak, and what its end says.
type liveRun struct {
	length time.Duration
	fired  time.Duration // 0: never
	shown  float64       // the growth per hour then
	since  time.Duration // when that growth began
	after  []soak.State  // at the looks after that,
	at     []time.Duration
	end    soak.Verdict
}

// watchLive judges a series as a monitor of a run of that length does: at each look,
// and once at the end.
func watchLive(l labelled) (r liveRun) {
	s := l.series
	r.length = s.At[len(s.At)-1]
	reducer, added, breaks := NewReducer(s.ID, s.Metric), 0, s.Breaks
	ask := func(n int) soak.Question {
		for ; added < n; added++ {
			for len(breaks) > 0 && breaks[0] <= s.At[added] {
				reducer.Break(breaks[0])
				breaks = breaks[1:]
			}
			reducer.Add(s.At[added], s.Value[added])
		}
		return soak.Question{
			Series: reducer.Series(), Limit: math.NaN(), Look: Looks(s.At[n-1]), Family: 20, Fired: r.shown,
			Phases: []soak.Phase{{Name: soak.PhaseSteady, To: 2 * r.length, Rate: 1}},
		}
	}
	atLooks(s, func(n int) bool {
		q := ask(n)
		q.Planned = r.length
		if r.fired > 0 {
			r.after, r.at = append(r.after, Judge{}.Judge(q).State), append(r.at, s.At[n-1])
		} else if leaks, _ := newInquiry(q).leaks(nil); leaks {
			v := Judge{}.Judge(q)
			r.fired, r.shown, r.since = s.At[n-1], float64(v.Slope), v.Since
		}
		return true
	})
	r.end = Judge{}.Judge(ask(len(s.At)))
	return r
}

// resolved reports whether an alert would have been resolved, as package alerts does
// it: at two looks in succession, which must last for a quarter of the growth where
// they are inconclusive, or at the end.
func (r liveRun) resolved() bool {
	first := -1
	for i, s := range r.after {
		switch {
		case s == soak.Leaking:
			first = -1
		case first < 0:
			first = i
		case s == soak.Clean || r.at[i]-r.at[first] >= (r.at[first]-r.since)/4:
			return true
		}
	}
	return r.fired > 0 && r.end.State != soak.Leaking
}

// course has a letter for each look since the alert fired.
func (r liveRun) course() string {
	letters := []byte{'L'}
	for _, s := range r.after {
		letters = append(letters, string(s)[0])
	}
	return string(letters)
}

// Leaks of which looks without a memory are not certain to the end.
func TestJudge_ShownGrowthStays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		class string
		k     int
	}{{"warmup_leak", 8}, {"container_leak", 0}, {"stairs_poisson", 6}} {
		i := slices.IndexFunc(leakMakers, func(m maker) bool { return m.class == c.class })
		if r := watchLive(generate(leakMakers[i], 11, c.k)); r.fired == 0 || r.resolved() {
			t.Errorf("%s/%d: fired at %v, then %s, end %s: %s", c.class, c.k, r.fired, r.course(), r.end.State, r.end.Reason)
		}
	}
}

// Growth for two fifths of the run that ends then.
func TestJudge_EndedGrowthIsGivenUp(t *testing.T) {
	t.Parallel()
	fill := maker{"fill", false, func(g *gen) (float64, float64) {
		g.fill(func(_ int, x float64) float64 { return 1e8 + 5e7*min(x, 0.4) })
		g.white(1e5)
		return 0, 1e5
	}}
	r := watchLive(generate(fill, 11, 1))
	if r.fired == 0 {
		t.Fatal("no alert fired: the series does not test what ends one")
	}
	if r.end.State != soak.Clean || !r.resolved() {
		t.Errorf("fired at %v, then %s, end %s: %s", r.fired, r.course(), r.end.State, r.end.Reason)
	}
	// It is given up before the flat rest is long enough to be clean.
	for _, class := range []string{"went_away", "saw_few_teeth"} {
		i := slices.IndexFunc(cleanMakers, func(m maker) bool { return m.class == class })
		if r := watchLive(generate(cleanMakers[i], 11, 6)); !strings.Contains(r.course(), "ii") || r.end.State == soak.Leaking {
			t.Errorf("%s: fired at %v, then %s, end %s: %s", class, r.fired, r.course(), r.end.State, r.end.Reason)
		}
	}
}

var liveClasses = flag.String("live-classes", "", "only the classes whose name matches")

// TestEval_LiveAlerts counts the alerts that runs raise and resolve. Run with -eval.
func TestEval_LiveAlerts(t *testing.T) {
	if !*eval {
		t.Skip("the long evaluation runs with -eval")
	}
	wanted := regexp.MustCompile(*liveClasses)
	for _, set := range []struct {
		name   string
		makers []maker
	}{{"leaking", leakMakers}, {"clean", cleanMakers}, {"either", eitherMakers}} {
		var sum liveTally
		for _, m := range set.makers {
			if !wanted.MatchString(m.class) {
				continue
			}
			one := liveClass(m, *perClass)
			fmt.Printf("%-24s %v\n", m.class, one)
			sum = liveTally{sum.runs + one.runs, sum.fired + one.fired, sum.resolved + one.resolved, sum.faster + one.faster, sum.leaks + one.leaks}
		}
		fmt.Printf("%-24s %v\n\n", "all "+set.name, sum)
	}
}

// liveTally counts runs.
type liveTally struct {
	runs, fired, resolved int
	faster                int // resolved, and fired for growth at more than twice the rate of the leak, such as a fill before it
	leaks                 int // at the end
}

// String lists the counts.
func (t liveTally) String() string {
	return fmt.Sprintf("%5d runs, %5d alerts fired, %4d resolved (%d of faster growth), %5d leaks at the end", t.runs, t.fired, t.resolved, t.faster, t.leaks)
}

func liveClass(m maker, n int) (t liveTally) {
	var mu sync.Mutex
	var all sync.WaitGroup
	var next atomic.Int64
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for k := int(next.Add(1)) - 1; k < n; k = int(next.Add(1)) - 1 {
				l := generate(m, *seed, k)
				r := watchLive(l)
				mu.Lock()
				t.count(r)
				if l.leak && r.resolved() && r.shown > 2*l.rate(r.fired) {
					t.faster++
				}
				mu.Unlock()
				if *verbose && r.resolved() {
					fmt.Printf("   %s/%d fired at %v of %v, then %s, end %s: %s\n", m.class, k, r.fired, r.length, r.course(), r.end.State, r.end.Reason)
				}
			}
		})
	}
	all.Wait()
	return t
}

func (t *liveTally) count(r liveRun) {
	t.runs++
	if r.fired > 0 {
		t.fired++
	}
	if r.resolved() {
		t.resolved++
	}
	if r.end.State == soak.Leaking {
		t.leaks++
	}
}
