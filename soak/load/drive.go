package load

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"sync"
	"time"

	"soakmon/soak"
)

// grace is how long sessions may take to end once they are cut off.
const grace = 5 * time.Second

// DriveOptions are what a driver needs from the program around it.
type DriveOptions struct {
	Open  func(soak.Workload) (Opener, error) // makes a load's opener; the driver closes it
	Pprof string                              // URL of the driver's own debug pages, for the first tally

	sleepUntil func(time.Time) // nil: exactSleep
}

// Drive is the whole driver: it reads soak.Command lines from in and writes
// soak.Tally lines to out, one at once ("ready"), then one per interval from the
// first start on, and a last one ("stopped").
//
// It returns after a stop, when in is at its end (the monitor is gone) or when
// ctx is done. Before a stop the operations under way end; otherwise they are
// cut off. A goroutine stays in in.Read until that returns, unless the last
// command was a stop.
func Drive(ctx context.Context, in io.Reader, out io.Writer, o DriveOptions) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if o.sleepUntil == nil {
		o.sleepUntil = exactSleep
	}
	d := &driver{options: o, out: json.NewEncoder(out), state: soak.DriverReady, lag: newRecorder(), ticker: time.NewTicker(time.Hour), warned: map[string]bool{}}
	d.ticker.Stop()
	commands := make(chan soak.Command)
	readErr := make(chan error, 1)
	go func() { readErr <- read(ctx, in, commands) }()
	obeyed := make(chan error, 1)
	go func() { obeyed <- d.obey(ctx, commands) }()

	err := d.write(o.Pprof)
	if err == nil {
		err = d.report(readErr, obeyed)
	}
	cancel()
	return errors.Join(err, d.close())
}

// driver is the state of Drive. obey changes the loads, report reads them.
type driver struct {
	options DriveOptions
	out     *json.Encoder
	seq     uint64
	lag     *recorder
	ticker  *time.Ticker
	ending  sync.Mutex // held by obey: loads are under its command

	mu       sync.Mutex
	state    soak.DriverState
	loads    []*workload
	warnings []string
	warned   map[string]bool
}

// read passes the commands on until in ends or a stop is read.
func read(ctx context.Context, in io.Reader, commands chan<- soak.Command) error {
	lines := json.NewDecoder(in)
	for {
		var c soak.Command
		if err := lines.Decode(&c); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("driver: read a command: %w", err)
		}
		select {
		case commands <- c:
		case <-ctx.Done():
			return nil
		}
		if c.Do == soak.DoStop {
			<-ctx.Done()
			return nil
		}
	}
}

// report writes a tally per tick until the driver is stopped or in ends.
func (d *driver) report(readErr, obeyed <-chan error) error {
	for {
		select {
		case err := <-readErr:
			return err
		case err := <-obeyed:
			return err
		case <-d.ticker.C:
			if err := d.write(""); err != nil {
				return err
			}
		}
	}
}

// obey executes commands, one after the other, until a stop.
func (d *driver) obey(ctx context.Context, commands <-chan soak.Command) error {
	d.ending.Lock()
	defer d.ending.Unlock()
	for {
		select {
		case <-ctx.Done():
			return nil
		case c := <-commands:
			if err := d.execute(ctx, c); err != nil || c.Do == soak.DoStop {
				return err
			}
		}
	}
}

func (d *driver) execute(ctx context.Context, c soak.Command) error {
	switch c.Do {
	case soak.DoStart:
		return d.start(ctx, c)
	case soak.DoRate:
		return d.rate(c)
	case soak.DoPause:
		d.rest(soak.DriverPausing, soak.DriverPaused, (*workload).pause)
	case soak.DoDrain, soak.DoStop:
		d.rest(soak.DriverDraining, soak.DriverDrained, (*workload).drain)
	default:
		return fmt.Errorf("driver: unknown command %q", c.Do)
	}
	return nil
}

func (d *driver) start(ctx context.Context, c soak.Command) error {
	if d.loads == nil {
		if c.Interval <= 0 {
			return fmt.Errorf("driver: invalid interval %v of the first start: want more than 0", c.Interval)
		}
		for _, spec := range c.Loads {
			if err := d.open(ctx, spec); err != nil {
				return err
			}
		}
		d.ticker.Reset(c.Interval)
	}
	for _, w := range d.loads {
		w.start()
	}
	d.enter(soak.DriverLoad)
	return nil
}

func (d *driver) open(ctx context.Context, spec soak.Workload) error {
	opener, err := d.options.Open(spec)
	if err != nil {
		return fmt.Errorf("load %q: %w", spec.Name, err)
	}
	if err := validate(spec, opener); err != nil {
		return errors.Join(err, opener.Close())
	}
	w := newWorkload(ctx, spec, opener, d.lag)
	w.sleepUntil, w.warn = d.options.sleepUntil, d.warn
	d.mu.Lock()
	d.loads = append(d.loads, w)
	d.mu.Unlock()
	return nil
}

func (d *driver) rate(c soak.Command) error {
	if !(c.Factor >= 0) || math.IsInf(c.Factor, 0) {
		return fmt.Errorf("driver: invalid rate factor %v: want 0 or more", c.Factor)
	}
	for _, w := range d.loads {
		if c.Load == "" || c.Load == w.spec.Name {
			w.setFactor(c.Factor)
		}
	}
	return nil
}

// rest brings all loads to rest, at the same time.
func (d *driver) rest(during, after soak.DriverState, how func(*workload)) {
	d.enter(during)
	var all sync.WaitGroup
	for _, w := range d.loads {
		all.Go(func() { how(w) })
	}
	all.Wait()
	d.enter(after)
}

func (d *driver) enter(state soak.DriverState) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.state = state
}

// warn puts text into the next tally, once per text.
func (d *driver) warn(text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.warned) < 100 && !d.warned[text] {
		d.warned[text] = true
		d.warnings = append(d.warnings, text)
	}
}

// write sends a tally.
func (d *driver) write(pprof string) error {
	d.mu.Lock()
	t := soak.Tally{Seq: d.seq, Wall: time.Now(), State: d.state, Pprof: pprof, Warning: strings.Join(d.warnings, "; ")}
	d.warnings = nil
	loads := d.loads
	d.mu.Unlock()
	d.seq++
	for _, w := range loads {
		t.Loads = append(t.Loads, w.tally(time.Now()))
	}
	t.Pacer = d.lag.flush()
	if err := d.out.Encode(t); err != nil {
		return fmt.Errorf("driver: write a tally: %w", err)
	}
	return nil
}

// close ends the loads and sends the last tally. It waits at most grace for
// sessions that do not end.
func (d *driver) close() error {
	d.ticker.Stop()
	closed := make(chan error, 1)
	go func() { closed <- d.closeLoads() }()
	select {
	case err := <-closed:
		d.enter(soak.DriverStopped)
		return errors.Join(err, d.write(""))
	case <-time.After(grace):
		return fmt.Errorf("driver: sessions did not end within %v after they were cut off", grace)
	}
}

func (d *driver) closeLoads() error {
	d.ending.Lock()
	defer d.ending.Unlock()
	d.rest(soak.DriverDraining, soak.DriverStopped, (*workload).drain)
	var err error
	for _, w := range d.loads {
		err = errors.Join(err, w.opener.Close())
	}
	return err
}
