package supervise

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"soakmon/soak/procfs"
)

const (
	killWait  = 10 * time.Second      // for the kernel to end what was killed
	scanEvery = 20 * time.Millisecond // for the tree, while it ends
)

// Stop ends the child and all that it started: it closes the child's standard
// input where it holds that and waits for half the grace, then sends SIGTERM
// to all, waits for the grace, then SIGKILL. It cuts the waiting short when ctx
// ends. The error names the processes that did not end. Further calls wait for the first
// and return the same.
func (c *Child) Stop(ctx context.Context) error {
	c.once.Do(func() { c.stopErr = c.end(ctx) })
	return c.stopErr
}

func (c *Child) end(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(c.ctx, cancel)()
	defer c.release()
	if c.stdin != nil {
		c.stdin.Close()
		if left, err := c.left(ctx, c.grace/2); len(left) == 0 && err == nil {
			return nil
		}
	}
	left, err := c.signal(ctx, syscall.SIGTERM, c.grace)
	for since := time.Now(); len(left) > 0 || err != nil; {
		if time.Since(since) > killWait {
			return errors.Join(fmt.Errorf("stop %s: %s did not end", c.cmd.Path, names(left)), err)
		}
		left, err = c.signal(context.Background(), syscall.SIGKILL, time.Second)
	}
	return nil
}

// signal sends sig to the tree, then waits for it to end.
func (c *Child) signal(ctx context.Context, sig syscall.Signal, wait time.Duration) ([]procfs.Stat, error) {
	tree, err := children.tree(c)
	for _, p := range tree {
		h, failed := openHandle(p.ID)
		if errors.Is(failed, errGone) {
			continue
		}
		if failed == nil {
			failed = errors.Join(h.signal(sig), h.Close())
		}
		err = errors.Join(err, failed)
	}
	left, scanErr := c.left(ctx, wait)
	if len(left) == 0 && scanErr == nil {
		return nil, nil
	}
	return left, errors.Join(err, scanErr)
}

// left waits at most d until the tree has ended, and returns the rest of it.
func (c *Child) left(ctx context.Context, d time.Duration) ([]procfs.Stat, error) {
	for end := time.After(d); ; {
		tree, err := c.scanTwice()
		if len(tree) == 0 && err == nil {
			return nil, nil
		}
		select {
		case <-ctx.Done():
			return tree, err
		case <-end:
			return tree, err
		case <-time.After(scanEvery):
		}
	}
}

// scanTwice returns the child's tree. An empty one must be seen twice, since a scan
// may miss a process that was just being orphaned.
func (c *Child) scanTwice() ([]procfs.Stat, error) {
	tree, err := children.tree(c)
	if len(tree) > 0 || err != nil {
		return tree, err
	}
	time.Sleep(scanEvery)
	return children.tree(c)
}

func (c *Child) release() {
	close(c.released)
	closeAll([]*os.File{c.stdin, c.fd3, c.out})
	<-c.quiet
	children.remove(c)
}

func names(list []procfs.Stat) string {
	var s []string
	for _, p := range list {
		s = append(s, p.String())
	}
	return strings.Join(s, ", ")
}
