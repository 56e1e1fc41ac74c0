package supervise

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

// family is all children of this process. There is one of it, because being a
// subreaper, SIGCHLD and waiting belong to the process as a whole.
type family struct {
	mu       sync.Mutex
	children map[*Child]bool
	stop     context.CancelFunc // ends the reaper
	reaping  chan struct{}      // closed when the reaper has ended
}

var house = family{children: map[*Child]bool{}}

// start starts the child's command and makes it a member. Both happen under
// the lock: a look at the tree in between would take the child for a stray.
func (f *family) start(c *Child) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := becomeSubreaper(); err != nil {
		return err
	}
	if err := c.cmd.Start(); err != nil {
		return err
	}
	p, err := readProc(c.cmd.Process.Pid) // not waited for yet: it is there, if only as a zombie
	if err != nil {
		return errors.Join(err, c.cmd.Process.Kill(), c.cmd.Wait())
	}
	c.ident = p.ident
	if len(f.children) == 0 {
		ctx, cancel := context.WithCancel(context.Background())
		f.stop, f.reaping = cancel, make(chan struct{})
		go f.reap(ctx, f.reaping)
	}
	f.children[c] = true
	return nil
}

func (f *family) remove(c *Child) {
	f.mu.Lock()
	last := f.children[c] && len(f.children) == 1
	delete(f.children, c)
	stop, reaping := f.stop, f.reaping
	f.mu.Unlock()
	if last {
		stop()
		<-reaping
	}
}

// reap looks at the tree whenever a child of this process has ended, at most
// once a second, so that orphans that came to us do not stay as zombies.
func (f *family) reap(ctx context.Context, done chan<- struct{}) {
	defer close(done)
	died := make(chan os.Signal, 1)
	signal.Notify(died, syscall.SIGCHLD)
	defer signal.Stop(died)
	for {
		select {
		case <-ctx.Done():
			return
		case <-died:
		}
		f.mu.Lock()
		f.look()
		f.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Second):
		}
	}
}

// kin is the child and all that it started and that has not ended.
func (f *family) kin(c *Child) ([]proc, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	kin, err := f.look()
	return kin[c], err
}

// follow keeps the reaper off a process that the caller will wait for.
func (f *family) follow(c *Child, id ident) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c.followed = id
}

// look reads the tree, tells every process to its child, remembers it, and
// reaps orphans that have ended. The lock is held.
func (f *family) look() (map[*Child][]proc, error) {
	all, err := readTree()
	if err != nil {
		return nil, err
	}
	byMember := make(map[*member]*Child, len(f.children))
	members := make([]*member, 0, len(f.children))
	for c := range f.children {
		byMember[&c.member] = c
		members = append(members, &c.member)
	}
	self := os.Getpid()
	kin := map[*Child][]proc{}
	known := map[*member]map[ident]bool{}
	for _, p := range all {
		m := kinOf(p, all, self, members, environMarks)
		if m == nil || m.reaped(p, self) {
			continue
		}
		if known[m] == nil {
			known[m] = map[ident]bool{}
		}
		known[m][p.ident] = true
		kin[byMember[m]] = append(kin[byMember[m]], p)
	}
	for _, m := range members {
		m.known = known[m]
	}
	return kin, nil
}

// reaped waits for p where it is a zombie that came to us and that nobody else
// waits for.
func (m *member) reaped(p proc, self int) bool {
	if !p.zombie() || p.ppid != self || p.ident == m.ident || p.ident == m.followed {
		return false
	}
	_, err := waitFor(p.pid)
	return err == nil
}
