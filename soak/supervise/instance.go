package supervise

import (
	"context"
	"os"
	"slices"
	"time"
)

// instance is one life of the target, from its start to its exit.
type instance struct {
	child   *Child  // nil where the process was attached to
	handle  *handle // of the leader, where that is not the child itself
	leader  ident   // root of what is sampled
	serving ident   // the process that really serves, as far as it is known
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
	exit, err := waitFor(in.leader.pid)
	if err != nil {
		return Exit{}, nil // its own parent has waited for it
	}
	return exit, nil
}

// ended tells whether the leader has ended, without waiting.
func (in *instance) ended() (Exit, bool) {
	if in.handle == nil {
		select {
		case <-in.child.Done():
		default:
			return Exit{}, false
		}
	} else if p, err := readProc(in.leader.pid); err == nil && p.ident == in.leader && !p.zombie() {
		return Exit{}, false
	}
	exit, err := in.wait(context.Background())
	return exit, err == nil
}

// daemon finds what a child left behind that put itself into the background:
// it ended well and a process that it started lives on as an orphan, the oldest
// of them is the daemon. False where there is none.
func (in *instance) daemon() (proc, *handle, bool) {
	kin, err := in.child.lookTwice()
	self := os.Getpid()
	kin = slices.DeleteFunc(kin, func(p proc) bool { return p.ppid != self || p.zombie() || p.ident == in.child.ident })
	if err != nil || len(kin) == 0 {
		return proc{}, nil, false
	}
	p := slices.MinFunc(kin, byAge)
	h, err := openHandle(p.ident)
	if err != nil {
		return proc{}, nil, false
	}
	house.follow(in.child, p.ident)
	return p, h, true
}

// lead makes another process the leader.
func (in *instance) lead(id ident, h *handle) {
	in.drop()
	in.handle, in.leader, in.serving = h, id, id
}

func (in *instance) drop() {
	if in.handle != nil {
		in.handle.Close()
		in.handle = nil
	}
}

// end stops what was started; an attached process goes on.
func (in *instance) end(ctx context.Context) error {
	defer in.drop()
	if in.child == nil {
		return nil
	}
	house.follow(in.child, ident{}) // the reaper may have it
	return in.child.Stop(ctx)
}
