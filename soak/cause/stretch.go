package cause

import (
	"fmt"
	"time"

	"github.com/google/pprof/profile"

	"soakmon/profiles"
	"soakmon/soak"
)

// mostSnapshots is the maximum number of profiles that are read of one kind: enough
// for any slope, and fast.
const mostSnapshots = 300

// stretch is the profiles of one kind in an interval of a run.
type stretch struct {
	course *profiles.Course
	bad    int // profiles that could not be read
}

// course reads the profiles of a kind in the interval of a leak. Only the newest
// process of the target in it counts.
func (f *finder) course(kind string, l Leak) *stretch {
	key := fmt.Sprint(kind, l.From, l.To)
	if s, ok := f.courses[key]; ok {
		return s
	}
	s := read(f.src, thin(f.within(kind, l)))
	f.courses[key] = s
	return s
}

// usualSnapshots is the number of profiles that an interval should have. If it has
// fewer, profiles of all the time in which sessions were open are used, including
// warm-up and rests.
const usualSnapshots = 10

// within lists the profiles of a kind in the interval of a leak.
func (f *finder) within(kind string, l Leak) []soak.ProfileMeta {
	all := f.between(kind, l, l.From, l.To)
	if len(all) < usualSnapshots {
		from, to := l.loaded()
		return f.between(kind, l, from, to)
	}
	return all
}

func (f *finder) between(kind string, l Leak, from, to time.Duration) (all []soak.ProfileMeta) {
	if s, err := f.src.Series(soak.SeriesOf(l.Process, l.Metric)); err == nil {
		for _, at := range s.Breaks {
			if at > from && at < to {
				from = at
			}
		}
	}
	for _, m := range f.metas {
		if m.Kind == kind && m.Process == l.Process && m.At >= from && m.At <= to {
			all = append(all, m)
		}
	}
	return all
}

// thin keeps at most mostSnapshots profiles, evenly spaced, including the first and
// the last.
func thin(all []soak.ProfileMeta) []soak.ProfileMeta {
	if len(all) <= mostSnapshots {
		return all
	}
	out := make([]soak.ProfileMeta, mostSnapshots)
	for i := range out {
		out[i] = all[i*(len(all)-1)/(mostSnapshots-1)]
	}
	return out
}

// read reads stored profiles into a course.
func read(src Source, metas []soak.ProfileMeta) *stretch {
	s := &stretch{course: profiles.NewCourse()}
	data := func(i int) ([]byte, error) { return src.Profile(metas[i].ID) }
	last := time.Duration(-1)
	profiles.ParseAll(len(metas), data, func(i int, p *profile.Profile, err error) {
		if err == nil && metas[i].At > last {
			err = s.course.Add(metas[i].At, p)
			last = metas[i].At
		}
		if err != nil {
			s.bad++
		}
	})
	return s
}

// rank ranks the functions of a stretch.
func (s *stretch) rank() profiles.Ranking { return s.course.Rank(profiles.ByFunction, 0, forever) }

const forever = time.Duration(1<<63 - 1)

// few explains that there are too few profiles for a ranking.
func (s *stretch) few(kind string) string {
	if s.bad > 0 {
		return fmt.Sprintf("only %d %s profiles could be read and %d could not: too few to identify a place", s.course.Len(), kind, s.bad)
	}
	if s.course.Len() == 0 {
		return fmt.Sprintf("there is no %s profile of this interval: no URL of the target's /debug/pprof/ is known (set target.pprof)", kind)
	}
	return fmt.Sprintf("there are only %d %s profiles of this interval: too few to identify a place", s.course.Len(), kind)
}

func culprit(s profiles.Site, detail string) Culprit {
	c := Culprit{Function: s.Frame.Function, File: s.Frame.File, Line: s.Frame.Line, Share: soak.Float(s.Share), Detail: detail, Suspect: s.Likely}
	for _, f := range s.Stack[:min(len(s.Stack), mostFrames)] {
		c.Stack = append(c.Stack, f.String())
	}
	return c
}

// fewestOfSuspect is the minimum number of snapshots that show growth at a place.
const fewestOfSuspect = 2

// suspectWords qualify a suspect.
const suspectWords = "too few snapshots to be certain"

// culprits are the places of a ranking that certainly grow, or else a likely one, or
// else a suspect: the place that grows at more than half the rate of the leak, beyond
// the error of sampling.
func culprits(r profiles.Ranking, l Leak) []profiles.Site {
	if all := r.Culprits(); len(all) > 0 || len(r.Sites) == 0 {
		return all
	}
	s := r.Sites[0]
	if !(s.Slope-suspicion*s.Err > l.Slope/2 && s.Last > s.First) {
		return nil
	}
	s.Likely, s.Share = true, min(1, s.Slope/l.Slope)
	return []profiles.Site{s}
}

// suspicion is the number of standard errors by which a suspect must have grown.
const suspicion = 2

// mostFrames is the maximum number of frames of a stack.
const mostFrames = 16
