// Package growth shows which call sites, goroutines or descriptors of a stored run
// grow: as text, JSON or a pprof profile, and in the web UI of google/pprof.
package growth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"path"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"soakmon/profiles"
	"soakmon/soak"
	"soakmon/soak/cause"
	"soakmon/soak/human"
	"soakmon/soak/indent"
	"soakmon/soak/judge"
	"soakmon/soak/plan"
	"soakmon/soak/runs"
)

// Formats are those that [Query.Write] knows.
var Formats = []string{"text", "json", "pprof"}

// Query says which growth to show.
type Query struct {
	Process string // role of the process
	Kind    string // of profile, or fds
	Base    string // "start" of the steady load, or a time since the start of the run
	By      string // one of the groupings of package profiles
	Top     int    // maximum number of places; 0 or less: all
}

// Check refuses a grouping that does not exist.
func (q Query) Check() error {
	switch profiles.By(q.By) {
	case profiles.ByFunction, profiles.ByLine, profiles.ByPackage, profiles.ByStack:
		return nil
	}
	return fmt.Errorf("invalid --by %s: use function, line, package or stack", q.By)
}

// Write writes what grows in one of the [Formats].
func (q Query) Write(out io.Writer, r *runs.Run, format string) error {
	from, to, err := q.period(r)
	if err != nil {
		return err
	}
	if q.Kind == "fds" {
		return q.descriptors(out, format, cause.Parts(r, q.Process, from, to, cause.DescriptorFamilies...))
	}
	ranked := cause.Query{Process: q.Process, Kind: q.Kind, From: from, To: to, By: profiles.By(q.By)}
	if format == "pprof" {
		ranked.By = profiles.ByStack
	}
	ranking, cost, err := cause.Rank(r, ranked)
	if err != nil {
		return err
	}
	switch format {
	case "pprof":
		return ranking.Growth().Write(out)
	case "json":
		return q.json(out, ranking)
	}
	return q.text(out, ranking, cost)
}

// period is the part of the run that counts: from the first steady load on, of
// CPU time to the end of the last.
func (q Query) period(r *runs.Run) (from, to time.Duration, err error) {
	events, err := r.Events()
	if err != nil {
		return 0, 0, err
	}
	to = math.MaxInt64
	steady := slices.DeleteFunc(judge.Phases(r.Run().Plan.Load, events, to), func(p soak.Phase) bool { return p.Name != soak.PhaseSteady })
	if n := len(steady); n > 0 {
		from = steady[0].From
		if q.Kind == "cpu" {
			to = steady[n-1].To
		}
	}
	if q.Base != "start" {
		if from, err = plan.ParseDuration(q.Base); err != nil {
			return 0, 0, fmt.Errorf("invalid --base %s: use start, or a time: %w", q.Base, err)
		}
	}
	return from, to, nil
}

// cut keeps the places to show.
func (q Query) cut(n int) int {
	if q.Top <= 0 {
		return n
	}
	return min(n, q.Top)
}

func (q Query) text(out io.Writer, r profiles.Ranking, c cause.Cost) error {
	fmt.Fprintf(out, "%s of the %s: %s from %s to %s\n", q.Kind, q.Process, human.Count(r.Snapshots, "snapshot"), human.Offset(r.From), human.Offset(r.To))
	fmt.Fprintf(out, "in all %s (%s → %s); %s of %d places grow significantly (▲) and explain %.0f %% of it%s\n", human.Growth(r.Total, r.Unit),
		human.Amount(r.First, r.Unit), human.Amount(r.Last, r.Unit), named(r), len(r.Sites), 100*r.Explained, suspects(r))
	fmt.Fprintf(out, "%s\n\n", q.price(c))
	tw := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "\tGROWTH\tSHARE\tFIRST\tLAST\tPLACE")
	for _, s := range r.Sites[:q.cut(len(r.Sites))] {
		mark := ""
		switch {
		case s.Named:
			mark = "▲"
		case s.Likely:
			mark = "△"
		}
		fmt.Fprintf(tw, "%s\t%s\t%.0f %%\t%s\t%s\t%s\n", mark, human.Growth(s.Slope, r.Unit), 100*s.Share, human.Amount(s.First, r.Unit), human.Amount(s.Last, r.Unit), q.place(s))
	}
	return tw.Flush()
}

// price says what a snapshot cost. That of the CPU is its time of sampling: what
// the target did meanwhile is the subject.
func (q Query) price(c cause.Cost) string {
	if q.Kind == "cpu" {
		return fmt.Sprintf("one snapshot sampled for %s", human.Seconds(c.Took.Seconds()))
	}
	return fmt.Sprintf("one snapshot took %s and %s of the target's CPU (%.2g %% of a core), its other work included", human.Seconds(c.Took.Seconds()), human.Seconds(c.CPU), 100*c.Share)
}

// suspects says what the places that only may grow account for.
func suspects(r profiles.Ranking) string {
	n, share := 0, 0.0
	for _, s := range r.Sites {
		if s.Likely && !s.Named {
			n, share = n+1, share+float64(s.Share)
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("; %s (△) account for %.0f %%", human.Count(n, "suspect"), 100*min(1, share))
}

func named(r profiles.Ranking) string {
	n := 0
	for _, s := range r.Sites {
		if s.Named {
			n++
		}
	}
	return fmt.Sprint(n)
}

func (q Query) place(s profiles.Site) string {
	switch profiles.By(q.By) {
	case profiles.ByPackage:
		return s.Frame.Package()
	case profiles.ByStack:
		words := make([]string, len(s.Stack))
		for i, f := range s.Stack {
			words[i] = f.String()
		}
		return strings.Join(words, " < ")
	}
	if s.Frame.File == "" {
		return s.Frame.Function
	}
	return fmt.Sprintf("%s  %s:%d", s.Frame.Function, path.Base(s.Frame.File), s.Frame.Line)
}

// Site is a place in JSON; its names are stable.
type Site struct {
	Function string     `json:"function"`
	File     string     `json:"file"`
	Line     int        `json:"line"`
	Slope    soak.Float `json:"slope_per_hour"`
	Objects  soak.Float `json:"objects_per_hour"`
	Share    soak.Float `json:"share"`
	First    soak.Float `json:"first"`
	Last     soak.Float `json:"last"`
	P        soak.Float `json:"p"`
	Grows    bool       `json:"grows"`
	Stack    []string   `json:"stack"`
}

func (q Query) json(out io.Writer, r profiles.Ranking) error {
	v := struct {
		Process   string     `json:"process"`
		Kind      string     `json:"kind"`
		Unit      string     `json:"unit"`
		Snapshots int        `json:"snapshots"`
		From      float64    `json:"from_s"`
		To        float64    `json:"to_s"`
		Total     soak.Float `json:"slope_per_hour"`
		Explained soak.Float `json:"explained"`
		Sites     []Site     `json:"sites"`
	}{q.Process, q.Kind, r.Unit, r.Snapshots, r.From.Seconds(), r.To.Seconds(), soak.Float(r.Total), soak.Float(r.Explained), []Site{}}
	for _, s := range r.Sites[:q.cut(len(r.Sites))] {
		one := Site{s.Frame.Function, s.Frame.File, s.Frame.Line, soak.Float(s.Slope), soak.Float(s.Counts), soak.Float(s.Share), soak.Float(s.First), soak.Float(s.Last), soak.Float(s.P), s.Named, []string{}}
		for _, frame := range s.Stack {
			one.Stack = append(one.Stack, frame.String())
		}
		v.Sites = append(v.Sites, one)
	}
	return indent.JSON(out, v)
}

func (q Query) descriptors(out io.Writer, format string, parts []cause.Part) error {
	if format == "pprof" {
		return errors.New("descriptors have no call sites: use --format text or --format json")
	}
	parts = parts[:q.cut(len(parts))]
	if format == "json" {
		type row struct {
			Series string     `json:"series"`
			Slope  soak.Float `json:"slope_per_hour"`
			First  soak.Float `json:"first"`
			Last   soak.Float `json:"last"`
			Grows  bool       `json:"grows"`
		}
		rows := []row{}
		for _, p := range parts {
			rows = append(rows, row{p.Name, soak.Float(p.Slope), soak.Float(p.First), soak.Float(p.Last), p.Grows})
		}
		return indent.JSON(out, rows)
	}
	tw := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "\tGROWTH\tFIRST\tLAST\tKIND")
	for _, p := range parts {
		mark := ""
		if p.Grows {
			mark = "▲"
		}
		fmt.Fprintf(tw, "%s\t%s\t%.0f\t%.0f\t%s\n", mark, human.Growth(p.Slope, "count"), p.First, p.Last, p.Name)
	}
	return tw.Flush()
}

// Pages is the web UI of google/pprof for the last snapshot of the period,
// compared with the first.
func (q Query) Pages(r *runs.Run) (pages http.Handler, first, last soak.ProfileMeta, err error) {
	from, to, err := q.period(r)
	if err != nil {
		return nil, first, last, err
	}
	if first, last, err = q.ends(r, from, to); err != nil {
		return nil, first, last, err
	}
	data, err := r.Profile(last.ID)
	if err != nil {
		return nil, first, last, err
	}
	base, err := r.Profile(first.ID)
	if err != nil {
		return nil, first, last, err
	}
	pages, err = profiles.Pages(q.Kind, data, base)
	return pages, first, last, err
}

// ends are the first and the last snapshot of a period.
func (q Query) ends(r *runs.Run, from, to time.Duration) (first, last soak.ProfileMeta, err error) {
	metas, err := r.Profiles()
	if err != nil {
		return first, last, err
	}
	n := 0
	for _, m := range metas {
		if m.Kind != q.Kind || m.Process != q.Process || m.At < from || m.At > to {
			continue
		}
		if n++; n == 1 {
			first = m
		}
		last = m
	}
	if n < 2 {
		return first, last, fmt.Errorf("the run has %d %s profiles of the %s in this period: a comparison needs two", n, q.Kind, q.Process)
	}
	return first, last, nil
}

// Serve serves pages below /ui/ until ctx ends.
func Serve(ctx context.Context, ln net.Listener, pages http.Handler) error {
	mux := http.NewServeMux()
	mux.Handle("/{$}", http.RedirectHandler("/ui/", http.StatusFound))
	mux.Handle("/ui/", http.StripPrefix("/ui", pages))
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		<-ctx.Done()
		server.Close()
	}()
	if err := server.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
