package detect

import (
	"encoding/binary"
	"math"
	"slices"
	"testing"
	"time"

	"soakmon/soak"
)

// FuzzJudge feeds the judge whatever eight bytes at a time may mean: times out
// of order and equal, values of any size, NaN, infinities.
func FuzzJudge(f *testing.F) {
	seed := func(values ...float64) {
		var b []byte
		for i, v := range values {
			b = binary.LittleEndian.AppendUint64(b, uint64(i)*1e9)
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
		}
		for _, how := range []byte{0, 1, 2, 4, 8, 16, 32, 255} {
			f.Add(b, how)
		}
	}
	seed()
	seed(1)
	seed(3, 3, 3, 3, 3, 3, 3, 3, 3)
	seed(math.NaN(), math.Inf(1), math.Inf(-1), 0, -1, 1e308, -1e308, 1e-308, 5, 5, 5, 5)
	long := make([]float64, 300)
	for i := range long {
		long[i] = float64(i)
	}
	seed(long...)
	for i := range long {
		long[i] = math.Pow(-10, float64(i))
	}
	seed(long...)
	f.Fuzz(func(t *testing.T, data []byte, how byte) {
		q := soak.Question{Limit: float64(how), Look: int(how), Family: int(how) - 3}
		for len(data) >= 16 {
			at := time.Duration(binary.LittleEndian.Uint64(data))
			v := math.Float64frombits(binary.LittleEndian.Uint64(data[8:]))
			data = data[16:]
			q.Series.At, q.Series.Value = append(q.Series.At, at), append(q.Series.Value, v)
			if how&1 != 0 {
				q.Rest = append(q.Rest, soak.RestPoint{At: at, Value: v, Open: int64(at) % 3})
			}
		}
		if how&2 != 0 {
			q.Operations = q.Series
			q.Tolerance = soak.Quantity{Value: float64(how), Per: soak.PerOperation}
		}
		if how&4 != 0 {
			q.Series.Metric.Kind = soak.Counter
		}
		if how&8 != 0 && len(q.Series.At) > 0 {
			q.Series.Breaks = q.Series.At[len(q.Series.At)/2:]
		}
		if how&16 != 0 && len(q.Series.At) > 0 {
			at := slices.Sorted(slices.Values(q.Series.At))
			q.Phases = []soak.Phase{{Name: "steady", From: at[0], To: at[len(at)/2], Rate: 1}, {Name: "steady", From: at[len(at)/2], To: at[len(at)-1], Rate: 1.3}}
			q.Planned = at[len(at)-1]
		}
		if how&32 != 0 && slices.IsSorted(q.Series.At) && len(q.Series.At) < 500 {
			Detected(q)
		}
		v := Judge{}.Judge(q)
		if v.State == "" || v.Reason == "" {
			t.Errorf("no answer: %+v", v)
		}
	})
}
