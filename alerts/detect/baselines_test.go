package detect

import (
	"math"

	"gonum.org/v1/gonum/stat"

	"soakmon/soak"
)

// baselines are rules in common use, with which the tables compare the detector.
var baselines = [...]struct {
	name string
	leak func(s soak.Series) bool
}{
	{"least squares", func(s soak.Series) bool { b, z, _ := leastSquares(s); return b > 0 && z > 1.96 }},
	{"and 10 %", func(s soak.Series) bool {
		b, z, mean := leastSquares(s)
		return b > 0 && z > 1.96 && b*hours(s) > 0.1*math.Abs(mean)
	}},
	{"Mann–Kendall", func(s soak.Series) bool { return mannKendall(thin(s.Value, 300)) > 1.645 }},
	{"late minima", func(s soak.Series) bool { return mannKendall(minima(s.Value[len(s.Value)/2:], 60)) > 2.33 }},
	{"last > 1.1 first", func(s soak.Series) bool {
		n := len(s.Value)
		if n < 10 {
			return false
		}
		return stat.Mean(s.Value[n-10:], nil) > 1.1*stat.Mean(s.Value[:10], nil)
	}},
}

func hours(s soak.Series) float64 { return (s.At[len(s.At)-1] - s.At[0]).Hours() }

func leastSquares(s soak.Series) (slope, z, mean float64) {
	t := make([]float64, len(s.At))
	for i, at := range s.At {
		t[i] = at.Hours()
	}
	a, b := stat.LinearRegression(t, s.Value, nil, false)
	mt, sxx, sse := stat.Mean(t, nil), 0.0, 0.0
	for i := range t {
		sxx += (t[i] - mt) * (t[i] - mt)
		r := s.Value[i] - a - b*t[i]
		sse += r * r
	}
	err := math.Sqrt(sse / float64(len(t)-2) / sxx)
	return b, b / max(err, 1e-300), stat.Mean(s.Value, nil)
}

func thin(v []float64, n int) []float64 {
	k := max(1, len(v)/n)
	var out []float64
	for i := 0; i+k <= len(v); i += k {
		out = append(out, stat.Mean(v[i:i+k], nil))
	}
	return out
}

func minima(v []float64, n int) []float64 {
	k := max(1, len(v)/n)
	var out []float64
	for i := 0; i+k <= len(v); i += k {
		low := v[i]
		for _, x := range v[i : i+k] {
			low = min(low, x)
		}
		out = append(out, low)
	}
	return out
}

func mannKendall(v []float64) float64 {
	s := 0.0
	for i := range v {
		for j := i + 1; j < len(v); j++ {
			s += step(v[j] > v[i]) - step(v[j] < v[i])
		}
	}
	if s == 0 {
		return 0
	}
	n := float64(len(v))
	return (s - math.Copysign(1, s)) / math.Sqrt(n*(n-1)*(2*n+5)/18)
}
