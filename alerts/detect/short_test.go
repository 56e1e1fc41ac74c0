package detect

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"soakmon/soak"
)

// shortNoises are what healthy servers do in the first minutes of a run, around a
// level of 100, at an interval of dt seconds. A tooth takes some 30 s on average.
var shortNoises = []struct {
	name  string
	bytes bool
	make  func(g *gen)
}{
	{"white", true, func(g *gen) { g.white(g.logspan(.01, 3)) }},
	{"slow", true, func(g *gen) { g.ou(g.logspan(1, float64(g.n)), g.logspan(.01, 3)) }},
	{"white and slow", true, func(g *gen) { g.white(.1); g.ou(g.logspan(1, float64(g.n)), g.logspan(.01, 1)) }},
	{"random walk", true, func(g *gen) {
		x, sd := 0.0, g.logspan(.01, 1)
		g.fill(func(int, float64) float64 { x += sd * g.NormFloat64(); return x })
	}},
	{"teeth", true, func(g *gen) { g.saw(g.logspan(1, 50), g.logspan(4, 200)/g.dt, .25); g.white(.05) }},
	{"warm-up", true, func(g *gen) {
		amp, tau := g.logspan(1, 100), g.logspan(.01, .3)
		g.fill(func(_ int, x float64) float64 { return amp * (1 - math.Exp(-x/tau)) })
		g.white(.1)
	}},
	{"step", true, func(g *gen) {
		at, h := g.Float64(), g.logspan(.3, 30)
		g.fill(func(_ int, x float64) float64 { return h * step(x > at) })
		g.white(.1)
	}},
	{"pages", true, func(g *gen) {
		g.fill(func(int, float64) float64 { return .01 * math.Round(g.NormFloat64()) })
	}},
	{"counts", false, func(g *gen) {
		sd := g.logspan(.2, 3)
		g.fill(func(int, float64) float64 { return math.Round(sd * g.NormFloat64()) })
	}},
	{"connections", false, func(g *gen) { g.poisson() }},
	{"pool that fills", false, func(g *gen) {
		x, p, top := 0.0, g.logspan(.02, .5), float64(2+g.IntN(12))
		g.fill(func(int, float64) float64 { x = min(top, x+step(g.Float64() < p)); return x })
	}},
	{"count in two states", false, func(g *gen) { g.telegraph(1) }},
}

// TestEval_ShortRuns makes all looks at runs of 30 s to 2 min in which few samples
// are taken. Run with -eval.
func TestEval_ShortRuns(t *testing.T) {
	if !*eval {
		t.Skip("the long evaluation runs with -eval")
	}
	fmt.Printf("%-22s %8s %28s %28s\n", "", "series", "leak at any look", "leak, clean at the end")
	for _, noise := range shortNoises {
		n := 10 * *perClass
		any, leaks, clean := 0, 0, 0
		for k := range n {
			a, last := shortRun(noise.make, noise.bytes, 0, uint64(k))
			any += int(step(a))
			leaks += int(step(last.State == soak.Leaking))
			clean += int(step(last.State == soak.Clean))
			if a && *verbose {
				fmt.Printf("   %s %d: %s: %s\n", noise.name, k, last.State, last.Reason)
			}
		}
		fmt.Printf("%-22s %8d %28d %18d %9d\n", noise.name, n, any, leaks, clean)
	}
}

// shortRun makes all looks at a run of 30 s to 2 min with growth, per hour, and
// returns whether any of them was a leak, and the last verdict.
func shortRun(noise func(*gen), bytes bool, growth float64, k uint64) (leaked bool, last soak.Verdict) {
	g := &gen{Rand: newRand(k)}
	g.dt = []float64{1, 2, 4, 6}[k%4]
	g.n = int([]float64{30, 60, 120, 120}[k/4%4] / g.dt)
	g.v, g.drop = make([]float64, g.n), make([]bool, g.n)
	noise(g)
	q := soak.Question{Limit: math.NaN(), Family: 20, Phases: steadily}
	q.Series.Metric = soak.Metric{Name: "value", Unit: "count", Quantum: 1}
	if bytes {
		q.Series.Metric = soak.Metric{Name: "value", Unit: "bytes"}
		q.Tolerance = soak.Quantity{Value: 5 / (float64(g.n) * g.dt) * 3600, Per: soak.PerHour}
	}
	for i := range g.v {
		at := float64(i) * g.dt
		q.Series.At = append(q.Series.At, seconds(at))
		q.Series.Value = append(q.Series.Value, 100+g.v[i]+growth*at/3600)
	}
	all := q.Series
	look := func(n int) bool {
		q.Series.At, q.Series.Value = all.At[:n], all.Value[:n]
		q.Look = Looks(all.At[n-1])
		last = Judge{}.Judge(q)
		leaked = leaked || last.State == soak.Leaking
		return true
	}
	atLooks(all, look)
	q.Final = true
	look(g.n)
	return leaked, last
}

// The evidence decides, not the number of samples.
func TestJudge_FewSamples(t *testing.T) {
	t.Parallel()
	liveHeap := soak.Metric{Name: "go_heap_live_bytes", Unit: "bytes"}
	heap := soak.Metric{Name: "go_heap_inuse_bytes", Unit: "bytes"}
	fds := soak.Metric{Name: "fds", Unit: "count", Quantum: 1}
	for _, c := range []struct {
		name    string
		metric  soak.Metric
		samples int
		each    float64 // seconds between samples
		growth  float64 // between samples
		noise   float64
		want    soak.State
	}{
		{"live heap that rises", liveHeap, 20, 5, 125e3, 5e4, soak.Leaking},
		{"flat live heap", liveHeap, 12, 5, 0, 5e4, soak.Clean},
		{"heap that may be one tooth", heap, 20, 1, 125e3, 5e4, soak.Inconclusive},
		{"heap that rises for longer than a tooth", heap, 20, 8, 125e3, 5e4, soak.Leaking},
		{"flat heap", heap, 12, 1, 0, 5e4, soak.Clean},
		{"native memory that rises", soak.Metric{Name: "native_bytes", Unit: "bytes"}, 20, 1, 125e3, 5e4, soak.Leaking},
		{"descriptors that rise", fds, 16, 2, 20, 1, soak.Leaking},
		{"flat descriptors", fds, 12, 2, 0, .3, soak.Clean},
	} {
		g := &gen{Rand: newRand(3), n: c.samples, v: make([]float64, c.samples)}
		q := soak.Question{Limit: math.NaN(), Family: 10, Phases: steadily}
		base := 50.
		if c.metric.Unit == "bytes" {
			base = 20e6
			q.Tolerance = soak.Quantity{Value: 1e6 / (float64(c.samples) * c.each) * 3600, Per: soak.PerHour}
		}
		for i := range g.v {
			g.v[i] = math.Round(base + c.growth*float64(i) + c.noise*g.NormFloat64())
			q.Series.At = append(q.Series.At, seconds(c.each*float64(i)))
		}
		q.Series.Metric, q.Series.Value = c.metric, g.v
		q.Look = Looks(q.Series.At[c.samples-1])
		if v := (Judge{}).Judge(q); v.State != c.want {
			t.Errorf("%s: %s, want %s: %s", c.name, v.State, c.want, v.Reason)
		}
	}
}

// A line through some twenty readings is not taken for pieces that jump: no reading
// lies half before a change and half after it, so each of them counts.
func TestJudge_FewReadingsAllCount(t *testing.T) {
	t.Parallel()
	few := slices.IndexFunc(kinds, func(m kind) bool { return m.name == "heap_leak_few_samples" })
	for _, k := range []int{29, 307, 340, 364} {
		l := generateKind(kinds[few], 77, k)
		if v := (Judge{}).Judge(l.question()); v.State != soak.Leaking {
			t.Errorf("%d: %s: %s", k, v.State, v.Reason)
		}
	}
}
