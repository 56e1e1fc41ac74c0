package report

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"soakmon/soak"
)

// whole are the scenarios with a golden file in every format: a leak, a clean run,
// and empty, broken, short and running ones.
var whole = []string{"clean", "leak", "empty", "all_nan", "running", "interrupted_before_the_load", "rule_fired"}

func (s scenario) charts(t *testing.T) Charts {
	t.Helper()
	m := goodRun()
	s.change(m)
	c, err := Draw(m)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestWrite_GoldenFormats(t *testing.T) {
	for _, s := range scenarios {
		if !slices.Contains(whole, s.name) {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			r, c := s.build(t), s.charts(t)
			var md, junit bytes.Buffer
			if err := Markdown(&md, r, c); err != nil {
				t.Fatal(err)
			}
			golden(t, s.name+".md", md.Bytes())
			if err := JUnit(&junit, r); err != nil {
				t.Fatal(err)
			}
			golden(t, s.name+".junit.xml", junit.Bytes())
			above, below, err := Sections(r, c)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, s.name+".html", []byte(above+below))
		})
	}
}

// A CI system fails exactly when the run is not clean, for whatever reason.
func TestJUnit_FailsUnlessClean(t *testing.T) {
	for _, s := range scenarios {
		r := s.build(t)
		var out bytes.Buffer
		if err := JUnit(&out, r); err != nil {
			t.Fatal(err)
		}
		var got junitSuites
		if err := xml.Unmarshal(out.Bytes(), &got); err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		suite := got.Suites[0]
		if red := suite.Failures+suite.Errors > 0; red != (r.ExitCode != ExitClean) {
			t.Errorf("%s: exit code %d with %d failures and %d errors", s.name, r.ExitCode, suite.Failures, suite.Errors)
		}
		if failed := suite.Failures > 0; failed != (r.ExitCode == ExitLeak || r.ExitCode == ExitDead) && r.ExitCode != ExitError {
			t.Errorf("%s: exit code %d with %d failures", s.name, r.ExitCode, suite.Failures)
		}
		if want := 2 + len(r.Series) + len(r.Plan.Rules); suite.Tests != want || len(suite.Cases) != want {
			t.Errorf("%s: %d cases, want %d: one per rule, resource and target, and the evidence", s.name, suite.Tests, want)
		}
	}
}

func htmlOf(t *testing.T, r Report, c Charts) string {
	t.Helper()
	var out bytes.Buffer
	if err := HTML(&out, r, c); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// The file may be passed around: it must not make any network request.
func TestHTML_SelfContained(t *testing.T) {
	link := regexp.MustCompile(`(?i)(src|href|action|poster|data)\s*=\s*["']?[a-z]|@import|url\(`)
	for _, s := range scenarios {
		page := htmlOf(t, s.build(t), s.charts(t))
		markup := regexp.MustCompile(`(?s)<script.*?</script>`).ReplaceAllString(page, "")
		if found := link.FindString(markup); found != "" {
			t.Errorf("%s: the file refers to something outside: %q", s.name, found)
		}
		for _, inline := range []string{"style", "script"} {
			for _, m := range regexp.MustCompile(`(?s)<`+inline+`( type="module")?>(.*?)</`+inline+`>`).FindAllStringSubmatch(page, -1) {
				if !strings.Contains(page, strings.ReplaceAll(digest(m[2]), "+", "&#43;")) {
					t.Errorf("%s: the policy does not allow the file's own %s", s.name, inline)
				}
			}
		}
	}
}

func TestHTML_EscapesNames(t *testing.T) {
	m := goodRun()
	evil := `"><script>alert(1)</script>`
	m.run.Name, m.run.Plan.Load[0].Name, m.run.Host.Name = evil, evil, evil
	m.add(soak.RoleTarget, evil, func(int) float64 { return 1 })
	m.says["target fds"] = soak.Verdict{State: soak.Leaking, Growth: soak.Growth{Slope: 1, Lo: 1, Hi: 1}, Reason: evil}
	r, err := Build(m, m, false)
	if err != nil {
		t.Fatal(err)
	}
	c, err := Draw(m)
	if err != nil {
		t.Fatal(err)
	}
	if page := htmlOf(t, r, c); strings.Contains(page, "<script>alert") {
		t.Error("a name became a script")
	}
	var md bytes.Buffer
	if err := Markdown(&md, r, c); err != nil || strings.Contains(md.String(), "<script") {
		t.Errorf("a name became markup in %s, %v", md.String(), err)
	}
}

// day is a day of 50 noisy series at one sample per second.
func day() *memory {
	m := goodRun()
	m.ticks = nil
	for i := 1; i <= 86_400; i++ {
		m.ticks = append(m.ticks, at(i))
	}
	m.run.Plan.Duration = 24 * time.Hour
	m.series = map[soak.SeriesID]soak.Series{}
	state := uint64(1)
	noise := func() float64 {
		state = state*6364136223846793005 + 1442695040888963407
		return float64(state>>40) / float64(1<<24)
	}
	for i := range 50 {
		name := fmt.Sprintf("made_up_%d_bytes", i)
		m.add(soak.RoleTarget, name, func(int) float64 { return math.Floor(2e8 + 1e8*noise()) })
	}
	return m
}

func TestHTML_SizeOfOneDay(t *testing.T) {
	m := day()
	c, err := Draw(m)
	if err != nil {
		t.Fatal(err)
	}
	page := htmlOf(t, scenarios[0].build(t), c)
	t.Logf("%d bytes", len(page))
	if len(page) >= 1<<20 {
		t.Errorf("%d bytes of HTML", len(page))
	}
}

func BenchmarkHTML_OneDay(b *testing.B) {
	m := day()
	r, err := Build(m, m, false)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		c, err := Draw(m)
		if err != nil {
			b.Fatal(err)
		}
		if err := HTML(io.Discard, r, c); err != nil {
			b.Fatal(err)
		}
	}
}

func TestPlain_Labels(t *testing.T) {
	for metric, want := range map[string]string{
		"fds": "fds", `sockets{state="close_wait"}`: "sockets close_wait",
		`jvm_memory_used_bytes{area="heap",id="G1 Old Gen"}`: "jvm_memory_used_bytes heap G1 Old Gen",
	} {
		if got := plain(metric); got != want {
			t.Errorf("%s is shown as %q, want %q", metric, got, want)
		}
	}
}

// The evidence and the verdict must agree on the number of judged resources: one
// that another covers is one of them.
func TestEvidenceLines_CountsJudgedResources(t *testing.T) {
	for _, s := range scenarios {
		if s.name != "seldom_read_sockets" {
			continue
		}
		lines := strings.Join(evidenceLines(s.build(t)), "\n")
		if !strings.Contains(lines, "7 resources of the target judged") {
			t.Errorf("the verdict counts 7 resources, the evidence says\n%s", lines)
		}
	}
}
