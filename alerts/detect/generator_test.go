package detect

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"time"

	"soakmon/soak"
)

// A labelled series: what a process did, and whether it leaked.
type labelled struct {
	class  string
	leak   bool
	slope  float64 // true growth per hour at the end, 0 for clean
	sd     float64 // of its noise
	series soak.Series
}

// A maker writes one class of series. It fills v (n values dt seconds apart)
// and returns the true slope in units per sample and the standard deviation of
// the noise; it may mark breaks.
type maker struct {
	class string
	leak  bool
	make  func(g *gen) (slope, sd float64)
}

// gen is what a maker draws from.
type gen struct {
	*rand.Rand
	n      int
	dt     float64
	v      []float64
	drop   []bool
	breaks []int
	metric soak.Metric
}

var shapes = []struct{ seconds, dt float64 }{{900, 1}, {3600, 1}, {6 * 3600, 5}, {24 * 3600, 10}, {3 * 3600, 15}, {24 * 3600, 60}}

// generate makes the k-th series of a class; the same seed, class and k give
// the same series.
func generate(m maker, seed uint64, k int) labelled {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s/%d", m.class, k)
	g := &gen{Rand: rand.New(rand.NewPCG(seed, h.Sum64()))}
	sh := shapes[k%len(shapes)]
	g.dt = sh.dt
	g.n = int(sh.seconds / sh.dt)
	g.v = make([]float64, g.n)
	g.drop = make([]bool, g.n)
	g.metric = soak.Metric{Name: "value", Unit: "bytes", Kind: soak.Gauge}
	slope, sd := m.make(g)
	l := labelled{class: m.class, leak: m.leak, slope: slope / g.dt * 3600, sd: sd}
	l.series = soak.Series{Process: "target", Name: "value", Metric: g.metric}
	for i, v := range g.v {
		if g.drop[i] || g.Float64() < 0.01 {
			continue
		}
		l.series.At = append(l.series.At, time.Duration(float64(i)*g.dt*1e9))
		l.series.Value = append(l.series.Value, v)
	}
	for _, b := range g.breaks {
		l.series.Breaks = append(l.series.Breaks, time.Duration(float64(b)*g.dt*1e9))
	}
	return l
}

func (g *gen) between(lo, hi float64) float64 { return lo + (hi-lo)*g.Float64() }
func (g *gen) logspan(lo, hi float64) float64 { return lo * math.Pow(hi/lo, g.Float64()) }
func (g *gen) base() float64                  { return g.logspan(1e7, 5e8) }
func (g *gen) fill(f func(i int, x float64) float64) {
	for i := range g.v {
		g.v[i] += f(i, float64(i)/float64(g.n))
	}
}
func (g *gen) white(sd float64) {
	g.fill(func(int, float64) float64 { return sd * g.NormFloat64() })
}

// ou adds AR(1) noise with a correlation time of tau samples.
func (g *gen) ou(tau, sd float64) {
	phi := math.Exp(-1 / tau)
	x := sd * g.NormFloat64()
	g.fill(func(int, float64) float64 {
		x = phi*x + sd*math.Sqrt(1-phi*phi)*g.NormFloat64()
		return x
	})
}

// saw adds a collector's sawtooth whose period and height vary.
func (g *gen) saw(amp, period, vary float64) {
	draw := func(v float64) float64 { return v * g.between(1-vary, 1+vary) }
	x, cur, top := 0.0, draw(period), draw(amp)
	g.fill(func(int, float64) float64 {
		if x++; x >= cur {
			x, cur, top = 0, draw(period), draw(amp)
		}
		return top * x / cur
	})
}

func (g *gen) noise() (b, sd float64) {
	b = g.base()
	sd = b * g.between(.001, .01)
	g.fill(func(int, float64) float64 { return b })
	g.white(sd)
	return b, sd
}

func (g *gen) slowTau() float64 { return g.logspan(5, float64(g.n)/40) }

// line adds growth by total over the series from share a on and returns the
// slope per sample.
func (g *gen) line(total, a float64) float64 {
	g.fill(func(_ int, x float64) float64 { return total * max(0, x-a) / (1 - a) })
	return total / (1 - a) / float64(g.n)
}

var cleanMakers = []maker{
	{"white", false, func(g *gen) (float64, float64) { _, sd := g.noise(); return 0, sd }},
	{"ar1", false, func(g *gen) (float64, float64) {
		b, sd := g.noise()
		g.ou(g.slowTau(), b*g.between(.002, .02))
		return 0, sd
	}},
	{"ar1_slow", false, func(g *gen) (float64, float64) {
		b, sd := g.noise()
		g.ou(g.between(.05, .3)*float64(g.n), b*g.between(.002, .03))
		return 0, sd
	}},
	{"two_noises", false, func(g *gen) (float64, float64) {
		_, sd := g.noise()
		g.ou(g.between(.01, .05)*float64(g.n), sd*g.between(.2, 1))
		return 0, sd
	}},
	{"sawtooth", false, func(g *gen) (float64, float64) {
		b := g.base()
		amp := b * g.between(.05, .9)
		g.fill(func(int, float64) float64 { return b })
		g.saw(amp, g.between(8, float64(g.n)/15), .25)
		g.white(b * .002)
		return 0, amp / 3.46
	}},
	{"sawtooth_long", false, func(g *gen) (float64, float64) {
		b := g.base()
		amp := b * g.between(.05, .9)
		g.fill(func(int, float64) float64 { return b })
		g.saw(amp, float64(g.n)/g.between(4, 12), .15)
		g.white(b * .002)
		return 0, amp / 3.46
	}},
	{"warmup", false, func(g *gen) (float64, float64) {
		b, sd := g.noise()
		w, tau := b*g.between(.1, 3), g.between(.02, .12)
		g.fill(func(_ int, x float64) float64 { return w * (1 - math.Exp(-x/tau)) })
		return 0, sd
	}},
	{"warmup_slow", false, func(g *gen) (float64, float64) {
		b, sd := g.noise()
		w, tau := b*g.between(.1, 1), g.between(.12, .25)
		g.fill(func(_ int, x float64) float64 { return w * (1 - math.Exp(-x/tau)) })
		return 0, sd
	}},
	{"warmup_two", false, func(g *gen) (float64, float64) {
		b, sd := g.noise()
		w, tau := b*g.between(.1, 1), g.between(.01, .03)
		u, slow := b*g.between(.05, .3), g.between(.06, .12)
		g.fill(func(_ int, x float64) float64 { return w*(1-math.Exp(-x/tau)) + u*(1-math.Exp(-x/slow)) })
		return 0, sd
	}},
	{"warmup_hill", false, func(g *gen) (float64, float64) { // sigmoid: slow start, then saturation
		b, sd := g.noise()
		w, mid, wid := b*g.between(.1, 1), g.between(.1, .3), g.between(.01, .05)
		g.fill(func(_ int, x float64) float64 { return w / (1 + math.Exp((mid-x)/wid)) })
		return 0, sd
	}},
	{"steps_early", false, func(g *gen) (float64, float64) {
		b, sd := g.noise()
		for range 1 + g.IntN(4) {
			at, h := g.between(.02, .45), b*g.between(.02, .4)
			g.fill(func(_ int, x float64) float64 { return h * step(x >= at) })
		}
		return 0, sd
	}},
	{"steps_two_late", false, func(g *gen) (float64, float64) {
		b, sd := g.noise()
		for range 1 + g.IntN(2) {
			at, h := g.between(.5, .95), b*g.between(.01, .2)
			g.fill(func(_ int, x float64) float64 { return h * step(x >= at) })
		}
		return 0, sd
	}},
	{"telegraph", false, func(g *gen) (float64, float64) {
		b, sd := g.noise()
		h, p, on := b*g.between(.01, .3), g.between(4, 40)/float64(g.n), false
		g.fill(func(int, float64) float64 {
			if g.Float64() < p {
				on = !on
			}
			return h * step(on)
		})
		return 0, sd
	}},
	{"diurnal", false, func(g *gen) (float64, float64) {
		b, sd := g.noise()
		amp, cycles, ph := b*g.between(.05, .5), g.between(3, 12), g.between(0, 6.28)
		g.fill(func(_ int, x float64) float64 { return amp * math.Sin(2*math.Pi*cycles*x+ph) })
		return 0, sd
	}},
	{"batch_jobs", false, func(g *gen) (float64, float64) { // a job lifts the level for a part of each cycle
		b, sd := g.noise()
		amp, cycles, ph, duty := b*g.between(.05, .5), g.between(3, 24), g.Float64(), g.between(.1, .5)
		g.fill(func(_ int, x float64) float64 { _, f := math.Modf(cycles*x + ph); return amp * step(f < duty) })
		return 0, sd
	}},
	{"day_and_week", false, func(g *gen) (float64, float64) {
		b, sd := g.noise()
		amp, cycles, ph := b*g.between(.05, .3), g.between(14, 28), g.Float64()
		g.fill(func(_ int, x float64) float64 {
			_, week := math.Modf((cycles*x + ph) / 7)
			return amp * math.Sin(2*math.Pi*(cycles*x+ph)) * (1 - .6*step(week > 5./7))
		})
		return 0, sd
	}},
	{"fd_poisson", false, func(g *gen) (float64, float64) { return 0, g.poisson() }},
	{"fd_flat", false, func(g *gen) (float64, float64) {
		b, sd := g.between(20, 500), g.between(.7, 2)
		g.fill(func(int, float64) float64 { return math.Round(b + sd*g.NormFloat64()) })
		g.metric.Unit = "count"
		return 0, sd
	}},
	{"fd_blips", false, func(g *gen) (float64, float64) {
		b := math.Round(g.between(5, 200))
		g.fill(func(int, float64) float64 { return b + step(g.Float64() < .03)*float64(1+g.IntN(5)) })
		g.metric.Unit = "count"
		return 0, 1
	}},
	{"fd_late_step", false, func(g *gen) (float64, float64) {
		b, at, h := math.Round(g.between(5, 200)), g.between(.3, .95), float64(1+g.IntN(2))
		sd := g.between(0, 1.5)
		g.fill(func(_ int, x float64) float64 { return math.Round(b+sd*g.NormFloat64()) + h*step(x > at) })
		g.metric.Unit = "count"
		return 0, 1
	}},
	{"cache_fill", false, func(g *gen) (float64, float64) {
		b, sd := g.noise()
		w, full := b*g.between(.3, 3), g.between(.2, .55)
		g.fill(func(_ int, x float64) float64 { return w * min(1, x/full) })
		return 0, sd
	}},
	{"constant", false, func(g *gen) (float64, float64) {
		b := []float64{0, 7, 42, 1000, -3, 1e8}[g.IntN(6)]
		g.fill(func(int, float64) float64 { return b })
		return 0, 0
	}},
	{"falling", false, func(g *gen) (float64, float64) {
		b, sd := g.noise()
		g.line(-b*g.between(.05, .5), 0)
		return 0, sd
	}},
	{"startup_peak", false, func(g *gen) (float64, float64) {
		b, sd := g.noise()
		w, tau := b*g.between(.2, 2), g.between(.02, .1)
		g.fill(func(_ int, x float64) float64 { return w * math.Exp(-x/tau) })
		return 0, sd
	}},
	{"heavy_tail", false, func(g *gen) (float64, float64) {
		b := g.base()
		sd := b * g.between(.001, .01)
		g.fill(func(int, float64) float64 { return b + sd*g.student(2) })
		return 0, sd
	}},
	{"spikes", false, func(g *gen) (float64, float64) {
		b, sd := g.noise()
		g.fill(func(int, float64) float64 { return step(g.Float64() < .01) * b * g.between(.1, 2) })
		return 0, sd
	}},
	{"zeros", false, func(g *gen) (float64, float64) { // a broken exporter says 0 now and then
		_, sd := g.noise()
		for i := range g.v {
			if g.Float64() < .005 {
				g.v[i] = 0
			}
		}
		return 0, sd
	}},
	{"restarts_marked", false, func(g *gen) (float64, float64) {
		sd := g.lives(true, 0)
		return 0, sd
	}},
	{"restarts_unmarked", false, func(g *gen) (float64, float64) {
		sd := g.lives(false, 0)
		return 0, sd
	}},
	{"went_away", false, func(g *gen) (float64, float64) { // grows, then all is given back
		b, sd := g.noise()
		w, from, to := b*g.between(.05, .5), g.between(.1, .3), g.between(.45, .7)
		g.fill(func(_ int, x float64) float64 { return w * max(0, x-from) / (to - from) * step(x < to) })
		return 0, sd
	}},
	{"pages", false, func(g *gen) (float64, float64) { // resident pages of a quiet process
		b := math.Round(g.base() / 4096)
		sd := g.between(.3, 4)
		g.ouPages(b, sd)
		return 0, sd * 4096
	}},
	{"louder", false, func(g *gen) (float64, float64) { // the noise grows, the level does not
		b := g.base()
		sd := b * g.between(.001, .01)
		g.fill(func(_ int, x float64) float64 { return b + sd*(.3+2*x)*g.NormFloat64() })
		return 0, sd
	}},
	{"bigger_saw", false, func(g *gen) (float64, float64) { // teeth grow, floors do not
		b := g.base()
		amp := b * g.between(.05, .5)
		g.saw(amp, g.between(8, float64(g.n)/20), .1)
		for i := range g.v {
			g.v[i] = b + g.v[i]*(1+float64(i)/float64(g.n)) + b*.002*g.NormFloat64()
		}
		return 0, amp / 3.46
	}},
	{"counter", false, func(g *gen) (float64, float64) {
		rate, sum := g.between(10, 1000), 0.0
		g.fill(func(int, float64) float64 { sum += math.Round(rate * g.dt * (1 + .05*g.NormFloat64())); return sum })
		g.metric.Kind, g.metric.Unit = soak.Counter, "count"
		return 0, .05 * rate
	}},
	{"around_zero", false, func(g *gen) (float64, float64) { sd := g.logspan(.01, 100); g.white(sd); return 0, sd }},
	{"gappy", false, func(g *gen) (float64, float64) {
		_, sd := g.noise()
		g.gaps()
		return 0, sd
	}},
}

var leakMakers = []maker{
	{"linear", true, func(g *gen) (float64, float64) {
		b, sd := g.noise()
		return g.line(max(sd*g.logspan(3, 100), b*.005), 0), sd
	}},
	{"sawtooth_leak", true, func(g *gen) (float64, float64) {
		b := g.base()
		amp := b * g.between(.1, .9)
		g.fill(func(int, float64) float64 { return b })
		g.saw(amp, g.between(8, float64(g.n)/15), .25)
		g.white(b * .002)
		return g.line(amp*g.logspan(.2, 5), 0), amp / 3.46
	}},
	{"ar1_leak", true, func(g *gen) (float64, float64) {
		b := g.base()
		sd := b * g.between(.002, .02)
		g.fill(func(int, float64) float64 { return b })
		g.ou(g.logspan(5, float64(g.n)/80), sd)
		return g.line(sd*g.between(5, 60), 0), sd
	}},
	{"warmup_leak", true, func(g *gen) (float64, float64) {
		b, sd := g.noise()
		w, tau := b*g.between(.1, 2), g.between(.02, .1)
		g.fill(func(_ int, x float64) float64 { return w * (1 - math.Exp(-x/tau)) })
		return g.line(max(b*.005, sd*g.between(10, 100)), 0), sd
	}},
	{"onset", true, func(g *gen) (float64, float64) {
		_, sd := g.noise()
		return g.line(sd*g.between(15, 150), g.between(.2, .6)), sd
	}},
	{"stairs", true, func(g *gen) (float64, float64) {
		_, sd := g.noise()
		k, total := float64(15+g.IntN(106)), sd*g.between(10, 100)
		g.fill(func(_ int, x float64) float64 { return total * math.Floor(x*k) / k })
		return total / float64(g.n), sd
	}},
	{"stairs_poisson", true, func(g *gen) (float64, float64) { // steps at random times
		_, sd := g.noise()
		k, total, sum := float64(30+g.IntN(170)), sd*g.between(10, 100), 0.0
		g.fill(func(int, float64) float64 {
			sum += total / k * step(g.Float64() < k/float64(g.n))
			return sum
		})
		return sum / float64(g.n), sd
	}},
	{"fd_stairs", true, func(g *gen) (float64, float64) { // one count at a time, otherwise still
		b, k, ph := math.Round(g.between(5, 200)), float64(12+g.IntN(140)), g.Float64()
		g.fill(func(_ int, x float64) float64 { return b + math.Floor(x*k+ph) })
		g.metric.Unit = "count"
		return k / float64(g.n), 0
	}},
	{"fd_leak", true, func(g *gen) (float64, float64) {
		sd := g.poisson()
		total := max(8, sd*g.between(5, 60))
		s := g.line(total, 0)
		for i := range g.v {
			g.v[i] = math.Round(g.v[i])
		}
		return s, sd
	}},
	{"fd_slow", true, func(g *gen) (float64, float64) { // twelve counts on 210 ± 2
		g.fill(func(_ int, x float64) float64 { return 210 + math.Floor(12*x) + math.Round(2*g.NormFloat64()) })
		g.metric.Unit = "count"
		return 12 / float64(g.n), 2
	}},
	{"accelerating", true, func(g *gen) (float64, float64) {
		_, sd := g.noise()
		total, p := sd*g.between(20, 150), g.between(1.5, 3)
		g.fill(func(_ int, x float64) float64 { return total * math.Pow(x, p) })
		return total * p / float64(g.n), sd
	}},
	{"exponential", true, func(g *gen) (float64, float64) {
		_, sd := g.noise()
		total, k := sd*g.between(20, 150), g.between(1, 4)
		g.fill(func(_ int, x float64) float64 { return total * math.Expm1(k*x) / math.Expm1(k) })
		return total * k * math.Exp(k) / math.Expm1(k) / float64(g.n), sd
	}},
	{"restarts_marked_leak", true, func(g *gen) (float64, float64) {
		total := g.between(15, 100)
		sd := g.lives(true, total)
		return total * sd / float64(g.n), sd
	}},
	{"restarts_unmarked_leak", true, func(g *gen) (float64, float64) {
		total := g.between(15, 100)
		sd := g.lives(false, total)
		return total * sd / float64(g.n), sd
	}},
	{"diurnal_leak", true, func(g *gen) (float64, float64) {
		b, sd := g.noise()
		amp, cycles, ph := b*g.between(.05, .5), g.between(3, 12), g.between(0, 6.28)
		g.fill(func(_ int, x float64) float64 { return amp * math.Sin(2*math.Pi*cycles*x+ph) })
		return g.line(max(amp*g.between(.2, 2), 10*sd), 0), sd
	}},
	{"batch_leak", true, func(g *gen) (float64, float64) {
		b, sd := g.noise()
		amp, cycles, ph, duty := b*g.between(.05, .5), g.between(3, 24), g.Float64(), g.between(.1, .5)
		g.fill(func(_ int, x float64) float64 { _, f := math.Modf(cycles*x + ph); return amp * step(f < duty) })
		return g.line(max(amp*g.between(.2, 2), 10*sd), 0), sd
	}},
	{"heavy_tail_leak", true, func(g *gen) (float64, float64) {
		b := g.base()
		sd := b * g.between(.001, .01)
		g.fill(func(int, float64) float64 { return b + sd*g.student(2) })
		return g.line(sd*g.between(5, 100), 0), sd
	}},
	{"steps_then_leak", true, func(g *gen) (float64, float64) {
		b, sd := g.noise()
		for range 1 + g.IntN(3) {
			at, h := g.between(.02, .35), b*g.between(.02, .3)
			g.fill(func(_ int, x float64) float64 { return h * step(x >= at) })
		}
		return g.line(sd*g.between(10, 100), 0), sd
	}},
	{"cache_then_leak", true, func(g *gen) (float64, float64) {
		b, sd := g.noise()
		w, full := b*g.between(.3, 2), g.between(.1, .4)
		g.fill(func(_ int, x float64) float64 { return w * min(1, x/full) })
		return g.line(sd*g.between(20, 100), 0), sd
	}},
	{"two_noises_leak", true, func(g *gen) (float64, float64) {
		_, sd := g.noise()
		g.ou(g.between(.005, .02)*float64(g.n), sd*g.between(.2, 1))
		return g.line(sd*g.between(5, 60), 0), sd
	}},
	{"pages_leak", true, func(g *gen) (float64, float64) {
		b := math.Round(g.base() / 4096)
		sd := g.between(.3, 4)
		total := sd * g.between(10, 100)
		g.ouPages(b, sd)
		g.fill(func(_ int, x float64) float64 { return 4096 * math.Floor(total*x) })
		return 4096 * total / float64(g.n), sd * 4096
	}},
	{"spikes_leak", true, func(g *gen) (float64, float64) {
		b, sd := g.noise()
		g.fill(func(int, float64) float64 { return step(g.Float64() < .01) * b * g.between(.1, 2) })
		return g.line(sd*g.between(5, 60), 0), sd
	}},
	{"gappy_leak", true, func(g *gen) (float64, float64) {
		_, sd := g.noise()
		s := g.line(sd*g.between(5, 60), 0)
		g.gaps()
		return s, sd
	}},
	{"counter_leak", true, func(g *gen) (float64, float64) { // the rate rises
		rate, grow, sum := g.between(10, 1000), g.between(.2, 2), 0.0
		g.fill(func(_ int, x float64) float64 {
			sum += math.Round(rate * g.dt * (1 + grow*x + .05*g.NormFloat64()))
			return sum
		})
		g.metric.Kind, g.metric.Unit = soak.Counter, "count"
		return rate * grow / float64(g.n), .05 * rate
	}},
}

// eitherMakers are series that no rule calls leak or clean.
var eitherMakers = []maker{
	{"log_growth", false, func(g *gen) (float64, float64) {
		b, sd := g.noise()
		w, t0 := b*g.between(.05, .5), g.between(.01, .1)
		g.fill(func(_ int, x float64) float64 { return w * math.Log1p(x/t0) / math.Log1p(1/t0) })
		return 0, sd
	}},
	{"root_growth", false, func(g *gen) (float64, float64) {
		b, sd := g.noise()
		w := b * g.between(.05, .5)
		g.fill(func(_ int, x float64) float64 { return w * math.Sqrt(x) })
		return 0, sd
	}},
	{"warmup_unfinished", false, func(g *gen) (float64, float64) {
		b, sd := g.noise()
		w, tau := b*g.between(.1, 1), g.between(.3, 1)
		g.fill(func(_ int, x float64) float64 { return w * (1 - math.Exp(-x/tau)) })
		return 0, sd
	}},
	{"random_walk", false, func(g *gen) (float64, float64) {
		b, sd := g.noise()
		x, s := 0.0, b*g.between(.01, .2)/math.Sqrt(float64(g.n))
		g.fill(func(int, float64) float64 { x += s * g.NormFloat64(); return x })
		return 0, sd
	}},
	{"late_onset", false, func(g *gen) (float64, float64) {
		_, sd := g.noise()
		g.line(sd*g.between(15, 150), g.between(.8, .95))
		return 0, sd
	}},
	{"two_steps_up", false, func(g *gen) (float64, float64) {
		b, sd := g.noise()
		h := b * g.between(.01, .2)
		g.fill(func(_ int, x float64) float64 { return h*step(x > .33) + h*step(x > .66) })
		return 0, sd
	}},
}

func step(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// poisson fills with an M/M/∞ occupancy: open connections.
func (g *gen) poisson() float64 {
	lambda, hold := g.between(2, 400), g.between(5, 60)
	x, p := lambda, 1-math.Exp(-g.dt/hold)
	g.fill(func(int, float64) float64 {
		x = max(0, x+g.NormFloat64()*math.Sqrt(2*p*lambda)-p*(x-lambda))
		return 10 + math.Round(x)
	})
	g.metric.Unit = "count"
	return math.Sqrt(lambda)
}

// lives fills with two to five lives of a process, each with a warm-up and
// growth of total standard deviations over the length of the whole series.
func (g *gen) lives(marked bool, total float64) (sd float64) {
	b := g.base()
	sd = b * g.between(.001, .01)
	w, tau := b*g.between(0, .5), g.between(.01, .03)*float64(g.n)
	starts := map[int]bool{}
	for k := range 1 + g.IntN(4) {
		starts[int((float64(k)+g.between(.3, .9))/5*float64(g.n))] = true
	}
	age := 0.0
	for i := range g.v {
		if starts[i] {
			age = 0
			if marked {
				g.breaks = append(g.breaks, i)
			}
		}
		g.v[i] = b + w*(1-math.Exp(-age/tau)) + total*sd*age/float64(g.n) + sd*g.NormFloat64()
		age++
	}
	return sd
}

func (g *gen) ouPages(b, sd float64) {
	x, phi := 0.0, math.Exp(-1/g.between(2, 60))
	g.fill(func(int, float64) float64 {
		x = phi*x + sd*math.Sqrt(1-phi*phi)*g.NormFloat64()
		return 4096 * math.Round(b+x)
	})
	g.metric.Quantum = 4096
}

// gaps drops stretches and two thirds of the rest at random.
func (g *gen) gaps() {
	for range 3 {
		at := g.IntN(g.n)
		for i := at; i < min(g.n, at+g.n/10); i++ {
			g.drop[i] = true
		}
	}
	for i := range g.drop {
		g.drop[i] = g.drop[i] || g.Float64() < .66
	}
}

// student draws from Student's t with nu degrees of freedom.
func (g *gen) student(nu int) float64 {
	chi := 0.0
	for range nu {
		x := g.NormFloat64()
		chi += x * x
	}
	return g.NormFloat64() / math.Sqrt(chi/float64(nu))
}
