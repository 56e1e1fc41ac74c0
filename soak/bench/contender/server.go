package contender

import (
	"context"
	"errors"
	"fmt"

	"soakmon/profiles"
	"soakmon/soak"
	"soakmon/soak/options"
	"soakmon/soak/runner"
	"soakmon/soak/supervise"
)

// serverProcess is a server that is measured: a target with a load that reaches
// it.
type serverProcess struct {
	target *supervise.Target
	load   soak.Workload
	stops  []func() error // stop what is in front of it, newest last
}

// startEmbedded serves a reference server; a proxy's clients ask for
// destination. serving are options of the server alone.
func startEmbedded(ctx context.Context, protocolName, destination string, serving soak.Options) (*serverProcess, error) {
	args, _ := runner.ServeArgs(soak.Plan{Target: soak.Target{Embedded: soak.Protocols{protocolName}}})
	if len(serving.JSON) > 0 {
		args = append(args, "--options", string(serving.JSON))
	}
	t, err := supervise.NewTarget(ctx, soak.Target{Embedded: soak.Protocols{protocolName}}, supervise.TargetOptions{Serve: args})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", protocolName, err)
	}
	s := &serverProcess{target: t, load: soak.Workload{Name: protocolName, Protocol: protocolName, Address: t.Address(), Destination: destination}}
	if s.load.Options, err = options.Merge(s.load.Options, soak.Options{JSON: t.Hello().Options}); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *serverProcess) process() (soak.Process, error) {
	p, up := s.target.Process()
	if !up {
		return p, errors.New("the server has ended")
	}
	return p, nil
}

// Load implements [bench.Server].
func (s *serverProcess) Load() soak.Workload { return s.load }

// CPU implements [bench.Server].
func (s *serverProcess) CPU() (float64, error) {
	p, err := s.process()
	if err != nil {
		return 0, err
	}
	return cpuOf(p)
}

// Memory implements [bench.Server].
func (s *serverProcess) Memory(ctx context.Context, collect bool) (float64, error) {
	p, err := s.process()
	if err != nil {
		return 0, err
	}
	if collect && p.Pprof != "" {
		if err := profiles.GC(ctx, p); err != nil {
			return 0, err
		}
	}
	return memoryOf(p)
}

// Close implements [bench.Server].
func (s *serverProcess) Close() error {
	var errs []error
	for i := len(s.stops) - 1; i >= 0; i-- {
		errs = append(errs, s.stops[i]())
	}
	return errors.Join(append(errs, s.target.Close(context.Background()))...)
}
