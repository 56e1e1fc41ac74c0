package human

import (
	"math"
	"strings"
)

var bars = []rune("▁▂▃▄▅▆▇█")

// Spark draws values as a line of text, one bar each, scaled from the minimum to
// the maximum; NaN is a gap. If the range is at most step, the line is flat, so
// that noise does not look like a trend.
func Spark(values []float64, step float64) string {
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, v := range values {
		if !math.IsNaN(v) {
			lo, hi = min(lo, v), max(hi, v)
		}
	}
	var out strings.Builder
	for _, v := range values {
		switch {
		case math.IsNaN(v):
			out.WriteRune(' ')
		case hi-lo <= step:
			out.WriteRune(bars[3])
		default:
			out.WriteRune(bars[int(math.Round((v-lo)/(hi-lo)*float64(len(bars)-1)))])
		}
	}
	return out.String()
}

// Thin returns at most n values, each the mean of the values that it replaces; NaN
// is ignored in a mean.
func Thin(values []float64, n int) []float64 {
	if len(values) <= n || n <= 0 {
		return values
	}
	out := make([]float64, n)
	for i := range out {
		from, to := i*len(values)/n, (i+1)*len(values)/n
		out[i] = mean(values[from:to])
	}
	return out
}

// mean ignores NaN; it is NaN without any other value.
func mean(values []float64) float64 {
	sum, n := 0.0, 0
	for _, v := range values {
		if !math.IsNaN(v) {
			sum, n = sum+v, n+1
		}
	}
	if n == 0 {
		return math.NaN()
	}
	return sum / float64(n)
}
