package store

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// intCases are the shapes of series that occur in runs, and unusual ones.
func intCases() map[string][]int64 {
	rng := rand.New(rand.NewPCG(1, 2))
	fill := func(n int, f func(i int) int64) []int64 {
		v := make([]int64, n)
		for i := range v {
			v[i] = f(i)
		}
		return v
	}
	return map[string][]int64{
		"none":      {},
		"one":       {-7},
		"two":       {math.MaxInt64, math.MinInt64},
		"constant":  fill(1000, func(int) int64 { return 1 << 40 }),
		"line":      fill(1000, func(i int) int64 { return int64(i) * 200 }),
		"counter":   fill(1000, func(i int) int64 { return int64(i)*1e6 + rng.Int64N(500) }),
		"noise":     fill(1000, func(int) int64 { return 210 + rng.Int64N(5) }),
		"staircase": fill(1000, func(i int) int64 { return int64(i/100) * 1 << 20 }),
		"sawtooth":  fill(1000, func(i int) int64 { return int64(i%37) * 99991 }),
		"histogram": fill(1000, func(int) int64 { return (1000+rng.Int64N(200))<<7 | 127 }),
		"outliers": fill(1000, func(i int) int64 {
			if i%50 == 7 {
				return rng.Int64() - rng.Int64()
			}
			return int64(i % 3)
		}),
		"any": fill(1000, func(int) int64 { return int64(rng.Uint64()) }),
	}
}

func TestInts_RoundTrip(t *testing.T) {
	for name, v := range intCases() {
		t.Run(name, func(t *testing.T) {
			b := appendInts([]byte("before"), v)
			got, rest, err := cutInts(append(b, "after"...)[6:], len(v))
			if err != nil || string(rest) != "after" || !slices.Equal(got, v) {
				t.Fatalf("got %v, rest %q, error %v", got, rest, err)
			}
		})
	}
}

func TestInts_Size(t *testing.T) {
	most := map[string]int{ // bytes of 1,000 values
		"constant":  80,   // only the headers of 8 blocks
		"line":      40,   //
		"noise":     460,  // 3 bits each
		"staircase": 90,   // one exception per hundred values
		"histogram": 1100, // 8 bits each: the 7 constant bits cost nothing
		"any":       8200, // at most 64 bits each
	}
	cases := intCases()
	for name, limit := range most {
		if n := len(appendInts(nil, cases[name])); n > limit {
			t.Errorf("%s: %d bytes, want at most %d", name, n, limit)
		}
	}
}

func TestValues_RoundTrip(t *testing.T) {
	inf := math.Inf(1)
	for name, c := range map[string]struct {
		scale  scale
		values []float64
		kind   byte // of the expected scale: m·2 + inverse
	}{
		"whole":            {scaleOf(1), []float64{0, 1, -5, 1 << 40}, 1 << 1},
		"pages":            {scaleOf(4096), []float64{0, 4096, 81920}, 0},
		"not pages":        {scaleOf(4096), []float64{0, 4096, 81921}, 1 << 1},
		"centiseconds":     {scaleOf(0.01), []float64{0.01, 0.07, 1.13, 123456.78}, 0},
		"no metric":        {scale{}, []float64{1, 2, 3}, 1 << 1},
		"decimals":         {scale{}, []float64{0.125, 0.007, 17.5}, 0},
		"floats":           {scale{}, []float64{math.Pi, math.E, 1e300, -1e-300}, 0},
		"infinite":         {scaleOf(1), []float64{1, inf, -inf}, 0},
		"too large":        {scaleOf(1), []float64{1, 1 << 60}, 0},
		"finer than quant": {scaleOf(0.01), []float64{0.015, math.Sqrt2}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			b := appendValues(nil, c.values, c.scale)
			got, err := values(b, len(c.values))
			if err != nil || !slices.Equal(got, c.values) {
				t.Fatalf("got %v, error %v", got, err)
			}
			if c.kind != 0 && b[0] != c.kind {
				t.Errorf("scale %d, want %d", b[0], c.kind)
			}
		})
	}
}

func TestValues_RoundedOnlyToQuantum(t *testing.T) {
	var sum float64 // 9.99999999999983
	for range 1000 {
		sum += 0.01
	}
	for in, want := range map[float64]float64{3 * 0.1: 0.3, sum: 10, 0.3001: 0.3001} {
		got, err := values(appendValues(nil, []float64{in}, scaleOf(0.01)), 1)
		if err != nil || got[0] != want {
			t.Errorf("%v became %v, error %v, want %v", in, got, err, want)
		}
	}
}

func TestColumn_GapsAndNaN(t *testing.T) {
	nan := math.NaN()
	for name, c := range map[string]column{
		"empty":      {},
		"every row":  {[]int64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}},
		"every 5th":  {[]int64{0, 5}, []float64{7, 8}},
		"NaN":        {[]int64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, []float64{nan, 2, nan, nan, 5, 6, 7, 8, 9, nan}},
		"NaN only":   {[]int64{3, 4}, []float64{nan, nan}},
		"gaps + NaN": {[]int64{1, 4, 9}, []float64{1.5, nan, 2.5}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := decodeColumn(appendColumn(nil, c, 10, scaleOf(1)), 10)
			if err != nil || !slices.Equal(got.rows, c.rows) || !same(got.values, c.values) {
				t.Fatalf("got %v, error %v", got, err)
			}
		})
	}
}

func TestDecodeChunk_FlippedBit(t *testing.T) {
	var b batch
	for i := range int64(20) {
		b.add(stamp{i * 1000, 0})
		b.set(1, float64(i*i))
	}
	whole := b.encode([]scale{scaleOf(1)})
	if _, err := decodeChunk(whole); err != nil {
		t.Fatal(err)
	}
	for i := range len(whole) * 8 {
		whole[i/8] ^= 1 << (i % 8)
		if _, err := decodeChunk(whole); err == nil {
			t.Fatalf("bit %d was flipped and nothing said", i)
		}
		whole[i/8] ^= 1 << (i % 8)
	}
}

func FuzzInts(f *testing.F) {
	for _, v := range intCases() {
		var b []byte
		for _, k := range v[:min(len(v), 40)] {
			b = binary.LittleEndian.AppendUint64(b, uint64(k))
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var v []int64
		for ; len(b) >= 8; b = b[8:] {
			v = append(v, int64(binary.LittleEndian.Uint64(b)))
		}
		got, rest, err := cutInts(appendInts(nil, v), len(v))
		if err != nil || len(rest) != 0 || !slices.Equal(got, v) {
			t.Fatalf("%v became %v, rest %x, error %v", v, got, rest, err)
		}
	})
}

func FuzzColumn(f *testing.F) {
	for _, x := range []float64{0, 1, -1, 0.01, 1e-9, math.Pi, math.Inf(-1), math.NaN(), 1 << 60, 5e-324} {
		f.Add(x, x*3, 4096.0, uint16(0b1011), 0.01)
	}
	f.Fuzz(func(t *testing.T, x, y, z float64, in uint16, quantum float64) {
		var c column
		for i := range int64(16) {
			if in>>i&1 == 1 {
				c.set(i, []float64{x, y, z, x + y, math.NaN()}[i%5])
			}
		}
		b := appendColumn(nil, c, 16, scaleOf(quantum))
		got, err := decodeColumn(b, 16)
		if err != nil || !slices.Equal(got.rows, c.rows) {
			t.Fatalf("%v became %v, error %v", c, got, err)
		}
		again, err := decodeColumn(appendColumn(nil, got, 16, scaleOf(quantum)), 16)
		if err != nil || !same(again.values, got.values) {
			t.Fatalf("coded again %v became %v, error %v", got.values, again.values, err)
		}
		for i, v := range c.values {
			off := math.Abs(got.values[i] - v)
			if off > math.Abs(quantum)*2e-6+math.Abs(v)*1e-15 || math.IsNaN(v) != math.IsNaN(got.values[i]) {
				t.Fatalf("%v became %v", v, got.values[i])
			}
		}
	})
}

func FuzzParseChunk(f *testing.F) {
	var b batch
	for i := range int64(300) {
		b.add(stamp{i * 1000, 1_700_000_000_000 - i/200})
		b.set(1, float64(i%7))
		if i%10 == 0 {
			b.set(2, math.Sqrt(float64(i)))
		}
		if i%3 > 0 {
			b.set(3, math.NaN())
		}
	}
	whole := b.encode([]scale{scaleOf(1), {}, {}})
	f.Add(whole[:len(whole)-4])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := parseChunk(b)
		if err != nil {
			return
		}
		for _, p := range c.parts[:min(len(c.parts), 8)] {
			col, err := c.column(p.id)
			if err == nil && len(col.rows) != len(col.values) {
				t.Fatalf("%d rows, %d values", len(col.rows), len(col.values))
			}
		}
	})
}
