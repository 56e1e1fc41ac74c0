// Command report reads the events of go test -json on its standard input and
// prints the lines of go's own test runner, the output of the tests that
// failed, and at the end, loudly, the tests that were skipped. It exits 1 where
// one was skipped and CI=true. Tests that only a flag calls for (their reason
// says "runs with -FLAG") are not counted.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

type event struct {
	Action, Package, Test, Output string
}

type test struct{ pkg, name string }

func main() {
	output := map[test]string{} // of the tests that go on
	var skipped []string
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 64<<20)
	for in.Scan() {
		var e event
		if json.Unmarshal(in.Bytes(), &e) != nil {
			fmt.Println(in.Text())
			continue
		}
		t := test{e.Package, e.Test}
		switch e.Action {
		case "build-output":
			fmt.Print(e.Output)
		case "output":
			if e.Test != "" {
				output[t] += e.Output
			} else if e.Output != "PASS\n" {
				fmt.Print(e.Output)
			}
		case "skip":
			if reason := reasonOf(output[t]); e.Test != "" && !strings.Contains(reason, "runs with -") {
				skipped = append(skipped, fmt.Sprintf("  %s %s: %s", e.Package, e.Test, reason))
			}
			delete(output, t)
		case "pass":
			delete(output, t)
		case "fail":
			fmt.Print(output[t])
			delete(output, t)
			if e.Test == "" { // what a panic or a time-out cut short
				for cut, text := range output {
					if cut.pkg == e.Package {
						fmt.Print(text)
						delete(output, cut)
					}
				}
			}
		}
	}
	if err := in.Err(); err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
	os.Exit(shout(skipped))
}

// reasonOf is the last line that a skipped test said itself.
func reasonOf(output string) string {
	reason := "no reason given"
	for line := range strings.Lines(output) {
		if line = strings.TrimSpace(line); strings.Contains(line, "_test.go:") {
			reason = line
		}
	}
	return reason
}

func shout(skipped []string) (code int) {
	if len(skipped) == 0 {
		return 0
	}
	fmt.Printf("\n######## NOT TESTED: %d tests were skipped ########\n%s\n", len(skipped), strings.Join(skipped, "\n"))
	if os.Getenv("CI") == "true" {
		fmt.Println("CI=true: a skip is a failure")
		return 1
	}
	return 0
}
