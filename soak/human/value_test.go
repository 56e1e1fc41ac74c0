package human

import (
	"math"
	"testing"
	"time"
)

func TestAmount_ThreeFigures(t *testing.T) {
	for _, c := range []struct {
		v    float64
		unit string
		want string
	}{
		{3250585, "bytes", "3.1 MiB"}, {1023.9, "bytes", "1 KiB"}, {-2048, "bytes", "-2 KiB"}, {0, "bytes", "0 B"}, {12, "count", "12"},
		{7194.68, "count", "7190"}, {0.0123456, "count", "0.0123"}, {0.00025, "seconds", "250 µs"}, {0.0125, "seconds", "12.5 ms"},
		{61.25, "seconds", "61.3 s"}, {2.5e9, "count", "2.5 G"}, {-999_600, "count", "-1 M"}, {118e6, "count", "118 M"}, {1e30, "count", "1e+30"}, {math.NaN(), "bytes", "–"}, {math.Inf(1), "bytes", "unlimited"}, {4, "cores", "4 cores"},
	} {
		if got := Amount(c.v, c.unit); got != c.want {
			t.Errorf("%v %s is written %q, want %q", c.v, c.unit, got, c.want)
		}
	}
}

func TestRoughly_OneUnit(t *testing.T) {
	for d, want := range map[time.Duration]string{90 * time.Second: "90 s", 40 * time.Minute: "40 min", 150 * time.Minute: "2.5 h", 72 * time.Hour: "3 d"} {
		if got := Roughly(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}
