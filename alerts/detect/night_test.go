package detect

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"soakmon/soak"
)

var (
	nights     = flag.Int("nights", 100, "clean nights of each kind of noise, of 40 series each")
	nightClass = flag.String("night-class", "", "only the kinds whose name matches")
)

// nightFamily is how many series a night has, each judged as one of so many.
const nightFamily = 40

// nightNoises are what a healthy server's series do in a night, at one sample
// a minute.
var nightNoises = []struct {
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

// TestEvalNights watches clean nights of 24 hours with all looks. Run with -eval.
func TestEvalNights(t *testing.T) {
	if !*eval {
		t.Skip("the long evaluation runs with -eval")
	}
	wanted := regexp.MustCompile(*nightClass)
	series := *nights * nightFamily
	fmt.Printf("%-16s %7s %7s %16s %22s %10s\n", "noise", "series", "leaks", "nights of 3,000", "95 % bound", "a series")
	for _, nz := range nightNoises {
		if !wanted.MatchString(nz.name) {
			continue
		}
		start := time.Now()
		leaks := watchNights(nz.make, series)
		for _, k := range leaks {
			if *verbose {
				fmt.Println("  ", k)
			}
		}
		n := len(leaks)
		runs := func(perSeries float64) float64 { return 3000 * (1 - math.Pow(1-perSeries, nightFamily)) }
		fmt.Printf("%-16s %7d %7d %16.1f %22.1f %7.1f ms\n", nz.name, series, n, runs(float64(n)/float64(series)), runs(upperBound(n, series)), 1000*time.Since(start).Seconds()*float64(runtime.GOMAXPROCS(0))/float64(series))
	}
}

// watchNights tells which of so many series are called a leak at any look.
func watchNights(noise func(*gen), series int) []string {
	var mu sync.Mutex
	var wg sync.WaitGroup
	var leaks []string
	var next atomic.Int64
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for k := next.Add(1) - 1; k < int64(series); k = next.Add(1) - 1 {
				if said := watchNight(noise, uint64(k)); said != "" {
					mu.Lock()
					leaks = append(leaks, fmt.Sprintf("%d %s", k, said))
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	slices.Sort(leaks)
	return leaks
}

// watchNight makes all looks at one series and returns what the first said
// that called it a leak.
func watchNight(noise func(*gen), k uint64) string {
	const minutes = 24 * 60
	g := &gen{Rand: rand.New(rand.NewPCG(*seed, k)), n: minutes, dt: 60, v: make([]float64, minutes)}
	noise(g)
	r := NewReducer("", "", g.metric)
	steady := []soak.Phase{{Name: "steady", To: 48 * time.Hour, Rate: 1}}
	last := time.Duration(0)
	for i, v := range g.v {
		now := time.Duration(i) * time.Minute
		r.Add(now, 100+v)
		if !LookDue(last, now) {
			continue
		}
		last = now
		q := soak.Question{Series: r.Series(), Limit: math.NaN(), Look: Looks(now), Family: nightFamily, Phases: steady, Planned: minutes * time.Minute}
		if leaks(q) {
			v := Judge{}.Judge(q)
			return fmt.Sprintf("after %v: %s (p %.2g)", now, v.Reason, v.P)
		}
	}
	return ""
}

// upperBound is the 95 % bound of Clopper & Pearson (1934) on a probability of
// which k of n were seen, by the Poisson distribution.
func upperBound(k, n int) float64 {
	lo, hi := 0.0, float64(k)+20+6*math.Sqrt(float64(k)+1)
	for range 60 {
		mean := (lo + hi) / 2
		p, term := 0.0, math.Exp(-mean)
		for i := 0; i <= k; i++ {
			p += term
			term *= mean / float64(i+1)
		}
		if p > 0.05 {
			lo = mean
		} else {
			hi = mean
		}
	}
	return min(1, hi/float64(n))
}
