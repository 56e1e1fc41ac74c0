package web

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"soakmon/soak"
	"soakmon/soak/chart"
	"soakmon/soak/compare"
	"soakmon/soak/human"
	"soakmon/soak/report"
)

// listed is a run in the list. Its verdict is requested separately, as a summary.
type listed struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Began   string `json:"began"`
	Running bool   `json:"running"`
	Size    string `json:"size"`
	Error   string `json:"error,omitempty"`
}

func (s *Server) list(w http.ResponseWriter, _ *http.Request) {
	entries, err := s.runs.List()
	rows := []listed{}
	for _, e := range entries {
		row := listed{ID: e.ID, Name: e.Name, Running: e.Running, Size: human.Size(e.Size), Error: e.Error}
		if !e.Start.IsZero() {
			row.Began = began(e.Start)
		}
		rows = append(rows, row)
	}
	answer(w, rows, err)
}

func began(t time.Time) string { return t.Local().Format("2006-01-02 15:04") }

// summary is what the list and the history page show of a run.
type summary struct {
	ID       string          `json:"id"`
	Verdict  soak.State      `json:"verdict"`
	Sentence string          `json:"sentence"`
	Length   string          `json:"length"`
	Start    int64           `json:"start"` // Unix seconds
	Began    string          `json:"began"`
	Version  string          `json:"version"`
	Build    string          `json:"build"`
	Load     []report.Load   `json:"load"`
	Series   []report.Series `json:"series"` // of the target
}

func (s *Server) summary(w http.ResponseWriter, r *http.Request) {
	var out summary
	err := s.opened.use(r.PathValue("id"), func(v *view) error {
		rep, err := s.opened.reportOf(v)
		out = summary{
			ID: rep.Run, Verdict: rep.Verdict, Length: human.Span(rep.Duration), Start: rep.Start.Unix(), Began: began(rep.Start),
			Version: rep.Version, Build: rep.Target.Build, Load: rep.Load, Series: []report.Series{},
		}
		if err == nil {
			out.Sentence = report.Sentence(rep)
		}
		for _, one := range rep.Series {
			if one.Process == soak.RoleTarget {
				one.Warnings = nil
				out.Series = append(out.Series, one)
			}
		}
		return err
	})
	answer(w, out, err)
}

// section serves the parts of the report above and below the charts.
func (s *Server) section(w http.ResponseWriter, r *http.Request) {
	out := map[string]string{}
	err := s.opened.use(r.PathValue("id"), func(v *view) error {
		rep, err := s.opened.reportOf(v)
		if err != nil {
			return err
		}
		judged := []chart.Chart{}
		for _, c := range layout(v.run) {
			if c.First && c.Group == chart.GroupTarget {
				judged = append(judged, c)
			}
		}
		d, err := s.opened.draw(v, judged, chart.Fit(0, end(rep), v.run.Run().Plan.Interval, 100))
		if err != nil {
			return err
		}
		above, below, err := report.Sections(rep, report.Charts{Drawing: d})
		out["above"], out["below"] = string(above), string(below)
		return err
	})
	answer(w, out, err)
}

func end(r report.Report) time.Duration { return time.Duration(r.Duration * float64(time.Second)) }

func layout(run Run) []chart.Chart {
	head := run.Run()
	return chart.Layout(run.Names(), head.Metrics, head.Plan)
}

// boardOf is the data of a run's charts; only those shown first have curves.
type boardOf struct {
	report.Board
	ID       string  `json:"id"`
	Running  bool    `json:"running"`
	Name     string  `json:"name"`
	Interval float64 `json:"interval_s"`
	Profiles []link  `json:"profiles"`
}

func (s *Server) board(w http.ResponseWriter, r *http.Request) {
	out, err := s.boardFor(r)
	answer(w, out, err)
}

// boardFor does not wait for the verdicts, which come with the summary: charts
// appear at once.
func (s *Server) boardFor(r *http.Request) (out boardOf, err error) {
	err = s.opened.use(r.PathValue("id"), func(v *view) error {
		c, last, err := report.Marks(v.run)
		if err != nil {
			return err
		}
		head := v.run.Run()
		g := grid(r, head.Plan.Interval, last)
		first, rest := splitByPriority(layout(v.run))
		if c.Drawing, err = s.opened.draw(v, first, g); err != nil {
			return err
		}
		for _, one := range rest { // without curves: the browser requests them when a chart is opened
			c.Charts = append(c.Charts, chart.Picture{Chart: one, Curves: []chart.Curve{}})
		}
		metas, err := v.run.Profiles()
		if err != nil {
			return err
		}
		out = boardOf{
			Board: report.BoardOf(report.Report{Name: head.Name, Start: head.Start, Duration: last.Seconds(), Series: []report.Series{}}, c),
			ID:    head.ID, Running: v.run.Running(), Name: head.Name, Interval: head.Plan.Interval.Seconds(), Profiles: links(v.id, metas),
		}
		return nil
	})
	return out, err
}

// splitByPriority separates the charts that are shown first from the others.
func splitByPriority(all []chart.Chart) (first, rest []chart.Chart) {
	for _, c := range all {
		if c.First {
			first = append(first, c)
		} else {
			rest = append(rest, c)
		}
	}
	return first, rest
}

// charts serves the requested charts over a time range of a run.
func (s *Server) charts(w http.ResponseWriter, r *http.Request) {
	var d chart.Drawing
	err := s.opened.use(r.PathValue("id"), func(v *view) (err error) {
		_, last, err := report.Marks(v.run)
		if err != nil {
			return err
		}
		ids := strings.Split(r.URL.Query().Get("ids"), "\n")
		wanted := slices.DeleteFunc(layout(v.run), func(c chart.Chart) bool { return !slices.Contains(ids, c.ID) })
		d, err = s.opened.draw(v, wanted, grid(r, v.run.Run().Plan.Interval, last))
		return err
	})
	answer(w, d, err)
}

// The number of columns that a browser may request.
const (
	defaultColumns = 480
	maxColumns     = 2000
)

// grid reads the time range and the number of columns that a request asks for.
// The parameters from and to are seconds; without them the range is the whole
// run. Compared runs share a grid by giving the same interval.
func grid(r *http.Request, interval, last time.Duration) chart.Grid {
	q := r.URL.Query()
	seconds := func(name string, fallback time.Duration) time.Duration {
		v, err := strconv.ParseFloat(q.Get(name), 64)
		if err != nil || !(v >= 0 && v < 1e9) {
			return fallback
		}
		return time.Duration(v * float64(time.Second))
	}
	columns, _ := strconv.Atoi(q.Get("columns"))
	columns = min(cmp.Or(max(columns, 0), defaultColumns), maxColumns)
	return chart.Fit(seconds("from", 0), seconds("to", last), max(interval, seconds("interval", 0)), columns)
}

// maxCompared is the maximum number of runs in one comparison.
const maxCompared = 8

// compare serves the table that compares runs.
func (s *Server) compare(w http.ResponseWriter, r *http.Request) {
	ids := r.URL.Query()["run"]
	if len(ids) < 2 || len(ids) > maxCompared {
		answer(w, nil, fmt.Errorf("cannot compare %d runs: name 2 to %d, as in ?run=A&run=B", len(ids), maxCompared))
		return
	}
	var reports []report.Report
	for _, id := range ids {
		err := s.opened.use(id, func(v *view) error {
			rep, err := s.opened.reportOf(v)
			reports = append(reports, rep)
			return err
		})
		if err != nil {
			answer(w, nil, err)
			return
		}
	}
	html, err := compare.HTML(compare.Compare(reports))
	answer(w, map[string]string{"html": string(html)}, err)
}
