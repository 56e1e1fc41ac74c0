package bench

import (
	"fmt"
	"soakmon/soak/human"
	"strings"
)

// grid is a table for people, in any format: cells are text.
type grid struct {
	title string
	head  []string
	rows  [][]string
}

// groups are the figures of each table.
var groups = []struct {
	title   string
	figures []string
}{
	{"Throughput", []string{"up", "down", "both"}},
	{"Latency of an echo", []string{"echo_p50", "echo_p95", "echo_p99"}},
	{"New connections", []string{"connect_p50", "connect_p95", "connections"}},
	{"New sessions", []string{"session_p50", "sessions"}},
	{"CPU time per GB", []string{"server_cpu", "client_cpu"}},
	{"CPU time per new session", []string{"session_server_cpu", "session_client_cpu"}},
	{"Memory of the server per connection", []string{"idle_memory", "active_memory"}},
}

// grids are all tables of a result.
func grids(r Result) (all []grid) {
	for _, g := range groups {
		if t := figuresGrid(r, g.title, g.figures); len(t.rows) > 0 {
			all = append(all, t)
		}
	}
	for _, t := range []grid{targetsGrid(r), trialsGrid(r), versusGrid(r), hotGrid(r)} {
		if len(t.rows) > 0 {
			all = append(all, t)
		}
	}
	return all
}

func figuresGrid(r Result, title string, figures []string) grid {
	g := grid{title: title, head: []string{""}}
	relay := r.has(Relay)
	for _, name := range figures {
		k, _ := kindOf(name)
		g.head = append(g.head, k.Title, "/ direct")
		if relay {
			g.head = append(g.head, "/ relay")
		}
	}
	for _, row := range r.Rows {
		cells, any := []string{row.Name}, false
		for _, name := range figures {
			f, ok := row.Figure(name)
			any = any || ok
			cells = append(cells, figureCell(f, ok), times(f.Direct))
			if relay {
				cells = append(cells, times(f.Relay))
			}
		}
		if any {
			g.rows = append(g.rows, cells)
		}
	}
	return g
}

func figureCell(f Figure, ok bool) string {
	if !ok {
		return human.Unknown
	}
	return cell(f.Estimate, f.Unit)
}

func (r Result) has(name string) bool {
	for _, row := range r.Rows {
		if row.Name == name {
			return true
		}
	}
	return false
}

func targetsGrid(r Result) grid {
	g := grid{title: "Targets", head: []string{"", "target", "found", "95 % interval", "verdict"}}
	for _, row := range r.Rows {
		for _, t := range row.Targets {
			k, _ := kindOf(t.Figure)
			unit, of := k.Unit, ""
			if t.Of == "ratio" {
				unit, of = "", "× direct TCP"
			}
			relation, bound := "≥", t.AtLeast
			if t.AtMost > 0 {
				relation, bound = "≤", t.AtMost
			}
			interval := human.Unknown
			if t.Interval() {
				interval = human.Column(t.Lo, unit) + " … " + human.Column(t.Hi, unit)
			}
			g.rows = append(g.rows, []string{row.Name, fmt.Sprintf("%s %s %s%s", strings.ReplaceAll(t.Figure, "_", " "), relation, human.Column(bound, unit), of),
				human.Column(t.Median, unit), interval, string(t.Verdict)})
		}
	}
	return g
}

func trialsGrid(r Result) grid {
	g := grid{title: "Stress", head: []string{"", "test", "found", "target", "echoes on all", "p50", "p99", "memory each", "verdict"}}
	for _, row := range r.Rows {
		for _, t := range row.Trials {
			target := ""
			if t.AtLeast > 0 {
				target = "> " + human.Column(t.AtLeast, t.Unit)
			} else if t.AtMost > 0 {
				target = "< " + human.Column(t.AtMost, t.Unit)
			}
			cells := []string{row.Name, strings.ReplaceAll(t.Name, "_", " "), human.Column(t.Value, t.Unit), target, "", "", "", "", string(t.Verdict)}
			if t.Sessions > 0 {
				cells[4], cells[5] = human.Column(t.Rate, rate), human.Column(t.P50, seconds)
				cells[6], cells[7] = human.Column(t.P99, seconds), human.Column(t.Memory, bytesUnit)
			}
			g.rows = append(g.rows, cells)
		}
		if w, ok := row.Growth(); ok {
			g.rows = append(g.rows, []string{row.Name, fmt.Sprintf("from %d to %d", w.From, w.To), human.Column(w.Time, "") + "× time", "", "",
				human.Column(w.Latency, "") + "×", "", human.Column(w.Memory, "") + "×", ""})
		}
	}
	return g
}

// versusFigures are those that stand side by side; JSON has all.
var versusFigures = []string{"up", "down", "both", "echo_p50", "connect_p50", "connections", "sessions", "server_cpu", "client_cpu", "session_server_cpu", "session_client_cpu"}

func versusGrid(r Result) grid {
	g := grid{title: "Side by side", head: []string{""}}
	for _, name := range versusFigures {
		k, _ := kindOf(name)
		g.head = append(g.head, k.Title)
	}
	for _, v := range r.Versus {
		cells := []string{v.title()}
		for _, name := range versusFigures {
			cells = append(cells, times(v.ratio(name)))
		}
		g.rows = append(g.rows, cells)
	}
	return g
}

func (v Versus) ratio(figure string) *Estimate {
	for _, r := range v.Ratios {
		if r.Figure == figure {
			return &r.Estimate
		}
	}
	return nil
}

// title says what is the same, then what is set against what.
func (v Versus) title() string {
	if v.A.Client != v.B.Client {
		return fmt.Sprintf("%s at %s: client %s / %s", v.A.Load, v.A.Server, v.A.Client, v.B.Client)
	}
	return fmt.Sprintf("%s by %s: server %s / %s", v.A.Load, v.A.Client, v.A.Server, v.B.Server)
}

func hotGrid(r Result) grid {
	g := grid{title: "Where the CPU time of transfers goes", head: []string{"", "side", "share", "function"}}
	for _, row := range r.Rows {
		for _, h := range row.Hot {
			g.rows = append(g.rows, []string{row.Name, h.Side, fmt.Sprintf("%.1f %%", 100*h.Share), h.Function})
		}
	}
	return g
}
