package main

import (
	"context"

	"soakmon/soak/bench"
)

// withIperf puts iperf3 beside direct TCP, where it is installed.
func (b *benchJob) withIperf(_ context.Context, all []bench.Contender) ([]bench.Contender, error) {
	return all, nil
}

func (b *benchJob) servePlan(_ context.Context, _ string) ([]bench.Contender, error) { return nil, nil }
func (b *benchJob) serveProgram(_ context.Context, _ string) ([]bench.Contender, error) {
	return nil, nil
}
func (b *benchJob) profile(_ context.Context, _ []bench.Contender, _ []bench.Row) []keptProfile {
	return nil
}
