package probes

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"path"
	"strconv"
	"strings"
	"time"

	"soakmon/soak"
)

func init() {
	metrics := []soak.Metric{{Name: "mapping_bytes", Unit: "bytes", Kind: soak.Gauge, Quantum: 1024, Help: "Resident memory by mapping: the heap of malloc and its arenas, thread stacks, the Go heap, other anonymous memory, and files by name."}}
	// The kernel walks all pages, as for smaps_rollup, and writes half a
	// kilobyte for each mapping.
	register(spec{name: "mappings", class: slow, every: 15 * time.Second, weight: 0.2, metrics: metrics, open: func(e *env) Probe {
		if e.process.Role == soak.RoleDriver || e.process.Role == soak.RoleMonitor {
			return nil // our own memory is told, and decides nothing
		}
		return &mappings{metrics: metrics, family: e.family, sizes: newTally("mapping_bytes", "mapping")}
	}})
}

// mappings sums the resident memory of what is alike in smaps (proc_pid_smaps(5)).
type mappings struct {
	metrics []soak.Metric
	family  *family
	sizes   *tally
}

func (s *mappings) Metrics() []soak.Metric { return s.metrics }

func (s *mappings) Close() error { return nil }

func (s *mappings) Read(_ context.Context, p soak.Process) ([]soak.Sample, error) {
	s.sizes.reset()
	err := s.family.each(func(m *member) error {
		f, err := m.dir.Open("smaps")
		if err != nil {
			return m.explain("smaps", err)
		}
		defer f.Close()
		if err := parseSmaps(f, s.sizes.add); err != nil {
			return m.explain("smaps", err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s.sizes.samples(p.Role), nil
}

// parseSmaps calls add with the name and the resident bytes of each mapping.
func parseSmaps(r io.Reader, add func(name string, bytes float64)) error {
	scan := bufio.NewScanner(r)
	scan.Buffer(make([]byte, 0, 16<<10), 1<<20)
	var now, before mapping
	found := false
	for scan.Scan() {
		line := scan.Bytes()
		if m, ok := parseMapping(line); ok {
			before, now = now, m
			found = true
			continue
		}
		if rss, ok := bytes.CutPrefix(line, []byte("Rss:")); ok {
			if n, ok := number(rss); ok && n > 0 {
				add(now.name(before), float64(n)*1024)
			}
		}
	}
	if err := scan.Err(); err != nil {
		return err
	}
	if !found {
		return errors.New("it has no mappings")
	}
	return nil
}

// mapping is the head of an entry in smaps.
type mapping struct {
	from, to uint64
	perms    string
	path     string
}

// parseMapping reads a line such as
// "7f00-7f10 rw-p 00000000 00:00 0   [heap]".
func parseMapping(line []byte) (m mapping, ok bool) {
	from, rest, ok := bytes.Cut(line, []byte("-"))
	if !ok {
		return m, false
	}
	to, rest, ok := bytes.Cut(rest, []byte(" "))
	a, err1 := strconv.ParseUint(string(from), 16, 64)
	b, err2 := strconv.ParseUint(string(to), 16, 64)
	if !ok || err1 != nil || err2 != nil || len(rest) < 4 {
		return m, false
	}
	m = mapping{from: a, to: b, perms: string(rest[:4])}
	fields := bytes.SplitN(rest[4:], []byte(" "), 5) // "", offset, device, inode, path
	if len(fields) == 5 {
		m.path = strings.TrimSpace(string(fields[4]))
	}
	return m, true
}

const (
	arena      = 64 << 20 // malloc of glibc maps its further arenas at multiples of this (arena.c)
	threadHeap = 8 << 20  // the usual stack of a thread, which follows a guard page
	goHeap     = 0xc0 << 32
)

// name says what a mapping is; before is the one below it.
func (m mapping) name(before mapping) string {
	switch {
	case strings.HasPrefix(m.path, "["):
		return pattern(m.path)
	case m.path != "":
		return pattern(path.Base(strings.TrimSuffix(m.path, " (deleted)")))
	case m.from >= goHeap && m.from < goHeap+1<<40:
		return "Go heap"
	case before.to == m.from && strings.HasPrefix(before.perms, "---") && m.to-m.from <= threadHeap && m.to-m.from >= threadHeap-64<<10:
		return "thread stacks"
	case m.from%arena == 0 && m.to-m.from <= arena:
		return "malloc arenas"
	}
	return "anonymous"
}
