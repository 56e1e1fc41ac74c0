package judge

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"soakmon/soak"
	"soakmon/soak/human"
)

// The verdict on the memory of a process rests on what can leak in it:
//
//   - of a Go program that serves the figures of its runtime, the live heap and the
//     native memory (native_bytes), which the runtime does not explain;
//   - of soak's own processes, the live heap;
//   - of any other process, its anonymous memory and the size of the shared memory
//     that it maps.
//
// The resident set is recorded and shown, but not judged: room up to the goal of a
// garbage collector, dead objects, pages of files and pages of shared memory that one
// more process touches all raise it without a leak. It is judged where
// no better figure was measured.

// memoryFamilies are judged by default, as far as a process has them.
var memoryFamilies = []string{"go_heap_live_bytes", "native_bytes", "heap_after_gc_bytes", "rss_anon_bytes", "anon_bytes", "shared_mapped_bytes", "rss_bytes"}

// Context reports whether a series is not judged, but decides how others are.
func Context(n soak.SeriesID) bool { return n.Family() == "runtime_processes" }

// use says what a series of memory decides.
type use int

const (
	unused  use = iota // not shown
	judged             // judged like any other series
	shown              // not judged, but shown
	partial            // judged, but its growth alone does not show a leak: the other half of the evidence is missing
	roomy              // judged, but in a short run growth up to the collector's goal shows no leak
	hidden             // judged, but neither its growth nor its flatness says enough: a runtime manages a heap that it does not show
)

// useOf says which series of a process decide on its memory.
func useOf(process, metric string, all []soak.SeriesID) use {
	has := func(name string) bool { return slices.Contains(all, soak.SeriesOf(process, name)) }
	live, native := has("go_heap_live_bytes"), has("native_bytes")
	whole := "rss_bytes" // the best measure of all memory
	for _, name := range []string{"rss_anon_bytes", "anon_bytes"} {
		if has(name) {
			whole = name
			break
		}
	}
	switch metric {
	case "go_heap_live_bytes", "native_bytes", "heap_after_gc_bytes", "shared_mapped_bytes":
		return judged
	case whole:
	case "rss_bytes":
		return shown
	default:
		return unused
	}
	// From here on: the whole memory.
	explained := judged
	switch {
	case live && (native || process != soak.RoleTarget):
		explained = shown
	case live || native:
		explained = partial
	case has("heap_after_gc_bytes"):
		explained = partial
	case managed(process, all) == soak.RuntimeGo:
		explained = roomy
	case managed(process, all) != "":
		explained = hidden
	}
	if explained == shown && metric != "rss_bytes" {
		return unused // one row that is not judged is enough
	}
	return explained
}

// managed is the runtime with a heap of its own that a process has, empty for none.
// Go comes last: in a tree with others, they hide more.
func managed(process string, all []soak.SeriesID) (runtime string) {
	for _, n := range all {
		if n.Process == process && Context(n) && (runtime == "" || runtime == soak.RuntimeGo) {
			runtime = n.Label("runtime")
		}
	}
	return runtime
}

// runtimes are the names of the runtimes for people, and the metric that shows their
// heap.
var runtimes = map[string]struct{ name, metric string }{
	soak.RuntimeJVM:    {"a JVM", "jvm_memory_used_bytes"},
	soak.RuntimeDotNet: {"a .NET runtime", "dotnet_total_memory_bytes"},
	soak.RuntimeV8:     {"a V8 runtime (Node.js)", "nodejs_heap_size_used_bytes"},
}

// aboutWhole is what to add to a series of memory that is a small part of a whole, so
// that its level is that of the whole: a clean verdict on native memory promises a
// share of all memory of the process, not of the megabyte that a runtime has outside
// its heap. The slope, on which a leak rests, stays the same.
func (a *asker) aboutWhole(s subject, series soak.Series) float64 {
	if s.id.Metric != "native_bytes" {
		return 0
	}
	for _, name := range []string{"rss_anon_bytes", "rss_bytes"} {
		if whole, err := a.history.Series(s.id.With(name)); err == nil && len(whole.Value) > 0 {
			return max(0, startLevel(whole.Value)-startLevel(series.Value))
		}
	}
	return 0
}

// raised is a series with a constant added.
func raised(s soak.Series, by float64) soak.Series {
	if by == 0 {
		return s
	}
	add := func(values []float64) []float64 {
		out := slices.Clone(values)
		for i := range out {
			out[i] += by
		}
		return out
	}
	s.Value, s.Min, s.Max = add(s.Value), add(s.Min), add(s.Max)
	return s
}

// detect asks the detector. Native memory is also clean if growth is excluded without
// the tolerance for metadata, as that of a large process is.
func (a *asker) detect(s subject, q soak.Question) soak.Verdict {
	v := a.detector.Judge(q)
	if s.id.Metric != "native_bytes" || v.State != soak.Inconclusive || s.rule != nil || tolerated(a.run.Plan, s.id) {
		return v
	}
	q.Tolerance = soak.Quantity{Per: soak.PerHour}
	if strict := a.detector.Judge(q); strict.State == soak.Clean {
		return strict
	}
	return v
}

func raisedRest(all []soak.RestPoint, by float64) []soak.RestPoint {
	out := slices.Clone(all)
	for i := range out {
		out[i].Value += by
	}
	return out
}

// weigh adapts the detector's verdict on a series of memory to what that series can
// show.
func (a *asker) weigh(s subject, series soak.Series, v soak.Verdict) soak.Verdict {
	switch s.use {
	case shown:
		return notJudged(v, a.names, s.id.Process)
	case partial:
		if a.has(s.id.Process, "heap_after_gc_bytes") {
			return a.aboveHeap(s, series, v)
		}
		if v.State == soak.Leaking {
			return undecided(v, fmt.Sprintf("rose %s/h, but a part of the figures is missing that distinguish a leak from what the runtime retains: %s", human.Amount(v.Slope, "bytes"), a.missing(s.id.Process)))
		}
	case roomy:
		return a.withinGoal(series, v)
	case hidden:
		return a.ofManaged(s, series, v)
	}
	if s.rule == nil && s.id.Metric == "heap_after_gc_bytes" && v.State == soak.Leaking && managed(s.id.Process, a.names) == soak.RuntimeV8 && !outgrew(series) {
		return undecided(v, fmt.Sprintf("rose %s/h, but by less than V8 keeps of dead objects between two full collections; a longer run is needed", human.Amount(v.Slope, "bytes")))
	}
	return v
}

// leastGoal is the smallest goal of the Go collector in bytes, at GOGC=100
// (heapMinimum of runtime/mgcpacer.go).
const leastGoal = 4 << 20

// withinGoal weighs the memory of a Go program that serves no figures of its runtime.
// The collector lets a heap grow to twice what lives in it (GOGC=100), so within the
// first minutes the memory of a healthy program may double. A longer run has filled
// that room long before its end.
func (a *asker) withinGoal(series soak.Series, v soak.Verdict) soak.Verdict {
	start := startLevel(series.Value)
	last, _ := newest(series)
	if v.State != soak.Leaking || a.run.Plan.Duration >= settledAfter || last > start+max(start, leastGoal) {
		return v
	}
	return undecided(v, fmt.Sprintf("rose %s/h, within the room that a Go program's collector may fill: give --pprof URL, or run for an hour", human.Amount(v.Slope, "bytes")))
}

// outgrew reports whether a series rose by more than the young generation of V8.
func outgrew(s soak.Series) bool {
	last, _ := newest(s)
	return last-startLevel(s.Value) > youngGeneration
}

// notJudged is the verdict on a series that is only shown.
func notJudged(v soak.Verdict, names []soak.SeriesID, process string) soak.Verdict {
	out := soak.Verdict{State: soak.NotJudged, Growth: v.Growth, Level: v.Level, P: 1, Evidence: v.Evidence}
	out.MinDetectable = soak.Float(math.NaN())
	var instead []string
	for _, name := range memoryFamilies[:len(memoryFamilies)-2] { // without the resident set itself and shared memory
		if use := useOf(process, name, names); slices.Contains(names, soak.SeriesOf(process, name)) && use != unused && use != shown {
			instead = append(instead, name)
		}
	}
	is := "is"
	if len(instead) > 1 {
		is = "are"
	}
	out.Reason = fmt.Sprintf("the resident set also grows without a leak; %s %s judged", strings.Join(instead, " and "), is)
	return out
}

// undecided withdraws a verdict. How long a run would decide is then unknown.
func undecided(v soak.Verdict, why string) soak.Verdict {
	v.State, v.Reason, v.Exhaustion, v.Follows, v.Needed = soak.Inconclusive, why, soak.Exhaustion{}, "", 0
	return v
}

func (a *asker) has(process, metric string) bool {
	return slices.Contains(a.names, soak.SeriesOf(process, metric))
}

func (a *asker) missing(process string) string {
	if a.has(process, "go_heap_live_bytes") {
		return "native_bytes, which needs permission to read /proc/PID/smaps (run soak as root or as the user of the process)"
	}
	return "go_heap_live_bytes, which needs a garbage collection of the target"
}

// aboveHeap weighs the memory of a process whose runtime serves its heap, which is
// judged by itself. Up to the size of the largest heap the heap explains all memory.
func (a *asker) aboveHeap(s subject, series soak.Series, v soak.Verdict) soak.Verdict {
	most := largestHeap(managed(s.id.Process, a.names), a.run.Facts)
	switch last, _ := newest(series); {
	case v.State == soak.Clean:
		return v
	case last <= most || math.IsNaN(last):
		v = notJudged(v, a.names, s.id.Process)
		v.Reason = "the heap explains it up to its largest size; heap_after_gc_bytes is judged"
	case v.State == soak.Leaking && startLevel(series.Value) <= most:
		return undecided(v, fmt.Sprintf("rose %s/h to more than the largest heap of %s; a longer run shows whether memory outside the heap grows", human.Amount(v.Slope, "bytes"), human.Amount(most, "bytes")))
	}
	return v
}

// ofManaged weighs the memory of a process whose runtime manages a heap that the
// kernel does not show. It is flat while the heap fills with leaked objects, and
// rises while a healthy heap fills for the first time. Only growth that began above
// the largest heap is memory outside it. V8 enlarges its heap with what is live, so
// there it is growth by more than its young generation.
func (a *asker) ofManaged(s subject, series soak.Series, v soak.Verdict) soak.Verdict {
	runtime := managed(s.id.Process, a.names)
	beyond := startLevel(series.Value) > largestHeap(runtime, a.run.Facts) || runtime == soak.RuntimeV8 && outgrew(series)
	if v.State == soak.Leaking && beyond {
		return v
	}
	known, ok := runtimes[runtime]
	if !ok {
		known.name, known.metric = "a runtime with a heap of its own", "its heap in use"
	}
	why := fmt.Sprintf("the resident memory of %s does not show its heap: give --metrics URL with %s", known.name, known.metric)
	if v.State == soak.Leaking {
		why = fmt.Sprintf("rose %s/h, but %s", human.Amount(v.Slope, "bytes"), why)
	}
	return undecided(v, why)
}

// youngGeneration is the largest young generation of V8 by default: three semi-spaces
// of 16 MiB (src/heap/heap.h).
const youngGeneration = 48 << 20

// largestHeap is the largest heap in bytes that a process may have: of a JVM, that
// of its command line, else a quarter of the memory (-XX:MaxRAMPercentage).
func largestHeap(runtime string, f soak.Facts) float64 {
	if runtime != soak.RuntimeJVM {
		return math.Inf(1)
	}
	most := 0.0
	for _, arg := range f.Args {
		for _, word := range strings.Fields(arg) {
			for _, flag := range []string{"-Xmx", "-XX:MaxHeapSize="} {
				if size, ok := strings.CutPrefix(word, flag); ok {
					most = max(most, javaSize(size))
				}
			}
		}
	}
	switch {
	case most > 0:
		return most
	case f.Memory > 0:
		return float64(f.Memory) / 4
	}
	return math.Inf(1)
}

// javaSize reads a size such as 200m, 0 if it is invalid.
func javaSize(text string) float64 {
	text = strings.ToLower(text)
	unit := 1.0
	for i, suffix := range []string{"k", "m", "g", "t"} {
		if number, ok := strings.CutSuffix(text, suffix); ok {
			text, unit = number, math.Exp2(float64(10*(i+1)))
		}
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0
	}
	return n * unit
}

// The rate per hour at which a settling server may still grow at the end of a short
// run: the larger of an amount and a share of the level.
const (
	settlingBytes = 4 << 20
	settlingShare = 0.05
)

// settled withdraws a clean verdict that rests on the tolerance of a short run alone.
// That tolerance is an amount for the whole run, because a healthy server still warms
// up. A rate that is shown, in the second half of the run too, is not warm-up: in a
// day it would be far more than the run allows.
func (a *asker) settled(s subject, series soak.Series, q soak.Question, v soak.Verdict) soak.Verdict {
	if v.State != soak.Clean || !s.short(a.run.Plan, series) {
		return v
	}
	rate := soak.Float(max(settlingBytes, settlingShare*startLevel(series.Value)))
	if !(v.Lo > rate) {
		return v
	}
	q.Series = secondHalf(series)
	if late := a.detector.Judge(q); !(late.Lo > rate) {
		return v
	}
	v = undecided(v, fmt.Sprintf("rose %s/h (%s) and did not slow down: a short run tolerates this as warm-up, but a server could not keep it up; run for an hour or longer",
		human.Amount(v.Slope, "bytes"), human.Confidence(human.Amount(v.Lo, "bytes")+"/h", human.Amount(v.Hi, "bytes")+"/h")))
	v.Needed = settledAfter
	return v
}

// secondHalf is the later half of the measured time.
func secondHalf(s soak.Series) soak.Series {
	if len(s.At) == 0 {
		return s
	}
	i, _ := slices.BinarySearch(s.At, s.At[0]+(s.At[len(s.At)-1]-s.At[0])/2)
	out := s
	out.At, out.Value = s.At[i:], s.Value[i:]
	if s.N != nil {
		out.Min, out.Max, out.N = s.Min[i:], s.Max[i:], s.N[i:]
	}
	out.Breaks = slices.DeleteFunc(slices.Clone(s.Breaks), func(b time.Duration) bool { return b <= s.At[i] })
	return out
}
