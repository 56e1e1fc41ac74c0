package report

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"soakmon/soak"
	"soakmon/soak/human"
	"soakmon/soak/judge"
)

// CPU says how much CPU time the machine had left under steady load, and who used it.
// Shares are null if they were not measured.
type CPU struct {
	Pressure  soak.Float `json:"pressure"`    // share of the time in which a task waited for a CPU (PSI, some)
	Busy      soak.Float `json:"busy"`        // share of all CPUs that was in use
	Steal     soak.Float `json:"steal"`       // share of all CPUs that the hypervisor gave to other machines
	Target    soak.Float `json:"target_cpus"` // CPUs that the target used
	Own       soak.Float `json:"soak_cpus"`   // CPUs that soak's own processes used
	Ticks     int        `json:"ticks"`       // of the monitor
	LateTicks int        `json:"late_ticks"`  // those that began late, and those that were missed
	PacerLag  soak.Float `json:"pacer_lag_s"` // from an operation's due time to its start by the driver, 95 % quantile: its median over the ticks
	Starved   bool       `json:"starved"`     // the machine had no CPU left

	cpus int // of the machine
}

// A machine has no CPU left if work waited for a CPU in a fifth of the time or more,
// whichever measure shows it. A tick is late if it began later than an idle machine
// with a busy disk begins it.
const (
	starvedShare = 0.2
	lateTick     = 0.1 // seconds
	busyShare    = 0.9 // of all CPUs: with less in use, work waited for a CPU only at times
)

// tickLate is the series of the monitor's own delays.
var tickLate = soak.SeriesOf(soak.RoleMonitor, "tick_late_seconds")

// cpuLeft measures the steady load, without the pauses in it where that is possible.
func (b *builder) cpuLeft() CPU {
	from, to := b.steady()
	rate := func(process, metric string) soak.Float { return b.rate(soak.SeriesOf(process, metric), from, to) }
	mode := func(name string) soak.Float {
		return rate(soak.RoleMonitor, soak.LabelName("host_cpu_seconds_total", "mode", name))
	}
	c := CPU{cpus: b.run.Host.CPUs, Pressure: rate(soak.RoleMonitor, "host_cpu_waiting_seconds_total"), Target: rate(soak.RoleTarget, "cpu_seconds_total"), PacerLag: soak.Float(nan)}
	all := mode("busy") + mode("idle") + mode("steal")
	c.Busy, c.Steal = mode("busy")/all, mode("steal")/all
	for _, role := range []string{soak.RoleDriver, soak.RoleRelay, soak.RoleMonitor} {
		if used := rate(role, "cpu_seconds_total"); used == used {
			c.Own += used
		}
	}
	c.Ticks, c.LateTicks = b.lateTicks(b.steadyValues(tickLate, from, to))
	if lags := b.steadyValues(soak.SeriesOf(soak.RoleDriver, soak.LabelName("pacer_lag_seconds", "q", "0.95")), from, to); len(lags) > 0 {
		c.PacerLag = soak.Float(lags[len(lags)/2])
	}
	waited := max(known(c.Pressure), known(c.Steal), float64(c.LateTicks)/float64(max(c.Ticks, 1)))
	c.Starved = waited >= starvedShare
	return c
}

func known(v soak.Float) float64 {
	if v != v {
		return 0
	}
	return float64(v)
}

// rate is the growth per second of a counter between its readings around an interval.
func (b *builder) rate(of soak.SeriesID, from, to time.Duration) soak.Float {
	s, err := b.src.Series(of)
	if err != nil || len(s.At) == 0 {
		return soak.Float(nan)
	}
	first, _ := slices.BinarySearch(s.At, from+1)
	last, _ := slices.BinarySearch(s.At, to)
	i, j := max(first-1, 0), min(last, len(s.At)-1)
	for ; i < j && math.IsNaN(s.Value[i]); i++ {
	}
	for ; i < j && math.IsNaN(s.Value[j]); j-- {
	}
	if i >= j || s.Value[j] < s.Value[i] {
		return soak.Float(nan)
	}
	return soak.Float((s.Value[j] - s.Value[i]) / (s.At[j] - s.At[i]).Seconds())
}

// steadyValues returns the measured values of a series under steady load, sorted.
func (b *builder) steadyValues(of soak.SeriesID, from, to time.Duration) (values []float64) {
	s, err := b.src.Series(of)
	if err != nil {
		return nil
	}
	s = judge.Steady(s, b.phases)
	for i, v := range s.Value {
		if s.At[i] >= from && s.At[i] <= to && !math.IsNaN(v) {
			values = append(values, v)
		}
	}
	slices.Sort(values)
	return values
}

// lateTicks counts the monitor's ticks, and those that waited for a CPU. A tick that
// waited for longer than an interval stands for those that were missed, too.
func (b *builder) lateTicks(values []float64) (ticks, late int) {
	for _, v := range values {
		missed := int(v / b.plan.Interval.Seconds())
		ticks += 1 + missed
		if v >= lateTick {
			late += 1 + missed
		}
	}
	return ticks, late
}

// unscheduled reports whether at least half of the samples that are missing were missed
// because the monitor waited for a CPU.
func (b *builder) unscheduled(e Evidence) bool {
	s, err := b.src.Series(tickLate)
	if err != nil {
		return false
	}
	waited := 0
	for _, v := range s.Value {
		if v == v {
			waited += int(v / b.plan.Interval.Seconds())
		}
	}
	return 2*waited >= e.SamplesDue-e.Samples
}

// probeFailed reports whether a reading of the target failed: then missed samples may
// have that cause.
func (b *builder) probeFailed() bool {
	return slices.ContainsFunc(b.events, func(e soak.Event) bool {
		return e.Kind == soak.EventProbe && e.Process == soak.RoleTarget && e.Value == 1
	})
}

const noneLeft = "had no CPU left"

// lack names what the machine lacked: "no CPU left" only if the CPUs were in use.
func (c CPU) lack() string {
	if known(c.Busy)+known(c.Steal) >= busyShare || c.Busy != c.Busy {
		return noneLeft
	}
	return "was short of CPU time"
}

// shown names the measures that show the lack; the summary has all of them.
func (c CPU) shown() string {
	var parts []string
	if c.Pressure >= starvedShare {
		parts = append(parts, "CPU pressure "+human.Percent(round(c.Pressure)))
	}
	if c.Steal >= starvedShare {
		parts = append(parts, human.Percent(round(c.Steal))+" stolen by the hypervisor")
	}
	if len(parts) == 0 {
		return fmt.Sprintf("%d of %d ticks of the monitor late", c.LateTicks, c.Ticks)
	}
	return strings.Join(parts, ", ")
}

// line is a summary of the machine; "" if nothing was measured. That work waited while
// most CPUs were idle is stated without a claim.
func (c CPU) line() string {
	late := float64(c.LateTicks) >= starvedShare*float64(max(c.Ticks, 1))
	switch {
	case c.Starved && c.lack() == noneLeft:
		return "no CPU was left: " + c.facts()
	case c.Starved && (late || c.Steal >= starvedShare):
		return "CPU time was short: " + c.facts()
	}
	return c.facts()
}

// facts are what was measured, for a reason that names the cause.
func (c CPU) facts() string {
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	if c.Pressure == c.Pressure {
		add("processes waited for a CPU %s of the time", human.Percent(round(c.Pressure)))
	}
	if c.Busy == c.Busy {
		format := "CPUs %s busy"
		if c.Pressure >= starvedShare && c.lack() != noneLeft {
			format = "though the CPUs were only %s busy"
		}
		add(format, human.Percent(round(c.Busy)))
	}
	if c.Busy == c.Busy && c.Target == c.Target && c.cpus > 0 {
		others := max(0, c.Busy*soak.Float(c.cpus)-c.Target-c.Own)
		parts[len(parts)-1] += fmt.Sprintf(": the target used %.2f of %d, soak %.2f, other processes %.2f", c.Target, c.cpus, c.Own, others)
	}
	if c.Steal >= 0.01 {
		add("%s stolen by the hypervisor", human.Percent(round(c.Steal)))
	}
	if c.LateTicks > 0 {
		add("%d of %d ticks of the monitor late", c.LateTicks, c.Ticks)
	}
	if c.PacerLag >= lateTick {
		add("the driver started operations %s after they were due", human.Seconds(c.PacerLag))
	}
	return strings.Join(parts, ", ")
}

// round rounds a share to whole percents.
func round(share soak.Float) soak.Float { return soak.Float(math.Round(100*float64(share)) / 100) }
