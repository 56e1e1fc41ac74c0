package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"soakmon/soak"
	"soakmon/soak/plan"
)

// parseConditions reads rate=100Mbit,delay=10ms,jitter=1ms,loss=1%,reorder=1%.
func parseConditions(text string) (*soak.Conditions, error) {
	c := &soak.Conditions{}
	for part := range strings.SplitSeq(text, ",") {
		key, value, _ := strings.Cut(part, "=")
		var err error
		switch key {
		case "rate":
			c.Rate, err = plan.ParseBandwidth(value)
		case "delay":
			c.Delay, err = plan.ParseDuration(value)
		case "jitter":
			c.Jitter, err = plan.ParseDuration(value)
		case "loss":
			c.Loss, err = plan.ParseShare(value)
		case "reorder":
			c.Reorder, err = plan.ParseShare(value)
		default:
			err = errors.New("there are rate, delay, jitter, loss and reorder")
		}
		if err != nil {
			return nil, fmt.Errorf("%q: %w", part, err)
		}
	}
	return c, nil
}

// worsen puts the network's conditions before a server.
func (b *benchJob) worsen(_ context.Context, _ *benchServer) error {
	if b.network == nil {
		return nil
	}
	return errors.New("this version cannot worsen the network; leave --conditions out")
}

// jsonOptions are options of one key.
func jsonOptions(key, value string) (soak.Options, error) {
	data, err := json.Marshal(map[string]string{key: value})
	return soak.Options{JSON: data}, err
}
