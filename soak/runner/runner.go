package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"soakmon/alerts/detect"
	"soakmon/alerts/sink"
	"soakmon/probes"
	"soakmon/profiles"
	"soakmon/soak"
	"soakmon/soak/control"
	"soakmon/soak/engine"
	"soakmon/soak/page"
	"soakmon/soak/plan"
	"soakmon/soak/report"
	"soakmon/soak/supervise"
	"soakmon/store"
)

// Config says what to run and what of it to show.
type Config struct {
	Command string    // "run" or "watch"
	Args    []string  // command line that makes such a run again
	Plan    soak.Plan // complete and checked
	Dir     string    // folder of the run files
	Version string    // of this program
	Page    string    // HOST:PORT to serve the web UI on during the run; empty: none
	Orders  Orders    // what people ask for
	Display Display
	Log     io.Writer // what child processes and sinks write
}

// Display shows a run to a person. Its methods are called by one goroutine at a
// time.
type Display interface {
	Say(format string, args ...any) // prints a line that stays
	Show(s engine.Status)           // shows the newest status
	Close()                         // ends the display of statuses; may be called again
}

// Run makes one run from its plan to its verdict and returns the path of its run
// file. Ending ctx ends the run at once; an interrupt or stop in c.Orders ends
// it with a verdict.
func Run(ctx context.Context, c Config) (path string, err error) {
	if path, err = c.record(ctx); err != nil {
		return "", err
	}
	return path, CompareWithEarlier(c.Dir, path, c.Plan, c.Log)
}

// record makes the run and returns the path of its file.
func (c Config) record(ctx context.Context) (path string, err error) {
	defer c.Display.Close()
	sinks, err := openSinks(c.Plan, c.Log)
	if err != nil {
		return "", err
	}
	if err := c.deliverLeftovers(sinks); err != nil {
		return "", err
	}
	verb := "starting"
	if t := c.Plan.Target; len(t.Embedded) == 0 && len(t.Command) == 0 {
		verb = "watching"
	}
	c.Display.Say("%s %s", verb, report.TargetText(plan.Redact(c.Plan).Target))
	target, err := supervise.NewTarget(ctx, c.Plan.Target, TargetOptions(c.Plan))
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, target.Close(context.WithoutCancel(ctx))) }()
	if err := Aim(&c.Plan, target); err != nil {
		return "", err
	}
	own := []soak.Process{monitorProcess()}
	relay, loads, err := Relayed(ctx, c.Plan, c.Log)
	if err != nil {
		return "", err
	}
	if relay != nil {
		defer relay.Stop()
		own = append(own, relay.process)
		c.Display.Say("network between driver and server: %s", c.Plan.Conditions)
	}
	var driver *driverProcess
	if c.Command == "run" {
		if driver, err = startDriver(ctx, c.Log); err != nil {
			return "", err
		}
		defer driver.stop()
		own = append(own, driver.process)
	}
	file, err := c.create(target.Facts())
	if err != nil {
		return "", err
	}
	path = file.path
	defer func() { err = errors.Join(err, file.Close()) }()
	c.Display.Say("recording to %s", path)
	if c.Page != "" {
		address, stop, err := page.Start(ctx, Self(), c.Dir, c.Page)
		if err != nil {
			return "", err
		}
		defer stop()
		c.Display.Say("page %s", page.Address(address, file.Run().ID))
	}
	defer startSinks(ctx, sinks, file)()
	c.Plan.Load = loads // the file has them as they were planned
	return path, c.observe(ctx, file, target, driver, relay, own)
}

// observe runs the engine over the started processes, and ends the file's head
// with how it went.
func (c Config) observe(ctx context.Context, file *runFile, target *supervise.Target, driver *driverProcess, relay *RelayProcess, own []soak.Process) error {
	socket, err := control.Serve(c.Dir, file.Run().ID, file.handlers(c.Orders))
	if err != nil {
		return err
	}
	defer socket.Close()
	config := engine.Config{
		ID: file.Run().ID, Plan: c.Plan, Facts: target.Facts(), Target: target, Own: own,
		Open: func(p soak.Process) engine.Sampler {
			return probes.Open(p, probes.Options{Judged: probes.Stretch{From: c.Plan.Warmup, To: c.Plan.Duration}})
		},
		Fetch:    profiles.Fetch,
		Recorder: file, Detector: detect.Judge{}, Orders: c.Orders, Asleep: asleep,
		Status: func(s engine.Status) { file.publish(s, socket); c.Display.Show(s) },
	}
	if driver != nil {
		config.Driver = driver
	}
	if relay != nil {
		config.Events = relay.events
	}
	ended, runErr := engine.Run(ctx, config)
	c.Display.Close()
	run := file.Run()
	run.End, run.Ended = time.Now(), ended
	if runErr != nil {
		run.Error = runErr.Error()
	}
	return errors.Join(runErr, file.SetRun(run))
}

// create makes the run file.
func (c Config) create(facts soak.Facts) (*runFile, error) {
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("folder of the run files: %w; name another with --dir", err)
	}
	start := time.Now()
	run := soak.Run{
		ID: store.NewID(start, c.Plan.Name), Name: c.Plan.Name, Command: c.Command, Args: plan.RedactArgs(c.Plan, c.Args), Plan: plan.Redact(c.Plan),
		Version: c.Version, Start: start, Target: facts, Host: HostFacts(), Metrics: engine.Metrics(),
	}
	path := filepath.Join(c.Dir, run.ID+".soak")
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
