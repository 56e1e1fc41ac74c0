package plan

import (
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"soakmon/soak"
)

// plan is the syntax of a plan file, key by key; the functions below are its
// blocks.
func (r *reader) plan(p *soak.Plan) set {
	return r.object(keys{
		"name":          r.word(&p.Name),
		"duration":      scalar(r, &p.Duration, above0(ParseDuration)),
		"interval":      scalar(r, &p.Interval, above0(ParseDuration)),
		"warmup":        scalar(r, &p.Warmup, ParseDuration),
		"target":        r.target(&p.Target),
		"load":          sequence(r, &p.Load, r.load),
		"until_decided": scalar(r, &p.UntilDecided, parseBool),
		"isolate":       scalar(r, &p.Isolate, parseBool),
		"rest":          r.rest(&p.Rest),
		"profiles":      r.profiles(&p.Profiles),
		"conditions":    r.conditions(&p.Conditions),
		"tolerance":     dict(r, &p.Tolerance, r.quantity),
		"rules":         sequence(r, &p.Rules, r.rule),
		"bench":         dict(r, &p.Bench, r.bounds),
		"sinks":         sequence(r, &p.Sinks, r.sink),
		"schedule":      r.word(&p.Schedule),
		"time_zone":     r.word(&p.TimeZone),
		"overlap":       scalar(r, &p.Overlap, oneOf(soak.OverlapSkip, soak.OverlapQueue)),
		"jitter":        scalar(r, &p.Jitter, ParseDuration),
		"deadline":      scalar(r, &p.Deadline, ParseDuration),
		"catch_up":      scalar(r, &p.CatchUp, parseBool),
		"keep":          scalar(r, &p.Keep, parseCount),
		"regression":    scalar(r, &p.Regression, above0(ParseShare)),
	})
}

func (r *reader) target(t *soak.Target) set {
	return r.object(keys{
		"embedded": r.words(&t.Embedded),
		"leak":     sequence(r, &t.Leaks, r.leak),
		"command":  r.command(&t.Command),
		"env":      dict(r, &t.Env, r.secret),
		"dir":      r.path(&t.Dir),
		"pid":      scalar(r, &t.PID, above0(parseCount)),
		"pidfile":  r.word(&t.PIDFile),
		"listen":   scalar(r, &t.Listen, ParseAddress),
		"ready": r.object(keys{
			"listen":  scalar(r, &t.Ready.Listen, ParseAddress),
			"log":     r.word(&t.Ready.Log),
			"url":     r.secret(&t.Ready.URL),
			"timeout": scalar(r, &t.Ready.Timeout, above0(ParseDuration)),
		}),
		"on_exit": r.object(keys{
			"restart": scalar(r, &t.OnExit.Restart, parseBool),
			"max":     scalar(r, &t.OnExit.Max, above0(parseCount)),
			"backoff": scalar(r, &t.OnExit.Backoff, above0(ParseDuration)),
		}),
		"pprof":   r.secret(&t.Pprof),
		"vars":    r.secret(&t.Vars),
		"metrics": r.secret(&t.Metrics),
		"series":  sequence(r, &t.Series, r.word),
		"limits":  dict(r, &t.Limits, r.level),
		"tree":    scalar(r, &t.Tree, parseBool),
	})
}

func (r *reader) load(w *soak.Workload) set {
	w.PerSession, w.MaxLoss = Unset, Unset
	return r.object(keys{
		"name":                 r.word(&w.Name),
		"protocol":             r.word(&w.Protocol),
		"address":              scalar(r, &w.Address, ParseAddress),
		"url":                  r.secret(&w.URL),
		"destination":          scalar(r, &w.Destination, ParseAddress),
		"network":              scalar(r, &w.Network, oneOf("tcp", "udp")),
		"rate":                 scalar(r, &w.Rate, ParseRate),
		"payload":              scalar(r, &w.Payload, above0(ParseBytes)),
		"concurrency":          scalar(r, &w.Concurrency, above0(parseCount)),
		"requests_per_session": scalar(r, &w.PerSession, parseCount),
		"timeout":              scalar(r, &w.Timeout, above0(ParseDuration)),
		"max_loss":             r.share(&w.MaxLoss),
		"vary":                 r.vary(&w.Vary),
		"dirty":                dict(r, &w.Dirty, r.share),
		"options":              r.options(&w.Options),
	})
}

func (r *reader) rest(s *soak.Rest) set {
	return r.object(keys{
		"every":  scalar(r, &s.Every, ParseDuration),
		"for":    scalar(r, &s.For, ParseDuration),
		"settle": scalar(r, &s.Settle, ParseDuration),
	})
}

func (r *reader) profiles(s *soak.Profiles) set {
	return r.object(keys{
		"every": scalar(r, &s.Every, ParseDuration),
		"kinds": sequence(r, &s.Kinds, r.word),
	})
}

func (r *reader) conditions(into **soak.Conditions) set {
	return func(n ast.Node, field string) {
		c := &soak.Conditions{}
		*into = c
		r.object(keys{
			"delay":     scalar(r, &c.Delay, ParseDuration),
			"jitter":    scalar(r, &c.Jitter, ParseDuration),
			"loss":      r.share(&c.Loss),
			"reorder":   r.share(&c.Reorder),
			"rate":      scalar(r, &c.Rate, ParseBandwidth),
			"stall":     r.share(&c.Stall),
			"stall_for": scalar(r, &c.StallFor, above0(ParseDuration)),
			"reset":     r.share(&c.Reset),
		})(n, field)
	}
}

func (r *reader) bounds(b *soak.Bounds) set {
	return r.object(keys{
		"throughput": scalar(r, &b.Throughput, above0(ParseRatio)),
		"latency":    scalar(r, &b.Latency, above0(ParseRatio)),
		"connect":    scalar(r, &b.Connect, above0(ParseDuration)),
	})
}

func (r *reader) rule(rule *soak.Rule) set {
	return r.object(keys{
		"name":       r.word(&rule.Name),
		"process":    scalar(r, &rule.Process, oneOf(soak.RoleTarget, soak.RoleDriver, soak.RoleRelay, soak.RoleMonitor)),
		"metric":     r.word(&rule.Metric),
		"max_growth": r.quantity(&rule.MaxGrowth),
		"for":        scalar(r, &rule.For, ParseDuration),
		"severity":   r.word(&rule.Severity),
	})
}

// path reads a path, which is relative to the plan's folder.
func (r *reader) path(into *string) set {
	return func(n ast.Node, field string) {
		r.word(into)(n, field)
		if *into != "" && !filepath.IsAbs(*into) {
			*into = filepath.Join(r.dir, *into)
		}
	}
}

func (r *reader) quantity(into *soak.Quantity) set { return scalar(r, into, ParseQuantity) }
func (r *reader) leak(into *soak.Leak) set         { return scalar(r, into, ParseLeak) }
func (r *reader) share(into *float64) set          { return scalar(r, into, ParseShare) }
func (r *reader) level(into *float64) set          { return scalar(r, into, parseLevel) }

// vary reads a block, or only a share.
func (r *reader) vary(v *soak.Vary) set {
	return func(n ast.Node, field string) {
		if _, block := r.resolve(n, field).(ast.MapNode); !block {
			scalar(r, v, parseVary)(n, field)
			return
		}
		r.object(keys{
			"by":    scalar(r, &v.By, func(text string) (float64, error) { return ParseShare(strings.TrimPrefix(text, "±")) }),
			"every": scalar(r, &v.Every, above0(ParseDuration)),
		})(n, field)
	}
}

// command reads a list of words, or one line that is split into words.
func (r *reader) command(into *[]string) set {
	return func(n ast.Node, field string) {
		if _, isList := r.resolve(n, field).(*ast.SequenceNode); isList {
			sequence(r, into, r.secret)(n, field)
			return
		}
		line, ok := r.text(n, field)
		if !ok {
			return
		}
		words, err := split(line)
		if err != nil {
			r.fail(field, "%v", err)
			return
		}
		for i, word := range words {
			words[i] = r.reveal(word, field)
		}
		*into = words
	}
}

// sink reads a sink, whose options are next to its type or under `options`.
func (r *reader) sink(s *soak.SinkSpec) set {
	return func(n ast.Node, field string) {
		entries, ok := r.entries(n, field)
		if !ok {
			return
		}
		var inline []entry
		for _, e := range entries {
			switch e.key {
			case "type":
				r.word(&s.Type)(e.value, join(field, e.key))
			case "options":
				r.options(&s.Options)(e.value, join(field, e.key))
			default:
				inline = append(inline, e)
			}
		}
		if len(inline) > 0 && s.Options.JSON != nil {
			r.fail(join(field, inline[0].key), "some options are under `options` and some next to it: put them in one place")
			return
		}
		if s.Options.JSON == nil {
			r.setOptions(&s.Options, inline, field)
		}
	}
}
