package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"soakmon/soak"
	"soakmon/soak/plan"
)

// targetFlags say what to watch and for how long; run and watch share them.
type targetFlags struct {
	pid                                   int
	pidfile, listen, pprof, vars, metrics string
	duration, interval, warmup            string
	tree                                  bool
	tolerance                             []string
}

func (f *targetFlags) add(flags *pflag.FlagSet) {
	flags.IntVar(&f.pid, "pid", 0, "soak the process with this pid")
	flags.StringVar(&f.pidfile, "pidfile", "", "soak the process whose pid is in this file")
	flags.StringVar(&f.listen, "listen", "", "soak the process that listens on HOST:PORT; :PORT means 127.0.0.1")
	flags.StringVar(&f.pprof, "pprof", "", "URL of the target's /debug/pprof/")
	flags.StringVar(&f.vars, "vars", "", "URL of the target's /debug/vars")
	flags.StringVar(&f.metrics, "metrics", "", "URL of the target's Prometheus page")
	flags.StringVar(&f.duration, "duration", "", "how long, such as 90s, 10m, 24h, 7d")
	flags.StringVar(&f.interval, "interval", "", "time between two samples")
	flags.StringVar(&f.warmup, "warmup", "", "beginning that is not judged")
	flags.BoolVar(&f.tree, "tree", true, "sample the target's children with it")
	flags.StringArrayVar(&f.tolerance, "tolerance", nil, "growth that is allowed, METRIC=Q, such as rss_bytes=1MiB/h; may be repeated")
}

// target lays these flags over a plan.
func (f *targetFlags) target(o *overlay, p *soak.Plan, command []string) {
	o.text("duration", func(v string) (err error) { p.Duration, err = plan.ParseDuration(v); return err })
	o.text("interval", func(v string) (err error) { p.Interval, err = plan.ParseDuration(v); return err })
	o.text("warmup", func(v string) (err error) { p.Warmup, err = plan.ParseDuration(v); return err })
	o.text("tree", func(string) error { p.Target.Tree = f.tree; return nil })
	o.text("tolerance", func(string) error { return f.setTolerance(p) })
	if o.any("pid", "pidfile", "listen") || len(command) > 0 {
		p.Target = soak.Target{Tree: p.Target.Tree, Command: command, PID: f.pid, PIDFile: f.pidfile, Leaks: p.Target.Leaks}
		o.text("listen", func(v string) (err error) { p.Target.Listen, err = plan.ParseAddress(v); return err })
	}
	o.text("pprof", func(v string) error { p.Target.Pprof = v; return nil })
	o.text("vars", func(v string) error { p.Target.Vars = v; return nil })
	o.text("metrics", func(v string) error { p.Target.Metrics = v; return nil })
}

func (f *targetFlags) setTolerance(p *soak.Plan) error {
	p.Tolerance = map[string]soak.Quantity{}
	for _, t := range f.tolerance {
		metric, text, ok := strings.Cut(t, "=")
		if !ok {
			return fmt.Errorf("%q: write METRIC=Q, such as rss_bytes=1MiB/h", t)
		}
		q, err := plan.ParseQuantity(text)
		if err != nil {
			return err
		}
		p.Tolerance[metric] = q
	}
	return nil
}

func parseDirty(texts []string) (map[string]float64, error) {
	dirty := map[string]float64{}
	for _, t := range texts {
		kind, text, ok := strings.Cut(t, "=")
		if !ok {
			return nil, fmt.Errorf("%q: write KIND=SHARE, such as rst=1%%", t)
		}
		share, err := plan.ParseShare(text)
		if err != nil {
			return nil, err
		}
		dirty[kind] = share
	}
	return dirty, nil
}

// overlay applies the flags that were given, and keeps every error.
type overlay struct {
	flags *pflag.FlagSet
	err   error
}

// text applies a flag if it was given.
func (o *overlay) text(name string, apply func(value string) error) {
	flag := o.flags.Lookup(name)
	if flag == nil || !flag.Changed {
		return
	}
	if err := apply(flag.Value.String()); err != nil {
		o.fail(fmt.Errorf("--%s: %w", name, err))
	}
}

// any reports whether one of the flags was given.
func (o *overlay) any(names ...string) bool {
	for _, name := range names {
		if o.flags.Changed(name) {
			return true
		}
	}
	return false
}

func (o *overlay) fail(err error) { o.err = errors.Join(o.err, err) }
