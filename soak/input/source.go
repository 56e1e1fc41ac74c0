package input

import (
	"fmt"
	"math"
	"slices"
	"time"

	"soakmon/soak"
)

// Recording is the content of one source: series with a common clock.
type Recording struct {
	Source string  // a file's name, or a query
	Start  float64 // time zero of the series in seconds on the source's clock: Unix time, or since its start
	Series []soak.Series
	CutOff bool // the last line was not written completely: what it lacks is a gap
}

// Restart marks in every series that the process restarted at a time of the
// source's clock, written as in a column `time`. A fall at that time does not count
// as memory that the process returned, and no trend continues across it. Where a
// series fell just before that time, the mark moves to the fall. Restart reports
// whether the time is within the recording; otherwise it marks nothing.
func (r Recording) Restart(at string) (marked bool, err error) {
	seconds, err := parseTime(at)
	if err != nil {
		return false, err
	}
	since := seconds - r.Start
	if since <= 0 || since > r.length().Seconds() {
		return false, nil
	}
	for i := range r.Series {
		s := &r.Series[i]
		at := time.Duration(math.Round(since*1e6)) * time.Microsecond // as samples are
		s.Breaks = append(s.Breaks, fallBefore(*s, at))
	}
	return true, nil
}

const (
	lateBy   = 3  // samples by which a restart may be marked too late
	typical  = 20 // samples before it that show how far readings lie apart
	fallSize = 8  // times that distance
)

// fallBefore returns the time of the fall that a mark means. A restart is often
// noted a moment later, when the first samples of the new process have been taken:
// they would count as a sudden end of growth in the old one. So where one of the
// samples just before the mark fell further than the sample at the mark, and
// further than noise, the restart was at that sample. Otherwise it was at the mark.
func fallBefore(s soak.Series, mark time.Duration) time.Duration {
	after, _ := slices.BinarySearch(s.At, mark)
	first := max(1, after-lateBy)
	var apart []float64
	for i := max(1, first-typical); i < first; i++ {
		apart = append(apart, math.Abs(s.Value[i]-s.Value[i-1]))
	}
	if len(apart) == 0 {
		return mark
	}
	slices.Sort(apart)
	at, deepest := mark, fallSize*apart[len(apart)/2]
	if after < len(s.At) {
		deepest = max(deepest, s.Value[after-1]-s.Value[after])
	}
	for i := first; i < after; i++ {
		if fall := s.Value[i-1] - s.Value[i]; fall > deepest {
			at, deepest = s.At[i], fall
		}
	}
	return at
}

// Span describes the time range of the recording, on its clock.
func (r Recording) Span() string {
	return fmt.Sprintf("%s covers %s to %s", r.Source, r.clock(0), r.clock(r.length()))
}

// length is the time of the last sample.
func (r Recording) length() (last time.Duration) {
	for _, s := range r.Series {
		if n := len(s.At); n > 0 {
			last = max(last, s.At[n-1])
		}
	}
	return last
}

// clock writes a Unix time as a date, and seconds since the start as a number.
func (r Recording) clock(since time.Duration) string {
	const firstDate = 1e8 // March 1973; smaller numbers are seconds since the start
	if r.Start < firstDate {
		return fmt.Sprintf("%.10g", r.Start+since.Seconds())
	}
	return time.Unix(0, int64(r.Start*1e9)).Add(since).UTC().Format(time.RFC3339)
}
