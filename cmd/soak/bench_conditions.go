package main

import (
	"context"
	"encoding/json"
	"errors"

	"soakmon/soak"
	"soakmon/soak/plan"
)

// parseConditions reads rate=100Mbit,delay=10ms,loss=1%, as a plan has them.
func parseConditions(text string) (*soak.Conditions, error) {
	c, err := plan.ParseConditions(text)
	return &c, err
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
