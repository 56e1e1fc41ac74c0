// Package human formats numbers, units, durations, shares and small charts for
// people: at most three significant figures, always with the unit, times as
// 14:03 and +6 h 12 min. The detector, alerts, sinks, reports, the web page and
// the terminal all use it, so that a value reads the same everywhere. It imports
// no other package of this module.
package human

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Unknown is written for a number that is not known.
const Unknown = "–"

// Signed writes a value with its sign, including a plus.
func Signed[F ~float64](v F, unit string) string {
	s := Amount(v, unit)
	if v > 0 && s != "0" && !strings.HasPrefix(s, "0 ") {
		return "+" + s
	}
	return s
}

// Growth writes a growth per hour: +3.1 MiB/h, 0/h.
func Growth[F ~float64](v F, unit string) string {
	if math.IsNaN(float64(v)) {
		return Unknown
	}
	return Signed(v, unit) + "/h"
}

// Interval writes an interval of growth per hour; it is empty if an end is NaN.
func Interval[F ~float64](lo, hi F, unit string) string {
	if math.IsNaN(float64(lo)) || math.IsNaN(float64(hi)) {
		return ""
	}
	return Signed(lo, unit) + " … " + Signed(hi, unit)
}

// Confidence writes the 95 % confidence interval between two amounts as they are
// printed. Ends that read the same are within 1 % of the value between them.
func Confidence(lo, hi string) string {
	if lo == hi {
		return "95 % CI ± <1 %"
	}
	return "95 % CI " + lo + " to " + hi
}

// AtLeast writes the smallest detectable growth: ≥ 12.
func AtLeast[F ~float64](v F, unit string) string {
	if math.IsNaN(float64(v)) {
		return Unknown
	}
	return "≥ " + Amount(v, unit)
}

// Vanishing returns slope, or zero if it is less than a thousandth of the width of
// its interval.
func Vanishing[F ~float64](slope, lo, hi F) F {
	if math.Abs(float64(slope)) < float64(hi-lo)/1000 {
		return 0
	}
	return slope
}

// Seconds writes a latency: 132 µs, 2.45 ms, 1.2 s.
func Seconds[F ~float64](v F) string { return Amount(v, "seconds") }

// Rate writes operations per second.
func Rate[F ~float64](v F) string { return Amount(v, "") + "/s" }

// Duration writes a duration in at most two units: 40 s, 2 min 6 s, 6 h 12 min,
// 3 d 4 h.
func Duration(d time.Duration) string {
	d = d.Round(time.Second)
	switch {
	case d < 0:
		return "-" + Duration(-d)
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%d min%s", d/time.Minute, minor(d%time.Minute/time.Second, "s"))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h%s", d/time.Hour, minor(d%time.Hour/time.Minute, "min"))
	}
	const day = 24 * time.Hour
	return fmt.Sprintf("%d d%s", d/day, minor(d%day/time.Hour, "h"))
}

// minor writes the smaller unit of a duration; it is empty for zero.
func minor(n time.Duration, unit string) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" %d %s", n, unit)
}

// Span is [Duration] for seconds; NaN and infinities are [Unknown].
func Span[F ~float64](seconds F) string {
	if math.IsNaN(float64(seconds)) || math.IsInf(float64(seconds), 0) {
		return Unknown
	}
	return Duration(time.Duration(float64(seconds) * float64(time.Second)))
}

// Offset writes a time since a run's start: +6 h 12 min.
func Offset(d time.Duration) string { return "+" + Duration(d) }

// Clock writes a time of day: 14:03.
func Clock(t time.Time) string { return t.Format("15:04") }

// Count writes a number and a noun, with a plural s: 1 gap, 3 gaps.
func Count(n int, of string) string {
	if n == 1 {
		return "1 " + of
	}
	return fmt.Sprintf("%s %ss", Integer(int64(n)), of)
}

// Integer groups the digits of a count by threes: 17,280,000.
func Integer(n int64) string { return group(fmt.Sprint(n)) }

// Percent writes a share: 97.2 %.
func Percent[F ~float64](share F) string {
	if math.IsNaN(float64(share)) {
		return Unknown
	}
	return Amount(100*share, "") + " %"
}

// Size writes a number of bytes.
func Size(n int64) string { return Amount(float64(n), "bytes") }
