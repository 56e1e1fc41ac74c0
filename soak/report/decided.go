package report

import (
	"fmt"
	"math"
	"slices"
	"time"

	"soakmon/soak"
	"soakmon/soak/human"
	"soakmon/soak/judge"
)

// Decided says what it cost that a run ended as soon as every judged series was
// decided.
type Decided struct {
	Steady float64 `json:"steady_s"`         // steady load that was recorded,
	Whole  float64 `json:"planned_steady_s"` // and that the planned duration would have had
	Factor float64 `json:"detectable_times"` // by how much the smallest detectable growth is larger than the planned duration would have made it, under white noise
	Text   string  `json:"text"`
}

// decided describes the early end of a run until decided, nil for any other run.
//
// The standard error of a slope falls with the power 3/2 of the length of a series
// with white noise: n readings over a span T have the variance 12 s²/(n T²), and n is
// proportional to T.
func (b *builder) decided(r *Report) *Decided {
	i := slices.IndexFunc(b.events, func(e soak.Event) bool { return e.Kind == soak.EventDecided })
	if i < 0 || r.Ended != soak.EndDecided {
		return nil
	}
	left := time.Duration(float64(b.events[i].Value) * float64(time.Second))
	steady := judge.Time(b.phases, soak.PhaseSteady)
	lasted := b.plan.Duration - left
	if steady <= 0 || left <= 0 || lasted <= 0 {
		return nil
	}
	// Rests and warm-ups take the same share of the remaining load.
	whole := steady + time.Duration(float64(left)*steady.Seconds()/lasted.Seconds())
	d := &Decided{Steady: steady.Seconds(), Whole: whole.Seconds(), Factor: math.Pow(whole.Seconds()/steady.Seconds(), 1.5)}
	d.Text = fmt.Sprintf("every judged series was decided after %s of %s, so the load ended: growth that begins later was not seen, and the smallest detectable growth is about %.2g times that of the whole duration",
		human.Duration(lasted), human.Duration(b.plan.Duration), d.Factor)
	if slices.ContainsFunc(r.Series, Series.undecided) {
		d.Text = fmt.Sprintf("every judged series was decided after %s of %s, so the load ended, but with the readings since then not all are", human.Duration(lasted), human.Duration(b.plan.Duration))
		return d
	}
	if s, ok := dearest(r.Series); ok {
		d.Text += fmt.Sprintf(" (%s: %s/h, not %s/h)", s.Metric, human.Amount(s.MinDetectable, s.Unit), human.Amount(float64(s.MinDetectable)/d.Factor, s.Unit))
	}
	return d
}

// dearest is the clean series of the target with the largest detectable growth in
// relation to its level.
func dearest(all []Series) (most Series, ok bool) {
	share := func(s Series) float64 { return float64(s.MinDetectable) / math.Max(1, math.Abs(float64(s.Level))) }
	for _, s := range all {
		if s.Process == soak.RoleTarget && s.Verdict == soak.Clean && s.PartOf == "" && s.MinDetectable > 0 && (!ok || share(s) > share(most)) {
			most, ok = s, true
		}
	}
	return most, ok
}
