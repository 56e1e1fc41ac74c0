package engine

import (
	"testing"
	"time"

	"soakmon/soak"
)

// The remaining time is estimated well from the first second to the last, including
// the rests before and after the load.
func TestStatus_Remaining(t *testing.T) {
	plan := testPlan(3 * time.Minute)
	plan.Rest.For = 40 * time.Second
	var all []Status
	_, err := playWith(t, plan, newBench(), nil, func(c *Config) { c.Status = func(s Status) { all = append(all, s) } })
	if err != nil || len(all) < 300 {
		t.Fatalf("%d looks; %v", len(all), err)
	}
	end := all[len(all)-1].Elapsed
	for _, s := range all {
		if off := s.Elapsed + s.Remaining - end; off.Abs() > 8*time.Second {
			t.Errorf("%s, after %v: %v remaining, want %v", s.Phase, s.Elapsed, s.Remaining, end-s.Elapsed)
		}
	}
}

// A rate needs two tallies; the first alone has none.
func TestTakeTally_FirstHasNoRate(t *testing.T) {
	r := &run{load: newLoadState(nil)}
	now := time.Now()
	for i, want := range []float64{0, 200} {
		r.takeTally(soak.Tally{Wall: now.Add(time.Duration(i) * time.Second), Loads: []soak.LoadTally{{Load: "tcp", Operations: int64(200 * (i + 1))}}}, true)
		if got := r.load.status(soak.Workload{Name: "tcp"}).Achieved; got != want {
			t.Errorf("after %d tallies: %v/s, want %v", i+1, got, want)
		}
	}
}
