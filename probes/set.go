package probes

import (
	"context"
	"errors"
	"time"

	"soakmon/soak"
	"soakmon/soak/procfs"
)

// Options say where and how much a [Set] may read. The zero value is usual.
type Options struct {
	ProcRoot   string  // mount point of proc(5); "" is /proc
	CgroupRoot string  // mount point of the control groups; "" is /sys/fs/cgroup
	Share      float64 // largest part of one core that the slow probes of all processes of a run may use together; 0 is 0.002
	Judged     Stretch // what will be judged; expensive readings are taken where they count
}

// roleShare divides Options.Share among the sets of a run.
var roleShare = map[string]float64{soak.RoleTarget: 0.7, soak.RoleDriver: 0.1, soak.RoleRelay: 0.1, soak.RoleMonitor: 0.1}

// Set is all probes of one process. It is not safe for concurrent use.
type Set struct {
	process soak.Process
	runners []*runner
	tree    *tree
	ctx     context.Context // of the reads off the tick
	cancel  context.CancelFunc
	gone    error // the process has ended
	told    bool  // that it is gone
	judged  Stretch
	at      time.Duration
	wall    time.Time // of the last tick
}

// batch gathers what one tick brings.
type batch struct {
	role    string
	at      time.Duration
	now     time.Time
	samples []soak.Sample
	events  []soak.Event
}

func (b *batch) tell(probe, text string, value float64) {
	b.events = append(b.events, soak.Event{
		At: b.at, Wall: b.now, Kind: soak.EventProbe, Process: b.role, Name: probe, Value: soak.Float(value), Text: text,
	})
}

// Open prepares all probes that p has something for. It never fails: what
// cannot be opened is an event of the first tick. A Start of 0 takes
// the process that has the pid now.
func Open(p soak.Process, o Options) *Set {
	if o.ProcRoot == "" {
		o.ProcRoot = "/proc"
	}
	if o.CgroupRoot == "" {
		o.CgroupRoot = "/sys/fs/cgroup"
	}
	if o.Share == 0 {
		o.Share = 0.002
	}
	s := &Set{process: p, judged: o.Judged, wall: time.Now()}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.tree, s.gone = openTree(procfs.FS(o.ProcRoot), p)
	if s.gone != nil {
		return s
	}
	s.process.Start = s.tree.start()
	e := &env{process: s.process, proc: procfs.FS(o.ProcRoot), cgroup: o.CgroupRoot, tree: s.tree, golang: &golangState{}}
	for _, spec := range registry {
		if probe := spec.open(e); probe != nil {
			s.runners = append(s.runners, &runner{spec: spec, probe: probe, process: s.process, judged: s.judged})
		}
	}
	s.divide(o.Share)
	return s
}

// divide gives each slow probe its part of the share of a core by its weight.
func (s *Set) divide(share float64) {
	if part, ok := roleShare[s.process.Role]; ok {
		share *= part
	}
	var weights float64
	for _, r := range s.runners {
		weights += r.weight
	}
	for _, r := range s.runners {
		switch {
		case r.own:
			r.share = share
		case r.weight > 0:
			r.share = share * r.weight / weights
		}
	}
}

// Metrics lists the families that this set can deliver, including those that
// the plan names from a Prometheus page and that were seen so far.
func (s *Set) Metrics() []soak.Metric {
	var all []soak.Metric
	for _, r := range s.runners {
		if !r.running() { // a probe may learn families while it reads
			r.known = r.probe.Metrics()
		}
		all = append(all, r.known...)
	}
	return distinct(all)
}

// Process is the process as it was found: with its start time, also where it was
// opened without one.
func (s *Set) Process() soak.Process { return s.process }

// Gone reports whether the process has ended, or its pid was given to another.
func (s *Set) Gone() bool { return s.gone != nil }

// Tick reads the fast probes and collects the samples that the slow ones have read
// since the last tick; at is the time since the run's start and is only written on
// the events. It never waits.
func (s *Set) Tick(ctx context.Context, at time.Duration) ([]soak.Sample, []soak.Event) {
	b := &batch{role: s.process.Role, at: at, now: time.Now(), samples: make([]soak.Sample, 0, 48)}
	s.at, s.wall = at, b.now
	return s.each(b, func(r *runner) error { return r.tick(ctx, s.ctx, b) })
}

// ReadAll reads every probe now, one after the other: a sample of everything
// for a rest phase. Each probe is bounded in time; one that does not answer is
// a gap.
func (s *Set) ReadAll(ctx context.Context) ([]soak.Sample, []soak.Event) {
	now := time.Now()
	b := &batch{role: s.process.Role, at: s.at + now.Sub(s.wall), now: now}
	return s.each(b, func(r *runner) error { return r.readNow(ctx, s.ctx, b) })
}

// each reads all runners. When the process turns out to be gone, everything read
// before in this batch is dropped: the row is one gap.
func (s *Set) each(b *batch, read func(*runner) error) ([]soak.Sample, []soak.Event) {
	for _, r := range s.runners {
		if s.gone == nil {
			s.gone = read(r)
		}
	}
	if s.gone != nil {
		s.end(b)
	}
	return b.samples, b.events
}

func (s *Set) end(b *batch) {
	b.samples, b.events = b.samples[:0], b.events[:0]
	for _, r := range s.runners {
		r.lose(nil)
		r.miss(b)
	}
	if s.told {
		return
	}
	s.told = true
	text := s.gone.Error()
	if !errors.Is(s.gone, ErrGone) {
		text = "process cannot be read: " + text
	}
	b.tell("process", text, 1)
}

// Close ends the reads in progress and releases all files. It waits a moment for
// the reads; one that hangs in the kernel is abandoned.
func (s *Set) Close() {
	s.cancel()
	for _, r := range s.runners {
		r.close()
	}
	if s.tree != nil {
		s.tree.Close()
	}
}
