package detect

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"soakmon/soak"
)

func TestLR(t *testing.T) {
	if os.Getenv("LR") == "" {
		t.Skip()
	}
	slow := func(r *rand.Rand, t float64) float64 { return math.Round(210+2*r.NormFloat64()) + math.Floor(t/50) }
	var lr, ps []float64
	for k := range uint64(30) {
		q := scene{seconds: 600, unit: "count", quantum: 1, value: slow, warmup: 30, rate: 200}.question(k)
		pts := steady(Reduce(q.Series), q.Phases, 0)
		f, _ := examine(pts, 1, 1e-8)
		lr = append(lr, f.wandering(1))
		ps = append(ps, f.trend.below(0))
	}
	slices.Sort(lr)
	slices.Sort(ps)
	fmt.Printf("fd/50s: LR min %.1f med %.1f   p med %.2g max %.2g\n", lr[0], lr[15], ps[15], ps[29])
	heap := func(r *rand.Rand, t float64) float64 {
		gc := math.Floor(t/10) * 10
		return 5e6 + 65536*gc + 2e5*hash(gc)
	}
	for _, sec := range []int{60, 120} {
		q := scene{seconds: sec, unit: "bytes", value: heap, warmup: 6}.question(1)
		pts := steady(Reduce(q.Series), q.Phases, 0)
		f, _ := examine(pts, 0, 1e-8)
		fmt.Printf("heap64K %d: LR %.1f p %.2g\n", sec, f.wandering(0), f.trend.below(0))
	}
	for _, tau := range []float64{9.5, 99.5, 1000} {
		for _, white := range []float64{0, 1} {
			lr = lr[:0]
			byn := map[int]int{}
			for k := range 40 {
				g := &gen{Rand: rand.New(rand.NewPCG(5, uint64(k))), n: 1440, dt: 60, v: make([]float64, 1440)}
				g.ou(tau, 1)
				g.white(white)
				r := NewReducer("", "", soak.Metric{})
				worst, at := -99.0, 0
				for i, v := range g.v {
					r.Add(time.Duration(i)*time.Minute, 100+v)
					if i > 24 && LookDue(time.Duration(float64(i-1)*60e9), time.Duration(i)*time.Minute) {
						pts := steady(r.Series(), nil, 0)
						f, ok := examine(pts, 0, 1e-6)
						if !ok {
							continue
						}
						if f.trend.below(0) < 1e-5 {
							if w := f.wandering(0); w > worst {
								worst, at = w, i
							}
						}
					}
				}
				lr = append(lr, worst)
				if worst > 16 {
					byn[at]++
				}
			}
			slices.Sort(lr)
			fmt.Printf("tau %v white %v: LR", tau, white)
			for _, x := range lr[20:] {
				fmt.Printf(" %.0f", x)
			}
			fmt.Println(byn)
		}
	}
}

func TestTotal(t *testing.T) {
	s := 0.0
	for k := 1; k < 1000000; k++ {
		s += Correct(1, k, 1)
	}
	fmt.Println("total", s*1.8)
}
