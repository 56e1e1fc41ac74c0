package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/google/pprof/driver"
	"github.com/google/pprof/profile"

	"soakmon/profiles"
	"soakmon/soak"
	"soakmon/soak/plan"
)

// serve opens google/pprof's pages over the stored snapshots: the last one, less
// the first one.
func (f profileFlags) serve(s streams, r *stored, from, to time.Duration) error {
	first, last, err := f.ends(r, from, to)
	if err != nil {
		return err
	}
	address, err := listenAddress(f.http)
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	defer ln.Close()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	fmt.Fprintf(s.out, "http://%s/ui/ shows %s at %s less that at %s · Ctrl-C ends it\n", ln.Addr(), f.kind, last.At.Round(time.Second), first.At.Round(time.Second))
	return driver.PProf(&driver.Options{
		Flagset: &pprofFlags{FlagSet: flag.NewFlagSet("pprof", flag.ContinueOnError), args: []string{"-http=" + ln.Addr().String(), "-no_browser", "-symbolize=none", "-diff_base=first", "last"}},
		Fetch:   snapshotPair{r, map[string]soak.ProfileMeta{"first": first, "last": last}},
		HTTPServer: func(a *driver.HTTPServerArgs) error {
			return servePages(ctx, ln, a.Handlers)
		},
		UI: quietUI{s},
	})
}

// ends are the first and the last snapshot of a stretch.
func (f profileFlags) ends(r *stored, from, to time.Duration) (first, last soak.ProfileMeta, err error) {
	metas, err := r.Profiles()
	if err != nil {
		return first, last, err
	}
	n := 0
	for _, m := range metas {
		if m.Kind != f.kind || m.Process != f.process || m.At < from || m.At > to {
			continue
		}
		if n++; n == 1 {
			first = m
		}
		last = m
	}
	if n < 2 {
		return first, last, fmt.Errorf("the run has %d %s profiles of the %s in this stretch; two are compared", n, f.kind, f.process)
	}
	return first, last, nil
}

// listenAddress reads HOST:PORT; a bare :PORT means 127.0.0.1, and 0 is any port.
func listenAddress(text string) (string, error) {
	if text == ":0" || text == "0" {
		return "127.0.0.1:0", nil
	}
	address, err := plan.ParseAddress(text)
	if err != nil {
		return "", fmt.Errorf("--http %s: %w", text, err)
	}
	return address, nil
}

func servePages(ctx context.Context, ln net.Listener, handlers map[string]http.Handler) error {
	mux := http.NewServeMux()
	for pattern, h := range handlers {
		if pattern == "/" {
			pattern = "/ui/"
			mux.Handle("/{$}", http.RedirectHandler("/ui/", http.StatusFound))
		}
		mux.Handle("/ui"+trimUI(pattern), http.StripPrefix("/ui", h))
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		<-ctx.Done()
		server.Close()
	}()
	if err := server.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func trimUI(pattern string) string {
	if pattern == "/ui/" {
		return "/"
	}
	return pattern
}

// snapshotPair gives google/pprof two stored snapshots by name.
type snapshotPair struct {
	run   *stored
	metas map[string]soak.ProfileMeta
}

// Fetch implements driver.Fetcher.
func (p snapshotPair) Fetch(name string, _, _ time.Duration) (*profile.Profile, string, error) {
	m, ok := p.metas[name]
	if !ok {
		return nil, "", fmt.Errorf("there is no snapshot %q", name)
	}
	b, err := p.run.Profile(m.ID)
	if err != nil {
		return nil, "", err
	}
	parsed, err := profiles.Parse(b)
	return parsed, "", err // with a URL, it would keep a copy in the home folder
}

// pprofFlags gives google/pprof its arguments.
type pprofFlags struct {
	*flag.FlagSet
	args []string
}

// StringList implements driver.FlagSet.
func (f *pprofFlags) StringList(name, _, usage string) *[]*string {
	list := &[]*string{}
	f.Func(name, usage, func(v string) error {
		*list = append(*list, &v)
		return nil
	})
	return list
}

// ExtraUsage implements driver.FlagSet.
func (f *pprofFlags) ExtraUsage() string { return "" }

// AddExtraUsage implements driver.FlagSet.
func (f *pprofFlags) AddExtraUsage(string) {}

// Parse implements driver.FlagSet.
func (f *pprofFlags) Parse(usage func()) []string {
	f.Usage = usage
	if f.FlagSet.Parse(f.args) != nil {
		return nil
	}
	return f.Args()
}

// quietUI keeps google/pprof from talking, but for errors.
type quietUI struct{ s streams }

func (quietUI) ReadLine(string) (string, error)     { return "", errors.New("nobody types here") }
func (quietUI) Print(...any)                        {}
func (u quietUI) PrintErr(args ...any)              { fmt.Fprintln(u.s.err, args...) }
func (quietUI) IsTerminal() bool                    { return false }
func (quietUI) WantBrowser() bool                   { return false }
func (quietUI) SetAutoComplete(func(string) string) {}
