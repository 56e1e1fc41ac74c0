package profiles

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/pprof/profile"
)

const forever = time.Duration(1<<63 - 1)

// A three-minute run with a snapshot every ten seconds, a leak of 64 KiB/s and
// eighty sites that do not leak: only the leak is named.
func TestRank_LeakingSiteFirst(t *testing.T) {
	runs, named, first, blamed := 100, 0, 0, 0
	for i := range runs {
		r := rand.New(rand.NewPCG(1, uint64(i)))
		g := &program{random: r, depth: 6}
		g.sites = append(g.sites, leaking(r, 1024, 0, 64<<10*3600))
		for j := range 80 {
			switch j % 4 {
			case 0:
				g.sites = append(g.sites, busy(r, 4096, float64(j)*(16<<10)))
			case 1:
				g.sites = append(g.sites, filling(r, 512, 64<<10*3600, float64(j)*(64<<10)))
			case 2:
				g.sites = append(g.sites, busy(r, 256, 50<<10))
			case 3:
				g.sites = append(g.sites, leaking(r, 64, 3<<20, 0))
			}
		}
		c := g.course(t, 16, 150.0/3600)
		found := c.Rank(ByFunction, 0, forever).Culprits()
		for k, s := range found {
			switch {
			case s.Frame.Function != "app/site0.Keep":
				blamed++
			case k == 0:
				first++
				fallthrough
			default:
				named++
			}
		}
	}
	t.Logf("of %d runs: named in %d, first in %d; %d others blamed", runs, named, first, blamed)
	if named < runs*95/100 || first < runs*95/100 || blamed > runs*5/100 {
		t.Errorf("of %d runs: named in %d, first in %d; %d others blamed", runs, named, first, blamed)
	}
}

// Of three hundred fluctuating sites, one is named only rarely.
func TestRank_FalsePositives(t *testing.T) {
	runs, wrong := 10, 0
	for i := range runs {
		r := rand.New(rand.NewPCG(2, uint64(i)))
		g := &program{random: r, depth: 6}
		for j := range 300 {
			g.sites = append(g.sites, busy(r, float64(int(16)<<(j%10)), float64(int(64<<10)<<(j%8))))
		}
		if len(g.course(t, 60, 1).Rank(ByFunction, 0, forever).Culprits()) > 0 {
			wrong++
		}
	}
	t.Logf("%d of %d runs", wrong, runs)
	if wrong > 1 {
		t.Errorf("in %d of %d runs a site is named", wrong, runs)
	}
}

func TestRank_Groups(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	g := &program{random: r, depth: 3, sites: []func(float64) (float64, float64){leaking(r, 4096, 0, 1<<30), leaking(r, 4096, 0, 1<<28), busy(r, 4096, 1<<20)}}
	c := g.course(t, 30, 1)
	for by, want := range map[By]int{ByFunction: 3, ByLine: 3, ByPackage: 3, ByStack: 3} {
		ranking := c.Rank(by, 0, forever)
		if len(ranking.Sites) != want {
			t.Errorf("by %s: %d sites", by, len(ranking.Sites))
		}
		top := ranking.Sites[0]
		if !strings.HasPrefix(top.Frame.Function, "app/site0.") || top.Share < 0.75 || top.Share > 0.85 || !top.Named {
			t.Errorf("by %s: %+v", by, top)
		}
		if ranking.Explained < 0.95 || len(top.Stack) != 4 {
			t.Errorf("by %s: explains %.2f, stack %v", by, ranking.Explained, top.Stack)
		}
	}
	few := c.Rank(ByFunction, 0, 5*time.Minute)
	if all := few.Culprits(); few.Snapshots != 3 || len(all) != 1 || all[0].Named || !all[0].Likely || !strings.HasPrefix(all[0].Frame.Function, "app/site0.") || few.Explained != 0 {
		t.Errorf("with %d snapshots: %+v", few.Snapshots, all)
	}
	if one := c.Rank(ByFunction, 0, time.Second); one.Snapshots != 1 || len(one.Culprits()) > 0 {
		t.Errorf("with %d snapshots: %+v", one.Snapshots, one.Culprits())
	}
}

func TestStack_Culprit(t *testing.T) {
	stack := func(functions ...string) (s Stack) {
		for _, f := range functions {
			s = append(s, Frame{Function: f})
		}
		return s
	}
	for want, s := range map[string]Stack{
		"main.keep":               stack("runtime.mallocgc", "bytes.growSlice", "bytes.(*Buffer).Write", "main.keep", "main.main", "runtime.main"),
		"soakmon/soak/plant.KiB":  stack("soakmon/soak/plant.KiB", "net/http.(*conn).serve"),
		"github.com/a/b.(*C).D":   stack("internal/poll.(*FD).Read", "net.(*conn).Read", "github.com/a/b.(*C).D", "main.main"),
		"net/http.(*conn).serve":  stack("runtime.gopark", "bufio.(*Reader).fill", "net/http.(*conn).serve"),
		"runtime.main":            stack("runtime.mallocgc", "runtime.main"),
		"sync.(*Pool).Get":        stack("runtime.mallocgc", "sync.(*Pool).Get"),
		"vendored.example/x.F":    stack("vendored.example/x.F"),
		"golang.org/x/net/http2.": stack("vendor/golang.org/x/net/http2.", "golang.org/x/net/http2."),
	} {
		if got := s.Culprit().Function; got != want {
			t.Errorf("%v: %s, want %s", s, got, want)
		}
	}
}

func TestStack_CulpritIsOwnFrame(t *testing.T) {
	library := Frame{"example.org/metrics.MakeLabels", "/go/pkg/mod/example.org/metrics@v1.2.0/labels.go", 228}
	trimmed := Frame{"example.org/metrics.(*Vec).Get", "example.org/metrics@v1.2.0/vec.go", 12}
	vendored := Frame{"example.org/metrics.(*Vec).With", "/src/app/vendor/example.org/metrics/vec.go", 31}
	own := Frame{"main.count", "/src/app/deps.go", 60}
	caller := Frame{"app/web.handle", "/src/app/web/web.go", 9}
	serve := Frame{"net/http.(*conn).serve", "/usr/local/go/src/net/http/server.go", 2000}
	entry := Frame{"main.main", "/src/app/main.go", 5}
	for _, c := range []struct {
		stack Stack
		want  Frame
	}{
		{Stack{library, trimmed, vendored, own, caller, serve}, own},
		{Stack{{"strings.Clone", "/usr/local/go/src/strings/clone.go", 20}, own, caller}, own},
		{Stack{library, trimmed, serve}, library},
		{Stack{library, trimmed, entry}, library},
		{Stack{vendored, caller}, caller},
	} {
		if got := c.stack.Culprit(); got != c.want {
			t.Errorf("%v: %v, want %v", c.stack, got, c.want)
		}
	}
}

func TestDiscoveries_BenjaminiHochbergExample(t *testing.T) {
	// The example of the paper's section 3.2: fifteen p values, four rejected.
	p := []float64{0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000}
	if got := discoveries(p, len(p), 0.05); got != 0.0095 {
		t.Errorf("the bound is %v", got)
	}
	if got := discoveries([]float64{0.5}, 1, 0.05); got >= 0 {
		t.Errorf("the bound is %v", got)
	}
}

func TestTheilSen_SensExample(t *testing.T) {
	// Sen 1968, section 6: slope 4.
	x := []float64{1, 2, 3, 4, 10, 12, 18}
	y := []float64{9, 15, 19, 20, 45, 55, 78}
	if got := theilSen(x, y); got != 4 {
		t.Errorf("%v", got)
	}
}

func BenchmarkRank_300Snapshots5000Sites(b *testing.B) {
	r := rand.New(rand.NewPCG(4, 4))
	g := &program{random: r, depth: 12}
	for range 5000 {
		g.sites = append(g.sites, busy(r, 4096, 4<<20))
	}
	var stored [][]byte
	for i := range 300 {
		stored = append(stored, packed(b, g.snapshot(float64(i))))
	}
	b.Run("parse", func(b *testing.B) {
		for b.Loop() {
			if _, err := Parse(stored[0]); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("all", func(b *testing.B) {
		for b.Loop() {
			c := NewCourse()
			ParseAll(len(stored), func(i int) ([]byte, error) { return stored[i], nil }, func(i int, p *profile.Profile, err error) {
				if err == nil {
					err = c.Add(time.Duration(i)*time.Minute, p)
				}
				if err != nil {
					b.Fatal(err)
				}
			})
			if len(c.Rank(ByFunction, 0, forever).Sites) != 5000 {
				b.Fatal("sites are missing")
			}
		}
	})
}
