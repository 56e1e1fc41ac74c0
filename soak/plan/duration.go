package plan

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"time"
)

var longDuration = regexp.MustCompile(`^(?:(\d+(?:\.\d+)?)w)?(?:(\d+(?:\.\d+)?)d)?(.*)$`)

// ParseDuration reads a duration of zero or more: those of [time.ParseDuration]
// with d (24 h) and w (7 d) in front of them ("1d12h", "7d", "90s"), and plain
// "0". It ends at 290 years, where [time.Duration] does.
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
		return 0, fmt.Errorf("a duration cannot be negative: %q", text)
	case total >= math.MaxInt64:
		return 0, fmt.Errorf("%q is too long: 290 years at most", text)
	}
	return time.Duration(days*24*float64(time.Hour)) + rest, nil
}

func notDuration(text string) error {
	if _, err := strconv.ParseFloat(text, 64); err == nil {
		return fmt.Errorf("%q has no unit; write %ss, %sm or %sh", text, text, text, text)
	}
	return fmt.Errorf("%q is no duration; write it like 90s, 10m, 1h30m, 1d12h or 1w", text)
}

// number reads digits that a regular expression has let through; "" is 0.
func number(digits string) float64 {
	v, _ := strconv.ParseFloat(digits, 64)
	return v
}

// human writes a duration without empty parts: "2m" instead of "2m0s".
func human(d time.Duration) string {
	if days := d / (24 * time.Hour); days > 0 && d%(24*time.Hour) == 0 {
		return fmt.Sprintf("%dd", days)
	}
	return zeroParts.ReplaceAllString(d.String(), "$1")
}

var zeroParts = regexp.MustCompile(`([hm])(?:0m)?0s$`)
