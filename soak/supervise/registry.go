package supervise

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"sync"
	"time"

	"soakmon/soak/procfs"
)

// registry is all children of this process, and the goroutine that reaps
// orphans while there are any.
type registry struct {
	mu      sync.Mutex
	all     map[*Child]bool
	stop    context.CancelFunc // ends the reaper
	reaping chan struct{}      // closed when the reaper has ended
}

// children is the only registry. It cannot be a value of the caller: the kernel
// has one subreaper flag, one SIGCHLD and one set of children per process, so two
// registries would reap each other's orphans.
var children = registry{all: map[*Child]bool{}}

// start starts the child's command and registers it. Both happen under the lock:
// a scan in between would take the child for an orphan.
func (r *registry) start(c *Child) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := becomeSubreaper(); err != nil {
		return err
	}
	if err := c.cmd.Start(); err != nil {
		return err
	}
	p, err := proc.Stat(c.cmd.Process.Pid) // not waited for yet: it is there, if only as a zombie
	if err != nil {
		return errors.Join(err, c.cmd.Process.Kill(), c.cmd.Wait())
	}
	c.ID = p.ID
	if len(r.all) == 0 {
		ctx, cancel := context.WithCancel(context.Background())
		r.stop, r.reaping = cancel, make(chan struct{})
		go r.reap(ctx, r.reaping)
	}
	r.all[c] = true
	return nil
}

func (r *registry) remove(c *Child) {
	r.mu.Lock()
	last := r.all[c] && len(r.all) == 1
	delete(r.all, c)
	stop, reaping := r.stop, r.reaping
	r.mu.Unlock()
	if last {
		stop()
		<-reaping
	}
}

// reap scans the processes when a child of this process has ended, at most once
// a second, so that orphans that came to us do not stay zombies.
func (r *registry) reap(ctx context.Context, done chan<- struct{}) {
	defer close(done)
	died := make(chan os.Signal, 1)
	notifyExits(died)
	defer signal.Stop(died)
	for {
		select {
		case <-ctx.Done():
			return
		case <-died:
		}
		r.mu.Lock()
		r.scan()
		r.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Second):
		}
	}
}

// tree lists the child and everything that it started and that has not been
// reaped.
func (r *registry) tree(c *Child) ([]procfs.Stat, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	trees, err := r.scan()
	return trees[c], err
}

// await keeps the reaper off a process that the caller will wait for.
func (r *registry) await(c *Child, id procfs.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c.awaited = id
}

// scan reads all processes, assigns each to its tree and remembers that, and
// reaps orphans that have ended. The lock is held.
func (r *registry) scan() (map[*Child][]procfs.Stat, error) {
	all, err := readSnapshot()
	if err != nil {
		return nil, err
	}
	childOf := make(map[*treeRoot]*Child, len(r.all))
	roots := make([]*treeRoot, 0, len(r.all))
	for c := range r.all {
		childOf[&c.treeRoot] = c
		roots = append(roots, &c.treeRoot)
	}
	self := os.Getpid()
	trees := map[*Child][]procfs.Stat{}
	known := map[*treeRoot]map[procfs.ID]bool{}
	for _, p := range all {
		root := treeOf(p, all, self, roots, environMarks)
		if root == nil || root.reaped(p, self) {
			continue
		}
		if known[root] == nil {
			known[root] = map[procfs.ID]bool{}
		}
		known[root][p.ID] = true
		trees[childOf[root]] = append(trees[childOf[root]], p)
	}
	for _, root := range roots {
		root.known = known[root]
	}
	return trees, nil
}

// reaped waits for p where it has ended, came to us as an orphan, and nobody
// else waits for it.
func (r *treeRoot) reaped(p procfs.Stat, self int) bool {
	if !p.Ended() || p.Parent != self || p.ID == r.ID || p.ID == r.awaited {
		return false
	}
	_, err := waitFor(p.PID)
	return err == nil
}
