package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"soakmon/soak"
	"soakmon/soak/human"
)

// Needed says how long a run would have to be to decide what this one did not, at the
// same noise.
type Needed struct {
	Seconds float64 `json:"s"`       // the longest
	Text    string  `json:"text"`    // "about 3 h for fds, 40 min for the rest"
	Command string  `json:"command"` // runs it
}

// needed is nil if no undecided series has an estimate, or while the run is in progress.
func needed(r *Report) *Needed {
	if r.Ended == soak.EndRunning {
		return nil
	}
	var open, unknown []Series
	for _, s := range r.Series {
		switch {
		case s.Verdict != soak.Inconclusive || ownUnasked(s):
		case s.Needed > 0:
			open = append(open, s)
		default:
			unknown = append(unknown, s)
		}
	}
	if len(open) == 0 {
		return nil
	}
	slices.SortStableFunc(open, func(a, b Series) int { return cmp.Compare(b.Needed, a.Needed) })
	most := duration(open[0])
	longest, rest := open[:1], open[1:]
	for len(rest) > 0 && human.Roughly(duration(rest[0])) == human.Roughly(most) {
		longest, rest = open[:len(longest)+1], rest[1:]
	}
	text := fmt.Sprintf("about %s for %s", human.Roughly(most), enumerate(labels(longest), mostNamed))
	if len(rest) > 0 {
		text += fmt.Sprintf(", %s for the rest", human.Roughly(duration(rest[0])))
	}
	if len(unknown) > 0 {
		text += fmt.Sprintf(", unknown for %s", enumerate(labels(unknown), mostNamed))
	}
	planned := rounded(max(most, time.Duration(r.Planned*float64(time.Second))))
	return &Needed{Seconds: most.Seconds(), Text: text, Command: withDuration(*r, planned)}
}

func duration(s Series) time.Duration { return time.Duration(float64(s.Needed) * float64(time.Second)) }

// rounded rounds a duration up to one that a person would give.
func rounded(d time.Duration) time.Duration {
	step := time.Minute
	switch {
	case d > 12*time.Hour:
		step = 6 * time.Hour
	case d > 2*time.Hour:
		step = time.Hour
	case d > 10*time.Minute:
		step = 10 * time.Minute
	}
	return (d + step - 1) / step * step
}

// withDuration is the command line that repeats the run with another duration.
func withDuration(r Report, d time.Duration) string {
	args := slices.Clone(r.Args)
	if len(args) == 0 {
		r.Plan.Duration = d
		command := fromPlan(r)
		if r.Plan.File != "" {
			command += " --duration " + short(d)
		}
		return command
	}
	end := len(args)
	if i := slices.Index(args, "--"); i >= 0 {
		end = i
	}
	for i := 0; i < end; i++ {
		switch {
		case args[i] == "--duration" && i+1 < end:
			args[i+1] = short(d)
		case strings.HasPrefix(args[i], "--duration="):
			args[i] = "--duration=" + short(d)
		default:
			continue
		}
		r.Args = args
		return Reproduce(r)
	}
	r.Args = slices.Insert(args, end, "--duration", short(d))
	return Reproduce(r)
}
