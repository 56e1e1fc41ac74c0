// Package compare compares runs: their slopes, levels, latencies and throughput,
// each with an interval, and which of the differences are significant.
//
// The first run is the base. A difference is significant if the noise within the
// two runs does not explain it, with 95 % confidence for all rows of the table
// together (Bonferroni). Variation from run to run (another machine, another time
// of day) is not part of that noise: a significant difference shows that the runs
// differ, but not yet that the program does.
package compare

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"

	"soakmon/soak"
	"soakmon/soak/human"
	"soakmon/soak/report"
)

// Comparison is the comparison of two or more runs. Its JSON names are stable.
type Comparison struct {
	Runs     []Head    `json:"runs"` // the first is the base
	Rows     []Row     `json:"rows"`
	Culprits []Culprit `json:"culprits"`
	Summary  string    `json:"summary"`
	Notes    []string  `json:"notes"`
}

// Head is one run.
type Head struct {
	Run      string     `json:"run"`
	Name     string     `json:"name"`
	Start    string     `json:"start"`
	Version  string     `json:"version"` // of the target's program if it is known, else of soak
	Verdict  soak.State `json:"verdict"`
	Duration float64    `json:"duration_s"`
	Sentence string     `json:"sentence"`
}

// The kinds of rows.
const (
	Growth     = "growth"     // of a resource, per hour
	Level      = "level"      // of a resource under steady load
	Latency    = "latency"    // seconds
	Throughput = "throughput" // operations per second
)

// Row is one quantity in all runs.
type Row struct {
	Kind    string   `json:"kind"`
	Process string   `json:"process"`
	Metric  string   `json:"metric"`
	Unit    string   `json:"unit"`
	Cells   []Cell   `json:"cells"`   // one per run
	Against []Change `json:"changes"` // from the base, one per run after the first
}

// Cell is the quantity in one run, with its 95 % interval. A value is null if it
// was not measured or cannot be computed.
type Cell struct {
	Value   soak.Float `json:"value"`
	Lo      soak.Float `json:"low"`
	Hi      soak.Float `json:"high"`
	Verdict soak.State `json:"verdict,omitempty"` // of growth

	se float64 // standard error
}

// The possible changes of a quantity.
const (
	Same      = "same"   // noise explains the difference
	Better    = "better" // less growth, a lower level or latency, more throughput
	Worse     = "worse"
	Undecided = "open" // not measured in both runs, or without an interval
)

// Change is a difference from the base.
type Change struct {
	Difference soak.Float `json:"difference"`
	Lo         soak.Float `json:"low"` // 95 % for all rows together
	Hi         soak.Float `json:"high"`
	Share      soak.Float `json:"share"` // of the base; null for growth
	Change     string     `json:"change"`
}

// The degrees of freedom of a level, which is estimated from about 20 batches, and
// of the difference between two levels.
const (
	batches = 20 - 1
	freedom = 2 * batches
)

// Compare compares at least two runs, the base first.
func Compare(runs []report.Report) Comparison {
	c := Comparison{Runs: []Head{}, Rows: []Row{}, Culprits: culprits(runs), Notes: notes(runs)}
	for _, r := range runs {
		c.Runs = append(c.Runs, head(r))
	}
	c.Rows = rows(runs)
	tests := 0
	for _, row := range c.Rows {
		tests += len(row.Cells) - 1
	}
	z := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: freedom}.Quantile(1 - 0.025/float64(max(tests, 1)))
	for i := range c.Rows {
		c.Rows[i].judge(z)
	}
	c.Summary = c.summary()
	return c
}

func head(r report.Report) Head {
	version := r.Target.Build
	if version == "" {
		version = "soak " + r.Version
	}
	return Head{Run: r.Run, Name: r.Name, Start: r.Start.Format("2006-01-02 15:04"), Version: version, Verdict: r.Verdict, Duration: r.Duration, Sentence: report.Sentence(r)}
}

// judge decides for each run whether it differs from the base.
func (r *Row) judge(z float64) {
	base := r.Cells[0]
	for _, c := range r.Cells[1:] {
		change := Change{Difference: c.Value - base.Value, Share: soak.Float(math.NaN()), Change: Undecided}
		half := soak.Float(z * math.Hypot(c.se, base.se))
		change.Lo, change.Hi = change.Difference-half, change.Difference+half
		if r.Kind != Growth && base.Value != 0 {
			change.Share = change.Difference / base.Value
		}
		switch {
		case math.IsNaN(float64(half)) || math.IsNaN(float64(change.Difference)):
		case change.Lo <= 0 && change.Hi >= 0:
			change.Change = Same
		case change.Difference > 0 == (r.Kind == Throughput):
			change.Change = Better
		default:
			change.Change = Worse
		}
		r.Against = append(r.Against, change)
	}
}

// notes lists what makes the runs hard to compare.
func notes(runs []report.Report) (out []string) {
	base := runs[0]
	out = []string{}
	for _, r := range runs[1:] {
		out = append(out, differs(r, base)...)
		if r.Verdict == soak.Inconclusive || base.Verdict == soak.Inconclusive {
			out = append(out, "not all runs have enough evidence for a verdict; see their reports")
		}
	}
	return out
}

// differs lists the circumstances in which a run differs from the base.
func differs(r, base report.Report) (out []string) {
	if ratio := r.Duration / base.Duration; ratio < 0.8 || ratio > 1.25 {
		out = append(out, r.Run+" lasted "+human.Span(r.Duration)+" and the base "+human.Span(base.Duration)+": a short run includes more of the settling")
	}
	if r.Host.Name != base.Host.Name || r.Host.CPUs != base.Host.CPUs {
		out = append(out, r.Run+" ran on a different machine than the base")
	}
	if !samePlan(r, base) {
		out = append(out, r.Run+" had a different load than the base")
	}
	return out
}

func samePlan(a, b report.Report) bool {
	if len(a.Load) != len(b.Load) {
		return false
	}
	for i := range a.Load {
		x, y := a.Load[i], b.Load[i]
		if x.Name != y.Name || x.Protocol != y.Protocol || math.Abs(x.Planned-y.Planned) > 0.01*y.Planned {
			return false
		}
	}
	return true
}
