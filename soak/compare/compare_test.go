package compare

import (
	"bytes"
	"encoding/json"
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"soakmon/soak"
	"soakmon/soak/cause"
	"soakmon/soak/report"
)

var update = flag.Bool("update", false, "update the golden files")

// run is a report with one load and one resource, given its slope and level.
func run(id string, slope, width, level, latency, rate float64) report.Report {
	f := func(v float64) soak.Float { return soak.Float(v) }
	about := func(metric, unit string, mean, share float64) report.Level {
		se := mean * share
		return report.Level{Process: soak.RoleDriver, Metric: metric, Unit: unit, Mean: f(mean), Lo: f(mean - 2*se), Hi: f(mean + 2*se), Error: f(se), Batches: 20}
	}
	throughput := about(`operations_total{load="tcp"}`, "count", rate, 0.0005)
	throughput.Rate = true
	standing := about("rss_bytes", "bytes", level, 0.002)
	standing.Process = soak.RoleTarget
	return report.Report{
		Run: id, Name: "tcp", Start: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Version: "test", Verdict: soak.Clean, Duration: 3600, Reasons: []string{"growth is excluded"},
		Host: soak.Host{Name: "here", CPUs: 2}, Load: []report.Load{{Name: "tcp", Protocol: "tcp", Planned: 200}},
		Series: []report.Series{{Process: soak.RoleTarget, Metric: "rss_bytes", Unit: "bytes", Verdict: soak.Clean, Growth: soak.Growth{Slope: f(slope), Lo: f(slope - width), Hi: f(slope + width)}}},
		Levels: []report.Level{standing, about(`latency_seconds{load="tcp",q="0.99"}`, "seconds", latency, 0.01), throughput},
	}
}

const mib = 1 << 20

func TestCompare_SignificantDifferences(t *testing.T) {
	base := run("a", 0, 0.1*mib, 100*mib, 0.010, 200)
	for name, c := range map[string]struct {
		other report.Report
		want  map[string]string // by kind
	}{
		"the same":         {run("b", 0.05*mib, 0.1*mib, 100.2*mib, 0.0101, 200.05), map[string]string{Growth: Same, Level: Same, Latency: Same, Throughput: Same}},
		"it grows":         {run("b", 2*mib, 0.1*mib, 100*mib, 0.010, 200), map[string]string{Growth: Worse, Level: Same}},
		"it grows no more": {run("b", -2*mib, 0.1*mib, 100*mib, 0.010, 200), map[string]string{Growth: Better}},
		"noise hides it":   {run("b", 2*mib, 5*mib, 100*mib, 0.010, 200), map[string]string{Growth: Same}},
		"it is larger":     {run("b", 0, 0.1*mib, 110*mib, 0.010, 200), map[string]string{Level: Worse, Latency: Same}},
		"it is slower":     {run("b", 0, 0.1*mib, 100*mib, 0.012, 190), map[string]string{Latency: Worse, Throughput: Worse}},
		"it is faster":     {run("b", 0, 0.1*mib, 100*mib, 0.008, 220), map[string]string{Latency: Better, Throughput: Better}},
	} {
		got := Compare([]report.Report{base, c.other})
		for _, r := range got.Rows {
			if want := c.want[r.Kind]; want != "" && r.Against[0].Change != want {
				t.Errorf("%s: %s is %s, want %s: %+v", name, r.Kind, r.Against[0].Change, want, r.Against[0])
			}
		}
	}
}

// Noise alone must cause a difference in at most one of twenty comparisons.
func TestCompare_CorrectsForNumberOfRows(t *testing.T) {
	base := run("a", 0, 1.96, 100, 1, 200)
	c := Compare([]report.Report{base, run("b", 2.4*math.Sqrt2, 1.96, 100, 1, 200)})
	if got := c.Rows[0].Against[0].Change; got != Same {
		t.Errorf("2.4 standard errors in one of %d rows are called %s", len(c.Rows), got)
	}
}

func TestCompare_MissingInOneRun(t *testing.T) {
	base, other := run("a", 0, 1, 100, 1, 200), run("b", 0, 1, 100, 1, 200)
	other.Levels, other.Series[0].Metric = nil, "fds"
	for _, r := range Compare([]report.Report{base, other}).Rows {
		if r.Against[0].Change != Undecided {
			t.Errorf("%s %s is %s", r.Kind, r.Metric, r.Against[0].Change)
		}
	}
}

func TestCompare_Notes(t *testing.T) {
	base, other := run("a", 0, 1, 100, 1, 200), run("b", 0, 1, 100, 1, 200)
	other.Duration, other.Host.CPUs, other.Load[0].Planned, other.Verdict = 60, 4, 400, soak.Inconclusive
	if got := Compare([]report.Report{base, other}).Notes; len(got) != 4 {
		t.Errorf("%q", got)
	}
}

func finding(share float64, functions ...string) []cause.Finding {
	f := cause.Finding{Resource: cause.Heap, Metric: "go_heap_live_bytes", Unit: "bytes", Slope: 10 * mib}
	for _, name := range functions {
		f.Culprits = append(f.Culprits, cause.Culprit{Function: name, File: "/src/shop/cart.go", Line: 12, Share: soak.Float(share)})
	}
	return []cause.Finding{f}
}

func TestCompare_Culprits(t *testing.T) {
	base, other := run("a", 0, 1, 100, 1, 200), run("b", 0, 1, 100, 1, 200)
	base.Findings, other.Findings = finding(0.4, "shop.Keep", "shop.Forget"), finding(0.41, "shop.Keep", "shop.Add")
	want := map[string]string{"shop.Keep cart.go": Same, "shop.Forget cart.go": Gone, "shop.Add cart.go": New}
	got := Compare([]report.Report{base, other}).Culprits
	for _, c := range got {
		if c.Change != want[c.Place] {
			t.Errorf("%s is %s, want %s", c.Place, c.Change, want[c.Place])
		}
	}
	other.Findings = finding(0.9, "shop.Keep")
	if got = Compare([]report.Report{base, other}).Culprits; len(got) != 2 || got[0].Change != Changed {
		t.Errorf("%+v", got)
	}
}

func TestWrite_Golden(t *testing.T) {
	first, second := run("20260102T030405Z-tcp-0001", 0, 0.1*mib, 100*mib, 0.010, 200), run("20260103T030405Z-tcp-0002", 2*mib, 0.1*mib, 110*mib, 0.008, 200)
	second.Findings = finding(0.9, "shop.Keep")
	c := Compare([]report.Report{first, second, run("20260104T030405Z-tcp-0003", 0, 0.1*mib, 100*mib, 0.01, 200)})
	for _, format := range Formats {
		var out bytes.Buffer
		if err := Write(&out, c, format); err != nil {
			t.Fatal(err)
		}
		if format == "html" { // the style is not part of the golden file
			page := out.String()
			out.Reset()
			out.WriteString(strings.Replace(page, report.Style(), "", 1))
		}
		if format == "json" && !json.Valid(out.Bytes()) {
			t.Error("invalid JSON")
		}
		path := filepath.Join("testdata", "compare."+format)
		if *update {
			if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatalf("%v; run the test with -update", err)
		}
		if !bytes.Equal(out.Bytes(), want) {
			t.Errorf("the output differs from %s (update it with go test -update):\n%s", path, out.Bytes())
		}
	}
}

// The slope of a flat series is not exactly zero in floating point.
func TestWrite_RoundingError(t *testing.T) {
	base := run("a", -1.77e-8, 0.1*mib, 100*mib, 0.010, 200)
	var out strings.Builder
	if err := Write(&out, Compare([]report.Report{base, base}), "text"); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "e-08") || !strings.Contains(out.String(), "0 B/h (") {
		t.Errorf("a slope of -1.77e-8 B/h is shown in\n%s", out.String())
	}
}
