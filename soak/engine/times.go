package engine

import (
	"math"
	"sort"
	"time"

	"soakmon/soak"
)

// longest is the longest time that a stored histogram tells apart.
const longest = 10 * time.Minute

// pile keeps the times of many intervals. Its size is that of the different
// ones, which are few: a histogram that is ready for any takes a quarter of a
// megabyte, and a run has several for each load.
type pile struct {
	times  soak.Times // rising as far as sorted, then as they came
	sorted int
}

// loose is how long what came since the last sorting may be at least.
const loose = 1024

func (p *pile) add(times soak.Times) {
	p.times = append(p.times, times...)
	if len(p.times) > 2*p.sorted+loose {
		p.sort()
	}
}

// all gives the times, rising, until the next call of anything.
func (p *pile) all() soak.Times {
	p.sort()
	return p.times
}

func (p *pile) clear() { p.times, p.sorted = p.times[:0], 0 }

func (p *pile) sort() {
	if p.sorted == len(p.times) {
		return
	}
	loose := p.times[p.sorted:]
	sort.Sort(byTime(loose))
	p.times = merge(p.times[:p.sorted], fold(loose))
	p.sorted = len(p.times)
}

// fold makes one of what is equal, in times that do not fall.
func fold(times soak.Times) soak.Times {
	n := 0
	for i := 0; i+1 < len(times); i += 2 {
		if n > 0 && times[n-2] == times[i] {
			times[n-1] += times[i+1]
			continue
		}
		times[n], times[n+1] = times[i], times[i+1]
		n += 2
	}
	return times[:n]
}

type byTime soak.Times

func (t byTime) Len() int           { return len(t) / 2 }
func (t byTime) Less(i, j int) bool { return t[2*i] < t[2*j] }
func (t byTime) Swap(i, j int) {
	t[2*i], t[2*j] = t[2*j], t[2*i]
	t[2*i+1], t[2*j+1] = t[2*j+1], t[2*i+1]
}

// merge adds times to times.
func merge(a, b soak.Times) (out soak.Times) {
	if len(a) == 0 {
		return b // one tally a row is the rule
	}
	out = make(soak.Times, 0, len(a)+len(b))
	for len(a) > 1 && len(b) > 1 {
		switch {
		case a[0] == b[0]:
			out = append(out, a[0], a[1]+b[1])
			a, b = a[2:], b[2:]
		case a[0] < b[0]:
			out, a = append(out, a[:2]...), a[2:]
		default:
			out, b = append(out, b[:2]...), b[2:]
		}
	}
	return append(append(out, a...), b...)
}

// quantiles of times in seconds; 0 where there are none.
type quantiles struct{ p50, p95, p99 float64 }

func quantilesOf(times soak.Times) (q quantiles) {
	if len(times) == 0 {
		return q
	}
	return quantiles{ofTimes(times, 50), ofTimes(times, 95), ofTimes(times, 99)}
}

// ofTimes gives the percentile of times in seconds, rounded to 1 µs.
func ofTimes(times soak.Times, q float64) float64 {
	var all, below int64
	for i := 1; i < len(times); i += 2 {
		all += times[i]
	}
	rank := int64(math.Ceil(q / 100 * float64(all)))
	for i := 0; i+1 < len(times); i += 2 {
		if below += times[i+1]; below >= rank {
			return time.Duration(times[i]).Round(time.Microsecond).Seconds()
		}
	}
	return math.NaN()
}
