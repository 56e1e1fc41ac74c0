package detect

import (
	"math"
	"regexp"
	"slices"

	"soakmon/soak"
)

// An expectation is which verdicts on a series are right.
type expectation string

const (
	wantLeak      expectation = "leak"                  // at the true slope
	wantNotClean  expectation = "not clean"             // the level rose and has not shown that it stopped
	wantNotLeak   expectation = "not leak"              // mostly clean
	wantUndecided expectation = "clean or inconclusive" // both are right
	wantTrueLimit expectation = "true limit"            // clean only with a detection limit above the growth
	wantAny       expectation = "any"                   // too little is known
)

// A kind is a shape of series with what a judge should say of it. It fills v
// (n values dt seconds apart) and returns the true slope in units per sample, 0
// where there is none.
type kind struct {
	name string
	want expectation
	make func(g *gen) (slope float64)

	names *regexp.Regexp // must match the reason or a warning
	short bool           // a run of 30 s to 3 min, instead of an hour to a day
	class *maker         // makes the series instead
}

// generateKind makes the k-th series of a kind; the same seed, name and k give
// the same series.
func generateKind(m kind, seed uint64, k int) labelled {
	if m.class != nil {
		return generate(*m.class, seed, k)
	}
	g := newGen(m.name, seed, k)
	length := g.logspan(3600, 24*3600)
	dt := max(1, math.Round(length/g.logspan(240, 3000)))
	if m.short {
		length, dt = g.between(30, 180), 1
	}
	g.resize(length, dt)
	slope := m.make(g)
	return labelled{class: m.name, leak: m.want == wantLeak, slope: slope / g.dt * 3600, dt: g.dt, series: g.series()}
}

// memory fills with a level and noise that is white or remembers, AR(1) up to .9.
func (g *gen) memory() (level, sd float64) {
	level = g.logspan(2e7, 1e9)
	sd = level * g.logspan(.0005, .006)
	g.fill(func(int, float64) float64 { return level })
	if g.IntN(3) == 0 {
		g.white(sd)
	} else {
		g.ou(-1/math.Log(g.between(.1, .9)), sd)
	}
	return level, sd
}

// descriptors fills with a count that flickers by 0 to 3.
func (g *gen) descriptors() (level float64) {
	level = math.Round(g.logspan(5, 300))
	g.metric.Unit = "count"
	g.flicker(1, g.IntN(4))
	g.fill(func(int, float64) float64 { return level })
	return level
}

// flicker adds 0 to most units.
func (g *gen) flicker(unit float64, most int) {
	g.fill(func(int, float64) float64 { return unit * float64(g.chance().IntN(most+1)) })
}

// climb adds a step up at each share of the series.
func (g *gen) climb(at, height []float64) {
	g.fill(func(_ int, x float64) (sum float64) {
		for i, a := range at {
			sum += height[i] * step(x >= a)
		}
		return sum
	})
}

// equalSteps adds k steps up of one height at equal distances.
func (g *gen) equalSteps(k int, total float64) {
	at, height, phase := make([]float64, k), make([]float64, k), g.between(.1, .9)
	for i := range k {
		at[i], height[i] = (float64(i)+phase)/float64(k), total/float64(k)
	}
	g.climb(at, height)
}

// irregularSteps adds k steps up of differing heights at random times. Less than
// half the time that would show that they ended follows the last one.
func (g *gen) irregularSteps(k int, total float64) {
	at, height, sum := make([]float64, k), make([]float64, k), 0.0
	for {
		for i := range at {
			at[i] = g.between(.05, .985)
		}
		slices.Sort(at)
		if last := at[k-1]; last > .6 && 1-last < 1.5*last/float64(k) {
			break
		}
	}
	for i := range height {
		height[i] = g.between(.5, 1.5)
		sum += height[i]
	}
	for i := range height {
		height[i] *= total / sum
	}
	g.climb(at, height)
}

// habit adds k steps up whose waits and heights differ by up to a fifth, and returns
// their mean rate per series.
func (g *gen) habit(k int, total float64) float64 {
	at, height, x := make([]float64, k), make([]float64, k), g.between(.05, .95)
	for i := range k {
		at[i], height[i] = x, total/float64(k)*g.between(.8, 1.2)
		x += g.between(.8, 1.2)
	}
	x -= g.between(.05, .95)
	for i := range at {
		at[i] /= x
	}
	g.climb(at, height)
	return total / float64(k) * x
}

// fewSteps fills with three to eight steps up, and a saw of up to the given
// share of a step.
func (g *gen) fewSteps(steps func(k int, total float64), saw float64) float64 {
	b, _ := g.memory()
	k, total := 3+g.IntN(6), b*g.between(.2, 1.5)
	steps(k, total)
	if saw > 0 {
		g.saw(g.between(.1, saw)*total/float64(k), g.logspan(8, float64(g.n)/25), .25)
	}
	return total / float64(g.n)
}

// until adds growth by total until share x of the series, and returns the slope
// per sample.
func (g *gen) until(x, total float64) float64 {
	g.fill(func(_ int, at float64) float64 { return total * min(1, at/x) })
	return total / x / float64(g.n)
}

// restartsIdle fills with growth in a first lifetime, and a second one without
// load.
func (g *gen) restartsIdle(marked bool) float64 {
	b, _ := g.memory()
	at, rise := 1-g.between(.1, .34), b*g.between(.4, 3)
	g.fill(func(_ int, x float64) float64 { return rise * x / at * step(x < at) })
	if marked {
		g.breaks = append(g.breaks, int(math.Ceil(at*float64(g.n))))
	}
	return rise / at / float64(g.n)
}

// idlesLong fills with growth in the first part, after which the process starts again
// and idles at a level from a fiftieth of the first one to that one.
func (g *gen) idlesLong() float64 {
	b, _ := g.memory()
	at, rise, idle := g.between(.2, .5), b*g.between(.4, 3), g.logspan(.02, 1)
	for i := range g.v {
		if x := float64(i) / float64(g.n); x < at {
			g.v[i] += rise * x / at
		} else {
			g.v[i] *= idle
		}
	}
	return rise / at / float64(g.n)
}

// diesAt fills with growth until share x of the series, and zeros from then on.
func (g *gen) diesAt(x float64) float64 {
	b, _ := g.memory()
	slope := g.until(1, b*g.between(.2, 2))
	for i := int(x * float64(g.n)); i < g.n; i++ {
		g.v[i] = 0
	}
	return slope
}

// killed fills with growth to several times the base, after which the process is
// killed and starts again, several times.
func (g *gen) killed(marked bool) float64 {
	b, _ := g.memory()
	rise, life := b*g.between(1.5, 4), float64(g.n)/g.between(2.6, 7.5)
	age := 0.0
	g.fill(func(i int, _ float64) float64 {
		if age++; age > life {
			age = 0
			if marked {
				g.breaks = append(g.breaks, i)
			}
		}
		return rise * age / life
	})
	return rise / life
}

// doublings fills with the heap of a virtual machine that doubles what it has
// each time it is full, which takes twice as long each time.
func (g *gen) doublings(k int) float64 {
	b, _ := g.memory()
	last, ramp := g.between(.7, .93), g.between(.001, .03)
	at, size := last, b*math.Pow(2, float64(k-1))
	total := 0.0
	for range k {
		from, by := at, size
		g.fill(func(_ int, x float64) float64 { return by * min(1, max(0, (x-from)/ramp)) })
		total += by
		at, size = at/2, size/2
	}
	g.saw(b*g.between(.005, .05), g.logspan(8, float64(g.n)/25), .25)
	return total / float64(g.n)
}

// What a verdict must name.
var (
	aFall  = regexp.MustCompile(`\b(fell|falls?|drops?|restart)`)
	aLimit = regexp.MustCompile(`\b(limit|ceiling|full|filled|exhausted|rose until)\b`)
)

// kinds are what servers do that looks like something else.
var kinds = []kind{
	{name: "two_steps", want: wantNotClean, make: func(g *gen) float64 {
		b, _ := g.memory()
		first := g.between(.1, .4)
		last := g.between((1+first)/2+.03, .93)
		height := []float64{b * g.between(.08, .5), b * g.between(.08, .5)}
		g.climb([]float64{first, last}, height)
		return (height[0] + height[1]) / float64(g.n)
	}},
	{name: "few_equal_steps", want: wantNotClean, make: func(g *gen) float64 { return g.fewSteps(g.equalSteps, 0) }},
	{name: "few_irregular_steps", want: wantNotClean, make: func(g *gen) float64 { return g.fewSteps(g.irregularSteps, 0) }},
	{name: "few_equal_steps_saw", want: wantNotClean, make: func(g *gen) float64 { return g.fewSteps(g.equalSteps, .7) }},
	{name: "few_irregular_steps_saw", want: wantNotClean, make: func(g *gen) float64 { return g.fewSteps(g.irregularSteps, .7) }},
	{name: "many_steps", want: wantNotClean, make: func(g *gen) float64 { // a habit
		b, _ := g.memory()
		k, total := 10+g.IntN(31), b*g.between(.2, 1.5)
		if g.IntN(2) == 0 {
			g.equalSteps(k, total)
		} else {
			g.irregularSteps(k, total)
		}
		return total / float64(g.n)
	}},
	{name: "habit_of_steps", want: wantLeak, make: func(g *gen) float64 {
		b, _ := g.memory()
		return g.habit(8+g.IntN(13), b*g.between(.2, 1.5)) / float64(g.n)
	}},
	{name: "pool_fills_in_steps", want: wantUndecided, make: func(g *gen) float64 {
		b, _ := g.memory()
		k, total, x := 8+g.IntN(20), b*g.between(.2, 1.5), g.between(.1, .75)
		at, height := make([]float64, k), make([]float64, k)
		regular := g.IntN(2) == 0
		for i := range at {
			at[i], height[i] = x*float64(i+1)/float64(k), total/float64(k)
			if !regular {
				at[i], height[i] = g.between(0, x), height[i]*g.between(.5, 1.5)
			}
		}
		g.climb(at, height)
		return 0
	}},
	{name: "slots_fill", want: wantUndecided, make: func(g *gen) float64 { // each at a random time, sooner or later
		b, _ := g.memory()
		k, total, pace := 8+g.IntN(50), b*g.between(.2, 1.5), g.between(3, 8)
		at, height := make([]float64, k), make([]float64, k)
		for i := range at {
			at[i], height[i] = g.ExpFloat64()/pace, total/float64(k)
		}
		g.climb(at, height)
		return 0
	}},
	{name: "heap_doubles_twice", want: wantNotClean, make: func(g *gen) float64 { return g.doublings(2) }},
	{name: "heap_doubles_three_times", want: wantNotClean, make: func(g *gen) float64 { return g.doublings(3) }},
	{name: "one_step_early", want: wantNotLeak, make: func(g *gen) float64 {
		b, _ := g.memory()
		g.climb([]float64{g.between(.06, .32)}, []float64{b * g.between(.05, .6)})
		return 0
	}},
	{name: "one_step_late", want: wantUndecided, make: func(g *gen) float64 {
		b, _ := g.memory()
		g.climb([]float64{g.between(.5, .94)}, []float64{b * g.between(.05, .6)})
		return 0
	}},
	{name: "steps_long_ended", want: wantUndecided, make: func(g *gen) float64 {
		b, _ := g.memory()
		k, last := 2+g.IntN(4), g.between(.1, .2)
		at, height := make([]float64, k), make([]float64, k)
		for i := range k {
			at[i], height[i] = last*float64(i+1)/float64(k), b*g.between(.03, .3)
		}
		g.climb(at, height)
		return 0
	}},
	{name: "steps_up_and_down", want: wantUndecided, make: func(g *gen) float64 {
		b, _ := g.memory()
		at, height := []float64{}, []float64{}
		x, up := 0.0, b*g.between(.05, .6)
		for range 2 * (1 + g.IntN(5)) {
			x += g.between(.2, 1)
			at, height = append(at, x), append(height, up)
			up = -up
		}
		for i := range at {
			at[i] *= .95 / x
		}
		g.climb(at, height)
		return 0
	}},
	{name: "fill_ends_early", want: wantNotLeak, make: func(g *gen) float64 {
		b, _ := g.memory()
		g.until(g.between(.08, .45), b*g.between(.2, 2))
		return 0
	}},
	{name: "growth_then_idle", want: wantLeak, names: aFall, make: func(g *gen) float64 { return g.restartsIdle(false) }},
	{name: "growth_then_long_idle", want: wantLeak, names: aFall, make: func(g *gen) float64 { return g.idlesLong() }},
	{name: "growth_then_idle_marked", want: wantLeak, make: func(g *gen) float64 { return g.restartsIdle(true) }},
	{name: "growth_then_few_zeros", want: wantLeak, make: func(g *gen) float64 { return g.diesAt(1 - g.between(.005, .06)) }},
	{name: "growth_then_many_zeros", want: wantLeak, make: func(g *gen) float64 { return g.diesAt(1 - g.between(.08, .35)) }},
	{name: "growth_and_last_zero", want: wantLeak, make: func(g *gen) float64 { return g.diesAt(1 - .5/float64(g.n)) }},
	{name: "growth_to_ceiling", want: wantNotClean, names: aLimit, make: func(g *gen) float64 {
		b, sd := g.memory()
		rise, x := b*g.between(.3, 3), g.between(.8, .97)
		slope := g.until(x, rise)
		if g.IntN(2) == 0 { // nothing is above it
			for i := range g.v {
				g.v[i] = min(g.v[i], b+rise-sd)
			}
		}
		return slope
	}},
	{name: "killed_repeatedly", want: wantNotClean, names: aFall, make: func(g *gen) float64 { return g.killed(false) }},
	{name: "killed_repeatedly_marked", want: wantLeak, make: func(g *gen) float64 { return g.killed(true) }},
	{name: "growth_and_step", want: wantLeak, make: func(g *gen) float64 {
		b, _ := g.memory()
		rise := b * g.between(.2, 2)
		g.climb([]float64{g.between(.5, .95)}, []float64{rise * g.between(.03, .15)})
		return g.line(rise, 0)
	}},
	{name: "descriptors_and_step", want: wantLeak, make: func(g *gen) float64 {
		g.descriptors()
		rise := math.Round(g.logspan(40, 600))
		g.climb([]float64{g.between(.5, .95)}, []float64{math.Ceil(rise * g.between(.03, .15))})
		g.fill(func(_ int, x float64) float64 { return math.Floor(rise * x) })
		return rise / float64(g.n)
	}},
	{name: "few_pages", want: wantTrueLimit, make: func(g *gen) float64 {
		b, rise, phase := math.Round(g.logspan(2e7, 5e8)/4096), g.logspan(1, 40), g.between(0, 1)
		g.fill(func(_ int, x float64) float64 { return 4096 * math.Floor(b+phase+rise*x) })
		g.flicker(4096, g.IntN(4))
		if g.IntN(2) == 0 {
			g.metric.Quantum = 4096
		}
		return 4096 * rise / float64(g.n)
	}},
	{name: "few_descriptors", want: wantTrueLimit, make: func(g *gen) float64 {
		g.descriptors()
		rise, phase := g.between(1, 6), g.between(0, 1)
		g.fill(func(_ int, x float64) float64 { return math.Floor(phase + rise*x) })
		return rise / float64(g.n)
	}},
	{name: "warming_heap_short", want: wantUndecided, short: true, make: func(g *gen) float64 {
		b, _ := g.memory()
		rise, tau := b*g.between(.1, 1), g.between(.04, .25)
		g.fill(func(_ int, x float64) float64 { return rise * (1 - math.Exp(-x/tau)) })
		g.saw(b*g.between(.02, .5), g.between(3, float64(g.n)/5), .25)
		return 0
	}},
	{name: "bounded_cache_short", want: wantUndecided, short: true, make: func(g *gen) float64 {
		b, _ := g.memory()
		g.until(g.between(.15, .7), b*g.between(.3, 3))
		return 0
	}},
	{name: "collector_saw_short", want: wantUndecided, short: true, make: func(g *gen) float64 {
		b, _ := g.memory()
		g.saw(b*g.between(.1, 1), g.between(4, float64(g.n)/4), .3)
		return 0
	}},
	{name: "heap_leak_few_samples", want: wantLeak, short: true, make: func(g *gen) float64 { // live heap, read now and then
		g.dt, g.n = g.between(5, 10), 12+g.IntN(16)
		g.v, g.drop = make([]float64, g.n), make([]bool, g.n)
		b := g.logspan(5e6, 2e8)
		rise := b * g.between(.3, 2)
		g.fill(func(int, float64) float64 { return b })
		g.white(rise * g.between(.005, .03))
		return g.line(rise, 0)
	}},
}

// question asks about a recording.
func (l labelled) question() soak.Question {
	return soak.Question{Series: l.series, Limit: math.NaN()}
}
