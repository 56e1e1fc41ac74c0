package plan

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"soakmon/soak"
)

// perTime are the units of time by which a growth or a rate can be given.
var perTime = map[string]time.Duration{
	"s": time.Second, "min": time.Minute, "h": time.Hour, "d": 24 * time.Hour,
}

// ParseQuantity reads an amount of growth: `0` or `N[B|KiB|MiB|GiB|%]/(s|h|run|op)`,
// also per min and d. Growth per second, minute and day is converted to per hour,
// a percentage to a share. Text keeps the original.
func ParseQuantity(text string) (soak.Quantity, error) {
	if text == "0" {
		return soak.Quantity{Per: soak.PerHour, Text: text}, nil
	}
	count, per, ok := strings.Cut(text, "/")
	part := amount.FindStringSubmatch(strings.TrimSpace(count))
	if part == nil {
		return soak.Quantity{}, fmt.Errorf("invalid growth %q: use 0, 5/h, 1MiB/h, 5%%/run or 64B/op", text)
	}
	if !ok {
		return soak.Quantity{}, fmt.Errorf("incomplete growth %q: use %s/h, %s/run or %s/op", text, text, text, text)
	}
	q := soak.Quantity{Value: number(part[1]), Text: text}
	scale, err := 1.0, error(nil)
	switch part[2] {
	case "":
	case "%":
		q.Percent, scale = true, 0.01
	default:
		if scale, err = byteUnit(part[2]); err != nil {
			return soak.Quantity{}, err
		}
	}
	q.Value *= scale
	if err := setPer(&q, strings.TrimSpace(per)); err != nil {
		return soak.Quantity{}, err
	}
	if math.IsInf(q.Value, 0) {
		return soak.Quantity{}, fmt.Errorf("growth %q is too large: use a finite number", text)
	}
	return q, nil
}

func setPer(q *soak.Quantity, per string) error {
	if unit, ok := perTime[per]; ok {
		q.Per = soak.PerHour
		q.Value *= time.Hour.Hours() / unit.Hours()
		return nil
	}
	switch soak.Per(per) {
	case soak.PerRun, soak.PerOperation:
		q.Per = soak.Per(per)
		return nil
	}
	return fmt.Errorf("invalid growth per %q: use /s, /min, /h, /d, /run or /op", per)
}

// leakKinds are the leaks that can be planted in the embedded server.
var leakKinds = []string{"child", "fd", "goroutine", "heap", "thread"}

// ParseLeak reads a leak to plant: `KIND=N[unit]/(s|min|h|d|Nop|Ndirty)`, such as
// fd=2/s, goroutine=1/10000op, heap=64KiB/s or fd=1/dirty. Only heap takes a unit.
func ParseLeak(text string) (soak.Leak, error) {
	kind, count, _ := strings.Cut(text, "=")
	count, per, ok := strings.Cut(count, "/")
	part := amount.FindStringSubmatch(count)
	if part == nil || !ok {
		return soak.Leak{}, fmt.Errorf("invalid leak %q: use fd=2/s, goroutine=1/10000op or heap=64KiB/s", text)
	}
	if !slices.Contains(leakKinds, kind) {
		return soak.Leak{}, fmt.Errorf("unknown leak %q: use %s", kind, choice(kind, leakKinds))
	}
	leak := soak.Leak{Kind: kind, Amount: number(part[1]), Text: text}
	if err := setUnit(&leak, part[2]); err != nil {
		return soak.Leak{}, err
	}
	if leak.Amount <= 0 || math.IsInf(leak.Amount, 0) {
		return soak.Leak{}, fmt.Errorf("invalid leak %q: use an amount above 0", text)
	}
	if err := setStep(&leak, per); err != nil {
		return soak.Leak{}, err
	}
	return leak, nil
}

func setUnit(leak *soak.Leak, unit string) error {
	if unit == "" {
		return nil
	}
	if leak.Kind != "heap" {
		return fmt.Errorf("invalid unit %q: a leak of kind %s is a count, as in %s=%g/s", unit, leak.Kind, leak.Kind, leak.Amount)
	}
	scale, err := byteUnit(unit)
	leak.Amount *= scale
	return err
}

func setStep(leak *soak.Leak, per string) error {
	if unit, ok := perTime[per]; ok {
		leak.Every = unit
		return nil
	}
	for of, step := range map[string]*int64{"op": &leak.Operations, "dirty": &leak.Dirty} {
		count, ok := strings.CutSuffix(per, of)
		if n, err := strconv.ParseInt(cmp.Or(count, "1"), 10, 64); ok && err == nil && n > 0 {
			*step = n
			return nil
		}
	}
	return fmt.Errorf("invalid leak per %q: use /s, /min, /h, /d, /op, /10000op or /dirty", per)
}
