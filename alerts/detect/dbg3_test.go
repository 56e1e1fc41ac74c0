package detect

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"soakmon/soak"
)

func TestWhy(t *testing.T) {
	if os.Getenv("WHY") == "" {
		t.Skip()
	}
	for _, kind := range []string{"saw", "ar"} {
		shown := 0
		for k := range 200 {
			g := &gen{Rand: rand.New(rand.NewPCG(11, uint64(k))), n: 1440, dt: 60, v: make([]float64, 1440)}
			if kind == "saw" {
				g.saw(10, 20, .25)
				g.white(.1)
			} else {
				g.ou(99.5, 1)
			}
			r := NewReducer("", "", soak.Metric{})
			last := time.Duration(0)
			for i, v := range g.v {
				now := time.Duration(i) * time.Minute
				r.Add(now, 100+v)
				if i < 24 || !LookDue(last, now) {
					last = now
					continue
				}
				last = now
				q := soak.Question{Series: r.Series(), Limit: math.NaN(), Look: Looks(now)}
				a := Judge{}.Judge(q)
				if a.State == soak.Leaking {
					c := newCase(q)
					c.load()
					f := c.lives[0]
					fmt.Printf("%s %d i=%d P=%.2g floor=%v n=%d grow %+v bound %+v periods %v w=%.1f slope %.3g/h lvl\n", kind, k, i, a.P, f.view.floor, len(f.view.t), f.growing, f.bounded, f.periods, f.wandering(0), a.Slope)
					shown++
					break
				}
			}
			if shown > 5 {
				break
			}
		}
	}
}
