package profiles

import (
	"math/rand/v2"
	"testing"
)

func TestGrowthIsAProfile(t *testing.T) {
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
