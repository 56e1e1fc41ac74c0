package human

import (
	"math"
	"strconv"
	"strings"
)

// Column writes a value for a column of a table: like [Amount], but with the same
// number of digits in every cell (88.0 KiB) and all digits before the point
// (2,692 MB/s). NaN and the infinities are [Unknown].
func Column[F ~float64](value F, unit string) string {
	v := float64(value)
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return Unknown
	}
	switch unit {
	case "bytes/s":
		return digits(v/1e6) + " MB/s"
	case "seconds":
		return columnSeconds(v)
	case "1/s":
		return digits(v) + "/s"
	case "seconds/GB":
		return digits(v) + " s/GB"
	case "bytes":
		if math.Abs(v) < 1<<20 {
			return digits(v/(1<<10)) + " KiB"
		}
		return digits(v/(1<<20)) + " MiB"
	}
	return digits(v)
}

func columnSeconds(v float64) string {
	switch {
	case math.Abs(v) < 1e-3:
		return digits(v*1e6) + " µs"
	case math.Abs(v) < 1:
		return digits(v*1e3) + " ms"
	}
	return digits(v) + " s"
}

// digits writes three significant digits, and all before the point.
func digits(v float64) string {
	if v == 0 {
		return "0"
	}
	decimals := 2 - int(math.Floor(math.Log10(math.Abs(v))))
	whole, rest, point := strings.Cut(strconv.FormatFloat(v, 'f', min(max(decimals, 0), 6), 64), ".")
	whole = group(whole)
	if point {
		whole += "." + rest
	}
	return whole
}

// group sets commas between thousands.
func group(whole string) string {
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return sign + whole
}
