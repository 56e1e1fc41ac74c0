// Package load drives sessions at a constant rate: open loop, with due-time
// latency, verified payloads and fixed memory.
//
// # Opinion
//
// Operation n is due at a fixed time, whatever the server does (open loop). Its
// latency is counted from that time, so a server that stalls cannot hide the
// operations it held up (no coordinated omission: G. Tene, "How NOT to Measure
// Latency", 2013). An operation that finds no free session is counted as late
// and dropped: there is no queue that could grow.
//
// A workload keeps a fixed number of session slots and uses them round robin,
// so under a constant load the number of the server's connections is constant
// too. Kept sessions are opened over the first second; sessions of n
// operations are closed one after the other, never all at once.
//
// Dirty sessions (reset, silent, half-open, aborted, slow) are in addition to the
// clean ones and drawn at random, with a seed that depends on the load only. A
// share of 0.01 is on average one per hundred clean sessions, or per hundred
// operations where sessions are kept open or opened anew for each operation. At
// most Concurrency of them are in progress at a time, each is bounded in time,
// and they never count as failed.
//
// # Limits
//
// Pacing is exact to some tens of microseconds on Linux and to about a
// millisecond elsewhere. An operation that starts more than a second after it was due,
// on a starved machine, is late. Operations of one session are sequential.
package load
