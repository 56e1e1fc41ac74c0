// Package probes reads the numbers of one process: memory, descriptors,
// threads, CPU, sockets, children, its control group and its Go runtime. One
// file holds one probe, a probe serves one family of metrics, and a [Set] is
// all probes of one process.
//
// The opinion: what is cheap is read at every tick, and what grows with the
// target paces itself, so that watching never becomes load. The fast probes
// keep their files open and are read synchronously; every other probe is read
// off the tick, no sooner than its cost divided by its part of a core
// ([Options].Share), and its samples come with a later tick. No debug page and
// no kernel lock can hold up a tick.
//
// A failure is data. Metrics that a probe had delivered become NaN, which is a
// gap and never zero; one event reports the first failure and one the recovery; the
// other probes continue. A sum over a tree of processes is complete or it is a
// gap: it is never a sum of those that could be read.
//
// A process is its pid and its start time. Files are opened below one handle
// on /proc/PID, which the kernel binds to the process and not to the number,
// so a recycled pid is never read as the process that had it before.
//
// The limits: Linux is supported, other systems have the few numbers that
// gopsutil knows there. What another user's process hides (io, descriptors,
// smaps) needs root or that user. Threads that end, and children that nobody
// waited for, take their context switches and CPU time along; such counters
// stand still then, and never fall.
package probes
