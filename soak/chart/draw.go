package chart

import (
	"math"
	"time"

	"soakmon/soak"
)

// Source is a stored run.
type Source interface {
	// Columns calls use with the points of the named series between two times, block
	// by block, oldest first.
	Columns(names []soak.SeriesID, from, to time.Duration, use func(i int, at []time.Duration, value []float64)) error
}

// Drawing is charts over one time range of a run. Bucket k is at From + k·Width.
type Drawing struct {
	From       float64   `json:"from_s"`
	Width      float64   `json:"width_s"`
	N          int       `json:"n"`
	Operations *Curve    `json:"operations,omitempty"` // completed so far, by all loads
	Charts     []Picture `json:"charts"`
}

// Picture is a chart with its curves, one per line.
type Picture struct {
	Chart
	Curves []Curve `json:"curves"`
}

// operations is the counter of all loads.
var operations = soak.SeriesOf(soak.RoleDriver, "operations_total")

// Draw reads the series of charts over a time range of a run, in one pass.
func Draw(src Source, charts []Chart, g Grid) (Drawing, error) {
	names, reducers := []soak.SeriesID{operations}, []*Reducer{NewReducer(g, false)}
	for _, c := range charts {
		for _, l := range c.Lines {
			names = append(names, soak.SeriesOf(l.Process, l.Name))
			reducers = append(reducers, NewReducer(g, c.Rate))
		}
	}
	from, to := g.Window() // and the bucket before it, where the first rate begins
	err := src.Columns(names, from-g.Width, to, func(i int, at []time.Duration, value []float64) { reducers[i].Add(at, value) })
	d := Drawing{From: g.From.Seconds(), Width: g.Width.Seconds(), N: g.N, Charts: []Picture{}}
	if c := curve(reducers[0].Buckets()); c.known() {
		c.Min, c.Max = nil, nil
		d.Operations = &c
	}
	next := 1
	for _, c := range charts {
		p := Picture{Chart: c, Curves: []Curve{}}
		for range c.Lines {
			p.Curves = append(p.Curves, curve(reducers[next].Buckets()))
			next++
		}
		d.Charts = append(d.Charts, p)
	}
	return d, err
}

func (c Curve) known() bool {
	for _, v := range c.Mean {
		if v >= 0 {
			return true
		}
	}
	return false
}

// Values returns the means of a curve, NaN in buckets without a value.
func (c Curve) Values() []float64 {
	out := make([]float64, len(c.Mean))
	for i, v := range c.Mean {
		out[i] = math.NaN()
		if v >= 0 {
			out[i] = c.Base + c.Step*float64(v)
		}
	}
	return out
}
