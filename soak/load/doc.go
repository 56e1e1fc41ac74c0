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
// so that under a constant load the number of the server's connections is
// constant too. Kept sessions are opened over the first second; sessions of n
// operations are closed one after the other, never all at once.
//
// Dirty sessions (reset, silent, half-open, aborted, slow) are extra to the
// clean ones and evenly spaced: a share of 0.01 is one for every hundred clean
// sessions begun, or for every hundred operations where sessions are kept or new
// for each operation. They are bounded in number (as many at a time as the
// concurrency) and time, and never count as failed.
//
// # Limits
//
// Pacing is exact to some tens of microseconds on Linux and to about a
// millisecond elsewhere. An operation that a starved machine comes to more than a
// second after it was due is late. Operations of one session are sequential.
package load
