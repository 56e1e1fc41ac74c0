package input

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
)

// Any input gives an error with a line, or series with a value for each time, whose
// times are sorted and begin at zero.
func FuzzCSV(f *testing.F) {
	for _, text := range []string{
		"", "time", "time,value\n0,1\n1,2\n", "time,a,b\n2026-01-02T15:04:05Z,1,\n1,NaN,x\n", "\ufefftime,v\n1e9,1\n-1e9,2\n",
		"time,v\n0,\"1\n", "time,v\n0,1,2\n", "time,time\n0,0\n", "v,time\n0x1p-2,1e11\n", zipped(f, "time,v\n0,1\n"), zipped(f, "time,v\n0,1\n")[:20],
	} {
		f.Add([]byte(text), "")
		f.Add([]byte(text), "v")
	}
	f.Fuzz(func(t *testing.T, data []byte, column string) {
		rec, err := CSV(bytes.NewReader(data), "x.csv", column)
		all := rec.Series
		if err != nil {
			if !strings.HasPrefix(err.Error(), "x.csv:") || len(all) > 0 {
				t.Fatalf("%d series, error %v", len(all), err)
			}
			return
		}
		if len(all) == 0 {
			t.Fatal("neither a series nor an error")
		}
		for _, s := range all {
			if len(s.At) == 0 || len(s.At) != len(s.Value) || s.At[0] != 0 || !slices.IsSorted(s.At) {
				t.Fatalf("series %q: %d times from %v, %d values", s.ID.Metric, len(s.At), s.At[0], len(s.Value))
			}
			if column != "" && s.ID.Metric != column {
				t.Fatalf("series %q, want %q", s.ID.Metric, column)
			}
		}
	})
}

// A point of Prometheus is a pair of a number and a text.
func FuzzParsePoint(f *testing.F) {
	f.Add([]byte("1700000000.5"), []byte(`"1"`))
	f.Add([]byte("0"), []byte(`"+Inf"`))
	f.Add([]byte(`"0"`), []byte("1"))
	f.Fuzz(func(t *testing.T, at, value []byte) {
		v, _, err := parsePoint([2]json.RawMessage{at, value})
		if err == nil && (math.IsNaN(v) || math.IsInf(v, 0)) {
			t.Fatalf("the time is %v", v)
		}
	})
}
