package detect

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"soakmon/soak"
	"soakmon/soak/human"
)

const (
	maxRestarts = 4    // more drops are a sawtooth
	regular     = 1.75 // lifetimes whose lengths differ by less than this factor are teeth of a sawtooth: a regular drop is not an accident

	leakScatter  = 0.01 // standard deviation of a leak's rates from restart to restart, as a share of their mean,
	toothScatter = 0.25 // and of the teeth of a sawtooth
)

// unmarked reports whether the process may have been restarted without a mark. A
// monitor sees its target restart, so in its recordings a drop is the target's
// own.
func (c *inquiry) unmarked() bool {
	return len(c.q.Phases) == 0 && c.pts[0].segment == c.pts[len(c.pts)-1].segment
}

// withRestarts judges a recording whose author marked no restarts once more,
// with its sudden deep drops taken for restarts. All teeth of a sawtooth rise, so
// growth before a drop and rest after it are a restart. What falls once or many times,
// at even distances, or by less than half may be a sawtooth: such drops are only named.
func (c *inquiry) withRestarts(v soak.Verdict) soak.Verdict {
	all := drops(c.pts)
	if v.State == soak.Leaking {
		return c.acrossDrops(v)
	}
	if len(all) == 0 {
		return v
	}
	if at := restarts(c.pts); len(at) > 0 {
		again := c.about(cut(c.pts, at))
		e := again.gather(nil)
		w := again.verdict(e)
		if v.State != soak.Clean && w.State == soak.Leaking && e.load.sameRate() && losesMost(c.pts, at) && accidental(c.pts[0].t, at, c.end()) {
			w.Warnings = append(w.Warnings, treatedAsRestarts(len(at)))
			return w
		}
		if u, ok := again.beforeDrop(v, &e); ok {
			return u
		}
		if up := starts(c.pts); len(up) > 0 {
			again = c.about(cut(again.pts, up))
			started := again.gather(nil)
			if u, ok := again.beforeDrop(v, &started); ok {
				return u
			}
		}
		if v.State == soak.Clean {
			return v
		}
		if w.State == soak.Clean {
			w.Warnings = append(w.Warnings, treatedAsRestarts(len(at)))
			return w
		}
	}
	if v.State == soak.Clean && losesMost(c.pts, all) {
		v.State, v.Reason = soak.Inconclusive, "each time it falls, it loses more than half, as a process does that is killed and started again"
	}
	if v.State != soak.Clean {
		times := "once"
		if n := len(all); n > 1 {
			times = human.Count(n, "time")
		}
		v.Reason = "it fell suddenly " + times + ": without marks, restarts and a sawtooth cannot be distinguished"
		v.Warnings = append(v.Warnings, named(all))
	}
	return v
}

// treatedAsRestarts is the warning about drops that are taken for restarts.
func treatedAsRestarts(n int) string {
	if n == 1 {
		return "1 sudden drop was treated as a restart"
	}
	return human.Count(n, "sudden drop") + " were treated as restarts"
}

// losesMost reports whether most of the drops leave less than half of what there
// was. A collector whose goal is twice the live heap leaves more.
func losesMost(pts []point, at []float64) bool {
	most := 0
	for _, t := range at {
		i := slices.IndexFunc(pts, func(p point) bool { return p.t > t })
		if i > 0 && meanOf(pts[i:min(len(pts), i+3)]) < meanOf(pts[max(0, i-3):i])/2 {
			most++
		}
	}
	return 2*most > len(at)
}

// bottomsRise reports whether the levels after the drops rise at half of a slope or
// more, as those of a sawtooth that leaks do. A restart returns to the beginning.
func (c *inquiry) bottomsRise(at []float64, slope float64) bool {
	if len(at) == 1 {
		at = []float64{c.pts[0].t - 1e-9, at[0]}
	}
	first, last := at[0], at[len(at)-1]
	after := func(t float64) float64 {
		i := slices.IndexFunc(c.pts, func(p point) bool { return p.t > t })
		return meanOf(c.pts[i:min(len(c.pts), i+3)])
	}
	return after(last)-after(first) >= slope*(last-first)/2
}

// acrossDrops withdraws growth that began before a drop which may be a restart,
// where the lifetimes before and after it do not show that growth together.
func (c *inquiry) acrossDrops(v soak.Verdict) soak.Verdict {
	at := restarts(c.pts)
	if len(at) == 0 || duration(at[len(at)-1]) <= v.Since || c.bottomsRise(at, float64(v.Slope)) {
		return v
	}
	again := c.about(cut(c.pts, at))
	if e := again.gather(nil); again.verdict(e).State == soak.Leaking || len(e.load.lifetimes) < 2 {
		return v
	}
	v.State = soak.Inconclusive
	v.Reason = "it rose across sudden falls, and not at one rate between them"
	v.Warnings = append(v.Warnings, named(at))
	return v
}

// beforeDrop decides where one lifetime between drops grows and another rests. Growth
// is a leak, however long the rest is, where the drop ended it as a restart does: from
// its beginning, to which the process then returned, or to less than half of that.
// Several such lifetimes prevent the verdict clean, and so does what may be growth for
// longer than the rest: had the rest lasted as long as the growth, the growth would
// have shown itself again. A process that rested before its growth may rest again.
func (c *inquiry) beforeDrop(v soak.Verdict, e *evidence) (soak.Verdict, bool) {
	if len(e.load.lifetimes) == 0 {
		return v, false
	}
	all := c.apart(e)
	leak := clearest(all)
	if leak == nil {
		i := slices.IndexFunc(all, func(l loneLifetime) bool { return l.suspect })
		if i < 0 {
			return v, false
		}
		leak = &all[i]
	}
	last := leak.inquiry.end()
	next := slices.IndexFunc(c.pts, func(p point) bool { return p.t > last })
	if next < 0 {
		return v, false
	}
	grow, rest, others := 0, 0, 0.0
	for i := range all {
		switch l := &all[i]; {
		case l.trend.quantile(1-suspicion) < leak.trend.slope/2:
			rest++
		case l.suspect:
			if grow++; l != leak && l.grows() {
				others += l.hours
			}
		}
	}
	if rest == 0 && len(all) > 1 {
		return v, false
	}
	grown, beginning := last-leak.life().onset, leak.life().risesFromBeginning()
	if beginning {
		grown = leak.hours
	}
	from, to := leak.life().ends()
	after := meanOf(c.pts[next:min(len(c.pts), next+3)])
	ended := after < from/2
	returned := ended || beginning && after <= from+returnShare*(to-from)
	switch {
	case leak.grows() && grow == 1 && returned && c.lasted(grown, ended, after < to/2):
		w := c.leakOf(leak, v)
		w.Warnings = append(w.Warnings, "it fell suddenly at "+human.Roughly(duration(last))+" and then rested: treated as a restart; mark restarts with --restart TIME")
		return w, true
	case leak.grows() && returned && c.lasted(grown+others, ended, after < to/2), grown > c.hours-grown:
		w := c.suspicious(leak, v)
		w.Warnings = append(w.Warnings, named([]float64{last}))
		return w, true
	}
	return v, false
}

// lasted reports whether growth before a drop lasted long enough to count: a quarter
// of the recording, as other growth must; shorter where the drop leaves less than half
// of what there was, as few releases do, and for minutes where it leaves less than
// half of the beginning, as only the end of a process does.
func (c *inquiry) lasted(grown float64, ended, lostMost bool) bool {
	switch {
	case ended:
		return grown >= warmupSpan.Hours()
	case lostMost:
		return grown >= c.hours/20
	}
	return grown >= lastShare*c.hours
}

// risesFromBeginning reports whether a line explains the view better, at odds of 20
// to 1 (margin), than one that begins after a flat tenth.
func (f *fit) risesFromBeginning() bool {
	v := &f.view
	n := len(v.t)
	late := make([]float64, n)
	for i, t := range v.t {
		late[i] = max(0.1, t)
	}
	level := newBasis(v.y, ones(n))
	line, bent := level.residualWith(v.t, v.t), level.residualWith(late, late)
	size := float64(n)
	return size*math.Log((bent/size+1e-16)/(line/size+1e-16)) > margin
}

// returnShare is the share of a rise that may remain after the process returned
// to its beginning.
const returnShare = 0.2

func meanOf(pts []point) float64 { return meanFrom(pts, math.Inf(-1)) }

// named says when the series fell.
func named(at []float64) string {
	const most = 5
	var when []string
	for _, t := range at[:min(most, len(at))] {
		when = append(when, human.Roughly(duration(t)))
	}
	text := "it fell suddenly at " + strings.Join(when, ", ")
	if more := len(at) - most; more > 0 {
		text += fmt.Sprintf(", and %s more", human.Count(more, "time"))
	}
	return text + ": if these were restarts, mark them with --restart TIME, and each lifetime is judged separately"
}

// restarts finds drops in a recording that may be unmarked restarts: few, sudden,
// deep, and not at regular intervals. It returns the hours at which they happen.
func restarts(pts []point) []float64 {
	at := drops(pts)
	// Many or regular drops belong to a sawtooth.
	if len(at) > maxRestarts || len(at) > 2 && even(pts[0].t, at) {
		return nil
	}
	return at
}

// accidental reports whether drops between two hours are not the teeth of a sawtooth:
// those are about equally long, and the first and the last are cut off at most.
func accidental(from float64, at []float64, to float64) bool {
	longest, shortest := max(at[0]-from, to-at[len(at)-1]), math.Inf(1)
	for i := 1; i < len(at); i++ {
		length := at[i] - at[i-1]
		longest, shortest = max(longest, length), min(shortest, length)
	}
	return longest >= regular*shortest
}

// drops returns the hours of the sudden deep drops.
func drops(pts []point) []float64 {
	v := middle(pts, fullPoints)
	n := len(v.y)
	if n < 4*leastPoints {
		return nil
	}
	noise := typicalStep(v.y)
	var at []float64
	last := 0
	for i := 3; i+1 < n; i++ {
		// Medians on both sides, so that an outlier is not a drop; and most of the
		// drop within one point, so that a quick decline is not one either. At the
		// end an outlier is one: what follows it is not known.
		before, after := median3(v.y[i-3:i]), median(v.y[i+1:min(n, i+4)])
		if before-after < max(8*noise, 0.2) || i-last < leastPoints || v.y[i-1]-v.y[i+1] < 0.7*(before-after) {
			continue
		}
		at = append(at, steepest(pts, v.origin+v.span*v.t[i-1], v.origin+v.span*v.t[i+1]))
		last = i
		i += 3
	}
	return at
}

// starts returns the hours of the sudden rises to more than twice of what there was,
// as where a process is started under what was idle. They are drops backwards in time.
func starts(pts []point) (at []float64) {
	back := slices.Clone(pts)
	slices.Reverse(back)
	for i := range back {
		back[i].t = -back[i].t
	}
	for _, t := range drops(back) {
		if losesMost(back, []float64{t}) {
			at = append(at, -t)
		}
	}
	return at
}

// steepest returns the hour between the two neighbors from one hour to another
// between which the series falls most.
func steepest(pts []point, from, to float64) (at float64) {
	most := math.Inf(-1)
	for i := 1; i < len(pts); i++ {
		if fall := pts[i-1].mid - pts[i].mid; pts[i].t >= from && pts[i-1].t <= to && fall > most {
			most, at = fall, (pts[i-1].t+pts[i].t)/2
		}
	}
	return at
}

// typicalStep is the median step between neighbors, as a standard deviation of
// white noise.
func typicalStep(y []float64) float64 {
	steps := make([]float64, len(y)-1)
	for i := range steps {
		steps[i] = math.Abs(y[i+1] - y[i])
	}
	slices.Sort(steps)
	return steps[len(steps)/2] / 0.6745 / math.Sqrt2
}

func median3(v []float64) float64 {
	return max(min(v[0], v[1]), min(max(v[0], v[1]), v[2]))
}

// median is that of one to three values.
func median(v []float64) float64 {
	if len(v) == 3 {
		return median3(v)
	}
	return total(v) / float64(len(v))
}

func even(from float64, at []float64) bool {
	shortest, longest := math.Inf(1), 0.0
	for _, t := range at {
		shortest, longest = min(shortest, t-from), max(longest, t-from)
		from = t
	}
	return longest < regular*shortest
}

// cut starts a new segment after each of the times.
func cut(pts []point, at []float64) []point {
	pts = slices.Clone(pts)
	for i := range pts {
		for _, t := range at {
			if pts[i].t > t {
				pts[i].segment++
			}
		}
	}
	return pts
}
