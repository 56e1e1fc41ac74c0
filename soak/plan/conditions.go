package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"soakmon/soak"
)

// defaultStall is how long a stalled connection stands still.
const defaultStall = 3 * time.Second

// conditionSetters read each condition from its text.
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

// ParseConditions reads delay=20ms,jitter=5ms,loss=1%,rate=50Mbit: the keys of a
// plan's conditions.
func ParseConditions(text string) (soak.Conditions, error) {
	var c soak.Conditions
	setters := conditionSetters(&c)
	known := slices.Sorted(maps.Keys(setters))
	for part := range strings.SplitSeq(text, ",") {
		key, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		if !ok {
			return c, fmt.Errorf("%q: write KEY=VALUE, such as delay=20ms,loss=1%%", part)
		}
		set, ok := setters[key]
		if !ok {
			return c, fmt.Errorf("unknown condition %q%s; there are %s", key, didYouMean(key, known), list(known))
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
	c.that(n.Loss < 1, "conditions.loss", "nothing gets through; less than 100%%")
	c.that(n.Jitter <= n.Delay, "conditions.jitter", "%s is more than the delay of %s that it varies", human(n.Jitter), human(n.Delay))
	c.that(n.Reorder == 0 || n.Delay > 0, "conditions.reorder", "what overtakes needs others that are delayed; give a delay")
	c.that(n.StallFor == 0 || n.Stall > 0, "conditions.stall_for", "this has no effect without `stall`, such as `stall: 1%%`")
	c.that(n.Stall+n.Reset <= 1, "conditions.reset", "stall and reset together are more than all connections")
	c.that(n.Rate == 0 || n.Rate >= leastRate, "conditions.rate", "nothing would get through in time; at least %d bytes/s", leastRate)
}

const leastRate = 1000 // bytes per second
