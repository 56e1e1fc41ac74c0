// Package analysis runs the leak detector on time series from elsewhere: the
// recordings that package input reads.
package analysis

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"math"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"text/tabwriter"

	"golang.org/x/sync/errgroup"

	"soakmon/alerts/detect"
	"soakmon/soak"
	"soakmon/soak/human"
	"soakmon/soak/indent"
	"soakmon/soak/input"
	"soakmon/soak/report"
)

// Analysis is the judgement of one foreign series. Its JSON names are stable.
type Analysis struct {
	Source  string     `json:"source"`
	Name    string     `json:"name"`
	Verdict soak.State `json:"verdict"`
	soak.Growth
	Since    soak.Float    `json:"since_s"`    // seconds since the recording's start, as is the next
	Detected soak.Float    `json:"detected_s"` // when a monitor that looked all along would have said leak
	Until    soak.Float    `json:"until_s"`    // when the growth ended with the lifetime of the process; NaN if it lasts
	Reached  soak.Float    `json:"reached_s"`  // when the limit was reached; NaN if it was not
	Level    soak.Float    `json:"level"`
	Unit     string        `json:"unit"`
	Samples  int           `json:"samples"` // measured
	Reason   string        `json:"reason"`
	Needed   soak.Float    `json:"needed_s"`        // length of a recording that would decide an undecided series; null if unknown
	Steps    []report.Step `json:"steps,omitempty"` // rises of the level that were not taken back, where the series is not a leak
	Warnings []string      `json:"warnings,omitempty"`
}

// Analyze judges all series, those of one recording together. They are many
// where a folder of recordings is judged, so all processors take part.
func Analyze(recordings []input.Recording, tolerance soak.Quantity) ([]Analysis, error) {
	var all []Analysis
	for _, r := range recordings {
		all = append(all, make([]Analysis, len(r.Series))...)
	}
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	next := 0
	for _, r := range recordings {
		for _, s := range r.Series {
			one := &all[next]
			next++
			group.Go(func() (err error) {
				defer func() {
					if p := recover(); p != nil {
						err = crash{fmt.Sprintf("%s of %s: %v\n%s", s.ID.Metric, r.Source, p, debug.Stack())}
					}
				}()
				*one = analyzeSeries(r.Source, s, tolerance, len(r.Series))
				if r.CutOff {
					one.Warnings = append(one.Warnings, "the last line of the recording is cut off: what it lacks is a gap")
				}
				return nil
			})
		}
	}
	err := group.Wait()
	if c, ok := err.(crash); ok {
		panic(c.text) // in the caller's goroutine, where it can be recovered from
	}
	return all, err
}

// crash is a panic of a goroutine that judges.
type crash struct{ text string }

func (c crash) Error() string { return c.text }

// analyzeSeries judges one of a family of series.
func analyzeSeries(source string, s soak.Series, tolerance soak.Quantity, family int) Analysis {
	q := soak.Question{Series: detect.Reduce(s), Limit: limit(s), Tolerance: tolerance, Family: family, Final: true}
	v := detect.Judge{}.Judge(q)
	a := Analysis{
		Source: source, Name: s.ID.Metric, Verdict: v.State,
		Growth: v.Growth,
		Since:  soak.Float(math.NaN()), Detected: soak.Float(math.NaN()), Until: soak.Float(math.NaN()), Reached: soak.Float(math.NaN()), Level: soak.Float(v.Level),
		Unit: s.Metric.Unit, Samples: measured(s), Reason: v.Reason, Warnings: v.Warnings,
	}
	if a.Needed = soak.Float(v.Needed.Seconds()); v.Needed == 0 {
		a.Needed = soak.Float(math.NaN())
	}
	for _, step := range v.Steps {
		a.Steps = append(a.Steps, report.Step{At: step.At.Seconds(), Size: step.Size})
	}
	if v.State == soak.Leaking {
		a.Since = soak.Float(v.Since.Seconds())
		if v.Until > 0 {
			a.Until = soak.Float(v.Until.Seconds())
		}
		if v.Exhaustion.Reached > 0 {
			a.Reached = soak.Float(v.Exhaustion.Reached.Seconds())
		}
		if at, ok := detect.Detected(q); ok {
			a.Detected = soak.Float(at.Seconds())
		}
	}
	return a
}

// limit is where a share of something ends, given its name and unit by the naming
// rules of Prometheus; NaN where the values exceed it.
func limit(s soak.Series) float64 {
	most := math.NaN()
	switch name := s.Metric.Name; {
	case strings.HasSuffix(name, "_percent"), strings.HasSuffix(name, "_pct"):
		most = 100
	case strings.HasSuffix(name, "_ratio"):
		most = 1
	}
	if slices.ContainsFunc(s.Value, func(v float64) bool { return v > most }) {
		return math.NaN()
	}
	return most
}

func measured(s soak.Series) (n int) {
	for _, v := range s.Value {
		if !math.IsNaN(v) {
			n++
		}
	}
	return n
}

// severity orders verdicts, the worst first.
var severity = map[soak.State]int{soak.Leaking: 0, soak.Inconclusive: 1, soak.Clean: 2}

// ExitCode is that of the worst verdict: leak, then inconclusive.
func ExitCode(all []Analysis) int {
	worst := severity[soak.Clean]
	for _, a := range all {
		worst = min(worst, severity[a.Verdict])
	}
	return []int{report.ExitLeak, report.ExitInconclusive, report.ExitClean}[worst]
}

// Formats are those that [Write] knows.
var Formats = []string{"text", "json"}

// Write writes analyses in one of the [Formats].
func Write(w io.Writer, all []Analysis, format string) error {
	if format == "json" {
		return indent.JSON(w, map[string]any{"series": all})
	}
	_, err := io.WriteString(w, text(all))
	return err
}

// text shows a line of figures per series, the worst first, and below
// it what the figures do not say. Names stand last, so that long ones push
// nothing out of its column.
func text(all []Analysis) string {
	all = slices.SortedStableFunc(slices.Values(all), func(a, b Analysis) int { return cmp.Compare(severity[a.Verdict], severity[b.Verdict]) })
	oneSource := !slices.ContainsFunc(all, func(a Analysis) bool { return a.Source != all[0].Source })
	var table bytes.Buffer
	tw := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "VERDICT\tGROWTH PER HOUR\t95 % INTERVAL\tDETECTABLE\tSERIES")
	for _, a := range all {
		label := a.Source + " " + a.Name
		if oneSource {
			label = a.Name
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\n", a.Verdict, human.Signed(a.slope(), a.Unit), a.interval(), human.AtLeast(a.MinDetectable, a.Unit), label)
	}
	tw.Flush()
	header, rows, _ := strings.Cut(table.String(), "\n")
	var out strings.Builder
	fmt.Fprintln(&out, header)
	next := 0
	for row := range strings.Lines(rows) {
		out.WriteString(row)
		all[next].remarks(&out)
		next++
	}
	if len(all) > 1 {
		fmt.Fprintf(&out, "\n%s\n", tally(all))
	}
	return out.String()
}

// slope is the growth, and zero where it vanishes within its interval.
func (a Analysis) slope() soak.Float {
	return human.Vanishing(a.Slope, a.Lo, a.Hi)
}

func (a Analysis) interval() string {
	return cmp.Or(human.Interval(a.Lo, a.Hi, a.Unit), human.Unknown)
}

// remarks writes why the verdict is what it is, and the warnings.
func (a Analysis) remarks(out *strings.Builder) {
	fmt.Fprintf(out, "  %s\n", a.Reason)
	for _, w := range a.Warnings {
		fmt.Fprintf(out, "  note: %s\n", w)
	}
}

// tally counts the verdicts: "17 series: 7 leak, 2 inconclusive, 8 clean".
func tally(all []Analysis) string {
	n := map[soak.State]int{}
	for _, a := range all {
		n[a.Verdict]++
	}
	var parts []string
	for _, state := range []soak.State{soak.Leaking, soak.Inconclusive, soak.Clean} {
		if n[state] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n[state], state))
		}
	}
	return fmt.Sprintf("%d series: %s", len(all), strings.Join(parts, ", "))
}
