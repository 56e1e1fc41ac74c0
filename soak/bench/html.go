package bench

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("bench").Parse(pageText))

// charted are the figures that are drawn.
var charted = []string{"down", "up", "echo_p50", "connect_p50", "sessions", "server_cpu"}

// chart is one figure of all rows as horizontal bars.
type chart struct {
	Title  string
	Height int
	Bars   []bar
}

// bar has lengths in pixels of the drawing.
type bar struct {
	Name, Text     string
	Y              int
	Width          float64
	From, To       float64 // of the interval; equal where there is none
	Base, Interval bool
}

const (
	barPitch = 22
	barLeft  = 170.0
	barSpace = 420.0
)

// HTML writes the result as one page that needs nothing else.
func HTML(w io.Writer, r Result) error {
	type table struct {
		Title string
		Head  []string
		Rows  [][]string
	}
	data := struct {
		Result
		Headline string
		Why      []string
		Notes    []string
		Charts   []chart
		Tables   []table
	}{Result: r, Headline: headline(r), Why: reasons(r), Notes: notes(r), Charts: charts(r)}
	for _, g := range grids(r) {
		data.Tables = append(data.Tables, table{g.title, g.head, g.rows})
	}
	return page.Execute(w, data)
}

func charts(r Result) (all []chart) {
	for _, name := range charted {
		if c := draw(r, name); len(c.Bars) > 0 {
			all = append(all, c)
		}
	}
	return all
}

// draw makes the bars of a figure. Their scale is logarithmic where the largest
// is more than twenty times the smallest.
func draw(r Result, name string) chart {
	k, _ := kindOf(name)
	least, most := math.Inf(1), 0.0
	for _, row := range r.Rows {
		if f, ok := row.Figure(name); ok && f.Median > 0 {
			least, most = min(least, float64(f.Median)), max(most, float64(f.Median), ending(f.Estimate))
		}
	}
	scale := func(v float64) float64 { return barSpace * v / most }
	c := chart{Title: titles[name]}
	if most > 20*least {
		c.Title += ", logarithmic"
		floor := least / 2
		scale = func(v float64) float64 {
			return barSpace * math.Log(max(v, floor)/floor) / math.Log(most/floor)
		}
	}
	for _, row := range r.Rows {
		f, ok := row.Figure(name)
		if !ok || !(f.Median > 0) {
			continue
		}
		b := bar{Name: row.Name, Text: cell(f.Estimate, k.Unit), Y: len(c.Bars) * barPitch, Width: scale(float64(f.Median)),
			Base: row.Name == Direct || row.Name == Relay, Interval: f.Interval()}
		if b.Interval {
			b.From, b.To = barLeft+scale(float64(f.Lo)), barLeft+scale(float64(f.Hi))
		}
		c.Bars = append(c.Bars, b)
	}
	c.Height = len(c.Bars) * barPitch
	return c
}

func ending(e Estimate) float64 {
	if e.Interval() {
		return float64(e.Hi)
	}
	return float64(e.Median)
}

var titles = func() map[string]string {
	of := map[string]string{}
	for _, k := range Kinds {
		better := "less is better"
		if k.More {
			better = "more is better"
		}
		of[k.Name] = fmt.Sprintf("%s (%s)", k.Title, better)
	}
	return of
}()
