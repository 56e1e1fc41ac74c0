package probes

import (
	"math"
	"testing"
	"time"
)

// readings are the times of readings that cost the same.
func (s Stretch) readings(usual, cost time.Duration) (all []float64) {
	for at := s.From; at < s.To; at += s.pause(usual, cost, at) {
		all = append(all, at.Seconds())
	}
	return all
}

// spread is the sum of squares about the mean: the information on a slope.
func spread(x []float64) (sum float64) {
	mean := 0.0
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		sum += (v - mean) * (v - mean)
	}
	return sum
}

func TestStretch_ReadingsAtTheEnds(t *testing.T) {
	s := Stretch{time.Hour, 25 * time.Hour}
	got := s.readings(5*time.Minute, time.Second)
	even := make([]float64, len(got))
	for i := range even {
		even[i] = 86400 * float64(i) / float64(len(even)-1)
	}
	if n := len(got); n < 280 || n > 300 {
		t.Errorf("%d readings, and at an even pace 288", n)
	}
	if gain := spread(got) / spread(even); gain < 1.4 {
		t.Errorf("%.2f times the information of even readings", gain)
	}
}

func TestStretch_EnoughReadingsInAShortRun(t *testing.T) {
	s := Stretch{30 * time.Second, 2 * time.Minute}
	for _, c := range []struct {
		usual, cost time.Duration
		fewest      int
	}{
		{14 * time.Second, 10 * time.Millisecond, 30},
		{140 * time.Second, 100 * time.Millisecond, 4}, // at half a percent of a core
		{time.Second, time.Millisecond, 60},
	} {
		if n := len(s.readings(c.usual, c.cost)); n < c.fewest || n > 3*c.fewest {
			t.Errorf("a reading of %v: %d readings, want %d", c.cost, n, c.fewest)
		}
	}
}

func TestStretch_UnknownLeavesThePause(t *testing.T) {
	if got := (Stretch{}).pause(time.Minute, time.Second, time.Hour); got != time.Minute {
		t.Error(got)
	}
	if got := (Stretch{time.Minute, time.Hour}).pause(5*time.Second, time.Microsecond, 2*time.Hour); math.Abs(got.Seconds()-5) > 1e-9 {
		t.Errorf("after the stretch: %v", got)
	}
}
