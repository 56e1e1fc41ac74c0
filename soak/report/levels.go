package report

import (
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"soakmon/soak"
	"soakmon/soak/judge"
)

// Level is the mean of a series under steady load, with its 95 % interval. Samples
// are autocorrelated, so the interval is computed from the means of long batches
// (batch means: Law, "Statistical analysis of simulation output data", Operations
// Research 31(6), 1983). It holds within the run and does not include the variation
// from run to run.
type Level struct {
	Process string     `json:"process"`
	Metric  string     `json:"metric"` // for a counter: its rate per second
	Unit    string     `json:"unit"`
	Rate    bool       `json:"rate,omitempty"`
	Mean    soak.Float `json:"mean"`
	Lo      soak.Float `json:"low"` // null if there are too few batches
	Hi      soak.Float `json:"high"`
	Error   soak.Float `json:"standard_error"`
	Batches int        `json:"batches"`
}

const (
	mostBatches  = 20
	fewBatches   = 8 // with fewer no interval is given
	batchSamples = 3 // at least
)

// levels computes the levels of the target's judged series, of the latencies and
// of the throughput.
func (b *builder) levels(r *Report) {
	for _, s := range r.Series {
		if s.Process == soak.RoleTarget {
			steady := b.history.steady[s.id()]
			r.Levels = append(r.Levels, newLevel(s.Process, s.Metric, s.Unit, steady.Value))
		}
	}
	for _, w := range b.plan.Load {
		if l, ok := b.throughput(w.Name); ok {
			r.Levels = append(r.Levels, l)
		}
		for _, q := range []string{"0.5", "0.95", "0.99"} {
			name := soak.LabelName("latency_seconds", "load", w.Name, "q", q)
			if s, err := b.history.Series(soak.SeriesOf(soak.RoleDriver, name)); err == nil {
				r.Levels = append(r.Levels, newLevel(soak.RoleDriver, name, "seconds", s.Value))
			}
		}
	}
}

// throughput is the rate of a load's operations under steady load.
func (b *builder) throughput(load string) (Level, bool) {
	name := soak.LabelName("operations_total", "load", load)
	raw, err := b.src.Series(soak.SeriesOf(soak.RoleDriver, name))
	if err != nil {
		return Level{}, false
	}
	s := judge.Steady(raw, b.phases)
	var rates []float64
	for i := 1; i < len(s.At); i++ {
		between := s.At[i] - s.At[i-1]
		if between > 0 && between < 5*b.plan.Interval/2 { // else the load was paused in between
			rates = append(rates, (s.Value[i]-s.Value[i-1])/between.Seconds())
		}
	}
	l := newLevel(soak.RoleDriver, name, "count", rates)
	l.Rate = true
	return l, true
}

func newLevel(process, metric, unit string, values []float64) Level {
	l := Level{Process: process, Metric: metric, Unit: unit, Mean: soak.Float(nan), Lo: soak.Float(nan), Hi: soak.Float(nan), Error: soak.Float(nan)}
	var known []float64
	for _, v := range values {
		if !math.IsNaN(v) {
			known = append(known, v)
		}
	}
	if len(known) == 0 {
		return l
	}
	l.Mean = soak.Float(stat.Mean(known, nil))
	l.Batches = min(mostBatches, len(known)/batchSamples)
	if l.Batches < fewBatches {
		return l
	}
	means := make([]float64, l.Batches)
	for i := range means {
		means[i] = stat.Mean(known[i*len(known)/l.Batches:(i+1)*len(known)/l.Batches], nil)
	}
	se := stat.StdErr(stat.StdDev(means, nil), float64(l.Batches))
	half := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(l.Batches - 1)}.Quantile(0.975) * se
	l.Error, l.Lo, l.Hi = soak.Float(se), l.Mean-soak.Float(half), l.Mean+soak.Float(half)
	return l
}
