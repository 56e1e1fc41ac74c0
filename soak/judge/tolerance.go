package judge

import (
	"math"
	"slices"
	"time"

	"soakmon/alerts"
	"soakmon/soak"
)

// Below this duration, healthy processes still grow in bytes: a Go server's
// live heap was seen to rise by 170 B/s and its resident set by 3 MiB/h in the
// first minutes after its load began. Above it, any sustained growth counts.
const settledAfter = time.Hour

// The growth in bytes that is allowed over a whole run shorter than that: the
// larger of an amount and a share of the level.
const (
	shortRunBytes = 1 << 20
	shortRunShare = 0.05
)

// metadataBytes is the growth of native memory that is allowed over a run of any
// length: metadata that the Go runtime has obtained, and counts from then on, become
// resident only when they are used.
const metadataBytes = 1 << 20

// Tolerance is the growth per hour that a series is allowed: that of the rule,
// else that of the plan for the series or its family, else none, except for bytes
// in runs shorter than an hour.
func Tolerance(p soak.Plan, rule *soak.Rule, s soak.Series, operationsPerHour float64) float64 {
	level := startLevel(s.Value)
	if rule != nil {
		return alerts.PerHour(rule.MaxGrowth, level, p.Duration, operationsPerHour)
	}
	if q, ok := planned(p, s.ID); ok {
		return alerts.PerHour(q, level, p.Duration, operationsPerHour)
	}
	perRun := math.Max(shortRunBytes, shortRunShare*level)
	switch {
	case s.Metric.Unit == "bytes" && p.Duration < settledAfter:
	case s.ID.Metric == "native_bytes":
		perRun = metadataBytes
	default:
		return 0
	}
	return alerts.PerHour(soak.Quantity{Value: perRun, Per: soak.PerRun}, level, p.Duration, operationsPerHour)
}

// planned is the plan's tolerance of a series, of its family, or, if it is one that is
// judged in place of the resident set, of that.
func planned(p soak.Plan, of soak.SeriesID) (q soak.Quantity, ok bool) {
	names := []string{of.Metric, of.Family()}
	if slices.Contains([]string{"native_bytes", "rss_anon_bytes", "anon_bytes"}, of.Metric) {
		names = append(names, "anon_bytes", "rss_bytes")
	}
	for _, name := range names {
		if q, ok = p.Tolerance[name]; ok {
			return q, true
		}
	}
	return q, false
}

func tolerated(p soak.Plan, of soak.SeriesID) bool {
	_, ok := planned(p, of)
	return ok
}

// startLevel is the level after warm-up: the median of the first quarter of the
// values, so that a leak does not raise its own tolerance.
func startLevel(values []float64) float64 {
	kept := slices.DeleteFunc(slices.Clone(values), math.IsNaN)
	if len(kept) == 0 {
		return 0
	}
	first := kept[:(len(kept)+3)/4]
	slices.Sort(first)
	return first[len(first)/2]
}

// limit is the value of a series at which the target dies: that of the plan, else
// that of the process. NaN where it is unknown.
func limit(r Run, n soak.SeriesID) float64 {
	if n.Process != soak.RoleTarget {
		return math.NaN()
	}
	if l, ok := r.Plan.Target.Limits[n.Metric]; ok {
		return l
	}
	switch n.Metric {
	case "fds":
		return known(r.Facts.NoFile)
	case "rss_bytes", "anon_bytes", "rss_anon_bytes", "native_bytes", "go_heap_live_bytes", "heap_after_gc_bytes":
		if l, ok := r.Plan.Target.Limits["rss_bytes"]; ok { // it holds for every part
			return l
		}
		return known(r.Facts.Memory)
	}
	return math.NaN()
}

func known(l uint64) float64 {
	if l == 0 {
		return math.NaN()
	}
	return float64(l)
}
