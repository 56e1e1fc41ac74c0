// Package peer makes what it takes to soak a real server: its configuration,
// the keys and certificates for both sides, and a plan that starts it and drives
// every protocol it serves. It writes files and runs nothing; the servers are
// programs of their own, found by [Find].
//
// Everything listens on loopback, on ports that were free when the files were
// made. The keys are made anew each time: they are for tests and belong to
// nobody.
package peer
