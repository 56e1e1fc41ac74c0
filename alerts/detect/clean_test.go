package detect

import "math"

// cleanMakers are series of healthy servers.
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
		g.telegraph(b * g.between(.01, .3))
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
		sd := g.lifetimes(true, 0)
		return 0, sd
	}},
	{"restarts_unmarked", false, func(g *gen) (float64, float64) {
		sd := g.lifetimes(false, 0)
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
		sd, _ := g.count(0, 0)
		return 0, sd
	}},
	{"counter_resets", false, func(g *gen) (float64, float64) {
		sd, _ := g.count(0, 1+g.IntN(4))
		return 0, sd
	}},
	{"bursts", false, func(g *gen) (float64, float64) {
		b, sd := g.noise()
		g.bursts(b * g.between(.1, 1))
		return 0, sd
	}},
	{"few_points", false, func(g *gen) (float64, float64) {
		_, sd := g.noise()
		g.shorten(6 + g.IntN(50))
		return 0, sd
	}},
	{"falls_then_flat", false, func(g *gen) (float64, float64) {
		b, sd := g.noise()
		d, to := b*g.between(.05, .5), g.between(.1, .6)
		g.fill(func(_ int, x float64) float64 { return d * max(0, 1-x/to) })
		return 0, sd
	}},
	{"cgroup", false, func(g *gen) (float64, float64) {
		b := g.base()
		sd := b * g.between(.0005, .005)
		g.cgroup(b, sd)
		return 0, sd
	}},
	{"container", false, func(g *gen) (float64, float64) { // warms up by exponentials and steps, then rests on a plateau
		b, sd := g.noise()
		for range 2 + g.IntN(3) {
			at, h, tau := g.between(0, .3), b*g.between(.05, .6), g.between(.005, .06)
			g.fill(func(_ int, x float64) float64 { return h * step(x >= at) * (1 - math.Exp(-max(0, x-at)/tau)) })
		}
		return 0, sd
	}},
	{"saw_few_teeth", false, func(g *gen) (float64, float64) {
		b := g.base()
		amp := b * g.between(.05, .9)
		g.fill(func(int, float64) float64 { return b })
		g.saw(amp, float64(g.n)/g.between(2.2, 4), .25)
		g.white(b * .002)
		return 0, amp / 3.46
	}},
	{"many_levels", false, func(g *gen) (float64, float64) { // jumps up and down among levels
		b, sd := g.noise()
		h, p, level := b*g.between(.01, .1), g.between(6, 40)/float64(g.n), 0.0
		g.fill(func(int, float64) float64 {
			if g.Float64() < p {
				level = float64(g.IntN(5))
			}
			return h * level
		})
		return 0, sd
	}},
	{"two_periods", false, func(g *gen) (float64, float64) {
		b, sd := g.noise()
		for range 2 {
			amp, cycles, ph := b*g.between(.02, .2), g.between(3, 30), g.between(0, 6.28)
			g.fill(func(_ int, x float64) float64 { return amp * math.Sin(2*math.Pi*cycles*x+ph) })
		}
		return 0, sd
	}},
	{"around_zero", false, func(g *gen) (float64, float64) { sd := g.logspan(.01, 100); g.white(sd); return 0, sd }},
	{"gappy", false, func(g *gen) (float64, float64) {
		_, sd := g.noise()
		g.gaps()
		return 0, sd
	}},
	{"warmup_stretched", false, func(g *gen) (float64, float64) { // no single time constant
		b, sd := g.noise()
		w, tau, power := b*g.between(.05, .5), g.logspan(.002, .04), g.between(.5, 1)
		g.fill(func(_ int, x float64) float64 { return w * (1 - math.Exp(-math.Pow(x/tau, power))) })
		return 0, sd
	}},
	{"pink", false, func(g *gen) (float64, float64) { return 0, g.pink() }},
	{"pendulum", false, func(g *gen) (float64, float64) { return 0, g.pendulum() }},
	{"skewed", false, func(g *gen) (float64, float64) { return 0, g.skewed() }},
}
