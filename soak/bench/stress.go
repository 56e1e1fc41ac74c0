package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"soakmon/soak"
	"soakmon/soak/load"
)

const (
	stressTime   = 3 * time.Second // of a test that takes as long as it is given
	stressOpen   = 16              // workers that open the sessions that are held
	largePayload = 1 << 30
	fdsBeside    = 200 // file descriptors of a process that are not of its connections
)

// Trial is one test under stress.
type Trial struct {
	Name     string     `json:"name"`
	Sessions int        `json:"sessions,omitempty"` // held at once
	Value    soak.Float `json:"value"`
	Unit     string     `json:"unit"`
	P50      soak.Float `json:"echo_p50"` // of echoes on all sessions at once, seconds
	P99      soak.Float `json:"echo_p99"`
	Rate     soak.Float `json:"echoes_per_second"`
	Memory   soak.Float `json:"bytes_per_session"` // of the server
	AtLeast  soak.Float `json:"at_least,omitempty"`
	AtMost   soak.Float `json:"at_most,omitempty"`
	Verdict  Verdict    `json:"verdict,omitempty"`
	Missing  string     `json:"missing,omitempty"`
}

// trials are the tests under stress, with their targets.
var trials = []struct {
	Trial
	do func(ctx context.Context, c *course, p Plan, t *Trial) error
}{
	{Trial{Name: "connection_rate", Unit: rate, AtLeast: 100}, tryRate},
	{Trial{Name: "large_up", Unit: perSecond, AtLeast: 50e6}, tryLarge(load.BulkUp)},
	{Trial{Name: "large_down", Unit: perSecond, AtLeast: 50e6}, tryLarge(load.BulkDown)},
	{Trial{Name: "concurrent_500", Unit: seconds, AtMost: 10, Sessions: 500}, tryHold},
	{Trial{Name: "concurrent_5000", Unit: seconds, Sessions: 5000}, tryHold},
}

func (p Plan) stress(ctx context.Context, all []*course) error {
	for i, c := range all {
		for j, t := range trials {
			if large := t.Unit == perSecond; c.Broken != nil || large && !c.Streams || !large && c.OnlyOneWay {
				continue
			}
			p.tell(i*len(trials)+j, len(all)*len(trials), "stress: "+c.Name+" "+t.Name)
			nan := soak.Float(math.NaN())
			one := t.Trial
			one.Value, one.P50, one.P99, one.Rate, one.Memory = nan, nan, nan, nan, nan
			if err := t.do(ctx, c, p, &one); err != nil {
				one.Missing = err.Error()
			}
			if err := ctx.Err(); err != nil {
				return fmt.Errorf("stopped under stress: %w", err)
			}
			c.trials = append(c.trials, one)
		}
	}
	return nil
}

func (p Plan) stressTime() time.Duration { return cmp.Or(p.StressTime, stressTime) }

func tryRate(ctx context.Context, c *course, p Plan, t *Trial) error {
	w, err := c.fresh(c.Server.Load())
	if err != nil {
		return err
	}
	r, err := good(c.Client.Do(ctx, Order{Do: Crowd, Load: w, For: p.stressTime(), Workers: crowdWorkers}))
	if err == nil {
		t.Value = soak.Float(float64(r.Operations) / r.Seconds)
	}
	return err
}

func tryLarge(mode string) func(context.Context, *course, Plan, *Trial) error {
	return func(ctx context.Context, c *course, _ Plan, t *Trial) error {
		o := Order{Do: Transfer, Load: c.Server.Load(), Least: 1}
		o.Load.Payload = largePayload
		if err := c.setMode(&o.Load, mode); err != nil {
			return err
		}
		r, err := good(c.Client.Do(ctx, o))
		if err == nil {
			t.Value = soak.Float(float64(r.Sent+r.Received) / r.Seconds)
		}
		return err
	}
}

// tryHold opens many sessions on a fresh server, if there can be one, and then
// works on all of them at once.
func tryHold(ctx context.Context, c *course, p Plan, t *Trial) error {
	if need := uint64(2*t.Sessions + fdsBeside); p.Files < need {
		return fmt.Errorf("needs %d file descriptors and this user may have %d: raise the hard limit (ulimit -Hn)", need, p.Files)
	}
	server := c.Server
	if c.Fresh != nil {
		var err error
		if server, err = c.Fresh(ctx); err != nil {
			return err
		}
		defer server.Close()
	}
	w, err := c.fresh(server.Load())
	if err != nil {
		return err
	}
	_, err = good(c.Client.Do(ctx, Order{Do: Connect, Load: w, Least: 1}))
	if err != nil {
		return err
	}
	before, err := server.Memory(ctx, true)
	if err != nil {
		return err
	}
	held, err := good(c.Client.Do(ctx, Order{Do: Hold, Load: w, Sessions: t.Sessions, Workers: stressOpen}))
	if err == nil {
		t.Value = soak.Float(held.Seconds)
		err = c.holdOn(ctx, p, server, before, t, w)
	}
	_, released := c.Client.Do(ctx, Order{Do: Release})
	return errors.Join(err, released)
}

func (c *course) holdOn(ctx context.Context, p Plan, server Server, before float64, t *Trial, w soak.Workload) error {
	after, err := server.Memory(ctx, true)
	if err != nil {
		return err
	}
	t.Memory = soak.Float((after - before) / float64(t.Sessions))
	r, err := good(c.Client.Do(ctx, Order{Do: Work, Load: w, For: p.stressTime()}))
	if err == nil {
		t.P50, t.P99, t.Rate = r.P50, r.P99, soak.Float(float64(r.Operations)/r.Seconds)
	}
	return err
}

// judgeTrials holds the trials against their targets, which are of the machine:
// under conditions the path decides. One trial has no interval: it is a test
// with a wide margin, not a measurement.
func (r *Row) judgeTrials(conditions bool) {
	for i := range r.Trials {
		t := &r.Trials[i]
		switch {
		case conditions:
			t.AtLeast, t.AtMost = 0, 0
		case t.AtLeast == 0 && t.AtMost == 0:
		case isNaN(t.Value) || t.Missing != "":
			t.Verdict = Unclear
		case t.AtLeast > 0 && t.Value > t.AtLeast, t.AtMost > 0 && t.Value < t.AtMost:
			t.Verdict = Met
		default:
			t.Verdict = Missed
		}
	}
}

// Growth says how a step from one trial to the other, of more sessions, costs:
// by how much each quantity multiplied.
type Growth struct {
	From, To              int
	Time, Latency, Memory float64 // Memory is per session
}

// Growth of the row's sessions held at once, where both were measured.
func (r Row) Growth() (g Growth, ok bool) {
	var held []Trial
	for _, t := range r.Trials {
		if t.Sessions > 0 && t.Missing == "" {
			held = append(held, t)
		}
	}
	if len(held) < 2 {
		return g, false
	}
	a, b := held[0], held[len(held)-1]
	return Growth{a.Sessions, b.Sessions, float64(b.Value / a.Value), float64(b.P50 / a.P50), float64(b.Memory / a.Memory)}, true
}
