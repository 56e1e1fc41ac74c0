package profiles

import (
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/google/pprof/driver"
	"github.com/google/pprof/profile"
)

// shown are the pages of pprof's web interface that only show the profile. The others
// read files of this machine or write settings.
var shown = []string{"/flamegraph", "/top", "/peek", "/graph", "/download"}

// driving guards pprof's driver, which keeps its settings in global variables.
var driving sync.Mutex

// Pages serves pprof's web interface for a profile, or for its growth over base if
// that is not nil. It opens at the flame graph. Links are relative, so it can be
// served under any prefix that ends in a slash, with the prefix stripped.
func Pages(title string, data, base []byte) (http.Handler, error) {
	p, err := grown(data, base)
	if err != nil {
		return nil, fmt.Errorf("profile %s: %w", title, err)
	}
	pages := http.NewServeMux()
	driving.Lock()
	defer driving.Unlock()
	err = driver.PProf(&driver.Options{
		Flagset: &arguments{set: flag.NewFlagSet("pprof", flag.ContinueOnError), title: title},
		Fetch:   fetched{p}, UI: &silent{},
		HTTPServer: func(a *driver.HTTPServerArgs) error {
			for _, path := range shown {
				pages.Handle(path, guarded(path, a.Handlers[path]))
			}
			return nil
		},
	})
	pages.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "flamegraph") // relative, so that the prefix stays
		w.WriteHeader(http.StatusFound)
	})
	return pages, err
}

// grown parses a profile and subtracts a base.
func grown(data, base []byte) (*profile.Profile, error) {
	p, err := Parse(data)
	if err != nil || base == nil {
		return p, err
	}
	b, err := Parse(base)
	if err != nil {
		return nil, err
	}
	b.Scale(-1)
	return profile.Merge([]*profile.Profile{b, p})
}

// guarded reports a missing dot program clearly, and serves one request at a time.
func guarded(path string, page http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := exec.LookPath("dot"); path == "/graph" && err != nil {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.WriteHeader(http.StatusNotImplemented)
			fmt.Fprint(w, `<!doctype html><title>graph</title><p>The graph is drawn by dot, which is not installed (Debian: apt install graphviz).</p><p><a href="flamegraph">The flame graph</a> needs nothing else.</p>`)
			return
		}
		driving.Lock()
		defer driving.Unlock()
		page.ServeHTTP(w, r)
	})
}

// fetched is a fetcher of a profile in memory.
type fetched struct{ profile *profile.Profile }

// Fetch implements [driver.Fetcher].
func (f fetched) Fetch(string, time.Duration, time.Duration) (*profile.Profile, string, error) {
	return f.profile, "", nil
}

// arguments is the command line of pprof.
type arguments struct {
	set   *flag.FlagSet
	title string
}

// Bool, Int, Float64, String and StringList implement [driver.FlagSet].
func (a *arguments) Bool(name string, def bool, usage string) *bool {
	return a.set.Bool(name, def, usage)
}
func (a *arguments) Int(name string, def int, usage string) *int { return a.set.Int(name, def, usage) }
func (a *arguments) Float64(name string, def float64, usage string) *float64 {
	return a.set.Float64(name, def, usage)
}
func (a *arguments) String(name string, def string, usage string) *string {
	return a.set.String(name, def, usage)
}
func (a *arguments) StringList(name string, _ string, usage string) *[]*string {
	list := &[]*string{}
	a.set.Func(name, usage, func(v string) error { *list = append(*list, &v); return nil })
	return list
}
func (a *arguments) ExtraUsage() string   { return "" }
func (a *arguments) AddExtraUsage(string) {}

// Parse returns the arguments of pprof's command line.
func (a *arguments) Parse(func()) []string {
	if a.set.Parse([]string{"-http=localhost:1", "-no_browser", "-symbolize=none", strings.ReplaceAll(a.title, " ", "_")}) != nil {
		return nil
	}
	return a.set.Args()
}

// silent is a user interface without a user.
type silent struct{}

func (s *silent) ReadLine(string) (string, error) { return "", errors.New("there is no user to ask") }
func (s *silent) Print(...any)                    {}
func (s *silent) PrintErr(...any)                 {}
func (s *silent) IsTerminal() bool                { return false }
func (s *silent) WantBrowser() bool               { return false }
func (s *silent) SetAutoComplete(func(string) string) {
}
