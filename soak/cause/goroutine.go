package cause

import (
	"fmt"
	"math"
	"strings"
	"time"

	"soakmon/profiles"
	"soakmon/soak"
)

// goroutines finds the places where the number of goroutines grows.
func (f *finder) goroutines(l Leak, out *Finding) {
	s := f.course("goroutine", l)
	r := s.rank()
	if r.Snapshots < fewestOfSuspect {
		out.Note = s.few("goroutine")
		return
	}
	clusters := f.clusters(l)
	for _, site := range culprits(r, l) {
		out.Culprits = append(out.Culprits, waiting(site, clusters))
	}
	if len(out.Culprits) == 0 {
		out.Note = fmt.Sprintf("no place grows significantly in %d goroutine profiles", r.Snapshots)
	}
	out.Note = join(out.Note, f.proven(l))
}

// waiting describes a place where goroutines wait, with details of the dump if there
// is one.
func waiting(s profiles.Site, clusters []profiles.Cluster) Culprit {
	words := []string{fmt.Sprintf("%.0f → %.0f goroutines", s.First, s.Last)}
	c := culprit(s, "")
	var seen *profiles.Cluster
	oldest, count := time.Duration(0), 0
	for i, k := range clusters {
		if k.Stack.Culprit().Function != s.Frame.Function {
			continue
		}
		if seen == nil {
			seen = &clusters[i]
		}
		count += k.Count
		oldest = max(oldest, k.Oldest)
	}
	if seen != nil {
		words = []string{fmt.Sprintf("blocked in %s, %d waiting", seen.State, count)}
		if oldest > 0 {
			words = append(words, fmt.Sprintf("oldest %.0f min", oldest.Minutes()))
		}
		c.CreatedBy = seen.CreatedBy.String()
		if place := seen.Place(); place == seen.CreatedBy {
			// The whole stack is in the standard library: the go statement is more useful.
			c.Function, c.File, c.Line = place.Function, place.File, place.Line
		} else if place.Function == c.Function {
			c.File, c.Line = place.File, place.Line
		}
	}
	if c.Suspect {
		words = append(words, suspectWords)
	}
	c.Detail = strings.Join(words, ", ")
	return c
}

// clusters are the clusters of the newest dump up to the end of a leak, or else of the
// first dump after it.
func (f *finder) clusters(l Leak) []profiles.Cluster {
	var best *soak.ProfileMeta
	for i, m := range f.metas {
		if m.Kind == "goroutine_dump" && m.Process == l.Process && (best == nil || m.At <= l.To) {
			best = &f.metas[i]
		}
	}
	if best == nil {
		return nil
	}
	b, err := f.src.Profile(best.ID)
	if err != nil {
		return nil
	}
	clusters, err := profiles.Clusters(b)
	if err != nil {
		return nil
	}
	return clusters
}

// proven reports the number of goroutines that nothing can wake again, as the garbage
// collector has proven.
func (f *finder) proven(l Leak) string {
	n := 0.0
	for _, m := range f.metas {
		if m.Kind != "goroutineleak" || m.Process != l.Process {
			continue
		}
		b, err := f.src.Profile(m.ID)
		if err != nil {
			continue
		}
		p, err := profiles.Parse(b)
		if err != nil {
			continue
		}
		c := profiles.NewCourse()
		if c.Add(m.At, p) == nil {
			n = c.Rank(profiles.ByFunction, 0, forever).Last
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("the garbage collector has proven that %.0f goroutines can never run again (goroutineleak profile)", n)
}

// correlated finds the places where goroutines grow at the rate of a leak of another
// resource, within a fifth: each goroutine may hold one of these.
func (f *finder) correlated(l Leak, what string) (all []Culprit) {
	s := f.course("goroutine", l)
	r := s.rank()
	if r.Snapshots < profiles.Fewest {
		return nil
	}
	clusters := f.clusters(l)
	for _, site := range r.Culprits() {
		if share := site.Slope / l.Slope; math.Abs(share-1) < 0.2 {
			c := waiting(site, clusters)
			c.Share = soak.Float(min(share, 1))
			c.Detail = fmt.Sprintf("goroutines grow there at the same rate as %s: %s", what, c.Detail)
			all = append(all, c)
		}
	}
	return all
}

// join joins two sentences, either of which may be empty.
func join(a, b string) string {
	switch {
	case a == "":
		return b
	case b == "":
		return a
	}
	return a + "; " + b
}
