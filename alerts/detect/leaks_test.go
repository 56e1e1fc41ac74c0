package detect

import "math"

// leakMakers are series that grow to the end.
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
		g.grow(func(_ int, x float64) float64 { return total * math.Pow(x, p) })
		return total * p / float64(g.n), sd
	}},
	{"exponential", true, func(g *gen) (float64, float64) {
		_, sd := g.noise()
		total, k := sd*g.between(20, 150), g.between(1, 4)
		g.grow(func(_ int, x float64) float64 { return total * math.Expm1(k*x) / math.Expm1(k) })
		return total * k * math.Exp(k) / math.Expm1(k) / float64(g.n), sd
	}},
	{"restarts_marked_leak", true, func(g *gen) (float64, float64) {
		total := g.between(15, 100)
		sd := g.lifetimes(true, total)
		return total * sd / float64(g.n), sd
	}},
	{"restarts_unmarked_leak", true, func(g *gen) (float64, float64) {
		total := g.between(15, 100)
		sd := g.lifetimes(false, total)
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
		sd, slope := g.count(g.between(.2, 2), 0)
		return slope, sd
	}},
	{"counter_resets_leak", true, func(g *gen) (float64, float64) {
		sd, slope := g.count(g.between(.2, 2), 1+g.IntN(4))
		return slope, sd
	}},
	{"telegraph_leak", true, func(g *gen) (float64, float64) {
		b, sd := g.noise()
		h := b * g.between(.01, .1)
		g.telegraph(h)
		return g.line(h*g.between(2, 10), 0), sd
	}},
	{"bursts_leak", true, func(g *gen) (float64, float64) {
		b, sd := g.noise()
		g.bursts(b * g.between(.1, 1))
		return g.line(sd*g.between(5, 60), 0), sd
	}},
	{"few_points_leak", true, func(g *gen) (float64, float64) {
		_, sd := g.noise()
		g.shorten(40 + g.IntN(40))
		return g.line(sd*g.between(10, 60), 0), sd
	}},
	{"falls_then_grows", true, func(g *gen) (float64, float64) {
		b, sd := g.noise()
		d, to := b*g.between(.05, .5), g.between(.1, .5)
		g.fill(func(_ int, x float64) float64 { return d * max(0, 1-x/to) })
		return g.line(sd*g.between(15, 100), to), sd
	}},
	{"onset_late", true, func(g *gen) (float64, float64) {
		_, sd := g.noise()
		return g.line(sd*g.between(20, 150), g.between(.6, .72)), sd
	}},
	{"slow_saw_leak", true, func(g *gen) (float64, float64) {
		b := g.base()
		amp := b * g.between(.1, .9)
		g.fill(func(int, float64) float64 { return b })
		g.saw(amp, float64(g.n)/g.between(5, 12), .15)
		g.white(b * .002)
		return g.line(amp*g.logspan(1, 8), 0), amp / 3.46
	}},
	{"cgroup_leak", true, func(g *gen) (float64, float64) {
		b := g.base()
		sd := b * g.between(.0005, .005)
		total := b * g.logspan(.3, 3)
		g.cgroup(b, sd)
		g.fill(func(_ int, x float64) float64 { return 4096 * math.Floor(total*x/4096) })
		return total / float64(g.n), sd
	}},
	{"container_leak", true, func(g *gen) (float64, float64) {
		b, sd := g.noise()
		for range 2 + g.IntN(3) {
			at, h, tau := g.between(0, .25), b*g.between(.05, .6), g.between(.005, .04)
			g.fill(func(_ int, x float64) float64 { return h * step(x >= at) * (1 - math.Exp(-max(0, x-at)/tau)) })
		}
		return g.line(sd*g.between(20, 150), 0), sd
	}},
	{"pink_leak", true, func(g *gen) (float64, float64) {
		sd := g.pink()
		return g.line(sd*g.between(5, 60), 0), sd
	}},
	{"pendulum_leak", true, func(g *gen) (float64, float64) {
		sd := g.pendulum()
		return g.line(sd*g.between(5, 60), 0), sd
	}},
	{"skewed_leak", true, func(g *gen) (float64, float64) {
		sd := g.skewed()
		return g.line(sd*g.between(5, 60), 0), sd
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
	{"hyperbola", false, func(g *gen) (float64, float64) {
		b, sd := g.noise()
		w, half := b*g.between(.05, .5), g.logspan(.01, .3)
		g.fill(func(_ int, x float64) float64 { return w * x / (x + half) })
		return 0, sd
	}},
	{"popular_first", false, func(g *gen) (float64, float64) { // a cache whose entries are asked for as Zipf's law has it
		b, sd := g.noise()
		w, tau := b*g.between(.05, .5), g.logspan(.002, .03)
		g.fill(func(_ int, x float64) (v float64) {
			for k := 1; k <= 40; k++ {
				v += w / 40 * (1 - math.Exp(-x/tau/float64(k)))
			}
			return v
		})
		return 0, sd
	}},
	{"one_wave", false, func(g *gen) (float64, float64) {
		b, sd := g.noise()
		amp, cycles, ph := b*g.between(.05, .5), g.between(.6, 2), g.between(0, 6.28)
		g.fill(func(_ int, x float64) float64 { return amp * math.Sin(2*math.Pi*cycles*x+ph) })
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
