// Package page serves the web UI of a folder of run files, in a process of its
// own: Start is the monitor's side and Serve the child's.
package page

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/net/netutil"

	"soakmon/alerts/detect"
	"soakmon/soak"
	"soakmon/soak/control"
	"soakmon/soak/report"
	"soakmon/soak/runs"
	"soakmon/soak/web"
	"soakmon/store"
)

// mostWebConnections bounds the memory that viewers can take.
const mostWebConnections = 256

// Serve serves the page until ctx ends, and first says where.
func Serve(ctx context.Context, dir, addr, version string, say io.Writer) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("--addr: %w", err)
	}
	at := l.Addr().(*net.TCPAddr)
	token := rand.Text()
	pages := web.New(folder{dir}, judgeRun, web.Options{Token: token, Hosts: hostsOf(at), Version: version})
	defer pages.Close()
	server := &http.Server{Handler: pages, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10, BaseContext: func(net.Listener) context.Context { return ctx }}
	fmt.Fprintf(say, "http://%s/?token=%s\n", shownHost(at), token)
	context.AfterFunc(ctx, func() { _ = server.Close() })
	if err := server.Serve(netutil.LimitListener(l, mostWebConnections)); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// hostsOf are the names by which a loopback server may be asked; none where it
// is not on loopback, and then the token is needed.
func hostsOf(at *net.TCPAddr) []string {
	if !at.IP.IsLoopback() {
		return nil
	}
	port := fmt.Sprint(at.Port)
	return []string{net.JoinHostPort("127.0.0.1", port), net.JoinHostPort("localhost", port), net.JoinHostPort("::1", port), at.String()}
}

// shownHost is what a person can open; a server on all addresses is asked by the
// machine's name.
func shownHost(at *net.TCPAddr) string {
	if !at.IP.IsUnspecified() {
		return at.String()
	}
	name, err := os.Hostname()
	if err != nil {
		return at.String()
	}
	return net.JoinHostPort(name, fmt.Sprint(at.Port))
}

func judgeRun(r web.Run) (report.Report, error) {
	return report.Build(r, detect.Judge{}, r.Running())
}

// folder is the run files in a folder.
type folder struct{ dir string }

// List implements [web.Runs].
func (f folder) List() ([]web.Entry, error) {
	entries, err := store.List(f.dir)
	out := make([]web.Entry, 0, len(entries))
	for _, e := range entries {
		w := web.Entry{ID: e.ID, Name: e.Run.Name, Start: e.Run.Start, Running: e.InUse, Size: e.Size}
		if e.Err != nil {
			w.Error = e.Err.Error()
		}
		out = append(out, w)
	}
	return out, err
}

// path returns the file of an id, which comes from a browser and may be anything.
// An id that cannot name a run is [fs.ErrNotExist], like one of a missing run.
func (f folder) path(id string) (string, error) {
	path := store.Path(f.dir, id)
	if id == "" || filepath.Base(path) != id+store.Ext || filepath.Dir(path) != filepath.Clean(f.dir) {
		return "", fmt.Errorf("invalid run id %q: %w", id, fs.ErrNotExist)
	}
	return path, nil
}

// Open implements [web.Runs].
func (f folder) Open(id string) (web.Run, error) {
	path, err := f.path(id)
	if err != nil {
		return nil, err
	}
	r, err := runs.Open(path)
	if err != nil {
		return nil, err // and never a nil *runs.Run in an interface that is not nil
	}
	return r, nil
}

// Live implements [web.Runs].
func (f folder) Live(ctx context.Context, id string) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		client, err := f.monitor(id)
		if err != nil {
			yield(nil, err)
			return
		}
		defer client.Close()
		for data, err := range client.Live(ctx) {
			if !yield(data, err) {
				return
			}
		}
	}
}

// Do implements [web.Runs].
func (f folder) Do(ctx context.Context, id string, o soak.Order) error {
	client, err := f.monitor(id)
	if err != nil {
		return err
	}
	defer client.Close()
	return client.Do(ctx, o)
}

func (f folder) monitor(id string) (*control.Client, error) {
	path, err := f.path(id)
	if err != nil {
		return nil, err
	}
	return control.Dial(path)
}
