//go:build linux

package probes

import (
	"os"
	"path/filepath"
	"testing"

	"soakmon/soak"
)

func TestMachine_Reads(t *testing.T) {
	root := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	read := func() map[string]float64 {
		t.Helper()
		m := &machine{root: root}
		samples, err := m.Read(t.Context(), soak.Process{Role: soak.RoleMonitor})
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]float64{}
		for _, s := range samples {
			got[s.Metric] = s.Value
		}
		return got
	}
	write("stat", "cpu  100 20 30 4000 500 6 7 88 99 0\ncpu0 1 2 3 4 5 6 7 8 9 0\n")
	got := read()
	for mode, want := range map[string]float64{"busy": 1.63, "idle": 45, "steal": 0.88} {
		if v := got[soak.LabelName("host_cpu_seconds_total", "mode", mode)]; v < want-1e-9 || v > want+1e-9 {
			t.Errorf("%s %v s, want %v", mode, v, want)
		}
	}
	if len(got) != 3 {
		t.Errorf("a kernel without pressure: %v", got)
	}
	write("pressure/cpu", "some avg10=2.93 avg60=24.36 avg300=16.14 total=8596692\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n")
	if v := read()["host_cpu_waiting_seconds_total"]; v != 8.59 {
		t.Errorf("waited %v s, want 8.59", v)
	}
	write("stat", "intr 1 2 3\n")
	if _, err := (&machine{root: root}).Read(t.Context(), soak.Process{}); err == nil {
		t.Error("a file without a line of all CPUs was read")
	}
}
