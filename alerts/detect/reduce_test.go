package detect

import (
	"math"
	"reflect"
	"testing"
	"time"

	"soakmon/soak"
)

func gauge(values ...float64) soak.Series {
	s := soak.Series{ID: soak.SeriesOf("target", "fds"), Metric: soak.Metric{Name: "fds", Unit: "count", Kind: soak.Gauge, Quantum: 1}}
	for i, v := range values {
		s.At = append(s.At, time.Duration(i)*time.Second)
		s.Value = append(s.Value, v)
	}
	return s
}

func TestReduce_MatchesLiveReducer(t *testing.T) {
	t.Parallel()
	s := gauge()
	r := NewReducer(s.ID, s.Metric)
	for i := range 20000 {
		at, v := time.Duration(i)*700*time.Millisecond, float64(i*i%97)
		if i == 9000 {
			s.Breaks = append(s.Breaks, at)
			r.Break(at)
		}
		s.At, s.Value = append(s.At, at), append(s.Value, v)
		r.Add(at, v)
	}
	live, offline := r.Series(), Reduce(s)
	if !reflect.DeepEqual(live, offline) {
		t.Fatal("the same samples gave different buckets")
	}
	if !reflect.DeepEqual(offline, Reduce(offline)) {
		t.Fatal("reducing a reduced series changed it")
	}
}

func TestReducer_WeekLosesNothing(t *testing.T) {
	t.Parallel()
	r := NewReducer(soak.SeriesOf("target", "fds"), soak.Metric{})
	const week = 7 * 86400
	for i := range week {
		r.Add(time.Duration(i)*time.Second, float64(i))
	}
	s := r.Series()
	if n := len(s.At); n > maxBuckets || n < maxBuckets/4 {
		t.Errorf("%d buckets", n)
	}
	samples := uint32(0)
	for i := range s.At {
		samples += s.N[i]
		if s.Min[i] > s.Value[i] || s.Value[i] > s.Max[i] || i > 0 && s.Min[i] != s.Max[i-1]+1 {
			t.Fatalf("bucket %d holds %v ≤ %v ≤ %v", i, s.Min[i], s.Value[i], s.Max[i])
		}
	}
	if samples != week {
		t.Errorf("%d of %d samples are counted", samples, week)
	}
}

func TestReducer_FullAllocatesNothing(t *testing.T) {
	r := NewReducer(soak.SeriesOf("target", "fds"), soak.Metric{})
	at := time.Duration(0)
	add := func() {
		at += time.Second
		r.Add(at, 1)
	}
	for range 100000 {
		add()
	}
	if n := testing.AllocsPerRun(100000, add); n > 0 {
		t.Errorf("%v allocations a sample", n)
	}
}

func TestReducer_OneOutlier(t *testing.T) {
	t.Parallel()
	b := bucket{min: math.Inf(1), max: math.Inf(-1)}
	for _, v := range []float64{5, 5, 1e9, 5, 5} {
		b.add(0, v)
	}
	if b.middle() != 5 {
		t.Errorf("the middle is %v", b.middle())
	}
}

func TestReducer_LeavesOutNonMeasurements(t *testing.T) {
	t.Parallel()
	s := Reduce(gauge(1, math.NaN(), math.Inf(1), 2))
	if len(s.At) != 2 || s.At[1] != 3*time.Second {
		t.Errorf("kept %v at %v", s.Value, s.At)
	}
}

func TestReducer_BucketsEndAtBreaks(t *testing.T) {
	t.Parallel()
	s := gauge()
	for i := range 10000 {
		s.At, s.Value = append(s.At, time.Duration(i)*time.Second), append(s.Value, step(i >= 5001))
	}
	s.Breaks = []time.Duration{5001 * time.Second}
	for i, v := range Reduce(s).Value {
		if v != 0 && v != 1 {
			t.Errorf("bucket %d mixes two lifetimes: %v", i, v)
		}
	}
}

func TestReducer_EndlessRestarts(t *testing.T) {
	t.Parallel()
	r := NewReducer(soak.SeriesOf("target", "fds"), soak.Metric{})
	for i := range 100000 {
		at := time.Duration(i) * time.Second
		r.Break(at)
		r.Add(at, 1)
	}
	if s := r.Series(); len(s.At) > maxBuckets || len(s.Breaks) > maxBreaks {
		t.Errorf("%d buckets, %d breaks", len(s.At), len(s.Breaks))
	}
}
