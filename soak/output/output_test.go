package output

import (
	"bytes"
	"errors"
	"io"
	"iter"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"soakmon/soak"
)

// memory is a run in memory.
type memory struct {
	metrics []soak.Metric
	rows    []soak.Row
	err     error // ends the rows
}

type name = soak.SeriesID

func (m memory) Names() []name {
	seen := map[name]bool{}
	var names []name
	for _, r := range m.rows {
		for _, s := range r.Samples {
			n := s.SeriesID
			if !seen[n] {
				seen[n] = true
				names = append(names, n)
			}
		}
	}
	slices.SortFunc(names, name.Compare)
	return names
}

func (m memory) Rows() iter.Seq2[soak.Row, error] {
	return func(yield func(soak.Row, error) bool) {
		for _, r := range m.rows {
			if !yield(r, nil) {
				return
			}
		}
		if m.err != nil {
			yield(soak.Row{}, m.err)
		}
	}
}

func (m memory) Series(of soak.SeriesID) (soak.Series, error) {
	s := soak.Series{ID: of}
	for _, metric := range m.metrics {
		if metric.Name == of.Family() {
			s.Metric = metric
		}
	}
	for _, r := range m.rows {
		for _, sample := range r.Samples {
			if sample.SeriesID == of {
				s.At = append(s.At, r.At)
				s.Value = append(s.Value, sample.Value)
			}
		}
	}
	return s, m.err
}

func (m memory) WallAt(at time.Duration) time.Time {
	for _, r := range m.rows {
		if r.At == at {
			return r.Wall
		}
	}
	return time.Time{}
}

var start = time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC) // 1772330400

// run is two rows with every special case.
func run() memory {
	at := func(s time.Duration, samples ...soak.Sample) soak.Row {
		return soak.Row{At: s, Wall: start.Add(s), Samples: samples}
	}
	return memory{
		metrics: []soak.Metric{
			{Name: "fds", Unit: "count", Kind: soak.Gauge, Help: "Open \"files\",\nsockets and pipes."},
			{Name: "rss_bytes", Unit: "bytes", Kind: soak.Gauge},
			{Name: "cpu_seconds_total", Unit: "seconds", Kind: soak.Counter},
			{Name: "latency_seconds", Unit: "seconds", Kind: soak.Gauge},
			{Name: "odd.name", Unit: "count", Kind: soak.Counter},
			{Name: "jobs", Unit: "count", Kind: soak.Gauge},
			{Name: "jobs_total", Unit: "count", Kind: soak.Counter},
		},
		rows: []soak.Row{
			at(0,
				soak.Sample{SeriesID: soak.SeriesOf("target", "fds"), Value: 7},
				soak.Sample{SeriesID: soak.SeriesOf("driver", "fds"), Value: 9},
				soak.Sample{SeriesID: soak.SeriesOf("target", "rss_bytes"), Value: 1 << 30},
				soak.Sample{SeriesID: soak.SeriesOf("target", "jobs"), Value: 1},
				soak.Sample{SeriesID: soak.SeriesOf("target", "jobs_total"), Value: 2},
				soak.Sample{SeriesID: soak.SeriesOf("target", `odd.name{process="x,y",q="a\"b"}`), Value: math.Inf(1)}),
			at(1001*time.Millisecond,
				soak.Sample{SeriesID: soak.SeriesOf("target", "fds"), Value: math.NaN()},
				soak.Sample{SeriesID: soak.SeriesOf("target", "cpu_seconds_total"), Value: 0.07},
				soak.Sample{SeriesID: soak.SeriesOf("driver", `latency_seconds{load="h2",q="0.99"}`), Value: 1.5e-7}),
		},
	}
}

func TestCSV_Table(t *testing.T) {
	var b bytes.Buffer
	if err := CSV(&b, run()); err != nil {
		t.Fatal(err)
	}
	want := `time,driver/fds,"driver/latency_seconds{load=""h2"",q=""0.99""}",target/cpu_seconds_total,target/fds,target/jobs,target/jobs_total,"target/odd.name{process=""x,y"",q=""a\""b""}",target/rss_bytes
1772330400.000,9,,,7,1,2,+Inf,1073741824
1772330401.001,,0.00000015,0.07,,,,,
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestOpenMetrics_GroupedByFamily(t *testing.T) {
	var b bytes.Buffer
	if err := OpenMetrics(&b, run()); err != nil {
		t.Fatal(err)
	}
	want := `# TYPE cpu_seconds counter
# UNIT cpu_seconds seconds
cpu_seconds_total{process="target"} 0.07 1772330401.001
# TYPE fds gauge
# HELP fds Open \"files\",\nsockets and pipes.
fds{process="driver"} 9 1772330400.000
fds{process="target"} 7 1772330400.000
# TYPE jobs gauge
jobs{process="target"} 1 1772330400.000
# TYPE jobs_total unknown
jobs_total{process="target"} 2 1772330400.000
# TYPE latency_seconds gauge
# UNIT latency_seconds seconds
latency_seconds{process="driver",load="h2",q="0.99"} 0.00000015 1772330401.001
# TYPE odd_name unknown
odd_name{process="target",exported_process="x,y",q="a\"b"} +Inf 1772330400.000
# TYPE rss_bytes gauge
# UNIT rss_bytes bytes
rss_bytes{process="target"} 1073741824 1772330400.000
# EOF
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestOpenMetrics_ClockSetBack(t *testing.T) {
	m := run()
	m.rows[1].Wall = start.Add(-time.Hour)
	m.rows[1].Samples = m.rows[0].Samples
	var b bytes.Buffer
	if err := OpenMetrics(&b, m); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(b.String(), "rss_bytes{"); n != 1 {
		t.Errorf("%d points of a series whose clock was set back, want 1", n)
	}
}

// Prometheus reads every point.
func TestOpenMetrics_Promtool(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("needs promtool: make peers")
	}
	m := run()
	for i := range 5000 {
		row := soak.Row{At: time.Duration(i+2) * time.Second}
		row.Wall = start.Add(row.At)
		for _, s := range m.rows[0].Samples {
			s.Value = float64(i)
			row.Samples = append(row.Samples, s)
		}
		m.rows = append(m.rows, row)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "run.om")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(OpenMetrics(f, m), f.Close()); err != nil {
		t.Fatal(err)
	}
	blocks := filepath.Join(dir, "blocks")
	if err := os.MkdirAll(filepath.Join(blocks, "wal"), 0o700); err != nil { // a data folder of Prometheus has one
		t.Fatal(err)
	}
	if out, err := exec.Command(promtool, "tsdb", "create-blocks-from", "openmetrics", file, blocks).CombinedOutput(); err != nil {
		t.Fatalf("promtool: %v\n%s", err, out)
	}
	out, err := exec.Command(promtool, "tsdb", "dump", blocks).CombinedOutput()
	if err != nil {
		t.Fatalf("promtool: %v\n%s", err, out)
	}
	points := 5000*len(m.rows[0].Samples) + len(m.rows[0].Samples) + 2 // the NaN is left out
	if got := bytes.Count(out, []byte("__name__")); got != points {
		t.Errorf("promtool has %d points, want %d", got, points)
	}
	for _, want := range []string{`__name__="cpu_seconds_total", process="target"} 0.07 1772330401001`, `exported_process="x,y"`} {
		if !bytes.Contains(out, []byte(want)) {
			t.Errorf("promtool has no %s", want)
		}
	}
}

func TestOutput_Errors(t *testing.T) {
	m := run()
	m.err = errors.New("the disk is gone")
	for what, err := range map[string]error{
		"CSV of a bad run":              CSV(io.Discard, m),
		"OpenMetrics of a bad run":      OpenMetrics(io.Discard, m),
		"CSV to a closed file":          CSV(full{}, run()),
		"OpenMetrics to a closed file ": OpenMetrics(full{}, run()),
	} {
		if err == nil {
			t.Errorf("%s: no error", what)
		}
	}
}

// full takes no more bytes.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func BenchmarkOpenMetrics(b *testing.B) {
	m := memory{metrics: run().metrics}
	for i := range 86_400 {
		at := time.Duration(i) * time.Second
		m.rows = append(m.rows, soak.Row{At: at, Wall: start.Add(at), Samples: run().rows[0].Samples[:1]})
	}
	s, _ := m.Series(soak.SeriesOf("target", "fds"))
	one := oneSeries{s}
	for b.Loop() {
		if err := OpenMetrics(io.Discard, one); err != nil {
			b.Fatal(err)
		}
	}
}

// oneSeries is a run of one series.
type oneSeries struct{ s soak.Series }

func (o oneSeries) Names() []name                             { return []name{o.s.ID} }
func (o oneSeries) Series(soak.SeriesID) (soak.Series, error) { return o.s, nil }
func (o oneSeries) WallAt(at time.Duration) time.Time         { return start.Add(at) }
