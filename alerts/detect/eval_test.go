package detect

import (
	"flag"
	"fmt"
	"math"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"soakmon/soak"
)

var (
	eval     = flag.Bool("eval", false, "run the long evaluation and print its table")
	perClass = flag.Int("per-class", 60, "series of each class in the evaluation")
	seed     = flag.Uint64("seed", 11, "of the evaluation")
	verbose  = flag.Bool("wrong", false, "print each wrong verdict")
)

type tally struct {
	leak, clean, unsure, covered, leaks int
	errors                              []float64
	took                                time.Duration
}

func TestEval(t *testing.T) {
	if !*eval {
		t.Skip("the long evaluation runs with -eval")
	}
	all := tally{}
	for _, kind := range []struct {
		name   string
		makers []maker
	}{{"clean", cleanMakers}, {"leaking", leakMakers}, {"either", eitherMakers}} {
		sum := tally{}
		fmt.Printf("%-24s %6s %6s %8s %8s %7s\n", kind.name, "leak", "clean", "unsure", "slope", "covers")
		for _, m := range kind.makers {
			one := judgeClass(m, *perClass)
			fmt.Printf("%-24s %6d %6d %8d %8s %7s  %.1f ms\n", m.class, one.leak, one.clean, one.unsure, one.median(), one.coverage(), one.took.Seconds()*1000/float64(*perClass))
			sum.add(one)
		}
		fmt.Printf("%-24s %5.1f%% %5.1f%% %7.1f%% %8s %7s\n\n", "all", sum.share(sum.leak), sum.share(sum.clean), sum.share(sum.unsure), sum.median(), sum.coverage())
		all.add(sum)
	}
}

func judgeClass(m maker, n int) tally {
	var one tally
	var mu sync.Mutex
	var wg sync.WaitGroup
	for w := range 2 {
		wg.Go(func() {
			for k := w; k < n; k += 2 {
				l := generate(m, *seed, k)
				start := time.Now()
				v := Judge{}.Judge(soak.Question{Series: l.series, Limit: math.NaN()})
				took := time.Since(start)
				mu.Lock()
				one.took += took
				one.count(l, v)
				if *verbose && (l.leak != (v.State == soak.Leaking)) {
					fmt.Fprintf(os.Stderr, "  %s/%d %s: true %.4g, %.4g [%.4g, %.4g] level %.4g p %.2g: %s\n", m.class, k, v.State, l.slope, v.Slope, v.Lo, v.Hi, v.Level, v.P, v.Reason)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return one
}

func (t *tally) count(l labelled, v soak.Verdict) {
	switch v.State {
	case soak.Leaking:
		t.leak++
	case soak.Clean:
		t.clean++
	default:
		t.unsure++
	}
	if l.leak && v.State == soak.Leaking {
		t.leaks++
		t.errors = append(t.errors, math.Abs(v.Slope-l.slope)/l.slope)
		if v.Lo <= l.slope && l.slope <= v.Hi {
			t.covered++
		}
	}
}

func (t *tally) add(o tally) {
	t.leak += o.leak
	t.clean += o.clean
	t.unsure += o.unsure
	t.covered += o.covered
	t.leaks += o.leaks
	t.errors = append(t.errors, o.errors...)
	t.took += o.took
}

func (t *tally) share(n int) float64 { return 100 * float64(n) / float64(t.leak+t.clean+t.unsure) }

func (t *tally) median() string {
	if len(t.errors) == 0 {
		return ""
	}
	slices.Sort(t.errors)
	return fmt.Sprintf("%.1f%%", 100*t.errors[len(t.errors)/2])
}

func (t *tally) coverage() string {
	if t.leaks == 0 {
		return ""
	}
	return fmt.Sprintf("%.0f%%", 100*float64(t.covered)/float64(t.leaks))
}
