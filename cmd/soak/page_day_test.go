package main

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/google/pprof/profile"

	"soakmon/soak"
	"soakmon/soak/engine"
	"soakmon/store"
)

// recorded is the store's recording of ten minutes of a Go server under load: 50
// series at one sample a second.
const recorded = "../../store/testdata/http.csv.gz"

// day is the length of the runs that are written here.
const day = 24 * time.Hour

// writeDay writes a day of 50 series as a run, and returns its path: the recording
// laid end to end, with fds that grow, the marks of a real day and its histograms.
// At one sample a second it has 4.3 million samples.
func writeDay(t testing.TB, dir, name string, interval time.Duration, fdsPerHour float64, began time.Time) string {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	names, rows := readRecording(t)
	path, ticks := store.Path(dir, store.NewID(began, name)), int(day/interval)
	run := soak.Run{
		ID: strings.TrimSuffix(filepath.Base(path), store.Ext), Name: name, Command: "run", Version: "test", Start: began, End: began.Add(day), Ended: "finished",
		Target: soak.Facts{PID: 4711, Exe: "/srv/shop", NoFile: 65536, Build: "shop v1.2.3"}, Host: soak.Host{Name: "here", OS: "linux", CPUs: 2, Memory: 8 << 30}, Metrics: engine.Metrics(),
		Plan: soak.Plan{
			Name: name, Duration: day, Interval: interval, Warmup: time.Hour,
			Target: soak.Target{PID: 4711}, Load: []soak.Workload{{Name: "http", Protocol: "http", URL: "http://127.0.0.1:8080/", Rate: 200, Concurrency: 200}},
		},
	}
	w, err := store.Create(path, run, store.Options{NoSync: true})
	must(err)
	event := func(at time.Duration, kind soak.EventKind, name, text string) {
		must(w.Note(soak.Event{At: at, Wall: began.Add(at), Kind: kind, Process: "target", Name: name, Text: text}))
	}
	event(0, soak.EventPhase, "warmup", "the load begins")
	h := hdrhistogram.New(1000, 60_000_000_000, 3)
	for i := range 2000 {
		must(h.RecordValue(int64(120_000 + 500*i)))
	}
	latency, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	must(err)
	last := len(rows) - 1
	for n := 1; n <= ticks; n++ {
		round, i := n/len(rows), n%len(rows)
		at := time.Duration(n) * interval
		row := soak.Row{At: at, Wall: began.Add(at)}
		for k, v := range rows[i] {
			if math.IsNaN(v) {
				continue
			}
			if strings.Contains(names[k].Metric, "_total") {
				v += float64(round) * (rows[last][k] - rows[0][k])
			}
			if names[k] == (soak.SeriesOf("target", "fds")) {
				v += math.Floor(fdsPerHour * at.Hours())
			}
			row.Samples = append(row.Samples, soak.Sample{SeriesID: soak.SeriesOf(names[k].Process, names[k].Metric), Value: v})
		}
		operations := 200 * at.Seconds()
		for metric, v := range map[string]float64{`operations_total{load="http"}`: operations, `planned_operations_total{load="http"}`: operations} {
			row.Samples = append(row.Samples, soak.Sample{SeriesID: soak.SeriesOf("driver", metric), Value: v})
		}
		must(w.Append(row))
		switch {
		case at == time.Hour:
			event(at, soak.EventPhase, "steady", "steady load")
		case at%time.Hour == 30*time.Minute:
			event(at, soak.EventSnapshot, "", "profiles were taken")
		case at == day/2:
			event(at, soak.EventAlert, "fds", "firing: fds grow")
		}
		if at%time.Minute == 0 {
			must(w.PutHistogram(soak.Histogram{From: at - time.Minute, To: at, Load: "http", Kind: "latency", Data: string(latency)}))
		}
		if n%4096 == 0 {
			must(w.Flush())
		}
	}
	for i, at := range []time.Duration{time.Minute, day - time.Minute} {
		must(w.PutProfile(soak.ProfileMeta{At: at, Wall: began.Add(at), Process: "target", Kind: "heap", Why: "schedule"}, heapProfile(t, int64(i+1)<<20)))
	}
	must(w.Close())
	return path
}

func readRecording(t testing.TB) (names []soak.SeriesID, rows [][]float64) {
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
		names = append(names, soak.SeriesOf(process, name))
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

// heapProfile is that of a program which keeps kept bytes.
func heapProfile(t testing.TB, kept int64) []byte {
	t.Helper()
	f := &profile.Function{ID: 1, Name: "shop.Keep", Filename: "/src/shop/cart.go"}
	l := &profile.Location{ID: 1, Address: 1, Line: []profile.Line{{Function: f, Line: 12}}}
	p := &profile.Profile{
		SampleType: []*profile.ValueType{{Type: "inuse_objects", Unit: "count"}, {Type: "inuse_space", Unit: "bytes"}},
		PeriodType: &profile.ValueType{Type: "space", Unit: "bytes"}, Period: 512 << 10,
		Function: []*profile.Function{f}, Location: []*profile.Location{l},
		Sample: []*profile.Sample{{Location: []*profile.Location{l}, Value: []int64{kept >> 10, kept}}},
	}
	var out bytes.Buffer
	if err := p.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
