package detect

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestDbg(t *testing.T) {
	w := os.Getenv("W")
	if w == "" {
		t.Skip()
	}
	name, ks, _ := strings.Cut(w, "/")
	k := 0
	fmt.Sscan(ks, &k)
	for _, m := range slices.Concat(cleanMakers, leakMakers, eitherMakers) {
		if m.class != name {
			continue
		}
		l := generate(m, 11, k)
		s := Reduce(l.series)
		pts := steady(s, nil, 0)
		q, c := resolution(s.Metric, pts)
		fmt.Println("pts", len(pts), "quantum", q, c, "true", l.slope)
		for _, life := range lives(pts) {
			for _, v := range views(life) {
				f, ok := look(v, q)
				if !ok {
					continue
				}
				tr := f.trend
				fmt.Printf("floor=%v n=%d\n  grow %+v\n  bounded %+v\n  periods %v slope %.4g [%.4g %.4g] p=%.3g mdg %.3g\n", v.floor, len(v.t), f.growing, f.bounded, f.periods, tr.slope, tr.quantile(.025), tr.quantile(.975), tr.below(0), tr.detectable(.0002))
				r := f.rivals(q)
				fmt.Printf("  doubt %q: grown %.1f bounded %.1f wander %.1f\n", f.doubt(life, q), r.cost(f.growing), r.cost(f.bounded), r.cost(course{bounds: []int{0}}))
			}
		}
	}
}
