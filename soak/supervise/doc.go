// Package supervise starts, watches, restarts and stops the processes of a
// run, and finds the process to watch where somebody else started it.
//
// Its opinion: a process is followed by its pid and its start time, never by
// the pid alone, and it is signalled only through a pidfd that was checked
// against both, so that a recycled pid is never mistaken for the old one. What
// a child started is found again wherever it went: the calling process becomes
// a child subreaper (prctl(2)), so an orphan comes to us instead of to init, and
// is recognized by its session, its process group, a mark in its environment, and
// the trees seen before. A tree is a process and its descendants, orphans
// included. Only descendants of the
// calling process are ever signalled; a process that was attached to never is.
//
// Limits: it needs Linux 5.3 or newer (pidfd_open(2)); elsewhere starting and
// attaching fail with an error that names this. A
// program that uses this package must not wait for unknown children
// (wait4(-1)), and must start through this package whatever gets a session of
// its own. A program that leaves its session, wipes its environment and is
// orphaned between two scans belongs to the youngest child that is older than
// it. When the monitor is killed, children with a pipe on their standard input
// see it closed and the others get SIGTERM; one that ignores that lives on.
package supervise
