package profiles

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/pprof/profile"
)

// program generates heap profiles of a synthetic program with the given sites.
type program struct {
	random *rand.Rand
	sites  []func(hours float64) (objects, size float64)
	depth  int
}

// rate is the default sampling rate of a Go program, in bytes.
const rate = 512 << 10

// snapshot samples the program as the runtime does: the objects of each site are
// Poisson distributed about their expectation.
func (g *program) snapshot(hours float64) *profile.Profile {
	p := &profile.Profile{
		SampleType: []*profile.ValueType{{Type: "alloc_objects", Unit: "count"}, {Type: "alloc_space", Unit: "bytes"}, {Type: "inuse_objects", Unit: "count"}, {Type: "inuse_space", Unit: "bytes"}},
		PeriodType: &profile.ValueType{Type: "space", Unit: "bytes"}, Period: rate,
	}
	for d := range g.depth {
		f := &profile.Function{ID: uint64(d + 1), Name: fmt.Sprintf("app/server.handle%d", d), Filename: "/src/app/server.go"}
		p.Function = append(p.Function, f)
		p.Location = append(p.Location, &profile.Location{ID: uint64(d + 1), Address: uint64(0x1000 + d), Line: []profile.Line{{Function: f, Line: 10}}})
	}
	outer := p.Location[:g.depth:g.depth]
	for i, site := range g.sites {
		objects, size := site(hours)
		f := &profile.Function{ID: uint64(g.depth + i + 1), Name: fmt.Sprintf("app/site%d.Keep", i), Filename: fmt.Sprintf("/src/app/site%d/keep.go", i)}
		l := &profile.Location{ID: f.ID, Address: uint64(0x10000 + i), Line: []profile.Line{{Function: f, Line: 20}}}
		p.Function, p.Location = append(p.Function, f), append(p.Location, l)
		p.Sample = append(p.Sample, &profile.Sample{
			Location: append([]*profile.Location{l}, outer[i%g.depth:]...),
			Value:    []int64{0, 0, int64(objects), int64(objects * size)}, NumLabel: map[string][]int64{"bytes": {int64(size)}},
		})
	}
	return p
}

// sampled is the sampled objects of a site. An object that stays is sampled only once.
type sampled struct {
	random     *rand.Rand
	size       float64
	seen, hits float64
}

// to returns the profiler's estimate of a number of objects.
func (s *sampled) to(objects float64) float64 {
	hit := -math.Expm1(-s.size / rate)
	s.hits += poisson(s.random, (objects-s.seen)*hit)
	s.seen = objects
	return s.hits / hit
}

func poisson(r *rand.Rand, mean float64) float64 {
	if mean > 50 {
		return max(0, math.Round(mean+math.Sqrt(mean)*r.NormFloat64()))
	}
	n, p := 0.0, r.Float64()
	for limit := math.Exp(-mean); p > limit; n++ {
		p *= r.Float64()
	}
	return n
}

// leaking holds base bytes that grow by perHour.
func leaking(r *rand.Rand, size, base, perHour float64) func(float64) (float64, float64) {
	s := &sampled{random: r, size: size}
	return func(hours float64) (float64, float64) { return s.to((base + perHour*hours) / size), size }
}

// filling holds bytes that grow to limit and stay there.
func filling(r *rand.Rand, size, perHour, limit float64) func(float64) (float64, float64) {
	s := &sampled{random: r, size: size}
	return func(hours float64) (float64, float64) { return s.to(min(perHour*hours, limit) / size), size }
}

// busy holds bytes that fluctuate about level.
func busy(r *rand.Rand, size, level float64) func(float64) (float64, float64) {
	hit := -math.Expm1(-size / rate)
	return func(float64) (float64, float64) { return poisson(r, level/size*hit) / hit, size }
}

// course takes n snapshots over a number of hours.
func (g *program) course(tb testing.TB, n int, hours float64) *Course {
	tb.Helper()
	c := NewCourse()
	for i := range n {
		at := hours * float64(i) / float64(n-1)
		if err := c.Add(time.Duration(at*float64(time.Hour)), g.snapshot(at)); err != nil {
			tb.Fatal(err)
		}
	}
	return c
}

func packed(tb testing.TB, p *profile.Profile) []byte {
	tb.Helper()
	var b bytes.Buffer
	if err := p.Write(&b); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}
