package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"soakmon/soak"
	"soakmon/soak/human"
)

// Reproduce is the command line that repeats the run: the one stored in the run file,
// or, for files of earlier versions, one made from the plan.
func Reproduce(r Report) string {
	if len(r.Args) == 0 {
		return fromPlan(r)
	}
	words := []string{"soak"}
	for _, a := range r.Args {
		words = append(words, quote(a))
	}
	return strings.Join(words, " ")
}

// fromPlan makes a command line from the plan, as far as there are flags for it.
func fromPlan(r Report) string {
	p := r.Plan
	args := []string{"soak", r.Command}
	if p.File != "" {
		args = append(args, quote(p.File))
	}
	if p.Isolate {
		args = append(args, "--isolate")
	}
	if p.UntilDecided && p.File == "" {
		args = append(args, "--until-decided")
	}
	if p.File != "" {
		return strings.Join(args, " ")
	}
	flag := func(name, value string) {
		if value != "" && value != "0s" && value != "0" {
			args = append(args, "--"+name+" "+quote(value))
		}
	}
	flag("duration", short(p.Duration))
	if p.Interval != time.Second {
		flag("interval", short(p.Interval))
	}
	for _, w := range p.Load {
		if len(p.Load) > 1 {
			break // flags describe one load; the report lists the plan
		}
		flag("protocol", w.Protocol)
		flag("url", w.URL)
		if len(p.Target.Embedded) == 0 {
			flag("address", w.Address)
		}
		flag("rate", fmt.Sprint(w.Rate))
		flag("payload", fmt.Sprint(w.Payload))
		flag("concurrency", fmt.Sprint(w.Concurrency))
		flag("requests-per-session", fmt.Sprint(w.PerSession))
		for _, kind := range slices.Sorted(maps.Keys(w.Dirty)) {
			flag("dirty", fmt.Sprintf("%s=%g%%", kind, 100*w.Dirty[kind]))
		}
	}
	for _, l := range p.Target.Leaks {
		flag("leak", l.Text)
	}
	if p.Target.PID != 0 {
		flag("pid", fmt.Sprint(p.Target.PID))
	}
	flag("pidfile", p.Target.PIDFile)
	flag("listen", p.Target.Listen)
	flag("pprof", p.Target.Pprof)
	flag("vars", p.Target.Vars)
	flag("metrics", p.Target.Metrics)
	for _, name := range slices.Sorted(maps.Keys(p.Tolerance)) {
		flag("tolerance", name+"="+p.Tolerance[name].Text)
	}
	if len(p.Target.Command) > 0 {
		args = append(args, "--")
		for _, a := range p.Target.Command {
			args = append(args, quote(a))
		}
	}
	return strings.Join(args, " ")
}

// quote makes an argument safe for a shell.
func quote(s string) string {
	if s != "" && !strings.ContainsAny(s, " \t\n'\"$`\\&|;<>()*?[]{}#~!") {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// short writes a duration as for a flag: 2m, not 2m0s.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// fact is a row of a table: a name and its value.
type fact struct{ Name, Value string }

// planFacts lists the settings of a plan, formatted.
func planFacts(p soak.Plan) (out []fact) {
	add := func(name, value string) {
		if value != "" && value != "0 s" {
			out = append(out, fact{name, value})
		}
	}
	add("file", p.File)
	add("duration", human.Duration(p.Duration))
	if p.UntilDecided {
		add("until decided", "ends as soon as every judged series is decided")
	}
	add("interval", p.Interval.String())
	add("warm-up", human.Duration(p.Warmup))
	add("target", TargetText(p.Target))
	for _, w := range p.Load {
		add("load "+w.Name, loadText(w))
	}
	if p.Rest.Every > 0 {
		add("rest", fmt.Sprintf("every %s for %s", human.Duration(p.Rest.Every), human.Duration(p.Rest.For)))
	}
	if p.Profiles.Every > 0 {
		add("profiles", fmt.Sprintf("%s every %s", strings.Join(p.Profiles.Kinds, ", "), human.Duration(p.Profiles.Every)))
	}
	if p.Isolate {
		add("isolate", "each load runs alone in turns, after the warm-up")
	}
	for _, name := range slices.Sorted(maps.Keys(p.Tolerance)) {
		add("tolerance "+name, p.Tolerance[name].Text)
	}
	for _, r := range p.Rules {
		add("rule "+r.Name, fmt.Sprintf("%s grows by at most %s, for %s (%s)", r.Metric, r.MaxGrowth.Text, human.Duration(r.For), r.Severity))
	}
	add("schedule", strings.TrimSpace(p.Schedule+" "+p.TimeZone))
	return out
}

func loadText(w soak.Workload) string {
	parts := []string{w.Protocol, human.Rate(w.Rate), human.Size(w.Payload) + " each way", "at most " + human.Count(w.Concurrency, "session")}
	if to := w.URL + w.Address; to != "" {
		parts = append(parts, "to "+to)
	}
	if w.Destination != "" {
		parts = append(parts, "for "+w.Destination)
	}
	if w.PerSession > 0 {
		parts = append(parts, human.Count(w.PerSession, "operation")+" per session")
	}
	if w.Vary.By > 0 {
		parts = append(parts, fmt.Sprintf("± %s every %s", human.Percent(w.Vary.By), human.Duration(w.Vary.Every)))
	}
	for _, kind := range slices.Sorted(maps.Keys(w.Dirty)) {
		parts = append(parts, fmt.Sprintf("%s %s", kind, human.Percent(w.Dirty[kind])))
	}
	return strings.Join(parts, ", ")
}

// versionFacts lists the versions of soak, the target and the host.
func versionFacts(r Report) (out []fact) {
	add := func(name, value string) {
		if strings.TrimSpace(value) != "" {
			out = append(out, fact{name, value})
		}
	}
	add("soak", r.Version)
	add("target", strings.Join(append([]string{r.Target.Exe}, r.Target.Args...), " "))
	add("build", r.Target.Build)
	if r.Target.NoFile > 0 {
		add("open files limit", human.Integer(int64(r.Target.NoFile)))
	}
	if r.Target.Memory > 0 {
		add("memory limit", human.Size(int64(r.Target.Memory)))
	}
	add("host", strings.TrimSpace(fmt.Sprintf("%s, %s %s, %s, %s", r.Host.Name, r.Host.OS, r.Host.Kernel, human.Count(r.Host.CPUs, "CPU"), human.Size(int64(r.Host.Memory)))))
	return out
}
