package soak

import "time"

// Run is the head of a run file: what was run, where and when, and how it ended.
type Run struct {
	ID      string    `json:"id"` // 20060102T150405Z-name-xxxx
	Name    string    `json:"name"`
	Command string    `json:"command"`        // "run" or "watch"
	Args    []string  `json:"args,omitempty"` // command line that makes such a run again: plan, flags and target, without secrets
	Plan    Plan      `json:"plan"`           // without secrets
	Version string    `json:"version"`        // of soak
	Start   time.Time `json:"start"`
	End     time.Time `json:"end,omitzero"` // zero while the run is in progress, or if the monitor was killed
	Target  Facts     `json:"target"`
	Host    Host      `json:"host"`
	Ended   End       `json:"ended,omitempty"`
	Error   string    `json:"error,omitempty"` // the internal error that ended it

	Metrics []Metric    `json:"metrics,omitempty"` // the families that it contains
	Nights  *Regression `json:"nights,omitempty"`  // comparison with earlier runs of the plan, if the plan asks for it
}

// Regression is the comparison of a run with earlier runs of its plan.
type Regression struct {
	Before []string    `json:"before"` // ids of the runs it was compared with, newest first
	Worse  []Regressed `json:"worse"`
	Note   string      `json:"note,omitempty"` // why there is no result
}

// Regressed is a quantity that is worse than in the earlier runs.
type Regressed struct {
	Process string  `json:"process"`
	Metric  string  `json:"metric"`
	Unit    string  `json:"unit"`
	Value   float64 `json:"value"`
	Usual   float64 `json:"usual"` // mean of the earlier runs
	Lo      float64 `json:"low"`   // 95 % interval of the difference, simultaneous for all quantities
	Hi      float64 `json:"high"`
	Text    string  `json:"text"`
}

// Facts describe the program of the target.
type Facts struct {
	PID     int       `json:"pid,omitempty"`
	Exe     string    `json:"exe,omitempty"`
	Args    []string  `json:"args,omitempty"`   // without secrets
	Build   string    `json:"build,omitempty"`  // Go build information: module and version
	NoFile  uint64    `json:"nofile,omitempty"` // RLIMIT_NOFILE, soft
	Memory  uint64    `json:"memory,omitempty"` // bytes: the cgroup's limit, or the host's memory
	Started time.Time `json:"started,omitzero"`
}

// Host describes the machine.
type Host struct {
	Name   string `json:"name"`
	OS     string `json:"os"`
	Kernel string `json:"kernel"`
	CPUs   int    `json:"cpus"`
	Memory uint64 `json:"memory"` // bytes
}

// ProfileMeta describes one stored profile.
type ProfileMeta struct {
	ID      uint64        `json:"id"`
	At      time.Duration `json:"at"`
	Wall    time.Time     `json:"wall"`
	Process string        `json:"process"`
	Kind    string        `json:"kind"` // "heap", "goroutine", "goroutine_dump", "cpu", …
	Why     ProfileReason `json:"why"`
	GC      bool          `json:"gc,omitempty"`    // a garbage collection was forced first
	Size    int           `json:"size"`            // bytes as fetched
	Took    time.Duration `json:"took"`            // duration of the fetch
	CPU     Float         `json:"cpu"`             // CPU seconds of the process during the fetch
	Pause   time.Duration `json:"pause,omitempty"` // longest stop-the-world pause by a garbage collection during the fetch; 0: unknown
}

// Histogram is one kind of time of a load, merged over an interval of the run.
type Histogram struct {
	From time.Duration `json:"from"`
	To   time.Duration `json:"to"`
	Load string        `json:"load"`
	Kind HistogramKind `json:"kind"`
	Data string        `json:"data"` // HDR V2, base64, nanoseconds
}
