package report

import (
	"fmt"
	"math"
	"time"

	"soakmon/alerts/detect"
	"soakmon/soak"
	"soakmon/soak/judge"
)

var nan = math.NaN()

// builder reads a stored run once.
type builder struct {
	src     Source
	run     soak.Run
	plan    soak.Plan
	running bool

	events  []soak.Event
	ticks   []time.Duration
	end     time.Duration
	phases  []soak.Phase
	history *stored
}

func (b *builder) read() (err error) {
	if b.events, err = b.src.Events(); err != nil {
		return err
	}
	if b.ticks, err = b.src.Ticks(); err != nil {
		return err
	}
	if n := len(b.ticks); n > 0 {
		b.end = b.ticks[n-1]
	}
	b.phases = judge.Phases(b.plan.Load, b.events, b.end)
	b.history = &stored{src: b.src, phases: b.phases, steady: map[soak.Name]soak.Series{}}
	return nil
}

// ended says why the run ended, as far as the file tells.
func (b *builder) ended() soak.End {
	switch {
	case b.running:
		return soak.EndRunning
	case b.run.Ended == "":
		return soak.EndKilled
	default:
		return b.run.Ended
	}
}

// last gives the newest measured value of a raw series, and 0 where there is none.
func (b *builder) last(process, name string) float64 {
	s, err := b.src.Series(process, name)
	if err != nil {
		return 0
	}
	for i := len(s.Value) - 1; i >= 0; i-- {
		if !math.IsNaN(s.Value[i]) {
			return s.Value[i]
		}
	}
	return 0
}

// stored is a judge.History over a stored run: the steady part of each series,
// reduced as the running monitor reduces it. It remembers the raw series read
// last, which rest samples are asked of next.
type stored struct {
	src    Source
	phases []soak.Phase
	name   soak.Name
	raw    soak.Series
	steady map[soak.Name]soak.Series // what was given out
}

func (h *stored) Names() []soak.Name { return h.src.Names() }

func (h *stored) Series(process, name string) (soak.Series, error) {
	if err := h.load(process, name); err != nil {
		return soak.Series{}, err
	}
	s := detect.Reduce(judge.Steady(h.raw, h.phases))
	h.steady[h.name] = s
	return s, nil
}

func (h *stored) Value(process, name string, at time.Duration) float64 {
	if h.load(process, name) != nil {
		return nan
	}
	return judge.At(h.raw, at)
}

func (h *stored) load(process, name string) error {
	n := soak.Name{Process: process, Name: name}
	if h.name == n {
		return nil
	}
	raw, err := h.src.Series(process, name)
	if err != nil {
		return fmt.Errorf("series %s of the %s: %w", name, process, err)
	}
	h.name, h.raw = n, raw
	return nil
}
