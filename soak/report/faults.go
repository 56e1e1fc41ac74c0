package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

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

// A fault is something that is missing from the evidence for a clean run.
type fault struct {
	text    string    // a complete reason
	kind    faultKind // of the faults of one load; they are listed together
	load    string    // the load that has it,
	detail  string    // and what is wrong with it
	starves bool      // a lack of CPU can be its cause
	dead    bool      // the target counts as dead
}

// faultKind says of several loads what is wrong with them.
type faultKind string

const (
	neverStarted   faultKind = "never started"
	unplanned      faultKind = "have no operations planned"
	nothingDone    faultKind = "completed no operation"
	fellShort      faultKind = "fell short of the planned rate"
	tooFast        faultKind = "exceeded the planned rate"
	lostTooMany    faultKind = "lost more datagrams than allowed"
	failedTooOften faultKind = "failed in more than 1 % of the operations"
)

// faults lists everything missing from the evidence for a clean run, one line for each
// cause, and reports whether the target counts as dead. What shows that comes first.
func (b *builder) faults(r *Report) (out []string, dead bool) {
	var all []fault
	add := func(texts ...string) {
		for _, text := range texts {
			if text != "" {
				all = append(all, fault{text: text})
			}
		}
	}
	if text := b.early(r); text != "" {
		all = append(all, fault{text: text, dead: r.Ended == soak.EndTargetDead})
	}
	add(b.isolated())
	if text := unsampled(r.Evidence); text != "" {
		all = append(all, fault{text: text, starves: b.unscheduled(r.Evidence) || r.CPU.Starved && !b.probeFailed()})
	}
	add(b.unsteady(r))
	add(b.unmeasured(r)...)
	loads := b.loadFaults(r)
	for _, f := range loads {
		if f.dead && !slices.Contains(r.unserved, f.load) {
			r.unserved = append(r.unserved, f.load)
		}
	}
	all = append(all, loads...)
	add(planting(r)...)
	if text := b.silent(); text != "" {
		all = append(all, fault{text: text, starves: r.CPU.Starved})
	}
	add(b.idle(r))
	all = starvation(together(all, len(r.Load)), r.CPU)
	slices.SortStableFunc(all, func(a, b fault) int { return truth(b.dead) - truth(a.dead) })
	for _, f := range all {
		out, dead = append(out, f.text), dead || f.dead
	}
	return out, dead
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}

// together joins the faults of one kind that several loads have.
func together(all []fault, loads int) (out []fault) {
	byKind := map[faultKind][]fault{}
	for _, f := range all {
		byKind[f.kind] = append(byKind[f.kind], f)
	}
	for _, f := range all {
		same := byKind[f.kind]
		switch {
		case f.kind == "" || len(same) == 1:
			out = append(out, f)
		case f == same[0]:
			var each []string
			for _, g := range same {
				each = append(each, strings.TrimSpace(g.load+" "+g.detail))
				f.dead = f.dead || g.dead
			}
			f.text = fmt.Sprintf("%d of %d loads %s: %s", len(same), loads, f.kind, enumerate(each, mostNamed))
			out = append(out, f)
		}
	}
	return out
}

// mostNamed is the maximum number of loads that a reason names; the table of the loads
// has all of them.
const mostNamed = 3

// starvation joins the faults that a lack of CPU explains into one that names this cause.
func starvation(all []fault, cpu CPU) (out []fault) {
	joined := fault{}
	var texts []string
	for _, f := range all {
		if f.starves {
			texts = append(texts, f.text)
			joined.dead = joined.dead || f.dead
		}
	}
	for _, f := range all {
		switch {
		case !f.starves:
			out = append(out, f)
		case joined.text == "":
			joined.text = fmt.Sprintf("this machine %s (%s): %s", cpu.lack(), cpu.shown(), strings.Join(texts, "; "))
			out = append(out, joined)
		}
	}
	return out
}

// early says why the run is shorter than planned.
func (b *builder) early(r *Report) string {
	recorded := human.Duration(b.end)
	switch r.Ended {
	case soak.EndFinished, soak.EndDecided:
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

// loadFaults compares what each load achieved with what the plan asked for, not with
// what the driver claims was planned.
func (b *builder) loadFaults(r *Report) (out []fault) {
	if b.watched() {
		return nil
	}
	if len(r.Load) == 0 {
		return []fault{{text: "no load was planned: nothing shows that the target served any requests"}}
	}
	for _, l := range r.Load {
		dead := l.due >= aliveFrom && float64(l.Operations) < minAlive*l.due
		add := func(kind faultKind, text, detail string) {
			out = append(out, fault{text: "load " + l.Name + text, kind: kind, load: l.Name, detail: detail, dead: dead, starves: kind == fellShort && r.CPU.Starved && l.Failed == 0})
		}
		missing := l.due - float64(l.Operations) - float64(l.lost())
		switch {
		case l.under == 0:
			add(neverStarted, " never started", "")
		case l.due <= 0:
			add(unplanned, ": the plan asks for no operations", "")
		case l.Operations == 0:
			add(nothingDone, ": no operation succeeded"+errorExamples(l), errorList(l))
		case missing > max(1, (1-minAchieved)*l.due)+b.untold(r, l):
			share := human.Percent(l.Achieved / l.Planned)
			add(fellShort, fmt.Sprintf(": achieved only %s of the planned rate (%s of %s; %d late%s)", share, human.Rate(l.Achieved), human.Rate(l.Planned), l.Late, errorList(l)), share)
		case -missing > max(fewMore, maxExcess*l.due):
			achieved := fmt.Sprintf("%s of %s", human.Rate(l.Achieved), human.Rate(l.Planned))
			add(tooFast, fmt.Sprintf(": achieved %s, more than the planned %s", human.Rate(l.Achieved), human.Rate(l.Planned)), achieved)
		}
		if lost, limit, excess := lossy(l); excess {
			add(lostTooMany, fmt.Sprintf(": %.1f %% of the datagrams were lost; the limit is %.1f %% (max_loss plus the loss under conditions)", 100*lost, 100*limit), human.Percent(lost))
		}
		if done := l.Operations + l.Failed; float64(l.Failed) > maxFailed*float64(done)+b.mayBeReset(l) {
			share := human.Percent(float64(l.Failed) / float64(done))
			add(failedTooOften, fmt.Sprintf(": %s of the operations failed%s", share, errorExamples(l)), share+errorList(l))
		}
	}
	return worstFirst(out, r.Load)
}

// untold is the number of operations of a load that the driver may have completed without
// reporting them: the tallies of the last two ticks are missing if a run is cut off.
func (b *builder) untold(r *Report, l Load) float64 {
	switch r.Ended {
	case soak.EndFinished, soak.EndDecided, soak.EndStopped:
		return 0 // after a drain
	}
	return 2 * l.Planned * b.plan.Interval.Seconds()
}

// worstFirst orders the faults of each kind by the share of the planned operations that
// was achieved, the smallest first.
func worstFirst(all []fault, loads []Load) []fault {
	share := map[string]float64{}
	for _, l := range loads {
		share[l.Name] = float64(l.Operations) / max(l.due, 1)
	}
	slices.SortStableFunc(all, func(a, b fault) int { return cmp.Compare(share[a.load], share[b.load]) })
	return all
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
