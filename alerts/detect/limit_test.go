package detect

import (
	"fmt"
	"math"
	"testing"
	"time"

	"soakmon/soak"
)

// limitNoises are kinds of noise around 1000, at one sample a second.
var limitNoises = []struct {
	name string
	make func(g *gen)
}{
	{"white", func(g *gen) { g.white(3) }},
	{"AR, 20 samples", func(g *gen) { g.ou(20, 3) }},
	{"counts", func(g *gen) { g.fill(func(int, float64) float64 { return math.Round(2 * g.NormFloat64()) }) }},
	{"sawtooth", func(g *gen) { g.saw(30, 20, .25); g.white(1) }},
}

// foundAt counts the series, out of n, that are called a leak when growth by a
// factor of their detectable growth is added to them.
func foundAt(noise func(*gen), length, n int, factor float64) (found int) {
	for k := range n {
		g := &gen{Rand: newRand(uint64(k + 1000*length)), n: length, dt: 1, v: make([]float64, length)}
		noise(g)
		q := soak.Question{Limit: math.NaN(), Family: 20, Look: Looks(time.Duration(length) * time.Second), Phases: steadily}
		for i := range g.v {
			q.Series.At, g.v[i] = append(q.Series.At, seconds(float64(i))), g.v[i]+1000
		}
		q.Series.Value = g.v
		limit := float64(Judge{}.Judge(q).MinDetectable)
		for i := range g.v {
			growing := factor * limit * float64(i) / 3600
			if g.v[0] == math.Trunc(g.v[0]) {
				growing = math.Floor(growing)
			}
			q.Series.Value[i] += growing
		}
		if (Judge{}).Judge(q).State == soak.Leaking {
			found++
		}
	}
	return found
}

// TestEval_Limit adds the detectable growth that a series stated, and
// somewhat more. Run with -eval.
func TestEval_Limit(t *testing.T) {
	if !*eval {
		t.Skip("the long evaluation runs with -eval")
	}
	n := max(10, *perClass/2)
	fmt.Printf("%-16s %8s %28s\n", "would have seen", "samples", "found at 1, 1.25, 1.5, 2 times")
	for _, noise := range limitNoises {
		for _, length := range []int{160, 700, 3000} {
			fmt.Printf("%-16s %8d", noise.name, length)
			for _, factor := range []float64{1, 1.25, 1.5, 2} {
				fmt.Printf(" %5.0f%%", 100*float64(foundAt(noise.make, length, n, factor))/float64(n))
			}
			fmt.Println()
		}
	}
}

func TestMinDetectable_IsDetected(t *testing.T) {
	t.Parallel()
	if n := foundAt(limitNoises[0].make, 700, 10, 1); n < 8 {
		t.Errorf("%d of 10 detectable slopes were found under white noise", n)
	}
	for _, noise := range limitNoises[:2] {
		if n := foundAt(noise.make, 700, 10, 1.5); n < 7 {
			t.Errorf("%s: %d of 10 slopes of 1.5 times the detectable one were found", noise.name, n)
		}
	}
}
