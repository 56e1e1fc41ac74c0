package compare

import (
	"fmt"
	"strings"
	"testing"

	"soakmon/soak"
	"soakmon/soak/report"
)

// usual are earlier runs whose levels differ by about one percent.
func usual(n int) (all []report.Report) {
	for i := range n {
		wobble := 1 + 0.01*float64(i%3-1)
		all = append(all, run(fmt.Sprint("before-", i), 0, 1, 100*mib*wobble, 0.010*wobble, 200))
	}
	return all
}

func TestRegression_Threshold(t *testing.T) {
	for name, c := range map[string]struct {
		run   report.Report
		share float64
		want  []string
	}{
		"as before":              {run("n", 0, 1, 101*mib, 0.0101, 200), 0.05, nil},
		"it is slower":           {run("n", 0, 1, 100*mib, 0.015, 200), 0.05, []string{"latency_seconds"}},
		"it is larger, and slow": {run("n", 0, 1, 130*mib, 0.010, 150), 0.05, []string{"rss_bytes", "operations_total"}},
		"below the share":        {run("n", 0, 1, 130*mib, 0.010, 200), 0.5, nil},
		"it is better":           {run("n", 0, 1, 50*mib, 0.005, 300), 0.05, nil},
		"within the variation":   {run("n", 0, 1, 102*mib, 0.010, 200), 0.001, nil},
		"growth does not count":  {run("n", 50*mib, 1, 100*mib, 0.010, 200), 0.05, nil},
	} {
		got := Regression(c.run, usual(6), c.share)
		if got.Note != "" || len(got.Before) != 6 || len(got.Worse) != len(c.want) {
			t.Errorf("%s: %+v", name, got)
			continue
		}
		for i, want := range c.want {
			if !strings.HasPrefix(got.Worse[i].Metric, want) {
				t.Errorf("%s: %s regressed, want %s", name, got.Worse[i].Metric, want)
			}
		}
	}
}

func TestRegression_TooFewRuns(t *testing.T) {
	other := usual(3)
	other[1].Load[0].Planned = 400 // a different load
	if got := Regression(run("n", 0, 1, 200*mib, 1, 20), other, 0.05); len(got.Before) != 2 || len(got.Worse) != 0 || !strings.Contains(got.Note, "2 earlier runs") {
		t.Errorf("%+v", got)
	}
}

func TestRegression_CountsInconclusiveRuns(t *testing.T) {
	before := usual(3)
	before[0].Verdict = soak.Inconclusive
	if got := Regression(run("n", 0, 1, 100*mib, 0.01, 200), before, 0.05); len(got.Before) != 3 {
		t.Errorf("%+v", got)
	}
}
