package detect

import (
	"fmt"
	"math"
	"regexp"
	"testing"
	"time"

	"soakmon/soak"
)

// coarseMakers are series whose readings differ by few whole steps: pages and
// descriptors that flicker, or do not.
var coarseMakers = []maker{
	{"still pages", false, func(g *gen) (float64, float64) { return 0, g.coarse(4096, 0) }},
	{"flickering pages", false, func(g *gen) (float64, float64) { return 0, g.coarse(4096, g.IntN(4)) }},
	{"still descriptors", false, func(g *gen) (float64, float64) { return 0, g.coarse(1, 0) }},
	{"flickering descriptors", false, func(g *gen) (float64, float64) { return 0, g.coarse(1, g.IntN(4)) }},
	{"flicker that lasts", false, func(g *gen) (float64, float64) {
		b, x, top := math.Round(g.between(20, 2000)), 0, 1+g.IntN(3)
		g.fill(func(int, float64) float64 {
			if g.Float64() < .1 {
				x = g.IntN(top + 1)
			}
			return b + float64(x)
		})
		g.step = 1
		return 0, 1
	}},
}

// coarse fills with whole steps that flicker by up to a number of them.
func (g *gen) coarse(quantum float64, flicker int) float64 {
	b := math.Round(g.between(20, 20000))
	g.fill(func(int, float64) float64 { return quantum * (b + float64(g.IntN(flicker+1))) })
	g.step = quantum
	return quantum
}

// grown returns a series with growth, per hour, in whole steps where it has them.
func (l labelled) grown(perHour float64) soak.Series {
	s := l.series
	s.Value = make([]float64, len(l.series.Value))
	for i, v := range l.series.Value {
		up := perHour * s.At[i].Hours()
		if l.step > 0 {
			up = math.Floor(up/l.step+l.phase) * l.step
		}
		if s.Metric.Kind == soak.Counter { // growth of the rate
			h := s.At[i].Hours()
			up = perHour * h * h / 2 * 3600
		}
		s.Value[i] = v + up
	}
	return s
}

var limitShares = []float64{0, .25, .5, .75, 1, 1.25, 1.6}

// TestEval_LimitIsTrue adds growth to clean series, in shares of the limit that each
// of them stated, and prints how often it is found, how often the interval holds it,
// and how often a clean verdict states a limit below it. Run with -eval.
func TestEval_LimitIsTrue(t *testing.T) {
	if !*eval {
		t.Skip("the long evaluation runs with -eval")
	}
	fmt.Printf("%-24s %s\n", "growth in shares of the limit:", fmt.Sprint(limitShares))
	wanted := regexp.MustCompile(*kindsWanted)
	var all limitTally
	for _, makers := range [][]maker{coarseMakers, cleanMakers} {
		for _, m := range makers {
			if !wanted.MatchString(m.class) {
				continue
			}
			one := judgeLimits(m, *perClass)
			fmt.Printf("%-24s %s\n", m.class, one)
			all.add(one)
		}
	}
	fmt.Printf("%-24s %s\n", "all", all)
}

type limitTally struct {
	n               int
	known           int
	found, clean    [7]int
	covered, judged int
	untrue, wrong   int
	took            time.Duration
}

func (a *limitTally) add(b limitTally) {
	a.n += b.n
	a.known += b.known
	for i := range a.found {
		a.found[i] += b.found[i]
		a.clean[i] += b.clean[i]
	}
	a.covered += b.covered
	a.judged += b.judged
	a.untrue += b.untrue
	a.wrong += b.wrong
	a.took += b.took
}

func (a limitTally) String() string {
	s := fmt.Sprintf("stated %d of %d | found", a.known, a.n)
	for _, f := range a.found {
		s += fmt.Sprintf(" %4.0f", 100*float64(f)/float64(a.known))
	}
	s += " | clean"
	for _, f := range a.clean {
		s += fmt.Sprintf(" %4.0f", 100*float64(f)/float64(a.known))
	}
	return s + fmt.Sprintf(" | covers %.1f%% of %d | untrue %.1f%%, by a quarter %.1f%% | %.1f ms", 100*float64(a.covered)/float64(a.judged), a.judged, 100*float64(a.untrue)/float64(a.judged), 100*float64(a.wrong)/float64(a.judged), a.took.Seconds()*1000/float64(a.judged))
}

func judgeLimits(m maker, n int) (one limitTally) {
	for k := range n {
		l := generate(m, *seed, k)
		ask := func(g float64) soak.Verdict {
			start := time.Now()
			v := Judge{}.Judge(soak.Question{Series: l.grown(g), Limit: math.NaN(), Final: true})
			one.took += time.Since(start)
			return v
		}
		v := ask(0)
		limit := float64(v.MinDetectable)
		one.n++
		if math.IsNaN(limit) || math.IsInf(limit, 0) || limit <= 0 {
			one.judged++
			continue
		}
		one.known++
		for i, share := range limitShares {
			g := share * limit
			v := ask(g)
			switch v.State {
			case soak.Leaking:
				one.found[i]++
			case soak.Clean:
				one.clean[i]++
			}
			one.judged++
			if float64(v.Lo) <= g && g <= float64(v.Hi) {
				one.covered++
			}
			if v.State == soak.Clean && float64(v.MinDetectable) < g {
				one.untrue++
				if 1.25*float64(v.MinDetectable) <= g {
					one.wrong++
					if *verbose {
						fmt.Printf("   %s/%d: true %.4g, clean, %.4g [%.4g %.4g] would have seen %.4g: %s\n", m.class, k, g, v.Slope, v.Lo, v.Hi, v.MinDetectable, v.Reason)
					}
				}
			}
		}
	}
	return one
}

// Whole pages and whole descriptors that hardly change hide growth by about one step
// and the flicker, however small their other noise is.
func TestMinDetectable_KnowsWholeSteps(t *testing.T) {
	t.Parallel()
	for _, m := range coarseMakers {
		for k := range 4 {
			l := generate(m, 7, k)
			for _, steps := range []float64{0, 0.9, 2, 4} {
				growth := steps * l.step / l.series.At[len(l.series.At)-1].Hours()
				q := soak.Question{Series: l.grown(growth), Limit: math.NaN()}
				for _, q.Final = range []bool{false, true} {
					v := Judge{}.Judge(q)
					if v.State == soak.Clean && 1.25*float64(v.MinDetectable) < growth {
						t.Errorf("%s/%d: %v steps of growth in all, %.4g/h: clean, [%.4g, %.4g], would have seen %.4g", m.class, k, steps, growth, v.Lo, v.Hi, v.MinDetectable)
					}
				}
			}
		}
	}
}

// The formula knows neither that teeth hide growth nor that slow noise does; the
// check does.
func TestMinDetectable_IsCheckedAtTheEnd(t *testing.T) {
	t.Parallel()
	g := &gen{Rand: newRand(5), n: 900, dt: 1, v: make([]float64, 900)}
	g.saw(300, 160, .2)
	g.white(1)
	q := soak.Question{Limit: math.NaN()}
	for i := range g.v {
		q.Series.At = append(q.Series.At, seconds(float64(i)))
	}
	q.Series.Value = g.v
	formula := Judge{}.Judge(q).MinDetectable
	q.Final = true
	checked := Judge{}.Judge(q).MinDetectable
	if !(checked >= formula) {
		t.Errorf("checked %v, by the formula %v", checked, formula)
	}
	for i := range g.v {
		g.v[i] += 1.25 * float64(checked) * float64(i) / 3600
	}
	if v := (Judge{}).Judge(q); v.State != soak.Leaking || !math.IsNaN(float64(v.MinDetectable)) {
		t.Errorf("growth above the limit is %s, and would have seen %v", v.State, v.MinDetectable)
	}
}

// Memory that is not used is clean: it is known to a page.
func TestJudge_NoMemory(t *testing.T) {
	t.Parallel()
	q := soak.Question{Limit: math.NaN(), Final: true}
	q.Series.Metric = soak.Metric{Name: "swap_bytes", Unit: "bytes"}
	for i := range 120 {
		q.Series.At, q.Series.Value = append(q.Series.At, seconds(float64(i))), append(q.Series.Value, 0)
	}
	if v := (Judge{}).Judge(q); v.State != soak.Clean {
		t.Errorf("%s: %s", v.State, v.Reason)
	}
}
