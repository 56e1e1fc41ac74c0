package report

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"soakmon/soak"
)

// cpuLeft records how busy the two CPUs of the machine were, as shares.
func (m *memory) machine(pressure, busy, steal float64, late func(second int) float64) {
	mode := func(name string, share float64) {
		m.add(soak.RoleMonitor, soak.LabelName("host_cpu_seconds_total", "mode", name), func(s int) float64 { return 2 * share * float64(s) })
	}
	mode("busy", busy)
	mode("steal", steal)
	mode("idle", 1-busy-steal)
	if pressure >= 0 {
		m.add(soak.RoleMonitor, "host_cpu_waiting_seconds_total", func(s int) float64 { return pressure * float64(s) })
	}
	m.add(soak.RoleMonitor, tickLate.Metric, late)
}

// manyLoads adds loads that achieve a share of their rate.
func (m *memory) manyLoads(n int, share float64) {
	for i := range n {
		name := fmt.Sprintf("load%d", i)
		m.run.Plan.Load = append(m.run.Plan.Load, soak.Workload{Name: name, Protocol: "tcp", Rate: 50})
		m.load(name, func(s int) float64 {
			return math.Floor(share * 50 * float64(min(max(s-loadFrom, 0), loadTo-loadFrom)))
		})
	}
}

func (m *memory) built(t *testing.T) Report {
	t.Helper()
	r, err := Build(m, m, m.running)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func punctual(int) float64 { return 0.002 }

func TestBuild_NamesLackOfCPUOnce(t *testing.T) {
	every := func(n int, late float64) func(int) float64 {
		return func(second int) float64 {
			if second%n == 0 {
				return late
			}
			return 0.002
		}
	}
	const fellShort = "14 of 15 loads fell short of the planned rate: load0 61 %, load1 61 %, load2 61 % and 11 more"
	for _, c := range []struct {
		what   string
		change func(*memory)
		want   string // the first reason
	}{
		{"pressure", func(m *memory) { m.machine(0.71, 1, 0, punctual) },
			"this machine had no CPU left (CPU pressure 71 %): " + fellShort},
		{"steal", func(m *memory) { m.machine(0.1, 0.4, 0.3, punctual) },
			"this machine was short of CPU time (30 % stolen by the hypervisor): " + fellShort},
		{"late ticks where the kernel shows no pressure", func(m *memory) { m.machine(-1, 0.5, 0, every(3, 0.4)) },
			"this machine was short of CPU time (33 of 100 ticks of the monitor late): " + fellShort},
		{"CPU left", func(m *memory) { m.machine(0.05, 0.5, 0, punctual) }, fellShort},
		{"nothing measured", func(*memory) {}, fellShort},
	} {
		m := goodRun()
		m.manyLoads(14, 0.61)
		c.change(m)
		if r := m.built(t); len(r.Reasons) != 1 || r.Reasons[0] != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.what, strings.Join(r.Reasons, "\n"), c.want)
		}
	}
}

func TestBuild_NamesLackOfCPUForMissedSamples(t *testing.T) {
	m := goodRun()
	missed := func(second int, v float64) float64 {
		if second >= 60 && second < 65 {
			return nan
		}
		return v
	}
	m.change(soak.RoleTarget, "rss_bytes", missed)
	m.machine(0.1, 0.5, 0, func(second int) float64 {
		if second == 65 {
			return 5.02
		}
		return 0.002
	})
	want := "this machine was short of CPU time (6 of 105 ticks of the monitor late): only 135 of 140 samples of the target were taken (96.4 %)"
	if r := m.built(t); !slices.Equal(r.Reasons, []string{want}) {
		t.Errorf("%s\nwant\n%s", strings.Join(r.Reasons, "\n"), want)
	}
	const alone = "only 135 of 140 samples of the target were taken (96.4 %)"
	m.machine(0.1, 0.5, 0, punctual) // the monitor was on time, so a reading took too long
	if r := m.built(t); !slices.Equal(r.Reasons, []string{alone}) {
		t.Errorf("the cause is another one: %s", strings.Join(r.Reasons, "\n"))
	}
	m.machine(0.9, 1, 0, punctual) // readings take long on a machine without CPU time
	if r := m.built(t); len(r.Reasons) != 1 || !strings.HasPrefix(r.Reasons[0], "this machine had no CPU left") {
		t.Errorf("no cause: %s", strings.Join(r.Reasons, "\n"))
	}
	m.event(soak.EventProbe, soak.Event{At: at(61), Process: soak.RoleTarget, Name: "goroutines", Value: 1, Text: "probe goroutines fails: no answer"})
	if r := m.built(t); !slices.Equal(r.Reasons, []string{alone}) {
		t.Errorf("a reading failed: %s", strings.Join(r.Reasons, "\n"))
	}
}

// A target that refuses operations is not short of CPU.
func TestBuild_FailedOperationsHaveTheirOwnCause(t *testing.T) {
	m := goodRun()
	m.machine(0.9, 1, 0, punctual)
	m.change("driver", `operations_total{load="tcp"}`, func(_ int, v float64) float64 { return math.Floor(0.9 * v) })
	m.change("driver", `failed_operations_total{load="tcp"}`, func(int, float64) float64 { return 2400 })
	for _, reason := range m.built(t).Reasons {
		if strings.Contains(reason, "no CPU left") {
			t.Error(reason)
		}
	}
}

func TestBuild_JoinsReasonsOfOneCause(t *testing.T) {
	open := func(reason string) soak.Verdict {
		v := unknown
		v.Reason = reason
		return v
	}
	m := goodRun()
	m.says["target threads"] = open("too few samples: 4")
	m.says["target children"] = open("too few samples: 4")
	m.says["target fds"] = open("too noisy or too short: over 34 s, up to 9/h")
	m.says["target rss_bytes"] = open("too noisy or too short: over 34 s, up to 9 MiB/h")
	m.says["target goroutines"] = open("rose 3/h, but it is levelling off; a longer run is needed")
	want := []string{
		"fds and rss_bytes: too noisy or too short (fds: over 34 s, up to 9/h; rss_bytes: over 34 s, up to 9 MiB/h)",
		"target goroutines: rose 3/h, but it is levelling off; a longer run is needed",
		"threads and children: too few samples: 4",
	}
	if r := m.built(t); !slices.Equal(r.Reasons, want) {
		t.Errorf("%s\nwant\n%s", strings.Join(r.Reasons, "\n"), strings.Join(want, "\n"))
	}
	m.run.Ended = soak.EndInterrupted
	if r := m.built(t); len(r.Reasons) != 2 || r.Reasons[1] != "undecided in this time: fds, goroutines, threads, children and rss_bytes" {
		t.Errorf("of an interrupted run: %s", strings.Join(r.Reasons, "\n"))
	}
}

func TestText_SummaryOfMachine(t *testing.T) {
	m := goodRun()
	m.machine(0.71, 0.95, 0.02, punctual)
	var out bytes.Buffer
	if err := Text(&out, m.built(t)); err != nil {
		t.Fatal(err)
	}
	const want = "Machine   no CPU was left: processes waited for a CPU 71 % of the time, CPUs 95 % busy: the target used 0.01 of 2, soak 0.00, other processes 1.89, 2 % stolen by the hypervisor\n"
	if !strings.Contains(out.String(), want) {
		t.Errorf("no %q in\n%s", want, out.String())
	}
}

func TestCPU_LineWhileCPUsIdle(t *testing.T) {
	for _, c := range []struct {
		cpu  CPU
		want string
	}{
		{CPU{Pressure: 0.23, Busy: 0.3, Steal: soak.Float(nan), Target: soak.Float(nan), Ticks: 100, Starved: true}, "processes waited for a CPU 23 % of the time, though the CPUs were only 30 % busy"},
		{CPU{Pressure: 0.23, Busy: 0.95, Steal: soak.Float(nan), Target: soak.Float(nan), Ticks: 100, Starved: true}, "no CPU was left: processes waited for a CPU 23 % of the time, CPUs 95 % busy"},
		{CPU{Pressure: 0.23, Busy: 0.3, Steal: soak.Float(nan), Target: soak.Float(nan), Ticks: 100, LateTicks: 30, Starved: true}, "CPU time was short: processes waited for a CPU 23 % of the time, though the CPUs were only 30 % busy, 30 of 100 ticks of the monitor late"},
	} {
		if got := c.cpu.line(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
