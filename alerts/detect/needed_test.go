package detect

import (
	"math"
	"testing"
	"time"

	"soakmon/soak"
)

// A run of the length that was needed at this noise decides, one much shorter does
// not.
func TestNeeded_Decides(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		make   func(g *gen)
		growth float64 // per hour
	}{
		{"white", func(g *gen) { g.white(80) }, 0},
		{"slow", func(g *gen) { g.ou(4, 30) }, 0},
		{"white, suspected growth", func(g *gen) { g.white(80) }, 70},
	} {
		ask := func(seed uint64, samples int) soak.Verdict {
			g := &gen{Rand: newRand(seed), n: samples, v: make([]float64, samples)}
			c.make(g)
			q := soak.Question{Limit: math.NaN()}
			for i := range g.v {
				q.Series.At = append(q.Series.At, time.Duration(i)*time.Minute)
				q.Series.Value = append(q.Series.Value, 1000+g.v[i]+c.growth*float64(i)/60)
			}
			return Judge{}.Judge(q)
		}
		open, decided := 0, 0
		for seed := range uint64(20) {
			v := ask(seed, 60)
			if v.State != soak.Inconclusive || v.Needed == 0 {
				continue
			}
			open++
			if v.Needed <= time.Hour {
				t.Errorf("%s %d: needed are %v", c.name, seed, v.Needed)
			}
			if ask(seed, int(1.5*v.Needed.Minutes())).State != soak.Inconclusive {
				decided++
			}
		}
		if open < 5 || 10*decided < 7*open {
			t.Errorf("%s: of %d, %d were decided after half as much again as was needed", c.name, open, decided)
		}
	}
}

func TestRoundUp(t *testing.T) {
	for _, c := range []struct{ of, want time.Duration }{
		{61 * time.Second, 2 * time.Minute},
		{19 * time.Minute, 19 * time.Minute},
		{43 * time.Minute, 45 * time.Minute},
		{101 * time.Minute, 110 * time.Minute},
		{130 * time.Minute, 3 * time.Hour},
		{41 * time.Hour, 45 * time.Hour},
		{50 * time.Hour, 3 * 24 * time.Hour},
		{101 * 24 * time.Hour, 110 * 24 * time.Hour},
	} {
		if got := roundUp(c.of); got != c.want {
			t.Errorf("%v: %v, want %v", c.of, got, c.want)
		}
	}
}
