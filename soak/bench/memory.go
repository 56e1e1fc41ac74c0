package bench

import (
	"context"
	"errors"
	"time"

	"soakmon/soak"
)

// memoryStep measures the server's memory per connection: on a fresh server,
// since what earlier work has left behind would hide it; where there can be
// none, once and before all else.
func memoryStep(ctx context.Context, c *course, round int, _ time.Duration) error {
	round = max(round, 0)
	server := c.Server
	if c.Fresh != nil {
		var err error
		if server, err = c.Fresh(ctx); err != nil {
			c.set(round, "idle_memory", 0, err)
			c.set(round, "active_memory", 0, err)
			return err
		}
		defer server.Close()
	}
	idle, active, err := c.memory(ctx, server)
	c.set(round, "idle_memory", idle, err)
	c.set(round, "active_memory", active, err)
	return err
}

func (c *course) memory(ctx context.Context, server Server) (idle, active float64, err error) {
	w, err := c.fresh(server.Load())
	if err != nil {
		return 0, 0, err
	}
	// One connection first: what a server makes once is not of each.
	if _, err := good(c.Client.Do(ctx, Order{Do: Connect, Load: w, Least: 1})); err != nil {
		return 0, 0, err
	}
	before, err := server.Memory(ctx, true)
	if err != nil {
		return 0, 0, err
	}
	w.Payload = workPayload
	held, err := good(c.Client.Do(ctx, Order{Do: Hold, Load: w, Sessions: memorySamples, Workers: crowdWorkers}))
	if err != nil {
		return 0, 0, err
	}
	during, err := server.Memory(ctx, true)
	if err == nil {
		active, err = c.peak(ctx, server, w)
	}
	_, released := c.Client.Do(ctx, Order{Do: Release})
	n := float64(held.Operations)
	return (during - before) / n, (active - before) / n, errors.Join(err, released)
}

// peak is the server's largest memory while all connections are active.
func (c *course) peak(ctx context.Context, server Server, w soak.Workload) (most float64, err error) {
	worked := make(chan error, 1)
	go func() {
		_, err := good(c.Client.Do(ctx, Order{Do: Work, Load: w, For: memoryWork}))
		worked <- err
	}()
	look := time.NewTicker(memoryLook)
	defer look.Stop()
	for {
		select {
		case err := <-worked:
			return most, err
		case <-look.C:
			now, err := server.Memory(ctx, false)
			if err != nil {
				return 0, errors.Join(err, <-worked)
			}
			most = max(most, now)
		}
	}
}
