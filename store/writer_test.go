package store

import (
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sync/errgroup"

	"soakmon/soak"
)

func TestAppend_RoundTrip(t *testing.T) {
	w, path := createRun(t, Options{NoSync: true})
	nan := math.NaN()
	const rows = 2*sealRows + 300 // two sealed chunks and some recent rows
	want := map[string][]float64{}
	at := map[string][]time.Duration{}
	for i := range rows {
		v := map[string]float64{"fds": float64(200 + i%3), `latency_seconds{q="0.99"}`: float64(i*i) / 1e9}
		if i%10 == 0 {
			v["rss_bytes"] = float64(4096 * (1000 + i))
		}
		if i%7 == 3 {
			v["fds"] = nan
		}
		if i > 1500 {
			v["foreign"] = math.Sqrt(float64(i))
		}
		now := time.Duration(i) * 1001 * time.Millisecond
		for name, value := range v {
			want[name] = append(want[name], value)
			at[name] = append(at[name], now)
		}
		must(t, w.Append(row(now, v)))
	}
	check := func(r *Reader) {
		t.Helper()
		for name := range want {
			s, err := r.Series(soak.SeriesOf(soak.RoleTarget, name))
			must(t, err)
			if !same(s.Value, want[name]) || !slices.Equal(s.At, at[name]) {
				t.Errorf("%s: %d points differ from the %d that went in", name, len(s.Value), len(want[name]))
			}
		}
		ticks, err := r.Ticks()
		if err != nil || len(ticks) != rows {
			t.Errorf("%d ticks, error %v, want %d", len(ticks), err, rows)
		}
	}
	check(snapshot(t, w))
	r := reopen(t, w, path)
	check(r)

	names := []soak.SeriesID{
		{Process: "target", Metric: "fds"}, {Process: "target", Metric: "foreign"},
		{Process: "target", Metric: `latency_seconds{q="0.99"}`}, {Process: "target", Metric: "rss_bytes"},
	}
	if !slices.Equal(r.Names(), names) {
		t.Errorf("names %v, want %v", r.Names(), names)
	}
	s, _ := r.Series(soak.SeriesOf("target", "rss_bytes"))
	if s.Metric.Quantum != 4096 || s.Metric.Unit != "bytes" {
		t.Errorf("metric %+v", s.Metric)
	}
	if _, err := r.Series(soak.SeriesOf("driver", "fds")); err == nil {
		t.Error("a series that is not there was read")
	}
}

func TestAppend_OnDiskWithinTwoSeconds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run"+Ext)
	synctest.Test(t, func(t *testing.T) {
		w, err := Create(path, testRun(), Options{NoSync: true})
		must(t, err)
		must(t, w.Append(row(0, map[string]float64{"fds": 1})))
		must(t, w.Note(soak.Event{Kind: soak.EventNote}))
		time.Sleep(commitEvery + time.Millisecond)
		synctest.Wait()
		r := asOnDisk(t, path)
		ticks, err := r.Ticks()
		events, err2 := r.Events()
		if err != nil || err2 != nil || len(ticks) != 1 || len(events) != 1 {
			t.Errorf("%d rows and %d events on disk, errors %v, %v", len(ticks), len(events), err, err2)
		}
		must(t, w.Close())
	})
}

// asOnDisk opens the file as a kill would leave it now.
func asOnDisk(t *testing.T, path string) *Reader {
	t.Helper()
	b, err := os.ReadFile(path)
	must(t, err)
	left := filepath.Join(t.TempDir(), "left"+Ext)
	must(t, os.WriteFile(left, b, 0o600))
	verify(t, left)
	return openReader(t, left)
}

func TestAppend_RejectsEarlierRows(t *testing.T) {
	w, path := createRun(t, Options{NoSync: true})
	must(t, w.Append(row(time.Minute, nil)))
	if err := w.Append(row(time.Second, nil)); err == nil {
		t.Error("a row from the past was taken")
	}
	must(t, w.Close())
	w, err := Reopen(path, Options{NoSync: true})
	must(t, err)
	if err := w.Append(row(time.Second, nil)); err == nil {
		t.Error("a row from the past was taken after a reopening")
	}
	must(t, w.Close())
}

func TestAppend_LaterSampleCounts(t *testing.T) {
	w, path := createRun(t, Options{NoSync: true})
	r := row(0, map[string]float64{"fds": 1})
	r.Samples = append(r.Samples, soak.Sample{SeriesID: soak.SeriesOf(soak.RoleTarget, "fds"), Value: 2})
	must(t, w.Append(r))
	s, err := reopen(t, w, path).Series(soak.SeriesOf(soak.RoleTarget, "fds"))
	if err != nil || !same(s.Value, []float64{2}) {
		t.Errorf("got %v, error %v", s.Value, err)
	}
}

func TestWallAt_ClockSet(t *testing.T) {
	w, path := createRun(t, Options{NoSync: true})
	for i := range 20 {
		r := row(time.Duration(i)*time.Second, nil)
		if i >= 10 {
			r.Wall = r.Wall.Add(-time.Hour) // the clock was set
		}
		must(t, w.Append(r))
	}
	r := reopen(t, w, path)
	for at, want := range map[time.Duration]time.Time{
		5 * time.Second:         testStart.Add(5 * time.Second),
		9999 * time.Millisecond: testStart.Add(9999 * time.Millisecond),
		15 * time.Second:        testStart.Add(15*time.Second - time.Hour),
		time.Hour:               testStart,
	} {
		if got := r.WallAt(at); got.Sub(want).Abs() > time.Millisecond {
			t.Errorf("wall time at %v is %v, want %v", at, got, want)
		}
	}
}

func TestSeries_Breaks(t *testing.T) {
	w, path := createRun(t, Options{NoSync: true})
	must(t, w.Append(row(0, map[string]float64{"fds": 1})))
	for i, e := range []soak.Event{
		{Kind: soak.EventPhase, Name: "steady"},
		{Kind: soak.EventRestart, Process: soak.RoleTarget},
		{Kind: soak.EventSuspend},
		{Kind: soak.EventRestart, Process: soak.RoleDriver},
	} {
		e.At = time.Duration(i) * time.Second
		must(t, w.Note(e))
	}
	s, err := reopen(t, w, path).Series(soak.SeriesOf(soak.RoleTarget, "fds"))
	if want := []time.Duration{time.Second, 2 * time.Second}; err != nil || !slices.Equal(s.Breaks, want) {
		t.Errorf("breaks %v, error %v, want %v", s.Breaks, err, want)
	}
}

func TestWriter_RecordsRoundTrip(t *testing.T) {
	w, path := createRun(t, Options{NoSync: true})
	event := soak.Event{At: 1, Wall: testStart, Kind: soak.EventNote, Process: "target", Name: "n", Value: -2.5, Text: "x"}
	histogram := soak.Histogram{From: time.Minute, To: 2 * time.Minute, Load: "h2", Kind: "latency", Data: "HISTFAAAABV4nJNpmSzMwMDA"}
	alert := soak.Alert{Run: "r", Rule: "fds", State: soak.Firing, Since: testStart, At: testStart, Growth: soak.Growth{Slope: 1e300, Hi: 3.5}, Last: -2}
	run := testRun()
	run.End, run.Ended = testStart.Add(time.Hour), "finished"
	must(t, w.Note(event))
	must(t, w.PutHistogram(histogram))
	must(t, w.Enqueue(alert))
	must(t, w.SetRun(run))
	alert.ID = 1

	r := reopen(t, w, path)
	events, err1 := r.Events()
	histograms, err2 := r.Histograms()
	alerts, err3 := r.Alerts()
	must(t, errors.Join(err1, err2, err3))
	if !reflect.DeepEqual(events, []soak.Event{event}) {
		t.Errorf("events %+v", events)
	}
	if !reflect.DeepEqual(histograms, []soak.Histogram{histogram}) {
		t.Errorf("histograms %+v", histograms)
	}
	if !reflect.DeepEqual(alerts, []soak.Alert{alert}) {
		t.Errorf("alerts %+v", alerts)
	}
	if !reflect.DeepEqual(r.Run(), run) {
		t.Errorf("run %+v, want %+v", r.Run(), run)
	}
}

func TestUndelivered_AfterReopen(t *testing.T) {
	w, path := createRun(t, Options{NoSync: true})
	for range 3 {
		must(t, w.Enqueue(soak.Alert{Rule: "r"}))
	}
	must(t, w.Delivered("log", 2))
	must(t, w.Close())

	w, err := Reopen(path, Options{NoSync: true})
	must(t, err)
	defer w.Close()
	for sink, want := range map[string][]uint64{"log": {1, 3}, "webhook": {1, 2, 3}} {
		left, err := w.Undelivered(sink)
		var ids []uint64
		for _, a := range left {
			ids = append(ids, a.ID)
		}
		if err != nil || !slices.Equal(ids, want) {
			t.Errorf("%s: undelivered %v, error %v, want %v", sink, ids, err, want)
		}
	}
	must(t, w.Enqueue(soak.Alert{Rule: "r"}))
	if left, _ := w.Undelivered("log"); len(left) != 3 || left[2].ID != 4 {
		t.Errorf("after a reopening: %v", left)
	}
}

func TestCreate_NeverOverwrites(t *testing.T) {
	_, path := createRun(t, Options{NoSync: true})
	if _, err := Create(path, testRun(), Options{}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("error %v, want fs.ErrExist", err)
	}
	files, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(files) != 1 {
		t.Errorf("the folder holds %v, error %v", files, err)
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
}

func TestOpen_InUse(t *testing.T) {
	w, path := createRun(t, Options{NoSync: true})
	if _, err := Open(path); !errors.Is(err, ErrInUse) {
		t.Errorf("Open: %v, want ErrInUse", err)
	}
	if _, err := Reopen(path, Options{}); !errors.Is(err, ErrInUse) {
		t.Errorf("Reopen: %v, want ErrInUse", err)
	}
	must(t, w.Close())
	must(t, w.Close())
	if err := w.Append(row(0, nil)); !errors.Is(err, ErrClosed) {
		t.Errorf("Append after Close: %v", err)
	}
	openReader(t, path)
}

// However slowly a copy is read, rows are committed in the meantime.
func TestWriteTo_SlowReader(t *testing.T) {
	w, _ := createRun(t, Options{NoSync: true})
	in, out := io.Pipe()
	copied := make(chan error)
	go func() {
		_, err := w.WriteTo(out)
		copied <- err
	}()
	var first [1]byte
	_, err := in.Read(first[:]) // the copy has begun
	must(t, err)
	for i := range 5 * sealRows {
		must(t, w.Append(row(time.Duration(i)*time.Second, map[string]float64{"fds": float64(i * i)})))
	}
	must(t, w.PutProfile(soak.ProfileMeta{Kind: "heap"}, make([]byte, 1<<20))) // makes the file grow
	must(t, w.Flush())
	go io.Copy(io.Discard, in)
	must(t, <-copied)
}

func TestWriter_Concurrent(t *testing.T) {
	w, path := createRun(t, Options{NoSync: true})
	const n = 300
	var all errgroup.Group
	for _, call := range []func(i int) error{
		func(i int) error { return w.Append(row(time.Duration(i)*time.Second, map[string]float64{"fds": 1})) },
		func(int) error { return w.Note(soak.Event{Kind: soak.EventNote}) },
		func(i int) error {
			return errors.Join(w.Enqueue(soak.Alert{Rule: "r"}), w.Delivered("log", uint64(i+1)))
		},
		func(int) error { return w.SetRun(w.Run()) },
		func(int) error { _, err := w.WriteTo(io.Discard); return err },
	} {
		all.Go(func() (err error) {
			for i := range n {
				err = errors.Join(err, call(i))
			}
			return err
		})
	}
	must(t, all.Wait())
	left, err := w.Undelivered("log")
	if err != nil || len(left) != 0 {
		t.Errorf("%d alerts undelivered, error %v", len(left), err)
	}
	r := reopen(t, w, path)
	ticks, err1 := r.Ticks()
	events, err2 := r.Events()
	if len(ticks) != n || len(events) != n {
		t.Errorf("%d rows, %d events, errors %v, %v", len(ticks), len(events), err1, err2)
	}
}

// While the disk is full, appended rows are kept and the error is returned. They are
// written when there is space again.
func TestAppend_DiskFull(t *testing.T) {
	w, path := createRun(t, Options{NoSync: true})
	limitFile(w, 1)
	must(t, w.Note(soak.Event{Text: strings.Repeat("long", 1<<16)})) // fits into no free page
	if err := w.Flush(); err == nil {
		t.Fatal("Flush did not report the full disk")
	}
	for i := range 2000 {
		if err := w.Append(row(time.Duration(i)*time.Second, map[string]float64{"fds": float64(i)})); err == nil {
			t.Fatal("Append did not report the failed commit")
		}
	}
	limitFile(w, 0)
	ticks, err := reopen(t, w, path).Ticks()
	if err != nil || len(ticks) != 2000 {
		t.Errorf("%d rows, error %v", len(ticks), err)
	}
}

func TestAppend_QueueLimit(t *testing.T) {
	w, _ := createRun(t, Options{NoSync: true})
	limitFile(w, 1)
	must(t, w.Note(soak.Event{Text: strings.Repeat("long", 1<<16)}))
	if err := w.Flush(); err == nil {
		t.Fatal("Flush did not report the full disk")
	}
	for i := range 2 * queueRows {
		_ = w.Append(row(time.Duration(i)*time.Second, map[string]float64{"fds": float64(i)}))
	}
	w.mu.Lock()
	if w.rows > queueRows+commitRows {
		t.Errorf("%d rows are queued, want at most %d", w.rows, queueRows+commitRows)
	}
	w.mu.Unlock()
	limitFile(w, 0)
}

// limitFile keeps commits from enlarging the file; 0 removes the limit.
func limitFile(w *Writer, bytes int) {
	w.commits.Lock()
	defer w.commits.Unlock()
	w.db.MaxSize = bytes
}
