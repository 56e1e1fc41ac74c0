package human

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// Amount writes a value with at most three significant figures and the unit a
// person would use: bytes in binary multiples, short times in ms or µs, counts
// without a unit: 3.1 MiB, 250 µs, 12. NaN is [Unknown].
func Amount[F ~float64](value F, unit string) string {
	v := float64(value)
	switch {
	case math.IsNaN(v):
		return Unknown
	case math.IsInf(v, 0):
		return "unlimited"
	case unit == "bytes":
		return scaled(v, 1024, []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"})
	case unit == "seconds" && v != 0 && math.Abs(v) < 1e-3:
		return figures(v*1e6) + " µs"
	case unit == "seconds" && v != 0 && math.Abs(v) < 1:
		return figures(v*1e3) + " ms"
	case unit == "seconds":
		return figures(v) + " s"
	case unit == "" || unit == "count":
		return figures(v)
	}
	return figures(v) + " " + unit
}

func scaled(v, base float64, units []string) string {
	i := 0
	for i < len(units)-1 && math.Abs(v) >= 0.9995*base {
		v /= base
		i++
	}
	return figures(v) + " " + units[i]
}

// figures writes three significant figures without trailing zeros: from ten thousand
// on with commas, from a million on with an SI prefix, below 0.0005 with an exponent.
func figures(v float64) string {
	if a := math.Abs(v); v != 0 && (a < 0.0005 || a >= 1e18) {
		return strconv.FormatFloat(v, 'g', 3, 64)
	} else if a >= 999_500 {
		return scaled(v/1e6, 1000, []string{"M", "G", "T", "P"})
	}
	places := 2
	if v != 0 {
		places = 2 - int(math.Floor(math.Log10(math.Abs(v))))
	}
	unit := math.Pow(10, float64(places))
	digits := strconv.FormatFloat(math.Round(v*unit)/unit, 'f', -1, 64)
	if math.Abs(v) < 9_995 {
		return digits
	}
	return group(digits) // has no decimals
}

// Roughly writes a duration in one unit: 40 s, 12 min, 3.5 h, 2.1 d.
func Roughly(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < 2*time.Hour:
		return figures(math.Round(d.Minutes())) + " min"
	case d < 48*time.Hour:
		return figures(d.Hours()) + " h"
	}
	return figures(d.Hours()/24) + " d"
}
