package runner

import (
	"context"

	"soakmon/alerts/sink"
	"soakmon/soak"
	"soakmon/store"
)

// leftoverRuns is how many of a plan's newest runs are looked through for
// alerts that a killed monitor could not deliver.
const leftoverRuns = 5

// deliverLeftovers makes one attempt to deliver the alerts that killed monitors
// of the same plan left in their outboxes.
func (c Config) deliverLeftovers(sinks map[string]sink.Sink) error {
	entries, err := store.List(c.Dir)
	if err != nil || len(sinks) == 0 {
		return err
	}
	seen := 0
	for _, e := range entries {
		if e.Err != nil || e.InUse || e.Run.Name != c.Plan.Name {
			continue
		}
		if seen++; seen > leftoverRuns {
			break
		}
		if e.Run.Ended == "" {
			c.Display.Say("%s was killed; delivering what is left in its outbox", e.ID)
			if err := deliverLeftover(e.Path, sinks); err != nil {
				c.Display.Say("  that failed: %v", err)
			}
		}
	}
	return nil
}

func deliverLeftover(path string, sinks map[string]sink.Sink) error {
	w, err := store.Reopen(path, store.Options{})
	if err != nil {
		return err
	}
	defer w.Close()
	last, cancel := context.WithCancel(context.Background())
	cancel() // one bounded attempt
	sink.Pump(last, w, sinks, nil, func(soak.Event) {})
	return nil
}
