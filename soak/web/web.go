// Package web serves the web UI: the list of runs, a run with its charts (live
// while it is running), runs compared, the history of a plan, and the flame
// graphs of stored profiles. It shows the report value and judges nothing itself.
//
// The server reduces series to the resolution that the browser shows, and the
// browser requests only that. A page never loads anything from another host, and
// a strict Content-Security-Policy forbids it; pprof's pages, whose scripts are
// inline, have a separate policy under /pprof/. Everything is read-only except
// the commands to a running monitor, which need the token. On an address other
// than loopback every request needs it.
package web

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"iter"
	"net/http"
	"time"

	"soakmon/soak"
	"soakmon/soak/report"
)

// Runs is the place where runs are stored.
type Runs interface {
	// List returns all runs, newest first.
	List() ([]Entry, error)
	// Open opens a run by its id; of a running run it opens a copy. The id comes
	// from a browser and may be anything. The error is [fs.ErrNotExist] if there
	// is no such run. The Run of a failed call is ignored.
	Open(id string) (Run, error)
	// Live yields the status of a running run at every change, as JSON.
	Live(ctx context.Context, id string) iter.Seq2[[]byte, error]
	// Do gives an order to the monitor of a running run.
	Do(ctx context.Context, id string, o soak.Order) error
}

// Run is an open run.
type Run interface {
	report.Source
	Running() bool
	Close() error
}

// Entry is a run in the list.
type Entry struct {
	ID      string
	Name    string
	Start   time.Time
	Running bool
	Size    int64  // bytes
	Error   string // why the run cannot be read; "" if it can
}

// Judge judges an open run.
type Judge func(Run) (report.Report, error)

// Options control who may use the server.
type Options struct {
	Token   string   // needed for commands; if Hosts is empty, for every request
	Hosts   []string // Host headers that are accepted, with port; empty accepts any
	Version string   // of soak, shown in the footer
}

//go:embed assets
var assets embed.FS

var shells = template.Must(template.ParseFS(assets, "assets/*.tmpl"))

// Server serves the pages.
type Server struct {
	runs    Runs
	options Options
	opened  *opened
	lives   *lives
	pprof   *flames
	handler http.Handler
}

// New makes a server.
func New(runs Runs, judge Judge, o Options) *Server {
	s := &Server{runs: runs, options: o, opened: newOpened(runs, judge), lives: newLives(runs)}
	s.pprof = newFlames(s.opened)
	s.handler = s.guard(s.routes())
	return s
}

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Close closes the runs that are open.
func (s *Server) Close() { s.opened.close() }

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.shell("list", "Runs"))
	mux.HandleFunc("GET /run/{id}", s.shell("run", ""))
	mux.HandleFunc("GET /compare", s.shell("compare", "Compare runs"))
	mux.HandleFunc("GET /history/{name}", s.shell("history", ""))
	mux.HandleFunc("GET /api/runs", s.list)
	mux.HandleFunc("GET /api/runs/{id}/summary", s.summary)
	mux.HandleFunc("GET /api/runs/{id}/section", s.section)
	mux.HandleFunc("GET /api/runs/{id}/board", s.board)
	mux.HandleFunc("GET /api/runs/{id}/charts", s.charts)
	mux.HandleFunc("GET /api/runs/{id}/live", s.live)
	mux.HandleFunc("POST /api/runs/{id}/{action}", s.do)
	mux.HandleFunc("GET /api/compare", s.compare)
	mux.HandleFunc("GET /pprof/{id}/{spec}/", s.pprof.serve)
	mux.Handle("GET /assets/", s.files())
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	return zipped(mux)
}

// files serves the assets of the report and of the web UI. A browser caches them
// and revalidates them by their entity tags.
func (s *Server) files() http.Handler {
	shared, own := http.FileServerFS(report.Assets), http.FileServerFS(assets)
	sharedTags, ownTags := tags(report.Assets), tags(assets)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-cache")
		name := r.URL.Path[1:]
		if tag, known := ownTags[name]; known {
			w.Header().Set("ETag", tag)
			own.ServeHTTP(w, r)
			return
		}
		if tag, known := sharedTags[name]; known {
			w.Header().Set("ETag", tag)
		}
		shared.ServeHTTP(w, r)
	})
}

// tags returns the entity tags of the files in an embedded file system.
func tags(files embed.FS) map[string]string {
	all := map[string]string{}
	err := fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := files.ReadFile(path)
		all[path] = fmt.Sprintf(`W/"%x"`, sha256.Sum256(data))
		return err
	})
	if err != nil {
		panic(err) // reading embedded files cannot fail
	}
	return all
}

// shell serves a page that its script fills. The page of a run ends with the data
// of its charts: the browser loads scripts and styles while they are computed.
func (s *Server) shell(page, title string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		name := title
		if name == "" {
			name = r.PathValue("id") + r.PathValue("name")
		}
		_ = shells.ExecuteTemplate(w, "shell", map[string]any{ // it fails only if the browser has gone
			"Page": page, "Title": name, "Subject": r.PathValue("id") + r.PathValue("name"), "MayAct": s.authorized(r), "Version": s.options.Version,
			"Actions": soak.RemoteOrders,
		})
		if page == "run" {
			_ = http.NewResponseController(w).Flush()
			s.first(w, r)
		}
		_, _ = io.WriteString(w, "</body>\n</html>\n")
	}
}

// first writes the charts that are shown first into the page, as JSON.
func (s *Server) first(w io.Writer, r *http.Request) {
	var data any
	data, err := s.boardFor(r)
	if err != nil {
		data = failure(err)
	}
	_, _ = io.WriteString(w, `<script type="application/json" id="first">`)
	_ = json.NewEncoder(w).Encode(data) // escapes <, > and & for HTML
	_, _ = io.WriteString(w, "</script>\n")
}
