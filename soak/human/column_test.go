package human

import (
	"math"
	"testing"
)

func TestColumn_SameDigits(t *testing.T) {
	for want, got := range map[string]string{
		"2,692 MB/s": Column(2.692e9, "bytes/s"), "0.950 MB/s": Column(950e3, "bytes/s"), "26.2 µs": Column(26.2e-6, "seconds"),
		"1.50 ms": Column(1.5e-3, "seconds"), "8,655/s": Column(8655.0, "1/s"), "88.0 KiB": Column(88.0*1024, "bytes"), "–": Column(math.NaN(), "1/s"),
		"-12,345": Column(-12345.0, ""), "0": Column(0.0, ""), "0.00123": Column(0.00123, ""), "0.816 s/GB": Column(0.816, "seconds/GB"),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
