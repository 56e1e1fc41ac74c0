package store

import (
	"compress/gzip"
	"encoding/csv"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"soakmon/soak"
)

// recording is 10 minutes at 1 s of a Go HTTP server under 200 requests per second,
// with the driver's counters and some series of the monitor: 50 series, as written by
// `soak export --format csv`. Any similar run may replace it:
//
//	soak run --protocol http --duration 10m --name http
//	soak export http --format csv | gzip -9n >testdata/http.csv.gz
type recording struct {
	names []soak.SeriesID
	at    []time.Duration
	rows  [][]float64 // NaN for an empty cell
}

func readRecording(t testing.TB) recording {
	t.Helper()
	f, err := os.Open("testdata/http.csv.gz")
	must(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	must(t, err)
	cells, err := csv.NewReader(z).ReadAll()
	must(t, err)
	var r recording
	for _, column := range cells[0][1:] {
		process, name, _ := strings.Cut(column, "/")
		r.names = append(r.names, soak.SeriesOf(process, name))
	}
	for _, line := range cells[1:] {
		seconds, err := strconv.ParseFloat(line[0], 64)
		must(t, err)
		r.at = append(r.at, time.Duration(math.Round(seconds*1e3))*time.Millisecond)
		var values []float64
		for _, cell := range line[1:] {
			v := math.NaN()
			if cell != "" {
				v, err = strconv.ParseFloat(cell, 64)
				must(t, err)
			}
			values = append(values, v)
		}
		r.rows = append(r.rows, values)
	}
	return r
}

// row is row n of the recording repeated end to end: time and counters continue
// from the previous repetition, gauges start again.
func (r recording) row(n int) soak.Row {
	last := len(r.rows) - 1
	round, i := n/len(r.rows), n%len(r.rows)
	length := r.at[last] - r.at[0] + time.Second
	row := soak.Row{At: r.at[i] - r.at[0] + time.Duration(round)*length}
	row.Wall = testStart.Add(row.At)
	for k, v := range r.rows[i] {
		if math.IsNaN(v) {
			continue
		}
		if strings.Contains(r.names[k].Metric, "_total") {
			v += float64(round) * (r.rows[last][k] - r.rows[0][k])
		}
		row.Samples = append(row.Samples, soak.Sample{SeriesID: soak.SeriesOf(r.names[k].Process, r.names[k].Metric), Value: v})
	}
	return row
}

// metrics are the families in the recording with the quanta that the probes
// declare.
func (r recording) metrics() []soak.Metric {
	var all []soak.Metric
	for _, n := range r.names {
		m := metricOf(nil, n.Metric)
		switch {
		case strings.HasPrefix(m.Name, "cpu_seconds"):
			m.Quantum = 0.01
		case strings.HasSuffix(m.Name, "_seconds"):
			m.Quantum = 1e-9
		case strings.HasPrefix(m.Name, "rss_"):
			m.Quantum = 1024
		default:
			m.Quantum = 1
		}
		all = append(all, m)
	}
	return all
}
