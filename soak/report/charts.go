package report

import (
	"time"

	"soakmon/soak/chart"
)

// Charts are the pictures that stand in a report, over the whole of the run.
type Charts struct {
	chart.Drawing
	Marks  []chart.Mark  `json:"marks"`
	Shades []chart.Shade `json:"shades"`
}

// reportBuckets is how many buckets a chart in a report has: a day of 50 series
// stays below 1 MiB of HTML, and a column of a wide screen is two pixels.
const reportBuckets = 480

// Draw reads the charts of a stored run for its report.
func Draw(src Source) (Charts, error) {
	run := src.Run()
	events, err := src.Events()
	if err != nil {
		return Charts{}, err
	}
	ticks, err := src.Ticks()
	if err != nil {
		return Charts{}, err
	}
	end := time.Duration(0)
	if n := len(ticks); n > 0 {
		end = ticks[n-1]
	}
	var c Charts
	c.Marks, c.Shades = chart.Marks(run.Plan, events, end)
	all := chart.Layout(src.Names(), run.Metrics, run.Plan)
	c.Drawing, err = chart.Draw(src, all, chart.Fit(0, end, run.Plan.Interval, reportBuckets))
	return c, err
}

// curve finds the values of a series in the charts; nil where there are none.
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
