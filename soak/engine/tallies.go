package engine

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"soakmon/soak"
)

// tallySilence is the number of ticks without a tally after which the state of the
// driver is unknown.
const tallySilence = 5

// loadState is the state of the load as of the newest tally.
type loadState struct {
	plan   []soak.Workload
	state  soak.DriverState // of the newest tally
	last   map[string]soak.LoadTally
	wall   time.Time          // time of the newest tally, by the driver's clock
	rate   map[string]float64 // achieved by load, between the two newest tallies
	fresh  bool               // a tally has arrived since the last row
	silent int                // ticks since the newest tally
	noted  map[errorKey]notedError

	ids       map[string]soak.SeriesID
	interval  map[histKey]soak.Times      // since the last row
	minute    map[histKey]*timesHistogram // since the last flush
	latency   map[string]*timesHistogram  // of each load, up to the last flush
	quantiles map[string]quantiles        // of latency
	encoder   *hdrhistogram.Histogram
	flushed   time.Duration
}

type histKey struct {
	load string
	kind soak.HistogramKind
}

// notedError is the last recorded error of a kind.
type notedError struct {
	count int64 // of failures at that time
	text  string
}

type errorKey struct{ load, kind string }

func newLoadState(plan []soak.Workload) loadState {
	return loadState{
		plan: plan, last: map[string]soak.LoadTally{}, rate: map[string]float64{}, noted: map[errorKey]notedError{},
		ids: map[string]soak.SeriesID{}, interval: map[histKey]soak.Times{}, minute: map[histKey]*timesHistogram{}, latency: map[string]*timesHistogram{}, quantiles: map[string]quantiles{},
		encoder: hdrhistogram.New(1, int64(maxTime), 3),
	}
}

// takeTally processes a tally. ok is false if the channel is closed: the driver has
// exited.
func (r *run) takeTally(t soak.Tally, ok bool) {
	if !ok {
		r.tallies = nil
		r.note(soak.Event{Kind: soak.EventDriver, Process: soak.RoleDriver, Text: "the load driver exited; the load has stopped"})
		if r.ended == "" {
			r.ended = soak.EndDriverDead
		}
		return
	}
	if r.load.silent >= tallySilence {
		r.note(soak.Event{Kind: soak.EventGap, Process: soak.RoleDriver, Value: soak.Float(r.load.silent), Text: fmt.Sprintf("the load driver is reporting again after %d ticks of silence", r.load.silent)})
	}
	r.load.state, r.load.fresh, r.load.silent = t.State, true, 0
	if t.Warning != "" {
		r.note(soak.Event{Kind: soak.EventDriver, Process: soak.RoleDriver, Text: t.Warning})
	}
	r.addTimes(histKey{"", soak.HistogramPacer}, t.Pacer)
	known, since := !r.load.wall.IsZero(), t.Wall.Sub(r.load.wall).Seconds()
	r.load.wall = t.Wall
	for _, l := range t.Loads {
		if known && since > 0 {
			r.load.rate[l.Load] = float64(l.Operations-r.load.last[l.Load].Operations) / since
		}
		r.noteErrors(l, tenfold)
		r.load.last[l.Load] = l
		r.addTimes(histKey{l.Load, soak.HistogramLatency}, l.Latency)
		r.addTimes(histKey{l.Load, soak.HistogramService}, l.Service)
		r.addTimes(histKey{l.Load, soak.HistogramConnect}, l.Connect)
	}
}

// tenfold is the factor by which the number of errors of a kind must grow before
// the kind is noted again, so that a run of any length has few such events.
const tenfold = 10

// noteErrors notes the newest error of each kind of a load, if its text is new and
// the number of errors has grown by the factor times since the last note.
func (r *run) noteErrors(l soak.LoadTally, times int64) {
	for _, kind := range slices.Sorted(maps.Keys(l.Errors)) {
		key, n, text := errorKey{l.Load, kind}, l.Errors[kind], l.Examples[kind]
		if was := r.load.noted[key]; text == was.text || n < times*was.count {
			continue
		}
		r.load.noted[key] = notedError{n, text}
		r.note(soak.Event{Kind: soak.EventError, Process: soak.RoleDriver, Load: l.Load, Name: kind, Value: soak.Float(n), Text: text})
	}
}

// addTimes adds the times of an interval to the histograms of a kind. If one of them
// is longer than maxTime, the interval is dropped, and an event says so.
func (r *run) addTimes(k histKey, times soak.Times) {
	if len(times) == 0 {
		return
	}
	if most := time.Duration(times[len(times)-2]); most > maxTime {
		r.note(soak.Event{Kind: soak.EventDriver, Process: soak.RoleDriver, Text: fmt.Sprintf("a %s time of load %q is too long to be recorded: %v (the limit is %v)", k.kind, k.load, most, maxTime)})
		return
	}
	histogramOf(r.load.minute, k).add(times)
	r.load.interval[k] = merge(r.load.interval[k], times)
}

// histogramOf is the histogram of a key, which it adds if there is none.
func histogramOf[K comparable](all map[K]*timesHistogram, k K) *timesHistogram {
	if all[k] == nil {
		all[k] = &timesHistogram{}
	}
	return all[k]
}

// noteSilence records that the driver has stopped sending tallies. It counts ticks
// instead of time: while the monitor itself is delayed, tallies wait to be read.
func (r *run) noteSilence() {
	if r.Driver == nil || r.line.phase == soak.PhaseBaseline {
		return // tallies begin with the load
	}
	r.load.silent++
	if r.load.silent == tallySilence {
		r.load.state = ""
		r.note(soak.Event{Kind: soak.EventGap, Process: soak.RoleDriver, Text: fmt.Sprintf("no report from the load driver for %d ticks; its state is unknown", tallySilence)})
	}
}

// samples converts the tallies since the last row into samples. since is the time
// since the start of the row they are added to.
func (l *loadState) samples(since time.Duration) []soak.Sample {
	if !l.fresh {
		return nil
	}
	l.fresh = false
	var out []soak.Sample
	put := func(v float64, family string, labels ...string) {
		out = append(out, soak.Sample{SeriesID: l.id(family, labels), Value: v})
	}
	var all int64
	for _, w := range l.plan {
		t, ok := l.last[w.Name]
		if !ok {
			continue
		}
		all += t.Operations
		of := func(family string, n int64) { put(float64(n), family, "load", w.Name) }
		of("planned_operations_total", t.Due)
		of("operations_total", t.Operations)
		of("failed_operations_total", t.Failed)
		of("late_operations_total", t.Late)
		of("sessions_total", t.Sessions)
		of("sent_bytes_total", t.Sent)
		of("received_bytes_total", t.Received)
		of("open_sessions", t.Open)
		of("operations_in_flight", t.InFlight)
		if d := t.Datagrams; d != nil {
			of("lost_datagrams_total", d.Lost)
			of("reordered_datagrams_total", d.Reordered)
			of("duplicated_datagrams_total", d.Duplicated)
			of("overdue_datagrams_total", d.Overdue)
			of("foreign_datagrams_total", d.Foreign)
		}
		byKind := func(family string, count map[string]int64) {
			for _, kind := range slices.Sorted(maps.Keys(count)) {
				put(float64(count[kind]), family, "kind", kind, "load", w.Name)
			}
		}
		byKind("errors_total", t.Errors)
		byKind("dirty_sessions_total", t.Dirty)
		byKind("open_dirty_sessions", t.DirtyOpen)
	}
	put(float64(all), "operations_total")
	put((time.Since(l.wall) - since).Round(time.Millisecond).Seconds(), "tally_age_seconds")
	for _, k := range l.histKeys() {
		for _, q := range []float64{50, 95, 99} {
			labels := []string{"q", strconv.FormatFloat(q/100, 'g', -1, 64)}
			if k.kind == soak.HistogramPacer {
				put(percentile(l.interval[k], q), "pacer_lag_seconds", labels...)
			} else {
				put(percentile(l.interval[k], q), string(k.kind)+"_seconds", append(labels, "load", k.load)...)
			}
		}
	}
	clear(l.interval)
	return out
}

func (l *loadState) histKeys() []histKey {
	return slices.SortedFunc(maps.Keys(l.interval), func(a, b histKey) int {
		return cmp.Or(cmp.Compare(a.load, b.load), cmp.Compare(a.kind, b.kind))
	})
}

// id is the identity of a series of the driver. It is cached, because it is needed on
// every tick; the number of identities is bounded by the counters of the loads.
func (l *loadState) id(family string, labels []string) soak.SeriesID {
	key := family + "\x00" + strings.Join(labels, "\x00")
	id, ok := l.ids[key]
	if !ok {
		id = soak.SeriesOf(soak.RoleDriver, soak.LabelName(family, labels...))
		l.ids[key] = id
	}
	return id
}

// flushHistograms stores the histograms since the last flush.
func (r *run) flushHistograms() {
	at := r.now()
	for k, p := range r.load.minute {
		times := p.all()
		if len(times) == 0 {
			continue
		}
		data, err := r.load.encode(times)
		if err != nil {
			r.recorded(fmt.Errorf("encode a histogram: %w", err))
			return
		}
		r.recorded(r.Recorder.PutHistogram(soak.Histogram{From: r.load.flushed, To: at, Load: k.load, Kind: k.kind, Data: string(data)}))
		if k.kind == soak.HistogramLatency {
			all := histogramOf(r.load.latency, k.load)
			all.add(times)
			r.load.quantiles[k.load] = quantilesOf(all.all())
		}
		p.clear()
	}
	r.load.flushed = at
}

// encode encodes times in the stored format. The counts of an HDR histogram take a
// quarter of a megabyte, so one is shared by all.
func (l *loadState) encode(times soak.Times) ([]byte, error) {
	l.encoder.Reset()
	for i := 0; i+1 < len(times); i += 2 {
		if err := l.encoder.RecordValues(times[i], times[i+1]); err != nil {
			return nil, err
		}
	}
	return l.encoder.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
}

// status is the progress of a load.
func (l *loadState) status(w soak.Workload) LoadStatus {
	t := l.last[w.Name]
	s := LoadStatus{Name: w.Name, Protocol: w.Protocol, Planned: w.Rate, Achieved: l.rate[w.Name], Done: t.Operations, Failed: t.Failed, Late: t.Late, Datagrams: t.Datagrams}
	q, flushed := l.quantiles[w.Name]
	if !flushed {
		q = quantilesOf(histogramOf(l.minute, histKey{w.Name, soak.HistogramLatency}).all())
	}
	s.P50, s.P95, s.P99 = q.p50, q.p95, q.p99
	return s
}
