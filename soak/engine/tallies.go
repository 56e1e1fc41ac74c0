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

// tallySilence is how many ticks may pass under load without a tally before the
// driver's state counts as unknown.
const tallySilence = 5

// loadState is what the driver's tallies have said by now.
type loadState struct {
	plan  []soak.Workload
	state soak.DriverState // of the newest tally
	last  map[string]soak.LoadTally
	wall  time.Time          // of the newest tally, by the driver
	rate  map[string]float64 // achieved by load, between the two newest tallies
	fresh bool               // a tally came since the last row
	quiet int                // ticks since the newest tally
	told  map[errorKey]toldError

	ids       map[string]soak.SeriesID
	interval  map[histKey]soak.Times // since the last row
	minute    map[histKey]*pile      // since the last flush
	latency   map[string]*pile       // of each load until the last flush, for progress
	quantiles map[string]quantiles   // of that
	encoder   *hdrhistogram.Histogram
	flushed   time.Duration
}

type histKey struct {
	load string
	kind soak.HistogramKind
}

// toldError is what was last noted of a kind of errors.
type toldError struct {
	count int64 // by then
	text  string
}

type errorKey struct{ load, kind string }

func newLoadState(plan []soak.Workload) loadState {
	return loadState{
		plan: plan, last: map[string]soak.LoadTally{}, rate: map[string]float64{}, told: map[errorKey]toldError{},
		ids: map[string]soak.SeriesID{}, interval: map[histKey]soak.Times{}, minute: map[histKey]*pile{}, latency: map[string]*pile{}, quantiles: map[string]quantiles{},
		encoder: hdrhistogram.New(1, int64(longest), 3),
	}
}

// tally takes in what the driver said; a closed channel is a dead driver.
func (r *run) tally(t soak.Tally, ok bool) {
	if !ok {
		r.tallies = nil
		r.note(soak.Event{Kind: soak.EventDriver, Process: soak.RoleDriver, Text: "the driver ended: no more load"})
		if r.ended == "" {
			r.ended = soak.EndDriverDead
		}
		return
	}
	if r.load.quiet >= tallySilence {
		r.note(soak.Event{Kind: soak.EventGap, Process: soak.RoleDriver, Value: soak.Float(r.load.quiet), Text: fmt.Sprintf("the driver tells again what the load does, after %d ticks without a word", r.load.quiet)})
	}
	r.load.state, r.load.fresh, r.load.quiet = t.State, true, 0
	if t.Warning != "" {
		r.note(soak.Event{Kind: soak.EventDriver, Process: soak.RoleDriver, Text: t.Warning})
	}
	r.histogram(histKey{"", soak.HistogramPacer}, t.Pacer)
	known, since := !r.load.wall.IsZero(), t.Wall.Sub(r.load.wall).Seconds()
	r.load.wall = t.Wall
	for _, l := range t.Loads {
		if known && since > 0 {
			r.load.rate[l.Load] = float64(l.Operations-r.load.last[l.Load].Operations) / since
		}
		r.tellErrors(l, tenfold)
		r.load.last[l.Load] = l
		r.histogram(histKey{l.Load, soak.HistogramLatency}, l.Latency)
		r.histogram(histKey{l.Load, soak.HistogramService}, l.Service)
		r.histogram(histKey{l.Load, soak.HistogramConnect}, l.Connect)
	}
}

// tenfold is how many times as many errors of a kind there are before they are
// noted again: a handful of events, however long the run.
const tenfold = 10

// tellErrors notes the newest error of each kind of a load where there are some
// times as many as at the last time, and it reads differently.
func (r *run) tellErrors(l soak.LoadTally, times int64) {
	for _, kind := range slices.Sorted(maps.Keys(l.Errors)) {
		key, n, text := errorKey{l.Load, kind}, l.Errors[kind], l.Examples[kind]
		if was := r.load.told[key]; text == was.text || n < times*was.count {
			continue
		}
		r.load.told[key] = toldError{n, text}
		r.note(soak.Event{Kind: soak.EventError, Process: soak.RoleDriver, Load: l.Load, Name: kind, Value: soak.Float(n), Text: text})
	}
}

// histogram adds an interval's times to all that they count for. Those that no
// histogram can hold are told of.
func (r *run) histogram(k histKey, times soak.Times) {
	if len(times) == 0 {
		return
	}
	if most := time.Duration(times[len(times)-2]); most > longest {
		r.note(soak.Event{Kind: soak.EventDriver, Process: soak.RoleDriver, Text: fmt.Sprintf("a %s time of load %q, %v, is too long to be kept", k.kind, k.load, most)})
		return
	}
	of(r.load.minute, k).add(times)
	r.load.interval[k] = merge(r.load.interval[k], times)
}

// of is the pile of a key.
func of[K comparable](all map[K]*pile, k K) *pile {
	if all[k] == nil {
		all[k] = &pile{}
	}
	return all[k]
}

// listen notices a driver that has stopped talking. It counts ticks: in time
// that the monitor itself has missed, tallies wait to be read.
func (r *run) listen() {
	if r.Driver == nil || r.line.phase == soak.PhaseBaseline {
		return // tallies begin with the load
	}
	r.load.quiet++
	if r.load.quiet == tallySilence {
		r.load.state = ""
		r.note(soak.Event{Kind: soak.EventGap, Process: soak.RoleDriver, Text: fmt.Sprintf("the driver has said nothing for %d ticks: what the load does is not known", tallySilence)})
	}
}

// samples turns the tallies since the last row into samples of a row that was
// begun so long since.
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
				put(ofTimes(l.interval[k], q), "pacer_lag_seconds", labels...)
			} else {
				put(ofTimes(l.interval[k], q), string(k.kind)+"_seconds", append(labels, "load", k.load)...)
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

// id names a series of the driver. Names are kept: they are asked for on every
// tick, and there are as many as the loads have counters.
func (l *loadState) id(family string, labels []string) soak.SeriesID {
	key := family + "\x00" + strings.Join(labels, "\x00")
	id, ok := l.ids[key]
	if !ok {
		id = soak.SeriesOf(soak.RoleDriver, soak.LabelName(family, labels...))
		l.ids[key] = id
	}
	return id
}

// flushHistograms stores what has been piled up since the last time.
func (r *run) flushHistograms() {
	at := r.now()
	for k, p := range r.load.minute {
		times := p.all()
		if len(times) == 0 {
			continue
		}
		data, err := r.load.encode(times)
		if err != nil {
			r.keep(fmt.Errorf("encode a histogram: %w", err))
			return
		}
		r.keep(r.Recorder.PutHistogram(soak.Histogram{From: r.load.flushed, To: at, Load: k.load, Kind: k.kind, Data: string(data)}))
		if k.kind == soak.HistogramLatency {
			all := of(r.load.latency, k.load)
			all.add(times)
			r.load.quantiles[k.load] = quantilesOf(all.all())
		}
		p.clear()
	}
	r.load.flushed = at
}

// encode gives times the form in which they are stored. A histogram's counts
// take a quarter of a megabyte, so there is one for all.
func (l *loadState) encode(times soak.Times) ([]byte, error) {
	l.encoder.Reset()
	for i := 0; i+1 < len(times); i += 2 {
		if err := l.encoder.RecordValues(times[i], times[i+1]); err != nil {
			return nil, err
		}
	}
	return l.encoder.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
}

// status is where a load stands, for people who watch it.
func (l *loadState) status(w soak.Workload) LoadStatus {
	t := l.last[w.Name]
	s := LoadStatus{Name: w.Name, Protocol: w.Protocol, Planned: w.Rate, Achieved: l.rate[w.Name], Done: t.Operations, Failed: t.Failed, Late: t.Late, Datagrams: t.Datagrams}
	q, flushed := l.quantiles[w.Name]
	if !flushed {
		q = quantilesOf(of(l.minute, histKey{w.Name, soak.HistogramLatency}).all())
	}
	s.P50, s.P95, s.P99 = q.p50, q.p95, q.p99
	return s
}
