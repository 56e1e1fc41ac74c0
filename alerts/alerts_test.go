package alerts

import (
	"math"
	"strings"
	"testing"
	"time"

	"soakmon/soak"
)

// The verdicts of a look, by a letter: a leak above the limit of 10, clean,
// inconclusive, a leak whose interval holds the limit, a leak below the limit,
// clean by a tolerance far above the limit.
var verdicts = map[byte]soak.Verdict{
	'L': {State: soak.Leaking, Growth: soak.Growth{Slope: 20, Lo: 15, Hi: 25}, Reason: "rose 20/h"},
	'C': {State: soak.Clean, Growth: soak.Growth{Slope: 0, Lo: -2, Hi: 2}, Reason: "flat"},
	'?': {State: soak.Inconclusive, Growth: soak.Growth{Slope: 20, Lo: 15, Hi: 25}},
	'~': {State: soak.Leaking, Growth: soak.Growth{Slope: 11, Lo: 9, Hi: 13}},
	'_': {State: soak.Leaking, Growth: soak.Growth{Slope: 5, Lo: 4, Hi: 6}},
	'T': {State: soak.Clean, Growth: soak.Growth{Slope: 30, Lo: 20, Hi: 40}},
	'n': {State: soak.Leaking, Growth: soak.UnknownGrowth()},
}

func TestStep_FollowsLooks(t *testing.T) {
	for _, c := range []struct {
		name  string
		hold  time.Duration // rule.For; looks are a minute apart
		looks string        // ! marks the look before it as the last one of a run
		want  string        // after each look: . inactive, p pending, F fires now, f firing, R is resolved now
	}{
		{"a leak fires at once without for", 0, "L", "F"},
		{"it fires once", 0, "LLL", "Fff"},
		{"clean never fires", 0, "CCC", "..."},
		{"inconclusive never fires", 0, "???", "..."},
		{"an interval that holds the limit never fires", 0, "~~~", "..."},
		{"a leak below the rule's limit never fires", 0, "___", "..."},
		{"a tolerance above the limit never fires", 0, "TTT", "..."},
		{"a leak of unknown slope fires", 0, "n", "F"},
		{"it must hold for two minutes", 2 * time.Minute, "LLLL", "ppFf"},
		{"one clean look starts anew", 2 * time.Minute, "LLCLLL", "pp.ppF"},
		{"an inconclusive look neither fires nor starts anew", 2 * time.Minute, "L??L", "pppF"},
		{"pending is left on a leak below the limit", 2 * time.Minute, "L_", "p."},
		{"two clean looks resolve", 0, "LCC", "FfR"},
		{"one clean look does not", 0, "LCLCL", "Fffff"},
		{"no flapping", 0, "LCLCLCLC", "Ffffffff"},
		{"clean for as long resolves", 2 * time.Minute, "LLLCCC", "ppFffR"},
		{"one inconclusive look does not resolve", 0, "L?L?L", "Fffff"},
		{"two inconclusive looks resolve", 0, "L??", "FfR"},
		{"inconclusive looks resolve after a quarter of the growth", 0, "LLLLLLLLL????", "F" + strings.Repeat("f", 11) + "R"},
		{"inconclusive for as long resolves", 2 * time.Minute, "LLL?C?", "ppFffR"},
		{"the last look resolves a clean series", 2 * time.Minute, "LLLC!", "ppFR"},
		{"the last look resolves an inconclusive series", 2 * time.Minute, "LLL?!", "ppFR"},
		{"the last look keeps a leak", 0, "L?L!", "Fff"},
		{"the last look keeps a leak about the limit", 0, "L~!", "Ff"},
		{"the last look fires", 0, "?L!", ".F"},
		{"the last look does not shorten for", 2 * time.Minute, "?L!", ".p"},
		{"a leak between starts the clean time anew", 2 * time.Minute, "LLLCCLCCC", "ppFfffffR"},
		{"it can fire again", 0, "LCCL", "FfRF"},
		{"clean by a tolerance above the limit resolves", 0, "LTT", "FfR"},
		{"a leak about the limit does not resolve", 0, "L~~~", "Ffff"},
		{"below the limit is clean enough", 0, "L__", "FfR"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := play(t, c.hold, c.looks); got != c.want {
				t.Errorf("looks %s: got %s, want %s", c.looks, got, c.want)
			}
		})
	}
}

var start = time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)

func play(t *testing.T, hold time.Duration, looks string) string {
	t.Helper()
	rule := soak.Rule{Name: "r", MaxGrowth: soak.Quantity{Value: 10, Per: soak.PerHour}, For: hold}
	var state State
	var out strings.Builder
	looks, final := strings.CutSuffix(looks, "!")
	for i := range len(looks) {
		at := time.Duration(i) * time.Minute
		var sent []soak.Alert
		state, sent = Step(state, rule, verdicts[looks[i]], Context{At: at, Wall: start.Add(at), Final: final && i == len(looks)-1})
		out.WriteByte(letter(t, state, sent))
	}
	return out.String()
}

func letter(t *testing.T, state State, sent []soak.Alert) byte {
	t.Helper()
	if len(sent) > 1 {
		t.Fatalf("%d alerts at one look", len(sent))
	}
	if len(sent) == 1 {
		return map[soak.AlertState]byte{soak.Firing: 'F', soak.Resolved: 'R'}[sent[0].State]
	}
	return map[soak.AlertState]byte{"": '.', soak.Pending: 'p', soak.Firing: 'f'}[state.Is]
}

func TestStep_AlertFields(t *testing.T) {
	rule := soak.Rule{Name: "fds", Severity: "critical", MaxGrowth: soak.Quantity{Value: 10, Per: soak.PerHour}, For: time.Minute}
	c := Context{Run: "run", Process: "target", Metric: "fds", Unit: "count", Last: 42, Wall: start}
	state, sent := Step(State{}, rule, verdicts['L'], c)
	if sent != nil {
		t.Fatal(sent)
	}
	c.At, c.Wall = time.Minute, start.Add(time.Minute)
	state, sent = Step(state, rule, verdicts['L'], c)
	want := soak.Alert{
		Run: "run", Rule: "fds", Severity: "critical", State: soak.Firing, Process: "target", Metric: "fds", Unit: "count",
		Since: start, At: start.Add(time.Minute), Growth: soak.Growth{Slope: 20, Lo: 15, Hi: 25}, Last: 42,
		Reason: "grows faster than the allowed 10/h for 1 min: rose 20/h",
	}
	if len(sent) != 1 || sent[0] != want {
		t.Errorf("got %+v, want %+v", sent, want)
	}
	c.At, c.Wall = 2*time.Minute, start.Add(2*time.Minute)
	firing := state
	state, _ = Step(state, rule, verdicts['C'], c)
	c.At, c.Wall = 4*time.Minute, start.Add(4*time.Minute)
	_, sent = Step(state, rule, verdicts['C'], c)
	if len(sent) != 1 || !sent[0].Since.Equal(start.Add(2*time.Minute)) || sent[0].Reason != "no longer grows faster than allowed for 2 min: flat" {
		t.Errorf("%+v", sent)
	}
	c.Final = true
	_, sent = Step(firing, rule, soak.Verdict{State: soak.Inconclusive, Reason: "it is leveling off"}, c)
	if len(sent) != 1 || !sent[0].Since.Equal(c.Wall) || sent[0].Reason != "the growth is no longer certain: it is leveling off" {
		t.Errorf("%+v", sent)
	}
}

func TestStep_ReasonNamesTheLimitWithItsUnit(t *testing.T) {
	rule := soak.Rule{MaxGrowth: soak.Quantity{Value: 60 << 20, Per: soak.PerHour}}
	v := soak.Verdict{State: soak.Leaking, Growth: soak.Growth{Slope: 100 << 20, Lo: 95 << 20, Hi: 105 << 20}, Reason: "rose 100 MiB/h"}
	_, sent := Step(State{}, rule, v, Context{Unit: "bytes"})
	if want := "grows faster than the allowed 60 MiB/h: rose 100 MiB/h"; len(sent) != 1 || sent[0].Reason != want {
		t.Errorf("got %+v, want %s", sent, want)
	}
}

func TestStep_UnknownLimitNeverBreached(t *testing.T) {
	rule := soak.Rule{Name: "r", MaxGrowth: soak.Quantity{Value: 64, Per: soak.PerOperation}}
	if state, sent := Step(State{}, rule, verdicts['L'], Context{}); sent != nil || state.Is != "" {
		t.Error(state, sent)
	}
	c := Context{OperationsPerHour: 0.1} // 6.4 an hour
	if _, sent := Step(State{}, rule, verdicts['L'], c); len(sent) != 1 {
		t.Error(sent)
	}
}

func TestPerHour(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		q          soak.Quantity
		level      float64
		duration   time.Duration
		operations float64
		want       float64
	}{
		{soak.Quantity{Value: 5, Per: soak.PerHour}, nan, 0, nan, 5},
		{soak.Quantity{Value: 5, Per: soak.PerRun}, nan, 30 * time.Minute, nan, 10},
		{soak.Quantity{Value: 5, Per: soak.PerRun}, nan, 0, nan, nan},
		{soak.Quantity{Value: 64, Per: soak.PerOperation}, nan, 0, 1000, 64000},
		{soak.Quantity{Value: 64, Per: soak.PerOperation}, nan, 0, 0, nan},
		{soak.Quantity{Value: 64, Per: soak.PerOperation}, nan, 0, nan, nan},
		{soak.Quantity{Value: 0.05, Percent: true, Per: soak.PerRun}, 200, 2 * time.Hour, nan, 5},
		{soak.Quantity{Value: 0.05, Percent: true, Per: soak.PerHour}, -200, 0, nan, 10},
		{soak.Quantity{Value: 0.05, Percent: true, Per: soak.PerHour}, nan, 0, nan, nan},
		{soak.Quantity{}, nan, 0, nan, 0},
		{soak.Quantity{Percent: true, Per: soak.PerRun}, nan, 0, nan, 0},
	} {
		got := PerHour(c.q, c.level, c.duration, c.operations)
		if got != c.want && !(math.IsNaN(got) && math.IsNaN(c.want)) {
			t.Errorf("%+v: got %g, want %g", c, got, c.want)
		}
	}
}
