package soak

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// Options are the settings of a plug-in (a protocol or a sink). Only the plug-in
// knows their schema: it decodes them strictly, and its errors name the line.
type Options struct {
	JSON json.RawMessage `json:"json,omitempty"`
	File string          `json:"-"` // the plan's file, for errors
	Line map[string]int  `json:"-"` // line of each key in File, by its dotted path within the options; "" is the block itself
}

// Plan describes one run completely: the target, the load, how long it lasts, what
// is measured, and what makes the run fail.
type Plan struct {
	Name     string        `json:"name"`
	Duration time.Duration `json:"duration"` // of the load, including rests; the baseline and the drain are added
	Interval time.Duration `json:"interval"` // between two ticks
	Warmup   time.Duration `json:"warmup"`   // from the start of the load; not judged

	UntilDecided bool `json:"until_decided,omitempty"` // end before Duration once every judged series is decided

	Target     Target              `json:"target"`
	Load       []Workload          `json:"load"`
	Isolate    bool                `json:"isolate,omitempty"` // after the warm-up, the loads take turns running alone
	Rest       Rest                `json:"rest"`
	Profiles   Profiles            `json:"profiles"`
	Conditions *Conditions         `json:"conditions,omitempty"`
	Tolerance  map[string]Quantity `json:"tolerance,omitempty"` // by metric family or full series name
	Rules      []Rule              `json:"rules,omitempty"`
	Bench      map[string]Bounds   `json:"bench,omitempty"` // by protocol; of soak bench alone
	Sinks      []SinkSpec          `json:"sinks,omitempty"`

	Schedule   string        `json:"schedule,omitempty"`   // cron spec
	TimeZone   string        `json:"time_zone,omitempty"`  // IANA name; UTC where empty
	Overlap    Overlap       `json:"overlap,omitempty"`    // when the previous run is still in progress: "skip" or "queue"
	Jitter     time.Duration `json:"jitter,omitempty"`     // maximum random delay of a start
	Deadline   time.Duration `json:"deadline,omitempty"`   // a start delayed by more than this is skipped
	CatchUp    bool          `json:"catch_up,omitempty"`   // run once at start-up when a start was missed
	Keep       int           `json:"keep,omitempty"`       // run files of this plan to keep; 0 is all
	Regression float64       `json:"regression,omitempty"` // share by which a level, a latency or the throughput may be worse than in the plan's earlier runs; 0: not compared

	File    string   `json:"file,omitempty"` // where it was read from
	Secrets []string `json:"-"`              // values from the environment or from secret files, which must never be written
}

// Target is the server under test. Exactly one of Embedded, Command, PID,
// PIDFile and Listen is set.
type Target struct {
	Embedded Protocols         `json:"embedded,omitempty"` // reference servers to serve in one process
	Leaks    []Leak            `json:"leaks,omitempty"`    // planted in the embedded server
	Command  []string          `json:"command,omitempty"`
	Env      map[string]string `json:"env,omitempty"` // added to the monitor's environment
	Dir      string            `json:"dir,omitempty"` // working directory of Command
	PID      int               `json:"pid,omitempty"`
	PIDFile  string            `json:"pidfile,omitempty"`
	Listen   string            `json:"listen,omitempty"` // HOST:PORT that the process listens on

	Ready   Ready              `json:"ready"`
	OnExit  OnExit             `json:"on_exit"`
	Pprof   string             `json:"pprof,omitempty"`
	Vars    string             `json:"vars,omitempty"`
	Metrics string             `json:"metrics,omitempty"`
	Series  []string           `json:"series,omitempty"` // further families to keep from Metrics
	Limits  map[string]float64 `json:"limits,omitempty"` // known limits by metric, for time to exhaustion
	Tree    bool               `json:"tree"`
}

// Protocols are names in the protocol registry.
type Protocols []string

// UnmarshalJSON reads a list, or the names joined by commas that run files of
// layout version 1 have.
func (p *Protocols) UnmarshalJSON(data []byte) error {
	var joined string
	if json.Unmarshal(data, &joined) == nil {
		*p = strings.Split(joined, ",")
		return nil
	}
	return json.Unmarshal(data, (*[]string)(p))
}

// Ready is how to detect that a started command is ready: every condition that is
// set must hold.
type Ready struct {
	Listen  string        `json:"listen,omitempty"` // HOST:PORT accepts a connection and belongs to the command
	Log     string        `json:"log,omitempty"`    // a line of its output matches this regular expression
	URL     string        `json:"url,omitempty"`    // answers with a status below 400
	Timeout time.Duration `json:"timeout"`
}

// OnExit is what happens if a started command exits before the run ends.
type OnExit struct {
	Restart bool          `json:"restart"`
	Max     int           `json:"max"`     // maximum number of restarts; one more exit is a crash loop
	Backoff time.Duration `json:"backoff"` // delay before the first restart; doubles each time, up to a minute
}

// Rest is the schedule of rest phases: the load pauses, the target settles, and
// every probe takes a rest sample.
type Rest struct {
	Every  time.Duration `json:"every"`  // load time between two rests; 0: only before and after the load
	For    time.Duration `json:"for"`    // how long the target is kept at rest after it has settled
	Settle time.Duration `json:"settle"` // maximum wait for a constant number of fds and goroutines
}

// Profiles is the schedule of pprof snapshots of the target.
type Profiles struct {
	Every time.Duration `json:"every"` // 0: none
	Kinds []string      `json:"kinds"` // "heap", "goroutine", "cpu", …
}

// Conditions are the network conditions between driver and server, the same in
// each direction. Loss and reorder are for UDP, stall and reset for TCP.
type Conditions struct {
	Delay    time.Duration `json:"delay,omitempty"`     // one way; a new TCP connection waits for one more round trip, as its handshake would
	Jitter   time.Duration `json:"jitter,omitempty"`    // the delay varies uniformly by plus or minus this
	Loss     float64       `json:"loss,omitempty"`      // share of datagrams
	Reorder  float64       `json:"reorder,omitempty"`   // share of datagrams that are not delayed and so overtake others
	Rate     float64       `json:"rate,omitempty"`      // bytes per second; 0 is unlimited
	Stall    float64       `json:"stall,omitempty"`     // share of TCP connections that stall once
	StallFor time.Duration `json:"stall_for,omitempty"` // how long they stall
	Reset    float64       `json:"reset,omitempty"`     // share of TCP connections that are reset midway
}

// String names the conditions as a command line does: delay=20ms,loss=1%.
func (c Conditions) String() string {
	var parts []string
	put := func(key, value string, set bool) {
		if set {
			parts = append(parts, key+"="+value)
		}
	}
	share := func(v float64) string { return strconv.FormatFloat(100*v, 'g', 6, 64) + "%" }
	put("delay", c.Delay.String(), c.Delay > 0)
	put("jitter", c.Jitter.String(), c.Jitter > 0)
	put("loss", share(c.Loss), c.Loss > 0)
	put("reorder", share(c.Reorder), c.Reorder > 0)
	put("rate", strconv.FormatFloat(8*c.Rate/1e6, 'g', 6, 64)+"Mbit", c.Rate > 0)
	put("stall", share(c.Stall), c.Stall > 0)
	put("stall_for", c.StallFor.String(), c.StallFor > 0)
	put("reset", share(c.Reset), c.Reset > 0)
	return strings.Join(parts, ",")
}

// Bounds are the targets of a bench for one protocol. Throughput and latency are
// relative to direct TCP measured in the same run. 0 means no target.
type Bounds struct {
	Throughput float64       `json:"throughput,omitempty"` // minimum for upload and download: 0.9 is 90 %
	Latency    float64       `json:"latency,omitempty"`    // maximum of the 95th percentile of an echo
	Connect    time.Duration `json:"connect,omitempty"`    // maximum of the 95th percentile of a complete new connection
}

// SinkSpec is a place to deliver alerts to.
type SinkSpec struct {
	Type    string  `json:"type"` // name in the sink registry: "log", "webhook"
	Options Options `json:"options"`
}
