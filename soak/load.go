package soak

import "time"

// Workload is one constant load over one protocol.
//
// An operation is one verified request and reply (or transfer, or datagram).
// A session is what carries operations: a connection, or a stream on one.
type Workload struct {
	Name        string             `json:"name"`
	Protocol    string             `json:"protocol"`              // name in the protocol registry
	Address     string             `json:"address,omitempty"`     // HOST:PORT of the server
	URL         string             `json:"url,omitempty"`         // for protocols that speak of URLs; excludes Address
	Destination string             `json:"destination,omitempty"` // HOST:PORT behind the server, for proxies
	Network     string             `json:"network"`               // "tcp" or "udp"
	Rate        float64            `json:"rate"`                  // operations per second
	Payload     int64              `json:"payload"`               // bytes each way per operation
	Concurrency int                `json:"concurrency"`           // sessions at most at any time
	PerSession  int                `json:"requests_per_session"`  // operations before a session is closed and a new one opened; 0: kept for good
	Timeout     time.Duration      `json:"timeout"`               // of one operation, its dial included
	MaxLoss     float64            `json:"max_loss,omitempty"`    // share of datagrams that may be lost, beside those that the plan's conditions lose; network "udp"
	Vary        Vary               `json:"vary"`
	Dirty       map[string]float64 `json:"dirty,omitempty"` // sessions that end badly, as a share of the clean ones, at random among them, by kind: "rst", "silent", "half_open", "abort", "slow_reader"
	Options     Options            `json:"options"`
}

// Vary lets the rate step up and down by a share of itself, so that growth per
// operation and growth per hour can be told apart.
type Vary struct {
	By    float64       `json:"by,omitempty"`    // share: 0.3 is ±30 %
	Every time.Duration `json:"every,omitempty"` // length of one step
}

// Command is one order to the driver: a line of JSON on its standard input.
type Command struct {
	Do       DriverOrder   `json:"do"`
	Loads    []Workload    `json:"loads,omitempty"`    // with the first DoStart
	Interval time.Duration `json:"interval,omitempty"` // between tallies, with the first DoStart
	Load     string        `json:"load,omitempty"`     // with DoRate
	Factor   float64       `json:"factor,omitempty"`   // with DoRate
}

// Tally is what the driver did: a line of JSON on its file descriptor 3, one
// per tick. Counters are since the driver's start; histograms are of the
// interval since the tally before, so that they can be merged.
type Tally struct {
	Seq     uint64      `json:"seq"`
	Wall    time.Time   `json:"wall"`
	State   DriverState `json:"state"`
	Pprof   string      `json:"pprof,omitempty"` // of the driver itself, in the first tally
	Loads   []LoadTally `json:"loads,omitempty"`
	Pacer   Times       `json:"pacer,omitempty"`   // pacing lags
	Warning string      `json:"warning,omitempty"` // something a person should know, once
}

// Times are a histogram: value, count, value, count, …, values rising, in
// nanoseconds rounded down to 11 significant bits, as an HDR histogram of three
// digits keeps them. An interval has few different ones, so this is much less to
// write and to merge than all the counts of such a histogram.
type Times []int64

// LoadTally is the part of a tally that belongs to one load.
type LoadTally struct {
	Load       string            `json:"load"`
	Protocol   string            `json:"protocol"`
	Due        int64             `json:"due"`                  // operations that the plan asked for by now; rests do not count
	Operations int64             `json:"operations"`           // ended well and verified
	Failed     int64             `json:"failed"`               // clean operations that ended in an error
	Late       int64             `json:"late"`                 // due, and not started because no session was free
	Dirty      map[string]int64  `json:"dirty,omitempty"`      // sessions ended badly on purpose, by kind
	DirtyOpen  map[string]int64  `json:"dirty_open,omitempty"` // those of them that are under way now and not in Dirty yet
	Errors     map[string]int64  `json:"errors,omitempty"`     // failed by kind
	Examples   map[string]string `json:"examples,omitempty"`   // text of the newest error of each kind
	Sent       int64             `json:"sent"`                 // payload bytes
	Received   int64             `json:"received"`             // payload bytes
	Sessions   int64             `json:"sessions"`             // opened since the start
	Open       int64             `json:"open"`                 // sessions open now
	InFlight   int64             `json:"in_flight"`            // operations under way now
	Datagrams  *Datagrams        `json:"datagrams,omitempty"`  // of a load over UDP
	Latency    Times             `json:"latency,omitempty"`    // from due to done
	Service    Times             `json:"service,omitempty"`    // from send to done
	Connect    Times             `json:"connect,omitempty"`    // of a session
}

// Datagrams is what became of the datagrams of a load over UDP beside those that
// came back in time and verified, which are its operations.
type Datagrams struct {
	Lost       int64 `json:"lost"`       // no answer in time; neither operations nor failed
	Reordered  int64 `json:"reordered"`  // answers that came after the answer to a later datagram of their session (RFC 4737)
	Duplicated int64 `json:"duplicated"` // answers that came more than once
	Overdue    int64 `json:"overdue"`    // answers to datagrams that already counted as lost
	Foreign    int64 `json:"foreign"`    // datagrams that are no answers to any that was sent
}
