package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"time"
)

func init() { keepers["burst"] = burst }

// quiet is how long a burst program is quiet first.
const quiet = 12 * time.Second

var (
	begun = time.Now()
	used  []byte
)

// burst uses 300 MiB and frees them: nothing leaks, and the runtime keeps the
// room for the next time. The collector waits until they are dead.
func burst(int) {
	if time.Since(begun) < quiet {
		return
	}
	debug.SetGCPercent(-1)
	used = make([]byte, 300<<20)
	for i := 0; i < len(used); i += os.Getpagesize() {
		used[i] = 1
	}
	used = nil
	debug.SetGCPercent(100)
	runtime.GC()
}
