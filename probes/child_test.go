//go:build linux

package probes

import (
	"bufio"
	"expvar"
	"fmt"
	"io"
	"net"
	"net/http"
	_ "net/http/pprof"
	"os"
	"os/exec"
	"runtime"
	"runtime/metrics"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"soakmon/soak"
)

// The test binary is also the process that the tests look at: started with
// this variable it does what the value says, writes one line when it is ready,
// and ends when its standard input closes.
const childMode = "SOAK_PROBES_CHILD"

func init() {
	if os.Getenv(childMode) == "headless" {
		runtime.LockOSThread() // the main goroutine stays on the main thread
	}
}

func TestMain(m *testing.M) {
	if mode := os.Getenv(childMode); mode != "" {
		child(mode)
		return
	}
	os.Exit(m.Run())
}

func child(mode string) {
	runtime.LockOSThread() // children die with the thread that started them
	what, argument, _ := strings.Cut(mode, "=")
	n, _ := strconv.Atoi(argument)
	ready := ""
	switch what {
	case "idle":
	case "headless": // its main thread exits and the others run on
		go func() {
			fmt.Println("ready")
			io.Copy(io.Discard, os.Stdin)
			os.Exit(0)
		}()
		syscall.Syscall(syscall.SYS_EXIT, 0, 0, 0) // this thread only (exit(2))
	case "fds":
		for range n {
			f, err := os.Open(os.DevNull)
			if err != nil {
				fmt.Println("error", err)
				return
			}
			held = append(held, f)
		}
	case "parent":
		ready = parent(n)
	case "serve":
		ready = serve(n)
	}
	fmt.Println("ready", ready)
	io.Copy(io.Discard, os.Stdin)
}

var held []*os.File // so that no finalizer closes them

// parent starts n children and waits for none of them.
func parent(n int) (pids string) {
	for range n {
		cmd := exec.Command("/bin/sleep", "1000")
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		if err := cmd.Start(); err != nil {
			return err.Error()
		}
		pids += strconv.Itoa(cmd.Process.Pid) + " "
	}
	return pids
}

var ballast []byte

// serve has the debug pages of a Go program with n MiB of live heap.
func serve(n int) string {
	ballast = make([]byte, n<<20)
	for i := 0; i < len(ballast); i += 4096 {
		ballast[i] = 1
	}
	runtime.GC()
	expvar.Publish("live", expvar.Func(func() any {
		s := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		metrics.Read(s)
		return s[0].Value.Uint64()
	}))
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector())
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "app_requests_total", Help: "Requests."}, []string{"path", "code"})
	registry.MustRegister(requests)
	requests.WithLabelValues(`a"b\c`, "200").Add(3)
	http.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err.Error()
	}
	go http.Serve(l, nil)
	return "http://" + l.Addr().String()
}

// started is a child process that is ready.
type started struct {
	soak.Process
	ready string // what it said
	stdin io.WriteCloser
	end   func() // closes its standard input and waits for it
}

func startChild(tb testing.TB, mode string, env ...string) started {
	tb.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(append(os.Environ(), childMode+"="+mode, "GORACE=atexit_sleep_ms=0"), env...)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	ended := false
	end := func() {
		if !ended {
			ended = true
			stdin.Close()
			cmd.Wait()
		}
	}
	tb.Cleanup(end)
	line, err := bufio.NewReader(stdout).ReadString('\n')
	ready, ok := strings.CutPrefix(strings.TrimSpace(line), "ready")
	if err != nil || !ok {
		tb.Fatalf("child said %q, %v", line, err)
	}
	return started{soak.Process{Role: soak.RoleTarget, PID: cmd.Process.Pid}, strings.TrimSpace(ready), stdin, end}
}

// eventually waits for a condition, at most 10 s.
func eventually(tb testing.TB, what string, holds func() bool) {
	tb.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(10 * time.Second); !holds(); <-tick.C {
		if time.Now().After(deadline) {
			tb.Fatalf("not within 10 s: %s", what)
		}
	}
}

// values are the newest samples by name.
func values(samples []soak.Sample) map[string]float64 {
	m := make(map[string]float64)
	for _, s := range samples {
		m[s.Metric] = s.Value
	}
	return m
}
