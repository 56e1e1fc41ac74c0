package report

import (
	"fmt"

	"soakmon/soak"
)

// inTurns lets tcp and h2 run alone in turns after the warm-up, and the fds grow
// by one a second while h2 does.
func inTurns(m *memory) {
	const half = (loadTo - steadyFrom) / 2
	turns := map[string][]int{"tcp": {steadyFrom, steadyFrom + half}, "h2": {steadyFrom + half, loadTo}}
	ran := func(load string, second int) int {
		before := min(max(second-loadFrom, 0), steadyFrom-loadFrom)
		return before + min(max(second-turns[load][0], 0), turns[load][1]-turns[load][0])
	}
	for _, load := range []string{"tcp", "h2"} {
		done := func(second int) float64 { return goodRate * float64(ran(load, second)) }
		m.load(load, done)
		m.add(soak.RoleDriver, fmt.Sprintf("planned_operations_total{load=%q}", load), done)
	}
	m.event(soak.EventRate, soak.Event{At: at(steadyFrom), Name: "h2"})
	m.event(soak.EventRate, soak.Event{At: at(steadyFrom + half), Name: "tcp"})
	m.event(soak.EventRate, soak.Event{At: at(steadyFrom + half), Name: "h2", Value: 1})
	m.add("target", "fds", func(second int) float64 {
		return 200 + float64(second%2) + float64(min(max(second-turns["h2"][0], 0), half))
	})
}
