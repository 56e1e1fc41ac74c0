package detect

import "math"

// dayNoises are what a healthy server's series do in a day, at one sample
// a minute.
var dayNoises = []struct {
	name string
	make func(g *gen)
}{
	{"white", func(g *gen) { g.white(1) }},
	{"AR .9", func(g *gen) { g.ou(-1/math.Log(.9), 1) }},
	{"AR .99", func(g *gen) { g.ou(-1/math.Log(.99), 1) }},
	{"white and slow", func(g *gen) { g.white(1); g.ou(60, .5) }},
	{"telegraph", func(g *gen) {
		on := false
		g.fill(func(int, float64) float64 {
			if g.Float64() < .02 {
				on = !on
			}
			return step(on)
		})
		g.white(.1)
	}},
	{"t3", func(g *gen) { g.fill(func(int, float64) float64 { return g.student(3) }) }},
	{"counts", func(g *gen) { g.poisson() }},
	{"still counts", func(g *gen) { g.fill(func(int, float64) float64 { return math.Round(.4 * g.NormFloat64()) }) }},
	{"sawtooth", func(g *gen) { g.saw(10, 4, .25); g.white(.1) }},
	{"slow sawtooth", func(g *gen) { g.saw(10, 20, .25); g.white(.1) }},
	{"very slow saw", func(g *gen) { g.saw(10, g.logspan(30, 300), .25); g.white(.1) }},
	{"one wave a day", func(g *gen) {
		amp, ph := g.logspan(1, 30), g.between(0, 2*math.Pi)
		g.fill(func(_ int, x float64) float64 { return amp * math.Sin(2*math.Pi*x+ph) })
		g.white(1)
	}},
	{"periodic", func(g *gen) {
		amp, ph, cycles := g.logspan(1, 30), g.between(0, 2*math.Pi), g.between(3, 48)
		g.fill(func(_ int, x float64) float64 { return amp * math.Sin(2*math.Pi*cycles*x+ph) })
		g.white(1)
	}},
	{"warm-up", func(g *gen) {
		amp, tau := g.logspan(3, 300), g.logspan(.002, .1)
		g.fill(func(_ int, x float64) float64 { return amp * (1 - math.Exp(-x/tau)) })
		g.white(1)
	}},
	{"steps", func(g *gen) {
		for range 1 + g.IntN(4) {
			at, h := g.Float64(), g.logspan(1, 30)
			g.fill(func(_ int, x float64) float64 { return h * step(x > at) })
		}
		g.white(1)
	}},
}
