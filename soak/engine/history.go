package engine

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"soakmon/alerts/detect"
	"soakmon/soak"
	"soakmon/soak/judge"
)

// history stores the judged series, reduced: about 150 KB each, whatever the length
// of the run. It is the [judge.History] of a run in progress.
type history struct {
	plan       soak.Plan
	families   map[string]soak.Metric
	names      []soak.SeriesID // judged, in order of appearance
	series     map[soak.SeriesID]*detect.Reducer
	skip       map[soak.SeriesID]bool // not judged
	newest     map[soak.SeriesID]float64
	sparklines map[soak.SeriesID]*sparkline
	rests      []soak.Row   // one for each rest, with the judged samples only
	events     []soak.Event // the events that judging needs: phases, rates, rests
}

func newHistory(p soak.Plan) *history {
	h := &history{plan: p, families: map[string]soak.Metric{}, series: map[soak.SeriesID]*detect.Reducer{}, skip: map[soak.SeriesID]bool{}, newest: map[soak.SeriesID]float64{}, sparklines: map[soak.SeriesID]*sparkline{}}
	for _, m := range Metrics() {
		h.families[m.Name] = m
	}
	return h
}

// add adds a row. Only samples under steady load are added to the series.
func (h *history) add(row soak.Row, phase soak.PhaseName) {
	for _, s := range row.Samples {
		n := s.SeriesID
		red := h.reducer(n)
		if red == nil {
			continue
		}
		h.newest[n] = s.Value
		h.sparklines[n].add(s.Value)
		if phase == soak.PhaseSteady {
			red.Add(row.At, s.Value)
		}
	}
}

// latest is the newest value of a series of the target, NaN if there is none.
func (h *history) latest(metric string) float64 {
	return h.value(soak.SeriesOf(soak.RoleTarget, metric))
}

func (h *history) value(n soak.SeriesID) float64 {
	if v, ok := h.newest[n]; ok {
		return v
	}
	return math.NaN()
}

// addRest stores the judged values of a rest row. A row after a forced collection
// replaces the row before the collection.
func (h *history) addRest(row soak.Row, collected bool) {
	if collected {
		h.rests = h.rests[:len(h.rests)-1]
	}
	kept := soak.Row{At: row.At}
	for _, s := range row.Samples {
		if h.reducer(s.SeriesID) != nil {
			kept.Samples = append(kept.Samples, s)
		}
	}
	h.rests = append(h.rests, kept)
}

// reducer returns the reducer of a judged series, nil for all other series.
func (h *history) reducer(n soak.SeriesID) *detect.Reducer {
	if red, ok := h.series[n]; ok {
		return red
	}
	if h.skip[n] {
		return nil
	}
	if !h.wanted(n) {
		h.skip[n] = true
		return nil
	}
	red := detect.NewReducer(n, h.families[soak.Family(n.Metric)])
	h.series[n], h.sparklines[n] = red, &sparkline{}
	h.names = append(h.names, n)
	return red
}

func (h *history) wanted(n soak.SeriesID) bool {
	if n == (soak.SeriesOf(soak.RoleDriver, "operations_total")) || judge.Default(n, nil) || judge.Context(n) {
		return true
	}
	for _, r := range h.plan.Rules {
		if judge.Matches(r, n) {
			return true
		}
	}
	return false
}

func (h *history) note(e soak.Event) {
	switch e.Kind {
	case soak.EventPhase, soak.EventRate, soak.EventRest:
		h.events = append(h.events, e)
	}
}

func (h *history) breakTarget(at time.Duration) {
	for n, red := range h.series {
		if n.Process == soak.RoleTarget {
			red.Break(at)
		}
	}
}

func (h *history) breakAll(at time.Duration) {
	for _, red := range h.series {
		red.Break(at)
	}
}

// Names lists the judged series.
func (h *history) Names() []soak.SeriesID { return h.names }

// Series returns the samples of a series under steady load, reduced.
func (h *history) Series(of soak.SeriesID) (soak.Series, error) {
	red, ok := h.series[of]
	if !ok {
		return soak.Series{}, fmt.Errorf("no series %s of the %s", of.Metric, of.Process)
	}
	return red.Series(), nil
}

// Value returns the value of a series in the rest row at a time, NaN if there is
// none.
func (h *history) Value(of soak.SeriesID, at time.Duration) float64 {
	i, ok := slices.BinarySearchFunc(h.rests, at, func(row soak.Row, at time.Duration) int { return cmp.Compare(row.At, at) })
	if !ok {
		return math.NaN()
	}
	for _, s := range h.rests[i].Samples {
		if s.SeriesID == of {
			return s.Value
		}
	}
	return math.NaN()
}
