package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"soakmon/soak"
)

// defaultStall is the time for which a stalled connection transfers nothing.
const defaultStall = 3 * time.Second

// conditionSetters returns the functions that parse each condition into c.
func conditionSetters(c *soak.Conditions) map[string]func(string) error {
	return map[string]func(string) error{
		"delay":     into(&c.Delay, ParseDuration),
		"jitter":    into(&c.Jitter, ParseDuration),
		"loss":      into(&c.Loss, ParseShare),
		"reorder":   into(&c.Reorder, ParseShare),
		"rate":      into(&c.Rate, ParseBandwidth),
		"stall":     into(&c.Stall, ParseShare),
		"stall_for": into(&c.StallFor, ParseDuration),
		"reset":     into(&c.Reset, ParseShare),
	}
}

func into[T any](v *T, parse func(string) (T, error)) func(string) error {
	return func(text string) (err error) {
		*v, err = parse(text)
		return err
	}
}

// ParseConditions reads the conditions of a command line, which have the keys of a
// plan's conditions: delay=20ms,jitter=5ms,loss=1%,rate=50Mbit.
func ParseConditions(text string) (soak.Conditions, error) {
	var c soak.Conditions
	setters := conditionSetters(&c)
	known := slices.Sorted(maps.Keys(setters))
	for part := range strings.SplitSeq(text, ",") {
		key, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		if !ok {
			return c, fmt.Errorf("invalid condition %q: use KEY=VALUE, such as delay=20ms,loss=1%%", part)
		}
		set, ok := setters[key]
		if !ok {
			return c, fmt.Errorf("unknown condition %q: use %s", key, choice(key, known))
		}
		if err := set(value); err != nil {
			return c, fmt.Errorf("%s: %w", key, err)
		}
	}
	completeConditions(&c)
	return c, nil
}

func completeConditions(c *soak.Conditions) {
	if c.Stall > 0 && c.StallFor == 0 {
		c.StallFor = defaultStall
	}
}

func (c *checker) conditions(n *soak.Conditions) {
	if n == nil {
		return
	}
	c.require(n.Loss < 1, "conditions.loss", "loss must be below 100%%")
	c.require(n.Jitter <= n.Delay, "conditions.jitter", "%s is more than the delay of %s: use at most the delay", formatDuration(n.Jitter), formatDuration(n.Delay))
	c.require(n.Reorder == 0 || n.Delay > 0, "conditions.reorder", "reorder needs a delay: add one such as `delay: 20ms`")
	c.require(n.StallFor == 0 || n.Stall > 0, "conditions.stall_for", "`stall_for` has no effect without `stall`: add one such as `stall: 1%%`")
	c.require(n.Stall+n.Reset <= 1, "conditions.reset", "stall and reset add up to more than 100%%: reduce one")
	c.require(n.Rate == 0 || n.Rate >= minRate, "conditions.rate", "%g bytes/s is too low: use at least %d bytes/s", n.Rate, minRate)
}

const minRate = 1000 // bytes per second
