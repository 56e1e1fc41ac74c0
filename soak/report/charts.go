package report

import (
	"time"

	"soakmon/soak/chart"
)

// Charts are the charts of a report, over the whole run.
type Charts struct {
	chart.Drawing
	Marks  []chart.Mark  `json:"marks"`
	Shades []chart.Shade `json:"shades"`
}

// reportBuckets is the number of buckets of a chart in a report: a day of 50 series
// stays below 1 MiB of HTML, and a bucket is two pixels wide on a wide screen.
const reportBuckets = 480

// Draw reads the charts of a stored run for its report.
func Draw(src Source) (Charts, error) {
	c, end, err := Marks(src)
	if err != nil {
		return c, err
	}
	run := src.Run()
	all := chart.Layout(src.Names(), run.Metrics, run.Plan)
	c.Drawing, err = chart.Draw(src, all, chart.Fit(0, end, run.Plan.Interval, reportBuckets))
	return c, err
}

// Marks reads the marks and shaded intervals of a run's charts, and its recorded length.
func Marks(src Source) (c Charts, end time.Duration, err error) {
	events, err := src.Events()
	if err != nil {
		return c, 0, err
	}
	ticks, err := src.Ticks()
	if err != nil {
		return c, 0, err
	}
	if n := len(ticks); n > 0 {
		end = ticks[n-1]
	}
	c.Marks, c.Shades = chart.Marks(src.Run().Plan, events, end)
	return c, end, nil
}

// curve returns the values of a series in the charts, or nil if it has none.
func (c Charts) curve(process, metric string) []float64 {
	for _, p := range c.Charts {
		for i, l := range p.Lines {
			if l.Process == process && l.Name == metric {
				return p.Curves[i].Values()
			}
		}
	}
	return nil
}
