package detect

import (
	"math"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"soakmon/soak"
)

// A soak builds the question that a short run asks: a baseline at rest, load
// from second 5 on, a drain.
type scene struct {
	seconds int
	unit    string
	quantum float64
	value   func(r *rand.Rand, t float64) float64
	rest    []float64 // seconds
	atRest  func(t float64) float64
	tol     soak.Quantity
	warmup  float64
	rate    float64 // operations a second
}

func (c scene) question(seed uint64) soak.Question {
	r := rand.New(rand.NewPCG(seed, 7))
	s := soak.Series{Process: "target", Name: "x", Metric: soak.Metric{Name: "x", Unit: c.unit, Kind: soak.Gauge, Quantum: c.quantum}}
	q := soak.Question{Limit: math.NaN(), Tolerance: c.tol, Family: 20}
	end := c.seconds
	for i := range end {
		s.At = append(s.At, time.Duration(i)*time.Second)
		s.Value = append(s.Value, c.value(r, float64(i)))
		q.Operations.At = append(q.Operations.At, time.Duration(i)*time.Second)
		q.Operations.Value = append(q.Operations.Value, c.rate*float64(i))
	}
	q.Series = s
	sec := func(x float64) time.Duration { return time.Duration(x * float64(time.Second)) }
	q.Phases = []soak.Phase{{Name: "warmup", From: 0, To: sec(c.warmup), Rate: 1}}
	from := c.warmup
	for _, at := range c.rest {
		q.Rest = append(q.Rest, soak.RestPoint{At: sec(at), Value: c.atRest(at), Forced: true})
		if at > from {
			q.Phases = append(q.Phases, soak.Phase{Name: "steady", From: sec(from), To: sec(at), Rate: 1}, soak.Phase{Name: "rest", From: sec(at), To: sec(at + 5)})
			from = at + 5
		}
	}
	if from < float64(end) {
		q.Phases = append(q.Phases, soak.Phase{Name: "steady", From: sec(from), To: sec(float64(end)), Rate: 1})
	}
	q.Look = Looks(sec(float64(end)))
	return q
}

func outcomes(t *testing.T, name string, c scene, n int) (leak, clean, unsure int, mdgRun, slopeErr float64, truth float64) {
	for seed := range uint64(n) {
		v := Judge{}.Judge(c.question(seed))
		hours := (float64(c.seconds) - c.warmup) / 3600
		mdgRun = max(mdgRun, v.MinDetectable*hours)
		switch v.State {
		case soak.Leaking:
			leak++
		case soak.Clean:
			clean++
		default:
			unsure++
		}
		if seed == 0 && testing.Verbose() && os.Getenv("VV") != "" {
			t.Logf("%s: %+v", name, v)
		}
	}
	t.Logf("%-22s leak %d clean %d unsure %d  mdg/run max %.3g", name, leak, clean, unsure, mdgRun)
	return
}

func TestScenarios(t *testing.T) {
	noisy := func(b, sd float64) func(*rand.Rand, float64) float64 {
		return func(r *rand.Rand, t float64) float64 { return math.Round(b + sd*r.NormFloat64()) }
	}
	uni := func(b, w float64) func(*rand.Rand, float64) float64 {
		return func(r *rand.Rand, t float64) float64 { return b + float64(r.IntN(int(2*w+1))) - w }
	}
	outcomes(t, "flat1", scene{seconds: 110, unit: "count", quantum: 1, value: noisy(210, 1), warmup: 10}, 200)
	outcomes(t, "flat2", scene{seconds: 110, unit: "count", quantum: 1, value: noisy(210, 2), warmup: 10}, 200)
	outcomes(t, "flat±3", scene{seconds: 110, unit: "count", quantum: 1, value: uni(210, 3), warmup: 10}, 200)
	outcomes(t, "flat±1", scene{seconds: 110, unit: "count", quantum: 1, value: uni(210, 1), warmup: 10}, 200)
	outcomes(t, "const", scene{seconds: 110, unit: "count", quantum: 1, value: noisy(210, 0), warmup: 10}, 1)
	for _, at := range []float64{30, 60, 80, 90, 100, 108} {
		for _, h := range []float64{1, 2} {
			for _, w := range []float64{0, .5, 1} {
				f := func(r *rand.Rand, t float64) float64 {
					return math.Round(210+w*r.NormFloat64()) + h*step(t >= at)
				}
				outcomes(t, "latestep", scene{seconds: 110, unit: "count", quantum: 1, value: f, warmup: 10}, 100)
			}
		}
	}
	fd := func(r *rand.Rand, t float64) float64 { return math.Round(20+r.NormFloat64()) + math.Floor(2*t) }
	outcomes(t, "fd2/s 60s", scene{seconds: 60, unit: "count", quantum: 1, value: fd, warmup: 10}, 100)
	outcomes(t, "fd2/s 60s, no warmup", scene{seconds: 60, unit: "count", quantum: 1, value: fd}, 100)
	heap := func(r *rand.Rand, t float64) float64 {
		gc := math.Floor(t/10) * 10
		return 5e6 + 65536*gc + 2e5*hash(gc)
	}
	outcomes(t, "heap64K 60s", scene{seconds: 60, unit: "bytes", value: heap, warmup: 6}, 1)
	outcomes(t, "heap64K 120s", scene{seconds: 120, unit: "bytes", value: heap, warmup: 6}, 1)
	flatheap := func(r *rand.Rand, t float64) float64 { return 5e6 + 2e5*hash(math.Floor(t/10)) }
	outcomes(t, "heapflat 120s", scene{seconds: 120, unit: "bytes", value: flatheap, warmup: 6}, 1)
	outcomes(t, "heapflat 120s tol", scene{seconds: 120, unit: "bytes", value: flatheap, warmup: 6, tol: soak.Quantity{Value: 1 << 20, Per: soak.PerRun}}, 1)
	rss := func(r *rand.Rand, t float64) float64 {
		return 4096 * math.Round((2e7+8e5*(1-math.Exp(-t/40))+float64(r.IntN(5))*4096)/4096)
	}
	outcomes(t, "rss creep tol", scene{seconds: 120, unit: "bytes", quantum: 4096, value: rss, warmup: 10, tol: soak.Quantity{Value: 1 << 20, Per: soak.PerRun}}, 100)
	heap12 := func(r *rand.Rand, t float64) float64 {
		gc := math.Floor(t/10) * 10
		return 8e6 + 12800*gc + 2e5*(r.NormFloat64()*0+hash(gc))
	}
	outcomes(t, "heap12.8K 600s tol", scene{seconds: 600, unit: "bytes", value: heap12, warmup: 30, rate: 200, tol: soak.Quantity{Value: 1 << 20, Per: soak.PerRun}}, 1)
	slow := func(r *rand.Rand, t float64) float64 { return math.Round(210+2*r.NormFloat64()) + math.Floor(t/50) }
	outcomes(t, "fd/50s 600s", scene{seconds: 600, unit: "count", quantum: 1, value: slow, warmup: 30, rate: 200}, 100)
	rest := func(t float64) float64 { return 8 + math.Floor(t/50) }
	outcomes(t, "fd/50s 600s rest", scene{seconds: 600, unit: "count", quantum: 1, value: slow, warmup: 30, rate: 200, rest: []float64{0, 120, 240, 360, 480, 595}, atRest: rest}, 100)
	noisy20 := func(r *rand.Rand, t float64) float64 {
		return math.Round(210+20*math.Sin(t/100)+2*r.NormFloat64()) + math.Floor(t/50)
	}
	outcomes(t, "fd/50s wave rest", scene{seconds: 600, unit: "count", quantum: 1, value: noisy20, warmup: 30, rate: 200, rest: []float64{0, 120, 240, 360, 480, 595}, atRest: rest}, 100)
	same := func(float64) float64 { return 8 }
	outcomes(t, "equal rest", scene{seconds: 120, unit: "count", quantum: 1, value: noisy(210, 12), warmup: 10, rest: []float64{0, 115}, atRest: same}, 20)
}

func hash(x float64) float64 {
	_, f := math.Modf(math.Abs(math.Sin(x*12.9898+1) * 43758.5453))
	return f
}
