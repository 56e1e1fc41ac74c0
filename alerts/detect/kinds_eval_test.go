package detect

import (
	"bufio"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"soakmon/soak"
)

var (
	kindsWanted = flag.String("kind", "", "only the kinds whose name matches")
	firstOfKind = flag.Int("first", 0, "first series of each kind")
	everyOne    = flag.Bool("every", false, "print each verdict on a kind, right or wrong")
	seriesDir   = flag.String("series", "", "write each wrongly judged series of a kind as CSV to this directory")
)

const (
	slopeError = 0.15 // of a leak's slope, more is wrong
	limitRoom  = 1.25 // growth by this factor of the stated limit is never called clean
)

// scored is how one verdict compares with what is true.
type scored struct {
	l          labelled
	v          soak.Verdict
	wrongClean bool // clean although it grew
	falseLeak  bool
	missed     bool // a leak was not found, or its slope is off
	covers     bool // the interval includes the true slope
	untrue     bool // clean with a limit below the growth
	grossly    bool // clean with a limit that the growth exceeds by limitRoom
	unnamed    bool // does not say what it must
	crossed    bool // a limit is stated below the upper end of the interval, or for a leak
}

func (m kind) score(l labelled, v soak.Verdict) scored {
	s := scored{l: l, v: v}
	clean, leak := v.State == soak.Clean, v.State == soak.Leaking
	rate := l.slope
	if leak {
		rate = l.rate(v.Since)
	}
	off := math.Abs(float64(v.Slope)-rate) > slopeError*rate
	switch m.want {
	case wantLeak:
		s.wrongClean, s.missed = clean, !leak || off
	case wantNotClean:
		s.wrongClean = clean
	case wantNotLeak, wantUndecided:
		s.falseLeak = leak
	case wantTrueLimit:
		s.untrue = clean && !(l.slope <= float64(v.MinDetectable))
		s.grossly = clean && !(l.slope < limitRoom*float64(v.MinDetectable))
	}
	s.covers = m.want == wantLeak && leak && float64(v.Lo) <= rate && rate <= float64(v.Hi)
	known := !math.IsNaN(float64(v.MinDetectable))
	s.crossed = known && (leak || v.MinDetectable < v.Hi)
	s.unnamed = m.names != nil && !m.names.MatchString(v.Reason+strings.Join(v.Warnings, "; "))
	return s
}

// wrong names what is wrong, or nothing.
func (s scored) wrong() string {
	var all []string
	for _, w := range []struct {
		is   bool
		what string
	}{
		{s.wrongClean, "wrong clean"}, {s.falseLeak, "false leak"}, {s.missed && !s.wrongClean, "missed or off"},
		{s.grossly, "limit untrue"}, {s.unnamed, "not named"},
	} {
		if w.is {
			all = append(all, w.what)
		}
	}
	return strings.Join(all, ", ")
}

// A kindTally counts the verdicts on one kind.
type kindTally struct {
	n, leak, clean, unsure                                                            int
	wrongClean, falseLeak, missed, covered, trueLeak, untrue, grossly, named, crossed int
	rising, leaking, still, limited                                                   int // that must not be clean, must be a leak, must not be, need a true limit
}

func (t *kindTally) count(m kind, s scored) {
	for _, c := range []struct {
		is bool
		n  *int
	}{
		{true, &t.n}, {s.v.State == soak.Leaking, &t.leak}, {s.v.State == soak.Clean, &t.clean}, {s.v.State == soak.Inconclusive, &t.unsure},
		{s.wrongClean, &t.wrongClean}, {s.falseLeak, &t.falseLeak}, {s.missed, &t.missed}, {s.covers, &t.covered},
		{m.rises(), &t.rising}, {m.want == wantLeak, &t.leaking}, {m.still(), &t.still}, {m.want == wantTrueLimit, &t.limited},
		{m.want == wantLeak && s.v.State == soak.Leaking, &t.trueLeak}, {s.untrue, &t.untrue}, {s.grossly, &t.grossly}, {m.names != nil && !s.unnamed, &t.named}, {s.crossed, &t.crossed},
	} {
		if c.is {
			*c.n++
		}
	}
}

func (m kind) rises() bool { return m.want == wantLeak || m.want == wantNotClean }
func (m kind) still() bool { return m.want == wantNotLeak || m.want == wantUndecided }

// TestEval_Kinds judges many series of each kind and prints a table. Run with
// -eval, -wrong for each wrong verdict, -kind and -first for one of them again.
func TestEval_Kinds(t *testing.T) {
	if !*eval {
		t.Skip("the long evaluation runs with -eval")
	}
	wanted := regexp.MustCompile(*kindsWanted)
	fmt.Printf("%-26s %-21s %5s %5s %5s %6s %8s %8s %7s %7s %8s %8s %6s\n", "kind", "should be", "n", "leak", "clean", "unsure",
		"wr.clean", "f.leak", "missed", "covers", "lim<true", "lim*1.25", "named")
	group := func(name string, all []kind) {
		var pooled kindTally
		for _, m := range all {
			if wanted.MatchString(m.name) {
				sum := judgeKind(t, m)
				fmt.Println(sum.line(m))
				pooled.add(sum)
			}
		}
		fmt.Println(pooled.pooled(name))
	}
	group("kinds", kinds)
	group("classes", classes())
}

// classes are the makers of the other evaluation as kinds.
func classes() (all []kind) {
	for _, group := range []struct {
		want   expectation
		makers []maker
	}{{wantNotLeak, cleanMakers}, {wantLeak, leakMakers}, {wantUndecided, eitherMakers}} {
		for _, m := range group.makers {
			want := group.want
			if m.class == "late_onset" {
				want = wantAny
			}
			all = append(all, kind{name: m.class, want: want, class: &m})
		}
	}
	return all
}

func judgeKind(t *testing.T, m kind) (sum kindTally) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	var next atomic.Int64
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for k := int(next.Add(1)) - 1; k < *perClass; k = int(next.Add(1)) - 1 {
				l := generateKind(m, *seed, *firstOfKind+k)
				q := l.question()
				q.Final = true // as at the end of a run, with the checked limit
				s := m.score(l, Judge{}.Judge(q))
				mu.Lock()
				sum.count(m, s)
				if why := s.wrong(); why != "" || *everyOne {
					report(t, s, *firstOfKind+k, why)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return sum
}

// report prints a wrong verdict with the command that repeats it.
func report(t *testing.T, s scored, k int, why string) {
	if *verbose || *everyOne {
		v := s.v
		label := "WRONG " + why
		if why == "" {
			label = "right"
		}
		fmt.Printf("  %s: -kind '^%s$' -seed %d -first %d -per-class 1: %s, true %.4g/h, slope %.4g [%.4g, %.4g], limit %.4g: %s [%s]\n", label,
			s.l.class, *seed, k, v.State, s.l.slope, v.Slope, v.Lo, v.Hi, v.MinDetectable, v.Reason, strings.Join(v.Warnings, "; "))
	}
	if *seriesDir != "" {
		if err := writeSeries(filepath.Join(*seriesDir, fmt.Sprintf("%s-%d-%d.csv", s.l.class, *seed, k)), s.l.series); err != nil {
			t.Error(err)
		}
	}
}

func writeSeries(name string, s soak.Series) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	fmt.Fprintf(w, "time,%s\n", map[string]string{"count": "fds", "bytes": "rss_bytes"}[s.Metric.Unit])
	for i, at := range s.At {
		fmt.Fprintf(w, "%v,%v\n", at.Seconds(), s.Value[i])
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}

func share(n, of int) string {
	if of == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f%%", 100*float64(n)/float64(of))
}

func (t *kindTally) line(m kind) string {
	naming := 0
	if m.names != nil {
		naming = t.n
	}
	return fmt.Sprintf("%-26s %-21s %5d %5d %5d %6d %8s %8s %7s %7s %8s %8s %6s", m.name, m.want, t.n, t.leak, t.clean, t.unsure,
		share(t.wrongClean, t.rising), share(t.falseLeak, t.still), share(t.missed, t.leaking), share(t.covered, t.trueLeak),
		share(t.untrue, t.limited), share(t.grossly, t.limited), share(t.named, naming))
}

// add adds the counts of another kind.
func (t *kindTally) add(o kindTally) {
	t.n, t.leak, t.clean, t.unsure = t.n+o.n, t.leak+o.leak, t.clean+o.clean, t.unsure+o.unsure
	t.wrongClean, t.rising = t.wrongClean+o.wrongClean, t.rising+o.rising
	t.falseLeak, t.still = t.falseLeak+o.falseLeak, t.still+o.still
	t.missed, t.leaking = t.missed+o.missed, t.leaking+o.leaking
	t.covered, t.trueLeak = t.covered+o.covered, t.trueLeak+o.trueLeak
	t.crossed += o.crossed
	t.untrue, t.grossly, t.limited = t.untrue+o.untrue, t.grossly+o.grossly, t.limited+o.limited
}

func (t *kindTally) pooled(name string) string {
	return fmt.Sprintf("all %s: wrong clean %s of %d, false leaks %s of %d (%d), missed or off %s of %d, interval covers %s of %d, limit below the growth %s, by over %.2f %s of %d, below the interval's upper end or for a leak %s of %d\n",
		name, share(t.wrongClean, t.rising), t.rising, share(t.falseLeak, t.still), t.still, t.falseLeak, share(t.missed, t.leaking), t.leaking,
		share(t.covered, t.trueLeak), t.trueLeak, share(t.untrue, t.limited), limitRoom, share(t.grossly, t.limited), t.limited, share(t.crossed, t.n), t.n)
}
