package load

import (
	"math/bits"
	"slices"
	"sync"
	"time"

	"soakmon/soak"
)

// recorder counts the times of the present interval, and has a spare count,
// which change places at each tally: recording never waits for encoding, and
// memory is bounded by the number of different values, some 30,000.
type recorder struct {
	mu          sync.Mutex
	live, spare map[int64]int64 // counts by value
}

// longest is the longest time that a recorder distinguishes; longer times count as
// longest.
const longest = 10 * time.Minute

// significant is how many bits of a value are kept: three decimal digits.
const significant = 11

func newRecorder() *recorder {
	return &recorder{live: map[int64]int64{}, spare: map[int64]int64{}}
}

func (r *recorder) record(d time.Duration) {
	v := uint64(min(max(d, 1), longest))
	shift := max(bits.Len64(v)-significant, 0)
	r.mu.Lock()
	r.live[int64(v>>shift<<shift)]++
	r.mu.Unlock()
}

// flush gives the interval and begins a new one; nil where it is empty. One
// caller at a time.
func (r *recorder) flush() soak.Times {
	r.mu.Lock()
	r.live, r.spare = r.spare, r.live
	r.mu.Unlock()
	if len(r.spare) == 0 {
		return nil
	}
	values := make([]int64, 0, len(r.spare))
	for v := range r.spare {
		values = append(values, v)
	}
	slices.Sort(values)
	times := make(soak.Times, 0, 2*len(values))
	for _, v := range values {
		times = append(times, v, r.spare[v])
	}
	clear(r.spare)
	return times
}
