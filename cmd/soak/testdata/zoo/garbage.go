package main

import (
	"os"
	"syscall"
	"time"
)

// The collector is lazy, and that is set in the environment, where it can be seen
// from outside.
func init() {
	keepers["garbage"] = garbage
	if len(os.Args) > 2 && os.Args[2] == "garbage" && os.Getenv("GOGC") == "" {
		check(0, syscall.Exec("/proc/self/exe", os.Args, append(os.Environ(), "GOGC=1000")))
	}
}

// quiet is how long the program makes no garbage first.
const quiet = 12 * time.Second

var (
	begun = time.Now()
	used  []byte
)

// garbage uses n MiB and forgets them: nothing leaks. They stay resident, as dead
// objects and as room for the next ones.
func garbage(n int) {
	if time.Since(begun) < quiet {
		return
	}
	for range n {
		used = make([]byte, 1<<20)
		for i := 0; i < len(used); i += os.Getpagesize() {
			used[i] = 1
		}
	}
}
