package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"soakmon/alerts/detect"
	"soakmon/alerts/sink"
	"soakmon/probes"
	"soakmon/profiles"
	"soakmon/soak"
	"soakmon/soak/control"
	"soakmon/soak/engine"
	"soakmon/soak/plan"
	"soakmon/soak/supervise"
	"soakmon/store"
)

// job is one run or watch from its plan to its report.
//
//	plan ─▶ target, driver ─▶ engine ─▶ run file ─▶ report
//	                            │          ├─▶ outbox ─▶ sinks
//	                            └─▶ status ─▶ terminal, control socket
type job struct {
	command string // "run" or "watch"
	plan    soak.Plan
	dir     string
	format  string
	quiet   bool
	web     bool   // serve the page meanwhile
	addr    string // where
	streams streams
}

// do runs the job and prints its report; the error carries the exit code.
func (j job) do() error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	orders, stopSignals := signalOrders(cancel)
	defer stopSignals()
	path, err := j.record(ctx, orders)
	if err != nil {
		return err
	}
	if err := j.against(path); err != nil {
		return err
	}
	r, charts, err := readForFormat(path, j.format)
	if err != nil {
		return err
	}
	if err := writeReport(j.streams.out, r, charts, j.format); err != nil {
		return err
	}
	if j.format == "text" {
		fmt.Fprintf(j.streams.out, "file %s\n", path)
	}
	return exitCode(r.ExitCode)
}

// record makes the run and returns the path of its file.
func (j job) record(ctx context.Context, orders chan soak.Order) (path string, err error) {
	progress := newProgress(j)
	progress.open(ctx, orderer(orders), false)
	defer progress.done()
	sinks, err := openSinks(j.plan, progress.errors(os.Stderr))
	if err != nil {
		return "", err
	}
	if err := j.deliverLeftovers(sinks, progress); err != nil {
		return "", err
	}
	progress.say("starting %s", describeTarget(j.plan.Target))
	target, err := supervise.NewTarget(ctx, j.plan.Target, targetOptions(j.plan))
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, target.Close(context.WithoutCancel(ctx))) }()
	if err := aim(&j.plan, target); err != nil {
		return "", err
	}
	own := []soak.Process{monitorProcess()}
	relay, loads, err := relayed(ctx, j.plan, progress.errors(j.streams.err))
	if err != nil {
		return "", err
	}
	if relay != nil {
		defer relay.stop()
		own = append(own, relay.process)
		progress.say("network between driver and server: %s", j.plan.Conditions)
	}
	var driver *driverProcess
	if j.command == "run" {
		if driver, err = startDriver(ctx, progress.errors(j.streams.err)); err != nil {
			return "", err
		}
		defer driver.stop()
		own = append(own, driver.process)
	}
	file, err := j.create(target.Facts())
	if err != nil {
		return "", err
	}
	path = file.path
	defer func() { err = errors.Join(err, file.Close()) }()
	progress.say("recording to %s", path)
	if j.web {
		address, stop, err := startPage(ctx, j.dir, j.addr)
		if err != nil {
			return "", err
		}
		defer stop()
		progress.say("page %s", pageOf(address, file.Run().ID))
	}
	defer startSinks(ctx, sinks, file)()
	j.plan.Load = loads // the file has them as they were planned
	return path, j.observe(ctx, file, target, driver, relay, own, orders, progress)
}

// observe runs the engine over the started processes, and ends the file's head
// with how it went.
func (j job) observe(ctx context.Context, file *runFile, target *supervise.Target, driver *driverProcess, relay *relayProcess, own []soak.Process, orders chan soak.Order, p *progress) error {
	socket, err := control.Serve(j.dir, file.Run().ID, file.handlers(orders))
	if err != nil {
		return err
	}
	defer socket.Close()
	config := engine.Config{
		ID: file.Run().ID, Plan: j.plan, Facts: target.Facts(), Target: target, Own: own,
		Open:     func(p soak.Process) engine.Sampler { return probes.Open(p, probes.Options{}) },
		Fetch:    profiles.Fetch,
		Recorder: file, Detector: detect.Judge{}, Orders: orders, Asleep: asleep,
		Status: func(s engine.Status) { file.publish(s, socket); p.show(s) },
	}
	if driver != nil {
		config.Driver = driver
	}
	if relay != nil {
		config.Events = relay.events
	}
	ended, runErr := engine.Run(ctx, config)
	p.done()
	run := file.Run()
	run.End, run.Ended = time.Now(), ended
	if runErr != nil {
		run.Error = runErr.Error()
	}
	return errors.Join(runErr, file.SetRun(run))
}

// create makes the run file.
func (j job) create(facts soak.Facts) (*runFile, error) {
	if err := os.MkdirAll(j.dir, 0o700); err != nil {
		return nil, fmt.Errorf("folder of the run files: %w; name another with --dir", err)
	}
	start := time.Now()
	run := soak.Run{
		ID: store.NewID(start, j.plan.Name), Name: j.plan.Name, Command: j.command, Plan: plan.Redact(j.plan),
		Version: version, Start: start, Target: facts, Host: hostFacts(), Metrics: engine.Metrics(),
	}
	path := filepath.Join(j.dir, run.ID+".soak")
	w, err := store.Create(path, run, store.Options{})
	if err != nil {
		return nil, err
	}
	return newRunFile(w, path), nil
}

// startSinks delivers alerts until the returned function is called.
func startSinks(ctx context.Context, sinks map[string]sink.Sink, file *runFile) (stop func()) {
	if len(sinks) == 0 {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		sink.Pump(ctx, file, sinks, file.raised, file.noteNow)
	}()
	return func() { cancel(); <-done }
}

func openSinks(p soak.Plan, log io.Writer) (map[string]sink.Sink, error) {
	sinks := map[string]sink.Sink{}
	for i, spec := range p.Sinks {
		s, err := sink.New(spec, sink.Env{Log: slog.New(slog.NewTextHandler(log, nil))})
		if err != nil {
			return nil, err
		}
		sinks[fmt.Sprintf("%d-%s", i, spec.Type)] = s
	}
	return sinks, nil
}

// signalOrders turns the first SIGINT or SIGTERM into an order to end the run
// with a verdict, and the second into an end at once.
func signalOrders(now context.CancelFunc) (orders chan soak.Order, stop func()) {
	orders = make(chan soak.Order, 8)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		for n := 0; ; n++ {
			select {
			case <-done:
				return
			case <-signals:
				if n > 0 {
					now()
					return
				}
				orders <- soak.OrderInterrupt
			}
		}
	}()
	return orders, func() { signal.Stop(signals); close(done) }
}
