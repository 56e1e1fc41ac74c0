// Package judge asks a detector the questions of a run: which series are judged,
// with which tolerance, over which phases and with which rest samples.
//
// The running monitor and the report of a stored run both use this package with
// the same reduction, so a report repeats the verdicts that were shown live.
// Everything here is a pure function of the run's series and events.
package judge

import (
	"math"
	"time"

	"soakmon/alerts/detect"
	"soakmon/soak"
)

// History provides the series of a run.
type History interface {
	// Names lists every series.
	Names() []soak.SeriesID
	// Series returns the steady part of a series (see [Steady]), raw or reduced.
	Series(of soak.SeriesID) (soak.Series, error)
	// Value returns a series' value in the row taken at exactly that time, NaN
	// where there is none. It is called for rest samples only.
	Value(of soak.SeriesID, at time.Duration) float64
}

// Detector answers one question.
type Detector interface {
	Judge(q soak.Question) soak.Verdict
}

// Run is what is known of a run apart from its series.
type Run struct {
	Plan    soak.Plan
	Facts   soak.Facts
	Events  []soak.Event
	End     time.Duration        // of the recording so far
	Running bool                 // the run is still in progress
	Firing  map[AlertKey]float64 // the alerts that are firing, with the growth per hour at which they fired
	Kept    []Judged             // answers of an earlier look that remain valid and are not asked for again
}

// Judged is one series and the answer on it.
type Judged struct {
	ID        soak.SeriesID
	Metric    soak.Metric
	Rule      *soak.Rule // the plan's rule that asked; nil for what is judged by default
	Tolerance float64    // growth per hour that was allowed
	Verdict   soak.Verdict
	Last      float64 // newest measured value in steady load
	Points    int     // measured values in steady load
	Covered   float64 // share of the steady load in which it was measured, 0 to 1
	Rest      []soak.RestPoint
	PartOf    string // the series that includes this one and decided for it; "" if it was decided by itself

	first    float64       // first measured value in steady load,
	from, to time.Duration // and the times of it and of the last one
}

// All judges, as of the run's end so far, every series that is judged by
// default and every one that a rule of the plan names.
func All(h History, r Run, d Detector) ([]Judged, error) {
	names := h.Names()
	subs := subjects(names, r.Plan)
	a := asker{history: h, run: r, detector: d, names: names, phases: Phases(r.Plan.Load, r.Events, r.End), rests: Rests(r.Events)}
	for _, s := range subs {
		if s.use != shown {
			a.family++
		}
	}
	a.operations, _ = h.Series(soak.SeriesOf(soak.RoleDriver, "operations_total")) // none in a watch
	var out []Judged
	for _, s := range subs {
		if kept, ok := r.kept(s); ok {
			out = append(out, kept)
			continue
		}
		j, err := a.ask(s)
		if err != nil {
			return nil, err
		}
		if s.id.Metric == "shared_mapped_bytes" && s.rule == nil && j.Last == 0 && j.Verdict.Level == 0 {
			continue // a process without shared memory needs no row for it
		}
		out = append(out, j)
	}
	cover(out, r.Plan)
	return out, nil
}

// planned is the planned load duration of a run in progress.
func (r Run) planned() time.Duration {
	if !r.Running {
		return 0
	}
	return r.Plan.Duration
}

// kept finds the answer of an earlier look that remains valid.
func (r Run) kept(s subject) (Judged, bool) {
	for _, j := range r.Kept {
		if j.ID == s.id && j.Rule == s.rule {
			return j, true
		}
	}
	return Judged{}, false
}

// asker holds what the questions of one look have in common.
type asker struct {
	history    History
	run        Run
	detector   Detector
	names      []soak.SeriesID
	phases     []soak.Phase
	rests      []Rest
	operations soak.Series
	family     int
}

// ask judges one series. A series that was measured in only a part of the steady
// load is never clean, whatever the detector's verdict on that part is.
func (a *asker) ask(s subject) (Judged, error) {
	series, err := a.history.Series(s.id)
	if err != nil {
		return Judged{}, err
	}
	j := Judged{ID: s.id, Metric: series.Metric, Rule: s.rule, Covered: Covered(series, a.phases)}
	rest := a.aboutWhole(s, series)
	readings := a.readings(series)
	whole := raised(readings, rest)
	j.Tolerance = Tolerance(a.run.Plan, s.rule, whole, slopePerHour(a.operations))
	if s.use == shown {
		j.Tolerance = math.NaN()
	}
	j.Last, j.Points = newest(series)
	j.first, j.from, j.to = readingsOf(series)
	j.Rest = a.restPoints(s.id, series.Breaks)
	q := soak.Question{
		Series:     whole,
		Rest:       raisedRest(j.Rest, rest),
		Operations: a.operations,
		Phases:     a.phases,
		Limit:      limit(a.run, s.id),
		Tolerance:  soak.Quantity{Value: j.Tolerance, Per: soak.PerHour},
		Planned:    a.run.planned(),
		Final:      !a.run.Running,
		Look:       max(1, detect.Looks(a.run.End)),
		Family:     a.family,
		Stop:       a.run.Running && a.run.Plan.UntilDecided,
		Fired:      a.run.Firing[j.AlertKey()],
	}
	j.Verdict = a.settled(s, whole, q, a.weigh(s, series, a.detect(s, q)))
	j.Verdict.Level -= rest
	if why := unproven(series, j.Points, j.Covered); why != "" && j.Verdict.State == soak.Clean {
		j.Verdict.State, j.Verdict.Reason = soak.Inconclusive, why
	}
	return j, nil
}

// restPoints returns the readings at rest of one lifetime of the process: a restart
// releases everything that leaked and must not look like a fall. Of several
// lifetimes it is the one with the most readings, of equal ones the last.
func (a *asker) restPoints(n soak.SeriesID, breaks []time.Duration) []soak.RestPoint {
	var best, life []soak.RestPoint
	for _, r := range a.rests {
		for len(breaks) > 0 && breaks[0] <= r.At {
			life, breaks = nil, breaks[1:]
		}
		v := a.history.Value(n, r.At)
		if math.IsNaN(v) {
			continue
		}
		life = append(life, soak.RestPoint{At: r.At, Value: v, Open: r.Open, Forced: r.Forced})
		if len(life) >= len(best) {
			best = life
		}
	}
	return best
}

// newest returns the last measured value and the number of measured values.
func newest(s soak.Series) (last float64, n int) {
	last = math.NaN()
	for i, v := range s.Value {
		if math.IsNaN(v) {
			continue
		}
		last = v
		if s.N == nil {
			n++
		} else {
			n += int(s.N[i])
		}
	}
	return last, n
}

// slopePerHour is the mean rate of a counter; NaN for fewer than two readings.
func slopePerHour(s soak.Series) float64 {
	n := len(s.At)
	if n < 2 || s.At[n-1] <= s.At[0] {
		return math.NaN()
	}
	return (s.Value[n-1] - s.Value[0]) / (s.At[n-1] - s.At[0]).Hours()
}
