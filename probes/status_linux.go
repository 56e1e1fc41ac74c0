package probes

import (
	"errors"

	"soakmon/soak"
	"soakmon/soak/procfs"
)

func init() {
	metrics := []soak.Metric{
		byteGauge("rss_bytes", pageSize, "Resident set size; in a tree, pages shared by several processes count for each."),
		byteGauge("rss_anon_bytes", pageSize, "Resident anonymous pages: heap and stacks, pages freed lazily included."),
		byteGauge("rss_file_bytes", pageSize, "Resident pages of mapped files."),
		byteGauge("rss_shmem_bytes", pageSize, "Resident pages of shared memory."),
		byteGauge("swap_bytes", pageSize, "Anonymous memory that is swapped out."),
		byteGauge("page_table_bytes", pageSize, "Page tables."),
	}
	register(spec{name: "status", class: fast, metrics: metrics, open: func(e *env) Probe {
		buf := make([]byte, 16<<10)
		return newSum(e, metrics, func(m *procfs.Process, v []float64) error {
			b, err := m.Pread("status", buf)
			if err != nil {
				return err
			}
			return parseStatus(b, v)
		})
	}})
}

// statusKeys are the lines of proc_pid_status(5) in the order of the metrics.
// VmRSS is exact since Linux 6.16, as against stat's field 24.
var statusKeys = []string{"VmRSS", "RssAnon", "RssFile", "RssShmem", "VmSwap", "VmPTE"}

// parseStatus reads the memory of a process from its status. A process that only
// waits to be reaped has none, nor has one that is about to (since Linux 6.8 the
// Kthread line distinguishes it from a kernel thread).
func parseStatus(b []byte, v []float64) error {
	clear(v)
	found, zombie, user := 0, false, false
	var threads uint64
	procfs.Lines(b, func(key, value []byte) {
		switch {
		case len(value) == 0:
		case string(key) == "State":
			zombie = value[0] == 'Z' || value[0] == 'X'
		case string(key) == "Kthread":
			user = value[0] == '0'
		case string(key) == "Threads":
			threads, _ = procfs.Number(value)
		}
		for i, want := range statusKeys {
			if string(key) != want {
				continue
			}
			if n, ok := procfs.Number(value); ok {
				v[i] = float64(n) * 1024
				found++
			}
		}
	})
	switch {
	case found == 0 && zombie && threads > 1:
		return procfs.ErrHeadless
	case found < len(statusKeys) && (found > 0 || !zombie && !user):
		return errors.New("/proc/PID/status has no memory lines: a kernel thread, or Linux before 4.5")
	}
	return nil
}
