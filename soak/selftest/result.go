package selftest

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"soakmon/soak"
	"soakmon/soak/human"
	"soakmon/soak/indent"
	"soakmon/soak/report"
)

// Result is the outcome of a self-test. Its JSON names are stable.
type Result struct {
	ExitCode  int        `json:"exit_code"`
	Duration  float64    `json:"duration_s"`
	Silent    bool       `json:"control_silent"` // the run without a leak was not blamed, and proves something
	Control   soak.State `json:"control_verdict"`
	Resources []Resource `json:"resources"`
	Problems  []string   `json:"problems"`           // why the exit code is 1
	Warnings  []string   `json:"warnings,omitempty"` // leaks that should have been seen by what the run itself said
}

// Resource is what was found of one resource.
type Resource struct {
	Metric        string     `json:"metric"`
	Unit          string     `json:"unit"`
	Smallest      soak.Float `json:"smallest_found_per_hour"` // planted and found; null where nothing was
	MinDetectable soak.Float `json:"min_detectable_per_hour"` // in the run without a leak
	Planted       []Planted  `json:"planted"`                 // the most first
}

// Planted is one planted leak and what a run said of it.
type Planted struct {
	Rate  soak.Float `json:"planted_per_hour"`
	Found bool       `json:"found"`
	soak.Growth
	Reason string `json:"reason"`
}

// shows says in which series of the target the planted kinds show. A planted
// thread is a goroutine as well.
var shows = []struct {
	metric string
	kinds  []string
}{
	{"fds", []string{"fd"}},
	{"goroutines", []string{"goroutine", "thread"}},
	{"threads", []string{"thread"}},
	{"zombies", []string{"child"}},
	{"go_heap_live_bytes", []string{"heap"}},
}

// assess compares what was planted with what was found. The leaking runs come
// with the most first.
func assess(control report.Report, leaking []report.Report) Result {
	t := Result{Control: control.Verdict, Silent: true, Problems: []string{}}
	problem := func(format string, args ...any) { t.Problems = append(t.Problems, fmt.Sprintf(format, args...)) }
	if control.Verdict == soak.Leaking || control.ExitCode != report.ExitClean && control.ExitCode != report.ExitInconclusive {
		t.Silent = false
		problem("the run without a leak was not silent: %s", strings.Join(control.Reasons, "; "))
	}
	for i, r := range leaking {
		if r.ExitCode == report.ExitDead {
			problem("run %d with leaks proves nothing: %s", i+1, strings.Join(r.Reasons, "; "))
		}
	}
	for _, s := range shows {
		still, ok := judged(control, s.metric)
		if !ok {
			t.Silent = false
			problem("%s was not judged in the run without a leak", s.metric)
		}
		one := Resource{Metric: s.metric, Unit: still.Unit, Smallest: soak.Float(math.NaN()), MinDetectable: still.MinDetectable, Planted: []Planted{}}
		for i, r := range leaking {
			p := plantedIn(r, s.metric, s.kinds)
			if math.IsNaN(float64(p.Rate)) {
				problem("%s: what run %d was to find was not planted: %s", s.metric, i+1, p.Reason)
			}
			one.Planted = append(one.Planted, p)
			if p.Found {
				one.Smallest = p.Rate
			} else if p.Rate > p.MinDetectable {
				t.Warnings = append(t.Warnings, fmt.Sprintf("%s: %s/h was planted and not found, though from %s/h on it should have been seen",
					s.metric, human.Amount(p.Rate, one.Unit), human.Amount(p.MinDetectable, one.Unit)))
			}
		}
		if len(one.Planted) == 0 || !one.Planted[0].Found {
			problem("%s: the largest planted leak was not found: %s", s.metric, firstReason(one.Planted))
		}
		t.Resources = append(t.Resources, one)
	}
	if len(t.Problems) > 0 {
		t.ExitCode = report.ExitLeak
	}
	return t
}

func firstReason(all []Planted) string {
	if len(all) == 0 {
		return "there was no run"
	}
	return all[0].Reason
}

// judged is the target's series of that name.
func judged(r report.Report, metric string) (report.Series, bool) {
	i := slices.IndexFunc(r.Series, func(s report.Series) bool { return s.Process == soak.RoleTarget && s.Metric == metric })
	if i < 0 {
		return report.Series{Growth: soak.UnknownGrowth()}, false
	}
	return r.Series[i], true
}

// plantedIn is what a run planted of some kinds, at the rate of operations that
// it achieved, and what it says of their series.
func plantedIn(r report.Report, metric string, kinds []string) Planted {
	perOperation := 0.0
	for _, l := range r.Plan.Target.Leaks {
		if l.Operations > 0 && slices.Contains(kinds, l.Kind) {
			perOperation += l.Amount / float64(l.Operations)
		}
	}
	operations := 0.0
	for _, l := range r.Load {
		operations += l.Achieved
	}
	p := Planted{Rate: soak.Float(perOperation * operations * 3600), Growth: soak.UnknownGrowth(), Reason: "it was not judged"}
	if i := slices.IndexFunc(r.Unplanted, func(u report.Unplanted) bool { return slices.Contains(kinds, u.Kind) }); i >= 0 {
		u := r.Unplanted[i]
		p.Rate, p.Reason = soak.Float(math.NaN()), fmt.Sprintf("%d or more steps of it could not be planted: %s", u.Steps, u.Why)
		return p
	}
	if s, ok := judged(r, metric); ok {
		p.Found, p.Reason = s.Verdict == soak.Leaking, s.Reason
		p.Growth = s.Growth
	}
	return p
}

// Formats are those that [Write] knows.
var Formats = []string{"text", "json"}

// Write writes a result in one of the [Formats].
func Write(w io.Writer, t Result, format string) error {
	if format == "json" {
		return indent.JSON(w, t)
	}
	_, err := io.WriteString(w, text(t))
	return err
}

func text(t Result) string {
	var out strings.Builder
	tw := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "\nRESOURCE\tSMALLEST FOUND\tSEEN AS\t95 % INTERVAL\tNOT FOUND\tDETECTABLE")
	for _, r := range t.Resources {
		found, seen, between, missed := "none", human.Unknown, human.Unknown, human.Unknown
		var not []string
		for _, p := range r.Planted {
			if p.Found {
				found = human.Amount(p.Rate, r.Unit) + "/h"
				seen, between = human.Signed(p.Slope, r.Unit), cmp.Or(human.Interval(p.Lo, p.Hi, r.Unit), human.Unknown)
			} else {
				not = append(not, human.Amount(p.Rate, r.Unit)+"/h")
			}
		}
		if len(not) > 0 {
			missed = strings.Join(not, ", ")
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\n", r.Metric, found, seen, between, missed, human.AtLeast(r.MinDetectable, r.Unit))
	}
	tw.Flush()
	if t.Silent {
		fmt.Fprintf(&out, "\nThe run without a leak stayed silent: nothing of it was called a leak (verdict %s).\nDETECTABLE is the smallest growth that this run would have called a leak; the noise of a leak of another kind can hide more.\n", t.Control)
	}
	for _, w := range t.Warnings {
		fmt.Fprintf(&out, "  note: %s\n", w)
	}
	for _, p := range t.Problems {
		fmt.Fprintf(&out, "FAILED  %s\n", p)
	}
	return out.String()
}
