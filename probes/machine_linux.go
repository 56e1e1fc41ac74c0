package probes

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"time"

	"soakmon/soak"
)

func init() {
	metrics := []soak.Metric{
		{Name: "host_cpu_seconds_total", Unit: "seconds", Kind: soak.Counter, Quantum: 0.01, Help: "CPU time of the machine by mode: busy, idle, or steal, which the hypervisor gave to other machines."},
		{Name: "host_cpu_waiting_seconds_total", Unit: "seconds", Kind: soak.Counter, Quantum: 0.01, Help: "Time in which at least one task of the machine waited for a CPU (PSI, some)."},
	}
	register(spec{name: "machine", class: slow, every: 5 * time.Second, weight: 0.3, metrics: metrics, open: func(e *env) Probe {
		if e.process.Role != soak.RoleMonitor {
			return nil // one process of a run reads it for all
		}
		return &machine{metrics: metrics, root: string(e.proc)}
	}})
}

// machine reads how busy the CPUs are (proc_stat(5)), and how long tasks waited for
// one (Documentation/accounting/psi.rst). Not every kernel or container has the latter.
type machine struct {
	metrics []soak.Metric
	root    string
}

func (m *machine) Metrics() []soak.Metric { return m.metrics }

func (m *machine) Close() error { return nil }

func (m *machine) Read(_ context.Context, p soak.Process) ([]soak.Sample, error) {
	var samples []soak.Sample
	text, err := os.ReadFile(m.root + "/stat")
	if err != nil {
		return nil, err
	}
	modes, err := cpuModes(text)
	if err != nil {
		return nil, fmt.Errorf("%s/stat: %w", m.root, err)
	}
	for _, mode := range []string{"busy", "idle", "steal"} {
		samples = append(samples, p.Sample(soak.LabelName("host_cpu_seconds_total", "mode", mode), modes[mode]))
	}
	text, err = os.ReadFile(m.root + "/pressure/cpu")
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errors.ErrUnsupported) || errors.Is(err, fs.ErrPermission) {
			err = nil // a kernel without PSI, one in which it is off, or a container that hides it
		}
		return samples, err
	}
	waited, err := somePressure(text)
	if err != nil {
		return samples, fmt.Errorf("%s/pressure/cpu: %w", m.root, err)
	}
	return append(samples, p.Sample("host_cpu_waiting_seconds_total", waited)), nil
}

// cpuModes sums the first line of /proc/stat, in seconds. Time of guests is part of user.
func cpuModes(text []byte) (map[string]float64, error) {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	fields := bytes.Fields(line)
	if len(fields) < 5 || string(fields[0]) != "cpu" {
		return nil, fmt.Errorf("no line of all CPUs: %q", line)
	}
	modes := map[string]float64{"busy": 0, "idle": 0, "steal": 0}
	for i, name := range []string{"busy", "busy", "busy", "idle", "idle", "busy", "busy", "steal"} {
		if i+1 == len(fields) {
			break // an old kernel
		}
		ticks, err := strconv.ParseUint(string(fields[i+1]), 10, 64)
		if err != nil {
			return nil, err
		}
		modes[name] += float64(ticks) / 100 // USER_HZ
	}
	return modes, nil
}

// somePressure returns the total of the line "some" of a pressure file, in seconds.
func somePressure(text []byte) (float64, error) {
	for line := range bytes.Lines(text) {
		rest, ok := bytes.CutPrefix(line, []byte("some "))
		if _, total, found := bytes.Cut(rest, []byte("total=")); ok && found {
			micros, err := strconv.ParseUint(string(bytes.TrimSpace(total)), 10, 64)
			return float64(micros/10_000) / 100, err // as fine as the times by mode
		}
	}
	return 0, errors.New("no line some with a total")
}
