package detect

import (
	"context"
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
	nights     = flag.Int("nights", 5, "clean nights of each kind of noise, of 40 series each")
	firstNight = flag.Int("first-night", 0, "to go on where a stopped evaluation was")
	nightClass = flag.String("night-class", "", "only the kinds whose name matches")
)

// nightFamilies are of how many series each is judged as one: as in a night,
// and of fewer, which are to bring more alarms in proportion.
var nightFamilies = [...]int{40, 10, 1}

const (
	nightLength = 24 * time.Hour
	nightFamily = 40  // series a night has
	nightNews   = 400 // series from one line of progress to the next
)

// TestEval_CleanDays watches clean nights of 24 hours with all looks. Run with
// -eval; an interrupt ends it with what is known by then.
func TestEval_CleanDays(t *testing.T) {
	if !*eval {
		t.Skip("the long evaluation runs with -eval")
	}
	ctx, stop := signal.NotifyContext(t.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	wanted := regexp.MustCompile(*nightClass)
	for _, nz := range nightNoises {
		if wanted.MatchString(nz.name) && ctx.Err() == nil {
			w := watch{name: nz.name, took: processorTime()}
			w.nights(ctx, nz.make, *firstNight*nightFamily, *nights*nightFamily)
			fmt.Println(w.line())
			fmt.Printf("%-16s baselines, %% of series:%s\n", "", baselineNights(ctx, nz.make, min(*nights, 2)*nightFamily))
		}
	}
}

// baselineNights tells in which share of so many series each baseline sees a
// leak at any look.
func baselineNights(ctx context.Context, noise func(*gen), series int) string {
	var sum tally
	for k := range series {
		if ctx.Err() != nil {
			return " interrupted"
		}
		s := night(noise, uint64(k))
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
	leaks  [len(nightFamilies)]int
}

// nights watches so many series from the given one on, or until it is told to
// stop, and prints what it sees and how far it is.
func (w *watch) nights(ctx context.Context, noise func(*gen), first, series int) {
	var wg sync.WaitGroup
	var next atomic.Int64
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for k := next.Add(1) - 1; k < int64(series) && ctx.Err() == nil; k = next.Add(1) - 1 {
				w.saw(first+int(k), watchNight(noise, uint64(first)+uint64(k)))
			}
		})
	}
	wg.Wait()
}

// saw counts one series and what was said of it.
func (w *watch) saw(k int, said [len(nightFamilies)]string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.series++
	for i, s := range said {
		if s == "" {
			continue
		}
		w.leaks[i]++
		if *verbose {
			fmt.Printf("   %s %d as one of %d %s\n", w.name, k, nightFamilies[i], s)
		}
	}
	if w.series%nightNews == 0 {
		fmt.Println("  ", w.line())
	}
}

// line says what was seen so far, and what that means for 3,000 nights.
func (w *watch) line() string {
	n := float64(w.series)
	nights := func(perSeries float64) float64 {
		return 3000 * (1 - math.Pow(1-perSeries, nightFamily))
	}
	s := fmt.Sprintf("%-16s %d series,", w.name, w.series)
	for i, family := range nightFamilies {
		s += fmt.Sprintf(" %d leaks as one of %d (%.1f promised),", w.leaks[i], family, falseAlarms*n/float64(family))
	}
	return s + fmt.Sprintf(" %.1f of 3,000 nights, at most %.1f (95 %% sure), %.1f ms a series",
		nights(float64(w.leaks[0])/n), nights(upperBound(w.leaks[0], w.series)), 1000*(processorTime()-w.took).Seconds()/n)
}

// processorTime is how long this process has computed.
func processorTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// watchNight makes all looks at one series, as one of each family, and returns
// what the first said that called it a leak.
func watchNight(noise func(*gen), k uint64) (said [len(nightFamilies)]string) {
	s := night(noise, k)
	r := NewReducer(soak.SeriesOf("", ""), s.Metric)
	added := 0
	atLooks(s, func(n int) bool {
		for ; added < n; added++ {
			r.Add(s.At[added], s.Value[added])
		}
		now := s.At[n-1]
		c := newInquiry(soak.Question{
			Series: r.Series(), Limit: math.NaN(), Look: Looks(now), Planned: nightLength,
			Phases: []soak.Phase{{Name: "steady", To: 2 * nightLength, Rate: 1}},
		})
		var analyses []*analysis
		for i, family := range nightFamilies {
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

// night makes a clean series of a night.
func night(noise func(*gen), k uint64) soak.Series {
	const n = int(nightLength / time.Minute)
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
