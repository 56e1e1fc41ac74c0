// Package plant plants a leak in the embedded reference server: the positive
// control, which shows a user that a leak of known size is found.
//
// Its opinion: a control must be exact. The amount due is computed from the time,
// the operations served or the sessions that ended badly since the beginning,
// never from the previous step, so errors do not add up. Each kind leaks what its
// name says and as little else as possible.
//
//	fd         a descriptor of /dev/null that is never closed
//	goroutine  one that waits for ever on a channel that nobody sends on
//	heap       objects of 1 KiB and of 64 B that stay reachable, every byte written
//	thread     a goroutine locked to a thread that reads a pipe that nobody writes to; one more goroutine as well
//	child      a child process that has ended and that nobody waits for, a zombie
//
// Limits: heap is planted in steps of 64 B, the rest is carried over. More than
// 9,000 threads are refused, since the Go runtime ends a program at 10,000.
// Windows has only goroutines and heap. A leak is never taken back; it ends with
// the process, zombies included.
package plant
