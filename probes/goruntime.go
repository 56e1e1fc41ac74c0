package probes

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/url"
	"os"
	"slices"
	"time"

	"soakmon/soak"
	"soakmon/soak/fetch"
	"soakmon/soak/procfs"
)

func init() {
	register(spec{name: "goruntime", class: slow, every: time.Second, own: true, remote: true, metrics: append(slices.Clone(golang), managedHeap), open: func(e *env) Probe {
		p := e.process
		if p.PID == os.Getpid() || p.Pprof == "" && p.Vars == "" && p.Metrics == "" {
			return nil
		}
		return &goruntime{client: fetch.NewClient(), gogc: collectorPercent(e), state: e.golang}
	}})
}

// goruntime reads the numbers of the Go runtime from the pages that the
// process serves, and the families that the plan names from its Prometheus
// page. The first page that serves a number wins: Prometheus, expvar, the
// comments of the heap profile. A later page is fetched only for what the
// earlier ones do not serve, and never in place of one that fails, so that the
// source of a series does not change.
type goruntime struct {
	client  *fetch.Client
	gogc    float64 // GOGC of the process's environment
	foreign []soak.Metric
	told    []string
	state   *golangState
	derived bool     // a live heap has been derived
	cycles  float64  // collections, as of the last reading; 0: none was read
	managed *heapUse // of another runtime, as of the last reading
}

func (g *goruntime) Metrics() []soak.Metric {
	return append(append(slices.Clone(golang), managedHeap), g.foreign...)
}

func (g *goruntime) notes() []string { return g.told }

func (g *goruntime) Close() error {
	g.client.Close()
	return nil
}

func (g *goruntime) Read(ctx context.Context, p soak.Process) ([]soak.Sample, error) {
	g.told = nil
	values := make(map[string]float64)
	samples, err := g.prometheus(ctx, p, values)
	if err == nil && p.Vars != "" && !complete(values) {
		err = g.page(ctx, p.Vars, pageLimits, parseVars, values)
	}
	if err == nil && p.Pprof != "" && !complete(values) {
		err = g.heap(ctx, p.Pprof, values)
	}
	if err == nil && len(values) == 0 && len(p.Keep) == 0 && g.managed == nil {
		err = errors.New("no page serves numbers of a Go runtime; check the metrics and vars URLs")
	}
	if p.Pprof != "" {
		delete(values, "goroutines") // the index page has it, and at every tick
	}
	if v, ok := values["go_metadata_bytes"]; ok && err == nil {
		g.state.set(v)
	}
	return append(samples, g.samples(p.Role, values)...), err
}

// complete reports whether no further page is needed; metadata alone are too small
// to be worth one.
func complete(v map[string]float64) bool {
	for _, m := range golang[2:] {
		if _, ok := v[m.Name]; !ok && m.Name != "go_metadata_bytes" {
			return false
		}
	}
	_, live := v["go_heap_live_bytes"]
	_, goal := v[nextGC]
	return live || goal
}

// page fetches a page and adds what values does not have yet.
func (g *goruntime) page(ctx context.Context, url string, l fetch.Limits, parse func([]byte) (map[string]float64, error), values map[string]float64) error {
	b, err := g.client.Get(ctx, url, l)
	if err != nil {
		return err
	}
	got, err := parse(b)
	if err != nil {
		return fmt.Errorf("page of %d bytes: %w", len(b), err)
	}
	merge(values, got)
	return nil
}

func merge(values, more map[string]float64) {
	for name, v := range more {
		if _, ok := values[name]; !ok {
			values[name] = v
		}
	}
}

// heap reads the memory statistics that net/http/pprof appends to the text
// form of the heap profile. The page grows with the number of call sites.
func (g *goruntime) heap(ctx context.Context, pprof string, values map[string]float64) error {
	page, err := fetch.Below(pprof, "heap", url.Values{"debug": {"1"}})
	if err != nil {
		return err
	}
	limits := pageLimits
	limits.Bytes *= 2
	return g.page(ctx, page, limits, parseHeap, values)
}

func (g *goruntime) prometheus(ctx context.Context, p soak.Process, values map[string]float64) ([]soak.Sample, error) {
	if p.Metrics == "" {
		return nil, nil
	}
	b, err := g.client.Get(ctx, p.Metrics, pageLimits)
	if err != nil {
		return nil, err
	}
	families, err := parsePrometheus(b)
	if err != nil {
		return nil, err
	}
	merge(values, runtimeOf(families))
	kept, metrics, err := keep(families, p)
	if use, ok := heapUseOf(families); ok {
		if g.managed != nil {
			use.after = g.managed.after
			if use.collected(*g.managed) {
				use.after = use.used
			}
		}
		if use.after > 0 {
			kept = append(kept, p.Sample(managedHeap.Name, use.after))
		}
		g.managed = &use
	}
	for _, m := range metrics {
		if !slices.Contains(g.foreign, m) {
			g.foreign = append(g.foreign, m)
		}
	}
	return kept, err
}

// samples are the values that are series, in the order of golang.
func (g *goruntime) samples(role string, values map[string]float64) []soak.Sample {
	if _, served := values["go_heap_live_bytes"]; !served && values[nextGC] > 0 {
		g.derive(values)
	}
	var all []soak.Sample
	for _, m := range golang {
		if v, ok := values[m.Name]; ok {
			all = append(all, soak.Sample{SeriesID: soak.SeriesOf(role, m.Name), Value: v})
		}
	}
	return all
}

func (g *goruntime) derive(values map[string]float64) {
	merge(values, map[string]float64{gogc: g.gogc})
	live, ok := deriveLive(values)
	after, collected := g.afterCollection(values)
	switch {
	case ok:
		g.derived = true
		values["go_heap_live_bytes"] = live
		g.told = append(g.told, fmt.Sprintf("go_heap_live_bytes is estimated from the collector's goal at GOGC=%g; for exact values serve runtime/metrics (/gc/heap/live:bytes) on the page of --metrics or --vars", values[gogc]))
	case leastGoal(values):
		if collected {
			values["go_heap_live_bytes"] = after
		}
	case g.derived:
		values["go_heap_live_bytes"] = math.NaN()
	default:
		g.told = append(g.told, "go_heap_live_bytes cannot be derived: the collector is off; serve /gc/heap/live:bytes on a Prometheus page to have it")
	}
}

// afterCollection is the heap in use at the first reading after a collection: the
// live heap and what was allocated since, at most one reading long. A small heap has
// no better figure, because the collector's goal does not depend on it.
func (g *goruntime) afterCollection(values map[string]float64) (live float64, ok bool) {
	alloc, known := values[heapAlloc]
	cycles := values["go_gc_cycles_total"]
	ok = known && g.cycles > 0 && cycles > g.cycles
	g.cycles = cycles
	return alloc, ok
}

// collectorPercent is GOGC in the environment of the process: 100 where it is
// not set or cannot be read, 0 where the collector is off.
func collectorPercent(e *env) float64 {
	value, ok := e.proc.Environ(e.process.PID, "GOGC")
	if !ok {
		return 100
	}
	if value == "off" {
		return 0
	}
	if n, ok := procfs.Number([]byte(value)); ok {
		return float64(n)
	}
	return 100
}
