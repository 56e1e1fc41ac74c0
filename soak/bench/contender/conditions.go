package contender

import (
	"cmp"
	"context"
	"encoding/json"

	"soakmon/soak"
	"soakmon/soak/runner"
)

// impair puts the emulated network conditions in front of a server.
func (b *Set) impair(ctx context.Context, s *serverProcess) error {
	relay, loads, err := runner.Relayed(ctx, soak.Plan{Load: []soak.Workload{s.load}, Conditions: b.config.Network}, b.config.Log)
	if err != nil || relay == nil {
		return err
	}
	s.load = loads[0]
	s.stops = append(s.stops, func() error { relay.Stop(); return nil })
	return nil
}

// ConditionsOf are those of the first plan among the servers that has any: they
// hold for all that is measured, direct TCP too.
func ConditionsOf(servers []string) (found *soak.Conditions, err error) {
	for _, server := range servers {
		if !isPlan(server) {
			continue
		}
		p, _, err := runner.LoadPlan(server)
		if err != nil {
			return nil, err
		}
		found = cmp.Or(found, p.Conditions)
	}
	return found, nil
}

// jsonOptions are options of one key.
func jsonOptions(key, value string) (soak.Options, error) {
	data, err := json.Marshal(map[string]string{key: value})
	return soak.Options{JSON: data}, err
}
