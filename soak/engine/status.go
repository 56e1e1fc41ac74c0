package engine

import (
	"cmp"
	"slices"
	"time"

	"soakmon/soak"
)

// Status is where a run stands, for people who watch it.
type Status struct {
	Run       string         `json:"run"`
	Name      string         `json:"name"`
	Phase     soak.PhaseName `json:"phase"`
	Elapsed   time.Duration  `json:"elapsed"`
	Remaining time.Duration  `json:"remaining"` // of the load and what comes after it; an estimate
	Load      []LoadStatus   `json:"load,omitempty"`
	Series    []SeriesStatus `json:"series"`
	Firing    int            `json:"firing"`
	Ended     soak.End       `json:"ended,omitempty"`
	Events    []soak.Event   `json:"events,omitempty"` // the newest few, oldest first

	// The newest row, by process and metric with a space between them.
	RowAt time.Duration         `json:"row_at"`
	Row   map[string]soak.Float `json:"row,omitempty"`
}

// recentEvents is how many events a status holds.
const recentEvents = 12

// LoadStatus is one load by now. Latencies are of the load until
// a minute ago at most, in seconds.
type LoadStatus struct {
	Name      string          `json:"name"`
	Protocol  string          `json:"protocol"`
	Planned   float64         `json:"planned_rate"`  // operations per second, now
	Achieved  float64         `json:"achieved_rate"` // operations per second, since the tally before
	Done      int64           `json:"operations"`
	Failed    int64           `json:"failed"`
	Late      int64           `json:"late"`
	Datagrams *soak.Datagrams `json:"datagrams,omitempty"` // of a load over UDP
	P50       float64         `json:"p50"`
	P95       float64         `json:"p95"`
	P99       float64         `json:"p99"`
}

// Together is what all loads do, without their latencies.
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

// Worst are the loads, first those of which the largest share did not end well,
// then the slowest.
func (s Status) Worst() []LoadStatus {
	return slices.SortedStableFunc(slices.Values(s.Load), func(a, b LoadStatus) int {
		return cmp.Or(cmp.Compare(b.bad(), a.bad()), cmp.Compare(b.P99, a.P99))
	})
}

// bad is the share of a load's operations that did not end well.
func (l LoadStatus) bad() float64 {
	bad := l.Failed + l.Late
	if l.Datagrams != nil {
		bad += l.Datagrams.Lost
	}
	return float64(bad) / float64(max(l.Done+bad, 1))
}

// SeriesStatus is one judged series by now.
type SeriesStatus struct {
	Process string     `json:"process"`
	Metric  string     `json:"metric"`
	Unit    string     `json:"unit"`
	Last    soak.Float `json:"last"`
	Verdict soak.State `json:"verdict"`
	soak.Growth

	Course []soak.Float `json:"course,omitempty"` // since the run's start, as coarse as a small chart needs it
}

func (r *run) status() {
	if r.Status == nil {
		return
	}
	at := r.now()
	s := Status{Run: r.ID, Name: r.Plan.Name, Phase: r.line.phase, Elapsed: at, Remaining: r.remaining(at), Firing: r.book.firing(), Ended: r.ended, Events: slices.Clone(r.recent), RowAt: r.row.At, Row: map[string]soak.Float{}}
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
	for _, j := range r.judged {
		s.Series = append(s.Series, SeriesStatus{
			Process: j.ID.Process, Metric: j.ID.Metric, Unit: j.Metric.Unit,
			Last: soak.Float(r.history.value(j.ID)), Verdict: j.Verdict.State,
			Growth: j.Verdict.Growth, Course: r.history.course(j.ID),
		})
	}
	r.Config.Status(s)
}

// remaining is how long the run goes on if the target settles at once whenever
// the load ends.
func (r *run) remaining(at time.Duration) time.Duration {
	if r.Driver == nil {
		return max(0, r.Plan.Duration-at)
	}
	var now time.Duration
	if r.line.rest != nil {
		now = r.line.rest.left(at, r.Plan.Rest.For)
	}
	drain := stillFor + r.Plan.Rest.For
	end := drain
	if r.keepsSessions() {
		end += drain // a rest with sessions open lasts as long
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

// left is how long a rest goes on if nothing changes any more.
func (rest *rest) left(at, hold time.Duration) time.Duration {
	switch rest.stage {
	case stageQuiet:
		return stillFor + hold
	case stageSettle:
		return max(0, stillFor-(at-rest.still)) + hold
	case stageHold:
		return max(0, hold-(at-rest.held))
	}
	return 0
}
