package engine

import (
	"cmp"
	"slices"
	"time"

	"soakmon/soak"
)

// Status is the progress of a run, for live views.
type Status struct {
	Run       string         `json:"run"`
	Name      string         `json:"name"`
	Phase     soak.PhaseName `json:"phase"`
	Elapsed   time.Duration  `json:"elapsed"`
	Remaining time.Duration  `json:"remaining"` // estimated time to the end of the run
	Load      []LoadStatus   `json:"load,omitempty"`
	Series    []SeriesStatus `json:"series"`
	Firing    int            `json:"firing"`
	Ended     soak.End       `json:"ended,omitempty"`
	Events    []soak.Event   `json:"events,omitempty"` // the newest, oldest first

	// The newest row, by process and metric with a space between them.
	RowAt time.Duration         `json:"row_at"`
	Row   map[string]soak.Float `json:"row,omitempty"`
}

// recentEvents is the maximum number of events in a status.
const recentEvents = 12

// LoadStatus is the progress of one load. Latencies are in seconds, over the whole
// load except the last minute at most.
type LoadStatus struct {
	Name      string          `json:"name"`
	Protocol  string          `json:"protocol"`
	Planned   float64         `json:"planned_rate"`  // operations per second, now
	Achieved  float64         `json:"achieved_rate"` // operations per second, since the previous tally
	Done      int64           `json:"operations"`
	Failed    int64           `json:"failed"`
	Late      int64           `json:"late"`
	Datagrams *soak.Datagrams `json:"datagrams,omitempty"` // of a load over UDP
	P50       float64         `json:"p50"`
	P95       float64         `json:"p95"`
	P99       float64         `json:"p99"`
}

// Together is the sum of all loads, without latencies.
func (s Status) Together() (all LoadStatus) {
	for _, l := range s.Load {
		all.Planned += l.Planned
		all.Achieved += l.Achieved
		all.Done += l.Done
		all.Failed += l.Failed
		all.Late += l.Late
	}
	return all
}

// Worst lists the loads by the share of unsuccessful operations, then by the 99th
// percentile of the latency, the highest first.
func (s Status) Worst() []LoadStatus {
	return slices.SortedStableFunc(slices.Values(s.Load), func(a, b LoadStatus) int {
		return cmp.Or(cmp.Compare(b.bad(), a.bad()), cmp.Compare(b.P99, a.P99))
	})
}

// bad is the share of operations that failed, were late or were lost.
func (l LoadStatus) bad() float64 {
	bad := l.Failed + l.Late
	if l.Datagrams != nil {
		bad += l.Datagrams.Lost
	}
	return float64(bad) / float64(max(l.Done+bad, 1))
}

// SeriesStatus is the newest value and verdict of a judged series.
type SeriesStatus struct {
	Process string     `json:"process"`
	Metric  string     `json:"metric"`
	Unit    string     `json:"unit"`
	Last    soak.Float `json:"last"`
	Verdict soak.State `json:"verdict"`
	Why     string     `json:"why,omitempty"` // short form of the reason
	soak.Growth

	Course []soak.Float `json:"course,omitempty"` // since the run's start, at most 64 values; for a small chart
}

func (r *run) publishStatus() {
	if r.Status == nil {
		return
	}
	at := r.now()
	s := Status{Run: r.ID, Name: r.Plan.Name, Phase: r.line.phase, Elapsed: at, Remaining: r.remaining(at), Firing: len(r.alerts.firing()), Ended: r.ended, Events: slices.Clone(r.recent), RowAt: r.row.At, Row: map[string]soak.Float{}}
	for _, sample := range r.row.Samples {
		s.Row[sample.Process+" "+sample.Metric] = soak.Float(sample.Value)
	}
	for _, w := range r.Plan.Load {
		l := r.load.status(w)
		if f, ok := r.line.factor[w.Name]; ok {
			l.Planned *= f
		}
		s.Load = append(s.Load, l)
	}
	for _, j := range r.verdicts {
		s.Series = append(s.Series, SeriesStatus{
			Process: j.ID.Process, Metric: j.ID.Metric, Unit: j.Metric.Unit,
			Last: soak.Float(r.history.value(j.ID)), Verdict: j.Verdict.State,
			Why: j.Why(), Growth: j.Verdict.Growth, Course: r.history.course(j.ID),
		})
	}
	r.Status(s)
}

// remaining is the time to the end of the run if the target settles immediately
// at each rest.
func (r *run) remaining(at time.Duration) time.Duration {
	if r.Driver == nil {
		return max(0, r.Plan.Duration-at)
	}
	var now time.Duration
	if r.line.rest != nil {
		now = r.line.rest.left(at, r.Plan.Rest.For)
	}
	drain := settledAfter + r.Plan.Rest.For
	end := drain
	if r.keepsSessions() {
		end += drain // the rest with sessions open takes the same time
	}
	switch {
	case r.line.phase == soak.PhaseBaseline:
		return now + r.Plan.Duration + end
	case r.line.phase == soak.PhaseDrain:
		return now
	case r.line.rest != nil && (r.line.ending != "" || r.over(at)):
		return now + drain
	}
	return max(0, r.line.loadFrom+r.Plan.Duration-at) + end
}

// left is the remaining time of a rest if the target does not change from now on.
func (rest *rest) left(at, hold time.Duration) time.Duration {
	switch rest.stage {
	case stageQuiesce:
		return settledAfter + hold
	case stageSettle:
		return max(0, settledAfter-(at-rest.unchangedSince)) + hold
	case stageHold:
		return max(0, hold-(at-rest.holdFrom))
	}
	return 0
}
