package report

import (
	"strings"
	"testing"

	"soakmon/soak"
)

func TestBuild_LossBeyondLimit(t *testing.T) {
	for _, c := range []struct {
		share, allowed, conditions float64
		fault                      bool
	}{
		{0.005, 0.01, 0, false},
		{0.03, 0.01, 0, true},
		{0.03, 0.05, 0, false},
		{0.001, 0, 0, true},
		{0.0975, 0.01, 0.05, false}, // 5 % each way
		{0.15, 0.01, 0.05, true},
	} {
		m := goodRun()
		load := &m.run.Plan.Load[0]
		load.Network, load.MaxLoss = "udp", c.allowed
		if c.conditions > 0 {
			m.run.Plan.Conditions = &soak.Conditions{Loss: c.conditions}
		}
		var sent float64
		m.change(soak.RoleDriver, `operations_total{load="tcp"}`, func(_ int, v float64) float64 { sent = max(sent, v); return v * (1 - c.share) })
		m.add(soak.RoleDriver, `lost_datagrams_total{load="tcp"}`, func(int) float64 { return sent * c.share })
		r, err := Build(m, m, false)
		if err != nil {
			t.Fatal(err)
		}
		said := strings.Contains(strings.Join(r.Reasons, "\n"), "of the datagrams were lost")
		if said != c.fault || (r.Verdict == soak.Clean) == c.fault {
			t.Errorf("%+v: %s: %q", c, r.Verdict, r.Reasons)
		}
		var text strings.Builder
		if err := Text(&text, r); err != nil || !strings.Contains(text.String(), " lost") || r.Load[0].Datagrams.Lost != int64(sent*c.share) {
			t.Errorf("%v: %+v: %s", err, r.Load[0].Datagrams, text.String())
		}
	}
}
