package detect

import (
	"math"
	"slices"
)

// A comparison compares models of one view by their Bayesian information
// criterion (BIC), each under the noise that suits it best.
type comparison struct {
	t, y    []float64
	kept    []int       // the points compared: none next to a change point, where a point of several samples may lie half before and half after it
	extra   [][]float64 // regressors that every model has: rates of the load, periods
	grid    []noise
	filters []*filter // whitening filters of the grid's noises at the points compared
	floor   float64
	growing float64 // cost of the fit's growing model, where it was computed

	shapes int  // nonlinear parameters of the extra columns
	wide   bool // whether a parameter is priced by the range that it could take
}

// compare returns a comparison of the models of a fit. The places are further
// change points, next to which points are left out.
func (f *fit) compare(quantum float64, places ...int) comparison {
	v := &f.view
	n := len(v.t)
	changes := slices.Concat(f.growing.starts[1:], f.bounded.starts[1:], []int{f.growing.step, f.bounded.step}, places)
	r := comparison{grid: noises(1/float64(n), 1), floor: v.floorVariance(quantum)}
	single := v.samples == 1
	for i := 1; i < n; i++ {
		if single || !slices.ContainsFunc(changes, func(c int) bool { return c > 0 && i >= c-1 && i <= c }) {
			r.kept = append(r.kept, i)
		}
	}
	r.t, r.y = v.t, pick(v.y, r.kept)
	r.filters = newFilters(pick(v.t, r.kept), r.grid)
	r.extra = pickAll(f.regularColumns(), r.kept)
	return r
}

// regularColumns are the regressors for the rates of the load and the periods.
func (f *fit) regularColumns() [][]float64 {
	return append(rateColumns(f.view.rate), waveColumns(f.view.t, f.periods)...)
}

// with adds regressors to every model. Their common shape, such as a frequency or
// a time constant, counts as one more parameter.
func (r comparison) with(columns ...[]float64) comparison {
	r.extra = append(pickAll(columns, r.kept), r.extra...)
	r.shapes++
	return r
}

// late restricts the comparison to the last piece of a model.
func (r comparison) late(c model) comparison {
	from := 0
	for from < len(r.kept) && r.kept[from] < c.start() {
		from++
	}
	r.kept, r.y = r.kept[from:], r.y[from:]
	r.filters = newFilters(pick(r.t, r.kept), r.grid)
	extra := r.extra
	r.extra = nil
	for _, e := range extra {
		r.extra = append(r.extra, e[from:])
	}
	return r
}

// last is the last piece alone, with or without its slope.
func (c model) last(grows bool) model {
	return model{starts: c.starts[len(c.starts)-1:], step: c.step, tau: c.tau, grows: grows}
}

// level is the whole view about one level, with the step of the model if it has
// one: what competes with growth may have the step that growth has.
func (c model) level() model { return model{starts: []int{0}, step: c.step} }

func pickAll(columns [][]float64, which []int) [][]float64 {
	var out [][]float64
	for _, c := range columns {
		out = append(out, pick(c, which))
	}
	return out
}

func pick(v []float64, which []int) []float64 {
	out := make([]float64, len(which))
	for i, k := range which {
		out[i] = v[k]
	}
	return out
}

// cost is the BIC (Schwarz 1978) of a model under the noise of the grid that suits
// it best. The criterion assumes that a parameter is known beforehand about as
// well as one point determines it. Where the series ranges far beyond its noise,
// that makes many parameters too cheap (the information paradox of Liang et al.
// 2008); the wide price assumes that they range as far as the series does.
func (r comparison) cost(c model) float64 {
	n := float64(len(r.kept))
	columns := c.columns(r.t)
	for i := range columns {
		columns[i] = pick(columns[i], r.kept)
	}
	columns = append(columns, r.extra...)
	if len(columns) >= maxColumns {
		columns = columns[:maxColumns-1]
	}
	columns = append(columns, r.y)
	// The rank counts linear parameters; where pieces begin, and the shapes of
	// curves, are parameters as well.
	places := float64(len(c.starts) - 1 + r.shapes)
	if c.step > 0 {
		places++
	}
	if c.tau > 0 {
		places++
	}
	// Each model competes under its best noise, so that none loses only because
	// the noise of another was assumed.
	var q normal
	w := newWhitener(columns)
	least := math.Inf(1)
	for _, wf := range r.filters {
		w.equations(wf, &q)
		rss, _, rank := q.factor()
		free := n
		if r.wide {
			free -= float64(rank)
		}
		least = min(least, wf.logF+free*math.Log(rss/n+r.floor)+(float64(rank)+places)*math.Log(n))
	}
	return least
}

// columns returns the regressors of a model: a level and a slope for each piece.
func (c model) columns(t []float64) [][]float64 {
	n := len(t)
	s := c.start()
	var columns [][]float64
	for i, from := range c.starts {
		to := n
		if from < s {
			to = c.starts[i+1]
		}
		level, slope := make([]float64, n), make([]float64, n)
		for k := from; k < to; k++ {
			level[k], slope[k] = 1, t[k]-t[from]
		}
		if columns = append(columns, level); from < s || c.grows {
			columns = append(columns, slope)
		}
	}
	if c.step > 0 {
		columns = append(columns, after(n, c.step))
	}
	if c.tau > 0 {
		curve := make([]float64, n)
		copy(curve[s:], approach(t[s:], c.tau))
		columns = append(columns, curve)
	}
	return columns
}
