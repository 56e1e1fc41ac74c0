//go:build linux

package probes

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"soakmon/soak"
	"soakmon/soak/procfs"
)

func TestClassify_Links(t *testing.T) {
	for link, want := range map[string][2]string{
		"socket:[4711]":                {"socket", ""},
		"pipe:[4711]":                  {"pipe", ""},
		"anon_inode:[eventpoll]":       {"anon_inode:[eventpoll]", ""},
		"anon_inode:inotify":           {"anon_inode:[inotify]", ""},
		"/var/log/x/2026-11-25/a.log":  {"file", "/var/log/x/*-*-*"},
		"/tmp/upload-3f9a01/part":      {"file", "/tmp/upload-*"},
		"/tmp/cafe/part":               {"file", "/tmp/cafe"},
		"/tmp/gone-1 (deleted)":        {"deleted", "/tmp"},
		"/memfd:jit (deleted)":         {"memfd", ""},
		"/dev/null":                    {"device", ""},
		"net:[4026531840]":             {"net", ""},
		"":                             {"", ""},
		"/with a blank (deleted)/file": {"file", "/with a blank (deleted)"},
	} {
		if kind, folder := classify(link); kind != want[0] || folder != want[1] {
			t.Errorf("%q: %q, %q", link, kind, folder)
		}
	}
}

func TestFdKinds_RealDescriptors(t *testing.T) {
	s := open(t, soak.Process{Role: soak.RoleTarget, PID: os.Getpid()})
	before, _ := s.ReadAll(t.Context())
	for i := range 5 {
		f, err := os.Create(filepath.Join(t.TempDir(), fmt.Sprintf("f%d", i)))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	after, events := s.ReadAll(t.Context())
	old, now := values(before), values(after)
	for name, more := range map[string]float64{`fds_kind{kind="file"}`: 5, `fds_kind{kind="pipe"}`: 2} {
		if now[name]-old[name] != more {
			t.Errorf("%s: %v → %v", name, old[name], now[name])
		}
	}
	if len(events) > 0 {
		t.Errorf("%+v", events)
	}
}

// manyLinks is a process of a synthetic tree with n sockets.
func manyLinks(tb testing.TB, n int) soak.Process {
	root := tb.TempDir()
	dir := filepath.Join(root, "10", "fd")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		tb.Fatal(err)
	}
	size := 64
	for size < n {
		size *= 2
	}
	for i := range n {
		if err := os.Symlink(fmt.Sprintf("socket:[%d]", i), filepath.Join(dir, strconv.Itoa(i))); err != nil {
			tb.Fatal(err)
		}
	}
	for name, text := range map[string]string{"stat": "10 (it) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 100 0 0 0\n", "status": fmt.Sprintf("State:\tS\nFDSize:\t%d\n", size)} {
		if err := os.WriteFile(filepath.Join(root, "10", name), []byte(text), 0o644); err != nil {
			tb.Fatal(err)
		}
	}
	return soak.Process{Role: root, PID: 10}
}

func openKinds(tb testing.TB, p soak.Process) Probe {
	root := "/proc"
	if filepath.IsAbs(p.Role) {
		root, p.Role = p.Role, soak.RoleTarget
	}
	tree, err := openTree(procfs.FS(root), p)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(tree.Close)
	for _, spec := range registry {
		if spec.name == "fds_kind" {
			return spec.open(&env{process: p, proc: procfs.FS(root), tree: tree})
		}
	}
	tb.Fatal("no such probe")
	return nil
}

func TestFdKinds_LargeTable(t *testing.T) {
	p := manyLinks(t, 20_000)
	samples, err := openKinds(t, p).Read(t.Context(), soak.Process{Role: soak.RoleTarget})
	if got := values(samples)[`fds_kind{kind="socket"}`]; err != nil || got != 20_000 {
		t.Errorf("%v of 20000, %v", got, err)
	}
}

func TestParseSmaps_Names(t *testing.T) {
	const smaps = `00400000-00500000 r-xp 00000000 08:01 42                                 /usr/lib/libz.so.1.3
Rss:                  40 kB
00600000-00800000 rw-p 00000000 00:00 0                                  [heap]
Rss:                 100 kB
153628400000-153628800000 rw-p 00000000 00:00 0 
Rss:                 300 kB
7f0000000000-7f0000021000 rw-p 00000000 00:00 0 
Rss:                  20 kB
7f0000021000-7f0004000000 ---p 00000000 00:00 0 
Rss:                   0 kB
7f0008000000-7f00087ff000 rw-p 00000000 00:00 0 
Rss:                   2 kB
7f00087ff000-7f0008800000 ---p 00000000 00:00 0 
Rss:                   0 kB
7f1000000000-7f1000001000 ---p 00000000 00:00 0 
Rss:                   0 kB
7f1000001000-7f1000801000 rw-p 00000000 00:00 0 
Rss:                   8 kB
7f2000100000-7f2000200000 rw-p 00000000 00:00 0                          [anon:cache 7]
Rss:                   4 kB
7f2000300000-7f2000400000 rw-p 00000000 00:00 0 
Rss:                   2 kB
`
	got := map[string]float64{}
	if err := parseSmaps(strings.NewReader(smaps), true, func(name string, _ mapping, bytes float64) { got[name] += bytes / 1024 }); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float64{"/usr/lib/libz.so.*.*": 40, "[heap]": 100, "Go heap": 300, "malloc arenas": 20, "thread stacks": 8, "[anon:cache *]": 4, "anonymous": 4} {
		if got[name] != want {
			t.Errorf("%s: %v, want %v; all: %v", name, got[name], want, got)
		}
	}
	if err := parseSmaps(strings.NewReader("nonsense\n"), true, nil); err == nil {
		t.Error("nonsense is read")
	}
}

func TestTally_Bounded(t *testing.T) {
	all := newTally("x", "y")
	for i := range 100 {
		all.add(strings.Repeat("x", i+1), 1)
	}
	if n := len(all.samples("target")); n != mostLabels+1 {
		t.Errorf("%d series", n)
	}
	all.reset()
	for _, s := range all.samples("target") {
		if s.Value != 0 {
			t.Errorf("%+v", s)
		}
	}
}

// BenchmarkFdKinds shows the cost of one read; the probe then waits until that
// is 0.008 % of a core.
func BenchmarkFdKinds(b *testing.B) {
	run := func(b *testing.B, p soak.Process) {
		probe := openKinds(b, p)
		for b.Loop() {
			if _, err := probe.Read(b.Context(), p); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("real=15000", func(b *testing.B) { run(b, startChild(b, "fds=15000").Process) })
	b.Run("synthetic=100000", func(b *testing.B) { run(b, manyLinks(b, 100_000)) })
}
