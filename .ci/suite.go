// Command suite runs the test suite: it prepares what the tests need, runs the
// steps that do not depend on each other in parallel, and prints a line with the
// time for each step and each package, the output of the tests that failed, and at
// the end the tests that were skipped.
//
// Usage: go run .ci/suite.go full|quick|long
//
//	full   all tests with the real servers of .ci/peers, the race detector and lint;
//	       with CI=true a skipped test is a failure
//	quick  without the race detector, without runs that take a minute
//	long   full, with the program itself built with the race detector, and campaigns
package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// A step is one command of the suite.
type step struct {
	name  string
	after []string // steps that end before it starts, even if they fail
	nice  int      // whole runs, which hold a rate, have 0
	env   []string
	tests bool // its output is that of go test -json
	args  []string
}

const (
	program  = "./cmd/soak"                                             // starts whole runs of the program
	protocol = "./soak/protocol"                                        // needs the servers that take long to build
	busy     = "^Test(Bench|CompareWithEarlier|Engine|Report_HTML|Web)" // tests of program that work the cores; the others wait
)

// pure compiles the detector of growth without the race detector where other packages
// are tested with it. The detector starts no goroutine and keeps no state. The engine's
// tests call it many times, and took four times as long with it instrumented.
const pure = "-gcflags=soakmon/alerts/detect=-race=false"

var (
	plain = []string{"CGO_ENABLED=0"}
	race  = []string{"CGO_ENABLED=1"} // the race detector needs C
)

func goTest(flags ...string) []string {
	return append([]string{"go", "test", "-vet=off", "-json"}, flags...)
}

func main() {
	mode := strings.Join(os.Args[1:], " ")
	concurrent, sequential, err := otherPackages()
	if err != nil {
		fmt.Fprintln(os.Stderr, "suite:", err)
		os.Exit(2)
	}
	var steps []step
	switch mode {
	case "full", "long":
		steps = full(concurrent, sequential, mode == "long")
	case "quick":
		steps = quick(slices.Concat(concurrent, sequential))
	default:
		fmt.Fprintln(os.Stderr, "usage: suite full|quick|long")
		os.Exit(2)
	}
	s := suite{began: time.Now(), output: map[test]string{}, running: map[string]time.Time{}}
	stop := s.heartbeat()
	s.run(steps)
	stop()
	os.Exit(s.summary(mode))
}

// otherPackages lists the folders of all packages other than the two with steps of
// their own: first those that start goroutines, which are tested
// with the race detector, then the others, in which it has nothing to find.
func otherPackages() (concurrent, sequential []string, err error) {
	cmd := exec.Command("go", "list", "-f", `{{.ImportPath}}{{"\t"}}{{.Dir}}{{range .GoFiles}}{{"\t"}}{{.}}{{end}}`, "./...")
	cmd.Stderr = os.Stderr // it downloads modules
	out, err := cmd.Output()
	if err != nil {
		return nil, nil, fmt.Errorf("go list: %w", err)
	}
	for line := range strings.Lines(string(out)) {
		fields := strings.Split(strings.TrimSpace(line), "\t")
		name, dir, files := fields[0], fields[1], fields[2:]
		if strings.HasSuffix(name, program[1:]) || strings.HasSuffix(name, protocol[1:]) {
			continue
		}
		is := false
		for _, file := range files {
			source, err := os.ReadFile(filepath.Join(dir, file))
			if err != nil {
				return nil, nil, err
			}
			is = is || concurrency.Match(source)
		}
		if is {
			concurrent = append(concurrent, name)
		} else {
			sequential = append(sequential, name)
		}
	}
	return concurrent, sequential, nil
}

// concurrency is what starts a goroutine.
var concurrency = regexp.MustCompile(`(?m)^\s*go |\.Go\(`)

// full builds the suite. Whole runs spend most of their time waiting, so that
// compiling and the tests of packages, at a lower priority, fill the cores.
func full(concurrent, sequential []string, long bool) []step {
	timeout, env := "-timeout=15m", plain
	if long {
		timeout, env = "-timeout=3h", append(slices.Clone(plain), "SOAK_LONG=1", "SOAK_PEERS=long", "SOAK_KILLS=20")
	}
	// The compiler collects garbage too often for a machine with memory to spare.
	// The tests must not inherit this, so it is set for steps that only compile.
	build, buildRace := append(slices.Clone(plain), "GOGC=400"), append(slices.Clone(race), "GOGC=400")
	return []step{
		{name: "debian packages", args: []string{".ci/peers", "debian"}},
		{name: "compile", env: build, args: []string{"go", "test", "-vet=off", "-run=^$", program}},
		{name: "whole runs", after: []string{"debian packages", "compile"}, env: env, tests: true, args: goTest(timeout, "-skip="+busy, program)},
		{name: "pages and benches", after: []string{"debian packages", "compile"}, nice: 6, env: env, tests: true, args: goTest(timeout, "-run="+busy, program)},
		// The protocols wait for the servers, so building these comes before all that can wait.
		{name: "sing-box and xray", after: []string{"compile"}, nice: 8, env: []string{"GOGC=400"}, args: []string{".ci/peers", "go"}},
		{name: "compile for race", after: []string{"debian packages", "compile"}, nice: 10, env: buildRace, args: []string{"go", "test", "-race", "-vet=off", "-run=^$", protocol}},
		{name: "protocols", after: []string{"sing-box and xray", "compile for race"}, nice: 8, env: append(race, env[1:]...), tests: true, args: goTest("-race", "-parallel=8", timeout, protocol)},
		{name: "packages", after: []string{"debian packages", "compile"}, nice: 17, env: env, tests: true, args: append(goTest("-p=2", "-parallel=8", timeout), sequential...)},
		{name: "concurrent packages", after: []string{"compile for race", "packages"}, nice: 17, env: append(race, env[1:]...), tests: true, args: append(goTest("-race", pure, "-p=2", "-parallel=8", timeout), concurrent...)},
		{name: "lint", after: []string{"compile"}, nice: 19, env: build, args: []string{".ci/lint"}},
	}
}

// quick builds the suite for a look between two edits.
func quick(others []string) []step {
	return []step{
		{name: "packages", env: plain, tests: true, args: append(goTest("-short", "-p=3", "-parallel=8", program, protocol), others...)},
	}
}

type test struct{ step, pkg, name string }

type suite struct {
	began time.Time

	mu      sync.Mutex
	output  map[test]string      // of tests that are running
	running map[string]time.Time // steps, since when
	skipped []string
	failed  []string
	passes  int
	fails   int
}

// say prints one line with the time since the start. The caller holds mu.
func (s *suite) say(format string, args ...any) {
	t := time.Since(s.began)
	fmt.Printf("[%d:%02d] %s\n", int(t.Minutes()), int(t.Seconds())%60, fmt.Sprintf(format, args...))
}

// heartbeat says every half a minute what is running.
func (s *suite) heartbeat() (stop func()) {
	done := make(chan struct{})
	go func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(30 * time.Second):
			}
			s.mu.Lock()
			var now []string
			for _, name := range slices.Sorted(maps.Keys(s.running)) {
				now = append(now, fmt.Sprintf("%s (%.0f s)", name, time.Since(s.running[name]).Seconds()))
			}
			s.say("... running: %s; %d tests passed, %d failed", strings.Join(now, ", "), s.passes, s.fails)
			s.mu.Unlock()
		}
	}()
	return func() { close(done) }
}

// run runs all steps, each as soon as those before it have ended.
func (s *suite) run(steps []step) {
	ended := map[string]chan struct{}{}
	for _, p := range steps {
		ended[p.name] = make(chan struct{})
	}
	var all sync.WaitGroup
	for _, p := range steps {
		all.Go(func() {
			defer close(ended[p.name])
			for _, before := range p.after {
				<-ended[before]
			}
			s.step(p)
		})
	}
	all.Wait()
}

func (s *suite) step(p step) {
	began := time.Now()
	s.mu.Lock()
	s.running[p.name] = began
	s.mu.Unlock()
	err := s.command(p)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.running, p.name)
	state := "done"
	if err != nil {
		state = "FAILED: " + err.Error()
		s.failed = append(s.failed, p.name)
	}
	s.say("step %s: %s in %.1f s", p.name, state, time.Since(began).Seconds())
}

func (s *suite) command(p step) error {
	args := p.args
	if p.nice > 0 {
		args = append([]string{"nice", "-n", fmt.Sprint(p.nice)}, args...)
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), p.env...)
	r, w := io.Pipe()
	cmd.Stdout, cmd.Stderr = w, w
	read := make(chan struct{})
	go func() {
		defer close(read)
		in := bufio.NewScanner(r)
		in.Buffer(nil, 64<<20)
		for in.Scan() {
			s.line(p, in.Bytes())
		}
		_, _ = io.Copy(io.Discard, r)
	}()
	err := cmd.Run()
	w.Close()
	<-read
	return err
}

func (s *suite) line(p step, line []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var e event
	if p.tests && json.Unmarshal(line, &e) == nil {
		s.event(p.name, e)
	} else if text := string(line); text != "" && !strings.HasPrefix(text, "ok  \t") {
		s.say("%s: %s", p.name, text)
	}
}

// An event is one of go test -json.
type event struct {
	Action, Package, Test, Output string
	Elapsed                       float64
}

func (s *suite) event(step string, e event) {
	t := test{step, e.Package, e.Test}
	switch e.Action {
	case "build-output":
		fmt.Print(e.Output)
	case "output":
		s.output[t] += e.Output
	case "pass":
		s.ended(t, "ok", e.Elapsed)
		if e.Test != "" {
			s.passes++
		}
	case "skip":
		if e.Test != "" {
			s.skipped = append(s.skipped, fmt.Sprintf("%s %s: %s", short(e.Package), e.Test, reason(s.output[t])))
		}
		s.ended(t, "", 0)
	case "fail":
		if e.Test != "" {
			s.fails++
			s.failed = append(s.failed, short(e.Package)+" "+e.Test)
		}
		fmt.Print(s.output[t])
		if e.Test == "" { // a panic or a time-out leaves tests without an end
			for cut, text := range s.output {
				if cut.step == step && cut.pkg == e.Package && cut != t {
					fmt.Print(text)
					delete(s.output, cut)
				}
			}
			s.failed = append(s.failed, short(e.Package))
		}
		s.ended(t, "FAIL", e.Elapsed)
	}
}

func (s *suite) ended(t test, state string, elapsed float64) {
	delete(s.output, t)
	if t.name == "" && state != "" {
		s.say("%-4s %-28s %6.1f s", state, short(t.pkg), elapsed)
	}
}

func short(pkg string) string { return strings.TrimPrefix(pkg, "soakmon/") }

// reason is the last line that a skipped test has logged.
func reason(output string) string {
	text := ""
	for line := range strings.Lines(output) {
		if _, after, ok := strings.Cut(line, "_test.go:"); ok {
			_, text, _ = strings.Cut(strings.TrimSpace(after), ": ")
		}
	}
	return cmp.Or(text, "no reason given")
}

// summary prints what was left out and what failed, and returns the exit code.
// The last line counts the tests.
func (s *suite) summary(mode string) (code int) {
	var missing []string // tests that this mode should have run
	slices.Sort(s.skipped)
	if len(s.skipped) > 0 {
		fmt.Println("\nNot tested:")
	}
	for _, line := range s.skipped {
		fmt.Println("  " + line)
		if !strings.Contains(line, "make test-long") && !strings.Contains(line, "runs with -") {
			missing = append(missing, line)
		}
	}
	if mode == "quick" {
		fmt.Println("\nNot part of the quick suite: the race detector, lint, and what is listed above. make test runs all of it.")
	} else if len(missing) > 0 && os.Getenv("CI") == "true" {
		fmt.Printf("\nCI=true: %d skipped tests are failures\n", len(missing))
		code = 1
	}
	if len(s.failed) > 0 {
		fmt.Printf("\nFailed:\n  %s\n", strings.Join(s.failed, "\n  "))
		code = 1
	}
	fmt.Printf("\nThe suite took %s.\n", time.Since(s.began).Round(time.Second))
	fmt.Printf("%d passed, %d failed, %d skipped\n", s.passes, s.fails, len(s.skipped))
	return code
}
