package probes

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"soakmon/soak"
)

func open(t *testing.T, p soak.Process) *Set {
	s := Open(p, Options{})
	t.Cleanup(s.Close)
	return s
}

func TestSet_CountsDescriptors(t *testing.T) {
	few, many := startChild(t, "fds=0"), startChild(t, "fds=15000")
	a, _ := open(t, few.Process).ReadAll(t.Context())
	b, _ := open(t, many.Process).ReadAll(t.Context())
	if d := values(b)["fds"] - values(a)["fds"]; math.Abs(d-15000) > 3 { // the runtime's own may differ
		t.Errorf("15,000 more descriptors read as %v more", d)
	}
	listed := 0
	err := open(t, many.Process).tree.root().List("fd", func(_ *os.File, names []string) error { listed += len(names); return nil })
	if err != nil || float64(listed) != values(b)["fds"] {
		t.Errorf("listed %d, %v; counted %v", listed, err, values(b)["fds"])
	}
}

func TestOpen_RecycledPid(t *testing.T) {
	child := startChild(t, "idle")
	s := open(t, child.Process)
	found := s.Process()
	if found.Start == 0 {
		t.Fatal("no start time")
	}
	found.Start++
	other := open(t, found)
	samples, events := other.Tick(t.Context(), 0)
	if !other.Gone() || len(samples) != 0 || len(events) != 1 || !strings.Contains(events[0].Text, "given to another process") {
		t.Errorf("gone %v, %d samples, %+v", other.Gone(), len(samples), events)
	}
}

func TestTick_RealProcessEnds(t *testing.T) {
	child := startChild(t, "idle")
	s := open(t, child.Process)
	before, _ := s.ReadAll(t.Context())
	child.end()
	samples, events := s.Tick(t.Context(), time.Second)
	if !s.Gone() || len(events) != 1 || gaps(samples) != len(samples) || len(samples) < len(before)/2 {
		t.Errorf("gone %v, %d samples, %d gaps, %+v", s.Gone(), len(samples), gaps(samples), events)
	}
	never := open(t, child.Process)
	if samples, events := never.Tick(t.Context(), 0); !never.Gone() || len(samples) != 0 || len(events) != 1 {
		t.Errorf("opened after the end: %d samples, %+v", len(samples), events)
	}
}

// The kernel shows neither memory nor descriptors of a process whose main thread
// has exited. They are gaps: zero would look like the end of a leak.
func TestReadAll_WithoutMainThread(t *testing.T) {
	child := startChild(t, "headless")
	s := open(t, child.Process)
	eventually(t, "the main thread has exited", func() bool {
		st, err := s.tree.root().Stat()
		return err == nil && st.State == 'Z'
	})
	samples, events := s.ReadAll(t.Context())
	got := values(samples)
	for _, name := range []string{"rss_bytes", "fds", "virtual_bytes", "pss_bytes", "udp_sockets", `fds_kind{kind="pipe"}`} {
		if v, ok := got[name]; ok && !math.IsNaN(v) {
			t.Errorf("%s is %v", name, v)
		}
	}
	if s.Gone() || got["threads"] < 2 || len(events) == 0 {
		t.Errorf("gone %v, %v threads, %d events", s.Gone(), got["threads"], len(events))
	}
}

func TestSet_Tree(t *testing.T) {
	child := startChild(t, "parent=3")
	alone, _ := open(t, child.Process).ReadAll(t.Context())
	p := child.Process
	p.Tree = true
	s := open(t, p)
	first, _ := s.Tick(t.Context(), 0)
	all, events := s.ReadAll(t.Context())
	if len(events) != 0 {
		t.Errorf("events %+v", events)
	}
	one, tree := values(alone), values(all)
	if tree["children"] != 3 || tree["zombies"] != 0 || one["children"] != 3 {
		t.Errorf("children %v, zombies %v", tree["children"], tree["zombies"])
	}
	if d := tree["threads"] - one["threads"]; d < 3 || d > 6 {
		t.Errorf("three children add %v threads", d)
	}
	if values(first)["threads"] < 4 {
		t.Error("the first tick does not hold the tree")
	}
	if tree["fds"] < one["fds"]+9 || tree["rss_bytes"] <= one["rss_bytes"] || tree["pss_bytes"] <= one["pss_bytes"] {
		t.Errorf("alone %v, tree %v", one, tree)
	}
	kill(t, strings.Fields(child.ready)[0])
	eventually(t, "a zombie", func() bool {
		got, _ := s.ReadAll(t.Context())
		tree := values(got)
		return tree["zombies"] == 1 && tree["children"] == 2 && tree["fds"] < values(all)["fds"]
	})
}

func kill(t *testing.T, pid string) {
	n, err := strconv.Atoi(pid)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(n, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

func TestSet_TreeCountersNeverFall(t *testing.T) {
	child := startChild(t, "parent=5")
	p := child.Process
	p.Tree = true
	s := open(t, p)
	last := make(map[string]float64)
	check := func() {
		samples, _ := s.ReadAll(t.Context())
		for name, v := range values(samples) {
			family := soak.Family(name)
			if strings.HasSuffix(family, "_total") && v < last[name] {
				t.Errorf("%s fell from %v to %v", name, last[name], v)
			}
			last[name] = v
		}
	}
	check()
	for _, pid := range strings.Fields(child.ready) {
		kill(t, pid)
		check()
	}
}

func TestFloor_KeepsCounterFromFalling(t *testing.T) {
	f := floor{counter: true}
	for i, step := range [][2]float64{{10, 10}, {30, 30}, {5, 30}, {7, 32}, {1, 32}, {2, 33}} {
		if got := f.keep(step[0]); got != step[1] {
			t.Errorf("step %d: %v, want %v", i, got, step[1])
		}
	}
}

// procFiles is a /proc of files with processes by pid.
func procFiles(t *testing.T, processes map[int]map[string]string) string {
	root := t.TempDir()
	for pid, files := range processes {
		writeFiles(t, filepath.Join(root, strconv.Itoa(pid)), files)
	}
	return root
}

func processFiles(pid, ppid int, more map[string]string) map[string]string {
	files := map[string]string{
		"stat":         fmt.Sprintf("%d (a ) b) S %d %s", pid, ppid, strings.TrimPrefix(statTail, "S 7 ")),
		"status":       "State:\tS (sleeping)\nFDSize: 64\nVmPTE: 4 kB\nVmRSS: 40 kB\nRssAnon: 20 kB\nRssFile: 16 kB\nRssShmem: 4 kB\nVmSwap: 0 kB\n",
		"io":           "rchar: 18446744073709551615\nwchar: 2\nsyscr: 3\nsyscw: 4\nread_bytes: 5\nwrite_bytes: 6\n",
		"limits":       "Limit                     Soft Limit           Hard Limit           Units\nMax open files            1024                 4096                 files\n",
		"smaps":        "00400000-00500000 r-xp 00000000 08:01 42 /usr/bin/it\nRss: 40 kB\n",
		"smaps_rollup": "Rss: 40 kB\nPss: 30 kB\nAnonymous: 20 kB\nPrivate_Dirty: 20 kB\n",
		"fd/0":         "-> /dev/null", "fd/1": "-> socket:[12345]", "task/" + strconv.Itoa(pid) + "/status": "voluntary_ctxt_switches:\t5\nnonvoluntary_ctxt_switches:\t6\n",
	}
	for name, text := range more {
		files[name] = text
	}
	return files
}

func TestTree_WithoutChildrenLists(t *testing.T) {
	root := procFiles(t, map[int]map[string]string{
		10: processFiles(10, 1, nil), 11: processFiles(11, 10, nil), 12: processFiles(12, 11, nil), 99: processFiles(99, 1, nil),
	})
	s := Open(soak.Process{Role: soak.RoleTarget, PID: 10, Tree: true}, Options{ProcRoot: root})
	defer s.Close()
	samples, _ := s.ReadAll(t.Context())
	got := values(samples)
	if got["children"] != 2 || got["threads"] != 27 || got["rss_bytes"] != 3*40960 {
		t.Errorf("%v", got)
	}
}

func TestTree_OrphanStays(t *testing.T) {
	root := procFiles(t, map[int]map[string]string{
		10: processFiles(10, 1, nil), 11: processFiles(11, 10, nil), 12: processFiles(12, 11, nil),
	})
	s := Open(soak.Process{Role: soak.RoleTarget, PID: 10, Tree: true}, Options{ProcRoot: root})
	defer s.Close()
	if err := os.RemoveAll(filepath.Join(root, "11")); err != nil {
		t.Fatal(err)
	}
	writeFiles(t, filepath.Join(root, "12"), map[string]string{"stat": processFiles(12, 1, nil)["stat"]})
	samples, _ := s.ReadAll(t.Context())
	if got := values(samples); got["children"] != 1 || got["threads"] != 18 {
		t.Errorf("children %v, threads %v", got["children"], got["threads"])
	}
}

func TestReadAll_UnreadableFile(t *testing.T) {
	root := procFiles(t, map[int]map[string]string{10: processFiles(10, 1, nil)})
	if err := os.Remove(filepath.Join(root, "10", "smaps_rollup")); err != nil {
		t.Fatal(err)
	}
	s := Open(soak.Process{Role: soak.RoleTarget, PID: 10}, Options{ProcRoot: root})
	defer s.Close()
	samples, events := s.ReadAll(t.Context())
	got := values(samples)
	if _, ok := got["pss_bytes"]; ok || got["fds"] != 2 || got["fd_limit"] != 1024 || got["io_read_bytes_total"] != math.MaxUint64 {
		t.Errorf("%v", got)
	}
	var about []string
	for _, e := range events {
		about = append(about, e.Name)
	}
	if strings.Join(about, " ") != "smaps" || !strings.Contains(events[0].Text, "smaps_rollup") {
		t.Errorf("events %+v", events)
	}
	writeFiles(t, filepath.Join(root, "10"), map[string]string{"smaps_rollup": "Rss: 4 kB\n"})
	if samples, events = s.ReadAll(t.Context()); len(events) != 1 || events[0].Text != "probe smaps works again" || values(samples)["file_bytes"] != 4096 {
		t.Errorf("events %+v, %v", events, values(samples))
	}
}

func TestCgroup_Usage(t *testing.T) {
	files := map[string]map[string]string{
		"v2":   {"a/b/memory.current": "10485760\n", "a/b/memory.stat": "file 9\ninactive_file 1048576\n", "a/b/memory.max": "max\n", "a/memory.max": "20971520\n"},
		"v1":   {"memory/a/b/memory.usage_in_bytes": "10485760\n", "memory/a/b/memory.stat": "inactive_file 5\ntotal_inactive_file 1048576\n", "memory/a/b/memory.limit_in_bytes": "20971520\n", "memory/a/memory.limit_in_bytes": "9223372036854771712\n"},
		"none": {"a/b/memory.current": "10485760\n", "a/b/memory.stat": "\n", "a/b/memory.max": "max\n"},
		"ours": {"monitor/memory.current": "10485760\n", "monitor/memory.stat": "\n", "monitor/memory.max": "max\n"},
		"root": {"memory.current": "10485760\n", "memory.stat": "\n", "memory.max": "max\n"},
	}
	groupOf := map[string]string{"v2": "0::/a/b\n", "v1": "4:cpu,memory:/a/b\n0::/\n", "none": "0::/a/b\n", "ours": "0::/monitor\n", "root": "0::/\n"}
	want := map[string][2]float64{"v2": {9437184, 20971520}, "v1": {9437184, 20971520}, "none": {10485760, 0}, "ours": {}, "root": {}}
	for name := range files {
		root := procFiles(t, map[int]map[string]string{10: processFiles(10, 1, map[string]string{"cgroup": groupOf[name]})})
		writeFiles(t, root, map[string]string{"self/cgroup": "4:cpu,memory:/monitor\n0::/monitor\n"})
		mount := t.TempDir()
		writeFiles(t, mount, files[name])
		s := Open(soak.Process{Role: soak.RoleTarget, PID: 10}, Options{ProcRoot: root, CgroupRoot: mount})
		samples, _ := s.ReadAll(t.Context())
		got := values(samples)
		if got["cgroup_memory_bytes"] != want[name][0] || got["cgroup_memory_limit_bytes"] != want[name][1] {
			t.Errorf("%s: %v of %v", name, got["cgroup_memory_bytes"], got["cgroup_memory_limit_bytes"])
		}
		s.Close()
	}
}
