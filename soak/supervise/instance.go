package supervise

import (
	"context"
	"os"
	"slices"
	"time"

	"soakmon/soak/procfs"
)

// instance is one life of the target, from its start to its exit.
type instance struct {
	child   *Child    // nil where the process was attached to
	handle  *handle   // of the leader, where that is not the child itself
	leader  procfs.ID // root of what is sampled
	serving procfs.ID // the process that serves, as far as it is known
	hello   Hello
	tail    tail
	began   time.Time
}

// wait returns how the leader ended, or ctx's error.
func (in *instance) wait(ctx context.Context) (Exit, error) {
	if in.handle == nil {
		select {
		case <-ctx.Done():
			return Exit{}, ctx.Err()
		case <-in.child.Done():
			within(in.child.quiet, 200*time.Millisecond) // for its last words
			return in.child.Exit(), nil
		}
	}
	if err := in.handle.wait(ctx); err != nil {
		return Exit{}, err
	}
	if in.child == nil {
		return Exit{}, nil
	}
	exit, err := waitFor(in.leader.PID)
	if err != nil {
		return Exit{}, nil // its own parent has waited for it
	}
	return exit, nil
}

// ended reports whether the leader has ended, without waiting.
func (in *instance) ended() (Exit, bool) {
	if in.handle == nil {
		select {
		case <-in.child.Done():
		default:
			return Exit{}, false
		}
	} else if p, err := proc.Stat(in.leader.PID); err == nil && p.ID == in.leader && !p.Ended() {
		return Exit{}, false
	}
	exit, err := in.wait(context.Background())
	return exit, err == nil
}

// daemon finds the process that a child left in the background: the child ended
// with code 0, and the oldest living orphan of its tree is the daemon. ok is false
// where there is none.
func (in *instance) daemon() (p procfs.Stat, h *handle, ok bool) {
	tree, err := in.child.scanTwice()
	self := os.Getpid()
	tree = slices.DeleteFunc(tree, func(p procfs.Stat) bool { return p.Parent != self || p.Ended() || p.ID == in.child.ID })
	if err != nil || len(tree) == 0 {
		return procfs.Stat{}, nil, false
	}
	p = slices.MinFunc(tree, procfs.ByAge)
	h, err = openHandle(p.ID)
	if err != nil {
		return procfs.Stat{}, nil, false
	}
	children.await(in.child, p.ID)
	return p, h, true
}

// lead makes another process the leader.
func (in *instance) lead(id procfs.ID, h *handle) {
	in.drop()
	in.handle, in.leader, in.serving = h, id, id
}

func (in *instance) drop() {
	if in.handle != nil {
		in.handle.Close()
		in.handle = nil
	}
}

// end stops a started target with its tree; an attached process continues.
func (in *instance) end(ctx context.Context) error {
	defer in.drop()
	if in.child == nil {
		return nil
	}
	children.await(in.child, procfs.ID{}) // the reaper may wait for it now
	return in.child.Stop(ctx)
}
