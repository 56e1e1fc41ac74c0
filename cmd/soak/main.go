// Command soak answers one question about a server, with evidence: under
// constant load, does it leak — what, from where, how fast, and when will it
// die?
//
//	soak run                        the monitor
//	 ├─ soak drive  (child)         the load
//	 └─ the target                  soak serve (child), a command, or a running process
//
// Each command has a file of its own; they parse flags, wire packages together
// and print. Everything else is in the packages.
package main

import (
	"os"
)

// version is set at build time.
var version = "devel"

func main() {
	os.Exit(execute(os.Args[1:], streams{in: os.Stdin, out: os.Stdout, err: os.Stderr}))
}
