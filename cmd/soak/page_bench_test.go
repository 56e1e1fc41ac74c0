package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

var dayBegan = time.Date(2026, 11, 20, 2, 0, 0, 0, time.UTC)

// BenchmarkWeb_RunOfADay opens the page of a day of 50 series at 1 s, 4.3 million
// samples, in a real browser, each time with a new server: until its charts are
// painted, and how many bytes came over the network. One comes from the list of
// runs when that shows the verdict, the other types the address into a new tab,
// for which the browser starts a process and the server opens the file.
func BenchmarkWeb_RunOfADay(b *testing.B) {
	dir := b.TempDir()
	path := writeDay(b, dir, "shop", time.Second, 2, dayBegan)
	chromium := startBrowser(b)
	b.Run("from the list", func(b *testing.B) { benchmarkPage(b, chromium, dir, idOf(path), true) })
	b.Run("in a new tab", func(b *testing.B) { benchmarkPage(b, chromium, dir, idOf(path), false) })
}

func benchmarkPage(b *testing.B, chromium browser, dir, id string, listed bool) {
	var drawn, received float64
	for b.Loop() {
		b.StopTimer()
		address := startPages(b, dir)
		base, _, _ := strings.Cut(address, "/?")
		p := chromium.open(b, screens[0], base)
		if listed {
			p.visit(base)
			p.wait("the verdict in the list", `document.querySelector('.badge.leak')`)
		}
		b.StartTimer()
		p.visit(base + "/run/" + id)
		p.wait("the charts", `performance.getEntriesByName('drawn').length`)
		b.StopTimer()
		drawn += p.number(`performance.getEntriesByName('drawn')[0].startTime`)
		p.wait("the verdict", `document.querySelector('#verdict.leak')`)
		p.run(`document.getElementById('board').scrollIntoView()`)
		p.wait("every chart in sight", allDrawn)
		p.mu.Lock()
		received += p.received
		p.mu.Unlock()
		b.StartTimer()
	}
	b.ReportMetric(drawn/float64(b.N), "ms-to-charts")
	b.ReportMetric(received/float64(b.N)/1000, "KB-transferred")
}

// BenchmarkWeb_PanOfADay pans through a day by keys, an eighth of the day in sight, and
// reports how long the browser takes from one frame to the next: 16.7 ms is the
// screen's own pace.
func BenchmarkWeb_PanOfADay(b *testing.B) {
	dir := b.TempDir()
	path := writeDay(b, dir, "shop", time.Second, 2, dayBegan)
	base, _, _ := strings.Cut(startPages(b, dir), "/?")
	p := startBrowser(b).open(b, screens[0], base)
	p.visit(base + "/run/" + idOf(path))
	p.wait("the verdict", `document.querySelector('#verdict.leak')`)
	p.run(`document.getElementById('board').scrollIntoView(); board.zoom(0, board.all.to / 8)`)
	p.wait("every chart in sight", allDrawn)
	var median, worst float64
	for b.Loop() {
		p.run(`
			window.frames_ = []; window.panned = false;
			const key = () => board.root.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight' }));
			let last = performance.now(), n = 0;
			const frame = (now) => { frames_.push(now - last); last = now; if (n++ % 4 === 0) key(); if (n < 120) requestAnimationFrame(frame); else { frames_.sort((a, b) => a - b); board.zoom(0, board.all.to / 8); window.panned = true; } };
			requestAnimationFrame(frame)`)
		p.wait("the end of the day", `window.panned`)
		median += p.number(`frames_[60]`)
		worst += p.number(`frames_[118]`)
	}
	b.ReportMetric(median/float64(b.N), "ms-a-frame")
	b.ReportMetric(worst/float64(b.N), "ms-worst-frame")
}

// BenchmarkWeb_BoardOfADay is what the server does for it: open the file and reduce
// the series that are shown first.
func BenchmarkWeb_BoardOfADay(b *testing.B) {
	dir := b.TempDir()
	path := writeDay(b, dir, "shop", time.Second, 2, dayBegan)
	for b.Loop() {
		b.StopTimer()
		base, _, _ := strings.Cut(startPages(b, dir), "/?")
		b.StartTimer()
		fetch(b, base+"/api/runs/"+idOf(path)+"/board")
	}
}

func fetch(t testing.TB, address string) []byte {
	t.Helper()
	answer, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %s %v", address, answer.Status, body, err)
	}
	return body
}

// TestWeb_MemoryOfViewers watches a running run with twenty viewers, who
// each open the page and follow it live. The page is a process of its own; the
// monitor's growth is that of its own memory, compared with a time without them.
func TestWeb_MemoryOfViewers(t *testing.T) {
	whole(t)
	dir := t.TempDir()
	out, err := os.Create(filepath.Join(dir, "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd := exec.Command(binary, "run", "--duration", "5m", "--web", "--dir", dir)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	var address string
	waitFor(t, "the page's address", func() bool {
		said, _ := os.ReadFile(out.Name())
		for line := range strings.Lines(string(said)) {
			if after, ok := strings.CutPrefix(line, "page "); ok {
				address = strings.TrimSpace(after)
			}
		}
		return address != ""
	})
	base, rest, _ := strings.Cut(address, "/run/")
	id, _, _ := strings.Cut(rest, "?")
	waitFor(t, "the load", func() bool { return strings.Contains(string(fetch(t, base+"/api/runs/"+id+"/board")), "latency") })
	page := childOf(t, cmd.Process.Pid, "web")
	monitorBefore, pageBefore := anonymous(t, cmd.Process.Pid), anonymous(t, page)
	var viewers sync.WaitGroup
	for range 20 {
		viewers.Go(func() {
			fetch(t, base+"/run/"+id)
			fetch(t, base+"/api/runs/"+id+"/board")
			fetch(t, base+"/api/runs/"+id+"/section")
			fetch(t, base+"/api/runs/"+id+"/summary")
			events, err := http.Get(base + "/api/runs/" + id + "/live")
			if err != nil {
				t.Error(err)
				return
			}
			defer events.Body.Close()
			seen := make([]byte, 1<<20)
			for n := 0; n < 5; {
				got, err := events.Body.Read(seen)
				if err != nil {
					t.Error(err)
					return
				}
				n += bytes.Count(seen[:got], []byte("data: "))
			}
		})
	}
	viewers.Wait()
	monitor, pages := anonymous(t, cmd.Process.Pid)-monitorBefore, anonymous(t, page)-pageBefore
	t.Logf("20 viewers: the monitor grew by %.1f MiB, the page's process by %.1f MiB to %.1f MiB", mebibytes(monitor), mebibytes(pages), mebibytes(pages+pageBefore))
	if monitor > 20<<20 {
		t.Errorf("the monitor grew by %.1f MiB", mebibytes(monitor))
	}
}

func mebibytes(n int) float64 { return float64(n) / (1 << 20) }

// anonymous is the memory that is a process's own (proc(5), RssAnon), in bytes.
func anonymous(t *testing.T, pid int) int {
	t.Helper()
	status, err := os.ReadFile(filepath.Join("/proc", fmt.Sprint(pid), "status"))
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(status), "RssAnon:")
	fields := strings.Fields(after)
	kib, err := strconv.Atoi(fields[0])
	if err != nil {
		t.Fatal(err)
	}
	return kib << 10
}
