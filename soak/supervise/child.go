package supervise

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"sync"
	"time"
)

const defaultGrace = 5 * time.Second

var errGone = errors.New("the process has ended")

// Spec is a child to start.
type Spec struct {
	Args   []string          // program and arguments
	Env    map[string]string // added to this process's environment
	Dir    string            // working directory; "" is ours
	Stdin  bool              // keep a pipe to its standard input; the child must end when that closes
	Fd3    bool              // keep a pipe from its file descriptor 3
	Output func(line string) // gets each line of its standard output and error, at most 4 KiB of each, from one goroutine; may be nil
	Grace  time.Duration     // from SIGTERM to SIGKILL; 5 s where it is 0
}

// Child is a started process with all processes that it started in turn. Stop must
// be called, also after the child has ended by itself.
type Child struct {
	treeRoot // guarded by children.mu, but for procfs.ID and mark, which do not change

	cmd   *exec.Cmd
	grace time.Duration
	ctx   context.Context
	stdin *os.File
	fd3   *os.File
	out   *os.File // our end of its output

	done  chan struct{} // closed when it was waited for
	quiet chan struct{} // closed when its output has ended
	exit  Exit          // valid once done is closed

	once     sync.Once
	stopErr  error
	released chan struct{} // closed by Stop
}

// Start starts a child in a new session. When ctx ends, the child and its
// descendants are killed at once; Stop is the gentle way.
func Start(ctx context.Context, s Spec) (*Child, error) {
	if len(s.Args) == 0 {
		return nil, errors.New("start a child: no command given")
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("start %s: %w", s.Args[0], err)
	}
	c := &Child{
		treeRoot: treeRoot{mark: rand.Text(), held: s.Stdin},
		cmd:      exec.Command(s.Args[0], s.Args[1:]...),
		grace:    s.Grace, ctx: ctx,
		done: make(chan struct{}), quiet: make(chan struct{}), released: make(chan struct{}),
	}
	if c.grace == 0 {
		c.grace = defaultGrace
	}
	c.cmd.Dir, c.cmd.Env, c.cmd.SysProcAttr = s.Dir, environ(s.Env, c.mark), childAttr(s.Stdin)
	theirs, err := c.pipes(s)
	if err == nil {
		started := make(chan error)
		go c.run(started)
		err = <-started
	}
	closeAll(theirs)
	if err != nil {
		closeAll([]*os.File{c.stdin, c.fd3, c.out})
		return nil, fmt.Errorf("start %s: %w", s.Args[0], err)
	}
	go c.read(s.Output)
	go c.stopWith(ctx)
	return c, nil
}

func (c *Child) read(line func(string)) {
	defer close(c.quiet)
	if line == nil {
		line = func(string) {}
	}
	readLines(c.out, line)
}

func (c *Child) stopWith(ctx context.Context) {
	select {
	case <-ctx.Done():
		c.Stop(ctx)
	case <-c.released:
	}
}

// run starts the command, reports whether that worked, and waits for it, all on
// one thread, whose end would otherwise look like ours to the child (Pdeathsig).
func (c *Child) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := children.start(c)
	started <- err
	if err != nil {
		return
	}
	c.cmd.Wait() // its error is the exit status, or that of a pipe that we do not let it copy
	c.exit = exitOfState(c.cmd.ProcessState)
	close(c.done) // the registry may see it gone a moment before
}

// pipes opens the child's pipes and returns its ends of them.
func (c *Child) pipes(s Spec) (theirs []*os.File, err error) {
	pipe := func() (r, w *os.File) {
		if err == nil {
			r, w, err = os.Pipe()
		}
		return r, w
	}
	var out, in, fd3 *os.File
	c.out, out = pipe()
	if s.Stdin {
		in, c.stdin = pipe()
	}
	if s.Fd3 {
		c.fd3, fd3 = pipe()
	}
	theirs = []*os.File{out, in, fd3}
	if err != nil {
		return theirs, err
	}
	c.cmd.Stdout, c.cmd.Stderr = out, out
	if in != nil {
		c.cmd.Stdin = in // a nil *os.File is not a nil io.Reader
	}
	if fd3 != nil {
		c.cmd.ExtraFiles = []*os.File{fd3}
	}
	return theirs, nil
}

func closeAll(files []*os.File) {
	for _, f := range files {
		if f != nil {
			f.Close()
		}
	}
}

// environ is our environment with extra on top, and the child's mark.
func environ(extra map[string]string, mark string) []string {
	env := os.Environ()
	for _, k := range slices.Sorted(maps.Keys(extra)) {
		env = append(env, k+"="+extra[k])
	}
	if above := os.Getenv(markVar); above != "" {
		mark = above + "," + mark
	}
	return append(env, markVar+"="+mark)
}

// Process is the child's pid and its start time in clock ticks since boot
// (proc_pid_stat(5), field 22). The pid may be another's once Done is closed.
func (c *Child) Process() (pid int, start uint64) { return c.PID, c.Start }

// Stdin is the pipe to its standard input, where Spec.Stdin was set; closing it ends the child.
func (c *Child) Stdin() io.WriteCloser { return c.stdin }

// Fd3 is the pipe from its file descriptor 3, where Spec.Fd3 was set. It ends
// when every process that holds the other end has closed it, or with Stop; bytes
// that were not read by then are lost.
func (c *Child) Fd3() io.Reader { return c.fd3 }

// Done is closed when the child has ended and was waited for; its descendants may
// live on until Stop.
func (c *Child) Done() <-chan struct{} { return c.done }

// Exit is how it ended; it waits for that.
func (c *Child) Exit() Exit {
	<-c.done
	return c.exit
}
