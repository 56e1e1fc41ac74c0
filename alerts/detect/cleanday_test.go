package detect

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"soakmon/soak"
)

var (
	days     = flag.Int("days", 5, "clean days of each kind of noise, of 40 series each")
	firstDay = flag.Int("first-day", 0, "first day, to continue a stopped evaluation")
	dayNoise = flag.String("day-noise", "", "only the kinds whose name matches")
	dayFile  = flag.String("day-file", "", "append the verdicts on each series of a clean day to this file, one JSON object per line, to compare two judges")
)

// dayFamilies are the sizes of the family as one of which each series is judged:
// that of a real run, and smaller ones, which raise more alarms in proportion.
var dayFamilies = [...]int{40, 10, 1}

const (
	dayLength = 24 * time.Hour
	dayFamily = 40  // series of a run
	dayNews   = 400 // series from one line of progress to the next
)

// TestEval_CleanDays watches clean days of 24 hours with all looks. Run with
// -eval; an interrupt ends it with what is known by then.
func TestEval_CleanDays(t *testing.T) {
	if !*eval {
		t.Skip("the long evaluation runs with -eval")
	}
	ctx, stop := signal.NotifyContext(t.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	wanted := regexp.MustCompile(*dayNoise)
	for _, nz := range dayNoises {
		if wanted.MatchString(nz.name) && ctx.Err() == nil {
			w := watch{name: nz.name, took: processorTime()}
			w.days(ctx, nz.make, *firstDay*dayFamily, *days*dayFamily)
			fmt.Println(w.line())
			if *dayFile == "" {
				fmt.Printf("%-16s baselines, %% of series:%s\n", "", baselineDays(ctx, nz.make, min(*days, 2)*dayFamily))
			}
		}
	}
}

// baselineDays returns the share of the series in which each baseline reports a
// leak at any look.
func baselineDays(ctx context.Context, noise func(*gen), series int) string {
	var sum tally
	for k := range series {
		if ctx.Err() != nil {
			return " interrupted"
		}
		s := cleanDay(noise, uint64(k))
		var any tally
		atLooks(s, func(n int) bool {
			any.ask(soak.Series{At: s.At[:n], Value: s.Value[:n]})
			return true
		})
		for i, looks := range any.said {
			sum.said[i] += min(1, looks)
		}
	}
	said := ""
	for i, b := range baselines {
		said += fmt.Sprintf(" %s %.3g,", b.name, 100*float64(sum.said[i])/float64(series))
	}
	return strings.TrimSuffix(said, ",")
}

// A watch counts which series of one kind of noise are called a leak at any
// look.
type watch struct {
	name string
	took time.Duration // of processor time before it began

	mu     sync.Mutex
	series int
	leaks  [len(dayFamilies)]int
}

// days watches the given number of series from the first one on, or until ctx
// ends, and prints what it finds and its progress.
func (w *watch) days(ctx context.Context, noise func(*gen), first, series int) {
	var wg sync.WaitGroup
	var next atomic.Int64
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for k := next.Add(1) - 1; k < int64(series) && ctx.Err() == nil; k = next.Add(1) - 1 {
				k := uint64(first) + uint64(k)
				said := watchDay(noise, k)
				w.saw(int(k), said)
				if *dayFile != "" {
					w.record(k, said, Judge{}.Judge(atTheEnd(cleanDay(noise, k))))
				}
			}
		})
	}
	wg.Wait()
}

// saw counts one series and what was said of it.
func (w *watch) saw(k int, said [len(dayFamilies)]string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.series++
	for i, s := range said {
		if s == "" {
			continue
		}
		w.leaks[i]++
		if *verbose {
			fmt.Printf("   %s %d as one of %d %s\n", w.name, k, dayFamilies[i], s)
		}
	}
	if w.series%dayNews == 0 {
		fmt.Println("  ", w.line())
	}
}

// atTheEnd asks about a whole day.
func atTheEnd(s soak.Series) soak.Question {
	now := s.At[len(s.At)-1]
	return soak.Question{Series: s, Limit: math.NaN(), Family: dayFamilies[0], Look: Looks(now) + 1,
		Phases: []soak.Phase{{Name: "steady", To: 2 * dayLength, Rate: 1}}}
}

// A watchedDay is what was said of one series: at the first look that called it a
// leak, as one of each family, and at the end.
type watchedDay struct {
	Noise  string
	Series uint64
	Looks  [len(dayFamilies)]string
	End    soak.State
	Reason string
}

func (w *watch) record(k uint64, said [len(dayFamilies)]string, v soak.Verdict) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f, err := os.OpenFile(*dayFile, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err == nil {
		err = json.NewEncoder(f).Encode(watchedDay{w.name, k, said, v.State, v.Reason})
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

// line reports the alarms so far, and extrapolates them to 3,000 days.
func (w *watch) line() string {
	n := float64(w.series)
	days := func(perSeries float64) float64 {
		return 3000 * (1 - math.Pow(1-perSeries, dayFamily))
	}
	s := fmt.Sprintf("%-16s %d series,", w.name, w.series)
	for i, family := range dayFamilies {
		s += fmt.Sprintf(" %d leaks as one of %d (%.1f promised),", w.leaks[i], family, falseAlarms*n/float64(family))
	}
	return s + fmt.Sprintf(" %.1f of 3,000 days, at most %.1f (95 %% sure), %.1f ms a series",
		days(float64(w.leaks[0])/n), days(upperBound(w.leaks[0], w.series)), 1000*(processorTime()-w.took).Seconds()/n)
}

// processorTime is how long this process has computed.
func processorTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// watchDay makes all looks at one series, as one of each family, and returns
// what the first said that called it a leak.
func watchDay(noise func(*gen), k uint64) (said [len(dayFamilies)]string) {
	s := cleanDay(noise, k)
	r := NewReducer(soak.SeriesOf("", ""), s.Metric)
	added := 0
	atLooks(s, func(n int) bool {
		for ; added < n; added++ {
			r.Add(s.At[added], s.Value[added])
		}
		now := s.At[n-1]
		c := newInquiry(soak.Question{
			Series: r.Series(), Limit: math.NaN(), Look: Looks(now), Planned: dayLength,
			Phases: []soak.Phase{{Name: "steady", To: 2 * dayLength, Rate: 1}},
		})
		var analyses []*analysis
		for i, family := range dayFamilies {
			one := *c
			one.q.Family, one.alpha = family, Correct(falseAlarms, c.q.Look, family)
			leaks := false
			if said[i] == "" {
				leaks, analyses = one.leaks(analyses)
			}
			if leaks {
				v := Judge{}.Judge(one.q)
				said[i] = fmt.Sprintf("after %v: %s (p %.2g)", now, v.Reason, v.P)
			}
		}
		return said[0] == ""
	})
	return said
}

// day makes a clean series of a day.
func cleanDay(noise func(*gen), k uint64) soak.Series {
	const n = int(dayLength / time.Minute)
	g := &gen{Rand: rand.New(rand.NewPCG(*seed, k)), n: n, dt: 60, v: make([]float64, n)}
	noise(g)
	s := soak.Series{Metric: g.metric}
	for i, v := range g.v {
		s.At, s.Value = append(s.At, time.Duration(i)*time.Minute), append(s.Value, 100+v)
	}
	return s
}

// atLooks calls look with how much of the series there is at each look, while
// it returns true.
func atLooks(s soak.Series, look func(n int) bool) {
	last := time.Duration(0)
	for i, now := range s.At {
		if LookDue(last, now) {
			if last = now; !look(i + 1) {
				return
			}
		}
	}
}

// upperBound is the 95 % bound on a rare event's probability that happened k
// times of n, by the Poisson distribution (Garwood 1936).
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
