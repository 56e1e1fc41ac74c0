package probes

import (
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"soakmon/soak"
)

func init() {
	metrics := []soak.Metric{{Name: "fds", Unit: "count", Kind: soak.Gauge, Quantum: 1, Help: "Open file descriptors."}}
	register(spec{name: "fds", class: fast, metrics: metrics, open: func(e *env) Probe {
		if !fdsInSize(e.proc) {
			return nil
		}
		return newSum(e, metrics, func(m *member, v []float64) error {
			info, err := m.dir.Stat("fd")
			if err != nil {
				return m.explain("fd", err)
			}
			v[0] = float64(info.Size())
			return nil
		})
	}})
	register(spec{name: "fds_listed", class: slow, every: 2 * time.Second, weight: 0.2, metrics: metrics, open: func(e *env) Probe {
		if fdsInSize(e.proc) {
			return nil
		}
		return newSum(e, metrics, func(m *member, v []float64) error {
			n := 0
			err := m.list("fd", func(_ *os.File, names []string) error { n += len(names); return nil })
			v[0] = float64(n)
			return err
		})
	}})
}

// fdsInSize tells whether the size of /proc/PID/fd is the number of open
// descriptors, as it is since Linux 6.2 (proc_pid_fd(5)): a count in constant
// time. Before, it is 0, and the folder has to be listed.
func fdsInSize(proc string) bool {
	var st unix.Statfs_t
	if unix.Statfs(proc, &st) != nil || st.Type != unix.PROC_SUPER_MAGIC {
		return false
	}
	info, err := os.Stat(proc + "/self/fd")
	return err == nil && info.Size() > 0
}

// list calls f with an open folder of the process and names in it, some at a
// time.
func (m *member) list(folder string, f func(dir *os.File, names []string) error) error {
	dir, err := m.dir.Open(folder)
	if err != nil {
		return m.explain(folder, err)
	}
	defer dir.Close()
	for {
		names, err := dir.Readdirnames(1024)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return m.explain(folder, err)
		}
		if err := f(dir, names); err != nil {
			return err
		}
	}
}
