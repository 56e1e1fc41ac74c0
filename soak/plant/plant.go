package plant

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"soakmon/soak"
)

// batch is the shortest time between two turns of Run: faster leaks are
// planted a few at a time.
const batch = 10 * time.Millisecond

// heapStep is how many bytes fall due together.
const heapStep = 1024

// kinds are the ways to leak n things (bytes for heap).
var kinds = map[string]func(n int64) error{
	"fd":        plantFDs,
	"goroutine": plantGoroutines,
	"heap":      plantHeap,
	"thread":    plantThreads,
	"child":     plantChildren,
}

// Kinds lists the kinds of leak that can be planted, sorted.
func Kinds() []string { return slices.Sorted(maps.Keys(kinds)) }

// leak is a leak with what it has planted.
type leak struct {
	soak.Leak
	plant func(n int64) error
}

// counted are leaks that are planted as something is counted.
type counted struct {
	leaks []leak
	n     atomic.Int64
}

// Planter plants leaks as time passes, operations are served and sessions end
// badly.
type Planter struct {
	timed      []leak
	operations counted
	dirty      counted
	fails      func(kind string, err error)
}

// New checks the leaks: a known kind, an amount above zero, and one step: in
// time, in operations or in sessions that end badly. Nothing is planted before
// Run, Operation or BadEnd. fails is called for each step that could not be
// planted in full, say because the process has no more descriptors, from many
// goroutines.
func New(leaks []soak.Leak, fails func(kind string, err error)) (*Planter, error) {
	p := &Planter{fails: fails}
	for _, l := range leaks {
		plant, ok := kinds[l.Kind]
		switch {
		case !ok:
			return nil, fmt.Errorf("leak %q: unknown kind %q: use %s", l.Text, l.Kind, strings.Join(Kinds(), ", "))
		case !(l.Amount > 0) || math.IsInf(l.Amount, 0):
			return nil, fmt.Errorf("leak %q: invalid amount %v: want more than 0", l.Text, l.Amount)
		case !oneStep(int64(l.Every), l.Operations, l.Dirty):
			return nil, fmt.Errorf("leak %q: want exactly one step: in time, in operations or in dirty sessions", l.Text)
		case l.Every > 0:
			p.timed = append(p.timed, leak{l, plant})
		case l.Operations > 0:
			p.operations.leaks = append(p.operations.leaks, leak{l, plant})
		default:
			p.dirty.leaks = append(p.dirty.leaks, leak{l, plant})
		}
	}
	return p, nil
}

// oneStep reports whether one of the steps is set, and none of the others.
func oneStep(steps ...int64) bool {
	slices.Sort(steps)
	n := len(steps)
	return steps[n-1] > 0 && steps[0] == 0 && steps[n-2] == 0
}

// Operation counts one operation served and plants what falls due with it. It
// may be called from many goroutines; without leaks by operation it costs nothing.
func (p *Planter) Operation() { p.count(&p.operations) }

// BadEnd counts one session that ended badly, in the same way.
func (p *Planter) BadEnd() { p.count(&p.dirty) }

func (p *Planter) count(c *counted) {
	if len(c.leaks) == 0 {
		return
	}
	n := c.n.Add(1)
	for _, l := range c.leaks {
		if due := l.after(n) - l.after(n-1); due > 0 {
			p.plant(l, due)
		}
	}
}

// Run plants the leaks by time until ctx ends. Time counts from the call.
func (p *Planter) Run(ctx context.Context) {
	if len(p.timed) == 0 {
		return
	}
	began := time.Now()
	planted := make([]int64, len(p.timed))
	for timer := time.NewTimer(0); ; {
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		elapsed := time.Since(began)
		next := time.Duration(math.MaxInt64)
		for i, l := range p.timed {
			if due := l.byTime(elapsed) - planted[i]; due > 0 {
				p.plant(l, due)
				planted[i] += due
			}
			next = min(next, l.dueAt(planted[i]+l.step()))
		}
		timer.Reset(max(next-elapsed, batch))
	}
}

func (p *Planter) plant(l leak, n int64) {
	if err := l.plant(n); err != nil {
		p.fails(l.Kind, err)
	}
}

// step is how many things, or bytes of heap, fall due together.
func (l leak) step() int64 {
	if l.Kind == "heap" {
		return heapStep
	}
	return 1
}

// byTime is how much is due at a time since the beginning, in whole steps.
func (l leak) byTime(elapsed time.Duration) int64 {
	n := int64(l.Amount * (float64(elapsed) / float64(l.Every)))
	return n - n%l.step()
}

// after is how much is due after n operations, or n sessions that ended badly.
func (l leak) after(n int64) int64 {
	return int64(l.Amount * float64(n) / float64(max(l.Operations, l.Dirty)))
}

// dueAt is the first time at which n is due.
func (l leak) dueAt(n int64) time.Duration {
	at := float64(n) / l.Amount * float64(l.Every)
	if at >= math.MaxInt64 {
		return math.MaxInt64
	}
	return time.Duration(math.Ceil(at))
}
