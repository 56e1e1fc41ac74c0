// Command soak soak-tests a server and reports with evidence whether it leaks:
// what, from which code, how fast, and when it reaches its limit.
//
//	soak run                        the monitor
//	 ├─ soak drive  (child)         the load
//	 ├─ soak relay  (child)         network conditions, if the plan has any
//	 ├─ soak web    (child)         the web UI, with --web
//	 └─ the target                  soak serve (child), a command, or a running process
//
// Each command has a file of its own, which holds its flags, its help and what it
// prints. Package soak/runner puts a run together; see its drawing.
package main

import (
	"os"
)

// version is set at build time.
var version = "devel"

func main() {
	os.Exit(execute(os.Args[1:], streams{in: os.Stdin, out: os.Stdout, err: os.Stderr}))
}
