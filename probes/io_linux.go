package probes

import (
	"errors"

	"soakmon/soak"
	"soakmon/soak/procfs"
)

func init() {
	counter := func(name, unit, help string) soak.Metric {
		return soak.Metric{Name: name, Unit: unit, Kind: soak.Counter, Quantum: 1, Help: help + " Waited-for children are included."}
	}
	metrics := []soak.Metric{
		counter("io_read_bytes_total", "bytes", "Bytes read by read(2) and its like, from files, pipes and sockets; recv(2) does not count."),
		counter("io_write_bytes_total", "bytes", "Bytes written by write(2) and its like; send(2) does not count."),
		counter("io_read_calls_total", "count", "Calls of read(2) and its like."),
		counter("io_write_calls_total", "count", "Calls of write(2) and its like."),
		counter("disk_read_bytes_total", "bytes", "Bytes fetched from storage."),
		counter("disk_write_bytes_total", "bytes", "Bytes sent to storage."),
	}
	register(spec{name: "io", class: fast, metrics: metrics, open: func(e *env) Probe {
		buf := make([]byte, 1024)
		return newSum(e, metrics, func(m *procfs.Process, v []float64) error {
			b, err := m.Pread("io", buf)
			if err != nil {
				return err
			}
			return parseIO(b, v)
		})
	}})
}

// ioKeys are the lines of proc_pid_io(5) in the order of the metrics.
var ioKeys = []string{"rchar", "wchar", "syscr", "syscw", "read_bytes", "write_bytes"}

func parseIO(b []byte, v []float64) error {
	clear(v)
	found := 0
	procfs.Lines(b, func(key, value []byte) {
		for i, want := range ioKeys {
			if string(key) != want {
				continue
			}
			if n, ok := procfs.Number(value); ok {
				v[i] = float64(n)
				found++
			}
		}
	})
	if found < len(ioKeys) {
		return errors.New("cannot understand /proc/PID/io")
	}
	return nil
}
