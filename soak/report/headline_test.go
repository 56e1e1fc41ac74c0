package report

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"soakmon/soak"
)

// conditions are all that can decide verdict and exit code, each with what a headline
// must contain then.
var conditions = []struct {
	name     string
	change   func(*memory)
	exit     int    // that the condition asks for
	headline string // of every format; "" if the verdict says it
}{
	{"error", func(m *memory) { m.run.Error = "no space left on device" }, ExitError, "the monitor failed"},
	{"leak", func(m *memory) { m.says["target fds"] = leak(7200) }, ExitLeak, ""},
	{"rule", func(m *memory) {
		m.run.Plan.Rules = append(m.run.Plan.Rules, soak.Rule{Name: "hot", Metric: "goroutines"})
		m.alerts = append(m.alerts, soak.Alert{Rule: "hot", State: soak.Firing, Process: "target", Metric: "goroutines", At: began.Add(at(60)), Reason: "grew"})
	}, ExitLeak, "rule hot"},
	{"ruled leak", func(m *memory) {
		m.run.Plan.Rules = append(m.run.Plan.Rules, soak.Rule{Name: "steady", Metric: "threads"})
		m.says["target threads"] = leak(60)
	}, ExitLeak, "rule steady violated"},
	{"regression", func(m *memory) {
		m.run.Plan.Regression = 0.05
		m.run.Nights = &soak.Regression{Worse: []soak.Regressed{{Text: "p99 is 20 ms, usually 10 ms"}}}
	}, ExitLeak, "earlier runs"},
	{"dead", func(m *memory) { m.run.Ended = soak.EndTargetDead }, ExitDead, "the target"},
	{"unserved", func(m *memory) {
		m.change("driver", `operations_total{load="tcp"}`, func(_ int, v float64) float64 { return v / 3 })
	}, ExitDead, "less than half of the load was served"},
	{"open", func(m *memory) { m.says["target children"] = unknown }, ExitInconclusive, ""},
}

// precedence of the exit codes, the strongest first.
var precedence = []int{ExitError, ExitLeak, ExitDead, ExitInconclusive, ExitClean}

func TestHeadline_AgreesWithExitCode(t *testing.T) {
	for set := range 1 << len(conditions) {
		m := goodRun()
		var names []string
		want := ExitClean
		for i, c := range conditions {
			if set>>i&1 == 1 {
				c.change(m)
				names = append(names, c.name)
				if slices.Index(precedence, c.exit) < slices.Index(precedence, want) {
					want = c.exit
				}
			}
		}
		r := m.built(t)
		what := strings.Join(names, " + ")
		if r.ExitCode != want {
			t.Errorf("%s: exit code %d, want %d", what, r.ExitCode, want)
		}
		if (r.Verdict == soak.Clean) != (r.ExitCode == ExitClean) {
			t.Errorf("%s: exit code %d with the verdict %s", what, r.ExitCode, r.Verdict)
		}
		lines := heads(t, r)
		for _, line := range lines {
			if r.ExitCode == ExitLeak && !strings.Contains(strings.ToLower(line), "leak") && !strings.Contains(line, "rule hot") && !strings.Contains(line, "earlier runs") && !strings.Contains(line, "regressed") {
				t.Errorf("%s: exit code 1 without its cause: %s", what, line)
			}
			for i, c := range conditions {
				if c.name == "unserved" && r.Ended == soak.EndTargetDead {
					continue // its death says more
				}
				if set>>i&1 == 1 && !strings.Contains(line, c.headline) && !(c.name == "regression" && strings.Contains(line, "regressed")) {
					t.Errorf("%s: no %q in the headline %s", what, c.headline, line)
				}
			}
		}
	}
}

// heads returns the headline of each format.
func heads(t *testing.T, r Report) []string {
	t.Helper()
	var text, md bytes.Buffer
	if err := Text(&text, r); err != nil {
		t.Fatal(err)
	}
	if err := Markdown(&md, r, Charts{}); err != nil {
		t.Fatal(err)
	}
	above, _, err := Sections(r, Charts{})
	if err != nil {
		t.Fatal(err)
	}
	page, _, _ := strings.Cut(string(above), "</section>")
	title, rest, _ := strings.Cut(md.String(), "\n\n")
	sentence, _, _ := strings.Cut(rest, "**Why**")
	return []string{strings.Split(text.String(), "\n")[1], fmt.Sprint(title, " ", sentence), page, r.Headline}
}

func TestSentence_SingleCauseInFull(t *testing.T) {
	for _, c := range []struct {
		name string
		want string
	}{
		{"rule_fired", "tcp is inconclusive: rule r fired at 03:05:05: grew."},
		{"target_dead", "tcp is inconclusive: the target exited after 1 min 20 s and did not come back."},
		{"monitor_failed", "tcp is inconclusive: the monitor failed: no space left on device."},
		{"one_series_open", "tcp is inconclusive: target threads: too few samples."},
	} {
		i := slices.IndexFunc(scenarios, func(s scenario) bool { return s.name == c.name })
		if got := Sentence(scenarios[i].build(t)); got != c.want {
			t.Errorf("%s: %s\nwant %s", c.name, got, c.want)
		}
	}
}

// The last tallies of a run that was cut off are missing; the load is not to blame.
func TestBuild_CutOffLoadDidNotFallShort(t *testing.T) {
	for missing, want := range map[float64]bool{1.9: false, 10: true} {
		m := goodRun()
		m.run.Ended = soak.EndInterrupted
		m.change("driver", `operations_total{load="tcp"}`, func(second int, v float64) float64 { return max(0, v-missing*goodRate) })
		m.cut(60)
		r := m.built(t)
		if short := slices.ContainsFunc(r.Reasons, func(s string) bool { return strings.Contains(s, "of the planned rate") }); short != want {
			t.Errorf("%v s of operations missing: %v", missing, r.Reasons)
		}
	}
}
