package probes

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"soakmon/soak"
	"soakmon/soak/procfs"
)

func init() {
	metrics := []soak.Metric{
		{Name: "mapping_bytes", Unit: "bytes", Kind: soak.Gauge, Quantum: 1024, Help: "Resident memory by mapping: the heap of malloc and its arenas, thread stacks, the Go heap, other anonymous memory, and files by path."},
		{Name: "anonymous_mappings", Unit: "count", Kind: soak.Gauge, Quantum: 1, Help: "Anonymous mappings that are none of the known kinds; neighbours alike are one to the kernel."},
		{Name: "anonymous_mappings_size", Unit: "count", Kind: soak.Gauge, Quantum: 1, Help: "Those of them by their size in bytes, of sizes that eight or more have."},
		{Name: "anonymous_mapping_grown_bytes", Unit: "bytes", Kind: soak.Gauge, Quantum: 1024, Help: "Resident memory by which those of them that are still there have grown in size since each was first seen; of up to 4,096 mappings."},
	}
	// The kernel walks all pages, as for smaps_rollup, and writes half a
	// kilobyte for each mapping.
	register(spec{name: "mappings", class: slow, every: 5 * time.Second, weight: 0.2, metrics: metrics, open: func(e *env) Probe {
		p := e.process
		if p.Role == soak.RoleDriver || p.Role == soak.RoleMonitor {
			return nil // nothing is decided by the memory of soak itself
		}
		return &mappings{metrics: metrics, tree: e.tree, golang: p.Pprof != "" || p.Vars != "", programs: goPrograms{},
			bytes: newTally("mapping_bytes", "mapping"), sizes: newTally("anonymous_mappings_size", "size"), regions: map[*procfs.Process]*regions{}}
	}})
}

// mappings sums the resident memory of what is alike in smaps (proc_pid_smaps(5)).
type mappings struct {
	metrics  []soak.Metric
	tree     *tree
	golang   bool       // every process has a Go heap
	programs goPrograms // those that have one, too
	bytes    *tally
	sizes    *tally
	regions  map[*procfs.Process]*regions
}

func (s *mappings) Metrics() []soak.Metric { return s.metrics }

func (s *mappings) Close() error { return nil }

func (s *mappings) Read(_ context.Context, p soak.Process) ([]soak.Sample, error) {
	s.bytes.reset()
	s.sizes.reset()
	before := s.regions
	s.regions = map[*procfs.Process]*regions{}
	count, grown := 0, 0.0
	err := s.tree.each(func(m *procfs.Process) error {
		r := before[m]
		if r == nil {
			r = &regions{}
		}
		f, err := m.Open("smaps")
		if err != nil {
			return err
		}
		defer f.Close()
		err = parseSmaps(f, s.golang || s.programs.has(m), func(name string, at mapping, bytes float64) {
			if name == mallocArenas && r.knows(at) {
				name = anonymous // it grew to where it looks like an arena
			}
			s.bytes.add(name, bytes)
			if name == anonymous {
				count++
				r.add(at, bytes)
			}
		})
		if err != nil {
			return m.Explain("smaps", err)
		}
		sizes(r.now, s.sizes.add)
		grown += r.grown()
		s.regions[m] = r
		return nil
	})
	if err != nil {
		s.regions = before
		return nil, err
	}
	samples := append(s.bytes.samples(p.Role), s.sizes.samples(p.Role)...)
	return append(samples, p.Sample("anonymous_mappings", float64(count)),
		p.Sample("anonymous_mapping_grown_bytes", grown)), nil
}

// parseSmaps calls add with the name and the resident bytes of each mapping that
// has any; in a Go program what looks like the Go heap is one.
func parseSmaps(r io.Reader, golang bool, add func(name string, m mapping, bytes float64)) error {
	scan := bufio.NewScanner(r)
	scan.Buffer(make([]byte, 0, 16<<10), 1<<20)
	var before, now mapping
	resident := 0.0
	next := func(m mapping) { // m follows now
		if resident > 0 {
			add(now.name(before, m, golang), now, resident)
		}
		before, now, resident = now, m, 0
	}
	for scan.Scan() {
		line := scan.Bytes()
		if m, ok := parseMapping(line); ok {
			next(m)
		} else if rss, ok := bytes.CutPrefix(line, []byte("Rss:")); ok {
			n, _ := procfs.Number(rss)
			resident = float64(n) * 1024
		}
	}
	if err := scan.Err(); err != nil {
		return err
	}
	if now.to == 0 {
		return errors.New("it has no mappings")
	}
	next(mapping{})
	return nil
}

// mapping is the head of an entry in smaps.
type mapping struct {
	from, to uint64
	perms    string
	offset   uint64 // in the file
	inode    string
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
	if len(fields) >= 4 {
		m.offset, _ = strconv.ParseUint(string(fields[1]), 16, 64)
		m.inode = string(fields[3])
	}
	if len(fields) == 5 {
		m.path = strings.TrimSpace(string(fields[4]))
	}
	return m, true
}

const (
	anonymous    = "anonymous"
	mallocArenas = "malloc arenas"
	goHeap       = "Go heap"
	arena        = 64 << 20   // malloc of glibc maps its further arenas at multiples of this (arena.c)
	mmapFloor    = 0x70 << 40 // below it the kernel places nothing by itself on amd64 and arm64, and the Go runtime its heap
	goChunk      = 4 << 20    // by which the Go heap grows (pallocChunkBytes of runtime/mpagealloc.go)
	threadHeap   = 8 << 20    // the usual stack of a thread, which follows a guard page
)

// name says what a mapping is; before and after are those next to it.
func (m mapping) name(before, after mapping, golang bool) string {
	size := m.to - m.from
	switch {
	case strings.HasPrefix(m.path, goNamed+"heap"):
		return goHeap
	case strings.HasPrefix(m.path, "["):
		return pattern(m.path)
	case strings.HasPrefix(m.path, "/dev/zero"):
		return "shared anonymous"
	case m.path != "":
		return pattern(strings.TrimSuffix(m.path, " (deleted)"))
	case golang && m.likeGoHeap():
		return goHeap
	case before.to == m.from && before.closed() && size <= threadHeap && size >= threadHeap-64<<10:
		return "thread stacks"
	case m.from%arena == 0 && (m.to%arena == 0 || after.from == m.to && after.closed() && after.to%arena == 0):
		return mallocArenas // what one does not use yet is reserved up to its end
	}
	return anonymous
}

// goNamed begins the names that the Go runtime gives its mappings where the kernel
// keeps names (CONFIG_ANON_VMA_NAME).
const goNamed = "[anon: Go: "

// likeGoHeap reports whether a mapping lies where the Go runtime maps its heap, whose
// place is left to chance since Go 1.26.
func (m mapping) likeGoHeap() bool {
	return m.path == "" && m.from >= 1<<32 && m.from < mmapFloor && m.from%goChunk == 0 && (m.to-m.from)%goChunk == 0
}

// ofGo reports whether a mapping of a Go program is known to belong to its runtime.
func (m mapping) ofGo() bool { return strings.HasPrefix(m.path, goNamed) || m.likeGoHeap() }

// closed reports whether every access is denied: a guard page, or reserved space.
func (m mapping) closed() bool { return strings.HasPrefix(m.perms, "---") }
