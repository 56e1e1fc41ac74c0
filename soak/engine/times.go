package engine

import (
	"math"
	"sort"
	"time"

	"soakmon/soak"
)

// maxTime is the longest time that a stored histogram can record.
const maxTime = 10 * time.Minute

// timesHistogram merges the times of many intervals. Its size is proportional to the
// number of distinct times, which are few. An HDR histogram with all its counts
// takes a quarter of a megabyte, and a run has several for each load.
type timesHistogram struct {
	times  soak.Times // rising up to sorted, then in order of arrival
	sorted int
}

// unsortedLimit is the minimum length of the unsorted part that triggers a sort.
const unsortedLimit = 1024

func (p *timesHistogram) add(times soak.Times) {
	p.times = append(p.times, times...)
	if len(p.times) > 2*p.sorted+unsortedLimit {
		p.sort()
	}
}

// all returns the times in rising order. They are valid until the next call of a
// method.
func (p *timesHistogram) all() soak.Times {
	p.sort()
	return p.times
}

func (p *timesHistogram) clear() { p.times, p.sorted = p.times[:0], 0 }

func (p *timesHistogram) sort() {
	if p.sorted == len(p.times) {
		return
	}
	added := p.times[p.sorted:]
	sort.Sort(byTime(added))
	p.times = merge(p.times[:p.sorted], fold(added))
	p.sorted = len(p.times)
}

// fold merges equal neighbors in sorted times, in place.
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

// merge adds two histograms.
func merge(a, b soak.Times) (out soak.Times) {
	if len(a) == 0 {
		return b // usually there is one tally per row
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

// quantiles are percentiles in seconds; 0 without times.
type quantiles struct{ p50, p95, p99 float64 }

func quantilesOf(times soak.Times) (q quantiles) {
	if len(times) == 0 {
		return q
	}
	return quantiles{percentile(times, 50), percentile(times, 95), percentile(times, 99)}
}

// percentile is the q-th percentile of times in seconds, rounded to 1 µs; q is from 0
// to 100. It is NaN without times.
func percentile(times soak.Times, q float64) float64 {
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
