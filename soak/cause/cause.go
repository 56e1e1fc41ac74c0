// Package cause finds the origin of a leak: call sites, goroutines, descriptors,
// kinds of memory, and what the growth is proportional to.
//
// It is pure: a finding depends only on the recorded profiles and series, so a
// report made years later names the same cause. Growth is estimated from all
// snapshots and samples of the interval in which the series leaks, never from the
// difference of two. A culprit is a place whose growth is statistically significant
// and continues to the end, with its share of the total (see package profiles).
//
// The limits: call sites are only known for targets that serve pprof. For resources
// that only the kernel knows (descriptors, threads, children, mappings) the culprit
// is a kind, a peer or a name, without a function. If goroutines grow at the same
// rate as descriptors or threads, the place where they wait is named as well. That
// is a correlation, and the finding calls it one.
package cause

import (
	"cmp"
	"math"
	"slices"
	"time"

	"soakmon/soak"
)

// Resources that can leak.
const (
	Heap      = "heap"
	Goroutine = "goroutine"
	FD        = "fd"
	Thread    = "thread"
	Child     = "child"
	Native    = "native" // resident memory other than the live Go heap
)

// Source is a stored run.
type Source interface {
	Names() []soak.SeriesID
	Series(of soak.SeriesID) (soak.Series, error)
	Profiles() ([]soak.ProfileMeta, error)
	Profile(id uint64) ([]byte, error)
}

// Leak is a series that leaks.
type Leak struct {
	Process string
	Metric  string // the series' name
	Unit    string
	Slope   float64 // per hour
	From    time.Duration
	To      time.Duration // the interval of the run in which it leaks
	Begin   time.Duration
	Close   time.Duration // the interval in which sessions were open, warm-up and rests included; Close is 0 if that is unknown
	End     time.Duration // of the recording
}

// loaded is the interval in which sessions were open, or all of the recording.
func (l Leak) loaded() (from, to time.Duration) {
	if l.Close > l.Begin {
		return l.Begin, l.Close
	}
	return 0, l.End
}

// Finding names the cause of one leak. Its JSON names are stable.
type Finding struct {
	Process   string     `json:"process"`
	Resource  string     `json:"resource"`
	Metric    string     `json:"metric"`
	Unit      string     `json:"unit"`
	Slope     soak.Float `json:"slope_per_hour"`
	Explained soak.Float `json:"explained"` // share of the growth that all certain culprits with a place explain, 0 to 1; null if there is none
	Culprits  []Culprit  `json:"culprits"`
	Note      string     `json:"note,omitempty"`       // additional information, or why there is no culprit
	With      *With      `json:"grows_with,omitempty"` // what the growth is proportional to
}

// Culprit is a place that grows. Function, File and Line are empty if only the
// kernel knows it. A culprit with a Kind is a kind of memory or descriptor, and
// its place is not known.
type Culprit struct {
	Function  string     `json:"function"`
	File      string     `json:"file"`
	Line      int        `json:"line"`
	Share     soak.Float `json:"share"` // of the growth, 0 to 1
	Detail    string     `json:"detail"`
	Kind      string     `json:"kind,omitempty"`
	Suspect   bool       `json:"suspect,omitempty"`    // it has most of the growth, but this is not significant
	CreatedBy string     `json:"created_by,omitempty"` // of goroutines: the go statement
	Stack     []string   `json:"stack,omitempty"`      // innermost call first

	correlated bool // goroutines that grow at the rate of another resource
}

// mostCulprits is the maximum number of culprits of one leak.
const mostCulprits = 5

// finder finds the causes of the leaks of one run. It reads each series of profiles
// once.
type finder struct {
	src     Source
	names   []soak.SeriesID
	metas   []soak.ProfileMeta
	leaks   []Leak
	courses map[string]*stretch // by kind and interval
}

// Find finds the cause of each leak of the target, in the order of leaks. The error is
// that of reading the list of profiles.
func Find(src Source, leaks []Leak) ([]Finding, error) {
	metas, err := src.Profiles()
	if err != nil {
		return nil, err
	}
	f := &finder{src: src, names: src.Names(), metas: metas, leaks: leaks, courses: map[string]*stretch{}}
	findings := []Finding{}
	for _, l := range leaks {
		if l.Process == soak.RoleTarget {
			findings = append(findings, f.find(l))
		}
	}
	return findings, nil
}

func (f *finder) find(l Leak) Finding {
	out := Finding{
		Process: l.Process, Resource: resource(l.Metric), Metric: l.Metric, Unit: l.Unit,
		Slope: soak.Float(l.Slope), Explained: soak.Float(math.NaN()), Culprits: []Culprit{},
	}
	switch out.Resource {
	case Heap:
		f.heap(l, &out)
	case Goroutine:
		f.goroutines(l, &out)
	case FD:
		f.descriptors(l, &out)
	case Thread:
		f.threads(l, &out)
	case Child:
		f.children(l, &out)
	case Native:
		f.memory(l, &out)
	}
	out.explain()
	slices.SortStableFunc(out.Culprits, first)
	out.Culprits = out.Culprits[:min(len(out.Culprits), mostCulprits)]
	return out
}

// explain sums the shares of the culprits that are certain and have a place. They
// do not overlap, except for the places of correlated goroutines, which explain
// nothing by themselves if only the kernel knows the resource.
func (f *Finding) explain() {
	total, known := soak.Float(0), false
	for _, c := range f.Culprits {
		if c.Kind == "" && !c.Suspect && !c.correlated {
			total, known = total+c.Share, true
		}
	}
	if known {
		f.Explained = min(1, total)
	}
}

// first orders culprits by their share, rounded to a tenth. With equal shares a place
// in the program comes first.
func first(a, b Culprit) int {
	named := func(c Culprit) int {
		if c.Function == "" {
			return 0
		}
		return 1
	}
	tenth := func(c Culprit) float64 { return math.Round(10 * float64(c.Share)) }
	return cmp.Or(cmp.Compare(tenth(b), tenth(a)), cmp.Compare(named(b), named(a)), cmp.Compare(b.Share, a.Share))
}

// resource is the resource that a series measures, empty for none of these.
func resource(metric string) string {
	switch soak.Family(metric) {
	case "go_heap_live_bytes", "go_heap_inuse_bytes":
		return Heap
	case "goroutines":
		return Goroutine
	case "fds", "sockets", "udp_sockets", "unix_sockets", "other_sockets", "fds_kind":
		return FD
	case "threads":
		return Thread
	case "children", "zombies":
		return Child
	case "rss_bytes", "anon_bytes", "rss_anon_bytes", "native_bytes", "shared_mapped_bytes", "heap_after_gc_bytes", "pss_bytes", "uss_bytes", "cgroup_memory_bytes":
		return Native
	}
	return ""
}
