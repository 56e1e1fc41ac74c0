package main

import (
	"fmt"
	"testing"
	"time"

	"soakmon/soak"
	"soakmon/soak/engine"
)

func TestLine_OneShortLine(t *testing.T) {
	series := []engine.SeriesStatus{
		{Process: soak.RoleTarget, Metric: "fds", Last: 204, Verdict: soak.Clean},
		{Process: soak.RoleTarget, Metric: "goroutines", Last: 355, Verdict: soak.Leaking, Growth: soak.Growth{Slope: 7180}},
		{Process: soak.RoleTarget, Metric: "rss_bytes", Unit: "bytes", Last: 30 << 20, Verdict: soak.Inconclusive},
		{Process: soak.RoleTarget, Metric: "threads", Last: 9, Verdict: soak.Clean},
		{Process: soak.RoleDriver, Metric: "fds", Last: 33, Verdict: soak.Leaking},
	}
	tcp := engine.LoadStatus{Name: "tcp", Planned: 200, Achieved: 199.96, Done: 2000, P50: 152e-6, P99: 6.45e-3}
	many := []engine.LoadStatus{tcp}
	for i := range 14 {
		many = append(many, engine.LoadStatus{Name: fmt.Sprintf("proxy%d", i), Planned: 13, Achieved: 12.99, Done: 130, P50: 1e-3, P99: float64(i) / 1e3})
	}
	lossy := append(many[:8:8], many[9:]...)
	lossy[5].Failed, lossy[5].Late = 1, 2
	lossy[3].Datagrams = &soak.Datagrams{Lost: 12, Reordered: 1}
	for want, s := range map[string]engine.Status{
		"[0:10, 1:50 left] steady    200/s of 200/s p50 152 µs p99 6.45 ms  fds 204  goroutines 355 LEAK +7180/h  rss 30 MiB": {
			Phase: "steady", Load: []engine.LoadStatus{tcp}, Series: series},
		"[0:10, 1:50 left] warmup    381.8/s of 382/s in 15 loads, worst proxy13: p50 1 ms p99 13 ms":                   {Phase: "warmup", Load: many},
		"[0:10, 1:50 left] steady    368.8/s of 369/s in 14 loads, worst proxy2: p50 1 ms p99 2 ms 12 lost 1 reordered": {Phase: "steady", Load: lossy},
		"[0:10, 1:50 left] rest    ": {Phase: "rest", Load: many},
	} {
		s.Elapsed, s.Remaining = 10*time.Second, 110*time.Second
		if got := line(s); got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
}
