package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"soakmon/store"
)

// allDrawn holds where every chart in sight is drawn.
const allDrawn = "board.runs && board.visible().length && board.visible().every((c) => c.u)"

func idOf(path string) string { return strings.TrimSuffix(filepath.Base(path), store.Ext) }

// TestWeb_RealBrowser opens every page of stored day-long runs at desktop
// and phone sizes, light and dark. Whatever the browser complains of, and any
// request to another host, fails it.
func TestWeb_RealBrowser(t *testing.T) {
	whole(t)
	dir := t.TempDir()
	began := time.Date(2026, 11, 20, 2, 0, 0, 0, time.UTC)
	calm := writeDay(t, dir, "shop", 10*time.Second, 0, began)
	leaky := writeDay(t, dir, "shop", 10*time.Second, 20, began.Add(day))
	address := startPages(t, dir)
	base, _, _ := strings.Cut(address, "/?")
	b := startBrowser(t)
	for _, s := range screens {
		t.Run(s.name, func(t *testing.T) {
			p := b.open(t, s, base)
			p.visit(address)
			p.wait("the verdicts in the list", `document.querySelector('.badge.leak') && document.querySelector('.badge.clean')`)
			p.shoot("list")
			lookAtARun(p, s, base+"/run/"+idOf(leaky))
			p.visit(base + "/run/" + idOf(calm)) // another run
			p.wait("the other run's verdict", `document.querySelector('#verdict.clean')`)

			p.visit(base + "/compare?run=" + idOf(calm) + "&run=" + idOf(leaky))
			p.wait("the table of differences", `document.querySelector('.badge.worse')`)
			p.run(`document.getElementById('board').scrollIntoView()`)
			p.wait("two runs in the same axes", allDrawn+` && board.cards.get('target/fds').lines().length === 2`)
			p.shoot("compare")

			p.visit(base + "/history/shop")
			p.wait("the scheduled runs", `document.querySelectorAll('.chart canvas').length > 5`)
			p.shoot("history")
		})
	}
}

// lookAtARun does with a run what a person would.
func lookAtARun(p *tab, s screen, address string) {
	p.t.Helper()
	p.visit(address)
	p.wait("the verdict", `document.querySelector('#verdict.leak h1').textContent.includes('leaks: fds')`)
	p.shoot("run")
	p.run(`document.getElementById('board').scrollIntoView()`)
	p.wait("the charts", allDrawn)
	p.shoot("charts")
	if s.phone {
		p.run(`document.querySelector('[aria-label^="Zoom in"]').click(); document.querySelector('[aria-label^="Zoom in"]').click()`)
	} else {
		drag(p, 0.25, 0.5)
	}
	p.wait("a finer stretch", `board.view.to - board.view.from < 30000 && board.runs[0].width < 60 && `+allDrawn)
	p.shoot("zoomed")
	p.run(`document.querySelector('.chart').focus({preventScroll: true})`)
	before := p.number(`board.view.from`)
	p.press(kb.ArrowRight)
	p.wait("a pan by key", `board.view.from !== `+jsNumber(before))
	p.press("0")
	p.wait("the whole again", `board.whole() && board.runs[0].width > 60 && `+allDrawn)
	p.press("l")
	p.wait("logarithmic axes", `board.log && `+allDrawn)
	p.press("l")
	p.press("o")
	p.wait("the view per operation", `board.byOperation && `+allDrawn+` && board.visible()[0].u.data[0].at(-1) > 1e6`)
	p.shoot("per operation")
	p.press("o")
	p.run(`document.querySelectorAll('#board details').forEach((d) => { d.open = true })`)
	p.wait("charts that were folded away", `board.cards.size > 20`)
	p.run(`document.querySelector('#board details .chart').scrollIntoView()`)
	p.wait("a chart that was folded away", allDrawn)

	p.run(`document.querySelector('#flames a').click()`)
	p.wait("the flame graph", `location.pathname.endsWith('/flamegraph') && document.getElementById('stack-chart')?.textContent.includes('shop.Keep')`)
	p.shoot("flame graph")
}

// drag draws a stretch over the first chart with the mouse.
func drag(p *tab, from, to float64) {
	p.t.Helper()
	over := `document.querySelector('.chart .u-over').getBoundingClientRect()`
	left, width, top := p.number(over+".left"), p.number(over+".width"), p.number(over+".top")+40
	p.must(chromedp.Do(p.ctx, chromedp.DragAndDropXY(left+from*width, top, left+to*width, top, 8)))
}

// TestWeb_LiveRun follows a running run and sends it an order.
func TestWeb_LiveRun(t *testing.T) {
	whole(t)
	_, dir, _ := start(t, "run", "--duration", "5m", "--leak", "fd=2/s")
	waitFor(t, "a socket", func() bool {
		sockets, _ := filepath.Glob(filepath.Join(dir, "*.sock"))
		return len(sockets) == 1
	})
	files, err := filepath.Glob(filepath.Join(dir, "*"+store.Ext))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v, %v", files, err)
	}
	address := startPages(t, dir)
	base, _, _ := strings.Cut(address, "/?")
	b := startBrowser(t)
	for _, s := range []screen{screens[1], screens[2]} {
		t.Run(s.name, func(t *testing.T) {
			p := b.open(t, s, base)
			p.visit(address)
			p.wait("the list", `[...document.querySelectorAll('.badge')].some((b) => b.textContent === 'running')`)
			p.visit(base + "/run/" + idOf(files[0]))
			p.wait("the board", `window.board.runs`)
			n := p.number(`board.runs[0].end`)
			p.wait("three more seconds of it, and series that come late", `board.runs[0].end > `+jsNumber(n+3)+` && board.cards.has('target/fds')`)
			p.run(`document.getElementById('board').scrollIntoView()`)
			p.wait("its charts", allDrawn)
			p.shoot("live")
			p.run(`document.querySelector('[data-action=snapshot]').click()`)
			p.wait("the order as a mark", `board.runs[0].marks.some((m) => m.text.includes('snapshot'))`)
		})
	}
}

// The report file needs nothing but itself.
func TestReport_HTMLInRealBrowser(t *testing.T) {
	whole(t)
	dir := t.TempDir()
	path := writeDay(t, dir, "shop", 10*time.Second, 20, time.Date(2026, 11, 20, 2, 0, 0, 0, time.UTC))
	file := filepath.Join(dir, "report.html")
	if code := execute([]string{"report", path, "--format", "html", "-o", file}, streams{in: os.Stdin, out: os.Stdout, err: os.Stderr}); code != 1 {
		t.Fatalf("exit code %d", code)
	}
	b := startBrowser(t)
	for _, s := range screens {
		t.Run(s.name, func(t *testing.T) {
			p := b.open(t, s, "file://")
			p.visit("file://" + file)
			p.run(`document.getElementById('board').scrollIntoView()`)
			p.wait("the charts", allDrawn)
			p.run(`document.querySelector('[aria-label^="Zoom in"]').click()`)
			p.wait("a zoom without a server", `board.view.to - board.view.from < 50000 && board.visible().every((c) => c.u.scales.x.max - c.u.scales.x.min < 50000)`)
			p.shoot("file")
		})
	}
}
