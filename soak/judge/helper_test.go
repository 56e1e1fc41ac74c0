package judge

import (
	"errors"
	"math"
	"slices"
	"time"

	"soakmon/soak"
)

var nan = math.NaN()

func name(process, metric string) soak.SeriesID { return soak.SeriesOf(process, metric) }

// memory is a History of raw series.
type memory map[soak.SeriesID]soak.Series

func (m memory) Names() (all []soak.SeriesID) {
	for n := range m {
		all = append(all, n)
	}
	slices.SortFunc(all, soak.SeriesID.Compare)
	return all
}

func (m memory) Series(of soak.SeriesID) (soak.Series, error) {
	s, ok := m[of]
	if !ok {
		return s, errors.New("no such series")
	}
	return s, nil
}

func (m memory) Value(of soak.SeriesID, at time.Duration) float64 {
	return At(m[of], at)
}

// every gives a series of target with one value a second in [from, to).
func every(metric string, from, to int, value func(second int) float64) soak.Series {
	s := soak.Series{ID: soak.SeriesOf(soak.RoleTarget, metric), Metric: soak.Metric{Name: soak.Family(metric), Unit: "count"}}
	for i := from; i < to; i++ {
		s.At, s.Value = append(s.At, time.Duration(i)*time.Second), append(s.Value, value(i))
	}
	return s
}

func flat(v float64) func(int) float64 { return func(int) float64 { return v } }

// detector says always the same, and keeps what it was asked.
type detector struct {
	says  soak.Verdict
	asked []soak.Question
}

func (d *detector) Judge(q soak.Question) soak.Verdict {
	d.asked = append(d.asked, q)
	return d.says
}

func phase(name string, second int) soak.Event {
	return soak.Event{Kind: soak.EventPhase, Name: name, At: time.Duration(second) * time.Second}
}

func rest(second int, open float64, gc bool) soak.Event {
	e := soak.Event{Kind: soak.EventRest, At: time.Duration(second) * time.Second, Value: soak.Float(open)}
	if gc {
		e.Name = "gc"
	}
	return e
}

func rate(load string, second int, factor float64) soak.Event {
	return soak.Event{Kind: soak.EventRate, Name: load, At: time.Duration(second) * time.Second, Value: soak.Float(factor)}
}
