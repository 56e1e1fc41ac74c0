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
	growth []float64 // without noise, per step of dt, where its rate changes
	dt     float64
	step   float64 // between two readings, 0 where it is small
	phase  float64 // of the growth within a step
}

// rate is the true growth per hour since a time: that at the end, or the mean
// where the rate changes.
func (l labelled) rate(since time.Duration) float64 {
	n := len(l.growth)
	if n == 0 {
		return l.slope
	}
	from := min(n-2, max(0, int(since.Seconds()/l.dt)))
	return (l.growth[n-1] - l.growth[from]) / (float64(n-1-from) * l.dt) * 3600
}

// A maker writes one class of series. It fills v (n values dt seconds apart)
// and returns the true slope in units per sample and the standard deviation of
// the noise; it may mark breaks.
type maker struct {
	class string
	leak  bool
	make  func(g *gen) (slope, sd float64)
}

// gen is what a maker draws from: its parameters from Rand, its noise from
// fresh, or from Rand too where that is nil.
type gen struct {
	*rand.Rand
	fresh  *rand.Rand
	n      int
	dt     float64
	v      []float64
	drop   []bool
	breaks []int
	metric soak.Metric
	growth []float64
	step   float64
}

var shapes = []struct{ seconds, dt float64 }{{900, 1}, {3600, 1}, {6 * 3600, 5}, {24 * 3600, 10}, {3 * 3600, 15}, {24 * 3600, 60}}

// generate makes the k-th series of a class; the same seed, class and k give
// the same series.
func generate(m maker, seed uint64, k int) labelled {
	return generateWith(m, newGen(m.class, seed, k), k)
}

// generateWith makes the k-th series of a class from what g draws.
func generateWith(m maker, g *gen, k int) labelled {
	sh := shapes[k%len(shapes)]
	g.resize(sh.seconds, sh.dt)
	slope, sd := m.make(g)
	l := labelled{class: m.class, leak: m.leak, slope: slope / g.dt * 3600, sd: sd, growth: g.growth, dt: g.dt, series: g.series(), step: g.step}
	l.phase = g.Float64()
	return l
}

func newGen(class string, seed uint64, k int) *gen {
	return &gen{Rand: rand.New(rand.NewPCG(seed, hashOf(class, k)))}
}

func hashOf(class string, k int) uint64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s/%d", class, k)
	return h.Sum64()
}

// resize makes room for a series of bytes of the given length and interval.
func (g *gen) resize(seconds, dt float64) {
	g.dt, g.n = dt, int(seconds/dt)
	g.v, g.drop = make([]float64, g.n), make([]bool, g.n)
	g.metric = soak.Metric{Name: "value", Unit: "bytes", Kind: soak.Gauge}
}

// series is what was recorded: one sample in a hundred is missing.
func (g *gen) series() soak.Series {
	s := soak.Series{ID: soak.SeriesOf("target", "value"), Metric: g.metric}
	for i, v := range g.v {
		if g.drop[i] || g.Float64() < 0.01 {
			continue
		}
		s.At = append(s.At, time.Duration(float64(i)*g.dt*1e9))
		s.Value = append(s.Value, v)
	}
	for _, b := range g.breaks {
		s.Breaks = append(s.Breaks, time.Duration(float64(b)*g.dt*1e9))
	}
	return s
}

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 77)) }

func (g *gen) between(lo, hi float64) float64 { return lo + (hi-lo)*g.Rand.Float64() }
func (g *gen) logspan(lo, hi float64) float64 { return lo * math.Pow(hi/lo, g.Rand.Float64()) }

// chance is what noise is drawn from.
func (g *gen) chance() *rand.Rand {
	if g.fresh != nil {
		return g.fresh
	}
	return g.Rand
}

func (g *gen) Float64() float64     { return g.chance().Float64() }
func (g *gen) NormFloat64() float64 { return g.chance().NormFloat64() }

func (g *gen) base() float64 { return g.logspan(1e7, 5e8) }
func (g *gen) fill(f func(i int, x float64) float64) {
	for i := range g.v {
		g.v[i] += f(i, float64(i)/float64(g.n))
	}
}

// grow adds growth whose rate changes.
func (g *gen) grow(f func(i int, x float64) float64) {
	g.growth = make([]float64, g.n)
	g.fill(func(i int, x float64) float64 { g.growth[i] = f(i, x); return g.growth[i] })
}

// shorten keeps the first n values, all the growth in them.
func (g *gen) shorten(n int) { g.n, g.v, g.drop = n, g.v[:n], g.drop[:n] }

// bursts adds stretches of a few samples in which much is borrowed for a while.
func (g *gen) bursts(height float64) {
	left, h := 0, 0.0
	g.fill(func(int, float64) float64 {
		if left == 0 && g.Float64() < .01 {
			left, h = 1+g.IntN(12), height*g.between(.3, 1)
		}
		if left == 0 {
			return 0
		}
		left--
		return h
	})
}

// telegraph adds a level that jumps between two states.
func (g *gen) telegraph(height float64) {
	p, on := g.between(4, 40)/float64(g.n), false
	g.fill(func(int, float64) float64 {
		if g.Float64() < p {
			on = !on
		}
		return height * step(on)
	})
}

// count fills with a counter of a rate that may grow, which begins anew now and
// then.
func (g *gen) count(grow float64, resets int) (sd, slope float64) {
	rate, sum, p := g.between(10, 1000), 0.0, float64(resets)/float64(g.n)
	g.fill(func(_ int, x float64) float64 {
		if g.Float64() < p {
			sum = 0
		}
		sum += math.Round(rate * g.dt * (1 + grow*x + .05*g.NormFloat64()))
		return sum
	})
	g.metric.Kind, g.metric.Unit = soak.Counter, "count"
	return .05 * rate, rate * grow / float64(g.n)
}

// cgroup fills with memory of a container: what processes hold, and a page
// cache that fills up to a limit and is then reclaimed in bites.
func (g *gen) cgroup(b, sd float64) {
	limit, bite, speed := b*g.between(.2, 1), g.between(.02, .2), g.between(2, 8)/float64(g.n)
	cache := 0.0
	g.fill(func(int, float64) float64 {
		if cache += limit * speed * g.between(.5, 1.5); cache > limit {
			cache = limit * (1 - bite)
		}
		return 4096 * math.Round((b+cache+sd*g.NormFloat64())/4096)
	})
	g.metric.Quantum = 4096
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

// pink fills with 1/f noise: memories of all lengths up to an eighth of the
// series, each with as much of the variance.
func (g *gen) pink() (sd float64) {
	b := g.base()
	each, n := b*g.between(.0005, .005), 0.0
	g.fill(func(int, float64) float64 { return b })
	for tau := .5; tau < float64(g.n)/8; tau *= 3 {
		g.ou(tau, each)
		n++
	}
	return each * math.Sqrt(n)
}

// pendulum fills with noise that swings: AR(2), whose period comes and goes.
func (g *gen) pendulum() (sd float64) {
	b, period := g.base(), g.logspan(10, float64(g.n)/15)
	rho := math.Exp(-1 / (period * g.between(.5, 2)))
	c := 2 * rho * math.Cos(2*math.Pi/period)
	// Its standard deviation for innovations of 1 (Box and Jenkins 1970, 3.2).
	own := math.Sqrt((1 + rho*rho) / (1 - rho*rho) / ((1+rho*rho)*(1+rho*rho) - c*c))
	sd = b * g.between(.002, .02)
	last, x := 0.0, sd*g.NormFloat64()
	g.fill(func(int, float64) float64 {
		last, x = x, c*x-rho*rho*last+sd/own*g.NormFloat64()
		return b + x
	})
	return sd
}

// skewed fills with lognormal noise that remembers: long tails upwards only.
func (g *gen) skewed() (sd float64) {
	b, scale, s := g.base(), g.between(.002, .02), g.between(.3, 1.2)
	tau, x := g.logspan(1, float64(g.n)/40), g.NormFloat64()
	phi := math.Exp(-1 / tau)
	g.fill(func(int, float64) float64 {
		x = phi*x + math.Sqrt(1-phi*phi)*g.NormFloat64()
		return b * (1 + scale*math.Exp(s*x))
	})
	return b * scale * math.Exp(s*s/2) * math.Sqrt(math.Expm1(s*s))
}

// saw adds a collector's sawtooth whose period and height vary.
func (g *gen) saw(amp, period, vary float64) {
	draw := func(v float64) float64 { return v * (1 - vary + 2*vary*g.Float64()) }
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

// lifetimes fills with two to five lifetimes of a process, each with a warm-up and
// growth of total standard deviations over the length of the whole series.
func (g *gen) lifetimes(marked bool, total float64) (sd float64) {
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
