package bench_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"soakmon/soak"
	"soakmon/soak/bench"
)

func contenders(t *testing.T) []bench.Contender {
	t.Helper()
	fresh := func(name string) func(context.Context) (bench.Server, error) {
		return func(context.Context) (bench.Server, error) { return serve(t, name, soak.Options{}), nil }
	}
	make := func(name, protocol string, streams bool) bench.Contender {
		return bench.Contender{Subject: bench.Subject{Name: name, Protocol: protocol, Server: "here", Client: bench.OwnClient},
			Client: client(t), Server: serve(t, protocol, soak.Options{}), Streams: streams, Fresh: fresh(protocol)}
	}
	return []bench.Contender{make(bench.Direct, "tcp", true), make(bench.Relay, "tcp_relay", true), make("http", "http", false)}
}

func TestRun_MeasuresEveryFigure(t *testing.T) {
	var told []string
	plan := bench.Plan{Rounds: 2, MemoryRounds: 1, Duration: time.Second, Progress: func(_, _ int, what string) { told = append(told, what) }}
	rows, err := bench.Run(context.Background(), plan, contenders(t))
	if err != nil {
		t.Fatal(err)
	}
	r := bench.Result{Rows: rows, Rounds: plan.Rounds}
	r.Finish(false, bench.DefaultBounds)
	for _, row := range r.Rows {
		for _, k := range bench.Kinds {
			f, ok := row.Figure(k.Name)
			want := plan.Rounds
			if k.Unit == "bytes" {
				want = plan.MemoryRounds
			}
			if !ok && row.Name == "http" && (k.Name == "up" || k.Name == "down") {
				continue
			}
			// A slow machine may be short of the operations that a p95 or p99 needs, and
			// reports it.
			tail := strings.HasSuffix(k.Name, "_p95") || strings.HasSuffix(k.Name, "_p99")
			short := tail && strings.Contains(f.Missing, "too few")
			if !ok || len(f.Values) != want || !short && (!(f.Median > 0) || f.Missing != "") {
				t.Errorf("%s %s: %+v", row.Name, k.Name, f)
			}
			if row.Name != bench.Direct && (f.Direct == nil || f.Direct.N != want && !tail) {
				t.Errorf("%s %s: ratio to direct TCP: %+v", row.Name, k.Name, f.Direct)
			}
		}
	}
	if len(told) != 3*3 || told[0] != "warm-up: direct TCP" || told[8] != "round 2 of 2: direct TCP" {
		t.Errorf("%d steps were reported: %q", len(told), told)
	}
}

func TestRun_DeadContender(t *testing.T) {
	all := contenders(t)
	all[2].Server.Close()
	all[2].Fresh = func(context.Context) (bench.Server, error) { return nil, errors.New("does not start") }
	begun := time.Now()
	rows, err := bench.Run(context.Background(), bench.Plan{Rounds: 2, MemoryRounds: 2, Duration: time.Second}, all)
	if err != nil || time.Since(begun) > 30*time.Second {
		t.Fatalf("%v after %v", err, time.Since(begun))
	}
	for _, f := range rows[2].Figures {
		if f.N != 0 || !math.IsNaN(float64(f.Median)) || f.Missing == "" {
			t.Errorf("%s of a dead server: %+v", f.Name, f)
		}
	}
	if len(rows[2].Notes) != 1 || !strings.Contains(rows[2].Notes[0], "http was not measured: ") {
		t.Error(rows[2].Notes)
	}
	r := bench.Result{Rows: rows, Rounds: 2}
	r.Finish(true, map[string]soak.Bounds{"http": {Latency: 1000}})
	if r.ExitCode != 3 || !strings.Contains(r.Reasons[0], "refused") {
		t.Errorf("exit code %d: %q", r.ExitCode, r.Reasons)
	}
}

func TestRun_Interrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	plan := bench.Plan{Rounds: 6, Duration: time.Second, Progress: func(done, _ int, _ string) {
		if done == 4 {
			cancel()
		}
	}}
	rows, err := bench.Run(ctx, plan, contenders(t))
	if !errors.Is(err, context.Canceled) || len(rows) != 3 {
		t.Errorf("%v, %d rows", err, len(rows))
	}
}

func TestStress_HoldsManyConnections(t *testing.T) {
	all := contenders(t)[1:2]
	all[0].Streams = false // 1 GiB would take long with the race detector
	rows, err := bench.Run(context.Background(), bench.Plan{OnlyStress: true, Stress: true, StressTime: 200 * time.Millisecond, Files: 1300}, all)
	if err != nil {
		t.Fatal(err)
	}
	r := bench.Result{Rows: rows}
	r.Finish(false, nil)
	for _, row := range r.Rows {
		found := map[string]bench.Trial{}
		for _, one := range row.Trials {
			found[one.Name] = one
		}
		if one := found["concurrent_500"]; !(one.Value > 0) || !(one.P99 > 0) || !(one.Memory > 0) || one.Verdict != bench.Met {
			t.Errorf("%s: %+v", row.Name, one)
		}
		if one := found["concurrent_5000"]; !strings.Contains(one.Missing, "10200 file descriptors") {
			t.Errorf("%s: %+v", row.Name, one)
		}
		if !(found["connection_rate"].Value > 100) {
			t.Errorf("%s: %+v", row.Name, found)
		}
	}
}
