package plan

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"soakmon/soak"
)

// ParseRate reads operations per second, above 0 and at most 1,000,000: 200,
// 200/s, 10/min, 3600/h.
func ParseRate(text string) (float64, error) {
	count, per, ok := strings.Cut(text, "/")
	unit := time.Second
	if ok {
		if unit = perTime[per]; unit == 0 {
			return 0, fmt.Errorf("invalid rate per %q: use /s, /min or /h", per)
		}
	}
	v, err := strconv.ParseFloat(count, 64)
	if err != nil || math.IsNaN(v) {
		return 0, fmt.Errorf("invalid rate %q: use 200, 200/s or 10/min", text)
	}
	if v /= unit.Seconds(); v <= 0 || v > 1e6 {
		return 0, fmt.Errorf("rate %q is out of range: use more than 0 and at most 1,000,000 per second", text)
	}
	return v, nil
}

// ParseShare reads a share from 0 to 1: 0.05 or 5%.
func ParseShare(text string) (float64, error) {
	count, percent := strings.CutSuffix(text, "%")
	v, err := strconv.ParseFloat(count, 64)
	if err != nil || math.IsNaN(v) {
		return 0, fmt.Errorf("invalid share %q: use 5%% or 0.05", text)
	}
	if percent {
		v /= 100
	}
	if v > 1 && !percent {
		return 0, fmt.Errorf("share %q is out of range: use %s%%, or a number from 0 to 1", text, text)
	}
	if v < 0 || v > 1 {
		return 0, fmt.Errorf("share %q is out of range: use 0%% to 100%%", text)
	}
	return v, nil
}

// ParseRatio reads a ratio: 110% or 1.1.
func ParseRatio(text string) (float64, error) {
	count, percent := strings.CutSuffix(text, "%")
	v, err := strconv.ParseFloat(count, 64)
	if err != nil || v < 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, fmt.Errorf("invalid ratio %q: use 110%% or 1.1", text)
	}
	if percent {
		v /= 100
	}
	return v, nil
}

var bandwidth = regexp.MustCompile(`^(\d+(?:\.\d+)?)\s*([kKMG]?)(?:bit(?:/s)?|bps)$`)

// ParseBandwidth returns bytes per second. It reads bits as 50Mbit (the syntax of
// tc(8); also 50Mbit/s and 50Mbps) and bytes as 6MiB/s. 0 is unlimited.
func ParseBandwidth(text string) (float64, error) {
	if text == "0" {
		return 0, nil
	}
	if part := bandwidth.FindStringSubmatch(text); part != nil {
		bits := map[string]float64{"": 1, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9}
		return finite(number(part[1]) * bits[part[2]] / 8)
	}
	size, ok := strings.CutSuffix(text, "/s")
	n, err := ParseBytes(size)
	if !ok || err != nil {
		return 0, fmt.Errorf("invalid bandwidth %q: use 50Mbit or 6MiB/s", text)
	}
	return float64(n), nil
}

// parseVary reads "±30%" or "30%".
func parseVary(text string) (soak.Vary, error) {
	by, err := ParseShare(strings.TrimPrefix(text, "±"))
	return soak.Vary{By: by}, err
}

// parseLevel reads a limit in a metric's unit: a number, or a size in bytes.
func parseLevel(text string) (float64, error) {
	if v, err := strconv.ParseFloat(text, 64); err == nil {
		return finite(v)
	}
	n, err := ParseBytes(text)
	return float64(n), err
}

func finite(v float64) (float64, error) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, errors.New("invalid number: use a finite one")
	}
	return v, nil
}

func parseCount(text string) (int, error) {
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("invalid count %q: use a whole number from 0 to 2,147,483,647", text)
	}
	return int(n), nil
}

func parseBool(text string) (bool, error) {
	switch text {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, fmt.Errorf("invalid value %q: use true or false", text)
}
