//go:build unix

package supervise

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// helperVar makes the test binary play a part instead of running tests.
const helperVar = "SUPERVISE_TEST_PART"

func TestMain(m *testing.M) {
	if part := os.Getenv(helperVar); part != "" {
		os.Unsetenv(helperVar)
		parts[part]()
		return
	}
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGCHLD) // starts the goroutine that os/signal never ends
	signal.Stop(c)
	os.Exit(m.Run())
}

var parts = map[string]func(){
	"server":   playServer,
	"monitor":  playMonitor,
	"headless": playHeadless,
}

// playServer is an embedded server: it says hello and ends with its standard input.
func playServer() {
	addr := "127.0.0.1:0"
	if n := len(os.Args); n > 2 && os.Args[n-2] == "--address" {
		addr = os.Args[n-1]
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	go http.Serve(l, http.NotFoundHandler())
	json.NewEncoder(os.NewFile(3, "hello")).Encode(Hello{
		Address: l.Addr().String(), Options: json.RawMessage(`{"a":1}`), Pprof: "http://" + l.Addr().String() + "/debug/pprof/",
	})
	io.Copy(io.Discard, os.Stdin)
}

func init() {
	if os.Getenv(helperVar) == "headless" {
		runtime.LockOSThread() // the main goroutine stays on the main thread
	}
}

// playHeadless lives on after its main thread has exited, until its standard
// input closes.
func playHeadless() {
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(3)
	}()
	syscall.Syscall(syscall.SYS_EXIT, 0, 0, 0) // this thread only (exit(2))
}

// playMonitor starts one child that is held by its standard input and one that
// is not, prints their pids, and waits to be killed.
func playMonitor() {
	ctx := context.Background()
	held, err := Start(ctx, Spec{Args: []string{"cat"}, Stdin: true})
	if err != nil {
		panic(err)
	}
	loose, err := Start(ctx, Spec{Args: []string{"sleep", "1000"}})
	if err != nil {
		panic(err)
	}
	fmt.Println(held.PID, loose.PID)
	select {}
}

// play is this test binary as a command that plays a part.
func play(part string) (args []string, env map[string]string) {
	return []string{"/proc/self/exe"}, map[string]string{helperVar: part, "GORACE": "atexit_sleep_ms=0"}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for tick := time.NewTicker(5 * time.Millisecond); !ok(); {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("20 s later still not so: %s", what)
		}
	}
}

func gone(pid int) bool {
	p, err := proc.Stat(pid)
	return err != nil || p.Ended()
}

// lines collects the output of a child.
type lines struct {
	mu  sync.Mutex
	all []string
}

func (l *lines) add(s string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, s)
}

func (l *lines) get() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.all...)
}

// pids waits for n lines that are pids.
func (l *lines) pids(t *testing.T, n int) []int {
	t.Helper()
	eventually(t, fmt.Sprintf("%d pids printed", n), func() bool { return len(l.get()) >= n })
	var out []int
	for _, s := range l.get()[:n] {
		pid, err := strconv.Atoi(strings.TrimSpace(s))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, pid)
	}
	return out
}

// nothingLeft fails the test where it leaves fds, goroutines or children behind.
func nothingLeft(t *testing.T) {
	t.Helper()
	runtime.GC() // lets go of what earlier tests left to finalizers
	fds, routines := countFds(t), runtime.NumGoroutine()
	t.Cleanup(func() {
		eventually(t, fmt.Sprintf("as few goroutines as before (%d)", routines), func() bool { return runtime.NumGoroutine() <= routines })
		eventually(t, fmt.Sprintf("as few fds as before (%d)", fds), func() bool { return countFds(t) <= fds })
		children.mu.Lock()
		defer children.mu.Unlock()
		if n := len(children.all); n != 0 {
			t.Errorf("%d children were never stopped", n)
		}
	})
}

func countFds(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// freePort is a port that was free a moment ago.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// nginx is the command of a real nginx that serves addr, and its pidfile.
func nginx(t *testing.T, addr string, daemon bool) (args []string, pidfile string) {
	t.Helper()
	exe, err := exec.LookPath("nginx")
	if err != nil {
		if exe, err = exec.LookPath("/usr/sbin/nginx"); err != nil {
			t.Skip("needs nginx: make peers")
		}
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	pidfile = filepath.Join(dir, "nginx.pid")
	mode := map[bool]string{true: "on", false: "off"}[daemon]
	conf := fmt.Sprintf(`daemon %s; pid %s; error_log stderr; worker_processes 2;
events {}
http {
	access_log off;
	client_body_temp_path %[3]s/body; proxy_temp_path %[3]s/proxy; fastcgi_temp_path %[3]s/fastcgi; uwsgi_temp_path %[3]s/uwsgi; scgi_temp_path %[3]s/scgi;
	server { listen %[4]s; location / { return 200 "ok"; } }
}`, mode, pidfile, dir, addr)
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(conf), 0o644); err != nil {
		t.Fatal(err)
	}
	return []string{exe, "-p", dir, "-c", file}, pidfile
}

// stranger starts a process without this package, as a stranger would.
func stranger(t *testing.T, args ...string) (*exec.Cmd, *bufio.Reader) {
	t.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	return cmd, bufio.NewReader(out)
}
