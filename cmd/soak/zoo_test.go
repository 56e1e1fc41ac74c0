package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"

	"soakmon/soak"
	"soakmon/soak/cause"
	"soakmon/soak/report"
)

// animal is one program of the zoo that leaks, and what must be said of it. Its
// twin does the like to a cap, or gives back what it took.
type animal struct {
	kind     string
	resource string
	function string  // of the first culprit; "" where only the kernel knows
	detail   string  // is in the first culprit's detail
	rate     float64 // things a second in the long campaign; memory in KiB
	native   bool    // the program in C
}

// Rates of the campaign: counts 1/s, the Go heap 64 KiB/s, the least that must
// be named in three minutes; memory outside the heap 256 KiB/s.
var zoo = []animal{
	{"heap_slice", cause.Heap, "main.keepSlice", "", 64, false},
	{"heap_map", cause.Heap, "main.keepMap", "", 64, false},
	{"cache", cause.Heap, "main.render", "", 64, false},
	{"goroutine_chan", cause.Goroutine, "main.waitForAnswer", "chan receive", 1, false},
	{"goroutine_mutex", cause.Goroutine, "main.lockForGood", "sync.Mutex.Lock", 1, false},
	{"goroutine_timer", cause.Goroutine, "main.sleepLong", "sleep", 1, false},
	{"goroutine_read", cause.Goroutine, "main.readReply", "IO wait", 1, false},
	{"fd_socket", cause.FD, "", "TCP in ESTABLISHED", 1, false},
	{"fd_close_wait", cause.FD, "", "TCP in CLOSE_WAIT", 1, false},
	{"fd_file", cause.FD, "", "deleted: ", 1, false},
	{"fd_pipe", cause.FD, "", "pipe: ", 1, false},
	{"fd_inotify", cause.FD, "", "anon_inode:[inotify]: ", 1, false},
	{"thread", cause.Thread, "main.holdThread", "syscall", 1, false},
	{"zombie", cause.Child, "", "named true", 1, false},
	{"mmap", cause.Native, "", "an anonymous mapping that grows in size", 64, false},
	{"malloc", cause.Native, "", "the malloc heap", 256, true},
}

// cages are the programs of the zoo, built once.
type cages struct{ golang, native string }

func buildZoo(t *testing.T) cages {
	t.Helper()
	dir := t.TempDir()
	c := cages{filepath.Join(dir, "zoo"), filepath.Join(dir, "server")}
	builds := []*exec.Cmd{exec.Command("go", "build", "-o", c.golang, "./testdata/zoo")}
	builds[0].Env = append(os.Environ(), "CGO_ENABLED=0")
	if long() { // only the campaign runs the program in C
		builds = append(builds, exec.Command("gcc", "-O1", "-Wall", "-Werror", "-o", c.native, "testdata/zoo/native/server.c"))
	}
	for _, cmd := range builds {
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", cmd, err, out)
		}
	}
	return c
}

// plan writes the plan of a run on a program of the zoo.
func (c cages) plan(t *testing.T, a animal, kind, timing string, rate float64) string {
	t.Helper()
	address := freeAddress(t)
	command, pprof := []string{c.golang, address, kind, fmt.Sprint(rate)}, fmt.Sprintf("  pprof: http://%s/debug/pprof/\n", address)
	if a.native {
		_, port, _ := net.SplitHostPort(address)
		command, pprof = []string{c.native, port, kind, fmt.Sprint(rate)}, ""
	}
	path := filepath.Join(t.TempDir(), kind+".yaml")
	text := fmt.Sprintf("%s\ntarget:\n  command: [%s]\n  ready: {listen: %q}\n%sload: [{protocol: http, url: \"http://%s/\", rate: 50, concurrency: 20}]\n",
		timing, strings.Join(command, ", "), address, pprof, address)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// right says whether the findings name the resource, and the culprit first.
func (a animal) right(r report.Report) (resource, function bool) {
	for _, f := range r.Findings {
		if f.Resource != a.resource || len(f.Culprits) == 0 {
			continue
		}
		resource = true
		if c := f.Culprits[0]; c.Function == a.function && strings.Contains(c.Detail, a.detail) {
			return true, true
		}
	}
	return resource, false
}

// said is the findings in a few words.
func said(r report.Report) string {
	words := []string{string(r.Verdict)}
	for _, f := range r.Findings {
		w := f.Resource + " (" + f.Metric + ")"
		if len(f.Culprits) > 0 {
			c := f.Culprits[0]
			w += fmt.Sprintf(": %.0f %% %s %s", 100*float64(c.Share), c.Function, c.Detail)
		}
		words = append(words, w)
	}
	return strings.Join(words, "; ")
}

// brief leaves enough to judge: little more than a minute in all.
const brief = "duration: 50s\nwarmup: 6s\nrest: {settle: 3s}\nprofiles: {every: 1s}"

// A short form for every change: some leaks and a twin at a higher rate, work
// that grows, memory that is freed and a self-test, in parallel.
func TestZoo_FindsAndNamesPlantedLeaks(t *testing.T) {
	whole(t)
	t.Parallel()
	c := buildZoo(t)
	for _, kind := range []string{"heap_slice", "goroutine_mutex", "fd_close_wait", "goroutine_mutex_twin"} {
		of, twin := strings.CutSuffix(kind, "_twin")
		a := zoo[slices.IndexFunc(zoo, func(a animal) bool { return a.kind == of })]
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			r, _ := soakJSON(t, "run", c.plan(t, a, kind, brief, 10*a.rate), "--dir", t.TempDir())
			resource, function := a.right(r)
			switch {
			case twin && (r.Verdict == soak.Leaking || len(r.Findings) > 0):
				t.Errorf("it is blamed: %s", said(r))
			case !twin && (!resource || !function):
				t.Errorf("%s; %v", said(r), r.Reasons)
			}
		})
	}
	t.Run("slower", func(t *testing.T) {
		t.Parallel()
		c.whatGotSlowerIsNamed(t)
	})
	t.Run("free spans", func(t *testing.T) {
		t.Parallel()
		c.freeSpansAreToldAndAreNoLeak(t)
	})
	t.Run("self-test", func(t *testing.T) {
		t.Parallel()
		selfTestFindsWhatItPlants(t)
	})
}

// The campaign: all of the zoo and all twins, three minutes each at the defaults,
// as many at a time as there are slots.
func TestZoo_Campaign(t *testing.T) {
	if !long() {
		t.Skip("takes half an hour: make test-long")
	}
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skip("needs gcc: make peers")
	}
	c := buildZoo(t)
	allowWatchers(t)
	var score zooScore
	t.Run("zoo", func(t *testing.T) {
		for _, a := range zoo {
			for _, kind := range []string{a.kind, a.kind + "_twin"} {
				t.Run(kind, func(t *testing.T) {
					t.Parallel()
					r, _ := soakJSON(t, "run", c.plan(t, a, kind, "duration: 3m", a.rate), "--dir", t.TempDir())
					score.take(t, a, kind, r)
				})
			}
		}
	})
	zooTable = score.table()
	if !score.good() {
		t.Error("not good enough: the table is below")
	}
}

// allowWatchers lets a user have as many inotify instances as the leak of them
// makes in three minutes: by default there are 128 (inotify(7)), after which that
// program dies.
func allowWatchers(t *testing.T) {
	t.Helper()
	const limit = "/proc/sys/fs/inotify/max_user_instances"
	before, err := os.ReadFile(limit)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := strconv.Atoi(strings.TrimSpace(string(before))); err == nil && n >= 1024 {
		return
	}
	if err := os.WriteFile(limit, []byte("1024"), 0); err != nil {
		t.Logf("the leak of inotify instances will end at %s: %v", strings.TrimSpace(string(before)), err)
		return
	}
	t.Cleanup(func() { _ = os.WriteFile(limit, before, 0) })
}

// zooTable is what a campaign has found; TestMain prints it after all else.
var zooTable string

// zooScore is what was said of each animal and its twin.
type zooScore struct {
	mu  sync.Mutex
	all map[string]*zooRow
}

// zooRow is a row of the table.
type zooRow struct {
	resource, function bool
	said               string // of the one that leaks
	twin               string // verdict
	blamed             bool
	alive              bool // the twin served to its end
}

func (z *zooScore) take(t *testing.T, a animal, kind string, r report.Report) {
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.all == nil {
		z.all = map[string]*zooRow{}
	}
	row := z.all[a.kind]
	if row == nil {
		row = &zooRow{said: "not run", twin: "not run"}
		z.all[a.kind] = row
	}
	if kind == a.kind {
		row.resource, row.function = a.right(r)
		row.said = said(r)
	} else {
		row.twin, row.blamed = string(r.Verdict), r.Verdict == soak.Leaking || len(r.Findings) > 0
		if row.alive = r.ExitCode != report.ExitDead; !row.alive {
			row.twin += ", dead"
		}
		if row.blamed {
			row.twin += ", blamed: " + said(r)
		}
	}
	t.Logf("%s: %s; %v", kind, said(r), r.Reasons)
}

// count counts the rows of which something is so.
func (z *zooScore) count(is func(*zooRow) bool) (n int) {
	for _, a := range zoo {
		if row := z.all[a.kind]; row != nil && is(row) {
			n++
		}
	}
	return n
}

func (z *zooScore) resources() int { return z.count(func(r *zooRow) bool { return r.resource }) }
func (z *zooScore) functions() int { return z.count(func(r *zooRow) bool { return r.function }) }
func (z *zooScore) blamed() int    { return z.count(func(r *zooRow) bool { return r.blamed }) }

// good: the right resource in all, the right culprit first in 95 %, and no twin
// blamed or dead. All must have been run.
func (z *zooScore) good() bool {
	return z.count(func(r *zooRow) bool { return r.alive }) == len(zoo) && z.resources() == len(zoo) && z.functions()*100 >= len(zoo)*95 && z.blamed() == 0
}

func (z *zooScore) table() string {
	var out strings.Builder
	tw := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	yes := map[bool]string{true: "yes", false: "NO"}
	fmt.Fprintln(tw, "LEAK\tVERDICT\tRESOURCE\tCULPRIT FIRST\tTWIN\tSAID")
	for _, a := range zoo {
		row := z.all[a.kind]
		if row == nil {
			fmt.Fprintf(tw, "%s\tnot run\n", a.kind)
			continue
		}
		verdict, rest, _ := strings.Cut(row.said, "; ")
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\n", a.kind, verdict, yes[row.resource], yes[row.function], row.twin, rest)
	}
	tw.Flush()
	n := len(zoo)
	fmt.Fprintf(&out, "\nof %d leaks the resource is right in %d, the culprit first in %d; of %d twins %d are blamed\n", n, z.resources(), z.functions(), n, z.blamed())
	return out.String()
}
