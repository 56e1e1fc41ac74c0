package main

import (
	"cmp"
	"fmt"
	"strings"

	"soakmon/soak"
	"soakmon/soak/engine"
	"soakmon/soak/human"
)

// line is the status in one line, however many loads and series there are: what
// all loads do together, the worst of them, the target's size, and what grows.
func line(s engine.Status) string {
	parts := []string{fmt.Sprintf("%s %-8s", clockOf(s), s.Phase)}
	if len(s.Load) > 0 && s.Phase.Loading() {
		parts = append(parts, loadLine(s))
	}
	for _, r := range s.Series {
		leaks := r.Verdict == soak.Leaking
		if r.Process != soak.RoleTarget || !leaks && r.Metric != "rss_bytes" && r.Metric != "fds" && r.Metric != "goroutines" {
			continue
		}
		text := strings.TrimSuffix(r.Metric, "_bytes") + " " + human.Amount(r.Last, r.Unit)
		if leaks {
			text += " LEAK " + human.Growth(r.Slope, r.Unit)
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "  ")
}

// loadLine is what all loads do, and where there are several, which is the worst.
func loadLine(s engine.Status) string {
	all, worst := s.Together(), s.Worst()[0]
	text := fmt.Sprintf("%.4g/s of %.4g/s", all.Achieved, all.Planned)
	if len(s.Load) == 1 {
		return text + quality(worst)
	}
	return fmt.Sprintf("%s in %d loads, worst %s:%s", text, len(s.Load), worst.Name, quality(worst))
}

// quality is how well a load goes.
func quality(l engine.LoadStatus) (text string) {
	if l.Done > 0 {
		text = fmt.Sprintf(" p50 %s p99 %s", human.Seconds(l.P50), human.Seconds(l.P99))
	}
	d := cmp.Or(l.Datagrams, &soak.Datagrams{})
	for _, c := range []struct {
		n    int64
		what string
	}{{l.Failed, "failed"}, {l.Late, "late"}, {d.Lost, "lost"}, {d.Reordered, "reordered"}, {d.Duplicated, "duplicated"}, {d.Foreign, "foreign"}} {
		if c.n > 0 {
			text += fmt.Sprintf(" %d %s", c.n, c.what)
		}
	}
	return text
}
