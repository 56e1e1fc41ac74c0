package probes

import (
	"bytes"
	"errors"

	"soakmon/soak"
)

// clockTick is 1/USER_HZ, which is 100 on every architecture that Go serves.
const clockTick = 0.01

func init() {
	metrics := []soak.Metric{
		{Name: "cpu_seconds_total", Unit: "seconds", Kind: soak.Counter, Quantum: clockTick, Help: "CPU time in user and kernel mode; with the tree, that of children which ended and were waited for is included."},
		{Name: "minor_faults_total", Unit: "count", Kind: soak.Counter, Quantum: 1, Help: "Page faults that needed no disk; with the tree, those of waited-for children are included."},
		{Name: "major_faults_total", Unit: "count", Kind: soak.Counter, Quantum: 1, Help: "Page faults that read from disk; with the tree, those of waited-for children are included."},
		{Name: "threads", Unit: "count", Kind: soak.Gauge, Quantum: 1, Help: "Threads of the kernel."},
		{Name: "virtual_bytes", Unit: "bytes", Kind: soak.Gauge, Quantum: pageSize, Help: "Size of the address space, touched or not."},
	}
	register(spec{name: "stat", class: fast, metrics: metrics, open: func(e *env) Probe {
		buf := make([]byte, 1024)
		return newSum(e, metrics, func(m *member, v []float64) error {
			b, err := m.pread("stat", buf)
			if err != nil {
				return err
			}
			st, err := parseStat(b)
			if err != nil {
				return err
			}
			if st.ended() && m == e.family.first() {
				return ErrGone
			}
			st.values(e.process.Tree, v)
			return nil
		})
	}})
}

// stat is what soak reads of /proc/PID/stat (proc_pid_stat(5)).
type stat struct {
	comm     string // the first 15 bytes of its name
	state    byte
	ppid     uint64
	minor    uint64
	major    uint64
	time     uint64 // ticks, user and system
	minorOld uint64 // of waited-for children
	majorOld uint64
	timeOld  uint64
	threads  uint64
	start    uint64 // ticks since boot
	virtual  uint64 // bytes
}

// ended tells a process that is only waited for. A process whose first thread
// ended before the others has the same state and is alive.
func (s stat) ended() bool {
	return s.state == 'X' || s.state == 'Z' && s.threads <= 1
}

func (s stat) values(tree bool, v []float64) {
	if tree {
		s.time += s.timeOld
		s.minor += s.minorOld
		s.major += s.majorOld
	}
	if s.ended() {
		s.threads, s.virtual = 0, 0
	}
	v[0] = float64(s.time) * clockTick
	v[1] = float64(s.minor)
	v[2] = float64(s.major)
	v[3] = float64(s.threads)
	v[4] = float64(s.virtual)
}

// commOf is the name in a stat, between the first and the last parenthesis.
func commOf(b []byte) string {
	from, to := bytes.IndexByte(b, '('), bytes.LastIndexByte(b, ')')
	if from < 0 || to < from {
		return ""
	}
	return string(b[from+1 : to])
}

var errStat = errors.New("cannot understand /proc/PID/stat")

// parseStat reads the fields after the command's name, which may itself hold
// blanks and parentheses: the last parenthesis ends it.
func parseStat(b []byte) (stat, error) {
	i := bytes.LastIndexByte(b, ')')
	if i < 0 || i+2 >= len(b) {
		return stat{}, errStat
	}
	s := stat{state: b[i+2]}
	rest := b[i+3:]
	for field := 4; field <= 23; field++ {
		rest = bytes.TrimLeft(rest, " -") // the negative fields are none of ours
		n, ok := number(rest)
		if !ok {
			return stat{}, errStat
		}
		s.set(field, n)
		if end := bytes.IndexByte(rest, ' '); end >= 0 {
			rest = rest[end:]
		} else {
			rest = nil
		}
	}
	return s, nil
}

// set takes a field by its number in proc_pid_stat(5).
func (s *stat) set(field int, n uint64) {
	switch field {
	case 4:
		s.ppid = n
	case 10:
		s.minor = n
	case 11:
		s.minorOld = n
	case 12:
		s.major = n
	case 13:
		s.majorOld = n
	case 14, 15:
		s.time += n
	case 16, 17:
		s.timeOld += n
	case 20:
		s.threads = n
	case 22:
		s.start = n
	case 23:
		s.virtual = n
	}
}
