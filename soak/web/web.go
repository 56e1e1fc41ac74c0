// Package web is the page: the list of runs, a run with its charts, live where it
// goes on, runs over each other, nights in a row, and the flame graphs of what
// was stored. It shows the report value and has no judgement of its own.
//
// The server reduces series to what the browser shows; the browser asks for
// that alone. Nothing is ever asked of another host, and a strict policy forbids
// it (Content-Security-Policy); the pages of pprof, whose scripts are inline,
// have a policy of their own below /pprof/. All is read-only but for the orders
// to a running monitor, which need the token; away from loopback everything does.
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

// Runs is where the runs are.
type Runs interface {
	// List gives all runs, newest first.
	List() ([]Entry, error)
	// Open opens a run by its id, a copy of it where it goes on.
	Open(id string) (Run, error)
	// Live gives the status of a running run at every change, as JSON.
	Live(ctx context.Context, id string) iter.Seq2[[]byte, error]
	// Do gives a running run's monitor an order.
	Do(ctx context.Context, id string, o soak.Order) error
}

// Run is a run that is open.
type Run interface {
	report.Source
	Profile(id uint64) ([]byte, error)
	Running() bool
	Close() error
}

// Entry is a run in the list.
type Entry struct {
	ID      string
	Name    string
	Start   time.Time
	Running bool
	Size    int64  // bytes; with the time it tells whether the file is as it was
	Error   string // why it cannot be read
}

// Judge judges an open run.
type Judge func(Run) (report.Report, error)

// Options say who may look.
type Options struct {
	Token   string   // for orders, and where Open is not set for everything
	Hosts   []string // that a request may name, with port; empty: any, and then everything needs the token
	Version string
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

// Close lets go of the runs that are open.
func (s *Server) Close() { s.opened.close() }

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.shell("list", "Runs"))
	mux.HandleFunc("GET /run/{id}", s.shell("run", ""))
	mux.HandleFunc("GET /compare", s.shell("compare", "Runs over each other"))
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

// files serves the assets of the report and of the page. A browser keeps them,
// and asks whether they are as they were.
func (s *Server) files() http.Handler {
	shared, own := http.FileServerFS(report.Assets), http.FileServerFS(assets)
	theirs, ours := tags(report.Assets), tags(assets)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-cache")
		name := r.URL.Path[1:]
		if tag, known := ours[name]; known {
			w.Header().Set("ETag", tag)
			own.ServeHTTP(w, r)
			return
		}
		if tag, known := theirs[name]; known {
			w.Header().Set("ETag", tag)
		}
		shared.ServeHTTP(w, r)
	})
}

// tags are the entity tags of the files in a file system that is embedded.
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
		panic(err) // they are embedded
	}
	return all
}

// shell serves a page that fills itself. That of a run ends with its board: the
// browser reads and fetches what comes before while that is worked out.
func (s *Server) shell(page, title string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		name := title
		if name == "" {
			name = r.PathValue("id") + r.PathValue("name")
		}
		_ = shells.ExecuteTemplate(w, "shell", map[string]any{ // what fails is the reader's end
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

// first writes the board into the page, as data.
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
