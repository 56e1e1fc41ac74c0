package chart

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"soakmon/soak"
)

var nan = math.NaN()

const second = time.Second

func seconds(n int) time.Duration { return time.Duration(n) * second }

func TestFit_CoversRange(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		from := time.Duration(r.Int64N(int64(30 * 24 * time.Hour)))
		to := from + time.Duration(r.Int64N(int64(24*time.Hour)))
		interval := time.Duration(1+r.IntN(60)) * 100 * time.Millisecond
		most := 2 + r.IntN(1000)
		g := Fit(from, to, interval, most)
		if g.N > max(most, minBuckets) || g.N < 1 || g.Width%interval != 0 {
			t.Fatalf("Fit(%v, %v, %v, %d) = %+v", from, to, interval, most, g)
		}
		if a, b := g.bucket(from), g.bucket(to); a < 0 || b >= g.N {
			t.Fatalf("Fit(%v, %v, %v, %d) = %+v: the ends fall into %d and %d", from, to, interval, most, g, a, b)
		}
		first, last := g.Window()
		if g.bucket(first) != 0 || g.bucket(first-1) != -1 || g.bucket(last) != g.N-1 {
			t.Fatalf("%+v has the window %v to %v", g, first, last)
		}
	}
	if g := Fit(5*second, 3*second, 0, 0); g.N < 1 {
		t.Errorf("an empty stretch gives %+v", g)
	}
}

// No spike is lost and the mean is exact, however the samples are cut.
func TestReducer_KeepsMinimumMaximumAndMean(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var at []time.Duration
	var value []float64
	for i := range 5000 {
		at = append(at, seconds(i+1)+time.Duration(r.IntN(20)-10)*time.Millisecond)
		value = append(value, math.Floor(100+10*r.NormFloat64()))
	}
	value[1234], value[4321] = 9999, -9999
	g := Fit(0, seconds(5000), second, 300)
	red := NewReducer(g, false)
	red.Add(at[:1000], value[:1000])
	red.Add(at[1000:], value[1000:])
	lo, hi, sum, n := math.Inf(1), math.Inf(-1), 0.0, 0
	for _, b := range red.Buckets() {
		if b.N == 0 {
			continue
		}
		lo, hi, sum, n = min(lo, b.Min), max(hi, b.Max), sum+b.Mean*float64(b.N), n+b.N
	}
	want := 0.0
	for _, v := range value {
		want += v
	}
	if lo != -9999 || hi != 9999 || n != 5000 || math.Abs(sum-want) > 1e-6*want {
		t.Errorf("min %v, max %v, %d samples with the sum %v; want -9999, 9999, 5000, %v", lo, hi, n, sum, want)
	}
}

func TestReducer_LateTicks(t *testing.T) {
	g := Fit(0, seconds(100), second, 600)
	red := NewReducer(g, false)
	for i := 1; i <= 100; i++ {
		red.Add([]time.Duration{seconds(i) + time.Duration(i%7-3)*100*time.Millisecond}, []float64{1})
	}
	for k, b := range red.Buckets()[1:] {
		if b.N != 1 || b.Missing > 0 {
			t.Errorf("bucket %d: %+v", k+1, b)
		}
	}
}

func TestReducer_GapVersusSlowCadence(t *testing.T) {
	g := Fit(0, seconds(120), second, 600)
	fast, seldom := NewReducer(g, false), NewReducer(g, false)
	for i := 1; i <= 120; i++ {
		switch {
		case i >= 40 && i < 50: // the monitor was not there
		case i == 60:
			fast.Add([]time.Duration{seconds(i)}, []float64{nan})
		default:
			fast.Add([]time.Duration{seconds(i)}, []float64{5})
		}
		if i%10 == 0 && i != 70 {
			seldom.Add([]time.Duration{seconds(i)}, []float64{7})
		}
	}
	c := curve(fast.Buckets())
	if c.Mean[40] != missing || c.Mean[41] != absent || c.Mean[60] != missing || c.Mean[59] < 0 {
		t.Errorf("holes of the fast series: %v", c.Mean)
	}
	if s := curve(seldom.Buckets()); s.Mean[11] != absent || slices.Contains(s.Mean, missing) {
		t.Errorf("a series read every 10 s has no holes: %v", s.Mean)
	}
}

func TestReducer_Rate(t *testing.T) {
	g := Fit(0, seconds(10), second, 100)
	red := NewReducer(g, true)
	red.Add([]time.Duration{seconds(1), seconds(2), seconds(4), seconds(5), seconds(6)}, []float64{100, 150, 350, 20, 30})
	b := red.Buckets()
	if b[2].Mean != 50 || b[4].Mean != 100 || b[5].N != 0 || b[6].Mean != 10 {
		t.Errorf("%+v", b)
	}
}

func TestCurve_Precision(t *testing.T) {
	exact := curve([]Bucket{{Mean: 200, Min: 200, Max: 200, N: 1}, {Mean: 1203, Min: 1203, Max: 1203, N: 1}, {Mean: 700, Min: 700, Max: 700, N: 1}})
	if v := exact.Values(); v[0] != 200 || v[1] != 1203 || v[2] != 700 || exact.Min != nil {
		t.Errorf("%v of %+v", v, exact)
	}
	var wild []Bucket
	r := rand.New(rand.NewPCG(5, 6))
	for range 1000 {
		v := 1e9 * r.Float64()
		wild = append(wild, Bucket{Mean: v, Min: v - 1e6, Max: v + 1e6, N: 2})
	}
	c := curve(wild)
	for i, v := range c.Values() {
		if math.Abs(v-wild[i].Mean) > 1.01e9/levels/2 || c.Mean[i] > 20*levels {
			t.Fatalf("%v is coded as %v (%d)", wild[i].Mean, v, c.Mean[i])
		}
	}
	for _, flat := range []float64{0, 1, 20 << 20, -3} {
		if v := curve([]Bucket{{Mean: flat, Min: flat, Max: flat, N: 5}}).Values()[0]; math.Abs(v-flat) > 1e-6*math.Abs(flat) {
			t.Errorf("%v alone is coded as %v", flat, v)
		}
	}
	if c := curve([]Bucket{{}, {Missing: 1}}); c.known() || c.Mean[1] != missing {
		t.Errorf("nothing measured: %+v", c)
	}
}

func names(process string, all ...string) (out []soak.SeriesID) {
	for _, n := range all {
		out = append(out, soak.SeriesOf(process, n))
	}
	return out
}

func TestLayout_Groups(t *testing.T) {
	all := append(names("driver", "operations_total", `operations_total{load="b"}`, `planned_operations_total{load="b"}`, `latency_seconds{load="b",q="0.99"}`, `latency_seconds{load="b",q="0.5"}`,
		`latency_seconds{load="a",q="0.5"}`, `planned_operations_total{load="a"}`, `errors_total{kind="reset",load="a"}`, "rss_bytes", `pacer_lag_seconds{q="1"}`),
		names("target", "rss_bytes", "fds", `fds_kind{kind="tcp"}`, `fds_kind{kind="pipe"}`, `threads_comm{comm="a"}`, `sockets{state="close_wait"}`, `sockets{state="established"}`, "cpu_seconds_total", `cpu_seconds_total{mode="system"}`, "virtual_bytes")...)
	p := soak.Plan{Duration: time.Minute, Load: []soak.Workload{{Name: "b"}, {Name: "a"}}}
	metrics := []soak.Metric{{Name: "cpu_seconds_total", Unit: "seconds", Kind: soak.Counter}, {Name: "rss_bytes", Unit: "bytes", Kind: soak.Gauge}}
	var ids, first []string
	lines := map[string][]string{}
	for _, c := range Layout(all, metrics, p) {
		ids = append(ids, c.ID)
		if c.First {
			first = append(first, c.ID)
		}
		for _, l := range c.Lines {
			lines[c.ID] = append(lines[c.ID], l.Label)
		}
	}
	wantFirst := []string{"load/b: operations", "load/b: latency", "load/a: operations", "load/a: latency", "target/fds", "target/sockets by state", "target/rss_bytes", "target/fds by kind"}
	if !slices.Equal(first, wantFirst) {
		t.Errorf("first %q\nwant  %q", first, wantFirst)
	}
	for id, want := range map[string][]string{
		"load/b: operations": {"planned", "achieved"}, "load/b: latency": {"p50", "p99"}, "load/a: errors": {"reset"}, "target/fds by kind": {"pipe", "tcp"},
		"target/cpu_seconds": {"all", "system"}, "load/pacer_lag": {"max"}, "driver/rss_bytes": {"rss_bytes"},
	} {
		if !slices.Equal(lines[id], want) {
			t.Errorf("%s has the lines %q, want %q; there are %q", id, lines[id], want, ids)
		}
	}
}

type stored map[soak.SeriesID]soak.Series

func (m stored) Columns(names []soak.SeriesID, from, to time.Duration, use func(int, []time.Duration, []float64)) error {
	for i, n := range names {
		for j, at := range m[n].At {
			if at >= from && at <= to {
				use(i, []time.Duration{at}, []float64{m[n].Value[j]})
			}
		}
	}
	return nil
}

func TestDraw_TimeRange(t *testing.T) {
	src := stored{}
	for i := 1; i <= 100; i++ {
		for n, v := range map[soak.SeriesID]float64{{Process: "target", Metric: "fds"}: float64(i), {Process: "driver", Metric: "operations_total"}: float64(200 * i)} {
			s := src[n]
			s.At, s.Value = append(s.At, seconds(i)), append(s.Value, v)
			src[n] = s
		}
	}
	charts := Layout(names("target", "fds", "threads"), nil, soak.Plan{})
	d, err := Draw(src, charts, Fit(seconds(50), seconds(60), second, 100))
	if err != nil || d.From != 50 || d.Width != 1 || d.N != 11 || len(d.Charts) != 2 || d.Operations.Values()[3] != 53*200 {
		t.Fatalf("%+v, %v", d, err)
	}
	if v := d.Charts[0].Curves[0].Values(); v[0] != 50 || v[10] != 60 {
		t.Errorf("fds from 50 to 60 s: %v", v)
	}
	if d.Charts[1].Curves[0].known() {
		t.Error("threads were never recorded")
	}
	if text, err := json.Marshal(d); err != nil || !json.Valid(text) {
		t.Errorf("%s, %v", text, err)
	}
}

func TestMarks_ShadeAllButSteadyLoad(t *testing.T) {
	events := []soak.Event{
		{At: 0, Kind: soak.EventPhase, Name: "warmup"}, {At: seconds(20), Kind: soak.EventPhase, Name: "steady"},
		{At: seconds(50), Kind: soak.EventGap, Value: 5, Text: "5 samples were missed"}, {At: seconds(55), Kind: soak.EventRestart, Text: "restart"},
		{At: seconds(60), Kind: soak.EventPhase, Name: "rest"}, {At: seconds(61), Kind: soak.EventRest, Text: "not marked"},
	}
	marks, shades := Marks(soak.Plan{Interval: second}, events, seconds(70))
	if len(marks) != 2 || marks[1].Kind != "restart" || marks[1].At != 55 {
		t.Errorf("marks %+v", marks)
	}
	want := []Shade{{0, 20, "warmup"}, {60, 70, "rest"}, {45, 50, "gap"}}
	if !slices.Equal(shades, want) {
		t.Errorf("shades %+v, want %+v", shades, want)
	}
	for range 1000 {
		events = append(events, soak.Event{Kind: soak.EventSnapshot})
	}
	if marks, _ = Marks(soak.Plan{}, events, 0); len(marks) > 300 {
		t.Errorf("%d marks", len(marks))
	}
}
