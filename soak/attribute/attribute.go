// Package attribute determines what the growth of a resource follows: time, or
// something that the load did, such as its operations or its dirty sessions of one
// kind. It is pure mathematics.
//
// The growth in each block of a run is explained by what was done in the block, by
// least squares without an intercept: time is a cause like any other. A cause is
// named where it explains the growth alone, where no other cause is needed in
// addition, and where no other could explain it as well. Causes that occurred in
// constant proportions cannot be distinguished by any method; they are reported
// together instead of naming the likeliest. Measured proportions are never quite
// constant: counters are read a little early or late. So causes count as
// distinguishable only if the errors of reading them could feign less than a little
// of the growth: what a cause varies by, next to the others, must exceed its error
// by a factor (the reliability ratio of Fuller, Measurement Error Models, 1987).
//
// Outlying blocks weigh less (Huber, Robust estimation
// of a location parameter, Annals of Mathematical Statistics 35, 1964), and
// neighboring blocks may depend on each other (Newey and West, A simple,
// positive semi-definite, heteroskedasticity and autocorrelation consistent
// covariance matrix, Econometrica 55, 1987; the plain variance where that is
// larger). Tests are corrected for the number of causes (Bonferroni).
//
// Limits: at most two causes are named together. The effect of a cause that is
// delayed by a large part of a block appears weaker than it is.
package attribute

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
)

// Table is the growth of a resource and the activity of each cause, by block.
type Table struct {
	Growth []float64   // of the resource
	Done   [][]float64 // of each cause, of the length of Growth
	Joined []bool      // whether a block follows at once on the one before it
	Error  []float64   // standard deviation of the error of each cause in a block, as it was measured; nil: none
	Noise  float64     // least standard deviation of a block's growth, such as its rounding
}

// Estimate is the growth of the resource per unit of a cause, with a 95 %
// interval, and the cause's share of the total growth.
type Estimate struct {
	Cause int // index of Table.Done
	Each  float64
	Lo    float64
	Hi    float64
	Share float64
}

// Answer is what the growth follows.
type Answer struct {
	Named    []Estimate // the only cause, or the two that are needed together; empty where the cause is not identified
	Alone    bool       // the only cause certainly has more than half of the growth, whatever other causes there are
	Rivals   []Estimate // causes that each could be the only one: they cannot be distinguished
	Excluded []int      // causes that certainly have hardly any of the growth
}

const (
	chance   = 0.01 // probability of naming a false cause, for all causes together
	little   = 0.1  // share of the growth below which a cause is not needed
	mostPair = 20   // maximum number of causes of which pairs are tried
)

// fewest is the smallest number of blocks from which a cause can be identified.
const fewest = 8

// Ask determines what the growth follows; false where there is no growth, or too
// few blocks.
func Ask(t Table) (Answer, bool) {
	a := &asker{Table: t, total: floats.Sum(t.Growth)}
	for i, done := range t.Done {
		if slices.ContainsFunc(done, func(v float64) bool { return v != 0 }) {
			a.causes = append(a.causes, i)
		}
	}
	if len(t.Growth) < fewest || !(a.total > 0) || !finite(t.Growth) || len(a.causes) == 0 {
		return Answer{}, false
	}
	a.level = chance / float64(len(a.causes))
	var rivals []Estimate
	for _, i := range a.causes {
		if a.suffices(i) {
			f, _ := a.fit(i)
			rivals = append(rivals, f.estimate(0))
		}
	}
	switch len(rivals) {
	case 0:
		a.pair()
	case 1:
		a.name(rivals[0])
	default:
		a.answer.Rivals = rivals
	}
	a.exclude()
	return a.answer, true
}

type asker struct {
	Table
	total  float64
	causes []int
	level  float64 // of one test
	answer Answer
}

// suffices reports whether causes explain the growth, each being needed where
// there are several, and no other being needed in addition.
func (a *asker) suffices(causes ...int) bool {
	f, ok := a.fit(causes...)
	if !ok {
		return false
	}
	for i := range causes {
		if !f.needed(i) {
			return false
		}
	}
	for _, other := range a.causes {
		if slices.Contains(causes, other) {
			continue
		}
		if f, ok := a.fit(append(slices.Clone(causes), other)...); ok && f.needed(len(causes)) {
			return false
		}
	}
	return true
}

// name answers with the only cause.
func (a *asker) name(only Estimate) {
	a.answer.Named = []Estimate{only}
	a.answer.Alone = true
	for _, other := range a.causes {
		if other == only.Cause {
			continue
		}
		if f, ok := a.fit(only.Cause, other); ok && f.share(0, f.low(0, 0.05)) < 0.5 {
			a.answer.Alone = false
		}
	}
}

// pair answers with the two causes that are needed together, where exactly one
// pair suffices.
func (a *asker) pair() {
	if len(a.causes) > mostPair {
		return
	}
	var found [][]int
	for n, i := range a.causes {
		for _, j := range a.causes[n+1:] {
			if a.suffices(i, j) {
				found = append(found, []int{i, j})
			}
		}
	}
	if len(found) != 1 {
		return
	}
	f, _ := a.fit(found[0]...)
	a.answer.Named = []Estimate{f.estimate(0), f.estimate(1)}
}

// exclude finds the causes that have hardly any of the growth, next to every
// possible cause of it.
func (a *asker) exclude() {
	var may [][]int
	for _, r := range a.answer.Rivals {
		may = append(may, []int{r.Cause})
	}
	if n := a.answer.Named; len(n) > 0 {
		var named []int
		for _, e := range n {
			named = append(named, e.Cause)
		}
		may = append(may, named)
	}
	if len(may) == 0 {
		return
	}
	for _, cause := range a.causes {
		if !slices.ContainsFunc(may, func(m []int) bool { return !a.little(cause, m) }) {
			a.answer.Excluded = append(a.answer.Excluded, cause)
		}
	}
}

// little reports whether a cause certainly has hardly any of the growth next to
// others.
func (a *asker) little(cause int, others []int) bool {
	if slices.Contains(others, cause) {
		return false
	}
	f, ok := a.fit(append(slices.Clone(others), cause)...)
	last := len(others)
	return ok && f.share(last, f.high(last, a.level)) < little
}

func finite(values []float64) bool {
	return !slices.ContainsFunc(values, func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) })
}
