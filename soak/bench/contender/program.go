package contender

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"soakmon/soak"
	"soakmon/soak/peer"
	"soakmon/soak/runner"
	"soakmon/soak/supervise"
)

// program is a real server or client on the command line: NAME, or NAME=PATH for
// another build of it, such as sing-box=/tmp/new/sing-box.
type program struct{ name, path string }

func parseProgram(text string) program {
	name, path, _ := strings.Cut(text, "=")
	return program{name, path}
}

// label names it in the table.
func (p program) label() string {
	if p.path != "" {
		return p.path
	}
	return p.name
}

// setup finds what to start the server with. A bare program stands for all of
// its protocols.
func (p program) setup() (peer.Setup, error) {
	if s, err := peer.Lookup(p.name + "-all"); err == nil {
		return s, nil
	}
	return peer.Lookup(p.name)
}

// startSetup writes a setup with new keys to a folder of its own and starts it.
// The plan's loads are aimed at it.
func (b *Set) startSetup(ctx context.Context, p program) (_ soak.Plan, _ *supervise.Target, err error) {
	setup, err := p.setup()
	if err != nil {
		return soak.Plan{}, nil, err
	}
	if _, ok := peer.Find(setup.Program.Name); !ok && p.path == "" {
		return soak.Plan{}, nil, fmt.Errorf("%s is not installed here; get it with: %s", setup.Program.Name, setup.Program.Get)
	}
	dir, err := b.folder()
	if err != nil {
		return soak.Plan{}, nil, err
	}
	if _, err := setup.Write(dir); err != nil {
		return soak.Plan{}, nil, err
	}
	return startPlan(ctx, dir, p)
}

// folder is a new one that is removed in the end.
func (b *Set) folder() (string, error) {
	dir, err := os.MkdirTemp("", "soak-bench-")
	if err == nil {
		b.later(func() error { return os.RemoveAll(dir) })
	}
	return dir, err
}

// startPlan starts the target of a plan, with another build of its program if p
// has a path.
func startPlan(ctx context.Context, path string, p program) (soak.Plan, *supervise.Target, error) {
	planned, _, err := runner.LoadPlan(path)
	if err != nil {
		return planned, nil, err
	}
	if p.path != "" {
		if planned.Target.Command[0], err = filepath.Abs(p.path); err != nil {
			return planned, nil, err
		}
	}
	target, err := supervise.NewTarget(ctx, planned.Target, runner.TargetOptions(planned))
	if err != nil {
		return planned, nil, fmt.Errorf("%s: %w", path, err)
	}
	if err := runner.Aim(&planned, target); err != nil {
		_ = target.Close(context.Background())
		return planned, nil, fmt.Errorf("%s: %w", path, err)
	}
	return planned, target, nil
}
