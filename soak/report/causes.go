package report

import (
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"soakmon/soak"
	"soakmon/soak/cause"
	"soakmon/soak/human"
	"soakmon/soak/judge"
)

// causes names the cause of each leak of the target.
func (b *builder) causes(r *Report) ([]cause.Finding, error) {
	from, to := b.steady()
	var leaks []cause.Leak
	for _, s := range r.Series {
		if s.Process != soak.RoleTarget || s.Verdict != soak.Leaking {
			continue
		}
		l := b.leak(s)
		// Growth that began late is attributed within its own interval, provided
		// that this is at least a third of the run: a short one has too few profiles.
		since := time.Duration(float64(s.Since) * float64(time.Second))
		if since > from && to-since > (to-from)/3 {
			l.From = since
		}
		if !slices.ContainsFunc(leaks, func(k cause.Leak) bool { return k.Metric == l.Metric }) {
			leaks = append(leaks, l)
		}
	}
	if len(leaks) == 0 {
		return []cause.Finding{}, nil
	}
	all, err := cause.Find(b.src, leaks)
	for i := range all {
		if all[i].With = b.growsWith(leaks[i]); all[i].With != nil {
			r.follow(all[i])
		}
	}
	return all, err
}

// growsWith is what a leak grows with in its own interval, or in all of the steady load
// if its interval has too few changes of the rate.
func (b *builder) growsWith(l cause.Leak) *cause.With {
	if w := cause.GrowsWith(b.src, l, b.plan.Load, b.phases); w != nil {
		return w
	}
	l.From, l.To = b.steady()
	return cause.GrowsWith(b.src, l, b.plan.Load, b.phases)
}

// follow makes verdicts say what a finding says about what the growth follows: a
// detector knows time and operations only, and the finding every activity of the load.
func (r *Report) follow(f cause.Finding) {
	for i := range r.Series {
		s := &r.Series[i]
		if s.Process == f.Process && s.Metric == f.Metric && s.Follows != soak.FollowsSessions { // of sessions at rest the finding knows nothing
			s.Follows = f.With.Follows()
		}
	}
}

// superseded reports whether a finding says more precisely than a statement what
// the growth of a series follows.
func (r Report) superseded(s judge.Statement) bool {
	return (s.Kind == judge.PerHour || s.Kind == judge.PerOperation) && slices.ContainsFunc(r.Findings, func(f cause.Finding) bool {
		return f.With != nil && f.Process == s.Process && slices.Contains(s.Metrics, f.Metric)
	})
}

// leak describes a series as one that leaks during the whole steady load.
func (b *builder) leak(s Series) cause.Leak {
	from, to := b.steady()
	l := cause.Leak{Process: s.Process, Metric: s.Metric, Unit: s.Unit, Slope: float64(s.Slope), From: from, To: to, End: b.end}
	l.Begin, l.Close = b.open()
	return l
}

// open is the interval in which sessions were open: from the beginning of the load to
// the end of its last rest. It is empty if there is no load.
func (b *builder) open() (from, to time.Duration) {
	for _, p := range b.phases {
		if !p.Name.Loading() && (to == 0 || p.Name != soak.PhaseRest && p.Name != soak.PhasePaused) {
			continue
		}
		if to == 0 {
			from = p.From
		}
		to = p.To
	}
	return from, to
}

// steady is the interval from the beginning of the first steady phase to the end of
// the last one, or the whole recording if there is none.
func (b *builder) steady() (from, to time.Duration) {
	to = b.end
	first := true
	for _, p := range b.phases {
		if p.Name != soak.PhaseSteady {
			continue
		}
		if first {
			from, first = p.From, false
		}
		to = p.To
	}
	return from, to
}

// Cause describes in words what causes one leak, or several with the same culprits.
type Cause struct {
	Resource string // the resource that leaks, as in [cause.Finding]
	Head     string
	Culprits []CulpritWords
	Note     string
	With     string // what the growth correlates with
}

// CulpritWords is a culprit in words.
type CulpritWords struct {
	Share string // "97 %"
	Place string // function and line, or the kernel's description
	Lines []string
}

// Causes puts the findings into words.
func (r Report) Causes() (all []Cause) {
	index := map[string]int{}
	var metrics [][]string
	var first []cause.Finding
	for _, f := range r.Findings {
		key := f.Resource + fmt.Sprint(f.Culprits)
		if i, ok := index[key]; ok && len(f.Culprits) > 0 {
			metrics[i] = append(metrics[i], f.Metric)
			continue
		}
		index[key] = len(first)
		first, metrics = append(first, f), append(metrics, []string{f.Metric})
	}
	for i, f := range first {
		c := Cause{Resource: f.Resource, Head: fmt.Sprintf("%s %s%s", strings.Join(metrics[i], " and "), human.Growth(f.Slope, f.Unit), explained(f)), Note: f.Note}
		if f.With != nil {
			c.With = f.With.Sentence
		}
		for _, k := range f.Culprits {
			c.Culprits = append(c.Culprits, culpritWords(k))
		}
		all = append(all, c)
	}
	return all
}

// explained says how much of the growth has a place. Kinds of memory have none, and a
// suspect explains nothing.
func explained(f cause.Finding) string {
	var kinds []string
	for _, c := range f.Culprits {
		if c.Kind != "" {
			kinds = append(kinds, c.Kind)
		}
	}
	switch {
	case len(f.Culprits) == 0:
		return ": no culprit was found"
	case f.Culprits[0].Suspect:
		return ": a suspect, not certain"
	case len(kinds) == len(f.Culprits):
		return fmt.Sprintf(": kind: %s; no place known", strings.Join(kinds, ", "))
	case f.Explained != f.Explained:
		return ""
	}
	return fmt.Sprintf(": %.0f %% explained", 100*float64(f.Explained))
}

func culpritWords(c cause.Culprit) CulpritWords {
	w := CulpritWords{Share: fmt.Sprintf("%.0f %%", 100*float64(c.Share)), Place: c.Function}
	if c.Function == "" {
		w.Place = c.Detail
	}
	if c.Suspect {
		w.Place = "△ suspect: " + w.Place
	}
	if c.Function == "" {
		return w
	}
	if c.File != "" {
		w.Place += fmt.Sprintf("  %s:%d", path.Base(c.File), c.Line)
	}
	w.Lines = append(w.Lines, c.Detail)
	if c.CreatedBy != "" {
		w.Lines = append(w.Lines, "created by "+c.CreatedBy)
	}
	return w
}

func textCauses(out *strings.Builder, r Report) {
	for _, c := range r.Causes() {
		fmt.Fprintf(out, "\nCAUSE  %s\n", c.Head)
		for _, k := range c.Culprits {
			fmt.Fprintf(out, "  %5s  %s\n", k.Share, k.Place)
			for _, l := range k.Lines {
				fmt.Fprintf(out, "         %s\n", l)
			}
		}
		for _, line := range []string{c.With, c.Note} {
			if line != "" {
				fmt.Fprintf(out, "       %s\n", line)
			}
		}
	}
}

// MarkdownCauses writes the causes as Markdown.
func MarkdownCauses(out io.Writer, r Report) {
	for _, c := range r.Causes() {
		fmt.Fprintf(out, "**Cause** %s\n\n", Escape(c.Head))
		for _, k := range c.Culprits {
			fmt.Fprintf(out, "- %s %s\n", k.Share, Escape(k.Place))
			for _, l := range k.Lines {
				fmt.Fprintf(out, "  %s\n", Escape(l))
			}
		}
		for _, line := range []string{c.With, c.Note} {
			if line != "" {
				fmt.Fprintf(out, "\n%s\n", Escape(line))
			}
		}
		fmt.Fprintln(out)
	}
}
