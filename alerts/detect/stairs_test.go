package detect

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestStepsAreFoundWhereTheyAre(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	y := make([]float64, 190)
	for i := range y {
		y[i] = random.NormFloat64() + 10*step(i >= 40) + 7*step(i >= 90) - 5*step(i >= 150)
	}
	all := stepsOf(y, 5)
	if len(all) != 4 || !slices.Equal(all[1], []int{40, 90, 150}) {
		t.Errorf("%v", all)
	}
}

func TestFewPointsHaveFewSteps(t *testing.T) {
	for n := range 20 {
		for _, places := range stepsOf(make([]float64, n), 5) {
			if (len(places)+1)*leastRun > n || !slices.IsSorted(places) {
				t.Errorf("%d points: steps at %v", n, places)
			}
		}
	}
}

// Nights of healthy servers that were once called a leak.
func TestWhatWasOnceTakenForGrowth(t *testing.T) {
	for _, c := range []struct {
		noise string
		night uint64
	}{{"steps", 5672}, {"steps", 5854}, {"very slow saw", 5676}, {"very slow saw", 5825}} {
		for _, nz := range nightNoises {
			if nz.name != c.noise {
				continue
			}
			for _, said := range watchNight(nz.make, c.night) {
				if said != "" {
					t.Errorf("%s %d: %s", c.noise, c.night, said)
				}
			}
		}
	}
}
