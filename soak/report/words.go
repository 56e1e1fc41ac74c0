package report

import (
	"fmt"
	"strings"

	"soakmon/soak"
	"soakmon/soak/human"
)

// The figures of a series, formatted.

func (s Series) now() string { return human.Amount(s.Last, s.Unit) }

func (s Series) growth() string {
	return human.Growth(human.Vanishing(s.Slope, s.Lo, s.Hi), s.Unit)
}

func (s Series) interval() string {
	if in := human.Interval(s.Lo, s.Hi, s.Unit); in != "" {
		return in + " /h"
	}
	return human.Unknown
}

// half is half the width of the interval.
func (s Series) half() string { return human.Amount(float64(s.Hi-s.Lo)/2, s.Unit) }

// detectable is the smallest growth that the run would have detected.
func (s Series) detectable() string {
	if s.MinDetectable != s.MinDetectable {
		return human.Unknown
	}
	return human.AtLeast(s.MinDetectable, s.Unit) + "/h"
}

func (s Series) allowed() string {
	if s.Tolerance != s.Tolerance {
		return human.Unknown
	}
	return human.Amount(s.Tolerance, s.Unit) + "/h"
}

func seconds(v soak.Float) string { return human.Seconds(v) }

// label names a series; the name of a target's series omits the process.
func label(s Series) string {
	if s.Process == soak.RoleTarget {
		return s.Metric
	}
	return s.Process + " " + s.Metric
}

// enumerate joins the first most words and counts the others: "a, b and 3 more".
func enumerate(words []string, most int) string {
	switch n := len(words); {
	case n > most:
		return strings.Join(words[:most], ", ") + fmt.Sprintf(" and %d more", n-most)
	case n > 1:
		return strings.Join(words[:n-1], ", ") + " and " + words[n-1]
	}
	return strings.Join(words, "")
}
