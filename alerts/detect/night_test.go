package detect

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"soakmon/soak"
)

// TestEvalNights watches clean nights of 24 hours at one sample a minute with all
// looks. Run with -eval.
func TestEvalNights(t *testing.T) {
	if !*eval {
		t.Skip("the long evaluation runs with -eval")
	}
	noises := []struct {
		name string
		make func(g *gen)
	}{
		{"white", func(g *gen) { g.white(1) }},
		{"ar .9", func(g *gen) { g.ou(9.5, 1) }},
		{"ar .99", func(g *gen) { g.ou(99.5, 1) }},
		{"two", func(g *gen) { g.white(1); g.ou(60, .5) }},
		{"sawtooth", func(g *gen) { g.saw(10, 20, .25); g.white(.1) }},
		{"counts", func(g *gen) { g.poisson() }},
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
	}
	for _, nz := range noises {
		var mu sync.Mutex
		var wg sync.WaitGroup
		least := []float64{}
		leaks, looks := 0, 0
		for w := range 2 {
			wg.Go(func() {
				for k := w; k < *perClass; k += 2 {
					g := &gen{Rand: rand.New(rand.NewPCG(*seed, uint64(k))), n: 1440, dt: 60, v: make([]float64, 1440)}
					nz.make(g)
					r := NewReducer("", "", soak.Metric{})
					low, leak, last, n := 1.0, false, time.Duration(0), 0
					for i, v := range g.v {
						now := time.Duration(i) * time.Minute
						r.Add(now, 100+v)
						if !LookDue(last, now) {
							continue
						}
						last = now
						n++
						a := Judge{}.Judge(soak.Question{Series: r.Series(), Limit: math.NaN(), Look: Looks(now), Phases: []soak.Phase{{Name: "steady", To: 48 * time.Hour, Rate: 1}}})
						low = min(low, a.P)
						leak = leak || a.State == soak.Leaking
					}
					mu.Lock()
					least = append(least, low)
					looks = n
					if leak {
						leaks++
					}
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		fmt.Printf("%-10s %d looks: leaks %d;", nz.name, looks, leaks)
		for _, p := range []float64{.3, .1, .03, .01, .003, .001, 2.5e-5} {
			n := 0
			for _, l := range least {
				if l < p {
					n++
				}
			}
			fmt.Printf("  P<%g: %.4f", p, float64(n)/float64(len(least)))
		}
		fmt.Println()
	}
}
