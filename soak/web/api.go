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

// listed is a run in the list; its verdict comes with the summary.
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

// summary is what the list and the history show of a run.
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

// section is the report as it stands in the page, above the charts and below.
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

// boardOf is a run's board with the charts that are shown first.
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

// boardFor does not wait until the run is judged: the verdicts come with the
// summary.
func (s *Server) boardFor(r *http.Request) (out boardOf, err error) {
	err = s.opened.use(r.PathValue("id"), func(v *view) error {
		c, last, err := report.Marks(v.run)
		if err != nil {
			return err
		}
		head := v.run.Run()
		g := grid(r, head.Plan.Interval, last)
		first, rest := parted(layout(v.run))
		if c.Drawing, err = s.opened.draw(v, first, g); err != nil {
			return err
		}
		for _, one := range rest { // without curves: they are asked for when they are opened
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

func parted(all []chart.Chart) (first, rest []chart.Chart) {
	for _, c := range all {
		if c.First {
			first = append(first, c)
		} else {
			rest = append(rest, c)
		}
	}
	return first, rest
}

// charts draws some charts over a stretch of a run.
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

// The columns that a browser may ask for.
const (
	usualColumns = 480
	mostColumns  = 2000
)

// grid is the stretch and the number of columns that a request asks for: from
// and to in seconds, all of the run without them. Interval makes the grids of
// runs that are laid over each other the same.
func grid(r *http.Request, interval, last time.Duration) chart.Grid {
	q := r.URL.Query()
	seconds := func(name string, otherwise time.Duration) time.Duration {
		v, err := strconv.ParseFloat(q.Get(name), 64)
		if err != nil || !(v >= 0 && v < 1e9) {
			return otherwise
		}
		return time.Duration(v * float64(time.Second))
	}
	columns, _ := strconv.Atoi(q.Get("columns"))
	columns = min(cmp.Or(max(columns, 0), usualColumns), mostColumns)
	return chart.Fit(seconds("from", 0), seconds("to", last), max(interval, seconds("interval", 0)), columns)
}

// mostCompared are the runs that can be laid over each other.
const mostCompared = 8

// compare lays runs beside each other.
func (s *Server) compare(w http.ResponseWriter, r *http.Request) {
	ids := r.URL.Query()["run"]
	if len(ids) < 2 || len(ids) > mostCompared {
		answer(w, nil, fmt.Errorf("name two to %d runs: ?run=A&run=B", mostCompared))
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
