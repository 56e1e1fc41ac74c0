package input

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	points = 3*pointsPerQuery/2 + 1 // more than a server gives in one answer
	pause  = 900                    // seconds without a sample, more than a server looks back
)

// began is the time of the first point.
var began = time.Now().Add(-6 * time.Hour).Truncate(time.Second)

// past writes some hours of data for promtool: a series that grows and one that does
// not, one point per second, with a gap.
func past(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	write := func(name string, value func(i int) float64) {
		fmt.Fprintf(&b, "# TYPE %s gauge\n", name)
		for i := range points {
			if i < pointsPerQuery || i >= pointsPerQuery+pause {
				fmt.Fprintf(&b, "%s{job=\"shop\"} %g %d\n", name, value(i), began.Unix()+int64(i))
			}
		}
	}
	write("heap_bytes", func(i int) float64 { return 1e6 + 100*float64(i) })
	write("fds", func(int) float64 { return 42 })
	b.WriteString("# EOF\n")
	return b.String()
}

// prometheus starts a real server with that data and returns its URL.
func prometheus(t *testing.T, openmetrics string) string {
	t.Helper()
	for _, program := range []string{"prometheus", "promtool"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("needs %s: make peers", program)
		}
	}
	dir := t.TempDir()
	config, text, data := filepath.Join(dir, "prometheus.yml"), filepath.Join(dir, "past.om"), filepath.Join(dir, "data")
	for path, content := range map[string]string{config: "global: {}\n", text: openmetrics} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(data, "wal"), 0o700); err != nil { // as in every data folder
		t.Fatal(err)
	}
	if out, err := exec.Command("promtool", "tsdb", "create-blocks-from", "openmetrics", text, data).CombinedOutput(); err != nil {
		t.Fatalf("promtool: %v\n%s", err, out)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := ln.Addr().String()
	ln.Close()
	var log strings.Builder
	server := exec.Command("prometheus", "--config.file="+config, "--storage.tsdb.path="+data, "--web.listen-address="+address, "--log.level=warn")
	server.Stdout, server.Stderr = &log, &log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGTERM)
		_ = server.Wait()
		if t.Failed() {
			t.Logf("log of prometheus:\n%s", log.String())
		}
	})
	await(t, "http://"+address+"/-/ready")
	return "http://" + address
}

// await polls until the page answers 200.
func await(t *testing.T, page string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for {
		if answer, err := http.Get(page); err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case <-ctx.Done():
			t.Fatalf("no answer from %s", page)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func TestPrometheus_RealServer(t *testing.T) {
	server := prometheus(t, past(t))
	r := Range{URL: server + "/", Query: `{job="shop"}`, From: began, To: began.Add((points - 1) * time.Second), Step: time.Second}
	rec, err := Prometheus(t.Context(), r)
	all := rec.Series
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 2 || all[0].ID.Metric != `fds{job="shop"}` || all[1].ID.Metric != `heap_bytes{job="shop"}` || all[1].Metric.Unit != "bytes" {
		t.Fatalf("got %d series: %+v", len(all), all)
	}
	heap := all[1]
	last := len(heap.At) - 1
	if heap.At[0] != 0 || heap.At[last] != (points-1)*time.Second {
		t.Errorf("from %s to %s", heap.At[0], heap.At[last])
	}
	missing := 0
	for i, at := range heap.At {
		step := time.Second
		if i > 0 {
			step = at - heap.At[i-1]
		}
		if step != time.Second {
			missing += int(step/time.Second) - 1
		}
		second := int(at / time.Second)
		if known := second < pointsPerQuery || second >= pointsPerQuery+pause; known && heap.Value[i] != 1e6+100*float64(second) {
			t.Fatalf("at %s: %v", at, heap.Value[i])
		}
	}
	if missing < pause-300-1 || missing > pause { // the server repeats a value for five minutes
		t.Errorf("%d of %d points in the gap are missing", missing, pause)
	}

	t.Run("the result of a function is named after the query", func(t *testing.T) {
		r := r
		r.Query, r.Step = `max_over_time(heap_bytes[1m])`, time.Minute
		rec, err := Prometheus(t.Context(), r)
		all := rec.Series
		if err != nil || len(all) != 1 || all[0].ID.Metric != `max_over_time(heap_bytes[1m]){job="shop"}` {
			t.Errorf("%v, %+v", err, all)
		}
	})
	for name, c := range map[string]struct{ query, want string }{
		"wrong query": {`rate(heap_bytes`, "Prometheus refused the query: "},
		"no series":   {`nosuch`, "no series found between"},
	} {
		t.Run(name, func(t *testing.T) {
			r := r
			r.Query = c.query
			if _, err := Prometheus(t.Context(), r); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want it to say %s", err, c.want)
			}
		})
	}
}

func TestPrometheus_OtherServers(t *testing.T) {
	for name, c := range map[string]struct {
		status             int
		body, base, expect string
	}{
		"a page":     {200, "<html>", "", "invalid response, is this a Prometheus server?"},
		"other JSON": {200, `{"status":"ok"}`, "", `status "ok" and a result of type ""`},
		"not found":  {404, "nothing here", "/prefix", "/prefix/api/v1/query_range: status 404"},
		"bad value":  {200, `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"x"},"values":[[1,"one"]]}]}}`, "", "series x: "},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.status)
				fmt.Fprint(w, c.body)
			}))
			defer server.Close()
			secret := strings.Replace(server.URL, "http://", "http://me:hunter2@", 1)
			_, err := Prometheus(t.Context(), Range{URL: secret + c.base, Query: "x", From: began, To: time.Now(), Step: time.Minute})
			if err == nil || !strings.Contains(err.Error(), c.expect) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("error %v, want it to say %s", err, c.expect)
			}
		})
	}
}

func TestPrometheus_InvalidRange(t *testing.T) {
	for _, r := range []Range{
		{From: began, To: began, Step: time.Second},
		{From: began, To: began.Add(time.Hour)},
		{From: began, To: began.Add(time.Hour), Step: time.Microsecond},
	} {
		if _, err := Prometheus(t.Context(), r); err == nil || !strings.Contains(err.Error(), "invalid range") {
			t.Errorf("%+v: error %v", r, err)
		}
	}
}
