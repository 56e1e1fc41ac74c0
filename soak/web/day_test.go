package web_test

import (
	"compress/gzip"
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"soakmon/soak"
	"soakmon/soak/engine"
	"soakmon/store"
)

// recorded is the store's recording of ten minutes of a Go server under load: 50
// series at one sample a second.
const recorded = "../../store/testdata/http.csv.gz"

const dayTicks = 86_400

// writeDay writes a day of 50 series at one sample a second, 4.3 million samples,
// as a run: the recording laid end to end, with fds that grow, the marks of a real
// day and its histograms.
func writeDay(t testing.TB, path, name string, ticks int, fdsPerHour float64, began time.Time) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	names, rows := readRecording(t)
	run := soak.Run{
		ID: strings.TrimSuffix(filepath.Base(path), store.Ext), Name: name, Command: "run", Version: "test", Start: began, End: began.Add(time.Duration(ticks) * time.Second), Ended: "finished",
		Target: soak.Facts{PID: 4711, Exe: "/srv/shop", NoFile: 65536, Build: "shop v1.2.3"}, Host: soak.Host{Name: "here", OS: "linux", CPUs: 2, Memory: 8 << 30}, Metrics: engine.Metrics(),
		Plan: soak.Plan{
			Name: name, Duration: time.Duration(ticks) * time.Second, Interval: time.Second, Warmup: time.Minute,
			Target: soak.Target{PID: 4711}, Load: []soak.Workload{{Name: "http", Protocol: "http", URL: "http://127.0.0.1:8080/", Rate: 200, Concurrency: 200}},
		},
	}
	w, err := store.Create(path, run, store.Options{NoSync: true})
	must(err)
	event := func(second int, kind soak.EventKind, name, text string, value float64) {
		at := time.Duration(second) * time.Second
		must(w.Note(soak.Event{At: at, Wall: began.Add(at), Kind: kind, Process: "target", Name: name, Text: text, Value: value}))
	}
	event(0, soak.EventPhase, "warmup", "the load begins", 0)
	h := hdrhistogram.New(1000, 60_000_000_000, 3)
	for i := range 2000 {
		must(h.RecordValue(int64(120_000 + 500*i)))
	}
	latency, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	must(err)
	last := len(rows) - 1
	for n := 1; n <= ticks; n++ {
		round, i := n/len(rows), n%len(rows)
		row := soak.Row{At: time.Duration(n) * time.Second, Wall: began.Add(time.Duration(n) * time.Second)}
		for k, v := range rows[i] {
			if math.IsNaN(v) {
				continue
			}
			if strings.Contains(names[k].Name, "_total") {
				v += float64(round) * (rows[last][k] - rows[0][k])
			}
			if names[k] == (soak.Name{Process: "target", Name: "fds"}) {
				v += math.Floor(fdsPerHour * float64(n) / 3600)
			}
			row.Samples = append(row.Samples, soak.Sample{Process: names[k].Process, Metric: names[k].Name, Value: v})
		}
		operations := float64(200 * n)
		for metric, v := range map[string]float64{`operations_total{load="http"}`: operations, `planned_operations_total{load="http"}`: operations} {
			row.Samples = append(row.Samples, soak.Sample{Process: "driver", Metric: metric, Value: v})
		}
		must(w.Append(row))
		switch {
		case n == 60:
			event(n, soak.EventPhase, "steady", "steady load", 0)
		case n%3600 == 1800:
			event(n, soak.EventSnapshot, "", "profiles were taken", 0)
		case n == ticks/2:
			event(n, soak.EventAlert, "fds", "firing: fds grow", 0)
		}
		if n%60 == 0 {
			at := time.Duration(n) * time.Second
			must(w.PutHistogram(soak.Histogram{From: at - time.Minute, To: at, Load: "http", Kind: "latency", Data: string(latency)}))
		}
		if n%4096 == 0 {
			must(w.Flush())
		}
	}
	for i, kind := range []string{"heap", "heap"} {
		at := time.Duration(i*(ticks-1)+1) * time.Second
		must(w.PutProfile(soak.ProfileMeta{At: at, Wall: began.Add(at), Process: "target", Kind: kind, Why: "schedule"}, heapProfile(t)))
	}
	must(w.Close())
}

func readRecording(t testing.TB) (names []soak.Name, rows [][]float64) {
	t.Helper()
	f, err := os.Open(recorded)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	cells, err := csv.NewReader(z).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, column := range cells[0][1:] {
		process, name, _ := strings.Cut(column, "/")
		names = append(names, soak.Name{Process: process, Name: name})
	}
	for _, line := range cells[1:] {
		row := make([]float64, len(names))
		for i, cell := range line[1:] {
			row[i] = math.NaN()
			if cell == "" {
				continue
			}
			if row[i], err = strconv.ParseFloat(cell, 64); err != nil {
				t.Fatal(err)
			}
		}
		rows = append(rows, row)
	}
	return names, rows
}

func runPath(dir string, began time.Time, name string, n int) string {
	return store.Path(dir, fmt.Sprintf("%s-%s-%04x", began.UTC().Format("20060102T150405Z"), name, n))
}

// TestWriteDay keeps a day's file for people to look at.
func TestWriteDay(t *testing.T) {
	dir := os.Getenv("SOAK_KEEP_DAY")
	if dir == "" {
		t.Skip("SOAK_KEEP_DAY names no folder to keep a day's file in")
	}
	for i, fds := range []float64{0, 2} {
		began := time.Date(2026, 11, 20+i, 2, 0, 0, 0, time.UTC)
		writeDay(t, runPath(dir, began, "shop", i), "shop", dayTicks, fds, began)
	}
}
