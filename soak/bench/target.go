package bench

import (
	"fmt"
	"time"

	"soakmon/soak"
)

// Verdict says whether a figure meets its target.
type Verdict string

const (
	Met     Verdict = "met"     // the whole interval is on the right side
	Missed  Verdict = "missed"  // the whole interval is on the wrong side
	Unclear Verdict = "unclear" // too close to call, or not measured well enough
	Shown   Verdict = "shown"   // of a result: there are figures and nothing to decide
)

// The exit codes of soak that a bench can have.
const (
	exitMet     = 0
	exitMissed  = 1
	exitUnclear = 3
)

// DefaultBounds are the targets by name of the protocol. They are those of
// published tables of these protocols and hold where the path is the bottleneck;
// loopback, where direct TCP moves gigabytes a second, cannot meet them.
var DefaultBounds = map[string]soak.Bounds{
	"reality":   {Throughput: 0.90, Latency: 1.10, Connect: 200 * time.Millisecond},
	"ech":       {Throughput: 0.90, Latency: 1.10, Connect: 150 * time.Millisecond},
	"hysteria":  {Throughput: 1.00, Latency: 1.50, Connect: 100 * time.Millisecond},
	"hysteria2": {Throughput: 1.00, Latency: 1.50, Connect: 100 * time.Millisecond},
	"ssh":       {Throughput: 0.85, Latency: 1.20, Connect: 300 * time.Millisecond},
	"tuic":      {Throughput: 1.00, Latency: 1.50, Connect: 100 * time.Millisecond},
}

// Target is one target and whether the row meets it.
type Target struct {
	Figure  string     `json:"figure"`
	Of      string     `json:"of"` // "ratio" to direct TCP, or "seconds"
	AtLeast soak.Float `json:"at_least,omitempty"`
	AtMost  soak.Float `json:"at_most,omitempty"`
	Estimate
	Verdict Verdict `json:"verdict"`
	Reason  string  `json:"reason"`
}

// hold holds a row against the bounds of its protocol. Other clients than our
// own are there to be compared with.
func (r Row) hold(all map[string]soak.Bounds) (targets []Target) {
	b, ok := all[r.Protocol]
	if !ok || r.Client != OwnClient {
		return nil
	}
	if b.Throughput > 0 {
		for _, figure := range []string{"up", "down"} {
			targets = append(targets, r.target(Target{Figure: figure, Of: "ratio", AtLeast: soak.Float(b.Throughput)}))
		}
	}
	if b.Latency > 0 {
		targets = append(targets, r.target(Target{Figure: "echo_p95", Of: "ratio", AtMost: soak.Float(b.Latency)}))
	}
	if b.Connect > 0 {
		targets = append(targets, r.target(Target{Figure: "connect_p95", Of: "seconds", AtMost: soak.Float(b.Connect.Seconds())}))
	}
	return targets
}

// target completes a target with what was measured.
func (r Row) target(t Target) Target {
	f, ok := r.Figure(t.Figure)
	t.Estimate = f.Estimate
	if t.Of == "ratio" && f.Direct != nil {
		t.Estimate = *f.Direct
	} else if t.Of == "ratio" || !ok {
		t.Estimate = estimate(nil)
	}
	switch {
	case !ok || t.N == 0:
		t.Verdict, t.Reason = Unclear, "not measured"
		if f.Missing != "" {
			t.Reason += ": " + f.Missing
		} else if len(r.Notes) > 0 {
			t.Reason = r.Notes[0]
		}
	case f.Missing != "":
		t.Verdict, t.Reason = Unclear, fmt.Sprintf("measured in %d of %d rounds: %s", f.N, len(f.Values), f.Missing)
	case !t.Interval():
		t.Verdict, t.Reason = Unclear, fmt.Sprintf("%d rounds are too few for an interval", t.N)
	default:
		t.Verdict, t.Reason = stand(t)
	}
	return t
}

// stand compares the interval with the bound.
func stand(t Target) (Verdict, string) {
	bad, good := t.Hi < t.AtLeast, t.Lo >= t.AtLeast
	if t.AtMost > 0 {
		bad, good = t.Lo > t.AtMost, t.Hi <= t.AtMost
	}
	switch {
	case good:
		return Met, "the whole interval meets it"
	case bad:
		return Missed, "the whole interval misses it"
	default:
		return Unclear, "too close to call: its interval lies on both sides"
	}
}

// decide sums the targets up. Without judging they decide nothing.
func (r *Result) decide() {
	r.Reasons = []string{}
	counts := map[Verdict]int{}
	note := func(v Verdict, what string) {
		counts[v]++
		if v != Met {
			r.Reasons = append(r.Reasons, what)
		}
	}
	for _, row := range r.Rows {
		for _, t := range row.Targets {
			note(t.Verdict, fmt.Sprintf("%s: %s", row.Name, describeTarget(t)))
		}
		for _, t := range row.Trials {
			if t.Verdict != "" {
				note(t.Verdict, fmt.Sprintf("%s: %s", row.Name, describeTrial(t)))
			}
		}
	}
	switch {
	case !r.Judged:
		r.Verdict, r.ExitCode = Shown, exitMet
	case counts[Missed] > 0:
		r.Verdict, r.ExitCode = Missed, exitMissed
	case counts[Unclear] > 0:
		r.Verdict, r.ExitCode = Unclear, exitUnclear
	case counts[Met] > 0:
		r.Verdict, r.ExitCode = Met, exitMet
	default:
		r.Verdict, r.ExitCode = Unclear, exitUnclear
		r.Reasons = append(r.Reasons, "no protocol of this run has a target")
	}
	for _, row := range r.Rows {
		r.Warnings = append(r.Warnings, row.missing()...)
	}
	if r.Warnings == nil {
		r.Warnings = []string{}
	}
}
