package profiles

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/pprof/profile"
)

func TestGrowth_IsProfile(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	g := &program{random: r, depth: 4, sites: []func(float64) (float64, float64){leaking(r, 1024, 1<<20, 1<<30), busy(r, 4096, 8<<20)}}
	p, err := Parse(packed(t, g.course(t, 30, 2).Rank(ByStack, 0, forever).Growth()))
	if err != nil {
		t.Fatal(err)
	}
	top := p.Sample[0]
	i, err := p.SampleIndexByName("growth")
	if err != nil || p.DefaultSampleType != "growth" {
		t.Fatal(err)
	}
	if grown := float64(top.Value[i]) / (2 << 30); grown < 0.9 || grown > 1.1 {
		t.Errorf("grown by %.3f of what it did", grown)
	}
	if grown := float64(top.Value[0]) / (2 << 20); grown < 0.9 || grown > 1.1 {
		t.Errorf("objects grown by %.3f of what they did", grown)
	}
	if name := top.Location[0].Line[0].Function.Name; name != "app/site0.Keep" || len(top.Location) != 5 {
		t.Errorf("%s, %d frames", name, len(top.Location))
	}
}

// CPU profiles of a place that takes a tenth of a core more each minute: the ranking is
// in cores, the growth in nanoseconds per second.
func TestRank_CPUTimeInCores(t *testing.T) {
	c := NewCourse()
	for i := range 10 {
		f := &profile.Function{ID: 1, Name: "main.search", Filename: "/src/main.go"}
		l := &profile.Location{ID: 1, Line: []profile.Line{{Function: f, Line: 10}}}
		err := c.Add(time.Duration(i)*time.Minute, &profile.Profile{
			SampleType: []*profile.ValueType{{Type: "samples", Unit: "count"}, {Type: "cpu", Unit: "nanoseconds"}},
			PeriodType: &profile.ValueType{Type: "cpu", Unit: "nanoseconds"}, Period: int64(10 * time.Millisecond), DurationNanos: int64(2 * time.Second),
			Function: []*profile.Function{f}, Location: []*profile.Location{l},
			Sample: []*profile.Sample{{Location: []*profile.Location{l}, Value: []int64{int64(20 * i), int64(i) * int64(200*time.Millisecond)}}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	r := c.Rank(ByStack, 0, forever)
	if r.Unit != "cores" || len(r.Sites) != 1 || !r.Sites[0].Named || r.Sites[0].Slope < 5.99 || r.Sites[0].Slope > 6.01 || r.Last < 0.899 || r.Last > 0.901 {
		t.Fatalf("%+v", r)
	}
	p := r.Growth()
	if i, err := p.SampleIndexByName("growth"); err != nil || p.SampleType[i].Unit != "nanoseconds" || p.Sample[0].Value[i] < 899e6 || p.Sample[0].Value[i] > 901e6 {
		t.Errorf("%+v, %v", p, err)
	}
}
