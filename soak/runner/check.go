package runner

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"soakmon/soak"
	"soakmon/soak/engine"
	"soakmon/soak/plan"
	"soakmon/soak/protocol"
	"soakmon/soak/schedule"
)

// Check checks what only the registries know: protocols and their options,
// sinks and theirs, metrics, the schedule. It reports all errors at once.
func Check(p soak.Plan, at plan.Source) error {
	var errs []error
	for _, name := range p.Target.Embedded {
		if _, ok := protocol.Lookup(name); !ok {
			errs = append(errs, at.Errorf("target.embedded", "%v", UnknownProtocol(name)))
		}
	}
	for i, l := range p.Target.Leaks {
		if l.Dirty > 0 && !badEnds(p.Target.Embedded) {
			errs = append(errs, at.Errorf(fmt.Sprintf("target.leak[%d]", i), "%s: the server of %s does not count sessions that end abnormally: use tcp", l.Text, strings.Join(p.Target.Embedded, ",")))
		}
	}
	for i, w := range p.Load {
		if err := protocol.Check(w, len(p.Target.Embedded) > 0); err != nil {
			errs = append(errs, at.Errorf(fmt.Sprintf("load[%d]", i), "%v", err))
		}
	}
	for i, r := range p.Rules {
		if !knownMetric(r.Metric, p) {
			errs = append(errs, at.Errorf(fmt.Sprintf("rules[%d].metric", i), "unknown metric %q: %s", r.Metric, useMetric(r.Metric)))
		}
	}
	for _, metric := range slices.Sorted(maps.Keys(p.Tolerance)) {
		if !knownMetric(metric, p) {
			errs = append(errs, at.Errorf("tolerance."+metric, "unknown metric: %s", useMetric(metric)))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.Bench)) {
		if _, ok := protocol.Lookup(name); !ok {
			errs = append(errs, at.Errorf("bench."+name, "%v", UnknownProtocol(name)))
		}
	}
	_, err := openSinks(p, io.Discard)
	errs = append(errs, err)
	if p.Schedule != "" {
		if _, err := schedule.Parse(p.Schedule, p.TimeZone); err != nil {
			errs = append(errs, at.Errorf("schedule", "%v", err))
		}
	}
	return errors.Join(errs...)
}

// badEnds reports whether any of the protocols of an embedded server sees
// sessions that end abnormally.
func badEnds(protocols []string) bool {
	return slices.ContainsFunc(protocols, func(name string) bool {
		p, _ := protocol.Lookup(name)
		return p.BadEnds
	})
}

func metricNames() []string {
	var names []string
	for _, m := range engine.Metrics() {
		names = append(names, m.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// useMetric suggests the known metric that an unknown name resembles, or lists all.
func useMetric(unknown string) string {
	if near := plan.Nearest(unknown, metricNames()); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return fmt.Sprintf("use one of %v", metricNames())
}

func knownMetric(name string, p soak.Plan) bool {
	family := soak.Family(name)
	return slices.Contains(metricNames(), family) || slices.Contains(p.Target.Series, family)
}

// LoadPlan reads, completes and checks a plan file.
func LoadPlan(path string) (soak.Plan, plan.Source, error) {
	p, at, err := plan.LoadSource(path)
	if err = at.Complete(&p, err); err != nil {
		return p, at, err
	}
	return p, at, Check(p, at)
}
