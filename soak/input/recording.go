package input

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"soakmon/soak"
)

// recording collects the columns of a table.
type recording struct {
	clock   int // index of the column time
	wanted  string
	columns []*column
	at      []time.Duration // since the first row
	first   float64         // seconds
	last    int             // index of the last cell of a row
}

type column struct {
	name    string
	index   int // in a row
	values  []float64
	numbers int
	word    string // the first cell that is not a number
	line    int    // its line; 0 if there is none
}

func newRecording(header []string, wanted string) (*recording, error) {
	rec := &recording{clock: -1, wanted: wanted, last: len(header) - 1}
	for i, h := range header {
		name := strings.TrimSpace(h)
		switch {
		case strings.EqualFold(name, "time") && rec.clock >= 0:
			return nil, fmt.Errorf("two columns `time` in the header %q: rename one", header)
		case strings.EqualFold(name, "time"):
			rec.clock = i
		case wanted == "" || name == wanted:
			rec.columns = append(rec.columns, &column{name: name, index: i})
		}
	}
	switch {
	case rec.clock < 0:
		return nil, fmt.Errorf("no column `time` in the header %q: rename the column of times, and separate columns by commas", header)
	case len(rec.columns) == 0 && wanted != "":
		return nil, fmt.Errorf("no column %q: use one of the header, %q", wanted, header)
	}
	return rec, nil
}

func (rec *recording) add(row []string, line int) error {
	seconds, err := parseTime(row[rec.clock])
	if err != nil {
		return err
	}
	if len(rec.at) == 0 {
		rec.first = seconds
	}
	since := seconds - rec.first
	if math.Abs(since) > 1e9 {
		return fmt.Errorf("time %s is more than thirty years from the first row's: check its unit", row[rec.clock])
	}
	rec.at = append(rec.at, time.Duration(math.Round(since*1e6))*time.Microsecond)
	for _, c := range rec.columns {
		c.add(row[c.index], line)
	}
	return nil
}

func (c *column) add(cell string, line int) {
	v, err := parseValue(cell)
	switch {
	case err != nil && c.line == 0:
		c.word, c.line = cell, line
	case err == nil && !math.IsNaN(v):
		c.numbers++
	}
	c.values = append(c.values, v)
}

// dropCutCell leaves out the last cell of a last line that does not end, where digits
// are missing: it is not a number, or less than a fifth of the one above.
func (rec *recording) dropCutCell(line int) bool {
	const digits = 5.
	n := len(rec.at)
	for _, c := range rec.columns {
		if c.index != rec.last || n < 2 {
			continue
		}
		v, above := c.values[n-1], c.values[n-2]
		switch {
		case c.line == line:
			c.word, c.line = "", 0
		case math.Abs(v) < math.Abs(above)/digits:
			c.numbers--
		default:
			return false
		}
		c.values[n-1] = math.NaN()
		return true
	}
	return false
}

// check reports columns that cannot be judged and must not be skipped silently,
// with the line that shows it.
func (rec *recording) check() (line int, err error) {
	judged := 0
	for _, c := range rec.columns {
		switch {
		case c.line == 0:
			judged++
		case c.numbers > 0:
			return c.line, fmt.Errorf("column %q: invalid number %q: leave the cell empty where nothing was measured, or select another column", c.name, c.word)
		case c.name == rec.wanted:
			return c.line, fmt.Errorf("column %q contains no numbers but values such as %q: select another column", c.name, c.word)
		}
	}
	if judged == 0 {
		return 1, errors.New("no column of numbers in addition to `time`: add one")
	}
	return 0, nil
}

// recorded returns the columns of numbers, sorted by time, which begins at zero.
func (rec *recording) recorded() Recording {
	order := make([]int, len(rec.at))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(rec.at[a], rec.at[b]) })
	out := Recording{Start: rec.first + rec.at[order[0]].Seconds()}
	for _, c := range rec.columns {
		if c.line > 0 {
			continue
		}
		s := soak.Series{ID: soak.SeriesID{Metric: c.name}, Metric: Describe(c.name), At: make([]time.Duration, len(order)), Value: make([]float64, len(order))}
		for to, from := range order {
			s.At[to], s.Value[to] = rec.at[from]-rec.at[order[0]], c.values[from]
		}
		out.Series = append(out.Series, s)
	}
	return out
}

// lastUnix is in the year 5138: a larger number cannot be a Unix time in seconds.
const lastUnix = 1e11

// parseTime reads Unix seconds, seconds since the start, or RFC 3339.
func parseTime(s string) (seconds float64, err error) {
	s = strings.TrimSpace(s)
	if v, err := strconv.ParseFloat(s, 64); err == nil && !math.IsNaN(v) && !math.IsInf(v, 0) {
		if math.Abs(v) > lastUnix {
			return 0, fmt.Errorf("time %s is too large for seconds: convert milliseconds to seconds", s)
		}
		return v, nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return 0, fmt.Errorf("invalid time %q: use Unix seconds, seconds since the start, or RFC 3339 such as 2026-01-02T15:04:05Z", s)
	}
	return float64(t.Unix()) + float64(t.Nanosecond())/1e9, nil
}

// placeholders are the texts of a value that was not measured.
var placeholders = []string{"", "-", "na", "n/a", "nan", "nil", "none", "null"}

// parseValue reads a number; NaN is a value that was not measured.
func parseValue(s string) (float64, error) {
	s = strings.TrimSpace(s)
	if slices.Contains(placeholders, strings.ToLower(s)) {
		return math.NaN(), nil
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return math.NaN(), err
	}
	return v, nil
}

// Describe guesses a metric from its name (https://prometheus.io/docs/practices/naming/).
func Describe(name string) soak.Metric {
	family := soak.Family(name)
	m := soak.Metric{Name: family, Unit: "count", Kind: soak.Gauge}
	base := family
	if trimmed, ok := strings.CutSuffix(family, "_total"); ok {
		base, m.Kind = trimmed, soak.Counter
	}
	switch {
	case strings.HasSuffix(base, "_bytes"):
		m.Unit = "bytes"
	case strings.HasSuffix(base, "_seconds"):
		m.Unit = "seconds"
	}
	return m
}
