package detect

import (
	"math"
	"testing"

	"soakmon/soak"
)

// A few of each class, every time; TestEval judges many.
const fewOfEach = 2

func TestJudge_CleanClasses(t *testing.T) {
	t.Parallel()
	for _, m := range cleanMakers {
		for k := range fewOfEach {
			l := generate(m, 101, k)
			if v := (Judge{}).Judge(soak.Question{Series: l.series, Limit: math.NaN()}); v.State == soak.Leaking {
				t.Errorf("%s/%d: %s", m.class, k, v.Reason)
			}
		}
	}
}

func TestJudge_LeakClasses(t *testing.T) {
	t.Parallel()
	all, found := 0, 0
	for _, m := range leakMakers {
		for k := range fewOfEach {
			l := generate(m, 101, k)
			v := Judge{}.Judge(soak.Question{Series: l.series, Limit: math.NaN()})
			if all++; v.State == soak.Leaking {
				found++
			}
			if v.State == soak.Clean {
				t.Errorf("%s/%d, true slope %.3g: clean: %s", m.class, k, l.slope, v.Reason)
			}
		}
	}
	if 100*found < 94*all {
		t.Errorf("%d of %d leaks were found", found, all)
	}
}
