package profiles

import (
	"cmp"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// By is what samples are grouped by: the function, line or package of their culprit,
// or the whole stack.
type By string

// Ways to group samples.
const (
	ByFunction By = "function"
	ByLine     By = "line"
	ByPackage  By = "package"
	ByStack    By = "stack"
)

// FalseShare is the maximum expected share of named sites that do not grow: the false
// discovery rate.
const FalseShare = 0.05

// leastSamples is the change, in samples of the profiler, below which a site cannot
// be significant. Such a site is not tested, so that it does not cost the others
// power (Tarone 1990; Gilbert 2005).
const leastSamples = 3

// Site is one place and its growth. Slopes are in the course's unit per hour.
type Site struct {
	Frame  Frame // the culprit
	Stack  Stack // the full stack that grows most
	Slope  float64
	Err    float64 // standard error of the slope
	Counts float64 // growth of the number of objects per hour; 0 if they are not counted
	First  float64 // value at the first snapshot
	Last   float64
	Share  float64 // of the total growth, 0 to 1
	P      float64 // p value of the hypothesis that it does not grow
	Lasts  bool    // the growth continues to the end
	Named  bool    // the growth is significant and continues to the end
	Likely bool    // no site is named, and this one has most of the growth: a suspect
}

// Ranking is the growth of all sites over the snapshots of a course.
type Ranking struct {
	Unit      string
	Snapshots int
	From, To  time.Duration
	Total     float64 // growth of the sum of all sites, per hour
	First     float64 // sum of all sites at the first snapshot
	Last      float64
	Sites     []Site  // by slope, the steepest first
	Tested    int     // number of sites that changed enough to be tested
	Explained float64 // share of the total growth that the culprits explain, 0 to 1
}

// Culprits are the named sites, the steepest first, or else the likely one.
func (r Ranking) Culprits() (all []Site) {
	for _, s := range r.Sites {
		if s.Named || s.Likely {
			all = append(all, s)
		}
	}
	return all
}

// Rank ranks the sites by their slope over the snapshots from from to to, both
// included. With fewer than [Fewest] snapshots no site is named, and slopes are those
// from the first snapshot to the last.
func (c *Course) Rank(by By, from, to time.Duration) Ranking {
	lo, _ := slices.BinarySearch(c.at, from)
	hi, found := slices.BinarySearch(c.at, to)
	if found {
		hi++
	}
	r := Ranking{Unit: c.Unit, Snapshots: max(hi-lo, 0)}
	if hi <= lo {
		return r
	}
	r.From, r.To = c.at[lo], c.at[hi-1]
	w := window{course: c, lo: lo, hi: hi}
	for _, at := range c.at[lo:hi] {
		w.hours = append(w.hours, at.Hours())
	}
	groups := c.groups(by)
	r.Sites = make([]Site, len(groups))
	tested := make([]bool, len(groups))
	parallel(len(groups), func(i int) { r.Sites[i], tested[i] = w.site(groups[i]) })
	total := newSeries(hi - lo)
	for _, cells := range c.cells {
		total.take(cells, lo, hi)
	}
	whole := estimate(w.hours, total.value, total.unit())
	r.Total = whole.slope
	r.First, r.Last = total.value[0], total.value[hi-lo-1]
	if hi-lo < Fewest && hi-lo > 1 {
		r.Total = (r.Last - r.First) / (w.hours[hi-lo-1] - w.hours[0])
	}
	r.finish(tested, whole.p <= chance)
	return r
}

// finish names the sites that grow, and sorts all sites.
func (r *Ranking) finish(tested []bool, grows bool) {
	var p []float64
	for i, t := range tested {
		if t {
			p = append(p, r.Sites[i].P)
			r.Tested++
		}
	}
	bound := discoveries(p, r.Tested, FalseShare)
	for i := range r.Sites {
		s := &r.Sites[i]
		s.Named = s.Lasts && tested[i] && s.P <= bound
		if r.Total > 0 && s.Slope > 0 {
			s.Share = min(1, s.Slope/r.Total)
		}
		if s.Named {
			r.Explained += s.Share
		}
	}
	r.Explained = min(1, r.Explained)
	switch {
	case r.Snapshots < Fewest:
		r.suspect()
	case grows && !slices.ContainsFunc(r.Sites, func(s Site) bool { return s.Named }):
		r.likely()
	}
	slices.SortStableFunc(r.Sites, func(a, b Site) int {
		return cmp.Or(cmp.Compare(orLow(b.Slope), orLow(a.Slope)), cmp.Compare(b.Last, a.Last), cmp.Compare(a.Frame.Function, b.Frame.Function))
	})
}

// chance is the significance level of a single test.
const chance = 0.05

// likely marks the site with more than half of the continuing growth, if its growth
// is significant on its own. It is not significant among all sites, but if the total
// grows, it is the first site to look at.
func (r *Ranking) likely() {
	lasting := 0.0
	for _, s := range r.Sites {
		if s.Lasts {
			lasting += s.Slope
		}
	}
	for i := range r.Sites {
		if s := &r.Sites[i]; s.Lasts && s.P <= chance && s.Slope > lasting/2 {
			s.Likely, r.Explained = true, s.Share
		}
	}
}

// suspect marks the site with more than half of all rises, of few snapshots, if it
// rose by more than the error of sampling. Sites that fall do not count: when clients
// leave, what waits for them goes, and a leak remains.
func (r *Ranking) suspect() {
	rises := 0.0
	for _, s := range r.Sites {
		rises += max(0, s.Slope)
	}
	for i := range r.Sites {
		if s := &r.Sites[i]; s.Slope-2*s.Err > rises/2 {
			s.Likely, s.Share = true, s.Slope/rises
		}
	}
}

func orLow(v float64) float64 {
	if math.IsNaN(v) {
		return math.Inf(-1)
	}
	return v
}

// groups are the stacks grouped by by.
func (c *Course) groups(by By) [][]int32 {
	index := map[any]int{}
	var all [][]int32
	for id := range c.stacks {
		var key any = id
		if f := c.stackOf(int32(id)).Culprit(); by != ByStack {
			key = f.key(by)
		}
		i, ok := index[key]
		if !ok {
			i = len(all)
			index[key] = i
			all = append(all, nil)
		}
		all[i] = append(all[i], int32(id))
	}
	return all
}

func (f Frame) key(by By) any {
	switch by {
	case ByPackage:
		return f.Package()
	case ByLine:
		return f
	}
	return f.Function
}

// window is an interval of a course.
type window struct {
	course *Course
	lo, hi int       // snapshots
	hours  []float64 // of each
}

// site estimates the growth of one group of stacks. changed reports whether it changed
// enough to be tested.
func (w *window) site(group []int32) (site Site, changed bool) {
	s := newSeries(w.hi - w.lo)
	steepest := math.Inf(-1)
	for _, id := range group {
		one := w.course.cells[id]
		s.take(one, w.lo, w.hi)
		if rise := w.rise(one); rise > steepest {
			steepest, site.Stack = rise, w.course.stackOf(id)
		}
	}
	site.Frame = site.Stack.Culprit()
	n := len(s.value)
	site.First, site.Last = s.value[0], s.value[n-1]
	unit := s.unit()
	low, high := slices.Min(s.value), slices.Max(s.value)
	if span := max(w.hours[n-1]-w.hours[0], 1e-9); n < Fewest || high-low <= leastSamples*unit {
		site.Slope, site.Err, site.P = (site.Last-site.First)/span, math.Sqrt(unit*(site.First+site.Last))/span, 1
		return site, false
	}
	tr := estimate(w.hours, s.value, unit)
	site.Slope, site.Err, site.P = tr.slope, tr.err, tr.p
	site.Lasts = continues(w.hours, s.value, tr.slope)
	if slices.Max(s.count) > 0 {
		site.Counts = theilSen(w.hours, s.count)
	}
	return site, true
}

// rise is the sum of the late half of a stack's snapshots minus that of the early
// half.
func (w *window) rise(cells []cell) (rise float64) {
	middle := int32((w.lo + w.hi) / 2)
	for _, x := range cells {
		switch {
		case int(x.snapshot) < w.lo || int(x.snapshot) >= w.hi:
		case x.snapshot >= middle:
			rise += x.value
		default:
			rise -= x.value
		}
	}
	return rise
}

// series is the values of a group of stacks, by snapshot.
type series struct{ value, count, variance []float64 }

func newSeries(n int) *series {
	return &series{make([]float64, n), make([]float64, n), make([]float64, n)}
}

func (s *series) take(cells []cell, lo, hi int) {
	for _, x := range cells {
		if i := int(x.snapshot) - lo; i >= 0 && i < hi-lo {
			s.value[i] += x.value
			s.count[i] += float64(x.count)
			s.variance[i] += float64(x.variance)
		}
	}
}

// unit is the value of one sample of the profiler, in the series' unit; 0 if the
// profile is not sampled.
func (s *series) unit() float64 {
	if total := sum(s.value); total > 0 {
		return sum(s.variance) / total
	}
	return 0
}

// parallel calls do for each i from 0 to n-1 on all cores.
func parallel(n int, do func(i int)) {
	var next atomic.Int64
	var work sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		work.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	work.Wait()
}
