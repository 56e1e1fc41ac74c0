package engine

import (
	"reflect"
	"testing"

	"soakmon/soak"
)

func TestTimesMergeAndHavePercentiles(t *testing.T) {
	a, b := soak.Times{1000, 1, 3000, 2}, soak.Times{2000, 5, 3000, 1, 9000, 1}
	if got := merge(a, b); !reflect.DeepEqual(got, soak.Times{1000, 1, 2000, 5, 3000, 3, 9000, 1}) {
		t.Errorf("%v", got)
	}
	if got := merge(nil, b); !reflect.DeepEqual(got, b) {
		t.Errorf("%v", got)
	}
	for q, want := range map[float64]float64{50: 2e-6, 95: 9e-6, 99: 9e-6, 10: 1e-6, 80: 3e-6} {
		if got := ofTimes(merge(a, b), q); got != want {
			t.Errorf("percentile %v is %v, want %v", q, got, want)
		}
	}
}
