package bench

import (
	"math"
	"slices"
	"testing"

	"soakmon/soak"
)

func TestInterval_OrderStatistics(t *testing.T) {
	numbers := func(n int) (v []float64) {
		for i := range n {
			v = append(v, float64(i+1))
		}
		return v
	}
	nan := math.NaN()
	// The ranks are those of the binomial distribution with p = 1/2, as in Hahn
	// and Meeker (1991), table A.15.
	for _, c := range []struct {
		values         []float64
		median, lo, hi float64
		n              int
	}{
		{nil, nan, nan, nan, 0},
		{[]float64{nan, nan}, nan, nan, nan, 0},
		{numbers(1), 1, nan, nan, 1},
		{numbers(5), 3, nan, nan, 5},
		{numbers(6), 3.5, 1, 6, 6},
		{numbers(10), 5.5, 2, 9, 10},
		{numbers(20), 10.5, 6, 15, 20},
		{append(numbers(6), nan), 3.5, 1, 6, 6},
	} {
		got := estimate(c.values)
		if !same(got.Median, c.median) || !same(got.Lo, c.lo) || !same(got.Hi, c.hi) || got.N != c.n {
			t.Errorf("%v: %+v, want %v in %v … %v of %d", c.values, got, c.median, c.lo, c.hi, c.n)
		}
	}
}

func same(got soak.Float, want float64) bool {
	return float64(got) == want || math.IsNaN(float64(got)) && math.IsNaN(want)
}

func TestRatio_WithinRounds(t *testing.T) {
	nan := math.NaN()
	// The machine is twice as slow in the second round: the ratio does not see it.
	if got := ratios([]float64{10, 5, 8}, []float64{20, 10, 16}); !slices.Equal(got, []float64{0.5, 0.5, 0.5}) {
		t.Error(got)
	}
	if got := ratios([]float64{1, nan, 3, 4}, []float64{2, 2, nan, 0}); !slices.Equal(got, []float64{0.5}) {
		t.Errorf("rounds that one side lacks must say nothing: %v", got)
	}
	if got := ratios([]float64{1, 2, 3}, []float64{1}); len(got) != 1 {
		t.Error(got)
	}
}

func TestQuantile_NeedsEnoughOperations(t *testing.T) {
	r := newRecord(Order{})
	r.begin()
	for range 99 {
		r.add(r.begun, 1, 1)
	}
	if got := r.reading(); math.IsNaN(float64(got.P95)) || !math.IsNaN(float64(got.P99)) {
		t.Errorf("99 operations have a p95 and no p99: %+v", got)
	}
	r.add(r.begun, 1, 1)
	if got := r.reading(); math.IsNaN(float64(got.P99)) || got.Operations != 100 || got.Sent != 100 {
		t.Errorf("100 operations have a p99: %+v", got)
	}
}
