package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"soakmon/profiles"
	"soakmon/soak"
	"soakmon/soak/plan"
	"soakmon/soak/runs"
)

// serve serves the web UI of google/pprof for the last stored snapshot, compared
// with the first.
func (f profileFlags) serve(s streams, r *runs.Run, from, to time.Duration) error {
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
	data, err := r.Profile(last.ID)
	if err != nil {
		return err
	}
	base, err := r.Profile(first.ID)
	if err != nil {
		return err
	}
	pages, err := profiles.Pages(f.kind, data, base)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "http://%s/ui/ shows %s at %s compared with %s · stop it with Ctrl-C\n", ln.Addr(), f.kind, last.At.Round(time.Second), first.At.Round(time.Second))
	return servePages(ctx, ln, pages)
}

// ends are the first and the last snapshot of a period.
func (f profileFlags) ends(r *runs.Run, from, to time.Duration) (first, last soak.ProfileMeta, err error) {
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
		return first, last, fmt.Errorf("the run has %d %s profiles of the %s in this period: a comparison needs two", n, f.kind, f.process)
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

func servePages(ctx context.Context, ln net.Listener, pages http.Handler) error {
	mux := http.NewServeMux()
	mux.Handle("/{$}", http.RedirectHandler("/ui/", http.StatusFound))
	mux.Handle("/ui/", http.StripPrefix("/ui", pages))
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
