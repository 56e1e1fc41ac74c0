package plan

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"time"
)

var longDuration = regexp.MustCompile(`^(?:(\d+(?:\.\d+)?)w)?(?:(\d+(?:\.\d+)?)d)?(.*)$`)

// ParseDuration reads a duration of zero or more: the syntax of
// [time.ParseDuration], preceded by weeks (7 d) and days (24 h), as in "1d12h",
// "7d" and "90s", and plain "0". The maximum is that of [time.Duration], 290 years.
func ParseDuration(text string) (time.Duration, error) {
	part := longDuration.FindStringSubmatch(text)
	if part == nil || text == "" {
		return 0, notDuration(text)
	}
	days, rest := number(part[1])*7+number(part[2]), time.Duration(0)
	if part[3] != "" {
		var err error
		if rest, err = time.ParseDuration(part[3]); err != nil {
			return 0, notDuration(text)
		}
	}
	total := days*24*float64(time.Hour) + float64(rest)
	switch {
	case rest < 0:
		return 0, fmt.Errorf("invalid duration %q: use 0 or more", text)
	case total >= math.MaxInt64:
		return 0, fmt.Errorf("duration %q is too long: the maximum is 290 years", text)
	}
	return time.Duration(days*24*float64(time.Hour)) + rest, nil
}

func notDuration(text string) error {
	if _, err := strconv.ParseFloat(text, 64); err == nil {
		return fmt.Errorf("missing unit in duration %q: use %ss, %sm or %sh", text, text, text, text)
	}
	return fmt.Errorf("invalid duration %q: use 90s, 10m, 1h30m, 1d12h or 1w", text)
}

// number reads digits that a regular expression has matched; "" is 0.
func number(digits string) float64 {
	v, _ := strconv.ParseFloat(digits, 64)
	return v
}

// formatDuration writes a duration as a plan does, without empty parts: "2m"
// instead of "2m0s". [ParseDuration] reads it back, so that a value in an error
// can be copied into the plan. The texts of package human ("2 min") cannot.
func formatDuration(d time.Duration) string {
	if days := d / (24 * time.Hour); days > 0 && d%(24*time.Hour) == 0 {
		return fmt.Sprintf("%dd", days)
	}
	return zeroParts.ReplaceAllString(d.String(), "$1")
}

var zeroParts = regexp.MustCompile(`([hm])(?:0m)?0s$`)
