//go:build unix

package plant

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"soakmon/soak"
)

// partVar makes the test binary leak what it says instead of running tests.
const partVar = "PLANT_TEST_LEAK"

func TestMain(m *testing.M) {
	if text := os.Getenv(partVar); text != "" {
		if err := leakForReal(text); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// census is what a process holds, as it sees itself.
type census struct {
	Fds, Threads, Goroutines, Zombies int
	Heap                              uint64 // live bytes
	Failed                            int64
	Err                               string
	Names                             string // of the goroutines' functions
}

// failures counts what could not be planted.
type failures struct {
	mu  sync.Mutex
	n   int64
	err error
}

func (f *failures) add(_ string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.n++
	f.err = err
}

// leakForReal plants one leak by time or by operation, and reports what that did.
func leakForReal(text string) error {
	var l soak.Leak
	if err := json.Unmarshal([]byte(text), &l); err != nil {
		return err
	}
	if err := lowerFdLimit(l); err != nil {
		return err
	}
	var failed failures
	p, err := New([]soak.Leak{l}, failed.add)
	if err != nil {
		return err
	}
	count(&failed) // the first one opens what the runtime keeps
	before := count(&failed)
	if l.Operations > 0 {
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for range 1000 {
					p.Operation()
				}
			})
		}
		wg.Wait()
	} else {
		ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
		defer cancel()
		p.Run(ctx)
	}
	return talk(&failed, before)
}

func lowerFdLimit(l soak.Leak) error {
	if l.Text != "few fds" {
		return nil
	}
	return syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 50, Max: 50})
}

// talk prints a census before, and one on each line that is asked for.
func talk(failed *failures, before census) error {
	out := json.NewEncoder(os.Stdout)
	if err := out.Encode(before); err != nil {
		return err
	}
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		if err := out.Encode(count(failed)); err != nil {
			return err
		}
	}
	return nil
}

func count(failed *failures) census {
	var c census
	fds, _ := os.ReadDir("/proc/self/fd")
	threads, _ := os.ReadDir("/proc/self/task")
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, f := range stats {
		b, _ := os.ReadFile(f)
		if _, after, ok := strings.Cut(string(b), ") "); ok && strings.HasPrefix(after, fmt.Sprintf("Z %d ", os.Getpid())) {
			c.Zombies++
		}
	}
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	failed.mu.Lock()
	defer failed.mu.Unlock()
	var names strings.Builder
	pprof.Lookup("goroutine").WriteTo(&names, 1)
	c.Fds, c.Threads, c.Goroutines, c.Heap = len(fds), len(threads), runtime.NumGoroutine(), m.HeapAlloc
	c.Failed, c.Err, c.Names = failed.n, fmt.Sprint(failed.err), names.String()
	return c
}

// leaker is a process that leaks.
type leaker struct {
	cmd    *exec.Cmd
	ask    io.Writer
	answer *json.Decoder
	before census
}

func startLeaker(t *testing.T, l soak.Leak) *leaker {
	t.Helper()
	text, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), partVar+"="+string(text), "GORACE=atexit_sleep_ms=0") // the race detector would wait a second at its exit
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the leaking process: %v", err)
		}
	})
	p := &leaker{cmd: cmd, ask: in, answer: json.NewDecoder(out)}
	if err := p.answer.Decode(&p.before); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *leaker) count(t *testing.T) census {
	t.Helper()
	var c census
	if _, err := io.WriteString(p.ask, "\n"); err != nil {
		t.Fatal(err)
	}
	if err := p.answer.Decode(&c); err != nil {
		t.Fatal(err)
	}
	return c
}

// until counts until ok, at most for 10 s: threads and zombies take a moment.
func (p *leaker) until(t *testing.T, ok func(census) bool) census {
	t.Helper()
	c := p.count(t)
	for began := time.Now(); !ok(c) && time.Since(began) < 10*time.Second; {
		c = p.count(t)
	}
	return c
}

func TestPlanter_Kinds(t *testing.T) {
	const n = 40 // 4,000 operations, 1 in 100
	for kind, grown := range map[string]func(before, now census) int{
		"fd":        func(b, c census) int { return c.Fds - b.Fds },
		"goroutine": func(b, c census) int { return c.Goroutines - b.Goroutines },
		"thread": func(b, c census) int {
			return strings.Count(c.Names, "plantedThread")*n + c.Goroutines - b.Goroutines - n
		},
		"child": func(b, c census) int { return c.Zombies - b.Zombies },
	} {
		t.Run(kind, func(t *testing.T) {
			p := startLeaker(t, soak.Leak{Kind: kind, Amount: 1, Operations: 100})
			c := p.until(t, func(c census) bool { return grown(p.before, c) == n })
			if got := grown(p.before, c); got != n {
				t.Errorf("%d planted, want %d", got, n)
			}
			if c.Failed != 0 {
				t.Errorf("%d failed: %s", c.Failed, c.Err)
			}
			if kind != "fd" && c.Fds-p.before.Fds > 8 {
				t.Errorf("%d fds leaked as well", c.Fds-p.before.Fds)
			}
		})
	}
}

func TestPlanter_Threads(t *testing.T) {
	p := startLeaker(t, soak.Leak{Kind: "thread", Amount: 1, Operations: 40})
	if c := p.until(t, func(c census) bool { return c.Threads >= 100 }); c.Threads < 100 {
		t.Errorf("%d threads of 100", c.Threads)
	}
}

func TestPlanter_GoroutineNames(t *testing.T) {
	c := startLeaker(t, soak.Leak{Kind: "goroutine", Amount: 1, Operations: 400}).count(t)
	if !strings.Contains(c.Names, "10 @") || !strings.Contains(c.Names, "plant.plantedGoroutine") {
		t.Error(c.Names)
	}
}

func TestPlanter_HeapSize(t *testing.T) {
	for _, perOperation := range []float64{100, 4096} {
		p := startLeaker(t, soak.Leak{Kind: "heap", Amount: perOperation, Operations: 1})
		want := perOperation * 4000
		got := float64(p.count(t).Heap) - float64(p.before.Heap)
		if math.Abs(got-want) > want/50+32<<10 {
			t.Errorf("%v B an operation: the heap grew by %v, want %v", perOperation, got, want)
		}
	}
}

func TestRun_NeverEarly(t *testing.T) {
	p := startLeaker(t, soak.Leak{Kind: "fd", Amount: 100, Every: time.Second})
	if got := p.count(t).Fds - p.before.Fds; got < 1 || got > 60 { // half a second and what little the deadline may be late
		t.Errorf("%d fds in half a second at 100/s", got)
	}
}

func TestPlanter_Exhaustion(t *testing.T) {
	p := startLeaker(t, soak.Leak{Kind: "fd", Amount: 1, Operations: 1, Text: "few fds"})
	if c := p.count(t); c.Failed < 3900 || !strings.Contains(c.Err, "too many open files") {
		t.Errorf("failed %d: %s", c.Failed, c.Err)
	}
}

func TestLeak_ExactOverADay(t *testing.T) {
	for _, l := range []soak.Leak{
		{Kind: "fd", Amount: 2, Every: time.Second},
		{Kind: "fd", Amount: 1, Every: time.Hour},
		{Kind: "goroutine", Amount: 0.3, Every: 7 * time.Minute},
		{Kind: "heap", Amount: 100, Every: time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			p, err := New([]soak.Leak{l}, nil)
			if err != nil {
				t.Fatal(err)
			}
			var planted int64
			began := time.Now()
			p.timed[0].plant = func(n int64) error {
				planted += n
				due := l.Amount * float64(time.Since(began)) / float64(l.Every)
				if late := due - float64(planted); late < -1e-6 || late > 0.03*float64(p.timed[0].step()) {
					t.Errorf("%+v: after %v %d are planted, %v due", l, time.Since(began), planted, due)
				}
				return nil
			}
			ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour+time.Second)
			defer cancel()
			p.Run(ctx)
			if want := l.Amount * float64(24*time.Hour) / float64(l.Every); math.Abs(float64(planted)-want) > max(1, 0.01*want) {
				t.Errorf("%+v: %d planted in a day, want %v", l, planted, want)
			}
		})
	}
}

func TestRun_SpreadWithinSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, err := New([]soak.Leak{{Kind: "fd", Amount: 10000, Every: time.Second}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		var planted, most int64
		p.timed[0].plant = func(n int64) error {
			planted, most = planted+n, max(most, n)
			return nil
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		p.Run(ctx)
		if most > 101 || planted < 99800 || planted > 100000 {
			t.Errorf("%d planted in 10 s, up to %d at once", planted, most)
		}
	})
}

func TestLeak_Fractions(t *testing.T) {
	for what, c := range map[string]struct {
		leak  soak.Leak
		leaks func(*Planter) []leak
		count func(*Planter)
	}{
		"operations":     {soak.Leak{Kind: "fd", Amount: 3, Operations: 7}, func(p *Planter) []leak { return p.operations.leaks }, (*Planter).Operation},
		"dirty sessions": {soak.Leak{Kind: "fd", Amount: 3, Dirty: 7}, func(p *Planter) []leak { return p.dirty.leaks }, (*Planter).BadEnd},
	} {
		var failed failures
		p, err := New([]soak.Leak{c.leak}, failed.add)
		if err != nil {
			t.Fatal(err)
		}
		var planted int64
		c.leaks(p)[0].plant = func(n int64) error {
			planted += n
			return errors.New("no")
		}
		for range 700 {
			c.count(p)
		}
		if planted != 300 || failed.n != 300 || failed.err == nil {
			t.Errorf("%s: %d planted, %d failed, %v", what, planted, failed.n, failed.err)
		}
	}
}

func TestNew_Rejects(t *testing.T) {
	if want := []string{"child", "fd", "goroutine", "heap", "thread"}; !slices.Equal(Kinds(), want) {
		t.Errorf("kinds %v, want %v", Kinds(), want)
	}
	for _, l := range []soak.Leak{
		{Kind: "socket", Amount: 1, Every: 1}, {Kind: "fd", Every: 1}, {Kind: "fd", Amount: math.NaN(), Every: 1}, {Kind: "fd", Amount: math.Inf(1), Every: 1},
		{Kind: "fd", Amount: 1}, {Kind: "fd", Amount: 1, Every: 1, Operations: 1}, {Kind: "fd", Amount: 1, Every: -1}, {Kind: "fd", Amount: 1, Every: 1, Operations: -1},
		{Kind: "fd", Amount: 1, Operations: 1, Dirty: 1}, {Kind: "fd", Amount: 1, Operations: 1, Every: 1, Dirty: -1},
	} {
		if _, err := New([]soak.Leak{l}, nil); err == nil {
			t.Errorf("%+v was accepted", l)
		}
	}
	if _, err := New([]soak.Leak{{Kind: "socket", Amount: 1, Every: 1, Text: "socket=1/s"}}, nil); err == nil || !strings.Contains(err.Error(), `"socket=1/s"`) || !strings.Contains(err.Error(), strings.Join(Kinds(), ", ")) {
		t.Errorf("err = %v", err)
	}
}

func BenchmarkOperation(b *testing.B) {
	p, err := New([]soak.Leak{{Kind: "fd", Amount: 1, Operations: 1 << 60}}, nil)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		p.Operation()
	}
}
