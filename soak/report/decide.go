package report

import (
	"fmt"
	"time"

	"soakmon/soak"
	"soakmon/soak/judge"
)

// What a run must show before it can be called clean.
const (
	minCoverage = 0.98 // of the samples due
	minAchieved = 0.99 // of the planned rate
	minAlive    = 0.5  // below this share of the planned rate the run counts as dead
	maxFailed   = 0.01 // of the clean operations
	idleAfter   = 1000 // operations served without any CPU time: the wrong process
)

// The exit codes of commands that end with a verdict.
const (
	ExitClean        = 0
	ExitLeak         = 1
	ExitError        = 2
	ExitInconclusive = 3
	ExitDead         = 4
)

// required are the series of the target without which nothing is clean.
var required = []string{"rss_bytes", "fds", "threads"}

// fewSamples is how many an auxiliary series needs to be judged.
const fewSamples = 30

// auxiliary reports whether a series adds a diagnosis to what others show
// already, and was read too seldom to be judged: a socket in CLOSE_WAIT is an
// fd as well, and socket tables are read once in half a minute.
func auxiliary(s Series) bool {
	return s.Rule == "" && judge.Family(s.Metric) == "sockets" && s.Points < fewSamples
}

// decide puts the verdicts of the series and the evidence together.
func decide(r *Report, b *builder) {
	var leaks, open []string
	for _, s := range r.Series {
		said := fmt.Sprintf("%s %s: %s", s.Process, s.Metric, s.Reason)
		switch {
		case s.Process != soak.RoleTarget && s.Verdict == soak.Leaking:
			open = append(open, fmt.Sprintf("the %s, a part of soak, grows itself: %s: %s", s.Process, s.Metric, s.Reason))
		case s.Process != soak.RoleTarget:
		case s.Verdict == soak.Leaking:
			leaks = append(leaks, said)
		case s.Verdict == soak.Inconclusive && !auxiliary(s):
			open = append(open, said)
		}
	}
	faults, dead := faults(r, b)
	open = append(faults, open...)
	switch {
	case len(leaks) > 0:
		r.Verdict, r.ExitCode = soak.Leaking, ExitLeak
	case len(open) > 0:
		r.Verdict, r.ExitCode = soak.Inconclusive, ExitInconclusive
	default:
		r.Verdict, r.ExitCode = soak.Clean, ExitClean
	}
	r.Reasons = append(leaks, open...)
	if r.Verdict == soak.Clean {
		r.Reasons = []string{cleanReason(r)}
	}
	if fired := firedRules(r); len(fired) > 0 && r.Verdict != soak.Leaking {
		r.ExitCode = ExitLeak
		r.Reasons = append(r.Reasons, fired...)
		if r.Verdict == soak.Clean {
			r.Verdict = soak.Inconclusive
		}
	}
	if dead && r.ExitCode != ExitLeak {
		r.ExitCode = ExitDead
	}
	if b.run.Error != "" {
		r.ExitCode = ExitError
		r.Reasons = append([]string{"the monitor failed: " + b.run.Error}, r.Reasons...)
		if r.Verdict == soak.Clean {
			r.Verdict = soak.Inconclusive
		}
	}
}

// firedRules tells of rules of the plan that fired in the run, though the whole
// of it does not show a leak any more.
func firedRules(r *Report) (out []string) {
	named := map[string]bool{}
	for _, rule := range r.Plan.Rules {
		named[rule.Name] = true
	}
	for _, a := range r.Alerts {
		if a.State == soak.Firing && named[a.Rule] {
			out = append(out, fmt.Sprintf("rule %s fired at %s: %s", a.Rule, a.At.Format("15:04:05"), a.Reason))
		}
	}
	return out
}

// faults lists everything that keeps a run from being clean, and says whether
// the target counts as dead.
func faults(r *Report, b *builder) (out []string, dead bool) {
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	switch r.Ended {
	case "finished":
	case "running":
		say("the run still goes on: %s of it so far", round(b.end))
	case "target dead":
		say("the target died after %s and was not there any more", round(b.end))
		dead = true
	case "monitor killed":
		say("the monitor was killed: the recording stops after %s", round(b.end))
	default:
		say("the run ended early, after %s (%s)", round(b.end), r.Ended)
	}
	if e := r.Evidence; e.SamplesDue == 0 {
		say("nothing was sampled")
	} else if share := float64(e.Samples) / float64(e.SamplesDue); share < minCoverage {
		say("only %d of %d samples of the target were taken (%.1f %%)", e.Samples, e.SamplesDue, 100*share)
	}
	out = append(out, unmeasured(r, b)...)
	loadFaults, starved := loadFaults(r)
	out = append(out, loadFaults...)
	if idle := b.idle(r); idle != "" {
		out = append(out, idle)
	}
	return out, dead || starved
}

// unmeasured names what had to be measured and was not.
func unmeasured(r *Report, b *builder) (out []string) {
	seen := map[string]bool{}
	for _, n := range b.src.Names() {
		if n.Process == soak.RoleTarget {
			seen[n.Name] = true
			seen[judge.Family(n.Name)] = true
		}
	}
	for _, name := range required {
		if !seen[name] {
			out = append(out, fmt.Sprintf("%s of the target could not be measured; see the events for why", name))
		}
	}
	for _, rule := range r.Plan.Rules {
		if (rule.Process == "" || rule.Process == soak.RoleTarget) && !seen[rule.Metric] {
			out = append(out, fmt.Sprintf("rule %s needs %s, which was never measured", rule.Name, rule.Metric))
		}
	}
	return out
}

func loadFaults(r *Report) (out []string, starved bool) {
	for _, l := range r.Load {
		share := 1.0
		if l.Planned > 0 {
			share = l.Achieved / l.Planned
		}
		switch {
		case l.Operations == 0:
			out = append(out, fmt.Sprintf("load %s: not one operation succeeded%s", l.Name, errorList(l)))
		case share < minAchieved:
			out = append(out, fmt.Sprintf("load %s: only %.1f %% of the planned rate was achieved (%.4g of %.4g/s; %d late%s)", l.Name, 100*share, l.Achieved, l.Planned, l.Late, errorList(l)))
		}
		starved = starved || share < minAlive
		if done := l.Operations + l.Failed; done > 0 && float64(l.Failed)/float64(done) > maxFailed {
			out = append(out, fmt.Sprintf("load %s: %.1f %% of the operations failed%s", l.Name, 100*float64(l.Failed)/float64(done), errorList(l)))
		}
	}
	return out, starved
}

// idle tells of a target that used no CPU time at all: most likely it is not
// the process that served.
func (b *builder) idle(r *Report) string {
	s, err := b.src.Series(soak.RoleTarget, "cpu_seconds_total")
	if err != nil || len(s.Value) < 2 || s.Value[len(s.Value)-1] > s.Value[0] {
		return ""
	}
	if b.run.Command == "watch" {
		return "the process used no CPU time at all: an idle process proves nothing"
	}
	var operations int64
	for _, l := range r.Load {
		operations += l.Operations
	}
	if operations < idleAfter {
		return ""
	}
	return fmt.Sprintf("the target used no CPU time while %d operations were served: is it the process that serves?", operations)
}

func cleanReason(r *Report) string {
	n := 0
	for _, s := range r.Series {
		if s.Process == soak.RoleTarget {
			n++
		}
	}
	return fmt.Sprintf("growth above the tolerance is excluded for all %d judged resources of the target", n)
}

func round(d time.Duration) time.Duration { return d.Round(time.Second) }
