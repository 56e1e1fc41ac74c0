package bench

import (
	"fmt"
	"io"
	"math"
	"strings"
)

// GoBench writes the rounds in the Go benchmark format, one line a round, so
// that benchstat compares two benches
// (https://go.googlesource.com/proposal/+/master/design/14313-benchmark-format.md).
func GoBench(w io.Writer, r Result) error {
	var out strings.Builder
	fmt.Fprintf(&out, "pkg: soak\nrun: %s\nsoak: %s\nconditions: %s\n", r.Run, r.Version, describeConditions(r.Conditions))
	for _, k := range Kinds {
		better := "lower"
		if k.More {
			better = "higher"
		}
		fmt.Fprintf(&out, "Unit %s better=%s\n", goUnit(k), better)
	}
	for _, row := range r.Rows {
		name := fmt.Sprintf("BenchmarkSoak/protocol=%s/server=%s/client=%s", word(row.Name), word(row.Server), word(row.Client))
		for round := range r.Rounds {
			if figures := goFigures(row, round); figures != "" {
				fmt.Fprintf(&out, "%s 1%s\n", name, figures)
			}
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func goFigures(row Row, round int) (line string) {
	for _, f := range row.Figures {
		if k, ok := kindOf(f.Name); ok && round < len(f.Values) && !isNaN(f.Values[round]) && !math.IsInf(float64(f.Values[round]), 0) {
			line += fmt.Sprintf(" %g %s", float64(f.Values[round]), goUnit(k))
		}
	}
	return line
}

// goUnit names a figure with a suffix that benchstat knows how to scale.
func goUnit(k Kind) string {
	suffix := map[string]string{perSecond: "B/s", seconds: "sec", rate: "per-sec", perGB: "sec/GB", bytesUnit: "B"}[k.Unit]
	return strings.ReplaceAll(k.Name, "_", "-") + "-" + suffix
}

// word makes a name of one word.
func word(s string) string {
	return strings.NewReplacer(" ", "-", "/", "-", "\t", "-", "\n", "-").Replace(s)
}
