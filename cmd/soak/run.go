package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"soakmon/soak"
	"soakmon/soak/options"
	"soakmon/soak/plan"
	"soakmon/soak/protocol"
	"soakmon/soak/runner"
)

// runFlags are the settings that override a plan.
type runFlags struct {
	targetFlags
	name, protocol, address, url, payload, rate, vary string
	destination, network, connections                 string
	concurrency, perSession                           int
	restEvery, conditions                             string
	isolate                                           bool
	dirty, leaks, option                              []string
}

func runCommand(s streams) *cobra.Command {
	m := &monitorFlags{}
	f := &runFlags{}
	cmd := &cobra.Command{
		Use:   "run [PLAN.yaml] [flags] [-- COMMAND ARGS…]",
		Short: "Drive constant load against a server and report whether it leaks",
		Long: `Drive constant load against a server, sample its processes, and report whether
it leaks.

Without a plan and without flags, soak tests its built-in tcp server for two
minutes, with 200 operations of 4 KiB per second. Everything can be set in a plan
(create one with soak init); flags override it. The target is the built-in
server, a command to start (after --), or a running process (--pid, --pidfile or
--listen).`,
		Example: `  soak run
  soak run --protocol http --duration 10m --leak fd=2/s
  soak run --protocol tcp,hysteria2,ssh --dirty rst=1%
  soak run --protocol hysteria2 --network udp --conditions delay=20ms,loss=1%
  soak run --listen :8080 --url http://127.0.0.1:8080/health --rate 500 --duration 1h
  soak run nightly.yaml --duration 24h
  soak run nightly.yaml --isolate --duration 30m`,
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := f.plan(cmd.Flags(), args, cmd.ArgsLenAtDash())
			if err != nil {
				return err
			}
			return m.monitor(s, "run", again("run", cmd.Flags(), args, cmd.ArgsLenAtDash()), p)
		},
	}
	f.add(cmd.Flags())
	m.add(cmd)
	return cmd
}

func (f *runFlags) add(flags *pflag.FlagSet) {
	f.targetFlags.add(flags)
	inGroup(flags, groupTarget, func(flags *pflag.FlagSet) {
		flags.StringArrayVar(&f.leaks, "leak", nil, leakHelp)
	})
	inGroup(flags, groupLoad, func(flags *pflag.FlagSet) {
		flags.StringVar(&f.protocol, "protocol", "", "`PROTOCOL` of the load, or several separated by commas: one load each; see soak protocols (default tcp)")
		flags.StringVar(&f.address, "address", "", "send the load to `HOST:PORT`")
		flags.StringVar(&f.url, "url", "", "send the load to `URL` (protocol http)")
		flags.StringVar(&f.destination, "destination", "", "`HOST:PORT` to reach through a proxy (default: an echo server of soak)")
		flags.StringVar(&f.rate, "rate", "", "operations per unit of time, as `RATE`, such as 200 (per second) or 30/min (default 200)")
		flags.StringVar(&f.payload, "payload", "", "`SIZE` of an operation in each direction, such as 4KiB (default 4KiB; 1200 bytes with --network udp)")
		flags.IntVar(&f.concurrency, "concurrency", 0, "maximum `NUMBER` of concurrent sessions (default 200)")
		flags.IntVar(&f.perSession, "requests-per-session", 0, "`NUMBER` of operations after which a session is replaced by a new one; 0 keeps sessions open (default 20)")
		flags.StringVar(&f.vary, "vary", "", "vary the rate up and down by `SHARE`, such as 30%")
		flags.StringArrayVar(&f.dirty, "dirty", nil, "end a share of the sessions abnormally, as `KIND=SHARE`, such as rst=1%; may be repeated")
		flags.StringVar(&f.connections, "connections", "", "`HOW` sessions use connections, for protocols with many sessions on one: shared or new")
		flags.StringArrayVar(&f.option, "option", nil, "set an option of the protocol, as `KEY=VALUE`; may be repeated; see soak protocols PROTOCOL")
		flags.BoolVar(&f.isolate, "isolate", false, "after the warm-up run each load of the plan alone in turn, and report which one leaks")
	})
	inGroup(flags, groupNetwork, func(flags *pflag.FlagSet) {
		flags.StringVar(&f.network, "network", "", "`NETWORK` of the operations: tcp for streams, udp for datagrams (default tcp)")
		flags.StringVar(&f.conditions, "conditions", "", conditionsHelp)
	})
	inGroup(flags, groupVerdict, func(flags *pflag.FlagSet) {
		flags.StringVar(&f.restEvery, "rest-every", "", "pause the load at this interval to take a sample at rest, as `DURATION` (default: a sixth of the run, at most 1h; never in runs shorter than 10m)")
	})
	inGroup(flags, groupOutput, func(flags *pflag.FlagSet) {
		flags.StringVar(&f.name, "name", "", "`NAME` of the run (default: that of the plan, or the protocol)")
	})
}

// plan is the plan of the command line: a file or the default, with the flags
// applied.
func (f *runFlags) plan(flags *pflag.FlagSet, args []string, dash int) (soak.Plan, error) {
	p, source, err := basePlan(args, dash)
	if err != nil {
		return p, err
	}
	var command []string
	if dash >= 0 {
		command = args[dash:]
	}
	over := overlay{flags: flags}
	f.target(&over, &p, command)
	f.load(&over, &p)
	if over.err != nil {
		return p, over.err
	}
	if err := source.Locate(plan.Complete(&p)); err != nil {
		return p, err
	}
	if len(p.Load) == 0 {
		return p, errors.New("no load: give --address HOST:PORT, --url URL or load: in the plan, or use soak watch to run without load")
	}
	return p, runner.Check(p, source)
}

// basePlan is the plan that flags override: the file on the command line, or the
// default.
func basePlan(args []string, dash int) (soak.Plan, plan.Source, error) {
	if dash >= 0 {
		args = args[:dash]
	}
	switch len(args) {
	case 0:
		return plan.Default(), plan.Source{}, nil
	case 1:
		return plan.LoadSource(args[0])
	default:
		return soak.Plan{}, plan.Source{}, fmt.Errorf("more than one plan: %q; use one, and put a command to start after --", args)
	}
}

// loadFlags are those that change the plan's only load.
var loadFlags = []string{"protocol", "address", "url", "destination", "network", "rate", "payload", "concurrency", "requests-per-session", "vary", "dirty", "connections", "option"}

// load applies the flags of the load to the plan's only load.
func (f *runFlags) load(o *overlay, p *soak.Plan) {
	o.text("name", func(v string) error { p.Name = v; return nil })
	o.text("leak", func(string) (err error) { p.Target.Leaks, err = parseLeaks(f.leaks); return err })
	o.text("isolate", func(string) error { p.Isolate = f.isolate; return nil })
	o.text("rest-every", func(v string) (err error) { p.Rest.Every, err = plan.ParseDuration(v); return err })
	o.text("conditions", func(v string) error {
		c, err := plan.ParseConditions(v)
		p.Conditions = &c
		return err
	})
	w := &soak.Workload{}
	if len(p.Load) == 1 {
		w = &p.Load[0]
	} else if o.any(loadFlags...) {
		o.fail(errors.New("the plan has several loads, and a flag cannot say which of them to change: edit the plan"))
	}
	protocols := strings.Split(f.protocol, ",")
	o.text("protocol", func(string) error { f.setProtocol(p, w, protocols[0]); return nil })
	f.place(o, p, w)
	f.pace(o, p, w)
	if w.Address == "" && w.URL == "" && p.Target.Listen != "" {
		w.Address = p.Target.Listen
	}
	f.spread(o, p, *w, protocols[1:])
	for i := range p.Load {
		f.options(o, p, &p.Load[i])
	}
}

// place applies the flags that say where a load goes.
func (f *runFlags) place(o *overlay, p *soak.Plan, w *soak.Workload) {
	o.text("address", func(v string) (err error) { w.Address, err = plan.ParseAddress(v); return err })
	o.text("url", func(v string) error {
		w.URL, w.Address = v, ""
		if !o.any("protocol") && w.Protocol == plan.Default().Load[0].Protocol {
			f.setProtocol(p, w, "http")
		}
		return nil
	})
	o.text("destination", func(v string) (err error) { w.Destination, err = plan.ParseAddress(v); return err })
	o.text("network", func(v string) error { w.Network = v; return nil })
}

// pace applies the flags that say how much load there is.
func (f *runFlags) pace(o *overlay, p *soak.Plan, w *soak.Workload) {
	o.text("rate", func(v string) (err error) { w.Rate, err = plan.ParseRate(v); return err })
	o.text("payload", func(v string) (err error) { w.Payload, err = plan.ParseBytes(v); return err })
	o.text("concurrency", func(string) error { w.Concurrency = f.concurrency; return nil })
	o.text("requests-per-session", func(string) error { w.PerSession = f.perSession; return nil })
	o.text("vary", func(v string) (err error) {
		w.Vary.By, err = plan.ParseShare(v)
		if w.Vary.Every == 0 {
			w.Vary.Every = max(p.Duration/12, 10*time.Second)
		}
		return err
	})
	o.text("dirty", func(string) (err error) { w.Dirty, err = parseDirty(f.dirty); return err })
}

// spread repeats a load for each of further protocols.
func (f *runFlags) spread(o *overlay, p *soak.Plan, w soak.Workload, protocols []string) {
	for _, name := range protocols {
		if w.Name == p.Name && w.Name == w.Protocol {
			p.Name = strings.ReplaceAll(f.protocol, ",", "-")
		}
		next := w
		next.Name, next.Protocol = name, name
		if len(w.Dirty) > 0 {
			next.Dirty = knownDirty(w.Dirty, name)
		}
		p.Load = append(p.Load, next)
	}
	if len(protocols) > 0 {
		p.Load[0].Dirty = knownDirty(w.Dirty, w.Protocol)
		for kind := range w.Dirty {
			if !slices.ContainsFunc(p.Load, func(l soak.Workload) bool { return l.Dirty[kind] > 0 }) {
				o.fail(fmt.Errorf("--dirty %s: none of the protocols supports this kind; see soak protocols PROTOCOL", kind))
			}
		}
	}
}

// knownDirty are the shares of the kinds that a protocol supports.
func knownDirty(all map[string]float64, name string) map[string]float64 {
	p, _ := protocol.Lookup(name)
	known := map[string]float64{}
	for kind, share := range all {
		if slices.Contains(p.Dirty, kind) {
			known[kind] = share
		}
	}
	return known
}

// options applies --connections and --option to a load. If there are several
// loads, each takes the options that its protocol has.
func (f *runFlags) options(o *overlay, p *soak.Plan, w *soak.Workload) {
	pairs := f.option
	if f.connections != "" {
		pairs = append(slices.Clone(pairs), "connections="+f.connections)
	}
	if len(pairs) == 0 {
		return
	}
	if len(p.Load) > 1 {
		pairs = slices.DeleteFunc(slices.Clone(pairs), func(pair string) bool { return !takes(w.Protocol, pair) })
	}
	given, secrets, err := plan.ParseOptions(pairs)
	if err == nil {
		w.Options, err = options.Merge(given, w.Options)
	}
	if err != nil {
		o.fail(err)
		return
	}
	p.Secrets = append(p.Secrets, secrets...)
}

// takes reports whether a protocol has the option of a KEY=VALUE.
func takes(name, pair string) bool {
	p, _ := protocol.Lookup(name)
	key, _, _ := strings.Cut(pair, "=")
	return p.HasOption(key)
}

// setProtocol changes the protocol of a load, and with it what is named after it.
func (f *runFlags) setProtocol(p *soak.Plan, w *soak.Workload, protocol string) {
	if p.Name == w.Protocol {
		p.Name = protocol
	}
	if w.Name == w.Protocol {
		w.Name = protocol
	}
	if slices.Equal(p.Target.Embedded, soak.Protocols{w.Protocol}) {
		p.Target.Embedded = soak.Protocols{protocol}
	}
	w.Protocol = protocol
}
