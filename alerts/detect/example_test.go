package detect_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"soakmon/alerts/detect"
	"soakmon/soak"
)

// hour makes a series of an hour with one reading a second: a level, noise, and
// growth per hour.
func hour(level, noise, growth float64) soak.Series {
	r := rand.New(rand.NewPCG(1, 2))
	s := soak.Series{
		ID:     soak.SeriesOf(soak.RoleTarget, "rss_bytes"),
		Metric: soak.Metric{Name: "rss_bytes", Unit: "bytes", Kind: soak.Gauge},
	}
	for i := range 3600 {
		s.At = append(s.At, time.Duration(i)*time.Second)
		s.Value = append(s.Value, level+noise*r.NormFloat64()+growth*float64(i)/3600)
	}
	return s
}

const mib = 1 << 20

// A series that grows, and one that does not.
func ExampleJudge() {
	for _, growth := range []float64{8 * mib, 0} {
		v := detect.Judge{}.Judge(soak.Question{
			Series: hour(100*mib, mib/2, growth),
			Limit:  math.NaN(), // where the process dies; NaN where it is not known
		})
		fmt.Printf("%s: %s\n", v.State, v.Reason)
	}
	// Output:
	// leak: rose 8 MiB/h throughout and did not level off (95 % CI 7.95 MiB/h to 8.06 MiB/h)
	// clean: no growth in 60 min; at most 73.9 KiB/h (99 % confidence); 840 KiB/h or more would have been called a leak
}

// With a limit, a verdict says when it is reached; with a tolerance, growth up to
// it is allowed.
func ExampleJudge_Judge() {
	q := soak.Question{Series: hour(100*mib, mib/2, 8*mib), Limit: 500 * mib}
	v := detect.Judge{}.Judge(q)
	fmt.Printf("%s, %.0f MiB reached after %s\n", v.State, v.Exhaustion.Limit/mib, v.Exhaustion.At.Round(time.Hour))

	q.Tolerance = soak.Quantity{Value: 10 * mib, Per: soak.PerHour}
	fmt.Println(detect.Judge{}.Judge(q).State)
	// Output:
	// leak, 500 MiB reached after 50h0m0s
	// clean
}

// A monitor keeps a series of any length in a Reducer, and judges it whenever a
// look is due. The number of the look and of the series judged together bounds the
// false alarms of the whole run.
func ExampleReducer() {
	s := hour(100*mib, mib/2, 8*mib)
	r := detect.NewReducer(s.ID, s.Metric)
	var last time.Duration
	for i, at := range s.At {
		r.Add(at, s.Value[i])
		if !detect.LookDue(last, at) {
			continue
		}
		last = at
		v := detect.Judge{}.Judge(soak.Question{Series: r.Series(), Limit: math.NaN(), Look: detect.Looks(at), Family: 10})
		if v.State == soak.Leaking {
			fmt.Println("leak found after", at)
			break
		}
	}
	// Output:
	// leak found after 19m48s
}

// Detected replays the looks of a monitor over a recording.
func ExampleDetected() {
	at, ok := detect.Detected(soak.Question{Series: hour(100*mib, mib/2, 8*mib), Limit: math.NaN()})
	fmt.Println(at, ok)
	// Output:
	// 17m58s true
}
