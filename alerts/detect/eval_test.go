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
	said                                [len(baselines)]int // leak, by each baseline
}

// TestEval judges many series of each class once, and prints what is said of
// them, by the baselines too. Run with -eval.
func TestEval(t *testing.T) {
	if !*eval {
		t.Skip("the long evaluation runs with -eval")
	}
	clean := evalClasses("clean", cleanMakers)
	leaking := evalClasses("leaking", leakMakers)
	evalClasses("either", eitherMakers)
	n := float64(clean.n() + leaking.n())
	fmt.Printf("false alarms %.2f%% of %d clean, recall %.1f%% of %d leaks, wrong clean %.1f%%, inconclusive %.1f%%, slope error median %s, 95%% interval covers %s, %.1f ms a series\n",
		clean.share(clean.leak), clean.n(), leaking.share(leaking.leak), leaking.n(), leaking.share(leaking.clean),
		100*float64(clean.unsure+leaking.unsure)/n, leaking.median(), leaking.coverage(), (clean.took+leaking.took).Seconds()*1000/n)
	for i, b := range baselines {
		fmt.Printf("  %-16s false alarms %.1f%%, recall %.1f%%\n", b.name, clean.share(clean.said[i]), leaking.share(leaking.said[i]))
	}
}

func evalClasses(name string, makers []maker) (sum tally) {
	fmt.Printf("%-24s %6s %6s %8s %8s %7s %8s |%s\n", name, "leak", "clean", "unsure", "slope", "covers", "cost", baselineNames())
	for _, m := range makers {
		one := judgeClass(m, *perClass)
		fmt.Printf("%-24s %6d %6d %8d %8s %7s %5.1f ms |%s\n", m.class, one.leak, one.clean, one.unsure, one.median(), one.coverage(), one.took.Seconds()*1000/float64(*perClass), one.others(1))
		sum.add(one)
	}
	fmt.Printf("%-24s %5.2f%% %5.1f%% %7.1f%% %8s %7s %8s |%s\n\n", "all", sum.share(sum.leak), sum.share(sum.clean), sum.share(sum.unsure), sum.median(), sum.coverage(), "", sum.others(100/float64(sum.n())))
	return sum
}

func baselineNames() (s string) {
	for _, b := range baselines {
		s += fmt.Sprintf(" %16s", b.name)
	}
	return s
}

// TestEval_Ratio prints recall and time to detect by the growth over the series
// in standard deviations of the noise. Run with -eval.
func TestEval_Ratio(t *testing.T) {
	if !*eval {
		t.Skip("the long evaluation runs with -eval")
	}
	for _, tau := range []float64{0, 20} {
		fmt.Printf("6 h at 5 s, correlation time %v samples\n%8s %8s %8s %20s |%s\n", tau, "growth", "leak", "clean", "detected at (share)", baselineNames())
		for _, ratio := range []float64{0, 0.5, 1, 2, 4, 8, 16, 32} {
			m := maker{"ratio", true, func(g *gen) (float64, float64) {
				g.fill(func(int, float64) float64 { return 1000 })
				if tau > 0 {
					g.ou(tau, 10)
				} else {
					g.white(10)
				}
				return g.line(10*ratio, 0), 10
			}}
			one, at := tally{}, []float64{}
			for k := range *perClass / 2 {
				l := generate(m, *seed, 6*k+2)
				q := soak.Question{Series: l.series, Limit: math.NaN()}
				one.count(l, Judge{}.Judge(q))
				one.ask(l.series)
				if d, ok := Detected(q); ok {
					at = append(at, d.Hours()/6)
				}
			}
			slices.Sort(at)
			middle := math.NaN()
			if len(at) > 0 {
				middle = at[len(at)/2]
			}
			fmt.Printf("%5.1f sd %7.0f%% %7.0f%% %13.2f (%4d) |%s\n", ratio, one.share(one.leak), one.share(one.clean), middle, len(at), one.others(100/float64(one.n())))
		}
		fmt.Println()
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
				one.ask(l.series)
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
		rate := l.rate(v.Since)
		t.errors = append(t.errors, math.Abs(float64(v.Slope)-rate)/rate)
		if float64(v.Lo) <= rate && rate <= float64(v.Hi) {
			t.covered++
		}
	}
}

// ask asks the baselines.
func (t *tally) ask(s soak.Series) {
	for i, b := range baselines {
		if b.leak(s) {
			t.said[i]++
		}
	}
}

func (t *tally) n() int { return t.leak + t.clean + t.unsure }

func (t *tally) add(o tally) {
	t.leak += o.leak
	t.clean += o.clean
	t.unsure += o.unsure
	t.covered += o.covered
	t.leaks += o.leaks
	t.errors = append(t.errors, o.errors...)
	t.took += o.took
	for i := range t.said {
		t.said[i] += o.said[i]
	}
}

func (t *tally) others(unit float64) string {
	s := ""
	for _, n := range t.said {
		s += fmt.Sprintf(" %16.4g", unit*float64(n))
	}
	return s
}

func (t *tally) share(n int) float64 { return 100 * float64(n) / float64(t.n()) }

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
