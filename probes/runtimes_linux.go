package probes

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"strings"
	"time"

	"soakmon/soak"
	"soakmon/soak/procfs"
)

func init() {
	metrics := []soak.Metric{
		countGauge("runtime_processes", "Processes of the tree whose runtime manages a heap of its own, by runtime."),
		byteGauge("shared_mapped_bytes", pageSize, "Size of the shared memory that the processes map, each segment once: System V, memfd, /dev/shm and shared anonymous mappings."),
	}
	register(spec{name: "runtimes", class: slow, every: 2 * time.Second, weight: 0.2, metrics: metrics, open: func(e *env) Probe {
		if p := e.process; p.Role == soak.RoleDriver || p.Role == soak.RoleMonitor {
			return nil
		}
		return &runtimes{metrics: metrics, tree: e.tree, programs: goPrograms{}, seen: newTally("runtime_processes", "runtime")}
	}})
}

// runtimes detects the runtimes of the processes by what they map and by their
// executables, and adds up their shared memory. It reads the mappings' names and sizes only, which costs the
// kernel no walk over pages.
type runtimes struct {
	metrics  []soak.Metric
	tree     *tree
	programs goPrograms
	seen     *tally
}

func (r *runtimes) Metrics() []soak.Metric { return r.metrics }

func (r *runtimes) Close() error { return nil }

func (r *runtimes) Read(_ context.Context, p soak.Process) ([]soak.Sample, error) {
	r.seen.reset()
	segments, readable := map[string]float64{}, true
	err := r.tree.each(func(m *procfs.Process) error {
		name, err := r.one(m, segments)
		if errors.Is(err, fs.ErrPermission) { // the name of its program is all that others may see
			readable, err = false, nil
		}
		if name != "" {
			r.seen.add(name, 1)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	samples := r.seen.samples(p.Role)
	if !readable {
		return samples, nil
	}
	total := 0.0
	for _, size := range segments {
		total += size
	}
	return append(samples, p.Sample("shared_mapped_bytes", total)), nil
}

// one returns the runtime of a process, empty for none of those known, and adds
// its shared memory to the segments.
func (r *runtimes) one(m *procfs.Process, segments map[string]float64) (name string, err error) {
	st, err := m.Stat()
	if err != nil {
		return "", m.Explain("stat", err)
	}
	name = programs[st.Comm]
	if name == "" && r.programs.has(m) {
		name = soak.RuntimeGo
	}
	err = m.Rows("maps", func(row []byte) {
		at, ok := parseMapping(row)
		if !ok || at.path == "" {
			return
		}
		if lib := libraries[path.Base(at.path)]; lib != "" {
			name = lib
		}
		if at.shared() {
			id := at.path + " " + at.inode
			segments[id] = max(segments[id], float64(at.offset+at.to-at.from))
		}
	})
	return name, err
}

// programs and libraries identify a runtime by the name of the program or by the
// library that it maps.
var (
	programs  = map[string]string{"java": soak.RuntimeJVM, "dotnet": soak.RuntimeDotNet, "node": soak.RuntimeV8, "nodejs": soak.RuntimeV8, "deno": soak.RuntimeV8}
	libraries = map[string]string{"libjvm.so": soak.RuntimeJVM, "libcoreclr.so": soak.RuntimeDotNet, "libclrjit.so": soak.RuntimeDotNet, "node": soak.RuntimeV8, "libnode.so": soak.RuntimeV8, "deno": soak.RuntimeV8}
)

// shared reports whether a mapping is of memory that processes share and that no
// file on a disk holds.
func (m mapping) shared() bool {
	return strings.HasSuffix(m.perms, "s") && (strings.HasPrefix(m.path, "/SYSV") || strings.HasPrefix(m.path, "/memfd:") ||
		strings.HasPrefix(m.path, "/dev/zero") || strings.HasPrefix(m.path, "/dev/shm/"))
}
