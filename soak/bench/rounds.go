package bench

import (
	"context"
	"fmt"
	"time"
)

// Plan is how to measure.
type Plan struct {
	Rounds       int           // that count; one more goes before, to warm up
	MemoryRounds int           // of them in which memory is measured
	Duration     time.Duration // of all, about
	Stress       bool          // many connections and large transfers as well, after the rounds
	OnlyStress   bool          // and no rounds
	StressTime   time.Duration // of each of its tests; 0 is 3 s
	Files        uint64        // file descriptors that a process may have

	Progress func(done, of int, what string) // called before each round of a contender; may be nil
}

// firstFailures are the steps after which a contender is given up.
const firstFailures = 3

// shortest slice of time for one measurement.
const shortest = 50 * time.Millisecond

// Run measures all contenders, round by round, each round in another order. It
// returns what it has when ctx ends, with ctx's error.
func Run(ctx context.Context, p Plan, contenders []Contender) ([]Row, error) {
	var all []*course
	for _, c := range contenders {
		all = append(all, newCourse(c))
	}
	var err error
	if !p.OnlyStress {
		err = p.rounds(ctx, all)
	}
	if p.Stress && err == nil {
		err = p.stress(ctx, all)
	}
	rows := make([]Row, 0, len(all))
	for _, c := range all {
		rows = append(rows, c.row())
	}
	return rows, err
}

func (p Plan) rounds(ctx context.Context, all []*course) error {
	slice := p.slice(all)
	for round := -1; round < p.Rounds; round++ {
		for i := range all {
			c := all[(i+max(round, 0))%len(all)]
			p.tell((round+1)*len(all)+i, (p.Rounds+1)*len(all), roundName(round, p.Rounds)+": "+c.Name)
			p.round(ctx, c, round, slice)
			if err := ctx.Err(); err != nil {
				return fmt.Errorf("stopped in round %d of %d: %w", round+1, p.Rounds, err)
			}
		}
	}
	return nil
}

func (p Plan) tell(done, of int, what string) {
	if p.Progress != nil {
		p.Progress(done, of, what)
	}
}

func roundName(round, of int) string {
	if round < 0 {
		return "warm-up"
	}
	return fmt.Sprintf("round %d of %d", round+1, of)
}

// round measures one contender. A step that failed twice in a row is not tried
// again: a contender that does not answer must not take the time of the others.
func (p Plan) round(ctx context.Context, c *course, round int, slice time.Duration) {
	for _, s := range steps {
		if c.Broken != nil || !c.does(s, round, p.MemoryRounds) || c.failures[s.name] >= 2 || ctx.Err() != nil {
			continue
		}
		if err := s.do(ctx, c, round, slice); err != nil {
			c.failures[s.name]++
			c.giveUp(err)
		} else {
			c.failures[s.name], c.worked = 0, true
		}
	}
	c.endRound(round)
}

// giveUp gives a contender up of which nothing has worked yet and the first
// steps failed.
func (c *course) giveUp(err error) {
	if len(c.failures) >= firstFailures && !c.worked && c.Broken == nil {
		c.Broken = err
	}
}

// slice divides the time among all measurements.
func (p Plan) slice(all []*course) time.Duration {
	var weight float64
	for round := -1; round < p.Rounds; round++ {
		for _, c := range all {
			for _, s := range steps {
				if c.does(s, round, p.MemoryRounds) {
					weight += s.weight
				}
			}
		}
	}
	return max(time.Duration(float64(p.Duration)/weight), shortest)
}
