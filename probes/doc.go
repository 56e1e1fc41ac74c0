// Package probes reads the numbers of one process: memory, descriptors,
// threads, CPU, sockets, children, its control group and its Go runtime. One
// file holds one probe, a probe serves some families of metrics, and a [Set] is
// all probes of one process. A tree is a process and its descendants.
//
// Its opinion: cheap numbers are read at every tick, and a probe whose cost grows
// with the target paces itself, so that monitoring never becomes load. The fast
// probes keep their files open and are read synchronously. Every other probe is
// read off the tick, no sooner than its cost divided by its share of a core
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
// Limits: Linux is supported; other systems have the few numbers that gopsutil
// knows there. Some files of another user's process (io, descriptors, smaps) need
// root or that user. Threads that end, and children that nobody waited for, take
// their context switches and CPU time along; such counters keep their value then,
// and never fall.
package probes
