package input

import (
	"fmt"
	"math"
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
// as memory that the process returned, and no trend continues across it. Restart
// reports whether the time is within the recording; otherwise it marks nothing.
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
