package probes

import (
	"bufio"
	"bytes"
	"context"
	"debug/buildinfo"
	"errors"
	"io"
	"time"

	"soakmon/soak"
	"soakmon/soak/procfs"
)

func init() {
	metrics := []soak.Metric{
		byteGauge("native_bytes", 1, "Resident anonymous memory that the Go runtime does not explain: all outside its heap, less the growth of its metadata. Memory of cgo and mmap, stacks of threads."),
	}
	// The kernel walks all pages: 0.2 ms for a process of 20 MB.
	register(spec{name: "native", class: slow, every: time.Second, own: true, metrics: metrics, open: func(e *env) Probe {
		p := e.process
		if p.Role == soak.RoleDriver || p.Role == soak.RoleMonitor || !servesGo(e) {
			return nil
		}
		return &native{metrics: metrics, tree: e.tree, golang: e.golang}
	}})
}

// servesGo reports whether the process is a Go program that serves numbers of its
// runtime.
func servesGo(e *env) bool {
	p := e.process
	if p.Pprof != "" || p.Vars != "" || p.Metrics == "" {
		return p.Pprof != "" || p.Vars != ""
	}
	_, err := buildinfo.ReadFile(e.proc.Path(p.PID, "exe"))
	return err == nil
}

// native sums the anonymous memory outside the Go heap. The resident part of the
// heap itself is left to the live heap: room up to the collector's goal, dead objects
// and free spans come and go in it, and the runtime counts pages as in use that were
// never touched, so subtracting its figures from the resident set would be wrong by
// more than a slow leak.
type native struct {
	metrics []soak.Metric
	tree    *tree
	golang  *golangState
	explained
}

// explained corrects the memory outside the Go heap by what the metadata of the
// runtime have grown by. The runtime obtains them in chunks ahead of their use, so one
// chunk more or less may be resident than it reports.
type explained struct {
	known            bool
	outside, metaWas float64 // at the first reading that knows the metadata
}

// metadataChunk is by how much the runtime obtains memory for metadata
// (persistentChunkSize of runtime/malloc.go).
const metadataChunk = 256 << 10

// native is the memory outside the heap that the metadata do not explain.
func (e *explained) native(outside, metadata float64) float64 {
	if !e.known {
		*e = explained{true, outside, metadata}
	}
	grown := outside - e.outside
	room := metadata - e.metaWas
	switch {
	case grown > room+metadataChunk:
		return e.outside + grown - room - metadataChunk
	case grown < 0:
		return outside
	}
	return e.outside
}

func (n *native) Metrics() []soak.Metric { return n.metrics }

func (n *native) Close() error { return nil }

func (n *native) Read(_ context.Context, p soak.Process) ([]soak.Sample, error) {
	total, root := 0.0, n.tree.root()
	err := n.tree.each(func(m *procfs.Process) error {
		f, err := m.Open("smaps")
		if err != nil {
			return err
		}
		defer f.Close()
		bytes, err := anonymousOutside(f, m == root)
		if err != nil {
			return m.Explain("smaps", err)
		}
		total += bytes
		return nil
	})
	if err != nil {
		return nil, err
	}
	if metadata, ok := n.golang.metadata(); ok {
		total = n.native(total, metadata)
	}
	return []soak.Sample{p.Sample("native_bytes", total)}, nil
}

// anonymousOutside sums the anonymous memory of the mappings in smaps, in a Go
// program without those of its runtime that can be recognized. Pages that processes
// share since a fork count in parts, as in the proportional set size.
func anonymousOutside(r io.Reader, golang bool) (total float64, err error) {
	scan := bufio.NewScanner(r)
	scan.Buffer(make([]byte, 0, 16<<10), 1<<20)
	skip, pss, found := false, 0.0, false
	for scan.Scan() {
		line := scan.Bytes()
		if line[0] >= 'A' && line[0] <= 'Z' { // a field of the mapping
			switch {
			case bytes.HasPrefix(line, []byte("Pss:")):
				pss = kilobytes(line)
			case !skip && bytes.HasPrefix(line, []byte("Anonymous:")):
				total += min(pss, kilobytes(line))
			}
			continue
		}
		m, ok := parseMapping(line)
		if !ok {
			continue
		}
		found, pss = true, 0
		skip = golang && m.ofGo()
	}
	if err := scan.Err(); err != nil {
		return 0, err
	}
	if !found {
		return 0, errors.New("it has no mappings")
	}
	return total, nil
}

// kilobytes is the number in a line such as "Pss:  12 kB", in bytes.
func kilobytes(line []byte) float64 {
	_, value, _ := bytes.Cut(line, []byte(":"))
	n, _ := procfs.Number(value)
	return float64(n) * 1024
}
