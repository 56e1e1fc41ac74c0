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

// minEarlier is the number of earlier runs needed to estimate the variation from
// run to run.
const minEarlier = 3

// Regression compares a run with the earlier runs of its plan, newest first. A
// level, a latency or the throughput has regressed if it is worse than their mean
// by more than share and by more than the variation among them explains: it lies
// outside the 95 % prediction interval for a further run, for all quantities
// together (Bonferroni). Growth is left to the verdict. Runs with a different load,
// duration or machine are left out.
func Regression(run report.Report, earlier []report.Report, share float64) soak.Regression {
	n := soak.Regression{Before: []string{}, Worse: []soak.Regressed{}}
	all := []report.Report{run}
	for _, r := range earlier {
		if len(differs(r, run)) == 0 {
			all = append(all, r)
			n.Before = append(n.Before, r.Run)
		}
	}
	if len(n.Before) < minEarlier {
		n.Note = fmt.Sprintf("not compared yet: the plan has %s with the same load, duration and machine; at least %d are needed", human.Count(len(n.Before), "earlier run"), minEarlier)
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

// regressed reports whether the first cell is worse than the others, with a
// probability below alpha that this is due to chance.
func (r Row) regressed(share, alpha float64) (worse soak.Regressed, is bool) {
	var before []float64
	for _, c := range r.Cells[1:] {
		if c.Value == c.Value {
			before = append(before, float64(c.Value))
		}
	}
	now := float64(r.Cells[0].Value)
	if len(before) < minEarlier || math.IsNaN(now) {
		return worse, false
	}
	usual, spread := stat.MeanStdDev(before, nil)
	k := float64(len(before))
	half := halfWidth(spread*math.Sqrt(1+1/k), k-1, r.Cells[0].se, alpha)
	worse = soak.Regressed{Process: r.Process, Metric: r.Metric, Unit: r.Unit, Value: now, Usual: usual, Lo: now - usual - half, Hi: now - usual + half}
	by := now - usual
	if r.Kind == Throughput {
		by = -by
	}
	if by <= half || by <= share*math.Abs(usual) {
		return worse, false
	}
	worse.Text = fmt.Sprintf("%s is %s; the mean of %d earlier runs is %s (%s %%)", r.title(), r.write(soak.Float(now), false), len(before),
		r.write(soak.Float(usual), false), human.Signed(100*(now-usual)/math.Abs(usual), ""))
	return worse, true
}

// halfWidth is half the width of a prediction interval for a difference with two
// sources of variation: from run to run, and within the run, whose standard error
// comes from batches. The degrees of freedom are combined as by Welch and
// Satterthwaite (Satterthwaite, "An approximate distribution of estimates of
// variance components", Biometrics Bulletin 2(6), 1946).
func halfWidth(between, freedom, within, alpha float64) float64 {
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
