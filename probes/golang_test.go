//go:build linux

package probes

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"soakmon/soak"
	"soakmon/soak/fetch"
)

func TestGoRuntime_LiveHeapSources(t *testing.T) {
	child := startChild(t, "serve=64", "GOGC=50")
	for source, p := range map[string]soak.Process{
		"metrics": {Metrics: child.ready + "/metrics"},
		"vars":    {Vars: child.ready + "/debug/vars"},
		"pprof":   {Pprof: child.ready + "/debug/pprof"},
	} {
		p.PID, p.Role = child.PID, soak.RoleTarget
		samples, events := open(t, p).ReadAll(t.Context())
		got := values(samples)
		if live, want := got["go_heap_live_bytes"], liveHeap(t, child.ready); math.Abs(live-want) > 0.03*want {
			t.Errorf("%s: live heap %v, runtime says %v", source, live, want)
		}
		for _, m := range golang[1:] {
			if _, ok := got[m.Name]; !ok {
				t.Errorf("%s: no %s", source, m.Name)
			}
		}
		if n, ok := got["goroutines"]; ok == (source == "vars") || ok && (n < 3 || n > 50) {
			t.Errorf("%s: goroutines %v, %v", source, n, ok)
		}
		if own := eventsOf("goruntime", events); len(own) != 1 || own[0].Value != 0 || !strings.Contains(own[0].Text, "estimated") {
			t.Errorf("%s: events %+v", source, own)
		}
	}
}

// eventsOf are those of one probe: on a busy machine another may be late.
func eventsOf(probe string, all []soak.Event) []soak.Event {
	return slices.DeleteFunc(slices.Clone(all), func(e soak.Event) bool { return e.Name != probe })
}

// liveHeap is /gc/heap/live:bytes as the child publishes it.
func liveHeap(t *testing.T, base string) float64 {
	page, err := fetch.Get(t.Context(), base+"/debug/vars", pageLimits)
	if err != nil {
		t.Fatal(err)
	}
	var vars struct {
		Live float64 `json:"live"`
	}
	if err := json.Unmarshal(page, &vars); err != nil {
		t.Fatal(err)
	}
	return vars.Live
}

func TestGoRuntime_ServedLiveHeapWins(t *testing.T) {
	var vars atomic.Int32
	broken := atomic.Bool{}
	mux := http.NewServeMux()
	mux.HandleFunc("/metrics", func(w http.ResponseWriter, r *http.Request) {
		if broken.Load() {
			http.Error(w, "no", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "go_gc_heap_live_bytes 1.5e+07\ngo_memstats_next_gc_bytes 9e7\ngo_memstats_heap_inuse_bytes 2e7")
	})
	mux.HandleFunc("/vars", func(w http.ResponseWriter, r *http.Request) {
		vars.Add(1)
		fmt.Fprintln(w, `{"memstats":{"HeapInuse":5,"HeapIdle":6,"HeapReleased":7,"StackInuse":8,"NumGC":9,"NextGC":10000000}}`)
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	child := startChild(t, "idle")
	p := child.Process
	p.Metrics, p.Vars = server.URL+"/metrics", server.URL+"/vars"
	s := open(t, p)
	samples, events := s.ReadAll(t.Context())
	got := values(samples)
	if got["go_heap_live_bytes"] != 1.5e7 || got["go_heap_inuse_bytes"] != 2e7 || got["go_heap_idle_bytes"] != 6 || len(eventsOf("goruntime", events)) != 0 {
		t.Errorf("%v, %+v", got, events)
	}
	broken.Store(true)
	samples, events = s.ReadAll(t.Context())
	got = values(samples)
	if !math.IsNaN(got["go_heap_live_bytes"]) || !math.IsNaN(got["go_heap_idle_bytes"]) || vars.Load() != 1 {
		t.Errorf("with the first page broken: live %v, idle %v, vars read %d times", got["go_heap_live_bytes"], got["go_heap_idle_bytes"], vars.Load())
	}
	if own := eventsOf("goruntime", events); len(own) != 1 || !strings.Contains(own[0].Text, "503") {
		t.Errorf("%+v", own)
	}
}

func TestGoRuntime_NamedFamilies(t *testing.T) {
	child := startChild(t, "serve=1")
	p := child.Process
	p.Metrics, p.Keep = child.ready+"/metrics", []string{"app_requests_total", "go_gc_duration_seconds", "nowhere", "fds"}
	s := open(t, p)
	samples, events := s.ReadAll(t.Context())
	got := values(samples)
	if got[`app_requests_total{code="200",path="a\"b\\c"}`] != 3 {
		t.Errorf("%v", got)
	}
	if _, ok := got["go_gc_duration_seconds_count"]; !ok {
		t.Error("no count of the summary")
	}
	var text string
	for _, e := range events {
		text += e.Text
	}
	if !strings.Contains(text, "nowhere") || !strings.Contains(text, "family fds") {
		t.Errorf("events %+v", events)
	}
	kinds := make(map[string]soak.Kind)
	for _, m := range s.Metrics() {
		kinds[m.Name] = m.Kind
	}
	if kinds["app_requests_total"] != soak.Counter || kinds["go_gc_duration_seconds_sum"] != soak.Counter || kinds["fds"] != soak.Gauge {
		t.Errorf("%v", kinds)
	}
}

func TestGoRuntime_LowestGoal(t *testing.T) {
	for _, test := range []struct {
		goal, stack, gogc, want float64
		ok                      bool
	}{
		{100 << 20, 0, 100, 50 << 20, true},
		{100 << 20, 10 << 20, 100, 45 << 20, true},
		{150 << 20, 0, 50, 100 << 20, true},
		{4 << 20, 0, 100, 0, false},
		{8 << 20, 0, 200, 0, false},
		{math.MaxUint64, 0, 0, 0, false},
		{math.MaxUint64, 0, 100, 0, false},
		{5 << 20, 90 << 20, 100, 0, false},
	} {
		got, ok := deriveLive(map[string]float64{nextGC: test.goal, gogc: test.gogc, "go_stack_bytes": test.stack})
		if got != test.want || ok != test.ok {
			t.Errorf("%+v: %v, %v", test, got, ok)
		}
	}
}

func TestParseIndex_GoVersions(t *testing.T) {
	for _, page := range []string{
		"<tr><td>17</td><td><a href='goroutine?debug=1'>goroutine</a></td></tr>",
		"<tr><td align=right>17<td><a href=\"goroutine?debug=1\">goroutine</a>",
		"<td>3</td><td><a href='allocs?debug=1'>allocs</a></td>\n<td>17</td><td><a href='/debug/pprof/goroutine?debug=1'>goroutine</a>",
		"<td>1</td><td><a href='goroutineleak?debug=1'>goroutineleak</a></td><td>17</td><td><a href='goroutine?debug=1'>",
	} {
		if n, err := parseIndex([]byte(page)); err != nil || n != 17 {
			t.Errorf("%q: %v, %v", page, n, err)
		}
	}
	for _, page := range []string{"", "<html>404", "<td>99999999999999999999999</td><td><a href='goroutine?x'>"} {
		if n, err := parseIndex([]byte(page)); err == nil {
			t.Errorf("%q is %v", page, n)
		}
	}
}

func TestSelfgo_Monitor(t *testing.T) {
	s := open(t, soak.Process{Role: soak.RoleMonitor, PID: os.Getpid(), Pprof: "http://127.0.0.1:1/"})
	read := func() map[string]float64 {
		runtime.GC()
		samples, events := s.Tick(t.Context(), 0)
		if len(events) != 0 {
			t.Errorf("%+v", events)
		}
		return values(samples)
	}
	before := read()
	end := make(chan struct{})
	defer close(end)
	held := make([]byte, 64<<20)
	for range 1000 {
		go func() { <-end }()
	}
	after := read()
	runtime.KeepAlive(held)
	near := func(metric string, want, within float64) {
		if got := after[metric] - before[metric]; math.Abs(got-want) > within {
			t.Errorf("%s grew by %v, want %v", metric, got, want)
		}
	}
	near("goroutines", 1000, 50)
	near("go_heap_live_bytes", 64<<20, 4<<20)
	near("go_heap_inuse_bytes", 64<<20, 8<<20)
}

func TestTick_HostileDebugPage(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer server.Close()
	child := startChild(t, "idle")
	p := child.Process
	p.Pprof = server.URL + "/debug/pprof/"
	s := open(t, p)
	start := time.Now()
	for i := range 100 {
		if samples, _ := s.Tick(t.Context(), time.Duration(i)); len(samples) == 0 {
			t.Fatal("the fast probes brought nothing")
		}
	}
	if took := time.Since(start); took > time.Second {
		t.Errorf("100 ticks during a request that hangs took %v", took)
	}
	_, events := s.ReadAll(t.Context())
	var told []string
	for _, e := range events {
		told = append(told, e.Name)
		if !strings.Contains(e.Text, "within 2s") {
			t.Errorf("%+v", e)
		}
	}
	if len(told) != 2 {
		t.Errorf("events of %v", told)
	}
}

func TestHeapUse_AfterCollections(t *testing.T) {
	for _, c := range []struct {
		what, page string
		want       heapUse
	}{
		{"client_java and Micrometer", "# TYPE jvm_memory_used_bytes gauge\njvm_memory_used_bytes{area=\"heap\",id=\"eden\"} 30\njvm_memory_used_bytes{area=\"heap\",id=\"old\"} 12\njvm_memory_used_bytes{area=\"nonheap\"} 9\n# TYPE jvm_gc_pause_seconds summary\njvm_gc_pause_seconds_count{cause=\"a\"} 3\njvm_gc_pause_seconds_count{cause=\"b\"} 4\n", heapUse{used: 42, collections: 7}},
		{"prom-client", "nodejs_heap_size_used_bytes 5\n# TYPE nodejs_gc_duration_seconds histogram\nnodejs_gc_duration_seconds_bucket{le=\"+Inf\"} 2\nnodejs_gc_duration_seconds_count 2\n", heapUse{used: 5, collections: 2}},
		{"without a count of collections", "jvm_memory_used_bytes{area=\"heap\"} 8\n", heapUse{used: 8, collections: math.NaN()}},
	} {
		families, err := parsePrometheus([]byte(c.page))
		if err != nil {
			t.Fatal(err)
		}
		got, ok := heapUseOf(families)
		if !ok || got.used != c.want.used || got.collections != c.want.collections && !math.IsNaN(c.want.collections) {
			t.Errorf("%s: %v %v, want %v", c.what, got, ok, c.want)
		}
	}
	uncounted := math.NaN()
	for _, c := range []struct {
		before, now heapUse
		want        bool
	}{
		{heapUse{used: 50, collections: 3}, heapUse{used: 60, collections: 4}, true},
		{heapUse{used: 50, collections: 3}, heapUse{used: 40, collections: 3}, false},
		{heapUse{used: 50, collections: uncounted}, heapUse{used: 60, collections: uncounted}, false},
		{heapUse{used: 50, collections: uncounted}, heapUse{used: 20, collections: uncounted}, true},
	} {
		if got := c.now.collected(c.before); got != c.want {
			t.Errorf("%v after %v: %v", c.now, c.before, got)
		}
	}
}

func TestGoRuntime_HeapOfJVM(t *testing.T) {
	used := atomic.Int64{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "jvm_memory_used_bytes{area=\"heap\"} %d\n", used.Load())
	}))
	defer server.Close()
	p := startChild(t, "idle").Process
	p.Metrics = server.URL
	s := open(t, p)
	var got []float64
	for _, use := range []int64{50, 90, 20, 60, 80, 25, 40} {
		used.Store(use)
		samples, events := s.ReadAll(t.Context())
		for _, e := range events {
			t.Errorf("event %+v", e)
		}
		if v, ok := values(samples)["heap_after_gc_bytes"]; ok {
			got = append(got, v)
		}
	}
	if want := []float64{20, 20, 20, 25, 25}; !slices.Equal(got, want) {
		t.Errorf("after collections: %v, want %v", got, want)
	}
}
