package detect

import "math"

// stepsExplain reports whether a step function explains the whole view as well as
// growth and a period do: steps at even distances look like a line with a sawtooth
// on it.
func (f *fit) stepsExplain(quantum float64) bool {
	if f.periods == nil {
		return false // step functions were among the models that it was compared with
	}
	still := *f
	still.periods = nil
	v := &f.view
	for _, places := range placeSteps(residualAfter(v.t, v.y, rateColumns(v.rate)), maxPieces-1) {
		flat := still.compare(quantum, places...)
		for _, at := range places {
			flat = flat.with(after(len(v.t), at))
		}
		if flat.cost(model{starts: []int{0}}) < f.compare(quantum, places...).cost(f.growing)+margin {
			return true
		}
	}
	return false
}

// placeSteps places two steps, then three, and so on up to most, so that flat
// pieces between them leave the least squares, by dynamic programming (Bellman
// 1961). Each number is placed twice: also with a last step that is so recent that
// less than a whole piece follows it.
func placeSteps(y []float64, most int) (all [][]int) {
	n := len(y)
	sum, square := make([]float64, n+1), make([]float64, n+1)
	for i, v := range y {
		sum[i+1], square[i+1] = sum[i]+v, square[i]+v*v
	}
	flat := func(from, to int) float64 {
		s := sum[to] - sum[from]
		return square[to] - square[from] - s*s/float64(to-from)
	}
	least := make([]float64, n+1) // residual sum of squares of the points before i in the pieces so far
	for i := leastRun; i <= n; i++ {
		least[i] = flat(0, i)
	}
	var from [][]int // by number of steps: where the last piece of the points before i begins
	for steps := 1; steps <= most && (steps+1)*leastRun <= n; steps++ {
		if steps > 1 {
			late := n - 1
			for at := n - leastRun + 1; at < n; at++ {
				if least[at]+flat(at, n) < least[late]+flat(late, n) {
					late = at
				}
			}
			all = append(all, append(trace(from, late), late))
		}
		next, begin := make([]float64, n+1), make([]int, n+1)
		for i := (steps + 1) * leastRun; i <= n; i++ {
			next[i] = math.Inf(1)
			for at := steps * leastRun; at <= i-leastRun; at++ {
				if c := least[at] + flat(at, i); c < next[i] {
					next[i], begin[i] = c, at
				}
			}
		}
		least, from = next, append(from, begin)
		if steps > 1 {
			all = append(all, trace(from, n))
		}
	}
	return all
}

// trace returns the steps of the best fit of the points before end.
func trace(from [][]int, end int) []int {
	places := make([]int, len(from))
	for k := len(from) - 1; k >= 0; k-- {
		end = from[k][end]
		places[k] = end
	}
	return places
}
