package detect

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"soakmon/soak"
)

var (
	nights     = flag.Int("nights", 5, "clean nights of each kind of noise, of 40 series each")
	nightClass = flag.String("night-class", "", "only the kinds whose name matches")
)

const (
	nightLength = 24 * time.Hour
	nightFamily = 40 // series a night has, each judged as one of so many
)

// TestEvalNights watches clean nights of 24 hours with all looks. Run with -eval.
func TestEvalNights(t *testing.T) {
	if !*eval {
		t.Skip("the long evaluation runs with -eval")
	}
	wanted := regexp.MustCompile(*nightClass)
	series := *nights * nightFamily
	fmt.Printf("%-16s %7s %7s %16s %12s %10s | series with a false alarm, %%\n%71s%s\n", "clean nights", "series", "leaks", "nights of 3,000", "95 % bound", "a series", "|", baselineNames())
	for _, nz := range nightNoises {
		if !wanted.MatchString(nz.name) {
			continue
		}
		start := time.Now()
		leaks := watchNights(nz.make, series)
		for _, k := range leaks {
			if *verbose {
				fmt.Println("  ", k)
			}
		}
		n := len(leaks)
		runs := func(perSeries float64) float64 { return 3000 * (1 - math.Pow(1-perSeries, nightFamily)) }
		fmt.Printf("%-16s %7d %7d %16.1f %12.1f %7.1f ms |%s\n", nz.name, series, n, runs(float64(n)/float64(series)), runs(upperBound(n, series)), 1000*time.Since(start).Seconds()*float64(runtime.GOMAXPROCS(0))/float64(series), baselineNights(nz.make, min(series, 2*nightFamily)))
	}
}

// baselineNights tells in which share of so many series each baseline sees a
// leak at any look.
func baselineNights(noise func(*gen), series int) string {
	var sum tally
	for k := range series {
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
	return sum.others(100 / float64(series))
}

// watchNights tells which of so many series are called a leak at any look.
func watchNights(noise func(*gen), series int) []string {
	var mu sync.Mutex
	var wg sync.WaitGroup
	var leaks []string
	var next atomic.Int64
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for k := next.Add(1) - 1; k < int64(series); k = next.Add(1) - 1 {
				if said := watchNight(noise, uint64(k)); said != "" {
					mu.Lock()
					leaks = append(leaks, fmt.Sprintf("%d %s", k, said))
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	slices.Sort(leaks)
	return leaks
}

// watchNight makes all looks at one series and returns what the first said
// that called it a leak.
func watchNight(noise func(*gen), k uint64) (said string) {
	s := night(noise, k)
	r := NewReducer("", "", s.Metric)
	added := 0
	atLooks(s, func(n int) bool {
		for ; added < n; added++ {
			r.Add(s.At[added], s.Value[added])
		}
		now := s.At[n-1]
		q := soak.Question{
			Series: r.Series(), Limit: math.NaN(), Look: Looks(now), Family: nightFamily, Planned: nightLength,
			Phases: []soak.Phase{{Name: "steady", To: 2 * nightLength, Rate: 1}},
		}
		if leaks(q) {
			v := Judge{}.Judge(q)
			said = fmt.Sprintf("after %v: %s (p %.2g)", now, v.Reason, v.P)
		}
		return said == ""
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
