package runner

import (
	"net"
	"net/http"
	"net/http/pprof"
	"runtime/metrics"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// DebugPages are the pages from which the monitor samples its own children, the
// same way as it samples any other Go server.
type DebugPages struct {
	server *http.Server
	base   string
}

// ServeDebug serves /debug/pprof/ and /metrics on a free loopback port.
func ServeDebug() (*DebugPages, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	registry := prometheus.NewRegistry()
	registry.MustRegister(runtimeCollector{})
	mux.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{DisableCompression: true}))
	d := &DebugPages{server: &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}, base: "http://" + ln.Addr().String()}
	go func() { _ = d.server.Serve(ln) }()
	return d, nil
}

// Pprof is the URL of the pprof index.
func (d *DebugPages) Pprof() string { return d.base + "/debug/pprof/" }

// Metrics is the URL of the Prometheus page.
func (d *DebugPages) Metrics() string { return d.base + "/metrics" }

// Close stops serving.
func (d *DebugPages) Close() { _ = d.server.Close() }

// runtimeCollector exports the few numbers of the Go runtime that the monitor
// reads, under the names that the usual Go collector gives them. A whole page
// of that collector costs some four times as much, and so would be read less
// often.
type runtimeCollector struct{}

// exported are sums of runtime metrics (package runtime/metrics).
var exported = []struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	names []string
}{
	{describeRuntime("go_gc_heap_live_bytes", "Heap marked live by the last garbage collection."), prometheus.GaugeValue, []string{"/gc/heap/live:bytes"}},
	{describeRuntime("go_memstats_heap_inuse_bytes", "Heap spans in use."), prometheus.GaugeValue, []string{"/memory/classes/heap/objects:bytes", "/memory/classes/heap/unused:bytes"}},
	{describeRuntime("go_memstats_heap_idle_bytes", "Heap spans without objects."), prometheus.GaugeValue, []string{"/memory/classes/heap/free:bytes", "/memory/classes/heap/released:bytes"}},
	{describeRuntime("go_memstats_heap_released_bytes", "Heap given back to the system."), prometheus.GaugeValue, []string{"/memory/classes/heap/released:bytes"}},
	{describeRuntime("go_memstats_stack_inuse_bytes", "Goroutine stacks."), prometheus.GaugeValue, []string{"/memory/classes/heap/stacks:bytes"}},
	{describeRuntime("go_memstats_mspan_sys_bytes", "Spans of the allocator."), prometheus.GaugeValue, []string{"/memory/classes/metadata/mspan/inuse:bytes", "/memory/classes/metadata/mspan/free:bytes"}},
	{describeRuntime("go_memstats_mcache_sys_bytes", "Caches of the allocator."), prometheus.GaugeValue, []string{"/memory/classes/metadata/mcache/inuse:bytes", "/memory/classes/metadata/mcache/free:bytes"}},
	{describeRuntime("go_memstats_buck_hash_sys_bytes", "Profiling buckets."), prometheus.GaugeValue, []string{"/memory/classes/profiling/buckets:bytes"}},
	{describeRuntime("go_memstats_gc_sys_bytes", "Metadata of the collector."), prometheus.GaugeValue, []string{"/memory/classes/metadata/other:bytes"}},
	{describeRuntime("go_memstats_other_sys_bytes", "Other memory of the runtime."), prometheus.GaugeValue, []string{"/memory/classes/other:bytes"}},
	{describeRuntime("go_gc_cycles_total_gc_cycles_total", "Garbage collections."), prometheus.CounterValue, []string{"/gc/cycles/total:gc-cycles"}},
}

func describeRuntime(name, help string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, nil, nil)
}

// Describe implements prometheus.Collector.
func (runtimeCollector) Describe(out chan<- *prometheus.Desc) {
	for _, e := range exported {
		out <- e.desc
	}
}

// Collect implements prometheus.Collector.
func (runtimeCollector) Collect(out chan<- prometheus.Metric) {
	for _, e := range exported {
		samples := make([]metrics.Sample, len(e.names))
		for i, name := range e.names {
			samples[i].Name = name
		}
		metrics.Read(samples)
		var sum uint64
		for _, s := range samples {
			sum += s.Value.Uint64()
		}
		out <- prometheus.MustNewConstMetric(e.desc, e.kind, float64(sum))
	}
}
