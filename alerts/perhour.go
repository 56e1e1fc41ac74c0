package alerts

import (
	"math"
	"time"

	"soakmon/soak"
)

// PerHour converts a quantity of growth to the metric's units per hour. The level
// (in the metric's unit, after warm-up) is needed for a percentage, the run's
// duration for growth per run, and the load's operations per hour for growth per
// operation. Where a needed value is unknown (NaN, or not above 0 for the last two)
// the result is NaN. Zero growth is zero in every unit.
func PerHour(q soak.Quantity, level float64, duration time.Duration, operationsPerHour float64) float64 {
	v := q.Value
	if v == 0 {
		return 0
	}
	if q.Percent {
		v *= math.Abs(level)
	}
	switch q.Per {
	case soak.PerRun:
		return v / positive(duration.Hours())
	case soak.PerOperation:
		return v * positive(operationsPerHour)
	}
	return v
}

func positive(v float64) float64 {
	if v > 0 {
		return v
	}
	return math.NaN()
}
