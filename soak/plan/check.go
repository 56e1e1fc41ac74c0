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
	ticksPerRun      = 10 // at least
	longestName      = 100
	mostSessions     = 100_000
	mostPayload      = 1 << 30 // bytes
	mostDirty        = 0.5     // share of all sessions
	mostVary         = 0.9     // share of the rate
)

// checker gathers what is wrong with a plan whose defaults are filled in.
type checker struct{ errs Errors }

func check(p *soak.Plan) error {
	c := &checker{}
	c.times(p)
	c.target(&p.Target)
	c.loads(p)
	c.rules(p.Rules)
	for i, s := range p.Sinks {
		c.that(s.Type != "", fmt.Sprintf("sinks[%d].type", i), "a sink needs a type, such as log or webhook")
	}
	c.that(p.Overlap == soak.OverlapSkip || p.Overlap == soak.OverlapQueue, "overlap", "%q is not known here; use skip or queue", p.Overlap)
	return c.errs.orNil()
}

// that notes an error at field unless ok.
func (c *checker) that(ok bool, field, format string, args ...any) {
	c.both(ok, field, nil, format, args...)
}

// both notes an error at field unless ok; where one of the others that it looks
// at could not be read, the check means nothing.
func (c *checker) both(ok bool, field string, others []string, format string, args ...any) {
	if !ok {
		c.errs = append(c.errs, Error{Field: field, Reason: fmt.Sprintf(format, args...), needs: others})
	}
}

func (c *checker) times(p *soak.Plan) {
	byDuration := []string{"duration"}
	for _, r := range p.Name {
		if !unicode.IsPrint(r) {
			c.that(false, "name", "a name has printable characters only")
			break
		}
	}
	c.that(len(p.Name) <= longestName, "name", "a name has at most %d bytes", longestName)
	c.that(p.Duration >= shortestRun, "duration", "%s is too short to judge anything; at least %s", human(p.Duration), human(shortestRun))
	c.that(p.Duration <= longestRun, "duration", "%s is too long; at most %s", human(p.Duration), human(longestRun))
	c.that(p.Interval >= shortestInterval, "interval", "%s is too short; at least %s", human(p.Interval), human(shortestInterval))
	c.both(p.Interval <= p.Duration/ticksPerRun, "interval", byDuration,
		"%s gives less than %d samples in %s; at most %s", human(p.Interval), ticksPerRun, human(p.Duration), human(p.Duration/ticksPerRun))
	c.both(p.Warmup < p.Duration/2, "warmup", byDuration,
		"%s leaves less than half of %s to judge; less than %s", human(p.Warmup), human(p.Duration), human(p.Duration/2))
	c.that(p.Profiles.Every == 0 || p.Profiles.Every >= time.Second, "profiles.every", "%s is too often; 0 (none) or at least 1s", human(p.Profiles.Every))
	c.that(p.Rest.Every == 0 || p.Rest.Every >= 10*time.Second, "rest.every", "%s leaves no load between two rests; 0 (only before and after) or at least 10s", human(p.Rest.Every))
	c.conditions(p.Conditions)
}

func (c *checker) target(t *soak.Target) {
	c.oneTarget(t)
	started := len(t.Command) > 0
	command := []string{"target.command"}
	c.both(started || len(t.Env) == 0, "target.env", command, "only a `command` takes an environment; a running process has its own")
	c.both(started || t.Dir == "", "target.dir", command, "only a `command` takes a working directory")
	c.both(started || t.Ready.Listen == "" && t.Ready.Log == "" && t.Ready.URL == "", "target.ready", command, "only a `command` is waited for; take this out")
	c.both(started || t.Embedded != "" || !t.OnExit.Restart, "target.on_exit", command, "only a `command` can be started again; take this out")
	c.both(t.Embedded != "" || len(t.Leaks) == 0, "target.leak", []string{"target.embedded"}, "leaks are planted in the `embedded` server only")
	_, err := regexp.Compile(t.Ready.Log)
	c.that(err == nil, "target.ready.log", "no valid regular expression: %v", err)
	c.url("target.ready.url", t.Ready.URL)
	c.url("target.pprof", t.Pprof)
	c.url("target.vars", t.Vars)
	c.url("target.metrics", t.Metrics)
	c.both(len(t.Series) == 0 || t.Metrics != "", "target.series", []string{"target.metrics"}, "these are kept from the `metrics` page; give its URL")
	for name, limit := range t.Limits {
		c.that(limit > 0, "target.limits."+name, "a limit must be above 0, not %g", limit)
	}
}

var targetKinds = []string{"target.embedded", "target.command", "target.pid", "target.pidfile", "target.listen"}

func (c *checker) oneTarget(t *soak.Target) {
	given := []bool{t.Embedded != "", len(t.Command) > 0, t.PID != 0, t.PIDFile != "", t.Listen != ""}
	var found []string
	for i, yes := range given {
		if yes {
			found = append(found, targetKinds[i][len("target."):])
		}
	}
	const kinds = "embedded, command, pid, pidfile or listen"
	c.both(len(found) > 0, "target", targetKinds, "there is nothing to watch; give one of %s", kinds)
	c.both(len(found) < 2, "target", targetKinds, "%s are given; keep one of %s", list(found), kinds)
}

// url checks a URL that may be left out.
func (c *checker) url(field, text string) {
	if text != "" {
		err := checkURL(text)
		c.that(err == nil, field, "%v", err)
	}
}
