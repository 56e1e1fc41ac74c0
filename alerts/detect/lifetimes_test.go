package detect

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"soakmon/soak"
)

// A story is a kind of series in which a process ends, restarts, or fills up.
type story struct {
	name  string
	leak  bool // growth is certain: its slope must be stated
	calm  bool // it may never be a leak
	clean bool // may be clean
	ends  bool // the growth ended with its process
	falls bool // sudden falls must be named where nothing is decided
	make  func(g *gen, q *soak.Question) (slopePerSample float64)
}

// lived draws the base, and adds noise from white to AR(.9).
func (g *gen) lived() (b, sd float64) {
	b = g.base()
	sd = b * g.between(.001, .01)
	g.fill(func(int, float64) float64 { return b })
	g.ou(-1/math.Log(g.between(.001, .9)), sd)
	return b, sd
}

// zero makes the readings from one to another zero.
func (g *gen) zero(from, to int) {
	for i := from; i < to; i++ {
		g.v[i] = 0
	}
}

func (g *gen) at(x float64) int { return int(x * float64(g.n)) }

// ramp grows from one sample to another by a total.
func (g *gen) ramp(from, to int, total float64) float64 {
	for i := from; i < to; i++ {
		g.v[i] += total * float64(i-from) / float64(to-from)
	}
	return total / float64(to-from)
}

var stories = []story{
	{name: "growth, then zeros", leak: true, ends: true, make: func(g *gen, _ *soak.Question) float64 {
		b, _ := g.lived()
		end := g.at(g.between(.55, .95))
		s := g.ramp(0, end, b*g.logspan(.2, 8))
		g.zero(end, g.n)
		return s
	}},
	{name: "growth and one last zero", leak: true, ends: true, make: func(g *gen, _ *soak.Question) float64 {
		b, _ := g.lived()
		s := g.ramp(0, g.n, b*g.logspan(.1, 8))
		g.zero(g.n-1, g.n)
		return s
	}},
	{name: "growth and a zero in between", leak: true, make: func(g *gen, _ *soak.Question) float64 {
		b, _ := g.lived()
		s := g.ramp(0, g.n, b*g.logspan(.1, 8))
		for range 1 + g.IntN(3) {
			i := g.IntN(g.n - 1)
			g.zero(i, i+1)
		}
		return s
	}},
	{name: "growth, marked restart, idle", leak: true, ends: true, make: func(g *gen, _ *soak.Question) float64 {
		b, _ := g.lived()
		end := g.at(g.between(.3, .92))
		s := g.ramp(0, end, b*g.logspan(.2, 8))
		g.breaks = []int{end}
		return s
	}},
	{name: "growth in one of several marked lifetimes", leak: true, make: func(g *gen, _ *soak.Question) float64 {
		b, _ := g.lived()
		n := 2 + g.IntN(4)
		at := []int{0}
		for k := 1; k < n; k++ {
			g.breaks = append(g.breaks, g.at((float64(k)+g.between(-.3, .3))/float64(n)))
			at = append(at, g.breaks[k-1])
		}
		at = append(at, g.n)
		k := g.IntN(n)
		return g.ramp(at[k], at[k+1], b*g.logspan(.2, 8))
	}},
	{name: "growth, unmarked restart, idle", falls: true, make: func(g *gen, _ *soak.Question) float64 {
		b, _ := g.lived()
		end := g.at(g.between(.67, .9))
		return g.ramp(0, end, b*g.logspan(.5, 8))
	}},
	{name: "growth to death under a long idle", leak: true, ends: true, make: func(g *gen, _ *soak.Question) float64 {
		b, _ := g.lived()
		start, end := g.at(g.between(.05, .2)), g.at(g.between(.4, .5))
		s := g.ramp(start, end, b*g.logspan(.5, 4))
		for i := range g.v {
			if i < start || i >= end {
				g.v[i] *= .03
			}
		}
		return s
	}},
	{name: "killed again and again", falls: true, make: func(g *gen, _ *soak.Question) float64 {
		b, _ := g.lived()
		top, n := g.between(2.5, 5), 3+g.IntN(8)
		life := g.n / n
		s := 0.0
		for i := g.IntN(life) - life; i < g.n; i += life {
			s = (top - 1) * b / float64(life)
			for k := max(0, i); k < min(g.n, i+life); k++ {
				g.v[k] += s * float64(k-i)
			}
		}
		return s
	}},
	{name: "growth until a ceiling in the last fifth", make: func(g *gen, _ *soak.Question) float64 {
		b, _ := g.lived()
		end := g.at(g.between(.8, .97))
		total := b * g.logspan(.5, 8)
		s := g.ramp(0, end, total)
		for i := end; i < g.n; i++ {
			g.v[i] += total
		}
		return s
	}},
	{name: "growth to a known limit", leak: true, make: func(g *gen, q *soak.Question) float64 {
		b, _ := g.lived()
		end := g.at(g.between(.4, .95))
		total := b * g.logspan(.5, 8)
		q.Limit = b + total
		s := g.ramp(0, end, total)
		for i := end; i < g.n; i++ {
			g.v[i] += total
		}
		for i := range g.v {
			g.v[i] = min(g.v[i], q.Limit)
		}
		return s
	}},
	{name: "flat, marked restarts", calm: true, clean: true, make: func(g *gen, _ *soak.Question) float64 { g.lifetimes(true, 0); return 0 }},
	{name: "flat, unmarked restarts", calm: true, clean: true, make: func(g *gen, _ *soak.Question) float64 { g.lifetimes(false, 0); return 0 }},
	{name: "flat with correlated noise, marked restarts", calm: true, clean: true, make: func(g *gen, _ *soak.Question) float64 {
		g.lived()
		for k := range 1 + g.IntN(5) {
			g.breaks = append(g.breaks, g.at((float64(k)+g.between(.3, .9))/6))
		}
		return 0
	}},
	{name: "a saw of 3 to 100 teeth", calm: true, clean: true, make: func(g *gen, _ *soak.Question) float64 {
		b, _ := g.lived()
		g.saw(b*g.logspan(.1, 4), float64(g.n)/g.logspan(3, 100), g.between(0, .3))
		return 0
	}},
	{name: "waves, marked restarts", calm: true, clean: true, make: func(g *gen, _ *soak.Question) float64 {
		b, _ := g.lived()
		amp, cycles, phase := b*g.between(.02, .5), g.between(1, 4), g.between(0, 6.28)
		g.fill(func(_ int, x float64) float64 { return amp * math.Sin(phase+2*math.Pi*cycles*x) })
		for k := range 1 + g.IntN(5) {
			g.breaks = append(g.breaks, g.at((float64(k)+g.between(.3, .9))/6))
		}
		return 0
	}},
	{name: "caches that fill in each lifetime, marked", calm: true, clean: true, make: func(g *gen, _ *soak.Question) float64 {
		b, _ := g.lived()
		for k := range 1 + g.IntN(4) {
			g.breaks = append(g.breaks, g.at((float64(k)+g.between(.3, .9))/5))
		}
		size, tau := b*g.between(.1, 2), g.between(.02, .1)*float64(g.n)
		age, next := 0.0, 0
		linear := g.Float64() < .5
		for i := range g.v {
			if next < len(g.breaks) && i == g.breaks[next] {
				age = 0
				next++
			}
			if linear {
				g.v[i] += size * min(1, age/tau/2)
			} else {
				g.v[i] += size * (1 - math.Exp(-age/tau))
			}
			age++
		}
		return 0
	}},
	{name: "flat with zeros", calm: true, clean: true, make: func(g *gen, _ *soak.Question) float64 {
		g.lived()
		switch g.IntN(3) {
		case 0:
			g.zero(g.at(g.between(.5, .98)), g.n)
		case 1:
			g.zero(0, g.at(g.between(.02, .3)))
		}
		for range g.IntN(4) {
			i := g.IntN(g.n - 1)
			g.zero(i, i+1)
		}
		return 0
	}},
	{name: "a queue that is often empty", calm: true, clean: true, make: func(g *gen, _ *soak.Question) float64 {
		x, scale := 0.0, g.logspan(2, 200)
		g.fill(func(int, float64) float64 {
			x = .8*x + scale*g.NormFloat64()
			return math.Round(max(0, x))
		})
		g.metric.Unit = "count"
		return 0
	}},
}

// TestJudge_Stories judges a few series of each story. With -eval it judges
// -per-class of them and prints how often each state was found.
func TestJudge_Stories(t *testing.T) {
	t.Parallel()
	n := 4
	if *eval {
		n = *perClass
	}
	for _, s := range stories {
		found := map[soak.State]int{}
		for k := range n {
			v, true := s.judge(*seed, k)
			found[v.State]++
			if wrong := s.wrong(v, true); wrong != "" && !*eval {
				t.Errorf("%s/%d: %s: %s: %s %q", s.name, k, wrong, v.State, v.Reason, v.Warnings)
			} else if wrong != "" && *verbose {
				fmt.Printf("%s/%d: %s: %s: %s %q\n", s.name, k, wrong, v.State, v.Reason, v.Warnings)
			}
		}
		if *eval {
			fmt.Printf("%-45s leak %3d  clean %3d  inconclusive %3d\n", s.name, found[soak.Leaking], found[soak.Clean], found[soak.Inconclusive])
		}
	}
}

// judge makes the k-th series of a story and judges it. It returns the true growth
// per hour too.
func (s story) judge(seed uint64, k int) (v soak.Verdict, slope float64) {
	q := soak.Question{Limit: math.NaN()}
	l := generate(maker{s.name, s.leak, func(g *gen) (float64, float64) { return s.make(g, &q), 0 }}, seed, k)
	q.Series = l.series
	return Judge{}.Judge(q), l.slope
}

// wrong says what contradicts the story in a verdict.
func (s story) wrong(v soak.Verdict, slope float64) string {
	switch {
	case s.leak && v.State != soak.Leaking:
		return "missed"
	case s.leak && math.Abs(float64(v.Slope)-slope) > .15*slope:
		return fmt.Sprintf("slope %.3g/h, want %.3g/h", v.Slope, slope)
	case s.calm && v.State == soak.Leaking:
		return "false leak"
	case !s.clean && v.State == soak.Clean:
		return "wrong clean"
	case s.ends && v.Until == 0 && v.State == soak.Leaking:
		return "its end is not said"
	case s.falls && v.State == soak.Inconclusive && !strings.Contains(strings.Join(v.Warnings, ""), "it fell suddenly at"):
		return "falls not named"
	}
	return ""
}

// Growth that continues at its pace after a step down ends at its maximum, too.
func TestCeiling_NotAfterStepDown(t *testing.T) {
	t.Parallel()
	pool := maker{"pool dropped late", true, func(g *gen) (float64, float64) {
		at, drop := g.between(.84, .92), 2.4e8*g.between(.06, .1)
		g.fill(func(_ int, x float64) float64 { return 1e8 + 2.4e8*x - drop*step(x >= at) })
		g.white(5e5)
		return 2.4e8 / float64(g.n), 5e5
	}}
	for k := range 12 {
		if v := (Judge{}).Judge(generate(pool, 11, k).question()); strings.Contains(v.Reason, "flat") {
			t.Errorf("%d: %s: %s", k, v.State, v.Reason)
		}
	}
}
