// Package cause says where a leak comes from: which call site, which
// goroutines, which descriptors, which memory.
//
// It is pure: a finding is made of what a run has recorded, the profiles and
// the series, so a report made years later names the same cause. Growth is that
// of all snapshots and samples of the stretch in which the leak shows, never the
// difference of two; a culprit is a place whose growth is no chance and goes on
// to the end, with its share of the whole (see package profiles).
//
// The limits: call sites are known of targets that serve pprof. Of what the
// kernel alone knows (descriptors, threads, children, mappings) the kind, the
// peer or the name is the culprit, and has no function. Where goroutines grow
// beside descriptors or threads, one for one, the place where those wait is
// named as well; that is a correlation, and is said to be one.
package cause

import (
	"cmp"
	"math"
	"slices"
	"time"

	"soakmon/soak"
)

// What can leak.
const (
	Heap      = "heap"
	Goroutine = "goroutine"
	FD        = "fd"
	Thread    = "thread"
	Child     = "child"
	Native    = "native" // memory that the Go heap does not explain
)

// Source is what a stored run holds.
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
	To      time.Duration // the stretch of the run in which it shows
	End     time.Duration // of the recording
}

// Finding names the cause of one leak. Its JSON names are stable.
type Finding struct {
	Process   string     `json:"process"`
	Resource  string     `json:"resource"`
	Metric    string     `json:"metric"`
	Unit      string     `json:"unit"`
	Slope     soak.Float `json:"slope_per_hour"`
	Explained soak.Float `json:"explained"` // share of the growth that the culprits have together; null where it is not known
	Culprits  []Culprit  `json:"culprits"`
	Note      string     `json:"note,omitempty"`       // what stands beside it, or why there is no culprit
	With      *With      `json:"grows_with,omitempty"` // what it grows with, of all that the load did
}

// Culprit is a place that grows. Function, File and Line are empty where only
// the kernel knows of it.
type Culprit struct {
	Function  string     `json:"function"`
	File      string     `json:"file"`
	Line      int        `json:"line"`
	Share     soak.Float `json:"share"` // of the growth, 0 to 1
	Detail    string     `json:"detail"`
	CreatedBy string     `json:"created_by,omitempty"` // of goroutines: the go statement
	Stack     []string   `json:"stack,omitempty"`      // innermost call first
}

// mostCulprits are named of one leak.
const mostCulprits = 5

// finder finds the causes of the leaks of one run; what several of them need
// is read once.
type finder struct {
	src     Source
	names   []soak.SeriesID
	metas   []soak.ProfileMeta
	leaks   []Leak
	courses map[string]*stretch // by kind and stretch
}

// Find names the cause of each leak of the target, the leaks in their order.
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
	slices.SortStableFunc(out.Culprits, first)
	out.Culprits = out.Culprits[:min(len(out.Culprits), mostCulprits)]
	return out
}

// first orders culprits by their share, to the tenth; of equal ones a place in
// the program comes before what only the kernel knows.
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

// resource is what a series counts.
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
	case "rss_bytes", "anon_bytes", "rss_anon_bytes", "pss_bytes", "uss_bytes", "cgroup_memory_bytes":
		return Native
	}
	return ""
}
