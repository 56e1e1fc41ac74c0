package report

import (
	"fmt"
	"math"

	"soakmon/soak"
	"soakmon/soak/human"
	"soakmon/soak/judge"
)

// What a run must show before it can be called clean.
const (
	minCoverage = 0.98 // of the samples due, and of the driver's tallies
	minAchieved = 0.99 // of the planned operations; one may always be missing, cut off at the end
	maxExcess   = 0.01 // of the planned operations: as a share,
	fewMore     = 10   // and as a number that is always tolerated
	minAlive    = 0.5  // of the planned operations: with less the target counts as dead,
	aliveFrom   = 10   // if at least this number was planned
	maxFailed   = 0.01 // of the clean operations
	minSteady   = 0.5  // of the planned load without warm-up and rests
)

// A target that serves requests uses CPU time: the two system calls of an operation
// take at least about 1 µs. With less, another process must be doing the work. A
// watched process that uses less than a ten-thousandth of a core is idle.
const (
	leastCPU  = 1e-6 // seconds per operation
	idleAfter = 1000 // operations: CPU time is counted in steps of 10 ms
	idleShare = 1e-4 // of a core
)

// required are the series of the target without which no run is clean.
var required = []string{"rss_bytes", "fds", "threads"}

// faults lists everything missing from the evidence for a clean run, and reports
// whether the target counts as dead.
func (b *builder) faults(r *Report) (out []string, dead bool) {
	add := func(fault string) {
		if fault != "" {
			out = append(out, fault)
		}
	}
	add(b.early(r))
	add(b.isolated())
	add(unsampled(r.Evidence))
	add(b.unsteady(r))
	out = append(out, b.unmeasured(r)...)
	load, starved := b.loadFaults(r)
	out = append(out, load...)
	out = append(out, planting(r)...)
	add(b.silent())
	add(b.idle(r))
	return out, starved || r.Ended == soak.EndTargetDead
}

// early says why the run is shorter than planned.
func (b *builder) early(r *Report) string {
	recorded := human.Duration(b.end)
	switch r.Ended {
	case soak.EndFinished:
		return ""
	case soak.EndRunning:
		return fmt.Sprintf("the run is still in progress: %s recorded so far", recorded)
	case soak.EndTargetDead:
		return fmt.Sprintf("the target exited after %s and did not come back", recorded)
	case soak.EndKilled:
		return fmt.Sprintf("the monitor was killed: the recording ends after %s", recorded)
	}
	return fmt.Sprintf("the run ended early, after %s (%s)", recorded, r.Ended)
}

func unsampled(e Evidence) string {
	if e.SamplesDue == 0 {
		return "nothing was sampled"
	}
	if share := float64(e.Samples) / float64(e.SamplesDue); share < minCoverage {
		return fmt.Sprintf("only %d of %d samples of the target were taken (%s)", e.Samples, e.SamplesDue, human.Percent(share))
	}
	return ""
}

// unsteady reports a finished run with too little steady load: someone paused it,
// or it warmed up again and again.
func (b *builder) unsteady(r *Report) string {
	planned := b.plan.Duration - b.plan.Warmup - judge.Time(b.phases, soak.PhaseRest)
	steady := judge.Time(b.phases, soak.PhaseSteady)
	if r.Ended != soak.EndFinished || steady > 0 && steady.Seconds() >= minSteady*planned.Seconds() {
		return ""
	}
	return fmt.Sprintf("only %s of steady load; the plan asks for %s", human.Duration(steady), human.Duration(planned))
}

// unmeasured lists the required series that were never measured.
func (b *builder) unmeasured(r *Report) (out []string) {
	needed := required
	if t := b.plan.Target; t.Pprof != "" || len(t.Embedded) > 0 {
		needed = append(needed[:len(needed):len(needed)], "goroutines")
	}
	seen := map[soak.SeriesID]bool{}
	for _, n := range b.src.Names() {
		seen[n] = true
	}
	for _, name := range needed {
		if !seen[soak.SeriesOf(soak.RoleTarget, name)] {
			out = append(out, fmt.Sprintf("%s of the target could not be measured; the events say why", name))
		}
	}
	judged := map[string]bool{}
	for _, s := range r.Series {
		judged[s.Rule] = true
	}
	for _, rule := range b.plan.Rules {
		if !judged[rule.Name] {
			out = append(out, fmt.Sprintf("rule %s needs %s, which was never measured", rule.Name, rule.Metric))
		}
	}
	return out
}

// loadFaults compares what each load achieved with what the plan asked for (not
// with what the driver claims was planned), and reports whether one of them hardly
// ran at all.
func (b *builder) loadFaults(r *Report) (out []string, starved bool) {
	if b.watched() {
		return nil, false
	}
	if len(r.Load) == 0 {
		return []string{"no load was planned: nothing shows that the target served any requests"}, false
	}
	for _, l := range r.Load {
		missing := l.due - float64(l.Operations) - float64(l.lost())
		switch {
		case l.under == 0:
			out = append(out, fmt.Sprintf("load %s never started", l.Name))
		case l.due <= 0:
			out = append(out, fmt.Sprintf("load %s: the plan asks for no operations", l.Name))
		case l.Operations == 0:
			out = append(out, fmt.Sprintf("load %s: no operation succeeded%s", l.Name, errorList(l)))
		case missing > max(1, (1-minAchieved)*l.due):
			out = append(out, fmt.Sprintf("load %s: achieved only %s of the planned rate (%s of %s; %d late%s)", l.Name, human.Percent(l.Achieved/l.Planned), human.Rate(l.Achieved), human.Rate(l.Planned), l.Late, errorList(l)))
		case -missing > max(fewMore, maxExcess*l.due):
			out = append(out, fmt.Sprintf("load %s: achieved %s, more than the planned %s", l.Name, human.Rate(l.Achieved), human.Rate(l.Planned)))
		}
		if fault := lossy(l); fault != "" {
			out = append(out, fault)
		}
		starved = starved || l.due >= aliveFrom && float64(l.Operations) < minAlive*l.due
		if done := l.Operations + l.Failed; float64(l.Failed) > maxFailed*float64(done)+b.mayBeReset(l) {
			out = append(out, fmt.Sprintf("load %s: %s of the operations failed%s", l.Name, human.Percent(float64(l.Failed)/float64(done)), errorList(l)))
		}
	}
	return out, starved
}

// silent reports a driver that sent no reports during part of the steady load: what
// the load did in that time is unknown.
func (b *builder) silent() string {
	if b.watched() || judge.Time(b.phases, soak.PhaseSteady) == 0 {
		return ""
	}
	s, err := b.history.Series(soak.SeriesOf(soak.RoleDriver, "operations_total"))
	if err != nil {
		return "the driver never reported what the load did"
	}
	if covered := judge.Covered(s, b.phases); covered < minCoverage {
		return fmt.Sprintf("the driver reported on only %s of the steady load", human.Percent(covered))
	}
	return ""
}

// idle reports a target that used hardly any CPU time: it is probably not the
// process that served the requests.
func (b *builder) idle(r *Report) string {
	used, ok := b.cpu()
	if !ok {
		return "the CPU time of the target could not be measured: nothing shows that it did any work"
	}
	if b.watched() {
		if used > 0 && used >= idleShare*b.end.Seconds() {
			return ""
		}
		return fmt.Sprintf("the process used %s of CPU time in %s: an idle process is not evidence", human.Seconds(used), human.Duration(b.end))
	}
	var operations int64
	for _, l := range r.Load {
		operations += l.Operations
	}
	if operations < idleAfter || used >= leastCPU*float64(operations) {
		return ""
	}
	return fmt.Sprintf("the target used %s of CPU time for %s: is it really the process that serves them?", human.Seconds(used), human.Count(int(operations), "operation"))
}

// cpu is the CPU time, in seconds, that the target used while it was measured.
// After a restart the counter starts again at zero.
func (b *builder) cpu() (used float64, ok bool) {
	s, err := b.src.Series(soak.SeriesOf(soak.RoleTarget, "cpu_seconds_total"))
	if err != nil {
		return 0, false
	}
	last, n := nan, 0
	for _, v := range s.Value {
		if math.IsNaN(v) {
			continue
		}
		if v > last {
			used += v - last
		}
		last = v
		n++
	}
	return used, n >= 2
}

func (b *builder) watched() bool { return b.run.Command == "watch" }
