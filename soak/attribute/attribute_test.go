package attribute

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat/distuv"

	"soakmon/soak"
)

// The causes of a run of one load with two kinds of dirty sessions.
const (
	byTime = iota
	operations
	resets
	aborts
	causes
)

// run is ten minutes of readings once a second: 200 operations, 0.5 resets and
// 0.3 aborts a second, drawn at random, and a resource that is read with noise.
type run struct {
	rate func(second int) float64 // of the operations, as a share of the plan
	grow func(done [causes]float64) float64
	walk float64 // standard deviation a second of what the level wanders by chance
	seed uint64
}

const seconds = 600

func (r run) table() Table {
	random := rand.New(rand.NewPCG(r.seed, 1))
	normal := distuv.Normal{Sigma: 1, Src: random}
	drawn := func(mean float64) float64 { return distuv.Poisson{Lambda: mean, Src: random}.Rand() }
	var resource Line
	lines := make([]Line, causes)
	var done [causes]float64
	wander := 0.0
	for s := range seconds {
		rate := 1.0
		if r.rate != nil {
			rate = r.rate(s)
		}
		done[byTime], done[operations] = float64(s), done[operations]+200*rate
		done[resets], done[aborts] = done[resets]+drawn(0.5*rate), done[aborts]+drawn(0.3*rate)
		wander += r.walk * normal.Rand()
		at := time.Duration(s) * time.Second
		resource.At, resource.Value = append(resource.At, at), append(resource.Value, math.Round(200+r.grow(done)+wander+normal.Rand()))
		for i := range lines {
			lines[i].At, lines[i].Value = append(lines[i].At, at), append(lines[i].Value, done[i])
		}
	}
	return Blocks(resource, lines, []Stretch{{0, seconds * time.Second}}, 1)
}

// varied steps the rate up and down each minute.
func varied(second int) float64 {
	if second/60%2 == 0 {
		return 1.3
	}
	return 0.7
}

func causesOf(all []Estimate) (causes []int) {
	for _, e := range all {
		causes = append(causes, e.Cause)
	}
	return causes
}

func answered(r run) []int {
	a, _ := Ask(r.table())
	return causesOf(a.Named)
}

func TestAsk_NamesCause(t *testing.T) {
	for what, c := range map[string]struct {
		run
		named  []int
		each   float64
		rivals []int
	}{
		"one for each abort":          {run{grow: func(d [causes]float64) float64 { return d[aborts] }}, []int{aborts}, 1, nil},
		"two for each reset":          {run{grow: func(d [causes]float64) float64 { return 2 * d[resets] }}, []int{resets}, 2, nil},
		"both":                        {run{grow: func(d [causes]float64) float64 { return d[resets] + 2*d[aborts] }}, []int{resets, aborts}, 1, nil},
		"by time, at a constant rate": {run{grow: func(d [causes]float64) float64 { return 0.5 * d[byTime] }}, nil, 0, []int{byTime, operations}},
		"by time":                     {run{rate: varied, grow: func(d [causes]float64) float64 { return 0.5 * d[byTime] }}, []int{byTime}, 0.5, nil},
		"by operations":               {run{rate: varied, grow: func(d [causes]float64) float64 { return d[operations] / 400 }}, []int{operations}, 1. / 400, nil},
		"aborts at a varied rate":     {run{rate: varied, grow: func(d [causes]float64) float64 { return d[aborts] }}, []int{aborts}, 1, nil},
		"it shrinks":                  {run{grow: func(d [causes]float64) float64 { return -d[byTime] }}, nil, 0, nil},
	} {
		t.Run(what, func(t *testing.T) {
			const trials = 20
			right, inside := 0, 0
			for c.seed = range trials {
				a, _ := Ask(c.table())
				if slices.Equal(causesOf(a.Named), c.named) && slices.Equal(causesOf(a.Rivals), c.rivals) && a.Alone == (len(c.named) == 1) {
					right++
					if len(a.Named) > 0 && a.Named[0].Lo <= c.each && c.each <= a.Named[0].Hi {
						inside++
					}
				} else {
					t.Logf("seed %d: %+v", c.seed, a)
				}
			}
			if right < trials*9/10 || len(c.named) > 0 && inside < trials*3/4 {
				t.Errorf("%d of %d right, the interval in %d", right, trials, inside)
			}
		})
	}
}

// What wanders by chance, or grows by time alone, must not be put down to a kind
// of dirty sessions more often than the test allows.
func TestAsk_FalseAttributionRate(t *testing.T) {
	for what, r := range map[string]run{
		"noise that drifts":    {grow: func(d [causes]float64) float64 { return 0.05 * d[byTime] }},
		"a wandering level":    {walk: 2, grow: func([causes]float64) float64 { return 0 }},
		"wandering and rising": {walk: 1, grow: func(d [causes]float64) float64 { return 0.5 * d[byTime] }},
		"by operations":        {walk: 0.5, rate: varied, grow: func(d [causes]float64) float64 { return d[operations] / 400 }},
	} {
		t.Run(what, func(t *testing.T) {
			const trials = 100
			blamed := 0
			for r.seed = range trials {
				n := answered(r)
				if slices.Contains(n, resets) || slices.Contains(n, aborts) {
					blamed++
				}
			}
			t.Logf("blamed in %d of %d", blamed, trials)
			if blamed > trials*3/100 {
				t.Errorf("blamed in %d of %d", blamed, trials)
			}
		})
	}
}

func TestAsk_Outlier(t *testing.T) {
	table := run{grow: func(d [causes]float64) float64 { return d[aborts] }}.table()
	table.Growth[7] += 200
	if a, _ := Ask(table); !slices.Equal(causesOf(a.Named), []int{aborts}) || math.Abs(a.Named[0].Each-1) > 0.15 {
		t.Errorf("%+v", a)
	}
}

func TestAsk_Excluded(t *testing.T) {
	a, _ := Ask(run{grow: func(d [causes]float64) float64 { return 5 * d[aborts] }}.table())
	if !slices.Equal(a.Excluded, []int{byTime, operations, resets}) {
		t.Errorf("%+v", a)
	}
}

func TestAsk_TooLittleData(t *testing.T) {
	for what, table := range map[string]Table{
		"nothing":         {},
		"few blocks":      {Growth: []float64{1, 1}, Done: [][]float64{{1, 1}}, Joined: []bool{false, true}},
		"nothing done":    {Growth: make([]float64, 20), Done: [][]float64{make([]float64, 20)}, Joined: make([]bool, 20)},
		"not measured":    Blocks(Line{}, make([]Line, 2), []Stretch{{0, time.Hour}}, 0),
		"infinite":        {Growth: append(make([]float64, 20), math.Inf(1)), Done: [][]float64{append(make([]float64, 20), 1)}, Joined: make([]bool, 21)},
		"no such stretch": Blocks(Line{At: []time.Duration{1, 2}, Value: []float64{1, 2}}, nil, nil, 0),
	} {
		if a, ok := Ask(table); ok || len(a.Named)+len(a.Rivals)+len(a.Excluded) > 0 {
			t.Errorf("%s: %+v", what, a)
		}
	}
}

func TestBlocks_EndWithTheirStretch(t *testing.T) {
	var level, counter Line
	for s := range 100 {
		at := time.Duration(s) * time.Second
		level.At, level.Value = append(level.At, at), append(level.Value, float64(s))
		counter.At, counter.Value = append(counter.At, at), append(counter.Value, float64(2*s))
		if s >= 50 {
			level.Value[s] += 1000 // a jump between the stretches
		}
	}
	level.Value[3] = math.NaN()
	table := Blocks(level, []Line{counter}, []Stretch{{0, 45 * time.Second}, {55 * time.Second, 100 * time.Second}}, 0)
	if len(table.Growth) < 20 || !slices.Contains(table.Joined[1:], false) {
		t.Errorf("%d blocks, joined %v", len(table.Growth), table.Joined)
	}
	for i, g := range table.Growth {
		if g > 10 || math.Abs(table.Done[0][i]-2*g) > 1e-9 {
			t.Errorf("block %d: grew by %v while %v was done", i, g, table.Done[0][i])
		}
	}
}

// Three loads run alone in turns of a minute, while the resource may wander.
func turnTable(seed uint64, walk float64, perHour [3]float64) Table {
	normal := distuv.Normal{Sigma: 1, Src: rand.New(rand.NewPCG(seed, 2))}
	var resource Line
	lines := make([]Line, 3)
	var stretches []Stretch
	var hours [3]float64
	level := 100.0
	for s := range 18 * 60 {
		turn := s / 60
		alone := turn % 3
		if turn/3%2 == 1 {
			alone = 2 - alone
		}
		at := time.Duration(s) * time.Second
		if s%60 == 0 {
			stretches = append(stretches, Stretch{at + 3*time.Second, at + time.Minute})
		}
		hours[alone] += 1. / 3600
		level += perHour[alone]/3600 + walk*normal.Rand()
		resource.At, resource.Value = append(resource.At, at), append(resource.Value, level+normal.Rand()+float64(10*alone))
		for i := range lines {
			lines[i].At, lines[i].Value = append(lines[i].At, at), append(lines[i].Value, hours[i])
		}
	}
	return Blocks(resource, lines, stretches, 1)
}

func TestTogether_LoadsInTurns(t *testing.T) {
	for what, c := range map[string]struct {
		walk float64
		rate [3]float64
		want [3]bool
		most int // wrong answers of 100
	}{
		"one":                  {0, [3]float64{0, 600, 0}, [3]bool{false, true, false}, 3},
		"two":                  {0, [3]float64{600, 0, 600}, [3]bool{true, false, true}, 3},
		"all":                  {0, [3]float64{400, 400, 400}, [3]bool{true, true, true}, 3},
		"none, and it wanders": {0.5, [3]float64{}, [3]bool{}, 3},
	} {
		t.Run(what, func(t *testing.T) {
			wrong, outside := 0, 0
			for seed := range uint64(100) {
				parts, ok := Together(turnTable(seed, c.walk, c.rate))
				if !ok {
					t.Fatal("no answer")
				}
				for i, p := range parts {
					if p.Sure != c.want[i] {
						wrong++
					}
					if p.Lo > c.rate[i] || p.Hi < c.rate[i] {
						outside++
					}
				}
			}
			t.Logf("%d wrong, %d of 300 intervals without the truth", wrong, outside)
			if wrong > c.most || outside > 300*12/100 {
				t.Errorf("%d wrong, %d of 300 intervals without the truth", wrong, outside)
			}
		})
	}
}

func TestTogether_SimultaneousLoads(t *testing.T) {
	table := turnTable(1, 0, [3]float64{0, 600, 0})
	table.Done[1] = table.Done[0]
	if parts, ok := Together(table); ok {
		t.Errorf("%+v", parts)
	}
}

func TestStretches_BreaksAndRateChanges(t *testing.T) {
	s := time.Second
	got := Stretches(10*s, 95*s, []time.Duration{70 * s}, []soak.Phase{
		{Name: soak.PhaseWarmup, To: 20 * s}, {Name: soak.PhaseSteady, From: 20 * s, To: 40 * s}, {Name: soak.PhaseSteady, From: 40 * s, To: 60 * s}, {Name: soak.PhaseRest, From: 60 * s, To: 65 * s},
		{Name: soak.PhaseSteady, From: 65 * s, To: 100 * s},
	})
	if want := "[{20s 40s} {43s 1m0s} {1m5s 1m10s} {1m10s 1m35s}]"; fmt.Sprint(got) != want {
		t.Errorf("%v, want %s", got, want)
	}
}

// exact is two minutes of a resource that takes one for each operation, at a constant
// rate of 20 a second, in rows that are taken a little early or late.
type exact struct {
	rate    func(second float64) float64 // operations done by then
	scatter float64                      // standard deviation of the time of a tally, in seconds
	byTime  bool
	seed    uint64
}

func (e exact) answer() Answer {
	normal := distuv.Normal{Sigma: 1, Src: rand.New(rand.NewPCG(e.seed, 3))}
	var resource, clock, operations Line
	clock.Clock = true
	last := -1.0
	for s := range 120 {
		at := time.Duration((float64(s) + 0.02*normal.Rand()) * float64(time.Second))
		done := e.rate(at.Seconds())
		took := math.Floor(done)
		if e.byTime {
			took = math.Floor(20 * at.Seconds())
		}
		resource.At, resource.Value = append(resource.At, at), append(resource.Value, took)
		clock.At, clock.Value = append(clock.At, at), append(clock.Value, at.Hours())
		tally := max(last, math.Floor(e.rate(at.Seconds()+e.scatter*normal.Rand())))
		operations.At, operations.Value = append(operations.At, at), append(operations.Value, tally)
		last = tally
	}
	a, _ := Ask(Blocks(resource, []Line{clock, operations}, []Stretch{{0, 2 * time.Minute}}, 1))
	return a
}

// A constant rate, one that pauses once, and one that was still rising in the first
// seconds do not distinguish time from operations, however exact the counts are.
func TestAsk_NearlyConstantRate(t *testing.T) {
	constant := func(s float64) float64 { return 20 * s }
	for what, c := range map[string]struct {
		exact
		named []int
	}{
		"read exactly":        {exact{rate: constant}, nil},
		"read with scatter":   {exact{rate: constant, scatter: 0.05}, nil},
		"read poorly":         {exact{rate: constant, scatter: 0.5}, nil},
		"time, poorly":        {exact{rate: constant, scatter: 0.5, byTime: true}, nil},
		"a pause at the end":  {exact{rate: func(s float64) float64 { return 20 * min(s, 114) }, scatter: 0.05}, nil},
		"a start":             {exact{rate: func(s float64) float64 { return 20*s - 40*(1-math.Exp(-s/2)) }, scatter: 0.05}, nil},
		"varied":              {exact{rate: func(s float64) float64 { return 20*s + 15*math.Sin(s/4) }, scatter: 0.05}, []int{1}},
		"varied, and by time": {exact{rate: func(s float64) float64 { return 20*s + 15*math.Sin(s/4) }, scatter: 0.05, byTime: true}, []int{0}},
	} {
		t.Run(what, func(t *testing.T) {
			const trials = 50
			wrong := 0
			for c.seed = range trials {
				if a := c.answer(); !slices.Equal(causesOf(a.Named), c.named) {
					wrong++
					t.Logf("seed %d: %+v", c.seed, a)
				}
			}
			if wrong > trials/25 {
				t.Errorf("%d of %d wrong", wrong, trials)
			}
		})
	}
}

func BenchmarkAsk(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 1))
	t := Table{Growth: make([]float64, 200), Joined: make([]bool, 200), Done: make([][]float64, 30)}
	for i := range t.Growth {
		t.Growth[i] = 1 + random.Float64()
	}
	for j := range t.Done {
		t.Done[j] = make([]float64, 200)
		for i := range t.Done[j] {
			t.Done[j][i] = random.Float64()
		}
	}
	for b.Loop() {
		Ask(t)
	}
}
