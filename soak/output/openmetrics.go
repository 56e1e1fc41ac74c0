package output

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"soakmon/soak"
)

// SeriesSource is a run that is read by series.
type SeriesSource interface {
	Names() []soak.SeriesID // every series of the run, sorted
	Series(of soak.SeriesID) (soak.Series, error)
	WallAt(at time.Duration) time.Time
}

// OpenMetrics writes a run in the OpenMetrics 1.0 text format, every point with
// its time, for example for `promtool tsdb create-blocks-from openmetrics`. The
// process is a label. Points that were not measured are left out, and so are points
// that are not later than the previous one because the wall clock was set back:
// Prometheus accepts neither.
func OpenMetrics(w io.Writer, r SeriesSource) error {
	out := bufio.NewWriterSize(w, 64<<10)
	families := map[string][]soak.SeriesID{}
	for _, n := range r.Names() {
		families[n.Family()] = append(families[n.Family()], n)
	}
	for _, f := range slices.Sorted(maps.Keys(families)) {
		_, clash := families[strings.TrimSuffix(f, "_total")]
		for i, n := range families[f] {
			s, err := r.Series(n)
			if err != nil {
				return fmt.Errorf("output: openmetrics: %w", err)
			}
			if i == 0 {
				writeHead(out, f, s.Metric, clash)
			}
			writePoints(out, s, r.WallAt)
		}
	}
	out.WriteString("# EOF\n")
	if err := out.Flush(); err != nil {
		return fmt.Errorf("output: openmetrics: %w", err)
	}
	return nil
}

// writeHead writes the metadata of a family. The family of a counter has its name
// without _total. If another family has that name, or if the name of the counter
// does not end in _total, the type is unknown.
func writeHead(out *bufio.Writer, family string, m soak.Metric, clash bool) {
	family = valid(family)
	kind := string(m.Kind)
	if m.Kind == soak.Counter {
		base, ok := strings.CutSuffix(family, "_total")
		if ok && !clash {
			family = base
		} else {
			kind = "unknown"
		}
	}
	fmt.Fprintf(out, "# TYPE %s %s\n", family, kind)
	if m.Unit != "" && strings.HasSuffix(family, "_"+m.Unit) {
		fmt.Fprintf(out, "# UNIT %s %s\n", family, m.Unit)
	}
	if m.Help != "" {
		fmt.Fprintf(out, "# HELP %s %s\n", family, escape.Replace(m.Help))
	}
}

var escape = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)

// writePoints writes the points of one series.
func writePoints(out *bufio.Writer, s soak.Series, wallAt func(time.Duration) time.Time) {
	name := sampleName(s.ID)
	last := int64(math.MinInt64)
	for i, v := range s.Value {
		wall := wallAt(s.At[i])
		if math.IsNaN(v) || wall.UnixMilli() <= last {
			continue
		}
		last = wall.UnixMilli()
		line := append(out.AvailableBuffer(), name...)
		line = appendNumber(append(line, ' '), v)
		line = appendTime(append(line, ' '), wall)
		out.Write(append(line, '\n')) // Flush returns the error
	}
}

// sampleName writes a series with its process as the first label. A label of the
// series that is named process as well is renamed, as Prometheus does.
func sampleName(id soak.SeriesID) string {
	var b strings.Builder
	b.WriteString(valid(id.Family()))
	b.WriteString(`{process="` + escape.Replace(id.Process) + `"`)
	for key, value := range soak.Labels(id.Metric) {
		if key == "process" {
			key = "exported_process"
		}
		b.WriteString("," + key + `="` + escape.Replace(value) + `"`)
	}
	b.WriteByte('}')
	return b.String()
}

// valid replaces the characters that a name cannot have:
// [a-zA-Z_:][a-zA-Z0-9_:]*.
func valid(name string) string {
	s := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == ':' {
			return r
		}
		return '_'
	}, name)
	if s == "" || s[0] >= '0' && s[0] <= '9' {
		return "_" + s
	}
	return s
}
