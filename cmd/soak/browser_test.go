package main

import (
	"bufio"
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// browser is a real Chromium.
type browser struct{ ctx context.Context }

func startBrowser(t testing.TB) browser {
	t.Helper()
	if _, err := exec.LookPath("chromium"); err != nil {
		t.Skip("needs chromium: make peers")
	}
	dir, err := os.MkdirTemp("", "soak-chromium-")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := chromedp.NewExecAllocator(context.Background(),
		chromedp.ExecPath("chromium"), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.UserDataDir(dir),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.Flag("hide-scrollbars", true))
	ctx, cancel := chromedp.NewContext(ctx)
	t.Cleanup(func() {
		cancel()
		stop()
		waitFor(t, "the browser's folder to be let go", func() bool { return os.RemoveAll(dir) == nil })
	})
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return browser{ctx}
}

// screen is what a person looks at.
type screen struct {
	name          string
	width, height int64
	phone, dark   bool
}

var screens = []screen{
	{"desktop light", 1280, 900, false, false}, {"desktop dark", 1280, 900, false, true},
	{"phone light", 390, 844, true, false}, {"phone dark", 390, 844, true, true},
}

// tab is a tab whose every complaint and every request is noted.
type tab struct {
	t    testing.TB
	ctx  context.Context
	host string
	name string

	mu       sync.Mutex
	problems []string
	received float64 // bytes that came over the network
}

// open opens a tab that may ask nothing but the server at base.
func (b browser) open(t testing.TB, s screen, base string) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx)
	t.Cleanup(cancel)
	ctx, stop := context.WithTimeout(ctx, 3*time.Minute)
	t.Cleanup(stop)
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	p := &tab{t: t, ctx: ctx, host: u.Host, name: s.name}
	p.must(chromedp.Listen(ctx, p.note))
	scheme := "light"
	if s.dark {
		scheme = "dark"
	}
	_, err = chromedp.Call(ctx, cdplog.Enable, cdp.Empty{})
	p.must(err)
	_, err = chromedp.Call(ctx, network.Enable, network.EnableParams{})
	p.must(err)
	_, err = chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
	p.must(err)
	viewport := chromedp.EmulateViewport(s.width, s.height)
	if s.phone {
		viewport = chromedp.EmulateViewport(s.width, s.height, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulateScale(2))
	}
	p.must(chromedp.Do(ctx, viewport))
	t.Cleanup(p.check)
	return p
}

func (p *tab) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// note takes down what a browser should have nothing to say about.
func (p *tab) note(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		p.problems = append(p.problems, fmt.Sprintf("console: %s", e.Type))
	case *runtime.EventExceptionThrown:
		p.problems = append(p.problems, "exception: "+e.ExceptionDetails.Text+" "+e.ExceptionDetails.Exception.Description)
	case *cdplog.EventEntryAdded:
		p.problems = append(p.problems, fmt.Sprintf("log: %s %s", e.Entry.Text, e.Entry.URL))
	case *network.EventRequestWillBeSent:
		u, err := url.Parse(e.Request.URL)
		if err != nil || u.Scheme != "data" && u.Scheme != "file" && u.Scheme != "blob" && u.Host != p.host {
			p.problems = append(p.problems, "outside request: "+e.Request.URL)
		}
	case *network.EventLoadingFinished:
		p.received += e.EncodedDataLength
	}
}

func (p *tab) check() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, problem := range p.problems {
		p.t.Errorf("%s: %s", p.name, problem)
	}
}

func (p *tab) visit(address string) {
	p.t.Helper()
	p.must(chromedp.Do(p.ctx, chromedp.Navigate(address)))
}

// wait waits until an expression holds in the page.
func (p *tab) wait(what, expression string) {
	p.t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		held, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool]("!!("+expression+")"))
		if err == nil && held {
			return
		}
		if time.Now().After(deadline) {
			p.shoot("failed")
			text, _ := chromedp.Run(p.ctx, chromedp.Evaluate[string]("document.body.innerText.slice(0, 2000)"))
			p.t.Fatalf("%s: in vain waited for %s (%s), %v; the page shows:\n%s", p.name, what, expression, err, text)
		}
		<-time.After(20 * time.Millisecond)
	}
}

// run runs a statement in the page.
func (p *tab) run(statement string) {
	p.t.Helper()
	_, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool]("(() => { "+statement+"; return true })()"))
	p.must(err)
}

func (p *tab) number(expression string) float64 {
	p.t.Helper()
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[float64](expression))
	p.must(err)
	return v
}

func (p *tab) press(keys string) {
	p.t.Helper()
	p.must(chromedp.Do(p.ctx, chromedp.KeyEvent(keys)))
}

// shoot keeps a picture of what is seen in the folder that SOAK_SHOTS names, for
// people to look at.
func (p *tab) shoot(name string) {
	p.t.Helper()
	dir := os.Getenv("SOAK_SHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	p.must(err)
	p.must(os.WriteFile(filepath.Join(dir, strings.ReplaceAll(p.name+" "+name, " ", "_")+".png"), png, 0o644))
}

// startPages starts soak web on a folder and returns its address with the token in it.
func startPages(t testing.TB, dir string) string {
	t.Helper()
	cmd := exec.Command(binary, "web", "--dir", dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Signal(os.Interrupt); _ = cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

// jsNumber writes a number as JavaScript reads it.
func jsNumber(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
