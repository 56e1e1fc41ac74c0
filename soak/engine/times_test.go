package engine

import (
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"soakmon/soak"
)

func TestMerge_Percentiles(t *testing.T) {
	a, b := soak.Times{1000, 1, 3000, 2}, soak.Times{2000, 5, 3000, 1, 9000, 1}
	if got := merge(a, b); !reflect.DeepEqual(got, soak.Times{1000, 1, 2000, 5, 3000, 3, 9000, 1}) {
		t.Errorf("%v", got)
	}
	if got := merge(nil, b); !reflect.DeepEqual(got, b) {
		t.Errorf("%v", got)
	}
	for q, want := range map[float64]float64{50: 2e-6, 95: 9e-6, 99: 9e-6, 10: 1e-6, 80: 3e-6} {
		if got := percentile(merge(a, b), q); got != want {
			t.Errorf("percentile %v is %v, want %v", q, got, want)
		}
	}
}

// The histogram holds each distinct time once, in rising order, whatever the order of
// arrival.
func TestTimesHistogram_SizeIsDistinctTimes(t *testing.T) {
	var p timesHistogram
	chance := rand.New(rand.NewPCG(1, 2))
	counts := map[int64]int64{}
	for range 2000 {
		one := soak.Times{}
		for value := int64(chance.IntN(50)); value < 500; value += 1 + int64(chance.IntN(100)) {
			n := 1 + int64(chance.IntN(3))
			one = append(one, value*1000, n)
			counts[value*1000] += n
		}
		p.add(one)
		if len(p.times) > 2*1000+unsortedLimit+1000 {
			t.Fatalf("%d numbers for %d different times", len(p.times), len(counts))
		}
	}
	want := soak.Times{}
	for _, value := range slices.Sorted(maps.Keys(counts)) {
		want = append(want, value, counts[value])
	}
	if got := p.all(); !slices.Equal(got, want) {
		t.Errorf("%d numbers, want %d", len(got), len(want))
	}
	if p.clear(); len(p.all()) != 0 {
		t.Error("cleared, and not empty")
	}
}
