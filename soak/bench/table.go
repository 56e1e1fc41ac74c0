package bench

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"soakmon/soak"
)

// The names of the two rows that all others are compared with.
const (
	Direct = "direct TCP"
	Relay  = "TCP relay"
)

// Result is one bench, as it is stored. Its JSON names are stable.
type Result struct {
	Run        string           `json:"run"`
	Name       string           `json:"name"`
	Version    string           `json:"version"` // of soak
	Start      time.Time        `json:"start"`
	Duration   float64          `json:"duration_s"`
	Rounds     int              `json:"rounds"`
	Conditions *soak.Conditions `json:"conditions,omitempty"` // of the network between client and server
	Host       soak.Host        `json:"host"`
	Judged     bool             `json:"judged"` // the targets decide
	Verdict    Verdict          `json:"verdict"`
	ExitCode   int              `json:"exit_code"`
	Reasons    []string         `json:"reasons"`
	Rows       []Row            `json:"rows"`
	Versus     []Versus         `json:"versus,omitempty"` // side by side: clients of one server, servers of one protocol
	Warnings   []string         `json:"warnings"`
}

// Row is one contender with all its figures.
type Row struct {
	Subject
	Figures []Figure `json:"figures"` // in the order of Kinds
	Targets []Target `json:"targets,omitempty"`
	Trials  []Trial  `json:"stress,omitempty"`
	Hot     []Hot    `json:"hot,omitempty"`   // functions that took the most CPU time
	Notes   []string `json:"notes,omitempty"` // errors that belong to no figure
}

// Figure is one measured quantity. Where it could not be measured the estimate
// has no samples and Missing says why.
type Figure struct {
	Name string `json:"name"`
	Unit string `json:"unit"`
	Estimate
	Direct  *Estimate    `json:"ratio_to_direct,omitempty"`
	Relay   *Estimate    `json:"ratio_to_relay,omitempty"`
	Missing string       `json:"missing,omitempty"` // why samples are missing: the newest reason
	Values  []soak.Float `json:"values"`            // one a round
}

// Versus sets one contender against another: ratios of a to b.
type Versus struct {
	A      Subject `json:"a"`
	B      Subject `json:"b"`
	Ratios []Ratio `json:"ratios"`
}

// Ratio is that of one figure.
type Ratio struct {
	Figure string `json:"figure"`
	Estimate
}

// Hot is a function that took CPU time.
type Hot struct {
	Side     string  `json:"side"` // "server", "client"
	Function string  `json:"function"`
	Share    float64 `json:"share"` // of the profile's samples
}

// row is what came of a course.
func (c *course) row() Row {
	r := Row{Subject: c.Subject, Figures: []Figure{}, Trials: c.trials}
	if c.Broken != nil {
		r.Notes = []string{fmt.Sprintf("%s was not measured: %v", c.Name, c.Broken)}
	}
	for _, k := range Kinds {
		f := Figure{Name: k.Name, Unit: k.Unit, Estimate: estimate(c.values[k.Name]), Missing: c.missing[k.Name], Values: []soak.Float{}}
		for _, v := range c.values[k.Name] {
			f.Values = append(f.Values, soak.Float(v))
		}
		if len(f.Values) > 0 {
			r.Figures = append(r.Figures, f)
		}
	}
	return r
}

// Figure finds a figure by its name.
func (r Row) Figure(name string) (Figure, bool) {
	for _, f := range r.Figures {
		if f.Name == name {
			return f, true
		}
	}
	return Figure{}, false
}

// Finish compares the rows, holds them against the targets and decides. Judged
// says that the targets decide about the exit code.
func (r *Result) Finish(judged bool, bounds map[string]soak.Bounds) {
	r.Judged = judged
	for i := range r.Rows {
		r.compare(&r.Rows[i])
	}
	r.Versus = versus(r.Rows)
	for i := range r.Rows {
		row := &r.Rows[i]
		if r.Rounds > 0 {
			row.Targets = row.hold(bounds)
		}
		row.judgeTrials(r.Conditions != nil)
	}
	r.decide()
}

func (r *Result) compare(row *Row) {
	for i := range row.Figures {
		f := &row.Figures[i]
		f.Direct, f.Relay = r.ratioTo(Direct, row.Name, *f), r.ratioTo(Relay, row.Name, *f)
	}
}

// ratioTo is a figure's ratio to the same of the row of a name, if there is one.
func (r *Result) ratioTo(name, own string, f Figure) *Estimate {
	for _, row := range r.Rows {
		if other, ok := row.Figure(f.Name); ok && row.Name == name && name != own {
			e := estimate(ratios(floats(f.Values), floats(other.Values)))
			return &e
		}
	}
	return nil
}

// versus sets side by side what differs in the client alone or in the server
// alone: the first that was named against each of the others.
func versus(rows []Row) (all []Versus) {
	for i, b := range rows {
		for _, a := range rows[:i] {
			client := a.Client != b.Client && a.Server == b.Server
			server := a.Client == b.Client && a.Server != b.Server
			if a.Load == b.Load && (client || server) {
				if v := against(a, b); len(v.Ratios) > 0 {
					all = append(all, v)
				}
				break
			}
		}
	}
	return all
}

func against(a, b Row) Versus {
	v := Versus{A: a.Subject, B: b.Subject, Ratios: []Ratio{}}
	for _, f := range a.Figures {
		if other, ok := b.Figure(f.Name); ok {
			v.Ratios = append(v.Ratios, Ratio{f.Name, estimate(ratios(floats(f.Values), floats(other.Values)))})
		}
	}
	return v
}

func floats(values []soak.Float) []float64 {
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = float64(v)
	}
	return out
}

// missing says of which figures nothing was measured, in words for people.
func (r Row) missing() []string {
	var reasons []string
	of := map[string][]string{}
	for _, f := range r.Figures {
		if f.Missing == "" {
			continue
		}
		if of[f.Missing] == nil {
			reasons = append(reasons, f.Missing)
		}
		of[f.Missing] = append(of[f.Missing], fmt.Sprintf("%s (%d of %d rounds)", f.Name, f.N, len(f.Values)))
	}
	all := slices.Clone(r.Notes)
	for _, reason := range reasons {
		all = append(all, fmt.Sprintf("%s: %s: %s", r.Name, strings.Join(of[reason], ", "), reason))
	}
	return all
}

func isNaN(f soak.Float) bool { return math.IsNaN(float64(f)) }
