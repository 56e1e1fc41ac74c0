package soak

import "time"

// Workload is one constant load over one protocol.
//
// An operation is one verified request and reply (or transfer, or datagram).
// A session carries operations: it is a connection, or a stream on one.
type Workload struct {
	Name        string             `json:"name"`
	Protocol    string             `json:"protocol"`              // name in the protocol registry
	Address     string             `json:"address,omitempty"`     // HOST:PORT of the server
	URL         string             `json:"url,omitempty"`         // for protocols with URLs, instead of Address
	Destination string             `json:"destination,omitempty"` // HOST:PORT behind the server, for proxies
	Network     string             `json:"network"`               // "tcp" or "udp"
	Rate        float64            `json:"rate"`                  // operations per second
	Payload     int64              `json:"payload"`               // bytes each way per operation
	Concurrency int                `json:"concurrency"`           // maximum number of open sessions
	PerSession  int                `json:"requests_per_session"`  // operations before a session is closed and a new one opened; 0: no limit
	Timeout     time.Duration      `json:"timeout"`               // of one operation, its dial included
	MaxLoss     float64            `json:"max_loss,omitempty"`    // share of datagrams that may be lost in addition to the loss under the plan's conditions; network "udp" only
	Vary        Vary               `json:"vary"`
	Dirty       map[string]float64 `json:"dirty,omitempty"` // dirty sessions by kind, as a share of the clean ones, drawn at random: "rst", "silent", "half_open", "abort", "slow_reader", and kinds of the protocol
	Options     Options            `json:"options"`
}

// Vary makes the rate step up and down by a share of itself, so that growth per
// operation can be distinguished from growth per hour.
type Vary struct {
	By    float64       `json:"by,omitempty"`    // share: 0.3 is ±30 %
	Every time.Duration `json:"every,omitempty"` // length of one step
}

// Command is one command to the driver: a line of JSON on its standard input.
type Command struct {
	Do       DriverOrder   `json:"do"`
	Loads    []Workload    `json:"loads,omitempty"`    // with the first DoStart
	Interval time.Duration `json:"interval,omitempty"` // between tallies, with the first DoStart
	Load     string        `json:"load,omitempty"`     // with DoRate
	Factor   float64       `json:"factor,omitempty"`   // with DoRate
}

// Tally is the driver's report: a line of JSON on its file descriptor 3, one per
// tick. Counters count since the driver's start. Histograms cover the interval
// since the previous tally, so that they can be merged.
type Tally struct {
	Seq     uint64      `json:"seq"`
	Wall    time.Time   `json:"wall"`
	State   DriverState `json:"state"`
	Pprof   string      `json:"pprof,omitempty"` // of the driver itself, in the first tally
	Loads   []LoadTally `json:"loads,omitempty"`
	Pacer   Times       `json:"pacer,omitempty"`   // pacing lags
	Warning string      `json:"warning,omitempty"` // a message for people, in one tally only
}

// Times is a histogram of durations: value, count, value, count, …, with rising
// values in nanoseconds, rounded down to 11 significant bits as in an HDR
// histogram of three digits. An interval has few distinct values, so this is much
// smaller to write and to merge than the full array of counts.
type Times []int64

// LoadTally is the part of a tally that belongs to one load.
type LoadTally struct {
	Load       string            `json:"load"`
	Protocol   string            `json:"protocol"`
	Due        int64             `json:"due"`                  // operations planned so far; rests do not count
	Operations int64             `json:"operations"`           // completed and verified
	Failed     int64             `json:"failed"`               // clean operations that ended with an error
	Late       int64             `json:"late"`                 // due, but not started because no session was free
	Dirty      map[string]int64  `json:"dirty,omitempty"`      // dirty sessions that have ended, by kind
	DirtyOpen  map[string]int64  `json:"dirty_open,omitempty"` // dirty sessions in progress, by kind; not yet in Dirty
	Errors     map[string]int64  `json:"errors,omitempty"`     // failed operations by kind of error
	Examples   map[string]string `json:"examples,omitempty"`   // text of the newest error of each kind
	Sent       int64             `json:"sent"`                 // payload bytes
	Received   int64             `json:"received"`             // payload bytes
	Sessions   int64             `json:"sessions"`             // opened since the start
	Open       int64             `json:"open"`                 // sessions open now
	InFlight   int64             `json:"in_flight"`            // operations in flight now
	Datagrams  *Datagrams        `json:"datagrams,omitempty"`  // of a load over UDP
	Latency    Times             `json:"latency,omitempty"`    // from due to completed
	Service    Times             `json:"service,omitempty"`    // from sent to completed
	Connect    Times             `json:"connect,omitempty"`    // to open a session
}

// Datagrams counts the datagrams of a load over UDP that were not answered as
// expected. Datagrams with a verified answer in time are operations.
type Datagrams struct {
	Lost       int64 `json:"lost"`       // no answer in time; counted neither as operations nor as failed
	Reordered  int64 `json:"reordered"`  // answers that arrived after the answer to a later datagram of their session (RFC 4737)
	Duplicated int64 `json:"duplicated"` // answers that arrived more than once
	Overdue    int64 `json:"overdue"`    // answers to datagrams that were already counted as lost
	Foreign    int64 `json:"foreign"`    // datagrams received that answer none of those sent
}
