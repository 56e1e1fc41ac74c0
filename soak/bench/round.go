package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"soakmon/soak"
	"soakmon/soak/load"
)

const (
	echoPayload   = 64       // bytes
	workPayload   = 16 << 10 // of an active connection
	leastEchoes   = 40       // so that two lie above the 95th percentile
	crowdWorkers  = 8
	memorySamples = 100       // connections by which memory is divided
	firstTransfer = 256 << 10 // bytes, before a rate is known
	mostTransfer  = 1 << 30   // bytes in one round
	memoryWork    = 300 * time.Millisecond
	memoryLook    = 20 * time.Millisecond
)

// modes are the figures of throughput with the modes of their loads.
var modes = []struct{ figure, mode string }{{"up", load.BulkUp}, {"down", load.BulkDown}, {"both", load.BulkBoth}}

// course is what is known of one contender after the rounds so far.
type course struct {
	Contender
	values   map[string][]float64 // by figure, one a round, NaN where there is none
	missing  map[string]string    // why, the newest
	worked   bool                 // something
	failures map[string]int       // of a step, in a row
	trials   []Trial
	rates    map[string]float64                      // bytes per second of a mode, for the size of the next transfer
	cpu      struct{ server, client, bytes float64 } // of the round's transfers
}

func newCourse(c Contender) *course {
	return &course{Contender: c, values: map[string][]float64{}, missing: map[string]string{}, failures: map[string]int{}, rates: map[string]float64{}}
}

// set keeps the figure of a round, or why there is none; the warm-up's is
// forgotten.
func (c *course) set(round int, figure string, value float64, err error) {
	if round < 0 {
		return
	}
	v := c.values[figure]
	for len(v) < round {
		v = append(v, math.NaN())
	}
	if err != nil {
		value = math.NaN()
		c.missing[figure] = err.Error()
	}
	c.values[figure] = append(v[:round], value)
}

// step is one measurement; round is -1 in the warm-up, which leaves no figures.
type step struct {
	name   string
	weight float64 // of its time
	do     func(ctx context.Context, c *course, round int, slice time.Duration) error
}

var steps = []step{
	{"memory", 2, memoryStep},
	{"up", 1, transferStep(0)},
	{"down", 1, transferStep(1)},
	{"both ways", 1, transferStep(2)},
	{"echo", 1, echoStep},
	{"connect", 1, connectStep},
	{"connections", 1, connectionsStep},
	{"sessions", 1, sessionsStep},
}

// does reports whether a contender has a step in a round.
func (c *course) does(s step, round, memoryRounds int) bool {
	if c.Broken != nil {
		return false
	}
	switch s.name {
	case "up", "down":
		return c.Streams
	}
	if c.OnlyOneWay {
		return false
	}
	switch s.name {
	case "sessions":
		return c.Shared
	case "connect", "connections":
		return !c.OnlyShared
	case "memory":
		if c.Fresh == nil {
			return !c.NoMemory && round < 0
		}
		return !c.NoMemory && round >= 0 && round < memoryRounds
	default:
		return true
	}
}

func transferStep(i int) func(context.Context, *course, int, time.Duration) error {
	figure, mode := modes[i].figure, modes[i].mode
	return func(ctx context.Context, c *course, round int, slice time.Duration) error {
		// The first transfer finds the pace of the path, the second one is timed.
		o := Order{Do: Transfer, Load: c.Server.Load(), Warm: true, Least: 1}
		o.Load.Payload = c.size(figure, slice/2)
		if round < 0 {
			o.For = slice
		}
		err := c.setMode(&o.Load, mode)
		var r Reading
		var server, client float64
		if err == nil {
			r, server, client, err = c.timed(ctx, o)
		}
		if err == nil {
			c.rates[figure] = float64(r.Sent+r.Received) / r.Seconds
		}
		c.set(round, figure, c.rates[figure], err)
		if err == nil && round >= 0 {
			c.cpu.server, c.cpu.client, c.cpu.bytes = c.cpu.server+server, c.cpu.client+client, c.cpu.bytes+float64(r.Sent+r.Received+r.Warm)
		}
		return err
	}
}

// size of a transfer that takes about a slice, both directions counted.
func (c *course) size(figure string, slice time.Duration) int64 {
	const grain = 64 << 10
	size := int64(c.rates[figure] * slice.Seconds())
	if figure == "both" {
		size /= 2
	}
	return min(max(size/grain*grain, firstTransfer), mostTransfer)
}

// setMode makes a load one of transfers, where its protocol has them.
func (c *course) setMode(w *soak.Workload, mode string) (err error) {
	if c.Streams {
		w.Options, err = with(w.Options, "mode", mode)
	}
	return err
}

// timed obeys an order, with the CPU seconds that it took either side.
func (c *course) timed(ctx context.Context, o Order) (r Reading, server, client float64, err error) {
	s0, err1 := c.Server.CPU()
	c0, err2 := c.Client.CPU()
	r, err = good(c.Client.Do(ctx, o))
	s1, err3 := c.Server.CPU()
	c1, err4 := c.Client.CPU()
	return r, s1 - s0, c1 - c0, errors.Join(err, err1, err2, err3, err4)
}

// good turns a reading in which anything failed into an error: a figure is invalid
// if a part of it failed.
func good(r Reading, err error) (Reading, error) {
	switch {
	case err != nil:
		return r, err
	case r.Failed > 0:
		return r, fmt.Errorf("%d of %d failed: %s", r.Failed, r.Failed+r.Operations, r.Example)
	case r.Operations == 0 || r.Seconds <= 0:
		return r, errors.New("nothing was done")
	}
	return r, nil
}

func echoStep(ctx context.Context, c *course, round int, slice time.Duration) error {
	o := Order{Do: Transfer, Load: c.Server.Load(), Warm: true, For: slice, Least: leastEchoes}
	o.Load.Payload = echoPayload
	r, err := good(c.Client.Do(ctx, o))
	c.quantiles(round, "echo", r, err, "p50", "p95", "p99")
	return err
}

func (c *course) quantiles(round int, figure string, r Reading, err error, names ...string) {
	values := map[string]soak.Float{"p50": r.P50, "p95": r.P95, "p99": r.P99}
	for _, q := range names {
		err := err
		if err == nil && math.IsNaN(float64(values[q])) {
			err = fmt.Errorf("%d in a round are too few; a longer --duration has more", r.Operations)
		}
		c.set(round, figure+"_"+q, float64(values[q]), err)
	}
}

// fresh is the load with a connection of its own for each session.
func (c *course) fresh(w soak.Workload) (soak.Workload, error) {
	w.Payload = echoPayload
	if !c.Shared {
		return w, nil
	}
	var err error
	w.Options, err = with(w.Options, "connections", "new")
	return w, err
}

func connectStep(ctx context.Context, c *course, round int, slice time.Duration) error {
	w, err := c.fresh(c.Server.Load())
	var r Reading
	if err == nil {
		r, err = good(c.Client.Do(ctx, Order{Do: Connect, Load: w, For: slice, Least: leastEchoes}))
	}
	c.quantiles(round, "connect", r, err, "p50", "p95")
	if !c.Shared {
		c.quantiles(round, "session", r, err, "p50")
	}
	return err
}

func connectionsStep(ctx context.Context, c *course, round int, slice time.Duration) error {
	w, err := c.fresh(c.Server.Load())
	var r Reading
	var server, client float64
	if err == nil {
		r, server, client, err = c.timed(ctx, Order{Do: Crowd, Load: w, For: slice, Workers: crowdWorkers})
	}
	c.set(round, "connections", float64(r.Operations)/r.Seconds, err)
	if !c.Shared {
		c.crowd(round, r, server, client, err)
	}
	return err
}

// crowd keeps how many sessions a second were opened, and the CPU time of each.
func (c *course) crowd(round int, r Reading, server, client float64, err error) {
	n := float64(r.Operations)
	c.set(round, "sessions", n/r.Seconds, err)
	c.set(round, "session_server_cpu", server/n, err)
	c.set(round, "session_client_cpu", client/n, err)
}

// sessionsStep is of protocols that carry many sessions on one connection.
func sessionsStep(ctx context.Context, c *course, round int, slice time.Duration) error {
	w := c.Server.Load()
	w.Payload = echoPayload
	one, err := good(c.Client.Do(ctx, Order{Do: Connect, Load: w, For: slice / 2}))
	c.quantiles(round, "session", one, err, "p50")
	many, server, client, failed := c.timed(ctx, Order{Do: Crowd, Load: w, For: slice / 2, Workers: crowdWorkers})
	c.crowd(round, many, server, client, failed)
	return errors.Join(err, failed)
}

// endRound keeps what is summed over the transfers of a round.
func (c *course) endRound(round int) {
	if c.Broken != nil {
		return
	}
	var err error
	if c.cpu.bytes == 0 {
		err = errors.New("nothing was transferred")
	}
	c.set(round, "server_cpu", c.cpu.server/c.cpu.bytes*1e9, err)
	c.set(round, "client_cpu", c.cpu.client/c.cpu.bytes*1e9, err)
	c.cpu.server, c.cpu.client, c.cpu.bytes = 0, 0, 0
}

// with is o with a key set.
func with(o soak.Options, key, value string) (soak.Options, error) {
	all := map[string]any{}
	if len(o.JSON) > 0 {
		if err := json.Unmarshal(o.JSON, &all); err != nil {
			return o, fmt.Errorf("options: %w", err)
		}
	}
	all[key] = value
	var err error
	o.JSON, err = json.Marshal(all)
	return o, err
}

// busyPayload is the size of a transfer for its own sake.
const busyPayload = 8 << 20

// Busy has a contender transfer both ways for d, as in a round: to be profiled.
func Busy(ctx context.Context, c Contender, d time.Duration) error {
	o := Order{Do: Transfer, Load: c.Server.Load(), For: d}
	o.Load.Payload = busyPayload
	if err := newCourse(c).setMode(&o.Load, load.BulkBoth); err != nil {
		return err
	}
	_, err := good(c.Client.Do(ctx, o))
	return err
}
