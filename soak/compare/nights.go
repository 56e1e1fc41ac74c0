package compare

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"soakmon/soak"
	"soakmon/soak/human"
	"soakmon/soak/report"
)

// fewestNights is how many earlier runs it takes to know how much one night
// differs from the next.
const fewestNights = 3

// Nights lays a run beside the earlier runs of its plan, newest first. A level, a
// latency or the throughput has regressed where it is worse than their mean by
// more than the share, and by more than the differences among them explain: it
// lies outside the 95 % prediction interval for one more of them, of all
// quantities together (Bonferroni). Growth is not among them: that is for the
// verdict to tell. Runs of another load, length or machine are left out.
func Nights(run report.Report, earlier []report.Report, share float64) soak.Regression {
	n := soak.Regression{Before: []string{}, Worse: []soak.Regressed{}}
	all := []report.Report{run}
	for _, r := range earlier {
		if len(differs(r, run)) == 0 {
			all = append(all, r)
			n.Before = append(n.Before, r.Run)
		}
	}
	if len(n.Before) < fewestNights {
		n.Note = fmt.Sprintf("regressions cannot be told yet: the plan has %s of the same load, length and machine, and it takes %d", human.Count(len(n.Before), "earlier run"), fewestNights)
		return n
	}
	var judged []Row
	for _, row := range rows(all) {
		if row.Kind != Growth {
			judged = append(judged, row)
		}
	}
	for _, row := range judged {
		if worse, is := row.regressed(share, 0.05/float64(len(judged))); is {
			n.Worse = append(n.Worse, worse)
		}
	}
	return n
}

// regressed tells whether the first cell is worse than the others usually are,
// where the probability that chance makes it so is below alpha.
func (r Row) regressed(share, alpha float64) (worse soak.Regressed, is bool) {
	var before []float64
	for _, c := range r.Cells[1:] {
		if c.Value == c.Value {
			before = append(before, float64(c.Value))
		}
	}
	now := float64(r.Cells[0].Value)
	if len(before) < fewestNights || math.IsNaN(now) {
		return worse, false
	}
	usual, spread := stat.MeanStdDev(before, nil)
	k := float64(len(before))
	half := predicted(spread*math.Sqrt(1+1/k), k-1, r.Cells[0].se, alpha)
	worse = soak.Regressed{Process: r.Process, Metric: r.Metric, Unit: r.Unit, Value: now, Usual: usual, Lo: now - usual - half, Hi: now - usual + half}
	by := now - usual
	if r.Kind == Throughput {
		by = -by
	}
	if by <= half || by <= share*math.Abs(usual) {
		return worse, false
	}
	worse.Text = fmt.Sprintf("%s %s, in the %d runs before %s (%s %%)", r.title(), r.write(soak.Float(now), false), len(before),
		r.write(soak.Float(usual), false), human.Signed(100*(now-usual)/math.Abs(usual), ""))
	return worse, true
}

// predicted is half the width of an interval for a difference with two sources of
// chance: from night to night, and within the night, whose standard error comes
// from batches. Their degrees of freedom are joined after Welch and Satterthwaite
// (1946).
func predicted(between, freedom, within, alpha float64) float64 {
	if !(within > 0) {
		within = 0
	}
	b, w := between*between, within*within
	if b+w == 0 {
		return 0
	}
	joined := (b + w) * (b + w) / (b*b/freedom + w*w/batches)
	return math.Sqrt(b+w) * distuv.StudentsT{Mu: 0, Sigma: 1, Nu: joined}.Quantile(1-alpha/2)
}
