package input

import (
	"fmt"
	"math"
	"time"

	"soakmon/soak"
)

// Recording is what one source holds: series on one clock.
type Recording struct {
	Source string  // a file's name, or a query
	Start  float64 // time zero of the series in seconds on the source's clock: Unix time, or since its start
	Series []soak.Series
}

// Restart marks in every series that the process was started again at a time of
// the source's clock, written as in a column `time`: what fell then was given up
// and did not come back, and no trend is carried across. It tells whether the
// recording was going on then; where it was not, nothing is marked.
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
		s.Breaks = append(s.Breaks, time.Duration(math.Round(since*1e6))*time.Microsecond) // as samples are
	}
	return true, nil
}

// Span says when the recording was going on, in the words of its clock.
func (r Recording) Span() string {
	return fmt.Sprintf("%s goes from %s to %s", r.Source, r.clock(0), r.clock(r.length()))
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

// clock writes a time as a person would: Unix times that may be dates as such.
func (r Recording) clock(since time.Duration) string {
	const firstDate = 1e8 // March 1973; fewer seconds are since the start
	if r.Start < firstDate {
		return fmt.Sprintf("%.10g", r.Start+since.Seconds())
	}
	return time.Unix(0, int64(r.Start*1e9)).Add(since).UTC().Format(time.RFC3339)
}
