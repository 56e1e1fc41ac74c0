package detect

import (
	"math"
	"strings"
	"testing"
	"time"

	"soakmon/soak"
)

// dayOf is a day at 30 s.
func dayOf(value func(second int) float64) soak.Question {
	s := gauge()
	for t := 0; t < 86400; t += 30 {
		s.At, s.Value = append(s.At, time.Duration(t)*time.Second), append(s.Value, value(t))
	}
	return soak.Question{Series: s, Limit: math.NaN(), Final: true}
}

func TestJudge_RiseWithinRoom(t *testing.T) {
	t.Parallel()
	v := Judge{}.Judge(dayOf(func(t int) float64 { return 1000 + 22*step(t >= 43200) + 22*step(t >= 79200) }))
	if rate := 44. / 24; v.State != soak.Clean || len(v.Steps) != 2 || float64(v.Hi) < rate*.99 || float64(v.MinDetectable) < rate*.99 || !strings.Contains(v.Reason, "rose in 2 steps by 44") {
		t.Errorf("%s, %d steps, at most %v, limit %v: %s", v.State, len(v.Steps), v.Hi, v.MinDetectable, v.Reason)
	}
}

func TestJudge_ShareOfBeginningIsTolerated(t *testing.T) {
	t.Parallel()
	q := dayOf(func(t int) float64 { return 1e8 * (1 + 30*float64(t)/86400) })
	q.Tolerance = soak.Quantity{Value: 0.1, Percent: true, Per: soak.PerHour}
	if v := (Judge{}).Judge(q); v.State != soak.Leaking {
		t.Errorf("%s: %s", v.State, v.Reason)
	}
}

func TestJudge_ShortLastLifetime(t *testing.T) {
	t.Parallel()
	q := dayOf(func(t int) float64 { return 1e8 + 1.5e8*max(0, float64(t-82800))/3600 })
	q.Series.Breaks = []time.Duration{82800 * time.Second}
	if v := (Judge{}).Judge(q); v.State == soak.Clean {
		t.Errorf("a lifetime of an hour that grows to 2.5 times: %s", v.Reason)
	}
}

// A pool that fills and is emptied, first seen near its peak.
func TestJudge_FillsAndFallsBack(t *testing.T) {
	t.Parallel()
	s := gauge()
	for i := range 125 {
		s.At, s.Value = append(s.At, time.Duration(i)*time.Second), append(s.Value, 154+10*float64((i+32)%40))
	}
	if v := (Judge{}).Judge(soak.Question{Series: s, Limit: math.NaN(), Phases: steadily}); v.State == soak.Leaking {
		t.Errorf("the fourth tooth: %s", v.Reason)
	}
}

// The look that sees the end of a process finds nothing after its last rise.
func TestDetected_ProcessThatEnded(t *testing.T) {
	t.Parallel()
	q := dayOf(func(t int) float64 { return (1e8 + 2000*float64(t)) * step(t < 80000) })
	if _, found := Detected(q); !found {
		t.Error("not found")
	}
}
