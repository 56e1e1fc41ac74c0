package probes

import (
	"bytes"
	"context"
	"errors"
	"path"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"soakmon/soak"
	"soakmon/soak/procfs"
)

// mostClassified is how many numbers of a descriptor table are looked at in one
// read: all of a table of that size, every second one of a table of twice.
const mostClassified = 8192

func init() {
	metrics := []soak.Metric{
		{Name: "fds_kind", Unit: "count", Kind: soak.Gauge, Quantum: 1, Help: "Open descriptors by kind; of tables above 8,192 an estimate from every nth descriptor."},
		{Name: "fds_file", Unit: "count", Kind: soak.Gauge, Quantum: 1, Help: "Open descriptors of files by folder, with numbers in its name as *."},
		{Name: "fds_age_seconds", Unit: "seconds", Kind: soak.Gauge, Quantum: 1, Help: "Median age of the descriptors of a kind, at least: the time since soak first saw each open."},
		{Name: "fds_oldest_seconds", Unit: "seconds", Kind: soak.Gauge, Quantum: 1, Help: "Age of the oldest descriptor of a kind, at least: the time since soak first saw it open."},
	}
	register(spec{name: "fds_kind", class: slow, every: 5 * time.Second, weight: 0.08, metrics: metrics, open: func(e *env) Probe {
		return &fdKinds{metrics: metrics, tree: e.tree, kinds: newTally("fds_kind", "kind"), files: newTally("fds_file", "dir"),
			ages: newFdAges(), median: newTally("fds_age_seconds", "kind"), oldest: newTally("fds_oldest_seconds", "kind")}
	}})
}

// fdKinds classifies descriptors by the text of their links (proc_pid_fd(5)).
type fdKinds struct {
	metrics []soak.Metric
	tree    *tree
	kinds   *tally
	files   *tally
	ages    *fdAges
	median  *tally
	oldest  *tally
}

func (k *fdKinds) Metrics() []soak.Metric { return k.metrics }

func (k *fdKinds) Close() error { return nil }

func (k *fdKinds) Read(_ context.Context, p soak.Process) ([]soak.Sample, error) {
	all := []*tally{k.kinds, k.files, k.median, k.oldest}
	for _, t := range all {
		t.reset()
	}
	k.ages.begin()
	if err := k.tree.each(k.process); err != nil {
		return nil, err
	}
	k.ages.end(k.median, k.oldest)
	var samples []soak.Sample
	for _, t := range all {
		samples = append(samples, t.samples(p.Role)...)
	}
	return samples, nil
}

// process looks at every nth number of a process's table, n growing with the
// table. The kernel gives out the lowest free number, so that a leak fills the
// table evenly, and what is looked at grows by an nth of it.
func (k *fdKinds) process(m *procfs.Process) error {
	size, err := tableSize(m)
	if err != nil {
		return err
	}
	dir, err := m.Open("fd")
	if err != nil {
		return err
	}
	defer dir.Close()
	step := max(1, (size+mostClassified-1)/mostClassified)
	ages := k.ages.of(m, size, step)
	var buf [512]byte
	for fd := 0; fd < size; fd += step {
		n, err := unix.Readlinkat(int(dir.Fd()), strconv.Itoa(fd), buf[:])
		if err == unix.ENOENT || err == unix.ESRCH {
			ages.close(fd / step)
			continue
		}
		if err != nil {
			return m.Explain("fd", err)
		}
		kind, folder := classify(string(buf[:n]))
		k.ages.see(ages, fd/step, buf[:n], kind)
		k.kinds.add(kind, float64(step))
		if folder != "" {
			k.files.add(folder, float64(step))
		}
	}
	return nil
}

// tableSize is the number of slots in the table of descriptors (FDSize of
// proc_pid_status(5)).
func tableSize(m *procfs.Process) (int, error) {
	b, err := m.ReadFile("status")
	if err != nil {
		return 0, err
	}
	size, zombie := -1, false
	procfs.Lines(b, func(key, value []byte) {
		switch string(key) {
		case "FDSize":
			if n, ok := procfs.Number(value); ok {
				size = int(n)
			}
		case "State":
			zombie = bytes.HasPrefix(value, []byte("Z"))
		}
	})
	switch {
	case size == 0 && zombie:
		return 0, m.Shown()
	case size < 0:
		return 0, errors.New("/proc/PID/status has no FDSize")
	}
	return size, nil
}

// classify reads a descriptor's link: its kind, and the folder of a file.
func classify(link string) (kind, folder string) {
	if deleted, ok := strings.CutSuffix(link, " (deleted)"); ok {
		if strings.HasPrefix(deleted, "/memfd:") {
			return "memfd", ""
		}
		return "deleted", pattern(path.Dir(deleted))
	}
	switch {
	case strings.HasPrefix(link, "/dev/"):
		return "device", ""
	case strings.HasPrefix(link, "/"):
		return "file", pattern(path.Dir(link))
	}
	kind, rest, _ := strings.Cut(link, ":")
	if kind == "anon_inode" {
		return "anon_inode:[" + strings.Trim(rest, "[]") + "]", ""
	}
	return kind, ""
}
