package detect

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"soakmon/soak"
)

func TestPlaceSteps(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	y := make([]float64, 190)
	for i := range y {
		y[i] = random.NormFloat64() + 10*step(i >= 40) + 7*step(i >= 90) - 5*step(i >= 150)
	}
	all := placeSteps(y, 5)
	if len(all) != 8 || !slices.Equal(all[3], []int{40, 90, 150}) {
		t.Errorf("%v", all)
	}
	if all = placeSteps(y[:151], 5); !slices.Equal(all[2], []int{40, 90, 150}) {
		t.Errorf("a step just now: %v", all)
	}
}

func TestPlaceSteps_FewPoints(t *testing.T) {
	for n := range 20 {
		for _, places := range placeSteps(make([]float64, n), 5) {
			if len(places)*leastRun >= n || !slices.IsSorted(places) {
				t.Errorf("%d points: steps at %v", n, places)
			}
		}
	}
}

// Clean days of the generator that an earlier version called a leak: one of each
// noise, all of them with SOAK_LONG=1.
func TestJudge_RecordedFalseAlarms(t *testing.T) {
	judged := map[string]bool{}
	for _, c := range []struct {
		noise string
		day   uint64
	}{{"steps", 5672}, {"steps", 5854}, {"very slow saw", 5676}, {"very slow saw", 5825}, {"steps", 59399}, {"steps", 104011}, {"one wave a day", 3018}, {"one wave a day", 15924}, {"one wave a day", 21120}, {"warm-up", 13705}, {"warm-up", 14238}, {"warm-up", 16394}} {
		for _, nz := range dayNoises {
			if nz.name != c.noise || judged[c.noise] && os.Getenv("SOAK_LONG") == "" {
				continue
			}
			judged[c.noise] = true
			t.Run(fmt.Sprintf("%s %d", c.noise, c.day), func(t *testing.T) {
				t.Parallel()
				for _, said := range watchDay(nz.make, c.day) {
					if said != "" {
						t.Error(said)
					}
				}
			})
		}
	}
}

func TestJudge_GrowthWithLateStep(t *testing.T) {
	t.Parallel()
	for k := range 12 {
		r, s := newRand(uint64(k)), gauge()
		rise, at, sd := 60+200*r.Float64(), .5+.45*r.Float64(), float64(k%3)*3
		height := rise * (.03 + .12*r.Float64())
		for i := range 1440 {
			x := float64(i) / 1440
			s.At = append(s.At, time.Duration(i)*time.Minute)
			s.Value = append(s.Value, math.Round(300+rise*x+height*step(x >= at)+sd*r.NormFloat64()))
		}
		v := Judge{}.Judge(soak.Question{Series: s, Limit: math.NaN()})
		if growth := rise / 24; v.State != soak.Leaking || math.Abs(float64(v.Slope)-growth) > .15*growth {
			t.Errorf("growth of %.3g/h and a step of %.3g after %.2g of the day, noise %v: %s, %.3g/h: %s", growth, height, at, sd, v.State, v.Slope, v.Reason)
		}
	}
}

func TestStepRSS_LineOnBothSides(t *testing.T) {
	t.Parallel()
	var at, y []float64
	for i := range 100 {
		at, y = append(at, float64(i)/100), append(y, float64(i)/50+3*step(i >= 60))
	}
	p := newPartition(at, 1e-16)
	p.y = y
	p.transform(0)
	if flat, line := p.stepRSS(0, 60); line > 1e-9 || flat < 1 {
		t.Errorf("a line with a step: %.3g about lines, %.3g about levels", line, flat)
	}
	for _, phi := range correlations {
		p.transform(phi)
		if !p.stepsUp(0, 60) {
			t.Errorf("correlation %v: the step is not upwards", phi)
		}
	}
	for i := range y {
		y[i] -= 6 * step(i >= 60)
	}
	p.transform(0.3)
	if p.stepsUp(0, 60) {
		t.Error("a step down is upwards")
	}
}
