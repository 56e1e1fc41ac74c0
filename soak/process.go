package soak

// Process is a process to sample: its identity and the URLs of its debug pages.
type Process struct {
	Role  string `json:"role"`
	PID   int    `json:"pid"`
	Start uint64 `json:"start"` // start time in clock ticks since boot (proc(5), stat field 22); with PID it identifies a process uniquely
	Tree  bool   `json:"tree"`  // include its descendants

	Pprof   string   `json:"pprof,omitempty"`   // URL of its /debug/pprof/ index
	Vars    string   `json:"vars,omitempty"`    // URL of an expvar page with memstats
	Metrics string   `json:"metrics,omitempty"` // URL of a Prometheus text page
	Keep    []string `json:"keep,omitempty"`    // names of further families to keep from the Metrics page
}

// Series identifies a series of the process.
func (p Process) Series(metric string) SeriesID { return SeriesID{Process: p.Role, Metric: metric} }

// Sample is one reading of a series of the process.
func (p Process) Sample(metric string, value float64) Sample {
	return Sample{SeriesID: p.Series(metric), Value: value}
}
