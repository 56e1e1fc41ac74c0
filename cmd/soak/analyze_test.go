package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"soakmon/soak/analysis"
)

func TestAnalyze_RealPrometheus(t *testing.T) {
	t.Parallel()
	server := prometheusWith(t, sixHours())
	all, code := analyzeJSON(t, "--prometheus", server, "--query", `{job="shop"}`, "--since", "8h", "--step", "30s")
	if code != 1 || len(all) != 2 {
		t.Fatalf("exit code %d, series %+v", code, all)
	}
	flat, leak := all[0], all[1]
	if flat.Source != `{job="shop"}` || flat.Name != `fds{job="shop"}` || flat.Verdict != "clean" || flat.Samples < 700 {
		t.Errorf("flat: %+v", flat)
	}
	if leak.Name != `heap_bytes{job="shop"}` || leak.Verdict != "leak" || leak.Unit != "bytes" || leak.Slope < 3.5e6 || leak.Slope > 3.7e6 {
		t.Errorf("want a leak of 3.6e6 bytes an hour, got %+v", leak)
	}
	if leak.Detected < leak.Since || leak.Detected > 8*3600 {
		t.Errorf("since %v s, detected at %v s", leak.Since, leak.Detected)
	}
	if _, code := analyzeJSON(t, "--prometheus", server, "--query", `fds`, "--since", "8h"); code != 0 {
		t.Errorf("exit code %d of a series that does not grow", code)
	}
	out, err := exec.Command(binary, "analyze", "--prometheus", server, "--query", "nosuch").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "no series found") {
		t.Errorf("%v\n%s", err, out)
	}
}

// analyzeJSON runs soak analyze and decodes what it prints.
func analyzeJSON(t *testing.T, args ...string) ([]analysis.Analysis, int) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.Command(binary, append([]string{"analyze", "--format", "json"}, args...)...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	_ = cmd.Run() // its exit code is looked at
	var answer struct{ Series []analysis.Analysis }
	if err := json.Unmarshal(out.Bytes(), &answer); err != nil {
		t.Fatalf("soak analyze %v: %v\n%s\n%s", args, err, out.Bytes(), errs.Bytes())
	}
	return answer.Series, cmd.ProcessState.ExitCode()
}

// sixHours is a past as OpenMetrics, at 30 s: a heap that grows by 1,000 bytes a
// second, and descriptors that come and go.
func sixHours() string {
	var b strings.Builder
	began := time.Now().Add(-7 * time.Hour).Unix()
	for name, value := range map[string]func(i int) int{
		"heap_bytes": func(i int) int { return 1e6 + 30_000*i },
		"fds":        func(i int) int { return 40 + i*7%3 },
	} {
		fmt.Fprintf(&b, "# TYPE %s gauge\n", name)
		for i := range 6 * 120 {
			fmt.Fprintf(&b, "%s{job=\"shop\"} %d %d\n", name, value(i), began+int64(30*i))
		}
	}
	return b.String() + "# EOF\n"
}

// prometheusWith starts a real server that has this past, and returns its URL.
func prometheusWith(t *testing.T, past string) string {
	t.Helper()
	if _, err := exec.LookPath("prometheus"); err != nil {
		t.Skip("needs prometheus: make peers")
	}
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	for name, content := range map[string]string{"config": "global: {}\n", "past": past} {
		if err := os.WriteFile(path(name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(path("data/wal"), 0o700); err != nil { // as in every data folder
		t.Fatal(err)
	}
	if out, err := exec.Command("promtool", "tsdb", "create-blocks-from", "openmetrics", path("past"), path("data")).CombinedOutput(); err != nil {
		t.Fatalf("promtool: %v\n%s", err, out)
	}
	address := freeAddress(t)
	server := exec.Command("prometheus", "--config.file="+path("config"), "--storage.tsdb.path="+path("data"), "--web.listen-address="+address)
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Process.Signal(syscall.SIGTERM); _ = server.Wait() })
	waitFor(t, "prometheus", func() bool {
		answer, err := http.Get("http://" + address + "/-/ready")
		if err != nil {
			return false
		}
		answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	})
	return "http://" + address
}

// Lives of a process that grow at different rates: unmarked, they are taken for
// memory that came back.
func TestAnalyze_MarkedRestarts(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("time,heap_bytes\n")
	rate, level := 800.0, 50e6
	for at := 0; at < 12*3600; at += 30 {
		if next, restart := map[int]float64{7200: 1120, 30600: 600}[at]; restart {
			rate, level = next, 50e6
		}
		level += 30 * rate
		fmt.Fprintf(&b, "%d,%.0f\n", at, level+float64(at*7919%400_000))
	}
	file := filepath.Join(t.TempDir(), "rss.csv")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	all, code := analyzeJSON(t, file)
	if code != 3 || len(all) != 1 || len(all[0].Warnings) != 1 || !strings.Contains(all[0].Warnings[0], "fell suddenly at") {
		t.Errorf("unmarked: exit code %d, %+v", code, all)
	}
	if all, code = analyzeJSON(t, file, "--restart", "7200,30600"); code != 1 || len(all) != 1 || len(all[0].Warnings) != 0 {
		t.Errorf("marked: exit code %d, %+v", code, all)
	}
	out, err := exec.Command(binary, "analyze", "--restart", "50000", file).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "--restart 50000: no recording has samples before and after this time; "+file+" covers 0 to 43170") {
		t.Errorf("%v\n%s", err, out)
	}
}
