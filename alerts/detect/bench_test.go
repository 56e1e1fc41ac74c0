package detect

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"soakmon/soak"
)

// day is a day at one sample a second: a level, noise, a slow wave.
func day() soak.Series {
	r := rand.New(rand.NewPCG(1, 2))
	s := soak.Series{ID: soak.SeriesOf("target", "rss_bytes"), Metric: soak.Metric{Name: "rss_bytes", Unit: "bytes", Kind: soak.Gauge, Quantum: 4096}}
	x := 0.0
	for i := range 86400 {
		x = 0.99*x + r.NormFloat64()*1e4
		s.At = append(s.At, time.Duration(i)*time.Second)
		s.Value = append(s.Value, math.Round((1e8+x+r.NormFloat64()*1e5)/4096)*4096)
	}
	return s
}

func BenchmarkJudge_RawDay(b *testing.B) {
	q := soak.Question{Series: day(), Limit: math.NaN()}
	b.ReportAllocs()
	for b.Loop() {
		Judge{}.Judge(q)
	}
}

// BenchmarkJudge_FinalRawDay includes the check of the limit.
func BenchmarkJudge_FinalRawDay(b *testing.B) {
	q := soak.Question{Series: day(), Limit: math.NaN(), Final: true}
	b.ReportAllocs()
	for b.Loop() {
		Judge{}.Judge(q)
	}
}

func BenchmarkJudge_LookReducedDay(b *testing.B) {
	q := soak.Question{Series: Reduce(day()), Limit: math.NaN(), Look: 150, Family: 40}
	b.ReportAllocs()
	for b.Loop() {
		Judge{}.Judge(q)
	}
}

// BenchmarkJudge_LookAtLeak includes the search for every alternative explanation.
func BenchmarkJudge_LookAtLeak(b *testing.B) {
	s := day()
	for i := range s.Value {
		s.Value[i] += 20 * float64(i)
	}
	q := soak.Question{Series: Reduce(s), Limit: math.NaN(), Look: 150, Family: 40}
	if v := (Judge{}).Judge(q); v.State != soak.Leaking {
		b.Fatal(v.Reason)
	}
	b.ReportAllocs()
	for b.Loop() {
		Judge{}.Judge(q)
	}
}

func BenchmarkReducer_Add(b *testing.B) {
	r := NewReducer(soak.SeriesOf("target", "fds"), soak.Metric{})
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		r.Add(time.Duration(i)*time.Second, float64(i&7))
		i++
	}
}

func BenchmarkDetected_Day(b *testing.B) {
	q := soak.Question{Series: day(), Limit: math.NaN()}
	for b.Loop() {
		Detected(q)
	}
}
