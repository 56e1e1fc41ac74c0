package detect

import (
	"math"

	"gonum.org/v1/gonum/floats"
)

const (
	maxColumns = 32    // of one regression
	dependent  = 1e-10 // share of a column's square that must remain after the others; a column with less is linearly dependent
)

// normal holds the normal equations of a least-squares problem, kept as the
// upper triangle of the products of its columns; the last column is the
// observations.
type normal struct {
	n int // columns, with the observations
	a [maxColumns][maxColumns]float64
}

// reset empties the equations for n columns.
func (q *normal) reset(n int) {
	q.n = n
	for i := range n {
		clear(q.a[i][:n])
	}
}

// add takes one row: its columns and then the observation.
func (q *normal) add(row []float64) {
	for i, x := range row {
		if x == 0 {
			continue
		}
		a := q.a[i][i:len(row)]
		for j, y := range row[i:] {
			a[j] += x * y
		}
	}
}

// fill adds all rows at once, given as columns.
func (q *normal) fill(columns [][]float64) {
	q.n = len(columns)
	for i, c := range columns {
		for j := i; j < q.n; j++ {
			q.a[i][j] = floats.Dot(c, columns[j])
		}
	}
}

// factor turns the products into their Cholesky factor and returns the
// residual sum of squares and the logarithm of the determinant of the
// regressors' products. A column that depends on the ones before it is dropped
// (its pivot becomes infinite, its coefficient zero).
func (q *normal) factor() (rss, logdet float64, rank int) {
	for i := range q.n {
		d := q.a[i][i]
		for k := range i {
			d -= q.a[k][i] * q.a[k][i]
		}
		if i == q.n-1 {
			return max(0, d), logdet, rank
		}
		// The remainder after the columns before it is rounding: drop it.
		if d <= dependent*q.a[i][i] || d <= 0 {
			for j := i; j < q.n; j++ {
				q.a[i][j] = 0
			}
			q.a[i][i] = math.Inf(1)
			continue
		}
		root := math.Sqrt(d)
		logdet += math.Log(d)
		rank++
		q.a[i][i] = root
		for j := i + 1; j < q.n; j++ {
			s := q.a[i][j]
			for k := range i {
				s -= q.a[k][i] * q.a[k][j]
			}
			q.a[i][j] = s / root
		}
	}
	return 0, logdet, rank
}

// last returns the coefficient of the last regressor and its variance in units
// of the residual variance. It needs no back substitution, so the regressor of
// interest is put last. Call it after factor.
func (q *normal) last() (b, variance float64) {
	p := q.n - 2
	r := q.a[p][p]
	if math.IsInf(r, 1) {
		return 0, math.Inf(1)
	}
	return q.a[p][q.n-1] / r, 1 / (r * r)
}

// coefficients returns those of all regressors. Call it after factor.
func (q *normal) coefficients() []float64 {
	p := q.n - 1
	b := make([]float64, p)
	for i := p - 1; i >= 0; i-- {
		if math.IsInf(q.a[i][i], 1) {
			continue
		}
		s := q.a[i][p]
		for j := i + 1; j < p; j++ {
			s -= q.a[i][j] * b[j]
		}
		b[i] = s / q.a[i][i]
	}
	return b
}
