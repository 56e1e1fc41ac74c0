//go:build linux

package probes

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"soakmon/soak"
)

func envFor(t *testing.T, p soak.Process) *env {
	tree, err := openTree("/proc", p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tree.Close)
	return &env{process: p, proc: "/proc", cgroup: "/sys/fs/cgroup", tree: tree}
}

func TestRegistry_MetricsListed(t *testing.T) {
	child := startChild(t, "serve=20")
	p := child.Process
	p.Tree = true
	p.Pprof, p.Vars, p.Metrics = child.ready+"/debug/pprof/", child.ready+"/debug/vars", child.ready+"/metrics"
	for _, spec := range registry {
		t.Run(spec.name, func(t *testing.T) {
			e := envFor(t, p)
			if spec.name == "selfgo" || spec.name == "machine" {
				e = envFor(t, soak.Process{Role: soak.RoleMonitor, PID: os.Getpid()})
			}
			probe := spec.open(e)
			if probe == nil {
				return // nothing to read on this machine; another test has a synthetic tree
			}
			defer probe.Close()
			for range 3 {
				samples, err := probe.Read(t.Context(), e.process)
				if err != nil || len(samples) == 0 {
					t.Fatalf("%d samples, %v", len(samples), err)
				}
				for _, s := range samples {
					checkSample(t, s, e.process.Role, probe.Metrics())
				}
			}
		})
	}
}

func checkSample(t *testing.T, s soak.Sample, role string, families []soak.Metric) {
	t.Helper()
	family := s.Family()
	i := slices.IndexFunc(families, func(m soak.Metric) bool { return m.Name == family })
	if i < 0 {
		t.Fatalf("%s is not among the metrics of its probe", s.Metric)
	}
	if s.Process != role {
		t.Errorf("%s belongs to %q, want %q", s.Metric, s.Process, role)
	}
	if math.IsNaN(s.Value) || s.Value < 0 {
		t.Errorf("%s is %v", s.Metric, s.Value)
	}
	if q := families[i].Quantum; q > 0 && math.Abs(s.Value/q-math.Round(s.Value/q)) > 1e-6 {
		t.Errorf("%s is %v, no multiple of %v", s.Metric, s.Value, q)
	}
}

func TestRegistry_GoneProcess(t *testing.T) {
	for _, spec := range registry {
		if spec.name == "selfgo" || spec.name == "machine" || spec.name == "goroutines" || spec.name == "goruntime" || spec.name == "cgroup" || spec.name == "tree" {
			continue // they read no file of the process
		}
		t.Run(spec.name, func(t *testing.T) {
			child := startChild(t, "idle")
			probe := spec.open(envFor(t, child.Process))
			if probe == nil {
				return // nothing to read on this machine; another test has a synthetic tree
			}
			defer probe.Close()
			if _, err := probe.Read(t.Context(), child.Process); err != nil {
				t.Fatal(err)
			}
			child.end()
			if _, err := probe.Read(t.Context(), child.Process); !errors.Is(err, ErrGone) {
				t.Errorf("after the end: %v", err)
			}
		})
	}
}

func TestMetrics_WellFormed(t *testing.T) {
	seen := make(map[string]soak.Metric)
	for _, spec := range registry {
		for _, m := range spec.metrics {
			if old, ok := seen[m.Name]; ok && old != m {
				t.Errorf("%s: two definitions: %+v and %+v", spec.name, old, m)
			}
			seen[m.Name] = m
			if (m.Kind == soak.Counter) != strings.HasSuffix(m.Name, "_total") {
				t.Errorf("%s is a %s", m.Name, m.Kind)
			}
			if !slices.Contains([]string{"bytes", "seconds", "count"}, m.Unit) || m.Quantum <= 0 || m.Help == "" {
				t.Errorf("%+v", m)
			}
			if m.Unit != "count" && !strings.Contains(m.Name, "_"+m.Unit) {
				t.Errorf("%s does not carry its unit, %s", m.Name, m.Unit)
			}
		}
		if (spec.class == fast || spec.own) != (spec.weight == 0) {
			t.Errorf("%s has a weight of %v", spec.name, spec.weight)
		}
	}
	if all := Metrics(); len(all) != len(seen) || !slices.IsSortedFunc(all, func(a, b soak.Metric) int { return strings.Compare(a.Name, b.Name) }) {
		t.Errorf("%d families listed, %d distinct", len(all), len(seen))
	}
}

func TestDivide_Share(t *testing.T) {
	child := startChild(t, "idle")
	var sum float64
	for role := range roleShare {
		child.Role = role
		s := open(t, child.Process)
		for _, r := range s.runners {
			if r.class != fast && r.share <= 0 {
				t.Errorf("%s has no share", r.name)
			}
			if !r.own {
				sum += r.share
			}
		}
	}
	if math.Abs(sum-0.002) > 1e-9 {
		t.Errorf("the probes of all roles take %v of a core", sum)
	}
}

// writeFiles makes files; a text of "-> X" makes a link to X.
func writeFiles(t *testing.T, folder string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if target, ok := strings.CutPrefix(text, "-> "); ok {
			if err := os.Symlink(target, path); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
