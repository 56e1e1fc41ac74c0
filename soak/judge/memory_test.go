package judge

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"soakmon/alerts/detect"
	"soakmon/soak"
)

func TestMemory_WhatDecides(t *testing.T) {
	kernel := "rss_bytes rss_anon_bytes anon_bytes"
	for _, c := range []struct{ what, process, has, want string }{
		{"Go with both figures", "target", kernel + " go_heap_live_bytes native_bytes", "go_heap_live_bytes native_bytes rss_bytes(shown)"},
		{"Go whose mappings cannot be read", "target", kernel + " go_heap_live_bytes", "go_heap_live_bytes rss_anon_bytes(partial) rss_bytes(shown)"},
		{"Go before its first collection", "target", kernel + " native_bytes", "native_bytes rss_anon_bytes(partial) rss_bytes(shown)"},
		{"soak itself", "driver", kernel + " go_heap_live_bytes", "go_heap_live_bytes rss_bytes(shown)"},
		{"a C program", "target", kernel, "rss_anon_bytes rss_bytes(shown)"},
		{"a C program with shared memory", "target", kernel + " shared_mapped_bytes", "rss_anon_bytes shared_mapped_bytes rss_bytes(shown)"},
		{"another system than Linux", "target", "rss_bytes", "rss_bytes"},
		{"a JVM", "target", kernel + ` runtime_processes{runtime="jvm"}`, "rss_anon_bytes(hidden) rss_bytes(shown)"},
		{"a JVM that serves its heap", "target", kernel + ` runtime_processes{runtime="jvm"} heap_after_gc_bytes`, "heap_after_gc_bytes rss_anon_bytes(partial) rss_bytes(shown)"},
	} {
		var names []soak.SeriesID
		for _, n := range strings.Fields(c.has) {
			names = append(names, name(c.process, n))
		}
		var got []string
		for _, s := range subjects(names, soak.Plan{Duration: time.Minute}) {
			got = append(got, s.id.Metric+map[use]string{shown: "(shown)", partial: "(partial)", hidden: "(hidden)"}[s.use])
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.what, s, c.want)
		}
	}
}

// bytes gives a series of the target in bytes.
func bytes(metric string, value func(second int) float64) soak.Series {
	s := every(metric, 100, 600, value)
	s.Metric.Unit, s.Metric.Quantum = "bytes", 4096
	return s
}

// verdicts judges series of the target with the real detector.
func verdicts(t *testing.T, run Run, all ...soak.Series) map[string]Judged {
	t.Helper()
	h := memory{}
	for _, s := range all {
		h[s.ID] = s
	}
	judged, err := All(h, run, detect.Judge{})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]Judged{}
	for _, j := range judged {
		out[j.ID.Metric] = j
	}
	return out
}

const mib = 1 << 20

// jitter is noise of whole pages.
func jitter(i int) float64 { return 4096 * float64(i*7919%13) }

// room is a resident set that follows the collector's goal while the heap is flat.
func room(i int) float64 { return 40*mib + 4096*float64(i*40) + jitter(i) }

func TestMemory_RoomUpToCollectorsGoal(t *testing.T) {
	got := verdicts(t, steadyRun, bytes("rss_bytes", room), bytes("rss_anon_bytes", room), bytes("go_heap_live_bytes", func(i int) float64 { return 50*mib + jitter(i) }), bytes("native_bytes", flat(3*mib)))
	for metric, want := range map[string]soak.State{"go_heap_live_bytes": soak.Clean, "native_bytes": soak.Clean, "rss_bytes": soak.NotJudged} {
		if v := got[metric].Verdict; v.State != want {
			t.Errorf("%s: %s (%s), want %s", metric, v.State, v.Reason, want)
		}
	}
}

func TestMemory_NativeLeakOfAGoProgram(t *testing.T) {
	leak := func(i int) float64 { return 3*mib + 8192*float64(i) + jitter(i) }
	got := verdicts(t, steadyRun, bytes("rss_bytes", room), bytes("go_heap_live_bytes", func(i int) float64 { return 50*mib + jitter(i) }), bytes("native_bytes", leak))
	if v := got["native_bytes"].Verdict; v.State != soak.Leaking {
		t.Errorf("%s (%s)", v.State, v.Reason)
	}
}

func TestMemory_NativeIsPartOfAWhole(t *testing.T) {
	run := steadyRun
	run.Plan.Duration, run.End = 2*time.Hour, 2*time.Hour
	long := func(metric string, value func(int) float64) soak.Series {
		s := every(metric, 100, 7200, value)
		s.Metric.Unit, s.Metric.Quantum = "bytes", 1
		return s
	}
	r := rand.New(rand.NewPCG(1, 2))
	noisy := func(i int) float64 { return mib + 32768*r.NormFloat64() }
	heap := long("go_heap_live_bytes", func(i int) float64 { return 50*mib + jitter(i) })
	got := verdicts(t, run, heap, long("native_bytes", noisy), long("rss_anon_bytes", flat(80*mib)))["native_bytes"]
	if v := got.Verdict; v.State != soak.Clean || v.Level > 2*mib {
		t.Errorf("noise: %s at a level of %v (%s)", v.State, v.Level, v.Reason)
	}
	metadata := func(i int) float64 { return 800*1024 + 4096*math.Round(16*math.Log(1+float64(i)/20)) }
	if v := verdicts(t, run, heap, long("native_bytes", metadata), long("rss_anon_bytes", flat(25*mib)))["native_bytes"].Verdict; v.State != soak.Clean {
		t.Errorf("metadata that become resident: %s (%s)", v.State, v.Reason)
	}
	drift := 0.0
	large := func(int) float64 {
		drift = 0.99*drift + 0.5*mib*r.NormFloat64()
		return 500*mib + drift
	}
	if v := verdicts(t, run, heap, long("native_bytes", large), long("rss_anon_bytes", flat(580*mib)))["native_bytes"].Verdict; v.State != soak.Clean {
		t.Errorf("a large process: %s (%s)", v.State, v.Reason)
	}
	leaks := func(i int) float64 { return noisy(i) + 512*float64(i) }
	if v := verdicts(t, run, heap, long("native_bytes", leaks), long("rss_anon_bytes", flat(80*mib)))["native_bytes"].Verdict; v.State != soak.Leaking {
		t.Errorf("a slow leak: %s (%s)", v.State, v.Reason)
	}
}

func TestMemory_GrowthOutsideHeapWithoutNative(t *testing.T) {
	got := verdicts(t, steadyRun, bytes("rss_anon_bytes", room), bytes("go_heap_live_bytes", func(i int) float64 { return 50*mib + jitter(i) }))
	if v := got["rss_anon_bytes"].Verdict; v.State != soak.Inconclusive || !strings.Contains(v.Reason, "smaps") {
		t.Errorf("%s (%s)", v.State, v.Reason)
	}
}

func TestMemory_RowOfSharedMemory(t *testing.T) {
	for value, want := range map[float64]bool{0: false, 256 * mib: true} {
		got := verdicts(t, steadyRun, bytes("rss_anon_bytes", flat(40*mib)), bytes("shared_mapped_bytes", flat(value)))
		if _, ok := got["shared_mapped_bytes"]; ok != want {
			t.Errorf("of %v bytes: row %v", value, ok)
		}
	}
}

func TestMemory_ManagedHeap(t *testing.T) {
	runtime := func(name string) soak.Series {
		return every(soak.LabelName("runtime_processes", "runtime", name), 100, 600, flat(1))
	}
	run := steadyRun
	run.Facts = soak.Facts{Args: []string{"java", "-Xmx32m", "-jar", "app.jar"}, Memory: 4 << 30}
	large := run
	large.Facts.Args = []string{"sh", "-c", "exec java -Xmx200m Srv"}
	hour := run
	hour.Plan.Duration = time.Hour
	grows := func(i int) float64 { return 40*mib + 65536*float64(i) + jitter(i) }
	for _, c := range []struct {
		what, runtime string
		run           Run
		value         func(int) float64
		want          soak.State
		says          string
	}{
		{"a flat JVM may have a full heap", "jvm", run, func(i int) float64 { return 90*mib + jitter(i) }, soak.Inconclusive, "give --metrics URL with jvm_memory_used_bytes"},
		{"a JVM that grows may fill its heap", "jvm", large, grows, soak.Inconclusive, "jvm_memory_used_bytes"},
		{"a JVM that grows above its largest heap", "jvm", run, grows, soak.Leaking, ""},
		{".NET has no limit", "dotnet", run, grows, soak.Inconclusive, ".NET"},
		{"V8 that grows by less than its young generation", "v8", run, grows, soak.Inconclusive, "rose"},
		{"V8 that grows by more", "v8", run, func(i int) float64 { return 40*mib + 4*65536*float64(i) + jitter(i) }, soak.Leaking, ""},
		{"Go that grows may fill the room up to its goal", "go", run, grows, soak.Inconclusive, "give --pprof URL"},
		{"Go that grows beyond that room", "go", run, func(i int) float64 { return grows(i) - 35*mib }, soak.Leaking, ""},
		{"Go that grows for an hour", "go", hour, grows, soak.Leaking, ""},
		{"a flat Go program", "go", run, func(i int) float64 { return 90*mib + jitter(i) }, soak.Clean, ""},
		{"a flat V8 shows nothing", "v8", run, func(i int) float64 { return 90*mib + jitter(i) }, soak.Inconclusive, "nodejs_heap_size_used_bytes"},
	} {
		v := verdicts(t, c.run, bytes("rss_anon_bytes", c.value), runtime(c.runtime))["rss_anon_bytes"].Verdict
		if v.State != c.want || !strings.Contains(v.Reason, c.says) || v.Needed > 0 {
			t.Errorf("%s: %s (%s), want %s; needed %v", c.what, v.State, v.Reason, c.want, v.Needed)
		}
	}
}

func TestMemory_HeapOfV8(t *testing.T) {
	for perSecond, want := range map[float64]soak.State{16 << 10: soak.Inconclusive, 512 << 10: soak.Leaking} {
		heap := bytes("heap_after_gc_bytes", func(i int) float64 { return 4*mib + perSecond*float64(i) + jitter(i) })
		v := verdicts(t, steadyRun, heap, every(`runtime_processes{runtime="v8"}`, 100, 600, flat(1)))["heap_after_gc_bytes"].Verdict
		if v.State != want {
			t.Errorf("%v bytes a second: %s (%s), want %s", perSecond, v.State, v.Reason, want)
		}
	}
}

func TestSettled_RateThatLastsIsNotWarmUp(t *testing.T) {
	run := steadyRun
	run.Plan.Duration = 3 * time.Minute
	for _, c := range []struct {
		what  string
		value func(int) float64
		want  soak.State
	}{
		{"64 MiB an hour at one rate, within 5 % of the level", func(i int) float64 { return 900*mib + 64*mib*float64(i)/3600 + jitter(i) }, soak.Inconclusive},
		{"a warm-up that slows down", func(i int) float64 { return 900*mib - 8*mib*math.Exp(-float64(i-100)/60) + jitter(i) }, soak.Clean},
		{"3 MiB an hour, as healthy servers settle", func(i int) float64 { return 60*mib + 3*mib*float64(i)/3600 + jitter(i) }, soak.Clean},
	} {
		v := verdicts(t, run, bytes("rss_anon_bytes", c.value))["rss_anon_bytes"].Verdict
		if v.State != c.want || (v.Needed == settledAfter) != (c.want == soak.Inconclusive) {
			t.Errorf("%s: %s (%s), want %s; needed %v", c.what, v.State, v.Reason, c.want, v.Needed)
		}
	}
}

func TestMemory_LongerRunDoesNotShowAHeap(t *testing.T) {
	h := memory{}
	for _, s := range []soak.Series{bytes("rss_anon_bytes", flat(mib)), every(`runtime_processes{runtime="jvm"}`, 100, 600, flat(1))} {
		h[s.ID] = s
	}
	all, err := All(h, steadyRun, &detector{says: soak.Verdict{State: soak.Inconclusive, Needed: time.Hour}})
	if err != nil {
		t.Fatal(err)
	}
	if v := all[0].Verdict; v.Needed != 0 || !strings.Contains(v.Reason, "--metrics") {
		t.Errorf("%s: needed %v", v.Reason, v.Needed)
	}
}

func TestTolerance_OfResidentSetHoldsForAnonymous(t *testing.T) {
	p := soak.Plan{Duration: time.Hour, Tolerance: map[string]soak.Quantity{"rss_bytes": {Value: 7, Per: soak.PerHour}}}
	for _, metric := range []string{"native_bytes", "rss_anon_bytes", "anon_bytes"} {
		if got := Tolerance(p, nil, bytes(metric, flat(1)), 0); got != 7 {
			t.Errorf("%s: %v", metric, got)
		}
	}
	if got := Tolerance(p, nil, bytes("go_heap_live_bytes", flat(1)), 0); got != 0 {
		t.Errorf("live heap: %v", got)
	}
}
