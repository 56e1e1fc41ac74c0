package report

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"soakmon/soak"
)

// memory is a Source in memory.
type memory struct {
	run        soak.Run
	series     map[soak.SeriesID]soak.Series
	ticks      []time.Duration
	events     []soak.Event
	alerts     []soak.Alert
	histograms []soak.Histogram
	profiles   []soak.ProfileMeta
	stored     map[uint64][]byte // profiles by ID

	running bool
	says    map[string]soak.Verdict // by process and metric; clean if there is none
}

func (m *memory) Run() soak.Run { return m.run }

func (m *memory) Names() (all []soak.SeriesID) {
	for n := range m.series {
		all = append(all, n)
	}
	slices.SortFunc(all, soak.SeriesID.Compare)
	return all
}

func (m *memory) Series(of soak.SeriesID) (soak.Series, error) {
	s, ok := m.series[of]
	if !ok {
		return s, errors.New("no such series")
	}
	return s, nil
}

func (m *memory) Ticks() ([]time.Duration, error)        { return m.ticks, nil }
func (m *memory) Events() ([]soak.Event, error)          { return m.events, nil }
func (m *memory) Alerts() ([]soak.Alert, error)          { return m.alerts, nil }
func (m *memory) Histograms() ([]soak.Histogram, error)  { return m.histograms, nil }
func (m *memory) Profiles() ([]soak.ProfileMeta, error)  { return m.profiles, nil }
func (m *memory) Profile(id uint64) ([]byte, error)      { return m.stored[id], nil }
func (m *memory) Judge(q soak.Question) (v soak.Verdict) { return m.verdict(q) }
func (m *memory) name(process, metric string) soak.SeriesID {
	return soak.SeriesOf(process, metric)
}
func (m *memory) drop(process, metric string) { delete(m.series, m.name(process, metric)) }
func (m *memory) event(kind soak.EventKind, e soak.Event) {
	e.Kind = kind
	m.events = append(m.events, e)
	m.sortEvents()
}
func (m *memory) sortEvents() {
	slices.SortStableFunc(m.events, func(a, b soak.Event) int { return int(a.At - b.At) })
}
func (m *memory) phase(name string, second int) {
	m.event(soak.EventPhase, soak.Event{Name: name, At: at(second)})
}
func (m *memory) change(process, metric string, f func(second int, v float64) float64) {
	s := m.series[m.name(process, metric)]
	s.Value = slices.Clone(s.Value)
	for i := range s.Value {
		s.Value[i] = f(int(s.At[i]/time.Second), s.Value[i])
	}
	m.series[m.name(process, metric)] = s
}

// verdict is the answer of the stub detector.
func (m *memory) verdict(q soak.Question) soak.Verdict {
	if v, ok := m.says[q.Series.ID.Process+" "+q.Series.ID.Metric]; ok {
		return v
	}
	return soak.Verdict{
		State: soak.Clean, Growth: soak.Growth{Slope: 0.5, Lo: -1, Hi: 2, PerOperation: soak.Float(nan), MinDetectable: 4}, Level: 100, P: 0.4,
		Evidence: "both", Reason: "growth above the tolerance is excluded",
	}
}

func at(second int) time.Duration { return time.Duration(second) * time.Second }

// The good run: 6 s of baseline, 120 s of load of which 20 s are warm-up, 8 s of
// rest, 6 s of draining, at one sample per second.
const (
	loadFrom, steadyFrom, loadTo, drainFrom, lastTick = 6, 26, 126, 134, 140
	goodRate                                          = 200.0
)

var began = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func goodRun() *memory {
	m := &memory{
		run: soak.Run{
			ID: "20260102T030405Z-tcp-0001", Name: "tcp", Command: "run", Version: "test", Start: began, End: began.Add(at(lastTick)), Ended: "finished",
			Target: soak.Facts{PID: 4711, NoFile: 1024}, Host: soak.Host{Name: "here", OS: "linux", CPUs: 2},
			Plan: soak.Plan{
				Name: "tcp", Duration: 2 * time.Minute, Interval: time.Second, Warmup: 20 * time.Second,
				Target: soak.Target{Embedded: soak.Protocols{"tcp"}}, Load: []soak.Workload{{Name: "tcp", Protocol: "tcp", Rate: goodRate}},
			},
		},
		series: map[soak.SeriesID]soak.Series{}, says: map[string]soak.Verdict{},
	}
	for i := 1; i <= lastTick; i++ {
		m.ticks = append(m.ticks, at(i))
	}
	for metric, level := range map[string]float64{"rss_bytes": 20 << 20, "fds": 210, "threads": 9, "goroutines": 215, "children": 0, "go_heap_live_bytes": 2 << 20} {
		m.add(soak.RoleTarget, metric, func(int) float64 { return level })
	}
	m.add(soak.RoleTarget, "cpu_seconds_total", func(second int) float64 { return 0.01 * float64(second) })
	m.add(soak.RoleDriver, "fds", func(int) float64 { return 220 })
	m.add(soak.RoleMonitor, "fds", func(int) float64 { return 30 })
	m.load("tcp", func(second int) float64 { return goodRate * float64(min(max(second-loadFrom, 0), loadTo-loadFrom)) })
	m.add(soak.RoleDriver, "operations_total", m.done("tcp"))
	for name, second := range map[string]int{"baseline": 0, "warmup": loadFrom, "steady": steadyFrom, "rest": loadTo, "drain": drainFrom} {
		m.phase(name, second)
	}
	for _, second := range []int{5, 133, 139} {
		m.event(soak.EventRest, soak.Event{At: at(second), Text: "rest sample"})
		m.event(soak.EventRest, soak.Event{At: at(second), Name: "gc", Text: "rest sample"})
	}
	m.profiles = make([]soak.ProfileMeta, 6)
	m.histograms = []soak.Histogram{{From: at(6), To: at(60), Load: "tcp", Kind: "latency", Data: latencies(1000, 50)}, {From: at(60), To: at(126), Load: "tcp", Kind: "latency", Data: latencies(1000, 70)}}
	return m
}

// add records a series at every tick.
func (m *memory) add(process, metric string, value func(second int) float64) {
	unit := "count"
	if len(metric) > 6 && metric[len(metric)-6:] == "_bytes" {
		unit = "bytes"
	}
	s := soak.Series{ID: soak.SeriesOf(process, metric), Metric: soak.Metric{Name: metric, Unit: unit, Kind: soak.Gauge}}
	for _, t := range m.ticks {
		s.At, s.Value = append(s.At, t), append(s.Value, value(int(t/time.Second)))
	}
	m.series[m.name(process, metric)] = s
}

// load records the driver's counters of a load.
func (m *memory) load(load string, operations func(second int) float64) {
	label := fmt.Sprintf("{load=%q}", load)
	m.add(soak.RoleDriver, "operations_total"+label, operations)
	m.add(soak.RoleDriver, "sessions_total"+label, func(second int) float64 { return math.Floor(operations(second) / 20) })
	m.add(soak.RoleDriver, "sent_bytes_total"+label, func(second int) float64 { return 4096 * operations(second) })
	m.add(soak.RoleDriver, "received_bytes_total"+label, func(second int) float64 { return 4096 * operations(second) })
	for _, zero := range []string{"failed_operations_total", "late_operations_total"} {
		m.add(soak.RoleDriver, zero+label, func(int) float64 { return 0 })
	}
}

// done is a load's counter of operations.
func (m *memory) done(load string) func(second int) float64 {
	s := m.series[m.name(soak.RoleDriver, fmt.Sprintf("operations_total{load=%q}", load))]
	return func(second int) float64 { return s.Value[second-1] }
}

// cut ends the recording after the given second.
func (m *memory) cut(second int) {
	m.ticks = m.ticks[:second]
	for n, s := range m.series {
		i, _ := slices.BinarySearch(s.At, at(second)+1)
		s.At, s.Value = s.At[:i], s.Value[:i]
		m.series[n] = s
	}
	m.events = slices.DeleteFunc(m.events, func(e soak.Event) bool { return e.At > at(second) })
}

func latencies(n int64, microseconds int64) string {
	h := hdrhistogram.New(1000, 60_000_000_000, 3)
	for i := range n {
		if err := h.RecordValue(1000*microseconds + 100*i); err != nil {
			panic(err)
		}
	}
	data, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		panic(err)
	}
	return string(data)
}

func (m *memory) Columns(names []soak.SeriesID, from, to time.Duration, use func(int, []time.Duration, []float64)) error {
	for i, n := range names {
		s := m.series[n]
		first, _ := slices.BinarySearch(s.At, from)
		last, _ := slices.BinarySearch(s.At, to+1)
		use(i, s.At[first:last], s.Value[first:last])
	}
	return nil
}
