package human

import (
	"math"
	"testing"
	"time"
)

func TestHuman_Formats(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct{ got, want string }{
		{Growth(3.25e6, "bytes"), "+3.1 MiB/h"},
		{Growth(-12.0, "count"), "-12/h"},
		{Growth(0.0, "bytes"), "0 B/h"},
		{Growth(nan, "bytes"), "–"},
		{Amount(nan, "bytes"), "–"},
		{Interval(-5.0, 7210, "count"), "-5 … +7210"},
		{Interval(nan, 3.0, "count"), ""},
		{Growth(180123.0, "count"), "+180,000/h"},
		{Amount(9994.0, ""), "9990"},
		{Amount(9996.0, ""), "10,000"},
		{Confidence("1/h", "3/h"), "95 % CI 1/h to 3/h"},
		{Confidence("3/h", "3/h"), "95 % CI ± <1 %"},
		{AtLeast(12.0, "count"), "≥ 12"},
		{AtLeast(nan, "count"), "–"},
		{Seconds(0.00245), "2.45 ms"},
		{Rate(200.123), "200/s"},
		{Percent(0.97213), "97.2 %"},
		{Duration(40 * time.Second), "40 s"},
		{Duration(126 * time.Second), "2 min 6 s"},
		{Duration(6*time.Hour + 12*time.Minute + 3*time.Second), "6 h 12 min"},
		{Duration(76 * time.Hour), "3 d 4 h"},
		{Duration(-time.Minute), "-1 min"},
		{Offset(6*time.Hour + 12*time.Minute), "+6 h 12 min"},
		{Span(nan), "–"},
		{Span(math.Inf(1)), "–"},
		{Clock(time.Date(2026, 1, 2, 14, 3, 59, 0, time.UTC)), "14:03"},
		{Count(1, "gap"), "1 gap"},
		{Count(0, "gap"), "0 gaps"},
		{Count(12192, "operation"), "12,192 operations"},
		{Integer(-1234567), "-1,234,567"},
		{Integer(999), "999"},
		{Size(1 << 20), "1 MiB"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
	if Vanishing(1.0, -5000, 5000) != 0 || Vanishing(100.0, -50, 250) != 100 {
		t.Error("a slope that vanishes within its interval must become zero, another must be kept")
	}
}

func TestSpark(t *testing.T) {
	nan := math.NaN()
	for want, got := range map[string]string{
		"▁▅█":  Spark([]float64{0, 5, 9}, 0),
		"█ ▁":  Spark([]float64{9, nan, 0}, 0),
		"▄▄▄":  Spark([]float64{200, 201, 200}, 1),
		"▄":    Spark([]float64{7}, 0),
		"":     Spark(nil, 0),
		"   ":  Spark([]float64{nan, nan, nan}, 0),
		"▁█▁█": Spark([]float64{-1, 1, -1, 1}, 0),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestThin_MeanIgnoresNaN(t *testing.T) {
	nan := math.NaN()
	got := Thin([]float64{1, 3, nan, 5, nan, nan}, 3)
	if got[0] != 2 || got[1] != 5 || !math.IsNaN(got[2]) {
		t.Errorf("%v", got)
	}
	if short := []float64{1, 2}; len(Thin(short, 3)) != 2 {
		t.Error("a short series must stay as it is")
	}
}
