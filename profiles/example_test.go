package profiles_test

import (
	"bytes"
	"fmt"
	"time"

	"github.com/google/pprof/profile"

	"soakmon/profiles"
)

// Rank the functions that grow over the goroutine profiles of an hour. Here the
// profiles are made up; a program fetches them with [profiles.Fetch], or reads them
// from files.
func ExampleCourse_Rank() {
	snapshots := make([][]byte, 12)
	for i := range snapshots {
		// main.wait leaks ten goroutines every five minutes, main.work has a pool.
		snapshots[i] = goroutines(map[string]int64{"main.wait": int64(20 + 10*i), "main.work": int64(100 + i%3)})
	}

	course := profiles.NewCourse()
	for i, data := range snapshots {
		p, err := profiles.Parse(data)
		if err == nil {
			err = course.Add(time.Duration(i)*5*time.Minute, p)
		}
		if err != nil {
			fmt.Println(err)
			return
		}
	}
	ranking := course.Rank(profiles.ByFunction, 0, time.Hour)
	for _, site := range ranking.Culprits() {
		fmt.Printf("%s: %.0f → %.0f, %+.0f per hour, %.0f %% of the growth\n",
			site.Frame, site.First, site.Last, site.Slope, 100*site.Share)
	}
	// Output: main.wait (main.go:10): 20 → 130, +120 per hour, 100 % of the growth
}

// goroutines is a goroutine profile with the number of goroutines in each function.
func goroutines(count map[string]int64) []byte {
	kind := &profile.ValueType{Type: "goroutine", Unit: "count"}
	p := &profile.Profile{SampleType: []*profile.ValueType{kind}, PeriodType: kind, Period: 1}
	for name, n := range count {
		id := uint64(len(p.Function) + 1)
		f := &profile.Function{ID: id, Name: name, Filename: "main.go"}
		l := &profile.Location{ID: id, Line: []profile.Line{{Function: f, Line: 10}}}
		p.Function, p.Location = append(p.Function, f), append(p.Location, l)
		p.Sample = append(p.Sample, &profile.Sample{Location: []*profile.Location{l}, Value: []int64{n}})
	}
	var b bytes.Buffer
	if err := p.Write(&b); err != nil {
		panic(err)
	}
	return b.Bytes()
}
