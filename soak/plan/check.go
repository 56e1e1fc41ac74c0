package plan

import (
	"fmt"
	"regexp"
	"time"
	"unicode"

	"soakmon/soak"
)

// The bounds of a plan.
const (
	shortestRun      = 10 * time.Second
	longestRun       = 31 * 24 * time.Hour
	shortestInterval = 100 * time.Millisecond
	minTicks         = 10 // samples of a run
	maxName          = 100
	maxSessions      = 100_000
	maxPayload       = 1 << 30 // bytes
	maxDirty         = 0.5     // share of all sessions
	maxVary          = 0.9     // share of the rate
)

// checker collects the errors of a plan whose defaults are filled in.
type checker struct{ errs Errors }

func check(p *soak.Plan) error {
	c := &checker{}
	c.times(p)
	c.target(&p.Target)
	c.loads(p)
	c.rules(p.Rules)
	for i, s := range p.Sinks {
		c.require(s.Type != "", fmt.Sprintf("sinks[%d].type", i), "missing sink type: use one such as log or webhook")
	}
	c.require(p.Overlap == soak.OverlapSkip || p.Overlap == soak.OverlapQueue, "overlap", "invalid value %q: use skip or queue", p.Overlap)
	return c.errs.orNil()
}

// require records an error at field unless ok.
func (c *checker) require(ok bool, field, format string, args ...any) {
	c.requireIfRead(ok, field, nil, format, args...)
}

// requireIfRead is require for a condition that also depends on other fields: if
// one of them could not be read, the error is dropped, since it only follows from
// that one.
func (c *checker) requireIfRead(ok bool, field string, others []string, format string, args ...any) {
	if !ok {
		c.errs = append(c.errs, Error{Field: field, Reason: fmt.Sprintf(format, args...), needs: others})
	}
}

func (c *checker) times(p *soak.Plan) {
	byDuration := []string{"duration"}
	for _, r := range p.Name {
		if !unicode.IsPrint(r) {
			c.require(false, "name", "invalid name: use printable characters only")
			break
		}
	}
	c.require(len(p.Name) <= maxName, "name", "the name is too long: use at most %d bytes", maxName)
	c.require(p.Duration >= shortestRun, "duration", "%s is too short for a verdict: use at least %s", formatDuration(p.Duration), formatDuration(shortestRun))
	c.require(p.Duration <= longestRun, "duration", "%s is too long: use at most %s", formatDuration(p.Duration), formatDuration(longestRun))
	c.require(p.Interval >= shortestInterval, "interval", "%s is too short: use at least %s", formatDuration(p.Interval), formatDuration(shortestInterval))
	c.requireIfRead(p.Interval <= p.Duration/minTicks, "interval", byDuration,
		"%s gives fewer than %d samples in %s: use at most %s", formatDuration(p.Interval), minTicks, formatDuration(p.Duration), formatDuration(p.Duration/minTicks))
	c.requireIfRead(p.Warmup < p.Duration/2, "warmup", byDuration,
		"%s is half of the duration of %s or more: use less than %s", formatDuration(p.Warmup), formatDuration(p.Duration), formatDuration(p.Duration/2))
	c.require(p.Profiles.Every == 0 || p.Profiles.Every >= time.Second, "profiles.every", "%s is too short: use at least 1s, or 0 for none", formatDuration(p.Profiles.Every))
	c.require(p.Rest.Every == 0 || p.Rest.Every >= 10*time.Second, "rest.every", "%s leaves no load between two rests: use at least 10s, or 0 to rest only before and after", formatDuration(p.Rest.Every))
	c.conditions(p.Conditions)
}

func (c *checker) target(t *soak.Target) {
	c.oneTarget(t)
	started := len(t.Command) > 0
	command := []string{"target.command"}
	c.requireIfRead(started || len(t.Env) == 0, "target.env", command, "env needs `command`: a running process keeps its own environment")
	c.requireIfRead(started || t.Dir == "", "target.dir", command, "dir needs `command`: a running process keeps its own working directory")
	c.requireIfRead(started || t.Ready.Listen == "" && t.Ready.Log == "" && t.Ready.URL == "", "target.ready", command, "ready needs `command`: soak waits only for a target that it started")
	c.requireIfRead(started || len(t.Embedded) > 0 || !t.OnExit.Restart, "target.on_exit", command, "restart needs `command`: soak restarts only a target that it started")
	c.requireIfRead(len(t.Embedded) > 0 || len(t.Leaks) == 0, "target.leak", []string{"target.embedded"}, "leak needs `embedded`: leaks can be planted only in soak's own server")
	_, err := regexp.Compile(t.Ready.Log)
	c.require(err == nil, "target.ready.log", "invalid regular expression: %v", err)
	c.url("target.ready.url", t.Ready.URL)
	c.url("target.pprof", t.Pprof)
	c.url("target.vars", t.Vars)
	c.url("target.metrics", t.Metrics)
	c.requireIfRead(len(t.Series) == 0 || t.Metrics != "", "target.series", []string{"target.metrics"}, "series needs `metrics`: give the URL of the metrics page")
	for name, limit := range t.Limits {
		c.require(limit > 0, "target.limits."+name, "invalid limit %g: use a value above 0", limit)
	}
}

var targetKinds = []string{"target.embedded", "target.command", "target.pid", "target.pidfile", "target.listen"}

func (c *checker) oneTarget(t *soak.Target) {
	isGiven := []bool{len(t.Embedded) > 0, len(t.Command) > 0, t.PID != 0, t.PIDFile != "", t.Listen != ""}
	var given []string
	for i, yes := range isGiven {
		if yes {
			given = append(given, targetKinds[i][len("target."):])
		}
	}
	const kinds = "embedded, command, pid, pidfile or listen"
	c.requireIfRead(len(given) > 0, "target", targetKinds, "no target: give one of %s", kinds)
	c.requireIfRead(len(given) < 2, "target", targetKinds, "more than one target (%s): keep one of %s", list(given), kinds)
}

// url checks an optional URL.
func (c *checker) url(field, text string) {
	if text != "" {
		err := checkURL(text)
		c.require(err == nil, field, "%v", err)
	}
}
