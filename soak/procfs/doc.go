// Package procfs reads proc(5) and the control groups: what a process is and
// whether it is alive, which sockets there are, which limits hold. It is the
// only reader of these files, for probes and supervise alike.
//
// Its opinion: a process is its pid and its start time ([ID]), never the pid
// alone. Reading and parsing are separate: an [FS] or a [Process] reads, and
// takes the mount point as a parameter; the Parse functions take bytes and touch
// no file. Those that run at every tick allocate nothing; what is read once per
// run (command line, limits, boot time) comes from prometheus/procfs.
//
// The socket tables are parsed here too. The readers of prometheus/procfs are
// deprecated, reject a whole table for one row, and assume little endian.
//
// Limits: Linux. On other systems the package builds, and every read fails as it
// does where no proc(5) is mounted. A process whose main thread has exited while
// other threads run is alive, but the kernel shows neither its memory nor its
// descriptors under /proc/PID (proc_pid_fd(5)): see [Stat.Ended].
package procfs
