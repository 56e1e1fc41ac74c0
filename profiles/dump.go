package profiles

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/DataDog/gostackparse"
)

// Cluster is the goroutines of a dump with the same stack.
type Cluster struct {
	Stack     Stack
	CreatedBy Frame  // the go statement; zero for main, and if the dump lacks it
	State     string // the most common state: "chan receive", "select", "IO wait", …
	Count     int
	Oldest    time.Duration // longest wait, in whole minutes; 0 below one
	Locked    int           // number of goroutines that are locked to a thread
}

// Place is the culprit of the cluster's stack, or the go statement if the whole stack
// is in the standard library.
func (c Cluster) Place() Frame {
	f := c.Stack.Culprit()
	if within(f.Package(), standard) && c.CreatedBy.Function != "" && !within(c.CreatedBy.Package(), standard) {
		return c.CreatedBy
	}
	return f
}

// Clusters reads a goroutine dump and returns its clusters, the largest first. It skips
// goroutines that it cannot parse, and returns [ErrNotProfile] if there are no others.
func Clusters(dump []byte) (all []Cluster, err error) {
	if err := checkDump(dump); err != nil {
		return nil, err
	}
	defer func() {
		if crash := recover(); crash != nil {
			all, err = nil, fmt.Errorf("%w: the parser crashed: %v", ErrNotProfile, crash)
		}
	}()
	goroutines, errs := gostackparse.Parse(bytes.NewReader(dump))
	if len(goroutines) == 0 {
		return nil, fmt.Errorf("%w: no goroutine in a dump of %d bytes (%d errors)", ErrNotProfile, len(dump), len(errs))
	}
	index := map[string]int{}
	var states []map[string]int
	for _, g := range goroutines {
		stack := stackIn(g)
		created := frameIn(g.CreatedBy)
		key := fmt.Sprint(stack, created)
		i, ok := index[key]
		if !ok {
			i = len(all)
			index[key] = i
			all = append(all, Cluster{Stack: stack, CreatedBy: created})
			states = append(states, map[string]int{})
		}
		all[i].take(g)
		states[i][g.State]++
	}
	for i := range all {
		all[i].State = commonest(states[i])
	}
	slices.SortStableFunc(all, func(a, b Cluster) int { return cmp.Compare(b.Count, a.Count) })
	return all, nil
}

func (c *Cluster) take(g *gostackparse.Goroutine) {
	c.Count++
	c.Oldest = max(c.Oldest, g.Wait)
	if g.LockedToThread {
		c.Locked++
	}
}

func stackIn(g *gostackparse.Goroutine) Stack {
	s := make(Stack, len(g.Stack))
	for i, f := range g.Stack {
		s[i] = frameIn(f)
	}
	return s
}

func frameIn(f *gostackparse.Frame) Frame {
	if f == nil {
		return Frame{}
	}
	return Frame{Function: f.Func, File: f.File, Line: f.Line}
}

func commonest(n map[string]int) (state string) {
	for s, count := range n {
		if count > n[state] || count == n[state] && s < state {
			state = s
		}
	}
	return state
}
