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
	alerts  []soak.Alert
	ticks   []time.Duration
	end     time.Duration
	phases  []soak.Phase
	history *stored
}

func (b *builder) read() (err error) {
	if b.events, err = b.src.Events(); err != nil {
		return err
	}
	if b.alerts, err = b.src.Alerts(); err != nil {
		return err
	}
	if b.ticks, err = b.src.Ticks(); err != nil {
		return err
	}
	if n := len(b.ticks); n > 0 {
		b.end = b.ticks[n-1]
	}
	b.phases = judge.Phases(b.plan.Load, b.events, b.end)
	b.history = &stored{src: b.src, phases: b.phases, steady: map[soak.SeriesID]soak.Series{}}
	return nil
}

// ended says why the run ended, as far as the file records it.
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

// last returns the latest measured value of a raw series, or 0 if there is none.
func (b *builder) last(of soak.SeriesID) float64 {
	s, err := b.src.Series(of)
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
// reduced in the same way as by the running monitor. It caches the raw series read
// last, because the judge asks for its rest samples next.
type stored struct {
	src    Source
	phases []soak.Phase
	raw    soak.Series
	steady map[soak.SeriesID]soak.Series // as returned by Series
}

func (h *stored) Names() []soak.SeriesID { return h.src.Names() }

func (h *stored) Series(of soak.SeriesID) (soak.Series, error) {
	if err := h.load(of); err != nil {
		return soak.Series{}, err
	}
	s := detect.Reduce(judge.Steady(h.raw, h.phases))
	h.steady[of] = s
	return s, nil
}

func (h *stored) Value(of soak.SeriesID, at time.Duration) float64 {
	if h.load(of) != nil {
		return nan
	}
	return judge.At(h.raw, at)
}

func (h *stored) load(of soak.SeriesID) error {
	if h.raw.ID == of {
		return nil
	}
	raw, err := h.src.Series(of)
	if err != nil {
		return fmt.Errorf("series %s of the %s: %w", of.Metric, of.Process, err)
	}
	h.raw = raw
	return nil
}
