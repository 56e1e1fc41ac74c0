package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"soakmon/soak"
	"soakmon/soak/peer"
	"soakmon/soak/report"
	"soakmon/store"
)

// binary is the program as a user has it, built once for all tests.
var binary string

func TestMain(m *testing.M) {
	if len(os.Args) > 2 && slices.Contains([]string{"serve", "drive", "relay"}, os.Args[1]) {
		os.Exit(execute(os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr})) // a child of a test in this process
	}
	dir, err := os.MkdirTemp("", "soak-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	binary = filepath.Join(dir, "soak")
	build := exec.Command("go", "build", "-o", binary, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if long() {
		build = exec.Command("go", "build", "-race", "-o", binary, ".")
	}
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n%s", build, err, out)
		os.Exit(2)
	}
	flag.Parse()
	if !slices.ContainsFunc(os.Args, func(a string) bool { return strings.HasPrefix(a, "-test.parallel=") }) {
		_ = flag.Set("test.parallel", "32") // most tests wait; slots limits the others
	}
	code := m.Run()
	fmt.Print(zooTable)
	os.RemoveAll(dir)
	os.Exit(code)
}

// long reports whether the long variants of tests run too (make test-long), on a
// program with the race detector.
func long() bool { return os.Getenv("SOAK_LONG") != "" }

// slots limits the runs at the same time that hold a rate and are judged: a busy
// machine delays operations, and adds noise to what is measured.
var slots = make(chan struct{}, 7)

var lastPort atomic.Int32

// freeAddress is an address on which nobody listens, for a server that starts
// later. Its port is below those that Linux gives to clients
// (Documentation/networking/ip-sysctl.rst, ip_local_port_range), so that no
// connection takes it meanwhile, and no other test gets it.
func freeAddress(t *testing.T) string {
	t.Helper()
	lastPort.CompareAndSwap(0, 10_000+int32(os.Getpid()%15_000))
	for range 1000 {
		address := fmt.Sprintf("127.0.0.1:%d", lastPort.Add(1))
		if ln, err := net.Listen("tcp", address); err == nil {
			ln.Close()
			return address
		}
	}
	t.Fatal("no free port")
	return ""
}

// whole marks a test that needs a run of about a minute.
func whole(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("takes a minute: make test")
	}
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", filepath.Dir(binary)+":"+env.Getenv("PATH"))
			env.Setenv("XDG_STATE_HOME", env.WorkDir+"/state")
			return nil
		},
	})
}

// soakJSON runs soak to its end and decodes the report that it prints.
func soakJSON(t *testing.T, args ...string) (report.Report, int) {
	t.Helper()
	whole(t)
	slots <- struct{}{}
	defer func() { <-slots }()
	var out, errs bytes.Buffer
	cmd := exec.Command(binary, append(args, "--format", "json")...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("soak %v: %v", args, err)
	}
	var r report.Report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatalf("soak %v: not a report: %v\n%s\n%s", args, err, out.Bytes(), errs.Bytes())
	}
	return r, cmd.ProcessState.ExitCode()
}

func seriesOf(t *testing.T, r report.Report, metric string) report.Series {
	t.Helper()
	for _, s := range r.Series {
		if s.Process == "target" && s.Metric == metric {
			return s
		}
	}
	t.Fatalf("the report has no series %s of the target: %+v", metric, r.Series)
	return report.Series{}
}

func TestRun_PlantedFdLeak(t *testing.T) {
	t.Parallel()
	r, code := soakJSON(t, "run", "--dir", t.TempDir(), "--duration", "45s", "--leak", "fd=2/s")
	if r.Verdict != "leak" || code != 1 || r.ExitCode != 1 {
		t.Fatalf("verdict %s, exit code %d: %v", r.Verdict, code, r.Reasons)
	}
	fds := seriesOf(t, r, "fds")
	if fds.Verdict != "leak" || fds.Slope < 0.9*7200 || fds.Slope > 1.1*7200 {
		t.Errorf("fds: %s, %v per hour, want a leak of about 7200: %s", fds.Verdict, fds.Slope, fds.Reason)
	}
	if g := seriesOf(t, r, "goroutines"); g.Verdict == "leak" {
		t.Errorf("goroutines did not leak, and were blamed: %s", g.Reason)
	}
}

func TestRun_HealthyServer(t *testing.T) {
	t.Parallel()
	for _, protocol := range []string{"tcp", "http"} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			r, code := soakJSON(t, "run", "--dir", t.TempDir(), "--duration", "45s", "--protocol", protocol)
			if r.Verdict == "leak" || code == 1 || code == 2 {
				t.Errorf("verdict %s, exit code %d: %v", r.Verdict, code, r.Reasons)
			}
			// Without a core the monitor misses ticks. It must take all samples on
			// an idle machine, and on a busy one measure that and not say clean.
			missed := r.Evidence.Samples < r.Evidence.SamplesDue*98/100
			if missed && (!r.CPU.Starved || r.Verdict == "clean") || r.Evidence.SamplesDue < 45 {
				t.Errorf("%s, evidence %+v, CPU %+v", r.Verdict, r.Evidence, r.CPU)
			}
			if l := r.Load[0]; l.Operations < 8500 || l.Failed > 0 {
				t.Errorf("load %+v", l)
			}
		})
	}
}

// start starts soak in the background and returns it with its folder.
func start(t *testing.T, args ...string) (*exec.Cmd, string, *bytes.Buffer) {
	t.Helper()
	return startProgram(t, binary, args...)
}

func startProgram(t *testing.T, program string, args ...string) (*exec.Cmd, string, *bytes.Buffer) {
	t.Helper()
	dir := t.TempDir()
	var out bytes.Buffer
	cmd := exec.Command(program, append(args, "--dir", dir)...)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return cmd, dir, &out
}

// waitFor polls until the condition holds.
func waitFor(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("in vain waited for %s", what)
		}
		<-time.After(20 * time.Millisecond)
	}
}

// underLoad waits until the newest run of the folder has done operations.
func underLoad(t *testing.T, dir string) {
	t.Helper()
	waitFor(t, "load", func() bool {
		out, err := exec.Command(binary, "report", "last", "--dir", dir, "--format", "json").Output()
		var r report.Report
		if len(out) == 0 || json.Unmarshal(out, &r) != nil || err == nil {
			return false
		}
		return r.Ended == "running" && len(r.Load) > 0 && r.Load[0].Operations > 400
	})
}

func TestRun_Interrupt(t *testing.T) {
	t.Parallel()
	program := ownBinary(t)
	cmd, dir, out := startProgram(t, program, "run", "--duration", "10m")
	underLoad(t, dir)
	_ = cmd.Process.Signal(os.Interrupt)
	err := cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 3 {
		t.Errorf("exit code %d (%v), want 3: a short run is inconclusive\n%s", code, err, out)
	}
	if !strings.Contains(out.String(), "INCONCLUSIVE") || !strings.Contains(out.String(), "ended early") {
		t.Errorf("the report does not say that it is short:\n%s", out)
	}
	left, _ := filepath.Glob(filepath.Join(dir, "*.sock"))
	if len(left) > 0 {
		t.Errorf("sockets were left: %v", left)
	}
	unleft(t, program)
}

// TestRun_KilledMonitor kills the monitor without warning. The run file
// must open, hold all but the last six seconds, and no process may be left.
func TestRun_KilledMonitor(t *testing.T) {
	t.Parallel()
	program := ownBinary(t)
	kills := 3
	if n := os.Getenv("SOAK_KILLS"); n != "" {
		fmt.Sscan(n, &kills)
	}
	for i := range kills {
		cmd, dir, _ := startProgram(t, program, "run", "--duration", "10m", "--quiet")
		files := func() []string { f, _ := filepath.Glob(filepath.Join(dir, "*.soak")); return f }
		waitFor(t, "the run file", func() bool { return len(files()) == 1 })
		begun := time.Now()
		lived := time.Duration(1+i*7919%12000) * time.Millisecond
		<-time.After(lived)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		recorded := checkKilled(t, files()[0])
		if lost := time.Since(begun) - recorded; lost > 6*time.Second { // one is the wait for the first tick
			t.Errorf("kill %d after %s: %s are lost", i, lived, lost)
		}
	}
	unleft(t, program)
}

func checkKilled(t *testing.T, path string) (recorded time.Duration) {
	t.Helper()
	problems, err := store.Verify(path)
	if err != nil || len(problems) > 0 {
		t.Fatalf("%s: %v %v", path, problems, err)
	}
	r, err := store.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	ticks, err := r.Ticks()
	if err != nil {
		t.Fatal(err)
	}
	if len(ticks) == 0 {
		return 0
	}
	return ticks[len(ticks)-1]
}

func TestRun_RejectsWrongPid(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	other := exec.Command("sleep", "60")
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Process.Kill(); _ = other.Wait() }()
	cmd := exec.Command(binary, "run", "--dir", t.TempDir(), "--pid", fmt.Sprint(other.Process.Pid), "--address", ln.Addr().String())
	out, _ := cmd.CombinedOutput()
	if code := cmd.ProcessState.ExitCode(); code != 2 || !strings.Contains(string(out), fmt.Sprint(os.Getpid())) {
		t.Errorf("exit code %d, and the message does not name pid %d, which serves the port:\n%s", code, os.Getpid(), out)
	}
}

func TestRun_DeadTarget(t *testing.T) {
	t.Parallel()
	cmd, dir, out := start(t, "run", "--duration", "5m")
	underLoad(t, dir)
	_ = syscall.Kill(childOf(t, cmd.Process.Pid, "serve tcp"), syscall.SIGKILL)
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 4 {
		t.Errorf("exit code %d, want 4\n%s", code, out)
	}
}

func TestRun_AlertsReachWebhook(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var bodies []string
	hook := http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var body bytes.Buffer
		_, _ = body.ReadFrom(r.Body)
		mu.Lock()
		defer mu.Unlock()
		bodies = append(bodies, body.String())
	})}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = hook.Serve(ln) }()
	defer hook.Close()
	path := filepath.Join(t.TempDir(), "plan.yaml")
	text := fmt.Sprintf(`
duration: 40s
target: {embedded: tcp, leak: ["fd=5/s"]}
rules: [{name: no fd leaks, metric: fds, max_growth: 10/h}]
sinks: [{type: webhook, url: "http://%s/hook"}]
`, ln.Addr())
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	r, code := soakJSON(t, "run", path, "--dir", t.TempDir())
	if code != 1 || len(r.Alerts) == 0 {
		t.Errorf("exit code %d, alerts %v", code, r.Alerts)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(bodies) == 0 || !strings.Contains(bodies[0], "no fd leaks") {
		t.Errorf("the webhook got %q", bodies)
	}
}

// TestRun_UntilDecided ends as soon as the leak and the clean series are decided, and
// states what that cost.
func TestRun_UntilDecided(t *testing.T) {
	t.Parallel()
	r, code := soakJSON(t, "run", "--dir", t.TempDir(), "--until-decided", "--duration", "1m", "--leak", "fd=20/s")
	if code != 1 || seriesOf(t, r, "fds").Verdict != "leak" {
		t.Errorf("exit code %d: %v", code, r.Reasons)
	}
	open := slices.ContainsFunc(r.Series, func(s report.Series) bool {
		return s.Process == soak.RoleTarget && s.Verdict == soak.Inconclusive && s.PartOf == ""
	})
	switch early := r.Decided != nil; {
	case early != (r.Ended == soak.EndDecided):
		t.Errorf("ended %q, decided %+v", r.Ended, r.Decided)
	case early && (r.Decided.Steady >= r.Decided.Whole || r.Decided.Factor <= 1):
		t.Errorf("%+v", r.Decided)
	case !early && !open && !r.CPU.Starved:
		t.Errorf("ended %q although every series is decided", r.Ended)
	}
}

func TestRun_Nginx(t *testing.T) {
	t.Parallel()
	nginx, ok := peer.Find("nginx")
	if !ok {
		t.Skip("needs nginx: make peers")
	}
	r, code := soakJSON(t, "run", nginxPlan(t, nginx), "--dir", t.TempDir(), "--duration", "45s")
	if r.Verdict == "leak" || code == 1 || code == 2 || code == 4 {
		t.Fatalf("verdict %s, exit code %d: %v", r.Verdict, code, r.Reasons)
	}
	if l := r.Load[0]; l.Operations < 8000 {
		t.Errorf("load %+v", l)
	}
	unlistened(t, r)
}

// nginxPlan writes a plan that starts nginx and drives it.
func nginxPlan(t *testing.T, nginx string) string {
	t.Helper()
	dir := t.TempDir()
	address := freeAddress(t)
	conf := fmt.Sprintf(`
daemon off;
pid %[1]s/nginx.pid;
error_log %[1]s/error.log;
worker_processes 2;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path %[1]s; proxy_temp_path %[1]s; fastcgi_temp_path %[1]s; uwsgi_temp_path %[1]s; scgi_temp_path %[1]s;
  server { listen %[2]s; location / { return 200 "hello from nginx\n"; } }
}`, dir, address)
	if err := os.WriteFile(filepath.Join(dir, "nginx.conf"), []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	plan := filepath.Join(dir, "nginx.yaml")
	text := fmt.Sprintf(`
duration: 3m
target:
  command: [%q, -c, %q]
  ready: {listen: %q}
load: [{protocol: http, url: "http://%s/", rate: 200}]
`, nginx, filepath.Join(dir, "nginx.conf"), address, address)
	if err := os.WriteFile(plan, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return plan
}

// unlistened fails where the target's address is still served.
func unlistened(t *testing.T, r report.Report) {
	t.Helper()
	address := strings.TrimSuffix(strings.TrimPrefix(r.Plan.Load[0].URL, "http://"), "/")
	if c, err := net.DialTimeout("tcp", address, time.Second); err == nil {
		c.Close()
		t.Errorf("%s is still served after the run", address)
	}
}

// TestRun_DeliversAlertsOfKilledMonitor kills a monitor whose webhook
// is down, and lets the next run of the same plan find it up.
func TestRun_DeliversAlertsOfKilledMonitor(t *testing.T) {
	whole(t)
	t.Parallel()
	address := freeAddress(t)
	path := filepath.Join(t.TempDir(), "plan.yaml")
	text := fmt.Sprintf(`
duration: 2m
warmup: 5s
rest: {settle: 5s}
target: {embedded: tcp, leak: ["fd=5/s"]}
sinks: [{type: webhook, url: "http://%s/hook"}]
`, address)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd, dir, _ := start(t, "run", path, "--quiet")
	waitFor(t, "an alert", func() bool {
		out, _ := exec.Command(binary, "report", "last", "--dir", dir, "--format", "json").Output()
		var r report.Report
		return json.Unmarshal(out, &r) == nil && len(r.Alerts) > 0
	})
	_ = cmd.Process.Kill()
	_ = cmd.Wait()

	got := make(chan string, 16)
	hook := http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got <- r.Header.Get("Idempotency-Key")
	})}
	up, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = hook.Serve(up) }()
	defer hook.Close()
	entries, err := store.List(dir)
	if err != nil || len(entries) != 1 {
		t.Fatalf("%v, %v", entries, err)
	}
	next := exec.Command(binary, "run", path, "--quiet", "--dir", dir)
	if err := next.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = next.Process.Signal(os.Interrupt); _ = next.Wait() }()
	select {
	case key := <-got:
		if !strings.HasPrefix(key, entries[0].ID) {
			t.Errorf("the first delivery is %q, not of the killed run %s", key, entries[0].ID)
		}
	case <-time.After(30 * time.Second):
		t.Error("the alert was never delivered")
	}
}

// TestSchedule_RunsWhenDue waits for the next minute.
func TestSchedule_RunsWhenDue(t *testing.T) {
	whole(t)
	t.Parallel()
	plan := filepath.Join(t.TempDir(), "minutely.yaml")
	if err := os.WriteFile(plan, []byte("duration: 10m\nschedule: \"* * * * *\"\ntarget: {embedded: tcp}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd, dir, out := start(t, "schedule", plan)
	waitFor(t, "the run to start", func() bool { e, err := store.List(dir); return err == nil && len(e) == 1 })
	underLoad(t, dir)
	_ = cmd.Process.Signal(syscall.SIGTERM)
	_ = cmd.Wait()
	if !strings.Contains(out.String(), "ended with exit code 3") || !strings.Contains(out.String(), "INCONCLUSIVE") {
		t.Errorf("no verdict at the end:\n%s", out)
	}
}
