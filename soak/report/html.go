package report

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"soakmon/soak/chart"
)

// Assets are the files of a page with charts: style.css, charts.js and uPlot.
//
//go:embed assets
var Assets embed.FS

var templates = template.Must(template.ParseFS(Assets, "assets/report.tmpl"))

// document is the data of the HTML template.
type document struct {
	view
	Policy  string
	Style   template.CSS
	Library template.JS
	Script  template.JS
	Data    template.JS
}

// HTML writes the report as one self-contained file: it includes style, scripts and
// data, and its content security policy forbids it to load anything.
func HTML(w io.Writer, r Report, c Charts) error {
	style := asset("uplot/uPlot.min.css") + asset("style.css")
	library, script := asset("uplot/uPlot.iife.min.js"), asset("charts.js")
	data, err := json.Marshal(BoardOf(r, c)) // escapes <, > and & for HTML
	if err != nil {
		return err
	}
	return templates.ExecuteTemplate(w, "report", document{
		view:   newView(r, c),
		Policy: fmt.Sprintf("default-src 'none'; style-src '%s'; script-src '%s' '%s'; img-src data:; base-uri 'none'; form-action 'none'", digest(style), digest(library), digest(script)),
		Style:  template.CSS(style), Library: template.JS(library), Script: template.JS(script), Data: template.JS(data),
	})
}

// Sections writes the parts of a report above and below its charts, for a page
// that includes [Style].
func Sections(r Report, c Charts) (above, below template.HTML, err error) {
	v := newView(r, c)
	var a, b bytes.Buffer
	err = errors.Join(templates.ExecuteTemplate(&a, "above", v), templates.ExecuteTemplate(&b, "below", v))
	return template.HTML(a.String()), template.HTML(b.String()), err
}

// Style is the style of the report's HTML, for other documents.
func Style() string { return asset("style.css") }

func asset(name string) string {
	data, err := Assets.ReadFile("assets/" + name)
	if err != nil {
		panic(err) // it is embedded
	}
	return string(data)
}

// digest is the hash that allows an inline text in a policy (CSP Level 3, 6.7.3).
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// Board is the data of one run that charts.js draws. Times are seconds since its
// start. Start includes the offset of its time zone, so that charts.js needs none.
type Board struct {
	Label   string        `json:"label"`
	Start   int64         `json:"start_s"`
	End     float64       `json:"end_s"`
	Series  []Series      `json:"series"`
	Marks   []chart.Mark  `json:"marks"`
	Shades  []chart.Shade `json:"shades"`
	Drawing chart.Drawing `json:"drawing"`
}

// BoardOf returns the data that charts.js draws.
func BoardOf(r Report, c Charts) Board {
	return Board{Label: r.Name, Start: local(r.Start), End: r.Duration, Series: r.Series, Marks: c.Marks, Shades: c.Shades, Drawing: c.Drawing}
}

func local(t time.Time) int64 {
	_, offset := t.Zone()
	return t.Unix() + int64(offset)
}

// sparkPath draws values into a box of 100 by 20 units as the path of an SVG. A range
// below step is drawn flat.
func sparkPath(values []float64, step float64) string {
	lo, hi := bounds(values)
	if !(lo <= hi) {
		return ""
	}
	if hi-lo <= step {
		lo, hi = (lo+hi)/2-step, (lo+hi)/2+step
	}
	if lo == hi {
		lo, hi = lo-1, hi+1
	}
	var out strings.Builder
	move := true
	for i, v := range values {
		if v != v {
			continue
		}
		command := "L"
		if move {
			command, move = "M", false
		}
		fmt.Fprintf(&out, "%s%.1f %.1f", command, 100*float64(i)/float64(max(len(values)-1, 1)), 19-18*(v-lo)/(hi-lo))
	}
	return out.String()
}
