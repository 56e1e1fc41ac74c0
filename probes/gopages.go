package probes

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"soakmon/soak"
	"soakmon/soak/procfs"
)

// parseVars reads memstats from an expvar page.
func parseVars(page []byte) (map[string]float64, error) {
	var vars struct {
		Memstats *struct {
			HeapAlloc, HeapInuse, HeapIdle, HeapReleased, StackInuse, NumGC, NextGC float64
			MSpanSys, MCacheSys, BuckHashSys, GCSys, OtherSys                       float64
		} `json:"memstats"`
	}
	if err := json.Unmarshal(page, &vars); err != nil {
		return nil, fmt.Errorf("not an expvar page: %w", err)
	}
	if vars.Memstats == nil {
		return nil, errors.New("the expvar page has no memstats")
	}
	m := vars.Memstats
	return map[string]float64{
		"go_heap_inuse_bytes":    m.HeapInuse,
		"go_heap_idle_bytes":     m.HeapIdle,
		"go_heap_released_bytes": m.HeapReleased,
		"go_stack_bytes":         m.StackInuse,
		"go_metadata_bytes":      m.MSpanSys + m.MCacheSys + m.BuckHashSys + m.GCSys + m.OtherSys,
		"go_gc_cycles_total":     m.NumGC,
		nextGC:                   m.NextGC,
		heapAlloc:                m.HeapAlloc,
	}, nil
}

// heapComments are the comment lines at the end of heap?debug=1.
var heapComments = map[string]string{
	"HeapInuse": "go_heap_inuse_bytes", "HeapIdle": "go_heap_idle_bytes", "HeapReleased": "go_heap_released_bytes",
	"Stack": "go_stack_bytes", "NumGC": "go_gc_cycles_total", "NextGC": nextGC, "HeapAlloc": heapAlloc,
}

// parseHeap reads the memory statistics of a heap profile in text form.
func parseHeap(page []byte) (map[string]float64, error) {
	values, found := make(map[string]float64), 0
	for line := range bytes.Lines(page) {
		rest, comment := bytes.CutPrefix(line, []byte("# "))
		name, value, assigned := bytes.Cut(rest, []byte(" = "))
		if !comment || !assigned {
			continue
		}
		switch series := heapComments[string(name)]; {
		case series != "":
			if n, ok := procfs.Number(value); ok {
				values[series] = float64(n)
				found++
			}
		case slices.Contains(metadataComments, string(name)):
			n, _ := procfs.Number(afterSlash(value))
			values["go_metadata_bytes"] += float64(n)
		}
	}
	if found != len(heapComments) {
		return nil, errors.New("not a heap profile in text form: its memory statistics are missing")
	}
	return values, nil
}

// metadataComments are memory of the runtime itself: either one number, or what
// is in use, a slash and what was taken from the system.
var metadataComments = []string{"MSpan", "MCache", "BuckHashSys", "GCSys", "OtherSys"}

func afterSlash(value []byte) []byte {
	_, sys, ok := bytes.Cut(value, []byte(" / "))
	if !ok {
		return value
	}
	return sys
}

func parsePrometheus(page []byte) (map[string]*dto.MetricFamily, error) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(page))
	if err != nil {
		return nil, fmt.Errorf("not a Prometheus text page: %w", err)
	}
	return families, nil
}

// runtimeFamilies says where client_golang's Go collector serves each number;
// the first family that is there counts.
var runtimeFamilies = []struct{ series, family string }{
	{"goroutines", "go_goroutines"},
	{"goroutines", "go_sched_goroutines_goroutines"},
	{"go_heap_live_bytes", "go_gc_heap_live_bytes"},
	{"go_heap_inuse_bytes", "go_memstats_heap_inuse_bytes"},
	{"go_heap_idle_bytes", "go_memstats_heap_idle_bytes"},
	{"go_heap_released_bytes", "go_memstats_heap_released_bytes"},
	{"go_stack_bytes", "go_memstats_stack_inuse_bytes"},
	{"go_gc_cycles_total", "go_gc_cycles_total_gc_cycles_total"},
	{"go_gc_cycles_total", "go_gc_duration_seconds"},
	{"go_metadata_bytes", "go_memstats_mspan_sys_bytes"},
	{nextGC, "go_memstats_next_gc_bytes"},
	{heapAlloc, "go_memstats_heap_alloc_bytes"},
	{gogc, "go_gc_gogc_percent"},
}

// runtimeOf picks the numbers of the Go runtime from a Prometheus page.
func runtimeOf(families map[string]*dto.MetricFamily) map[string]float64 {
	values := make(map[string]float64)
	for _, r := range runtimeFamilies {
		f := families[r.family]
		if _, have := values[r.series]; have || f == nil || len(f.Metric) != 1 {
			continue
		}
		m := f.Metric[0]
		switch {
		case m.Gauge != nil:
			values[r.series] = m.Gauge.GetValue()
		case m.Counter != nil:
			values[r.series] = m.Counter.GetValue()
		case m.Summary != nil:
			values[r.series] = float64(m.Summary.GetSampleCount())
		case m.Untyped != nil:
			values[r.series] = m.Untyped.GetValue()
		}
	}
	for _, name := range moreMetadata {
		if f := families[name]; f != nil && len(f.Metric) == 1 {
			values["go_metadata_bytes"] += f.Metric[0].GetGauge().GetValue()
		}
	}
	return values
}

// moreMetadata are families that count as metadata in addition to that of the spans.
var moreMetadata = []string{"go_memstats_mcache_sys_bytes", "go_memstats_buck_hash_sys_bytes", "go_memstats_gc_sys_bytes", "go_memstats_other_sys_bytes"}

// maxForeign is the most series that are kept from a Prometheus page.
const maxForeign = 200

// keep makes series of the families that the plan names: of a histogram or
// summary its count and sum. The error names what could not be kept.
func keep(families map[string]*dto.MetricFamily, p soak.Process) (all []soak.Sample, metrics []soak.Metric, err error) {
	ours := Metrics()
	for _, name := range p.Keep {
		f := families[name]
		switch {
		case slices.ContainsFunc(ours, func(m soak.Metric) bool { return m.Name == name }):
			err = errors.Join(err, fmt.Errorf("family %s is also the name of one that soak measures itself and is not kept", name))
			continue
		case f == nil:
			err = errors.Join(err, fmt.Errorf("the Prometheus page has no family %s", name))
			continue
		}
		for _, m := range f.Metric {
			for suffix, v := range valuesOf(m) {
				all = append(all, p.Sample(soak.LabelName(name+suffix, labels(m.Label)...), v))
			}
		}
		metrics = append(metrics, describe(f)...)
	}
	slices.SortStableFunc(all, func(a, b soak.Sample) int { return strings.Compare(a.Metric, b.Metric) })
	if len(all) > maxForeign {
		err = errors.Join(err, fmt.Errorf("%d series on the Prometheus page are named to be kept, the first %d are", len(all), maxForeign))
		all = all[:maxForeign]
	}
	return all, metrics, err
}

// valuesOf are the values of one series by the suffix of its name.
func valuesOf(m *dto.Metric) map[string]float64 {
	switch {
	case m.Gauge != nil:
		return map[string]float64{"": m.Gauge.GetValue()}
	case m.Counter != nil:
		return map[string]float64{"": m.Counter.GetValue()}
	case m.Untyped != nil:
		return map[string]float64{"": m.Untyped.GetValue()}
	case m.Summary != nil:
		return map[string]float64{"_count": float64(m.Summary.GetSampleCount()), "_sum": m.Summary.GetSampleSum()}
	case m.Histogram != nil:
		return map[string]float64{"_count": float64(m.Histogram.GetSampleCount()), "_sum": m.Histogram.GetSampleSum()}
	}
	return nil
}

// describe makes our families of a foreign one; the name determines the unit.
func describe(f *dto.MetricFamily) []soak.Metric {
	name := f.GetName()
	m := soak.Metric{Name: name, Unit: unitOf(name), Kind: soak.Gauge, Help: f.GetHelp()}
	switch f.GetType() {
	case dto.MetricType_COUNTER:
		m.Kind = soak.Counter
	case dto.MetricType_SUMMARY, dto.MetricType_HISTOGRAM:
		m.Kind = soak.Counter
		count, sum := m, m
		count.Name, count.Unit, count.Quantum = name+"_count", "count", 1
		sum.Name = name + "_sum"
		return []soak.Metric{count, sum}
	}
	return []soak.Metric{m}
}

func unitOf(name string) string {
	name = strings.TrimSuffix(name, "_total")
	for _, unit := range []string{"bytes", "seconds"} {
		if strings.HasSuffix(name, "_"+unit) {
			return unit
		}
	}
	return "count"
}

// labels lists a sample's labels as [soak.LabelName] takes them.
func labels(pairs []*dto.LabelPair) (all []string) {
	for _, l := range pairs {
		all = append(all, l.GetName(), l.GetValue())
	}
	return all
}
