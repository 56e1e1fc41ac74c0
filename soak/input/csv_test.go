package input

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"soakmon/soak"
)

// one reads a recording that must have exactly one series.
func one(t *testing.T, text, column string) soak.Series {
	t.Helper()
	rec, err := CSV(strings.NewReader(text), "x.csv", column)
	all := rec.Series
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 1 {
		t.Fatalf("%d series, want one: %+v", len(all), all)
	}
	return all[0]
}

// same compares with NaN equal to itself.
func same(a, b []float64) bool {
	return slices.EqualFunc(a, b, func(x, y float64) bool { return x == y || math.IsNaN(x) && math.IsNaN(y) })
}

func TestCSV_TimesAndValues(t *testing.T) {
	nan := math.NaN()
	s := time.Second
	for name, c := range map[string]struct {
		text  string
		at    []time.Duration
		value []float64
	}{
		"unix seconds":       {"time,value\n1700000000,1\n1700000001.5,2\n", []time.Duration{0, 1500 * time.Millisecond}, []float64{1, 2}},
		"RFC 3339":           {"time,value\n2026-01-02T15:04:05Z,1\n2026-01-02T15:04:06.25Z,2\n", []time.Duration{0, 1250 * time.Millisecond}, []float64{1, 2}},
		"RFC 3339 with zone": {"time,value\n2026-01-02T15:04:05+01:00,1\n2026-01-02T14:05:05Z,2\n", []time.Duration{0, 60 * s}, []float64{1, 2}},
		"since the start":    {"time,value\n5,1\n6,2\n", []time.Duration{0, s}, []float64{1, 2}},
		"time is last":       {"value, Time\n1,0\n2,1\n", []time.Duration{0, s}, []float64{1, 2}},
		"gaps":               {"time,value\n0,1\n1,\n2,NaN\n3,null\n4, n/a \n5,2\n", []time.Duration{0, s, 2 * s, 3 * s, 4 * s, 5 * s}, []float64{1, nan, nan, nan, nan, 2}},
		"never measured":     {"time,value\n0,\n1,\n", []time.Duration{0, s}, []float64{nan, nan}},
		"unsorted":           {"time,value\n2,3\n0,1\n1,2\n", []time.Duration{0, s, 2 * s}, []float64{1, 2, 3}},
		"equal times":        {"time,value\n0,1\n1,2\n1,3\n2,4\n", []time.Duration{0, s, s, 2 * s}, []float64{1, 2, 3, 4}},
		"a column of text":   {"time,host,value\n0,web-1,1\n1,web-1,2\n", []time.Duration{0, s}, []float64{1, 2}},
		"quoted, CRLF":       {"\"time\",\"value\"\r\n\"0\",\"1e3\"\r\n\"1\",\"-2\"\r\n", []time.Duration{0, s}, []float64{1000, -2}},
		"byte order mark":    {"\ufeff\"time\",value\n0,1\n1,2\n", []time.Duration{0, s}, []float64{1, 2}},
		"no last line break": {"time,value\n0,1\n1,2", []time.Duration{0, s}, []float64{1, 2}},
	} {
		t.Run(name, func(t *testing.T) {
			got := one(t, c.text, "")
			if got.ID.Metric != "value" || !slices.Equal(got.At, c.at) || !same(got.Value, c.value) {
				t.Errorf("got %s %v %v, want %v %v", got.ID.Metric, got.At, got.Value, c.at, c.value)
			}
		})
	}
}

func TestCSV_EveryColumnOfNumbers(t *testing.T) {
	rec, err := CSV(strings.NewReader("a,time,host,b_bytes\n1,0,x,10\n2,1,y,20\n"), "x.csv", "")
	all := rec.Series
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 2 || all[0].ID.Metric != "a" || all[1].ID.Metric != "b_bytes" || !slices.Equal(all[1].Value, []float64{10, 20}) {
		t.Errorf("got %+v", all)
	}
}

func TestCSV_OneColumn(t *testing.T) {
	text := "time,a,mixed,b\n0,1,oops,3\n1,2,7,4\n"
	if s := one(t, text, "b"); s.ID.Metric != "b" || !slices.Equal(s.Value, []float64{3, 4}) {
		t.Errorf("got %+v", s)
	}
}

func TestCSV_Gzip(t *testing.T) {
	plain := "\ufefftime,value\n0,1\n1,2\n"
	if got, want := one(t, zipped(t, plain), ""), one(t, plain, ""); !slices.Equal(got.Value, want.Value) || !slices.Equal(got.At, want.At) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func zipped(t testing.TB, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestCSV_Errors(t *testing.T) {
	long := zipped(t, "time,value\n0,1\n"+strings.Repeat("1,2\n", 50_000))
	for name, c := range map[string]struct{ text, column, want string }{
		"empty":                   {"", "", "x.csv:1: empty file"},
		"no time":                 {"at,value\n0,1\n", "", "x.csv:1: no column `time`"},
		"two times":               {"time,TIME,value\n0,0,1\n", "", "x.csv:1: two columns `time`"},
		"only time":               {"time\n0\n1\n", "", "x.csv:1: no column of numbers"},
		"only text":               {"time,host\n0,a\n1,b\n", "", "x.csv:1: no column of numbers"},
		"header alone":            {"time,value\n", "", "x.csv:1: no rows"},
		"unknown column":          {"time,value\n0,1\n", "valu", `x.csv:1: no column "valu"`},
		"wanted text":             {"time,host\n0,\n1,b\n", "host", `x.csv:3: column "host" contains no numbers but values such as "b"`},
		"a word between numbers":  {"time,value\n0,1\n1,2\n2,oops\n3,4\n", "", `x.csv:4: column "value": invalid number "oops"`},
		"too large for a number":  {"time,value\n0,1\n1,1e999\n", "", `x.csv:3: column "value": invalid number "1e999"`},
		"short row":               {"time,a,b\n0,1,2\n1,2\n", "", "x.csv:3: this row has 2 cells, the header has 3"},
		"long row":                {"time,a\n0,1\n1,2,3\n", "", "x.csv:3: this row has 3 cells, the header has 2"},
		"bad time":                {"time,value\n0,1\nlater,2\n", "", `x.csv:3: invalid time "later": use Unix seconds`},
		"no time in a row":        {"time,value\n0,1\n,2\n", "", `x.csv:3: invalid time "": use`},
		"time is NaN":             {"time,value\nNaN,1\n", "", `x.csv:2: invalid time "NaN": use`},
		"milliseconds":            {"time,value\n1700000000000,1\n", "", "x.csv:2: time 1700000000000 is too large for seconds"},
		"a century between":       {"time,value\n0,1\n4000000000,1\n", "", "x.csv:3: time 4000000000 is more than thirty years"},
		"quote within a cell":     {"time,value\n0,1\n1,a\"b\n", "", "x.csv:3: bare \""},
		"cell over several lines": {"time,value\n0,\"a\nb\"\n1,2\n", "", `x.csv:2: column "value"`},
		"cut gzip":                {long[:len(long)-40], "", "the file is truncated"},
		"bad gzip":                {"\x1f\x8bnot gzip at all", "", "x.csv:1: gzip"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := CSV(strings.NewReader(c.text), "x.csv", c.column)
			if err == nil || !strings.HasPrefix(err.Error(), "x.csv:") || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want it to say %s", err, c.want)
			}
		})
	}
}

// A recorder that is killed leaves its last line incomplete: what it lacks is a gap.
func TestCSV_LastLineCutOff(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []float64 // of column b
		cut  bool
	}{
		"complete":               {"time,a,b\n0,1,200\n1,1,201\n", []float64{200, 201}, false},
		"without a line feed":    {"time,a,b\n0,1,200\n1,1,201", []float64{200, 201}, false},
		"cells missing":          {"time,a,b\n0,1,200\n1,1,201\n2,1", []float64{200, 201}, true},
		"digits missing":         {"time,a,b\n0,1,200\n1,1,201\n2,1,20", []float64{200, 201, math.NaN()}, true},
		"cut within an exponent": {"time,a,b\n0,1,200\n1,1,2e2\n2,1,2e", []float64{200, 200, math.NaN()}, true},
		"a small last value":     {"time,a,b\n0,1,200\n1,1,201\n2,1,20\n", []float64{200, 201, 20}, false},
		"cut within quotes":      {"time,a,b\n0,1,200\n1,1,201\n2,\"1", []float64{200, 201}, true},
	} {
		r, err := CSV(strings.NewReader(c.text), "x.csv", "b")
		if err != nil || r.CutOff != c.cut {
			t.Errorf("%s: cut off %v, error %v", name, r.CutOff, err)
			continue
		}
		same := func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }
		if got := r.Series[0].Value; !slices.EqualFunc(got, c.want, same) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestCSV_FailingReader(t *testing.T) {
	broken := errors.New("the disk is gone")
	_, err := CSV(io.MultiReader(strings.NewReader("time,value\n0,1\n"), iotest.ErrReader(broken)), "x.csv", "")
	if !errors.Is(err, broken) || !strings.HasPrefix(err.Error(), "x.csv:3: ") {
		t.Errorf("error %v", err)
	}
}

func TestDescribe_UnitAndKind(t *testing.T) {
	for name, want := range map[string]soak.Metric{
		"value":                       {Name: "value", Unit: "count", Kind: soak.Gauge},
		"rss_bytes":                   {Name: "rss_bytes", Unit: "bytes", Kind: soak.Gauge},
		`heap_bytes{job="a_seconds"}`: {Name: "heap_bytes", Unit: "bytes", Kind: soak.Gauge},
		"sent_bytes_total":            {Name: "sent_bytes_total", Unit: "bytes", Kind: soak.Counter},
		"cpu_seconds_total":           {Name: "cpu_seconds_total", Unit: "seconds", Kind: soak.Counter},
		"requests_total":              {Name: "requests_total", Unit: "count", Kind: soak.Counter},
		"latency_seconds":             {Name: "latency_seconds", Unit: "seconds", Kind: soak.Gauge},
	} {
		if got := Describe(name); got != want {
			t.Errorf("%s: got %+v, want %+v", name, got, want)
		}
	}
}
