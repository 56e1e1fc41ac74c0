package judge

import (
	"testing"

	"soakmon/soak"
)

// says answers with the verdicts given by metric, else that the series is clean.
type says map[string]soak.Verdict

func (s says) Judge(q soak.Question) soak.Verdict {
	if v, ok := s[q.Series.ID.Metric]; ok {
		return v
	}
	return soak.Verdict{State: soak.Clean, Growth: soak.Growth{Slope: 0, Lo: -20, Hi: 20, MinDetectable: 90}, P: 1, Evidence: soak.EvidenceBoth}
}

func TestAll_PartIsCoveredByItsWhole(t *testing.T) {
	const part = `sockets{state="close_wait"}`
	few := soak.Verdict{State: soak.Inconclusive, Growth: soak.UnknownGrowth(), P: 1, Reason: "too few samples: 5"}
	suspect := few
	suspect.P = 0.02
	grows := soak.Verdict{State: soak.Leaking, Growth: soak.Growth{MinDetectable: 90}}
	for _, c := range []struct {
		what   string
		said   says
		series soak.Series
		rule   bool
		want   soak.State
		partOf string
	}{
		{"zeros", says{part: few}, every(part, 100, 600, flat(0)), false, soak.Clean, "fds"},
		{"risen by less than the whole would have shown", says{part: few}, every(part, 100, 600, func(i int) float64 { return float64(i / 100) }), false, soak.Clean, "fds"},
		{"risen by more", says{part: few}, every(part, 100, 600, func(i int) float64 { return float64(i / 10) }), false, soak.Inconclusive, ""},
		{"a sign of growth", says{part: suspect}, every(part, 100, 600, flat(0)), false, soak.Inconclusive, ""},
		{"never measured", says{part: few}, every(part, 100, 600, flat(nan)), false, soak.NotJudged, "fds"},
		{"the whole is undecided", says{part: few, "fds": few}, every(part, 100, 600, flat(0)), false, soak.NotJudged, "fds"},
		{"the whole grows", says{part: few, "fds": grows}, every(part, 100, 600, flat(0)), false, soak.NotJudged, "fds"},
		{"the part grows", says{part: grows}, every(part, 100, 600, flat(0)), false, soak.Leaking, ""},
		{"a rule asks for the part", says{part: few}, every(part, 100, 600, flat(0)), true, soak.Inconclusive, ""},
	} {
		run := steadyRun
		if c.rule {
			run.Plan.Rules = []soak.Rule{{Name: "r", Metric: "sockets"}}
		}
		all, err := All(memory{name("target", "fds"): every("fds", 100, 600, flat(9)), name("target", part): c.series}, run, c.said)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := of(all, part)
		if got.Verdict.State != c.want || got.PartOf != c.partOf {
			t.Errorf("%s: %s, part of %q; want %s, part of %q", c.what, got.Verdict.State, got.PartOf, c.want, c.partOf)
		}
		if got.Verdict.State == soak.Clean && got.Verdict.MinDetectable != 90 {
			t.Errorf("%s: detectable %v, want that of the whole", c.what, got.Verdict.MinDetectable)
		}
	}
}

func TestAll_ThreadsCoverChildrenOfTree(t *testing.T) {
	few := soak.Verdict{State: soak.Inconclusive, Growth: soak.UnknownGrowth(), P: 1}
	h := memory{name("target", "threads"): every("threads", 100, 600, flat(9)), name("target", "children"): every("children", 100, 600, flat(0))}
	for tree, want := range map[bool]soak.State{true: soak.Clean, false: soak.Inconclusive} {
		run := steadyRun
		run.Plan.Target.Tree = tree
		all, err := All(h, run, says{"children": few})
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := of(all, "children"); got.Verdict.State != want {
			t.Errorf("tree %v: %s, want %s", tree, got.Verdict.State, want)
		}
	}
}
