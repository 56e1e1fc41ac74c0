package main

import (
	"net"
	"net/http"
	"net/http/pprof"
	"regexp"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// debugPages are the pages from which the monitor samples its own children, the
// same way as it samples any other Go server.
type debugPages struct {
	server *http.Server
	base   string
}

// serveDebug serves /debug/pprof/ and /metrics on a free loopback port.
func serveDebug() (*debugPages, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(
		collectors.WithGoCollectorRuntimeMetrics(collectors.GoRuntimeMetricsRule{Matcher: regexp.MustCompile(`^/gc/heap/live:bytes$|^/gc/cycles/total:gc-cycles$`)})))
	mux.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	d := &debugPages{server: &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}, base: "http://" + ln.Addr().String()}
	go func() { _ = d.server.Serve(ln) }()
	return d, nil
}

func (d *debugPages) pprof() string   { return d.base + "/debug/pprof/" }
func (d *debugPages) metrics() string { return d.base + "/metrics" }
func (d *debugPages) close()          { _ = d.server.Close() }
