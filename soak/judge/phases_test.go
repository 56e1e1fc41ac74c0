package judge

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"soakmon/soak"
)

var twoLoads = []soak.Workload{{Name: "a", Rate: 300}, {Name: "b", Rate: 100}}

func TestPhases(t *testing.T) {
	for _, c := range []struct {
		what   string
		events []soak.Event
		end    int
		want   string // name from-to@rate
	}{
		{"no marks", nil, 10, ""},
		{"the last lasts until the end", []soak.Event{phase("baseline", 0), phase("steady", 5)}, 10, "baseline 0-5@0 steady 5-10@1"},
		{"a mark behind the end has no length", []soak.Event{phase("steady", 0), phase("drain", 11)}, 10, "steady 0-11@1 drain 11-11@0"},
		{"marks out of order never make a negative length", []soak.Event{phase("steady", 5), phase("rest", 3)}, 10, "steady 5-5@1 rest 5-10@0"},
		{"a step splits the phase, weighted by the loads' rates", []soak.Event{phase("steady", 0), rate("b", 4, 2)}, 10, "steady 0-4@1 steady 4-10@1.25"},
		{"steps of two loads add up", []soak.Event{phase("steady", 0), rate("a", 4, 0.5), rate("b", 6, 1.5)}, 10, "steady 0-4@1 steady 4-6@0.625 steady 6-10@0.75"},
		{"a step at rest counts from the next load on", []soak.Event{phase("rest", 0), rate("a", 2, 2), rate("b", 2, 2), phase("warmup", 4), phase("steady", 6)}, 10, "rest 0-4@0 warmup 4-6@2 steady 6-10@2"},
		{"a step down to nothing does not end the steps", []soak.Event{phase("steady", 0), rate("a", 2, 0), rate("b", 2, 0), rate("a", 4, 1)}, 6, "steady 0-2@1 steady 2-2@0.25 steady 2-4@0 steady 4-6@0.75"},
		{"a step of an unknown load is ignored", []soak.Event{phase("steady", 0), rate("c", 4, 9)}, 10, "steady 0-10@1"},
	} {
		var got []string
		for _, p := range Phases(twoLoads, c.events, time.Duration(c.end)*time.Second) {
			got = append(got, fmt.Sprintf("%s %v-%v@%v", p.Name, p.From.Seconds(), p.To.Seconds(), p.Rate))
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s: %s, want %s", c.what, s, c.want)
		}
	}
}

func TestPhases_WatchHasPlannedRate(t *testing.T) {
	if p := Phases(nil, []soak.Event{phase("steady", 0)}, time.Second); p[0].Rate != 1 {
		t.Errorf("rate %v", p[0].Rate)
	}
}

func TestSteady(t *testing.T) {
	s := every("fds", 0, 13, flat(1))
	for _, c := range []struct {
		what   string
		events []soak.Event
		want   []int
	}{
		{"no phases", nil, nil},
		{"a row at a mark belongs to the phase that begins", []soak.Event{phase("warmup", 0), phase("steady", 4), phase("rest", 7)}, []int{4, 5, 6}},
		{"the last phase has all to the end", []soak.Event{phase("warmup", 0), phase("steady", 10)}, []int{10, 11, 12}},
		{"a mark at the very end takes the last row", []soak.Event{phase("steady", 9), phase("rest", 12)}, []int{9, 10, 11}},
		{"a step at the very end doubles nothing", []soak.Event{phase("steady", 9), rate("a", 12, 2)}, []int{9, 10, 11, 12}},
		{"several stretches", []soak.Event{phase("steady", 1), phase("rest", 3), phase("steady", 6), phase("drain", 8)}, []int{1, 2, 6, 7}},
		{"a phase without length", []soak.Event{phase("steady", 2), phase("rest", 2)}, nil},
	} {
		var got []int
		for _, at := range Steady(s, Phases(twoLoads, c.events, 12*time.Second)).At {
			got = append(got, int(at.Seconds()))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: rows %v, want %v", c.what, got, c.want)
		}
	}
}

func TestRests(t *testing.T) {
	for _, c := range []struct {
		what   string
		events []soak.Event
		want   string // at/open, gc forced
	}{
		{"none", nil, ""},
		{"without a collection the reading itself", []soak.Event{phase("rest", 0), rest(5, 3, false)}, "5/3"},
		{"with one the reading after it", []soak.Event{phase("rest", 0), rest(5, 3, false), rest(6, 3, true)}, "6/3gc"},
		{"two rests in a row", []soak.Event{phase("rest", 0), rest(5, 3, false), rest(6, 3, true), phase("drain", 7), rest(8, 0, false), rest(9, 0, true)}, "6/3gc 9/0gc"},
		{"a collection takes no other rest's reading away", []soak.Event{phase("rest", 0), rest(5, 3, false), phase("drain", 7), rest(9, 0, true)}, "5/3 9/0gc"},
		{"what lies between does not matter", []soak.Event{phase("rest", 0), rest(5, 3, false), {Kind: soak.EventNote}, rest(6, 3, true)}, "6/3gc"},
	} {
		var got []string
		for _, r := range Rests(c.events) {
			got = append(got, fmt.Sprintf("%v/%d%s", r.At.Seconds(), r.Open, map[bool]string{true: "gc"}[r.Forced]))
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s: %q, want %q", c.what, s, c.want)
		}
	}
}

func TestCovered(t *testing.T) {
	events := []soak.Event{phase("warmup", 0), phase("steady", 100), phase("rest", 300), phase("steady", 400), phase("drain", 700)}
	phases := Phases(nil, events, 720*time.Second) // 500 s of steady load
	only := func(keep func(second int) bool) soak.Series {
		return every("goroutines", 0, 720, func(i int) float64 {
			if keep(i) {
				return 7
			}
			return nan
		})
	}
	restarted := func(seconds ...int) soak.Series {
		s := only(func(int) bool { return true })
		for _, b := range seconds {
			s.Breaks = append(s.Breaks, time.Duration(b)*time.Second)
		}
		return s
	}
	for _, c := range []struct {
		what string
		s    soak.Series
		want float64
	}{
		{"one restart", restarted(200), 1},
		{"a short life at the end", restarted(690), 1},
		{"a crash loop in the second half", restarted(450, 470, 490, 510, 530, 550, 570, 590, 610, 630, 650, 670, 690), 0.5},
		{"measured throughout", only(func(int) bool { return true }), 1},
		{"never", only(func(int) bool { return false }), 0},
		{"once", only(func(i int) bool { return i == 200 }), 0},
		{"at rest only", only(func(i int) bool { return i >= 300 && i < 400 }), 0},
		{"not at rest", only(func(i int) bool { return i < 300 || i >= 400 }), 1},
		{"the first half only", only(func(i int) bool { return i < 350+100 }), 0.5},
		{"the second half only", only(func(i int) bool { return i > 449 }), 0.5},
		{"all but a fifth in the middle", only(func(i int) bool { return i < 150 || i >= 250 }), 0.8},
		{"every twentieth", only(func(i int) bool { return i%20 == 0 }), 1},
		{"five readings far apart", only(func(i int) bool { return i%100 == 50 }), 1},
		{"now and then not", only(func(i int) bool { return i%3 == 0 }), 1},
	} {
		if got := Covered(c.s, phases); got < c.want-0.01 || got > c.want+0.01 {
			t.Errorf("%s: %.3f, want %.2f", c.what, got, c.want)
		}
	}
	if got := Covered(only(func(int) bool { return true }), nil); got != 0 {
		t.Errorf("without a steady phase %v, want 0", got)
	}
}
