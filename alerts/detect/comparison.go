package detect

import (
	"math"
	"slices"
)

// rivals compares courses of one view.
type comparison struct {
	t, y    []float64
	kept    []int       // the points compared: none at a place of change, where a point may be half before and half after
	extra   [][]float64 // what the load explains: rates and periods
	grid    []noise
	filters []*filter // to the noises of the grid, at the points compared
	floor   float64

	shapes int  // parameters of the extra columns
	wide   bool // whether a parameter is priced by how far it could go
}

func (f *fit) compare(quantum float64, places ...int) comparison {
	v := &f.view
	n := len(v.t)
	changes := slices.Concat(f.growing.starts[1:], f.bounded.starts[1:], []int{f.bounded.step}, places)
	r := comparison{grid: noises(1/float64(n), 1), floor: v.floorVariance(quantum)}
	for i := 1; i < n; i++ {
		if !slices.ContainsFunc(changes, func(c int) bool { return c > 0 && i >= c-1 && i <= c }) {
			r.kept = append(r.kept, i)
		}
	}
	r.t, r.y = v.t, pick(v.y, r.kept)
	r.filters = newFilters(pick(v.t, r.kept), r.grid)
	r.extra = pickAll(f.regularColumns(), r.kept)
	return r
}

// regular are the columns of what the load explains and of the periods.
func (f *fit) regularColumns() [][]float64 {
	return append(rateColumns(f.view.rate), waveColumns(f.view.t, f.periods)...)
}

// with adds columns, of which the shape of the first is a parameter too.
func (r comparison) with(columns ...[]float64) comparison {
	r.extra = append(pickAll(columns, r.kept), r.extra...)
	r.shapes++
	return r
}

// late restricts the comparison to the last piece of a course.
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
	return model{starts: c.starts[len(c.starts)-1:], tau: c.tau, grows: grows}
}

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

// cost is the Schwarz criterion of a course under the noise of the grid that
// suits it best. It takes a parameter to be no farther from zero than one point
// can tell, and so sells the many parameters of a course too cheaply where the
// series goes far beyond its noise (the information paradox of Liang et al.
// 2008); a wide price takes them to reach as far as the series does.
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
	places := float64(len(c.starts) - 1 + r.shapes)
	if c.step > 0 {
		places++
	}
	if c.tau > 0 {
		places++
	}
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

// columns returns the regressors of a course: a level and a slope for each
// piece.
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
