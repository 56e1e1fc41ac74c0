package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"path"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"soakmon/profiles"
	"soakmon/soak"
	"soakmon/soak/cause"
	"soakmon/soak/human"
	"soakmon/soak/indent"
	"soakmon/soak/judge"
	"soakmon/soak/plan"
	"soakmon/soak/runs"
)

// profileFlags say which growth to show.
type profileFlags struct {
	dir, process, kind, base, by, format, output, http string
	top                                                int
}

func profileCommand(s streams) *cobra.Command {
	f := profileFlags{}
	cmd := &cobra.Command{
		Use:   "profile [RUN]",
		Short: "Show which call sites, goroutines or descriptors of a run grow",
		Long: `Show which call sites, goroutines or descriptors of a run grow. Growth is the
robust slope over all snapshots, not the difference of two profiles.

In CPU profiles, code that grows under a constant load got slower. A plan requests
them with profiles: {kinds: [heap, goroutine, cpu]}.

With --http, the last snapshot opens in the web UI of google/pprof, compared with
the first.`,
		Example: `  soak profile last
  soak profile last --kind goroutine --by line
  soak profile last --kind cpu
  soak profile nightly --kind heap --base 1h --http :0
  soak profile last --format pprof -o growth.pb.gz && go tool pprof -top growth.pb.gz`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return runs.With(f.dir, runArg(args), func(r *runs.Run) error { return f.show(s, r) })
		},
	}
	dirFlag(cmd, &f.dir)
	formatFlag(cmd, &f.format, "text", "json", "pprof")
	outputFlag(cmd, &f.output)
	flags := cmd.Flags()
	flags.StringVar(&f.process, "process", soak.RoleTarget, "`PROCESS` whose profiles to show")
	flags.StringVar(&f.kind, "kind", "heap", "`KIND` of profile: heap, allocs, goroutine, cpu, mutex, block or fds")
	flags.StringVar(&f.base, "base", "start", "compare with `TIME`: start (of the steady load), or a time since the start of the run, such as 10m")
	flags.StringVar(&f.by, "by", string(profiles.ByFunction), "group by `UNIT`: function, line, package or stack")
	flags.IntVar(&f.top, "top", 20, "show at most `N` places; 0 shows all")
	flags.StringVar(&f.http, "http", "", "serve the web UI of google/pprof on `HOST:PORT`; :0 takes a free port of 127.0.0.1")
	return cmd
}

func (f profileFlags) show(s streams, r *runs.Run) error {
	from, to, err := f.stretch(r)
	if err != nil {
		return err
	}
	switch profiles.By(f.by) {
	case profiles.ByFunction, profiles.ByLine, profiles.ByPackage, profiles.ByStack:
	default:
		return fmt.Errorf("invalid --by %s: use function, line, package or stack", f.by)
	}
	if f.http != "" {
		return f.serve(s, r, from, to)
	}
	out, err := openOutput(s, f.output)
	if err != nil {
		return err
	}
	return errors.Join(f.write(out, r, from, to), out.Close())
}

func (f profileFlags) write(out io.Writer, r *runs.Run, from, to time.Duration) error {
	if f.kind == "fds" {
		return f.descriptors(out, cause.Parts(r, f.process, from, to, cause.DescriptorFamilies...))
	}
	q := cause.Query{Process: f.process, Kind: f.kind, From: from, To: to, By: profiles.By(f.by)}
	if f.format == "pprof" {
		q.By = profiles.ByStack
	}
	ranking, cost, err := cause.Rank(r, q)
	if err != nil {
		return err
	}
	switch f.format {
	case "pprof":
		return ranking.Growth().Write(out)
	case "json":
		return f.json(out, ranking)
	}
	return f.text(out, ranking, cost)
}

// stretch is the part of the run that counts: from the first steady load on, of
// CPU time to the end of the last.
func (f profileFlags) stretch(r *runs.Run) (from, to time.Duration, err error) {
	events, err := r.Events()
	if err != nil {
		return 0, 0, err
	}
	to = math.MaxInt64
	steady := slices.DeleteFunc(judge.Phases(r.Run().Plan.Load, events, to), func(p soak.Phase) bool { return p.Name != soak.PhaseSteady })
	if n := len(steady); n > 0 {
		from = steady[0].From
		if f.kind == "cpu" {
			to = steady[n-1].To
		}
	}
	if f.base != "start" {
		if from, err = plan.ParseDuration(f.base); err != nil {
			return 0, 0, fmt.Errorf("invalid --base %s: use start, or a time: %w", f.base, err)
		}
	}
	return from, to, nil
}

// cut keeps the places to show.
func (f profileFlags) cut(n int) int {
	if f.top <= 0 {
		return n
	}
	return min(n, f.top)
}

func (f profileFlags) text(out io.Writer, r profiles.Ranking, c cause.Cost) error {
	fmt.Fprintf(out, "%s of the %s: %s from %s to %s\n", f.kind, f.process, human.Count(r.Snapshots, "snapshot"), human.Offset(r.From), human.Offset(r.To))
	fmt.Fprintf(out, "in all %s (%s → %s); %s of %d places grow for certain, and explain %.0f %% of it\n", human.Growth(r.Total, r.Unit),
		human.Amount(r.First, r.Unit), human.Amount(r.Last, r.Unit), named(r), len(r.Sites), 100*r.Explained)
	fmt.Fprintf(out, "%s\n\n", f.price(c))
	tw := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "\tGROWTH\tSHARE\tFIRST\tLAST\tPLACE")
	for _, s := range r.Sites[:f.cut(len(r.Sites))] {
		mark := ""
		switch {
		case s.Named:
			mark = "▲"
		case s.Likely:
			mark = "△"
		}
		fmt.Fprintf(tw, "%s\t%s\t%.0f %%\t%s\t%s\t%s\n", mark, human.Growth(s.Slope, r.Unit), 100*s.Share, human.Amount(s.First, r.Unit), human.Amount(s.Last, r.Unit), f.place(s))
	}
	return tw.Flush()
}

// price says what a snapshot cost. That of the CPU is its time of sampling: what
// the target did meanwhile is the subject.
func (f profileFlags) price(c cause.Cost) string {
	if f.kind == "cpu" {
		return fmt.Sprintf("one snapshot sampled for %s", human.Seconds(c.Took.Seconds()))
	}
	return fmt.Sprintf("one snapshot took %s and %s of the target's CPU (%.2g %% of a core), its other work included", human.Seconds(c.Took.Seconds()), human.Seconds(c.CPU), 100*c.Share)
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

func (f profileFlags) place(s profiles.Site) string {
	if profiles.By(f.by) == profiles.ByPackage {
		return s.Frame.Package()
	}
	if s.Frame.File == "" {
		return s.Frame.Function
	}
	return fmt.Sprintf("%s  %s:%d", s.Frame.Function, path.Base(s.Frame.File), s.Frame.Line)
}

// site is a place in JSON; its names are stable.
type site struct {
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

func (f profileFlags) json(out io.Writer, r profiles.Ranking) error {
	v := struct {
		Process   string     `json:"process"`
		Kind      string     `json:"kind"`
		Unit      string     `json:"unit"`
		Snapshots int        `json:"snapshots"`
		From      float64    `json:"from_s"`
		To        float64    `json:"to_s"`
		Total     soak.Float `json:"slope_per_hour"`
		Explained soak.Float `json:"explained"`
		Sites     []site     `json:"sites"`
	}{f.process, f.kind, r.Unit, r.Snapshots, r.From.Seconds(), r.To.Seconds(), soak.Float(r.Total), soak.Float(r.Explained), []site{}}
	for _, s := range r.Sites[:f.cut(len(r.Sites))] {
		one := site{s.Frame.Function, s.Frame.File, s.Frame.Line, soak.Float(s.Slope), soak.Float(s.Counts), soak.Float(s.Share), soak.Float(s.First), soak.Float(s.Last), soak.Float(s.P), s.Named, []string{}}
		for _, frame := range s.Stack {
			one.Stack = append(one.Stack, frame.String())
		}
		v.Sites = append(v.Sites, one)
	}
	return indent.JSON(out, v)
}

func (f profileFlags) descriptors(out io.Writer, parts []cause.Part) error {
	if f.format == "pprof" {
		return errors.New("descriptors have no call sites: use --format text or --format json")
	}
	parts = parts[:f.cut(len(parts))]
	if f.format == "json" {
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
