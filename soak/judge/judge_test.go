package judge

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"soakmon/soak"
)

func TestSubjects_SelectionAndOrder(t *testing.T) {
	names := []soak.SeriesID{
		name("monitor", "fds"), name("driver", "rss_bytes"), name("driver", "operations_total"),
		name("target", `sockets{state="close_wait"}`), name("target", `sockets{state="listen"}`),
		name("target", "anon_bytes"), name("target", "rss_bytes"), name("target", "goroutines"), name("target", "fds"), name("target", "zz"), name("target", "aa"),
	}
	for _, c := range []struct {
		what  string
		plan  soak.Plan
		names []soak.SeriesID
		want  string
	}{
		{"anonymous memory; the resident set is shown", soak.Plan{Duration: time.Minute}, names, `fds sockets{state="close_wait"} goroutines anon_bytes rss_bytes(shown) driver/rss_bytes monitor/fds`},
		{"a rule takes the default's place", soak.Plan{Rules: []soak.Rule{{Name: "r", Metric: "fds"}}}, names, `fds:r sockets{state="close_wait"} goroutines anon_bytes rss_bytes(shown) driver/rss_bytes monitor/fds`},
		{"two rules are two questions", soak.Plan{Rules: []soak.Rule{{Name: "r", Metric: "fds"}, {Name: "s", Metric: "fds"}}}, []soak.SeriesID{name("target", "fds")}, "fds:r fds:s"},
		{"a rule of a family", soak.Plan{Rules: []soak.Rule{{Name: "r", Metric: "sockets"}}}, names[3:5], `sockets{state="close_wait"}:r sockets{state="listen"}:r`},
		{"a rule of another process", soak.Plan{Rules: []soak.Rule{{Name: "r", Process: "driver", Metric: "operations_total"}}}, names[:3], "driver/rss_bytes driver/operations_total:r monitor/fds"},
		{"what no default knows comes last, by name", soak.Plan{Rules: []soak.Rule{{Name: "r", Metric: "zz"}, {Name: "s", Metric: "aa"}}}, names[8:], "fds aa:s zz:r"},
	} {
		var got []string
		for _, s := range subjects(c.names, c.plan) {
			text := s.id.Metric
			if s.id.Process != soak.RoleTarget {
				text = s.id.Process + "/" + text
			}
			if s.rule != nil {
				text += ":" + s.rule.Name
			}
			text += map[use]string{shown: "(shown)", partial: "(partial)", hidden: "(hidden)"}[s.use]
			got = append(got, text)
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.what, s, c.want)
		}
	}
}

func TestTolerance(t *testing.T) {
	const mib = 1 << 20
	perHour := func(v float64) soak.Quantity { return soak.Quantity{Value: v, Per: soak.PerHour} }
	fds := every("fds", 0, 100, flat(200))
	heap := func(level float64) soak.Series {
		s := every("go_heap_live_bytes", 0, 100, flat(level))
		s.Metric.Unit = "bytes"
		return s
	}
	for _, c := range []struct {
		what   string
		plan   soak.Plan
		rule   *soak.Rule
		series soak.Series
		ops    float64 // an hour
		want   float64
	}{
		{"counts: nothing", soak.Plan{Duration: time.Minute}, nil, fds, 0, 0},
		{"bytes from an hour on: nothing", soak.Plan{Duration: time.Hour}, nil, heap(mib), 0, 0},
		{"bytes below an hour: 1 MiB a run", soak.Plan{Duration: 30 * time.Minute}, nil, heap(mib), 0, 2 * mib},
		{"or 5 % of the level", soak.Plan{Duration: 30 * time.Minute}, nil, heap(100 * mib), 0, 10 * mib},
		{"the plan's for a family", soak.Plan{Tolerance: map[string]soak.Quantity{"fds": perHour(7)}}, nil, fds, 0, 7},
		{"the plan's for a series before its family's", soak.Plan{Tolerance: map[string]soak.Quantity{"sockets": perHour(7), `sockets{state="listen"}`: perHour(9)}}, nil, every(`sockets{state="listen"}`, 0, 9, flat(1)), 0, 9},
		{"0 in a plan is 0", soak.Plan{Duration: time.Minute, Tolerance: map[string]soak.Quantity{"go_heap_live_bytes": perHour(0)}}, nil, heap(mib), 0, 0},
		{"the rule's before the plan's", soak.Plan{Tolerance: map[string]soak.Quantity{"fds": perHour(7)}}, &soak.Rule{MaxGrowth: perHour(3)}, fds, 0, 3},
		{"percent of the level", soak.Plan{}, &soak.Rule{MaxGrowth: soak.Quantity{Value: 0.1, Percent: true, Per: soak.PerHour}}, fds, 0, 20},
		{"percent of the level after warm-up, not of what leaked since", soak.Plan{}, &soak.Rule{MaxGrowth: soak.Quantity{Value: 0.1, Percent: true, Per: soak.PerHour}}, every("fds", 0, 100, func(i int) float64 { return 200 + max(0, float64(i-30))*100 }), 0, 20},
		{"per run", soak.Plan{Duration: 6 * time.Minute}, &soak.Rule{MaxGrowth: soak.Quantity{Value: 2, Per: soak.PerRun}}, fds, 0, 20},
		{"per operation", soak.Plan{}, &soak.Rule{MaxGrowth: soak.Quantity{Value: 0.001, Per: soak.PerOperation}}, fds, 720_000, 720},
		{"per operation, where none were counted: not known", soak.Plan{}, &soak.Rule{MaxGrowth: soak.Quantity{Value: 0.001, Per: soak.PerOperation}}, fds, nan, nan},
		{"of a series without a value", soak.Plan{Duration: 30 * time.Minute}, nil, heap(nan), 0, 2 * mib},
	} {
		got := Tolerance(c.plan, c.rule, c.series, c.ops)
		if got != c.want && !(math.IsNaN(got) && math.IsNaN(c.want)) {
			t.Errorf("%s: %v, want %v", c.what, got, c.want)
		}
	}
}

func TestLimit(t *testing.T) {
	r := Run{Facts: soak.Facts{NoFile: 1024, Memory: 1 << 30}, Plan: soak.Plan{Target: soak.Target{Limits: map[string]float64{"threads": 50, "goroutines": 9}}}}
	for _, c := range []struct {
		run  Run
		name soak.SeriesID
		want float64
	}{
		{r, name("target", "fds"), 1024},
		{r, name("target", "rss_bytes"), 1 << 30},
		{r, name("target", "threads"), 50},
		{r, name("target", "children"), nan},
		{Run{Facts: r.Facts, Plan: soak.Plan{Target: soak.Target{Limits: map[string]float64{"rss_bytes": 100}}}}, name("target", "native_bytes"), 100},
		{r, name("driver", "fds"), nan},
		{Run{}, name("target", "fds"), nan},
		{Run{Facts: r.Facts, Plan: soak.Plan{Target: soak.Target{Limits: map[string]float64{"fds": 100}}}}, name("target", "fds"), 100},
	} {
		got := limit(c.run, c.name)
		if got != c.want && !(math.IsNaN(got) && math.IsNaN(c.want)) {
			t.Errorf("limit of %v: %v, want %v", c.name, got, c.want)
		}
	}
}

// steadyRun is 100 s of warm-up and 500 s of steady load.
var steadyRun = Run{Plan: soak.Plan{Duration: 10 * time.Minute}, Events: []soak.Event{phase("warmup", 0), phase("steady", 100)}, End: 600 * time.Second}

func TestAll_PartOfSteadyLoadIsNeverClean(t *testing.T) {
	half := every("goroutines", 100, 350, flat(5))
	dead := every("fds", 100, 600, flat(nan))
	whole := every("threads", 100, 600, flat(5))
	h := memory{name("target", "goroutines"): half, name("target", "fds"): dead, name("target", "threads"): whole}
	for _, says := range []soak.State{soak.Clean, soak.Leaking, soak.Inconclusive} {
		all, err := All(h, steadyRun, &detector{says: soak.Verdict{State: says, Reason: "detector"}})
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]Judged{}
		for _, j := range all {
			got[j.ID.Metric] = j
		}
		if v := got["threads"].Verdict; v.State != says || v.Reason != "detector" {
			t.Errorf("threads: %s (%s), and the detector said %s", v.State, v.Reason, says)
		}
		want := says
		if says == soak.Clean {
			want = soak.Inconclusive
		}
		for _, metric := range []string{"fds", "goroutines"} {
			if v := got[metric].Verdict; v.State != want {
				t.Errorf("%s: %s (%s), and the detector said %s", metric, v.State, v.Reason, says)
			}
		}
		if r := got["goroutines"].Verdict.Reason; says == soak.Clean && !strings.Contains(r, "49.8 % of the steady load, last at +5 min 49 s") {
			t.Errorf("the reason does not say what is missing: %s", r)
		}
	}
}

func TestAll_RestsOfOneLifetime(t *testing.T) {
	s := every("fds", 0, 600, flat(5))
	run := steadyRun
	for _, at := range []int{50, 150, 250, 350, 450} {
		run.Events = append(run.Events, phase("rest", at-1), rest(at, 0, false))
	}
	for _, c := range []struct {
		what   string
		breaks []int
		want   []int
	}{
		{"one life", nil, []int{50, 150, 250, 350, 450}},
		{"the longer life", []int{200}, []int{250, 350, 450}},
		{"the longer life is the first", []int{400}, []int{50, 150, 250, 350}},
		{"of equal ones the last", []int{100, 200, 300, 400}, []int{450}},
		{"a restart at the instant of a rest sample is before it", []int{350}, []int{50, 150, 250}},
	} {
		s.Breaks = nil
		for _, b := range c.breaks {
			s.Breaks = append(s.Breaks, time.Duration(b)*time.Second)
		}
		d := &detector{}
		if _, err := All(memory{name("target", "fds"): s}, run, d); err != nil {
			t.Fatal(err)
		}
		var got []int
		for _, p := range d.asked[0].Rest {
			got = append(got, int(p.At.Seconds()))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: rests at %v, want %v", c.what, got, c.want)
		}
	}
}

func TestAll_RestWithoutValue(t *testing.T) {
	s := every("fds", 0, 600, func(i int) float64 {
		if i == 250 {
			return nan
		}
		return 5
	})
	run := steadyRun
	run.Events = append(run.Events, phase("rest", 149), rest(150, 4, true), phase("rest", 249), rest(250, 4, true))
	d := &detector{}
	if _, err := All(memory{name("target", "fds"): s}, run, d); err != nil {
		t.Fatal(err)
	}
	want := soak.RestPoint{At: 150 * time.Second, Value: 5, Open: 4, Forced: true}
	if got := d.asked[0].Rest; len(got) != 1 || got[0] != want {
		t.Errorf("rests %v, want %v alone", got, want)
	}
}

func TestAll_TolerancePerOperation(t *testing.T) {
	ops := every("operations_total", 100, 600, func(i int) float64 { return float64(i%2) + 100*float64(min(i, 350)) + 200*float64(max(0, i-350)) })
	h := memory{name("driver", "operations_total"): ops, name("target", "fds"): every("fds", 100, 600, flat(5))}
	run := steadyRun
	run.Plan.Rules = []soak.Rule{{Name: "r", Metric: "fds", MaxGrowth: soak.Quantity{Value: 0.001, Per: soak.PerOperation}}}
	all, err := All(h, run, &detector{})
	if err != nil {
		t.Fatal(err)
	}
	if got := all[0].Tolerance; math.Abs(got-540) > 2 { // a mean of 150 a second
		t.Errorf("tolerance %v an hour, want 540", got)
	}
}

func TestAll_UnreadableSeries(t *testing.T) {
	h := broken{memory{name("target", "fds"): {}}}
	if _, err := All(h, steadyRun, &detector{}); err == nil || !strings.Contains(err.Error(), "unreadable") {
		t.Errorf("error %v", err)
	}
}

type broken struct{ memory }

func (broken) Series(soak.SeriesID) (soak.Series, error) {
	return soak.Series{}, fmt.Errorf("unreadable")
}

func TestNewest_CountsMeasuredValuesOnly(t *testing.T) {
	raw := soak.Series{Value: []float64{1, nan, 3, nan}}
	reduced := soak.Series{Value: []float64{1, 3}, N: []uint32{10, 5}}
	for _, c := range []struct {
		s    soak.Series
		last float64
		n    int
	}{{raw, 3, 2}, {reduced, 3, 15}, {soak.Series{}, nan, 0}} {
		last, n := newest(c.s)
		if n != c.n || last != c.last && !(math.IsNaN(last) && math.IsNaN(c.last)) {
			t.Errorf("newest of %v: %v of %d, want %v of %d", c.s.Value, last, n, c.last, c.n)
		}
	}
}
