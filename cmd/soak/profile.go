package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"soakmon/profiles"
	"soakmon/soak"
	"soakmon/soak/growth"
	"soakmon/soak/plan"
	"soakmon/soak/runs"
)

// profileFlags say which growth to show.
type profileFlags struct {
	growth.Query
	dir, format, output, http string
}

func profileCommand(s streams) *cobra.Command {
	f := profileFlags{}
	cmd := &cobra.Command{
		Use:   "profile [RUN]",
		Short: "Show which call sites, goroutines or descriptors of a run grow",
		Long: `Show which call sites, goroutines or descriptors of a run grow. Growth is the
robust slope over all snapshots, not the difference of two profiles.

In CPU profiles, code that grows under a constant load got slower. A plan requests
them with profiles: {kinds: [heap, goroutine, cpu]}.

With --http, the last snapshot opens in the web UI of google/pprof, compared with
the first.`,
		Example: `  soak profile last
  soak profile last --kind goroutine --by line
  soak profile last --kind cpu
  soak profile nightly --kind heap --base 1h --http :0
  soak profile last --format pprof -o growth.pb.gz && go tool pprof -top growth.pb.gz`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return runs.With(f.dir, runArg(args), func(r *runs.Run) error { return f.show(s, r) })
		},
	}
	dirFlag(cmd, &f.dir)
	formatFlag(cmd, &f.format, growth.Formats...)
	outputFlag(cmd, &f.output)
	flags := cmd.Flags()
	flags.StringVar(&f.Process, "process", soak.RoleTarget, "`PROCESS` whose profiles to show")
	flags.StringVar(&f.Kind, "kind", "heap", "`KIND` of profile: heap, allocs, goroutine, cpu, mutex, block or fds")
	flags.StringVar(&f.Base, "base", "start", "compare with `TIME`: start (of the steady load), or a time since the start of the run, such as 10m")
	flags.StringVar(&f.By, "by", string(profiles.ByFunction), "group by `UNIT`: function, line, package or stack")
	flags.IntVar(&f.Top, "top", 20, "show at most `N` places; 0 shows all")
	flags.StringVar(&f.http, "http", "", "serve the web UI of google/pprof on `HOST:PORT`; :0 takes a free port of 127.0.0.1")
	return cmd
}

func (f profileFlags) show(s streams, r *runs.Run) error {
	if err := f.Check(); err != nil {
		return err
	}
	if f.http != "" {
		return f.serve(s, r)
	}
	out, err := openOutput(s, f.output)
	if err != nil {
		return err
	}
	return errors.Join(f.Write(out, r, f.format), out.Close())
}

// serve serves the web UI of google/pprof for the last stored snapshot, compared
// with the first.
func (f profileFlags) serve(s streams, r *runs.Run) error {
	address, err := listenAddress(f.http)
	if err != nil {
		return err
	}
	pages, first, last, err := f.Pages(r)
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
	fmt.Fprintf(s.out, "http://%s/ui/ shows %s at %s compared with %s · stop it with Ctrl-C\n", ln.Addr(), f.Kind, last.At.Round(time.Second), first.At.Round(time.Second))
	return growth.Serve(ctx, ln, pages)
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
