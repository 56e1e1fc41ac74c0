package plan

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// byteUnits are bytes per unit: SI (powers of 1000) and IEC (powers of 1024,
// IEC 80000-13).
var byteUnits = map[string]float64{
	"B":  1,
	"kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
	"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
}

var amount = regexp.MustCompile(`^(\d+(?:\.\d*)?|\.\d+)\s*([A-Za-z%]*)$`)

// ParseBytes reads a number of bytes: 4096, 4KiB, 1.5MiB, 1MB. The maximum is
// 8 EiB; a fraction of a byte is an error.
func ParseBytes(text string) (int64, error) {
	part := amount.FindStringSubmatch(text)
	if part == nil {
		return 0, fmt.Errorf("invalid size %q: use 4096, 4KiB or 1MB", text)
	}
	scale := 1.0
	if part[2] != "" {
		var err error
		if scale, err = byteUnit(part[2]); err != nil {
			return 0, err
		}
	} else if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, nil
	}
	v := number(part[1]) * scale
	switch {
	case v >= math.MaxInt64:
		return 0, fmt.Errorf("size %q is too large: the maximum is 8 EiB", text)
	case v != math.Trunc(v):
		return 0, fmt.Errorf("invalid size %q: use a whole number of bytes", text)
	}
	return int64(v), nil
}

// byteUnit refuses the bare letters: 4K is 4,000 to one reader, 4,096 to another.
func byteUnit(unit string) (float64, error) {
	if scale, ok := byteUnits[unit]; ok {
		return scale, nil
	}
	if up := strings.ToUpper(unit); len(up) == 1 && strings.Contains("KMGT", up) {
		return 0, fmt.Errorf("ambiguous unit %q: use %siB (1024) or %sB (1000)", unit, up, up)
	}
	return 0, fmt.Errorf("unknown unit %q: use B, KiB, MiB, GiB, kB, MB or GB", unit)
}
