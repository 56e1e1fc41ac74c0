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
	tree, untilDecided                    bool
	tolerance                             []string
}

func (f *targetFlags) add(flags *pflag.FlagSet) {
	inGroup(flags, groupTarget, func(flags *pflag.FlagSet) {
		flags.IntVar(&f.pid, "pid", 0, "watch the process with this `PID`")
		flags.StringVar(&f.pidfile, "pidfile", "", "watch the process whose pid is in `FILE`")
		flags.StringVar(&f.listen, "listen", "", "watch the process that listens on `HOST:PORT`; :PORT means 127.0.0.1")
		flags.StringVar(&f.pprof, "pprof", "", "`URL` of the target's /debug/pprof/")
		flags.StringVar(&f.vars, "vars", "", "`URL` of the target's /debug/vars")
		flags.StringVar(&f.metrics, "metrics", "", "`URL` of the target's Prometheus metrics, which show the heap of a JVM, .NET or Node.js")
		flags.BoolVar(&f.tree, "tree", true, "include the target's child processes")
	})
	inGroup(flags, groupVerdict, func(flags *pflag.FlagSet) {
		flags.StringVar(&f.duration, "duration", "", "`DURATION` of the run, such as 90s, 10m, 24h or 7d (default 2m)")
		flags.BoolVar(&f.untilDecided, "until-decided", false, "end as soon as every judged series is decided, after at least half of the duration")
		flags.StringVar(&f.warmup, "warmup", "", "initial `DURATION` to exclude from the verdict (default: a sixth of the run, between 10s and 10m, but at most a third)")
		flags.StringVar(&f.interval, "interval", "", "`DURATION` between two samples (default 1s)")
		flags.StringArrayVar(&f.tolerance, "tolerance", nil, "growth to allow, as `METRIC=GROWTH`, such as rss_bytes=1MiB/h; may be repeated (default 0)")
	})
}

// target applies these flags to a plan.
func (f *targetFlags) target(o *overlay, p *soak.Plan, command []string) {
	o.text("duration", func(v string) (err error) { p.Duration, err = plan.ParseDuration(v); return err })
	o.text("until-decided", func(string) error { p.UntilDecided = f.untilDecided; return nil })
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
			return fmt.Errorf("invalid tolerance %q: use METRIC=GROWTH, such as rss_bytes=1MiB/h", t)
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
			return nil, fmt.Errorf("invalid share %q: use KIND=SHARE, such as rst=1%%", t)
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
