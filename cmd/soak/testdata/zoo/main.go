// Command zoo is an HTTP server that leaks in one way, or does something that
// only looks like a leak: zoo ADDRESS KIND PER_SECOND. It is the known truth of
// the tests that ask soak for the cause.
package main

import (
	"fmt"
	"net/http"
	_ "net/http/pprof"
	"os"
	"slices"
	"strconv"
	"time"
)

// keepers are the ways to keep things, by kind; each is called with how many
// more are due. A twin does the same to a cap, or gives back what it took.
var keepers = map[string]func(n int){}

// ballast puts the live heap above the least goal of the collector, so that it
// can be recognized from outside.
var ballast = make([]byte, 16<<20)

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: zoo ADDRESS KIND PER_SECOND")
		os.Exit(2)
	}
	keep, ok := keepers[os.Args[2]]
	perSecond, err := strconv.ParseFloat(os.Args[3], 64)
	if !ok || err != nil {
		fmt.Fprintf(os.Stderr, "zoo: %v: no such kind, or %v\n", os.Args[2], err)
		os.Exit(2)
	}
	for i := range ballast {
		ballast[i] = byte(i)
	}
	go every(perSecond, keep)
	http.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	fmt.Fprintln(os.Stderr, http.ListenAndServe(os.Args[1], nil))
	os.Exit(1)
}

// every calls keep with what has fallen due, so that no error adds up.
func every(perSecond float64, keep func(int)) {
	began, done := time.Now(), 0
	for range time.Tick(100 * time.Millisecond) {
		if due := int(time.Since(began).Seconds()*perSecond) - done; due > 0 {
			keep(due)
			done += due
		}
	}
}

// upTo calls keep until most are kept.
func upTo(most int, keep func(int)) func(int) {
	kept := 0
	return func(n int) {
		if n = min(n, most-kept); n > 0 {
			keep(n)
			kept += n
		}
	}
}

func check[T any](v T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, "zoo:", err)
		os.Exit(1)
	}
	return v
}

func fill(b []byte) []byte {
	for i := range b {
		b[i] = byte(i) | 1
	}
	return slices.Clip(b)
}
