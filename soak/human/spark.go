package human

import (
	"math"
	"strings"
)

var bars = []rune("▁▂▃▄▅▆▇█")

// Spark draws values as a line of text, one bar each, from their least to their
// greatest; a value that is not known is a gap. Values that do not differ by
// more than the smallest step are drawn flat: noise is not blown up to a mountain.
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

// Thin keeps at most n values, each the middle of the stretch that it stands for.
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

// mean leaves out what is not known.
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
